//! What can be done about a break: exact commands, each with its price, the best first.
//!
//! A fix that changes settings is tried before it is told: the journey is walked again with them, and how it would end is its promise.

mod change;

mod rest;
mod routes;
mod trusts;

use gomod::{
    client::{Answer, Break, Command, ErrorClass, Failure, Found, Question, ToolFailure},
    goimport::owner,
    goproxy::{GoProxyList, Source},
};

pub use change::{Change, quoted};
pub use rest::with_ssh;

use proxy::client::look::Exchange;

use super::{
    probe::Evidence,
    report::{Report, Text},
};
use crate::{lang::Lang, machine::Machine};

/// One thing that can be done.
#[derive(Clone, Debug, Default)]
pub struct Fix {
    /// Its stable name: `goprivate`.
    pub code: &'static str,
    /// What it does.
    pub what: Text,
    /// The commands, or lines for files.
    pub steps: Vec<StepToTake>,
    /// What else it changes.
    pub price: Text,
    /// The settings that it changes.
    pub changes: Vec<Change>,
    /// The files that Go believes with it, if that is what it changes.
    pub roots: Vec<std::path::PathBuf>,
    /// What is tried in thought in its place.
    pub as_if: Option<AsIf>,
    /// True if it gets further, to where nothing on this machine helps.
    pub is_dead_end: bool,
    /// How the journey ends with it.
    pub promise: Promise,
    /// The lower, the better, of fixes that promise the same.
    pub weight: u8,
}

/// Settings with which Go gets as far as with a fix that cannot be tried in thought.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AsIf {
    /// The settings.
    pub changes: Vec<Change>,
    /// True if git, too, believes who is believed with the fix.
    pub is_for_git: bool,
}

/// A line to type or to write.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StepToTake {
    /// A command that modway can run itself with `--apply`: the program and its words.
    Run(Vec<String>),
    /// A command for a shell, for somebody else, or with something to fill in.
    Shell(String),
    /// A line to write into a file.
    Line {
        /// The file.
        file: String,
        /// The line.
        line: String,
    },
}

/// How the journey ends with a fix.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Promise {
    /// It was tried in thought with the answers of the world: it works.
    Works,
    /// It gets further, and breaks elsewhere.
    BreaksAt(ErrorClass),
    /// It gets further, to where nothing is known.
    Further,
    /// It was not tried: it changes something besides the settings of the go command.
    #[default]
    NotTried,
    /// Nothing that can be set on this machine mends it.
    NoSetting,
}

/// What fixes are made of.
pub struct Case<'c> {
    /// What was found out.
    pub report: &'c Report,
    /// The machine.
    pub machine: &'c Machine,
    /// Where it breaks.
    pub broken: &'c Break,
    /// The host that was asked, without port.
    pub host: String,
    /// The URL that was asked, without login.
    pub url: String,
    /// The status that was answered, if that is how it broke.
    pub status: Option<u16>,
}

