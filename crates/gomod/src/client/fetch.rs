//! What is fetched of one module at one place: versions, `.info`, go.mod, zip.

use super::answer::{Failure, Found, GoModFacts, InfoFacts, ZipFacts};
use super::ask::{File, Purpose, Question, Reason, Server};
use super::direct::Repository;
use super::outcome::ErrorClass;
use super::process::{Hop, Process, Rank, Stop, Told, fault};
use crate::goproxy::{GoUrl, Place, Source};
use crate::list::VersionList;
use crate::module::{self, ModulePath, canonical_version, escape_version};

/// How one module is reached at one hop.
pub(super) enum Access {
    Proxy { server: Server, base: GoUrl, because: Vec<Reason> },
    Repository(Repository),
    Off,
}

/// A module at a hop. Where it is there is looked up only when something is wanted of it that is not on disk.
pub(super) struct Repo<'m> {
    pub(super) module: &'m str,
    pub(super) hop: &'m Hop,
}

impl Process<'_> {
    /// Finds out how a module is reached at a hop: `Lookup`.
    fn look_up(&mut self, repo: &Repo<'_>) -> Told<Access> {
        let (hop, module) = (repo.hop, repo.module);
        if self.has_flag("-mod=vendor") && !self.ignores_mod {
            return Err(fault(ErrorClass::VendorMode, module, "", None, "module lookup disabled by -mod=vendor"));
        }
        let private = self.rules.gonoproxy.find(module).map(str::to_owned);
        let variable = || self.rules.setup.gonoproxy.variable.clone();
        let mut because = hop.because.clone();
        match &private {
            Some(pattern) => because.insert(0, Reason::Matches { variable: variable(), pattern: pattern.clone() }),
            None if hop.entry.source == Source::Direct => {}
            None => because.push(Reason::NoMatch { variable: variable() }),
        }
        if self.lane.is_some() && self.typed != module {
            because.push(Reason::Prefix { of: self.typed.clone() });
        }
        let nowhere = |rank| Err(fault(ErrorClass::Absent, module, "", None, "").absent().ranked(rank));
        match (&hop.entry.source, hop.place) {
            (Source::Direct, Place::NoProxy) if private.is_none() => nowhere(Rank::NotHere),
            (Source::Direct, _) => self.repository(module, hop.again && private.is_some(), because),
            (Source::Proxy(_) | Source::File(_) | Source::Off, _) if private.is_some() => nowhere(Rank::Plain),
            (Source::Off, _) => Ok(Access::Off),
            (Source::Proxy(url) | Source::File(url), _) => match self.place_of(hop) {
                Place::Entry(first) => Ok(Access::Proxy { server: Server::Entry(first), base: url.clone(), because }),
                Place::NoProxy => nowhere(Rank::Plain),
            },
        }
    }

    /// The versions that begin with `prefix`, lowest first: `Versions`.
    pub(super) fn versions(&mut self, repo: &Repo<'_>, prefix: &str, purpose: Purpose) -> Told<Vec<String>> {
        match &self.look_up(repo)? {
            Access::Off => Err(off(repo.module, "")),
            Access::Repository(repository) => self.tagged(repository, repo.module, prefix, purpose),
            access @ Access::Proxy { .. } => {
                let listed = self.listed(access, repo.module, prefix, purpose)?;
                self.look_at_newest(access, repo.module, &listed, purpose)?;
                Ok(listed.versions().into_iter().filter(|version| version.starts_with(prefix)).collect())
            }
        }
    }

    /// As soon as it has a list, Go asks for `.info` of its newest entry with a time, wanted or not; that it fails does not matter yet.
    fn look_at_newest(&mut self, access: &Access, module: &str, list: &VersionList, purpose: Purpose) -> Told<()> {
        let Some(newest) = list.newest() else { return Ok(()) };
        match self.stat_proxy(access, module, newest, purpose) {
            Ok(_) | Err(Stop::Fault(_)) => Ok(()),
            Err(stop) => Err(stop),
        }
    }

    fn listed(&mut self, access: &Access, module: &str, prefix: &str, purpose: Purpose) -> Told<VersionList> {
        match self.proxied(access, module, File::List(prefix.into()), "", purpose)? {
            Found::List(list) => Ok(list),
            _ => Ok(VersionList::default()),
        }
    }

    /// What a version, a branch, a tag or a hash is: `Stat`.
    pub(super) fn stat(&mut self, repo: &Repo<'_>, rev: &str, purpose: Purpose) -> Told<InfoFacts> {
        let key = (self.place_of(repo.hop), repo.module.to_owned(), rev.to_owned());
        if let Some(known) = self.stats.get(&key) {
            return known.clone().map_err(Stop::Fault);
        }
        let told = match self.infos.get(&(repo.module.to_owned(), rev.to_owned())) {
            Some(info) => Ok(info.clone()),
            None => self.stat_anew(repo, rev, purpose),
        };
        match &told {
            Ok(info) => {
                let (place, module, _) = &key;
                let own = (*place, module.clone(), info.version.clone());
                self.stats.entry(own).or_insert_with(|| Ok(info.clone()));
                self.stats.insert(key, Ok(info.clone()));
            }
            Err(Stop::Fault(fault)) => drop(self.stats.insert(key, Err(fault.clone()))),
            Err(Stop::Pending | Stop::Unknown(_)) => {}
        }
        told
    }

    /// The place that Go's caches know a hop by: what stands in the list twice is one.
    fn place_of(&self, hop: &Hop) -> Place {
        let Place::Entry(index) = hop.place else { return hop.place };
        let mut entries = self.rules.list.iter().flat_map(|list| list.entries());
        Place::Entry(entries.position(|entry| entry.source == hop.entry.source).unwrap_or(index))
    }

    fn stat_anew(&mut self, repo: &Repo<'_>, rev: &str, purpose: Purpose) -> Told<InfoFacts> {
        let info = match &self.look_up(repo)? {
            Access::Off => return Err(off(repo.module, rev)),
            Access::Repository(repository) => self.stat_commit(repository, repo.module, rev, purpose)?,
            access @ Access::Proxy { .. } => self.stat_proxy(access, repo.module, rev, purpose)?,
        };
        if canonical_version(&info.version) == info.version {
            self.infos.insert((repo.module.to_owned(), info.version.clone()), info.clone());
        }
        Ok(info)
    }

    fn stat_proxy(&mut self, access: &Access, module: &str, rev: &str, purpose: Purpose) -> Told<InfoFacts> {
        let file = File::Info(rev.into());
        let at = || proxy_question(access, module, &file);
        let info = match self.proxied(access, module, file.clone(), rev, purpose)? {
            Found::Info(info) => info,
            _ => return Err(version_fault(ErrorClass::InvalidResponse, module, rev, at())),
        };
        let is_exact = rev == canonical_version(rev) && module::check(module, rev).is_ok();
        if info.version != rev && is_exact {
            return Err(version_fault(ErrorClass::OtherVersion, module, rev, at()));
        }
        Ok(info)
    }

    /// The newest version where there is none with a tag: `Latest`.
    pub(super) fn latest(&mut self, repo: &Repo<'_>, purpose: Purpose) -> Told<InfoFacts> {
        let info = match &self.look_up(repo)? {
            Access::Off => return Err(off(repo.module, "")),
            Access::Repository(repository) => self.newest_commit(repository, repo.module, purpose)?,
            access @ Access::Proxy { .. } => match self.proxied(access, repo.module, File::Latest, "", purpose) {
                Ok(Found::Info(info)) => info,
                Ok(_) => {
                    let at = proxy_question(access, repo.module, &File::Latest);
                    return Err(fault(ErrorClass::InvalidResponse, repo.module, "", at, ""));
                }
                Err(Stop::Fault(fault)) if fault.told.is_absence => self.newest_listed(access, repo, purpose)?,
                Err(stop) => return Err(stop),
            },
        };
        let own = (self.place_of(repo.hop), repo.module.to_owned(), info.version.clone());
        self.stats.entry(own).or_insert_with(|| Ok(info.clone()));
        if canonical_version(&info.version) == info.version {
            self.infos.entry((repo.module.to_owned(), info.version.clone())).or_insert_with(|| info.clone());
        }
        Ok(info)
    }

    /// `latestFromList`.
    fn newest_listed(&mut self, access: &Access, repo: &Repo<'_>, purpose: Purpose) -> Told<InfoFacts> {
        let list = self.listed(access, repo.module, "", purpose)?;
        match list.newest() {
            Some(version) => self.stat(repo, version, purpose),
            None => Err(fault(ErrorClass::NoMatchingVersion, repo.module, "", None, "no commits").absent()),
        }
    }

    /// go.mod of a version, proven: `GoMod`.
    pub(super) fn go_mod(&mut self, module: &str, version: &str, purpose: Purpose) -> Told<GoModFacts> {
        let key = (module.to_owned(), version.to_owned());
        if let Some(facts) = self.go_mods.get(&key) {
            return Ok(facts.clone());
        }
        let facts = self.walk(&[module], &mut |process, hop| {
            let facts = process.fetch_go_mod(&Repo { module, hop }, version, purpose)?;
            process.prove_go_mod(module, version, facts.h1.as_deref())?;
            Ok(facts)
        })?;
        self.go_mods.insert(key, facts.clone());
        Ok(facts)
    }

    fn fetch_go_mod(&mut self, repo: &Repo<'_>, version: &str, purpose: Purpose) -> Told<GoModFacts> {
        match &self.look_up(repo)? {
            Access::Off => Err(off(repo.module, version)),
            Access::Repository(repository) => Ok(self.commit(repository, repo.module, version, purpose)?.go_mod),
            access @ Access::Proxy { .. } => {
                match self.proxied(access, repo.module, File::Mod(version.into()), version, purpose)? {
                    Found::GoMod(facts) => Ok(facts),
                    _ => Ok(GoModFacts { fault: Some("unreadable".into()), ..GoModFacts::default() }),
                }
            }
        }
    }

    /// The zip of a version, proven: `DownloadZip`. What is wrong with a zip that came whole is found out behind the walk, and nobody else is asked.
    pub(super) fn zip(&mut self, module: &str, version: &str) -> Told<ZipFacts> {
        let key = (module.to_owned(), version.to_owned());
        if let Some(known) = self.zips.get(&key) {
            return known.clone().map_err(Stop::Fault);
        }
        let told = self.zip_anew(module, version);
        match &told {
            Ok(facts) => drop(self.zips.insert(key, Ok(facts.clone()))),
            Err(Stop::Fault(fault)) => drop(self.zips.insert(key, Err(fault.clone()))),
            Err(Stop::Pending | Stop::Unknown(_)) => {}
        }
        told
    }

    fn zip_anew(&mut self, module: &str, version: &str) -> Told<ZipFacts> {
        let (facts, at) = self.walk(&[module], &mut |process, hop| process.fetch_zip(&Repo { module, hop }, version))?;
        if let Some(words) = &facts.fault {
            return Err(fault(ErrorClass::BadZip, module, version, at, words));
        }
        self.prove_zip(module, version, facts.h1.as_deref())?;
        Ok(facts)
    }

    fn fetch_zip(&mut self, repo: &Repo<'_>, version: &str) -> Told<(ZipFacts, Option<Question>)> {
        let access = self.look_up(repo)?;
        let file = File::Zip(version.into());
        match &access {
            Access::Off => Err(off(repo.module, version)),
            Access::Repository(repository) => Ok((self.commit(repository, repo.module, version, Purpose::Content)?.zip, None)),
            Access::Proxy { .. } => {
                let at = proxy_question(&access, repo.module, &file);
                let facts = match self.proxied(&access, repo.module, file, version, Purpose::Content)? {
                    Found::Zip(facts) => facts,
                    _ => ZipFacts { fault: Some("zip: not a valid zip file".into()), ..ZipFacts::default() },
                };
                Ok((facts, at))
            }
        }
    }

    /// Asks a proxy for a file of a module.
    fn proxied(&mut self, access: &Access, module: &str, file: File, version: &str, purpose: Purpose) -> Told<Found> {
        let Access::Proxy { base, because, .. } = access else { return Err(off(module, version)) };
        let at = proxy_question(access, module, &file);
        let Ok(path) = ModulePath::parse(module) else {
            return Err(fault(ErrorClass::InvalidPath, module, version, None, "malformed module path").ranked(Rank::InvalidPath));
        };
        let below = match &file {
            File::List(_) => "@v/list".to_owned(),
            File::Latest => "@latest".to_owned(),
            File::Info(rev) | File::Mod(rev) | File::Zip(rev) => {
                let Ok(escaped) = escape_version(rev) else {
                    return Err(version_fault(ErrorClass::DisallowedVersion, module, version, None));
                };
                let kind = match &file {
                    File::Info(_) => "info",
                    File::Mod(_) => "mod",
                    File::List(_) | File::Latest | File::Zip(_) => "zip",
                };
                format!("@v/{escaped}.{kind}")
            }
        };
        if base.check_credentials().is_err() {
            return Err(version_fault(ErrorClass::InsecureLogin, module, version, None));
        }
        let url = base.below(&format!("{}/{below}", path.escaped()));
        let Some(question) = at else { return Err(off(module, version)) };
        match self.ask(question.clone(), url, purpose, because.clone())? {
            Ok(found) => Ok(found),
            Err(failure) => {
                let stop = version_fault(class_of(&failure), module, version, Some(question));
                Err(if failure.is_absence() { stop.absent() } else { stop })
            }
        }
    }
}

