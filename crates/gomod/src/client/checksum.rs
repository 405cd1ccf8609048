//! The checksum database: whether it is asked, through whom, and what its answer means.

use super::answer::{Failure, Found, Record};
use super::ask::{Purpose, Question, Reason, SumdbPart, Through};
use super::fetch::class_of;
use super::outcome::{Checksums, ErrorClass};
use super::process::{Process, Told, fault};
use crate::goenv::SumdbSetting;
use crate::goproxy::{GoProxyList, GoUrl, Outcome, Place, Privacy, Source};
use crate::module::{ModulePath, escape_version};
use crate::sumdb::note::VerifierKey;

/// Where the database is asked.
struct Base {
    through: Through,
    url: GoUrl,
    /// True if the proxy or the database lies below the root of its host.
    has_path: bool,
    because: Vec<Reason>,
}

impl Process<'_> {
    pub(super) fn prove_go_mod(&mut self, module: &str, version: &str, h1: Option<&str>) -> Told<()> {
        self.remember_sum(module, version, h1);
        let Some(record) = self.record(module, version)? else { return Ok(()) };
        self.compare(module, version, h1, record.go_mod.as_deref(), &record)
    }

    /// Go marks a sum as used before it has proven it, and writes all used ones into go.sum: two that differ end a command which was to succeed.
    ///
    /// Source: `checkModSum` and `WriteGoSum`.
    fn remember_sum(&mut self, module: &str, version: &str, h1: Option<&str>) {
        let key = (module.to_owned(), version.to_owned());
        let h1 = h1.unwrap_or_default();
        if self.go_mod_sums.get(&key).is_some_and(|known| known != h1) && self.two_sums.is_none() {
            self.two_sums = Some(key.clone());
        }
        self.go_mod_sums.insert(key, h1.to_owned());
    }

    pub(super) fn prove_zip(&mut self, module: &str, version: &str, h1: Option<&str>) -> Told<()> {
        let Some(record) = self.record(module, version)? else { return Ok(()) };
        self.compare(module, version, h1, record.zip.as_deref(), &record)
    }

    fn compare(&self, module: &str, version: &str, came: Option<&str>, listed: Option<&str>, record: &Record) -> Told<()> {
        let class = match (came, listed) {
            _ if record.is_missing => ErrorClass::ChecksumMissing,
            (came, listed) if came == listed => return Ok(()),
            _ => ErrorClass::ChecksumMismatch,
        };
        let at = Question::Sumdb {
            through: Through::Itself,
            part: SumdbPart::Lookup { module: module.into(), version: version.into() },
        };
        Err(fault(class, module, version, Some(at), ""))
    }

    /// What the database has, proven; None if it is not to be asked.
    ///
    /// Source: `useSumDB` and `lookupSumDB`.
    fn record(&mut self, module: &str, version: &str) -> Told<Option<Record>> {
        let setup = self.rules.setup;
        if setup.gosumdb.value == "off" {
            self.note(Checksums::Off);
            return Ok(None);
        }
        if let Some(pattern) = self.rules.gonosumdb.find(module) {
            let (variable, pattern) = (setup.gonosumdb.variable.clone(), pattern.to_owned());
            self.note(Checksums::Private { variable, pattern });
            return Ok(None);
        }
        self.checksums = Checksums::Consulted;
        let invalid = |words: &str| fault(ErrorClass::InvalidGosumdb, module, version, None, words);
        let (name, url) = match SumdbSetting::parse(&setup.gosumdb.value) {
            Err(why) => return Err(invalid(&why.to_string())),
            Ok(SumdbSetting::Off) => return Ok(None),
            Ok(SumdbSetting::Database { name, key, url }) => {
                VerifierKey::parse(&key).map_err(|why| invalid(&format!("invalid GOSUMDB: {why}")))?;
                (name, url)
            }
        };
        let base = match url {
            Some(url) => {
                let has_path = has_path(&url);
                Base { through: Through::Itself, url: *url, has_path, because: vec![Reason::Gosumdb] }
            }
            None => self.sumdb_base(module, version, &name)?,
        };
        self.look_up_record(module, version, &base).map(Some)
    }

    /// Keeps the weightier of two: that it was asked is never forgotten.
    fn note(&mut self, checksums: Checksums) {
        if self.checksums == Checksums::NotReached {
            self.checksums = checksums;
        }
    }

    /// Asks every proxy whether it passes the database on: `initBase`. A walk of its own, in which `direct` and `off` mean the database itself.
    fn sumdb_base(&mut self, module: &str, version: &str, name: &str) -> Told<Base> {
        let Ok(itself) = GoUrl::parse(&format!("https://{name}")) else {
            return Err(fault(ErrorClass::InvalidGosumdb, module, version, None, ""));
        };
        let Some(list): Option<GoProxyList> = self.rules.list.clone() else {
            return Err(fault(ErrorClass::InvalidGoproxy, module, version, None, ""));
        };
        let mut walk = list.walk(Privacy::Public);
        let (mut faults, mut because) = (Vec::new(), Vec::new());
        while let (Some(place), Some(entry)) = (walk.place(), walk.here()) {
            let Place::Entry(index) = place else { break };
            let (Source::Proxy(url) | Source::File(url)) = &entry.source else {
                walk.answer(Outcome::NotExist);
                continue;
            };
            because.insert(0, Reason::Entry { index });
            let question = Question::Sumdb { through: Through::Entry(index), part: SumdbPart::Supported };
            let at = url.below(&format!("sumdb/{name}/supported"));
            let answer = match url.check_credentials() {
                Ok(()) => self.ask(question.clone(), at, Purpose::Proof, std::mem::take(&mut because))?,
                Err(_) => Err(Failure::LoginInTheClear),
            };
            let failure = match answer {
                Ok(_) => {
                    let base = GoUrl::parse(&url.below(&format!("sumdb/{name}"))).unwrap_or_else(|_| url.clone());
                    let because = vec![Reason::Supported { index }];
                    return Ok(Base { through: Through::Entry(index), url: base, has_path: has_path(url), because });
                }
                Err(failure) => failure,
            };
            let outcome = if failure.is_absence() { Outcome::NotExist } else { Outcome::Failed };
            because = vec![Reason::GaveWay { index, outcome, separator: entry.separator }];
            faults.push((place, question, failure));
            walk.answer(outcome);
        }
        match walk.shown() {
            Some((place, Outcome::Failed)) => {
                let failed = faults.into_iter().find(|(at, ..)| *at == place);
                let (question, failure) = failed.map_or((None, Failure::Cut), |(_, at, failure)| (Some(at), failure));
                Err(fault(sumdb_class(&failure), module, version, question, ""))
            }
            _ => {
                because.insert(0, Reason::Gosumdb);
                let has_path = has_path(&itself);
                Ok(Base { through: Through::Itself, url: itself, has_path, because })
            }
        }
    }

    fn look_up_record(&mut self, module: &str, version: &str, base: &Base) -> Told<Record> {
        let escaped = ModulePath::parse(module).ok().zip(escape_version(version).ok());
        let Some((path, escaped_version)) = escaped else {
            return Err(fault(ErrorClass::InvalidVersion, module, version, None, ""));
        };
        let (module_of, version_of) = (module.to_owned(), version.to_owned());
        let part = SumdbPart::Lookup { module: module_of.clone(), version: version_of.clone() };
        let url = base.url.below(&format!("lookup/{}@{escaped_version}", path.escaped()));
        // Go's `web.Join` escapes the path anew where the place has a path of its own, and only there.
        let url = if base.has_path { url } else { url.replace("%21", "!") };
        let record = match self.sumdb_ask(base, part, url, module, version)? {
            Found::Record(record) => record,
            _ => Record::default(),
        };
        let part = SumdbPart::Tiles { module: module_of, version: version_of };
        self.sumdb_ask(base, part, base.url.below("tile"), module, version)?;
        Ok(record)
    }

    fn sumdb_ask(&mut self, base: &Base, part: SumdbPart, url: String, module: &str, version: &str) -> Told<Found> {
        let question = Question::Sumdb { through: base.through, part };
        match self.ask(question.clone(), url, Purpose::Proof, base.because.clone())? {
            Ok(found) => Ok(found),
            Err(failure) => Err(fault(sumdb_class(&failure), module, version, Some(question), "")),
        }
    }
}

fn has_path(url: &GoUrl) -> bool {
    !matches!(url.path().as_slice(), b"" | b"/")
}

fn sumdb_class(failure: &Failure) -> ErrorClass {
    match class_of(failure) {
        ErrorClass::Absent => ErrorClass::SumdbAbsent,
        ErrorClass::Status => ErrorClass::SumdbStatus,
        ErrorClass::SumdbDishonest | ErrorClass::InvalidResponse => ErrorClass::SumdbDishonest,
        ErrorClass::InsecureLogin => ErrorClass::InsecureLogin,
        _ => ErrorClass::SumdbUnreachable,
    }
}