/// What can be done about a break, not yet tried.
pub fn propose(case: &Case<'_>) -> Vec<Fix> {
    use ErrorClass as E;
    let mut fixes = match case.broken.class {
        E::Status if case.is_at_proxy() && matches!(case.status, Some(401 | 403)) => {
            [rest::login(case), routes::past_the_proxy(case)].concat()
        }
        E::Absent | E::Status | E::NoMatchingVersion | E::InvalidResponse | E::OtherVersion | E::BadZip if case.is_at_proxy() => {
            routes::past_the_proxy(case)
        }
        E::Unreachable | E::Handshake | E::Redirect | E::ForwardProxy => {
            [rest::way_out(case), routes::past_the_proxy(case)].concat()
        }
        E::Certificate if case.is_at_proxy() => [trusts::go(case), routes::past_the_proxy(case)].concat(),
        E::Certificate => trusts::go(case),
        E::InsecureLogin => rest::https_login(case),
        E::ProxyOff => routes::past_off(case),
        E::InvalidGoproxy => routes::readable(case),
        E::DisallowedVersion => routes::past_the_proxy(case),
        E::PageUnreachable => [trusts::page(case), routes::public(case), rest::way_out(case)].concat(),
        // Hosts that hide what is private answer 404, too; but most often there is nothing.
        E::PageStatus => {
            [rest::login(case), routes::public(case), vec![rest::no_setting(case, case.weight_of_absence())]].concat()
        }
        E::PageUseless if case.is_without_tags() => {
            [rest::login(case), vec![rest::no_setting(case, case.weight_of_no_tags())]].concat()
        }
        E::PageUseless => vec![rest::no_setting(case, 10)],
        E::NoProtocol => case.of_git(),
        E::GovcsDisallows | E::InvalidGovcs => rest::govcs(case),
        E::ToolMissing => rest::install(case),
        E::RepositoryLogin => rest::login(case),
        // A server that wants a login says so; one that says "not found" to whoever did not send one seldom has it.
        E::NoRepository => [rest::login(case), vec![rest::no_setting(case, 10)]].concat(),
        E::RepositoryCertificate => trusts::git(case),
        E::RepositoryUnreachable => rest::way_out(case),
        E::RepositoryFailed => vec![rest::no_setting(case, 80)],
        E::SumdbAbsent => routes::private_sums(case),
        E::SumdbStatus | E::SumdbUnreachable => [rest::other_sumdb(case), routes::private_sums(case)].concat(),
        E::InvalidGosumdb => rest::default_of("GOSUMDB", case),
        E::ModulesOff => rest::default_of("GO111MODULE", case),
        E::VendorMode | E::InsecureFlag | E::InvalidGoflags => rest::default_of("GOFLAGS", case),
        E::NoMatchingVersion
        | E::Retracted
        | E::UnknownRevision
        | E::ModuleMisfit
        | E::InvalidVersion
        | E::NoPackage
        | E::OtherPath
        | E::BadGoMod
        | E::InvalidPath
        | E::BadImportPath
        | E::NoPatchBase => rest::another_version(case),
        E::ChecksumMismatch | E::ChecksumMissing | E::SumdbDishonest => rest::compare(case),
        E::Absent | E::Status | E::InvalidResponse | E::OtherVersion | E::BadZip => rest::another_version(case),
    };
    fixes.sort_by_key(|fix| fix.weight);
    fixes.dedup_by(|one, other| one.steps == other.steps);
    fixes
}

/// Where a fix stands among others, the lower the better: what works comes first, but not before what mends the same without giving up a
/// check.
pub fn rank(fix: &Fix) -> (u8, u8) {
    let gives_up = ["goinsecure", "git-unverified", "gonosumdb"].contains(&fix.code);
    match fix.promise {
        Promise::Works if !gives_up => (0, fix.weight),
        Promise::Works | Promise::NotTried | Promise::Further => (1, fix.weight),
        Promise::BreaksAt(_) if fix.changes.is_empty() => (1, fix.weight),
        Promise::BreaksAt(_) => (1, fix.weight.saturating_add(30)),
        Promise::NoSetting => (1, fix.weight),
    }
}

