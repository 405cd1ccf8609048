//! The whole of it: a question in, a report out.

use std::time::Instant;

use futures_util::future::join_all;
use gomod::{
    client::{Command, End, Setup},
    goenv::SumdbSetting,
};
use proxy::client::{Roots, look::Patience};

use super::{
    explain::{self, Memory},
    fix::{self, Case, Fix, Promise},
    probe::{World, git::Helpers},
    report::Report,
    verdict,
};
use crate::{
    config::{Environment, Files},
    machine::{self, Machine},
};

/// How many fixes are tried in thought; the others are told untried.
const MOST_TRIED: usize = 6;

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
    let memory = Memory::default();
    let setup = Setup::of(inquiry.machine.settings());
    let walked = explain::walk(&setup, &inquiry.command, (!inquiry.is_dry).then_some(&world), &memory).await;
    let mut report = explain::lay_out(&inquiry.command, inquiry.machine, inquiry.files, &world, walked, inquiry.is_dry).await;
    report.fixes = fixes(inquiry, &report, &roots, &memory).await;
    report.took = from.elapsed();
    Ok(report)
}

fn roots(inquiry: &Inquiry<'_>) -> Roots {
    // What another machine believes is not known here: its files are not ours.
    let environment = if inquiry.machine.teller().is_none() { inquiry.machine.environment() } else { inquiry.here };
    machine::roots(environment, inquiry.files)
}

/// What can be done, each tried in thought, the best first.
async fn fixes(inquiry: &Inquiry<'_>, report: &Report, roots: &Roots, memory: &Memory) -> Vec<Fix> {
    let End::Broken(broken) = &report.outcome.end else { return Vec::new() };
    let url = broken.at.as_ref().map(|question| verdict::url_of(report, question)).unwrap_or_default();
    let status = broken.at.as_ref().and_then(|question| report.probed(question)).and_then(verdict::status);
    let host = verdict::host(&url).unwrap_or_else(|| report.command.path().split('/').next().unwrap_or_default().to_owned());
    let case = Case { report, machine: inquiry.machine, broken, host, url, status };
    let mut fixes = fix::propose(&case);
    let hearers = hearers(inquiry);
    let tried = join_all(fixes.iter().take(MOST_TRIED).map(|fix| promise(inquiry, fix, roots, memory, &hearers))).await;
    for (fix, promise) in fixes.iter_mut().zip(tried) {
        fix.promise = promise;
    }
    // What breaks at the same place helps nobody.
    fixes.retain(|fix| fix.promise != Promise::BreaksAt(broken.class) || fix.changes.is_empty());
    if fixes.is_empty() {
        fixes.push(case.no_setting());
    }
    fix::rank(&mut fixes);
    fixes
}

/// Walks the journey again with the settings of a fix.
async fn promise(inquiry: &Inquiry<'_>, fix: &Fix, roots: &Roots, memory: &Memory, hearers: &[String]) -> Promise {
    if fix.changes.is_empty() && fix.roots.is_empty() {
        return fix.promise.clone();
    }
    let believed = if fix.roots.is_empty() { roots.clone() } else { Roots::Files(fix.roots.clone()) };
    // What was seen with other certificates, or over another way out, says nothing here.
    let other = Memory::default();
    let is_other_world = !fix.roots.is_empty() || fix.changes.iter().any(|change| !change.variable.starts_with("GO"));
    let memory = if is_other_world { &other } else { memory };
    let changed = inquiry.machine.changed(fix.changes.iter().map(|change| (change.variable.as_str(), change.value.as_str())));
    let Ok(world) = World::new(&changed, believed, inquiry.here, inquiry.helpers, inquiry.patience) else {
        return Promise::NotTried;
    };
    let world = world.within(hearers.to_vec());
    let setup = Setup::of(changed.settings());
    let walked = explain::walk(&setup, &inquiry.command, (!inquiry.is_dry).then_some(&world), memory).await;
    match walked.outcome.end {
        End::Done { .. } => Promise::Works,
        End::Broken(broken) => Promise::BreaksAt(broken.class),
        End::Unknown(_) => Promise::Further,
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
