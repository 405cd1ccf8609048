//! The commands, from their first ask to their end.

use super::answer::InfoFacts;
use super::ask::{Lane, Purpose};
use super::fetch::Repo;
use super::flags;
use super::journey::{Journey, Step};
use super::outcome::{End, ErrorClass, Outcome};
use super::process::{Fault, Hop, Process, Rank, Stop, Told, fault};
use super::query::{Allowed, is_revision};
use super::setup::{Command, Setup};
use crate::goenv::goflags;
use crate::module::prefixes;

/// Tells a command's journey from its beginning as far as the answers reach.
pub(super) fn tell(setup: &Setup, command: &Command, journey: &Journey) -> Step {
    let mut process = Process::new(setup, journey);
    let told = process.run(command);
    let (end, exit) = match told {
        Ok((module, version)) => (End::Done { module, version }, 0),
        Err(Stop::Fault(fault)) => (End::Broken(fault.told), 1),
        Err(Stop::Unknown(question)) => (End::Unknown(question), 1),
        Err(Stop::Pending) => return Step::Ask(process.pending),
    };
    Step::Over(Outcome { end, exit, checksums: process.checksums })
}

type Chosen = (String, String);

impl Process<'_> {
    fn run(&mut self, command: &Command) -> Told<Chosen> {
        self.check_mode(command)?;
        command.path().clone_into(&mut self.typed);
        // These two have no flag -mod.
        self.ignores_mod = matches!(command, Command::Get { .. } | Command::Download { .. });
        match command {
            Command::Get { path, query } => self.get(path, query),
            Command::Download { module, query } => self.download(module, query),
            Command::List { module, query } => self.list(module, query),
            Command::Versions { module } => self.list_versions(module),
        }
    }

    /// Settings that end a command before anybody is asked.
    fn check_mode(&self, command: &Command) -> Told<()> {
        let broken = |class, words: &str| Err(fault(class, command.path(), "", None, words));
        if let Err(words) = flags::check(&self.rules.setup.goflags.value) {
            return broken(ErrorClass::InvalidGoflags, &words);
        }
        if self.has_flag("-insecure") && matches!(command, Command::Get { .. }) {
            return broken(ErrorClass::InsecureFlag, "-insecure flag is no longer supported; use GOINSECURE instead");
        }
        if self.has_flag("-mod=vendor") && matches!(command, Command::Versions { .. }) {
            return broken(ErrorClass::VendorMode, "can't determine available versions using the vendor directory");
        }
        let is_off = match (self.rules.setup.go111module.value.as_str(), command) {
            ("off", _) | ("auto", Command::List { .. } | Command::Versions { .. }) => true,
            (_, Command::Get { .. } | Command::Download { .. } | Command::List { .. } | Command::Versions { .. }) => false,
        };
        if is_off { broken(ErrorClass::ModulesOff, "modules disabled by GO111MODULE=off") } else { Ok(()) }
    }

    /// Whether GOFLAGS has this flag, with one hyphen or two.
    pub(super) fn has_flag(&self, flag: &str) -> bool {
        let flags = goflags::split(&self.rules.setup.goflags.value).unwrap_or_default();
        flags.iter().any(|known| known.trim_start_matches('-') == flag.trim_start_matches('-'))
    }

    /// `go mod download MODULE@QUERY`.
    fn download(&mut self, module: &str, query: &str) -> Told<Chosen> {
        let version = self.describe(module, query)?;
        self.walk(&[module], &mut |process, hop| process.stat(&Repo { module, hop }, &version, Purpose::Version))?;
        self.go_mod(module, &version, Purpose::GoMod)?;
        self.zip(module, &version)?;
        Ok((module.into(), version))
    }

    /// `go list -m MODULE@QUERY`.
    fn list(&mut self, module: &str, query: &str) -> Told<Chosen> {
        let version = self.describe(module, query)?;
        Ok((module.into(), version))
    }

    /// `ListModules` for one query: its version, and a look at go.mod that may fail.
    fn describe(&mut self, module: &str, query: &str) -> Told<String> {
        let allowed = if is_revision(query) { Allowed::All } else { Allowed::NotRetracted { typed: query.into() } };
        let InfoFacts { version, .. } = self.query(module, query, &allowed, Purpose::Version)?;
        self.query(module, &version, &Allowed::All, Purpose::Version)?;
        self.try_go_mod(module, &version)?;
        Ok(version)
    }

    fn try_go_mod(&mut self, module: &str, version: &str) -> Told<()> {
        match self.go_mod(module, version, Purpose::GoMod) {
            Ok(_) | Err(Stop::Fault(_)) => Ok(()),
            Err(stop) => Err(stop),
        }
    }

    /// `go list -m -versions MODULE`, which fails if it cannot see what is retracted.
    fn list_versions(&mut self, module: &str) -> Told<Chosen> {
        self.walk(&[module], &mut |process, hop| {
            let repo = Repo { module, hop };
            if process.versions(&repo, "", Purpose::Version)?.is_empty() {
                return Ok(());
            }
            // Gone into for every version, but it is the same for all.
            match process.retractions(module) {
                Ok(_) => Ok(()),
                Err(stop) => Err(stop),
            }
        })?;
        Ok((module.into(), String::new()))
    }

    /// `go get PATH@QUERY`.
    fn get(&mut self, path: &str, query: &str) -> Told<Chosen> {
        let (module, version) = self.query_pattern(path, query)?;
        let facts = self.go_mod(&module, &version, Purpose::GoMod)?;
        check_go_mod(&module, &version, &facts)?;
        match self.retractions(&module) {
            Ok(_) | Err(Stop::Fault(_)) => {}
            Err(stop) => return Err(stop),
        }
        match self.two_sums.take() {
            Some((module, version)) => {
                Err(fault(ErrorClass::ChecksumMismatch, &module, &version, None, "checksum mismatch in go.sum"))
            }
            None => Ok((module, version)),
        }
    }

    /// `QueryPattern`: every prefix of the path may be the module.
    fn query_pattern(&mut self, path: &str, query: &str) -> Told<Chosen> {
        let candidates: Vec<String> = prefixes(path).map(str::to_owned).collect();
        let modules: Vec<&str> = candidates.iter().map(String::as_str).collect();
        if modules.is_empty() {
            return Err(fault(ErrorClass::InvalidPath, path, query, None, "malformed module path"));
        }
        self.walk(&modules, &mut |process, hop| process.query_prefixes(hop, path, &candidates, query))
    }

    /// `queryPrefixModules`: all at a time; of several errors the most useful one of the longest path is shown.
    fn query_prefixes(&mut self, hop: &Hop, path: &str, candidates: &[String], query: &str) -> Told<Chosen> {
        let round = self.rounds;
        self.rounds += 1;
        let mut results = Vec::new();
        let mut waits = None;
        for module in candidates {
            self.lane = Some(Lane { round, module: module.clone() });
            match self.query_module(hop, path, module, query) {
                Err(stop @ (Stop::Pending | Stop::Unknown(_))) => waits = Some(waits.unwrap_or(stop)),
                Err(Stop::Fault(fault)) => results.push(Err(fault)),
                Ok(found) => results.push(Ok(found)),
            }
        }
        self.lane = None;
        if !self.pending.is_empty() {
            return Err(Stop::Pending);
        }
        match waits {
            Some(stop) => Err(stop),
            None => prefer(results),
        }
    }

    fn query_module(&mut self, hop: &Hop, path: &str, module: &str, query: &str) -> Told<(Chosen, bool)> {
        let allowed = Allowed::NotRetracted { typed: query.into() };
        let InfoFacts { version, .. } = self.query_at(hop, module, query, &allowed, Purpose::Version)?;
        let zip = self.zip(module, &version)?;
        let below = path.strip_prefix(module).unwrap_or_default().trim_start_matches('/');
        let has_package = zip.packages.as_ref().is_none_or(|packages| packages.iter().any(|package| package == below));
        if !has_package && path != module {
            let found = if query == version { String::new() } else { format!(" ({version})") };
            let words = format!("module {module}@{query} found{found}, but does not contain package {path}");
            return Err(fault(ErrorClass::NoPackage, module, &version, None, &words).ranked(Rank::NoPackage));
        }
        Ok(((module.to_owned(), version), has_package))
    }
}

