//! The whole of it: a question in, a report out.

use std::time::Instant;

use futures_util::future::join_all;
use gomod::{
    client::{Command, End, ErrorClass, Question, Setup},
    goenv::SumdbSetting,
};
use proxy::client::{Roots, look::Patience};

use super::{
    explain::{self, Memory},
    fix::{self, Case, Fix, Promise},
    probe::{
        Evidence, World,
        git::{Helpers, NotRun},
    },
    report::Report,
    verdict,
};
use crate::{
    config::{Environment, Files},
    limits,
    machine::{self, Machine},
};

/// What is asked, and how.
pub struct Inquiry<'i> {
    /// The command whose journey it is.
    pub command: Command,
    /// The machine.
    pub machine: &'i Machine,
    /// The environment of this process.
    pub here: &'i Environment,
    /// The files of this machine.
    pub files: &'i dyn Files,
    /// True if nobody may be asked.
    pub is_dry: bool,
    /// Whether programs that git's configuration names may run.
    pub helpers: Helpers,
    /// How long servers are waited for.
    pub patience: Patience,
}

/// Finds out.
///
/// # Errors
/// In words, for settings with which nobody can be asked.
pub async fn inquire(inquiry: &Inquiry<'_>) -> Result<Report, String> {
    let from = Instant::now();
    let roots = roots(inquiry);
    let world = World::new(inquiry.machine, roots.clone(), inquiry.here, inquiry.helpers, inquiry.patience)?;
    let world = world.about(package(&inquiry.command));
    let memory = Memory::default();
    let setup = Setup::of(inquiry.machine.settings());
    let walked = explain::walk(&setup, &inquiry.command, (!inquiry.is_dry).then_some(&world), &memory).await;
    let mut report = explain::lay_out(&inquiry.command, inquiry.machine, inquiry.files, &world, walked, inquiry.is_dry).await;
    let thought = Thought { inquiry, roots: &roots, hearers: hearers(inquiry) };
    report.fixes = thought.fixes(inquiry.machine, &report, &memory, 1).await;
    report.took = from.elapsed();
    Ok(report)
}

fn roots(inquiry: &Inquiry<'_>) -> Roots {
    // What another machine believes is not known here: its files are not ours.
    let environment = if inquiry.machine.teller().is_none() { inquiry.machine.environment() } else { inquiry.here };
    machine::roots(environment, inquiry.files)
}

/// What is typed where a package is wanted; for other commands the module.
fn package(command: &Command) -> &str {
    command.path()
}

/// Trying fixes in thought.
struct Thought<'t> {
    inquiry: &'t Inquiry<'t>,
    roots: &'t Roots,
    hearers: Vec<String>,
}

/// How a journey goes on with a fix: the machine that has it, and what it comes to.
struct Tried {
    promise: Promise,
    /// Where it breaks next, if it is known all the way to there.
    further: Option<(Machine, Report, Memory)>,
}