impl Case<'_> {
    /// A server that knows us, or would, says 401 or 403.
    fn weight_of_absence(&self) -> u8 {
        if matches!(self.status, Some(401 | 403)) { 80 } else { 10 }
    }

    /// True for a page that has no go-import tag at all, as a login page.
    fn is_without_tags(&self) -> bool {
        let probed = self.broken.at.as_ref().and_then(|question| self.report.probed(question));
        probed.is_some_and(|probed| matches!(&probed.answer, Answer::Found(Found::Page(page)) if page.tags().is_empty()))
    }

    /// Where a page is that of a login: somebody was sent there, or it asks for a password.
    fn weight_of_no_tags(&self) -> u8 {
        let probed = self.broken.at.as_ref().and_then(|question| self.report.probed(question));
        let exchanges = match probed.map(|probed| &probed.evidence) {
            Some(Evidence::Web(exchanges)) => exchanges.as_slice(),
            Some(Evidence::Git(_) | Evidence::File | Evidence::Guessed(_)) | None => &[],
        };
        let asks = |exchange: &Exchange| {
            let body = exchange.end.as_ref().map(|told| String::from_utf8_lossy(&told.body).to_lowercase()).unwrap_or_default();
            body.contains("type=\"password\"") || body.contains("type=password")
        };
        if exchanges.len() > 1 || exchanges.last().is_some_and(asks) { 80 } else { 10 }
    }

    /// What git failed of, where Go says only that there is no protocol.
    fn of_git(&self) -> Vec<Fix> {
        let all = self.report.hops.iter().flat_map(|hop| &hop.asked).filter_map(|asked| asked.probed.as_ref());
        let failures: Vec<ToolFailure> = all
            .filter_map(|probed| match &probed.answer {
                Answer::Failed(Failure::Tool(failure)) => Some(*failure),
                _ => None,
            })
            .collect();
        if failures.contains(&ToolFailure::Certificate) {
            trusts::git(self)
        } else if failures.contains(&ToolFailure::Login) {
            rest::login(self)
        } else if failures.contains(&ToolFailure::Missing) {
            rest::install(self)
        } else {
            [vec![rest::no_setting(self, 10)], rest::login(self)].concat()
        }
    }

    /// What is told where nothing else is left.
    pub fn no_setting(&self, weight: u8) -> Fix {
        rest::no_setting(self, weight)
    }

    /// True if the break is at an entry of GOPROXY.
    pub fn is_at_proxy(&self) -> bool {
        matches!(self.broken.at, Some(Question::Proxy { .. }))
    }

    /// The module path, or what was typed if none was chosen yet.
    pub fn module(&self) -> &str {
        if self.broken.module.is_empty() { self.report.command.path() } else { &self.broken.module }
    }

    /// The host of the module path: the first element.
    pub fn module_host(&self) -> &str {
        self.report.command.path().split('/').next().unwrap_or_default()
    }

    /// The pattern for a private module: its host, or the owner's part of it where a host has many owners. Shorter prefixes that Go
    /// asks about too are then not covered, which `leaks` tells.
    pub fn pattern(&self) -> String {
        owner(self.report.command.path()).to_owned()
    }

    /// The list as Go reads it.
    pub fn list(&self) -> Option<GoProxyList> {
        GoProxyList::parse(&self.machine.setting("GOPROXY").value).ok()
    }

    /// True if version control is an entry of the list.
    pub fn has_direct(&self) -> bool {
        self.list().is_some_and(|list| list.entries().iter().any(|entry| entry.source == Source::Direct))
    }

    /// A fix that changes settings of the go command.
    pub fn setting(&self, code: &'static str, weight: u8, changes: Vec<(&str, String)>, what: Text, price: Text) -> Fix {
        let changes: Vec<Change> =
            changes.into_iter().map(|(variable, value)| Change::new(variable, value, self.machine)).collect();
        let steps = changes.iter().map(Change::step).collect();
        Fix { code, what, steps, price, changes, promise: Promise::NotTried, weight, ..Fix::default() }
    }

    /// A fix that changes something else.
    pub fn elsewhere(&self, code: &'static str, weight: u8, steps: Vec<StepToTake>, what: Text, price: Text) -> Fix {
        Fix { code, what, steps, price, promise: Promise::NotTried, weight, ..Fix::default() }
    }
}

impl StepToTake {
    /// The line as it is typed.
    pub fn line(&self) -> String {
        match self {
            Self::Run(words) => words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" "),
            Self::Shell(line) | Self::Line { line, .. } => line.clone(),
        }
    }
}

impl Fix {
    /// This one and then that one, which mends what breaks after it.
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        let joined = |one: &Text, other: &Text, (en, zh): (&str, &str)| match (one.is_empty(), other.is_empty()) {
            (_, true) => one.clone(),
            (true, false) => other.clone(),
            (false, false) => Text::new(
                format!("{}{en}{}", one.get(Lang::En), other.get(Lang::En)),
                format!("{}{zh}{}", one.get(Lang::Zh), other.get(Lang::Zh)),
            ),
        };
        Self {
            what: joined(&self.what, &next.what, ("; then ", "；然后")),
            steps: [self.steps, next.steps].concat(),
            price: joined(&self.price, &next.price, ("; ", "；")),
            changes: [self.changes, next.changes].concat(),
            promise: next.promise,
            ..self
        }
    }

    /// True if modway can run all of it.
    pub fn can_be_applied(&self) -> bool {
        !self.steps.is_empty() && self.steps.iter().all(|step| matches!(step, StepToTake::Run(_)))
    }
}

/// The command again, in another form.
pub fn retyped(command: &Command, query: &str) -> Command {
    match command.clone() {
        Command::Get { path, .. } => Command::Get { path, query: query.to_owned() },
        Command::Download { module, .. } => Command::Download { module, query: query.to_owned() },
        Command::List { module, .. } => Command::List { module, query: query.to_owned() },
        versions @ Command::Versions { .. } => versions,
    }
}