/// The one that is taken of what was found, or the error that is shown.
fn prefer(results: Vec<Result<(Chosen, bool), Box<Fault>>>) -> Told<Chosen> {
    let mut found: Vec<(Chosen, bool)> = Vec::new();
    let mut error = None;
    let mut later: Vec<Box<Fault>> = Vec::new();
    for result in results {
        match result {
            Ok(chosen) => found.push(chosen),
            Err(fault) if fault.rank == Rank::Plain && !fault.told.is_absence || fault.rank == Rank::Disallowed => {
                let is_moot = !found.is_empty() || later.iter().any(|other| other.rank == Rank::NoPackage);
                if !is_moot && error.is_none() {
                    error = Some(fault);
                }
            }
            Err(fault) => later.push(fault),
        }
    }
    if let Some(fault) = error {
        return Err(Stop::Fault(fault));
    }
    let with_package = found.iter().find(|(_, has_package)| *has_package);
    if let Some((chosen, _)) = with_package.or(found.first()) {
        return Ok(chosen.clone());
    }
    let order: [&dyn Fn(&Fault) -> bool; 6] = [
        &|fault| fault.rank == Rank::NoPackage,
        &|fault| fault.rank == Rank::NoVersion,
        &|fault| fault.rank == Rank::NoPatchBase,
        &|fault| fault.rank == Rank::InvalidPath,
        &|fault| fault.rank == Rank::InvalidVersion && !fault.told.is_absence,
        &|_| true,
    ];
    let shown = order.iter().find_map(|fits| later.iter().find(|fault| fits(fault)));
    Err(match shown {
        Some(shown) => Stop::Fault(shown.clone()),
        None => fault(ErrorClass::InvalidPath, "", "", None, ""),
    })
}

/// What the module graph asks of a go.mod file: `goModSummary`.
fn check_go_mod(module: &str, version: &str, facts: &super::answer::GoModFacts) -> Told<()> {
    let broken = |class, words: &str| Err(fault(class, module, version, None, words));
    match (&facts.fault, &facts.declares) {
        (Some(words), _) => broken(ErrorClass::BadGoMod, words),
        (None, None) => broken(ErrorClass::BadGoMod, "missing module line"),
        (None, Some(declares)) if declares != module => {
            broken(ErrorClass::OtherPath, &format!("module declares its path as: {declares}, but was required as: {module}"))
        }
        (None, Some(_)) => Ok(()),
    }
}