impl Thought<'_> {
    /// What can be done on `machine`, each tried, the best first. What breaks again is told together with what mends that, if anything does:
    /// this is the fix number `number` on the way.
    async fn fixes(&self, machine: &Machine, report: &Report, memory: &Memory, number: usize) -> Vec<Fix> {
        let broken = match &report.outcome.end {
            End::Broken(broken) => broken,
            End::Unknown(question) if is_for_ssh(report, question) => return vec![fix::with_ssh(report.command.path())],
            End::Unknown(_) | End::Done { .. } => return Vec::new(),
        };
        let url = broken.at.as_ref().map(|question| verdict::url_of(report, question)).unwrap_or_default();
        let status = broken.at.as_ref().and_then(|question| report.probed(question)).and_then(verdict::status);
        let host = verdict::host(&url).unwrap_or_else(|| report.command.path().split('/').next().unwrap_or_default().to_owned());
        let case = Case { report, machine, broken, host, url, status };
        let fixes = fix::propose(&case);
        let tried = join_all(fixes.iter().take(limits::MAX_TRIED).map(|fix| self.try_one(machine, fix, memory))).await;
        let untried = fixes.iter().skip(limits::MAX_TRIED).map(|fix| Tried { promise: fix.promise.clone(), further: None });
        let tried: Vec<Tried> = tried.into_iter().chain(untried).collect();
        let mut all: Vec<(Fix, Tried)> = fixes.into_iter().zip(tried).collect();
        for (fix, tried) in &mut all {
            fix.promise = tried.promise.clone();
        }
        // What breaks at the same place helps nobody.
        all.retain(|(fix, _)| fix.promise != Promise::BreaksAt(broken.class) || fix.changes.is_empty());
        for (fix, tried) in all.iter_mut().filter(|(fix, _)| fix.promise == Promise::BreaksAt(broken.class)) {
            (fix.promise, tried.further) = (Promise::NotTried, None);
        }
        all.sort_by_key(|(fix, _)| fix::rank(fix));
        let mut fixes = self.lead_on(all, number).await;
        if fixes.is_empty() {
            fixes.push(case.no_setting(80));
        } else if fixes.iter().all(|fix| fix.is_dead_end) {
            fixes.insert(0, case.no_setting(0));
        }
        fixes
    }

    /// Follows the best fix, and while it leads nowhere the next one, to where nothing is left to mend.
    async fn lead_on(&self, all: Vec<(Fix, Tried)>, number: usize) -> Vec<Fix> {
        let (mut fixes, mut dead_ends) = (Vec::new(), Vec::new());
        for (fix, tried) in all {
            let further = tried.further.filter(|_| fixes.is_empty() && number < limits::MAX_JOINED);
            let Some((machine, report, memory)) = further else {
                fixes.push(fix);
                continue;
            };
            let next = Box::pin(self.fixes(&machine, &report, &memory, number + 1)).await.into_iter().next();
            match next {
                Some(next) if next.promise == Promise::NoSetting => dead_ends.push(Fix { is_dead_end: true, ..fix }),
                Some(next) => fixes.push(fix.then(next)),
                None => fixes.push(fix),
            }
        }
        fixes.extend(dead_ends);
        fixes
    }

    /// Walks the journey again with the settings of a fix.
    async fn try_one(&self, machine: &Machine, fix: &Fix, memory: &Memory) -> Tried {
        let inquiry = self.inquiry;
        let changes = fix.as_if.as_ref().map_or(&fix.changes, |as_if| &as_if.changes);
        let untried = Tried { promise: fix.promise.clone(), further: None };
        if changes.is_empty() && fix.roots.is_empty() {
            return untried;
        }
        let believed = if fix.roots.is_empty() { self.roots.clone() } else { Roots::Files(fix.roots.clone()) };
        // What was seen with other certificates, or over another way out, says nothing here.
        let is_other_world = !fix.roots.is_empty() || changes.iter().any(|change| !change.variable.starts_with("GO"));
        let memory = if is_other_world { Memory::default() } else { memory.clone() };
        let changed = machine.changed(changes.iter().map(|change| (change.variable.as_str(), change.value.as_str())));
        let Ok(world) = World::new(&changed, believed, inquiry.here, inquiry.helpers, inquiry.patience) else {
            return Tried { promise: Promise::NotTried, further: None };
        };
        let world = world.within(self.hearers.clone()).about(package(&inquiry.command));
        let setup = Setup::of(changed.settings());
        let walked = explain::walk(&setup, &inquiry.command, (!inquiry.is_dry).then_some(&world), &memory).await;
        let class = match (&walked.outcome.end, &fix.as_if) {
            (End::Broken(broken), Some(as_if)) if as_if.is_for_git && broken.class == ErrorClass::RepositoryCertificate => {
                return untried;
            }
            (End::Broken(broken), _) => broken.class,
            (End::Done { .. } | End::Unknown(_), Some(_)) => return untried,
            (End::Done { .. }, None) => return Tried { promise: Promise::Works, further: None },
            (End::Unknown(_), None) => return Tried { promise: Promise::Further, further: None },
        };
        let report = explain::lay_out(&inquiry.command, &changed, inquiry.files, &world, walked, inquiry.is_dry).await;
        Tried { promise: Promise::BreaksAt(class), further: Some((changed, report, memory)) }
    }
}

/// True if ssh would have to be run to know the answer.
fn is_for_ssh(report: &Report, question: &Question) -> bool {
    match report.probed(question).map(|probed| &probed.evidence) {
        Some(Evidence::Git(seen)) => seen.not_run == Some(NotRun::Ssh),
        Some(Evidence::Web(_) | Evidence::File | Evidence::Guessed(_)) | None => false,
    }
}

/// The proxies and databases that hear of the module as things are: nobody, as far as it is private.
fn hearers(inquiry: &Inquiry<'_>) -> Vec<String> {
    let path = inquiry.command.path();
    let mut hearers = Vec::new();
    if inquiry.machine.gonoproxy().0.find(path).is_none() {
        // A list that cannot be read names them all the same.
        let list = inquiry.machine.setting("GOPROXY").value;
        hearers.extend(list.split([',', '|', ';', ' ', '"']).map(place_of));
    }
    if inquiry.machine.gonosumdb().0.find(path).is_none()
        && let Ok(SumdbSetting::Database { name, url, .. }) = SumdbSetting::parse(&inquiry.machine.setting("GOSUMDB").value)
    {
        hearers.push(url.map_or_else(|| name.split('/').next().unwrap_or_default().to_owned(), |url| url.host().to_owned()));
    }
    hearers
}

/// Host and port of an element of a list.
fn place_of(element: &str) -> String {
    let rest = element.split_once("://").map_or(element, |(_, rest)| rest);
    let place = rest.split('/').next().unwrap_or_default();
    place.rsplit('@').next().unwrap_or_default().to_owned()
}