fn proxy_question(access: &Access, module: &str, file: &File) -> Option<Question> {
    match access {
        Access::Proxy { server, .. } => {
            Some(Question::Proxy { server: server.clone(), module: module.into(), file: file.clone() })
        }
        Access::Repository(_) | Access::Off => None,
    }
}

/// `versionError`: of what is no canonical version, Go says that the version is invalid.
fn version_fault(class: ErrorClass, module: &str, version: &str, at: Option<Question>) -> Stop {
    let stop = fault(class, module, version, at, "");
    if !version.is_empty() && canonical_version(version) != version { stop.ranked(Rank::InvalidVersion) } else { stop }
}

fn off(module: &str, version: &str) -> Stop {
    fault(ErrorClass::ProxyOff, module, version, None, "module lookup disabled by GOPROXY=off").absent()
}

/// The kind of error that a failure of a proxy is.
pub(super) fn class_of(failure: &Failure) -> ErrorClass {
    use super::answer::{TlsFailure, ToolFailure};
    match failure {
        Failure::Status(404 | 410) | Failure::NoFile => ErrorClass::Absent,
        Failure::Status(_) => ErrorClass::Status,
        Failure::NoAddress | Failure::NoConnection | Failure::Cut | Failure::TimedOut => ErrorClass::Unreachable,
        Failure::Tls(TlsFailure::UnknownAuthority | TlsFailure::WrongName | TlsFailure::Expired) => ErrorClass::Certificate,
        Failure::Tls(TlsFailure::Handshake) => ErrorClass::Handshake,
        Failure::Redirect => ErrorClass::Redirect,
        Failure::LoginInTheClear => ErrorClass::InsecureLogin,
        Failure::Gateway => ErrorClass::ForwardProxy,
        Failure::Unreadable(_) => ErrorClass::InvalidResponse,
        Failure::Tool(ToolFailure::Missing) => ErrorClass::ToolMissing,
        Failure::Tool(ToolFailure::NoRepository) => ErrorClass::NoRepository,
        Failure::Tool(ToolFailure::Login) => ErrorClass::RepositoryLogin,
        Failure::Tool(ToolFailure::Certificate) => ErrorClass::RepositoryCertificate,
        Failure::Tool(ToolFailure::Unreachable) => ErrorClass::RepositoryUnreachable,
        Failure::Tool(ToolFailure::Forbidden | ToolFailure::Other) => ErrorClass::RepositoryFailed,
        Failure::NoRevision(_) => ErrorClass::UnknownRevision,
        Failure::Misfit(_) => ErrorClass::ModuleMisfit,
        Failure::Dishonest(_) => ErrorClass::SumdbDishonest,
    }
}
