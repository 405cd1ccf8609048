//! `modway config check --auth MODULE`: which login would be used for a module, and what its host says to it.

use std::fmt::Write as _;

use anyhow::Context as _;
use gomod::{
    goproxy::{Entry, Source},
    module::ModulePath,
};
use proxy::{
    assemble::{LoginCheck, check_login},
    egress::{AuthReport, Kind, LoginUse},
};
use serde_json::{Value, json};

use crate::{cli::End, config::Config};

/// Asks, and answers what to print and how the command ends.
pub(super) fn check(module: &str, config: &Config, json: bool) -> anyhow::Result<(String, End)> {
    let path = ModulePath::parse(module)?;
    // Fails only if a provider is installed already, which then is as good.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().context("starting the runtime")?;
    let found = runtime.block_on(check_login(&path, &config.proxy.direct, &config.roots))?;
    runtime.shutdown_background();
    let way = Way::of(&path, config);
    let printed = if json { format!("{:#}\n", to_json(module, &way, &found)) } else { text(module, &way, &found) };
    Ok((printed, end(&found)))
}

/// Whether requests for the module come to version control at all.
struct Way {
    route: String,
    leads_there: bool,
}

impl Way {
    fn of(module: &ModulePath, config: &Config) -> Self {
        let route = config.proxy.routes.iter().find(|route| route.patterns.find(module.as_str()).is_some());
        let is_direct = |entry: &Entry| entry.source == Source::Direct;
        let leads_there = route.is_some_and(|route| route.upstreams.entries().iter().any(is_direct));
        Self { route: route.map_or_else(String::new, |route| route.name.clone()), leads_there }
    }
}

/// Good only if the repository lets us in; ssh is not asked, and believed.
fn end(found: &LoginCheck) -> End {
    match found.repository.as_ref().map(|report| &report.said) {
        Some(Some(Ok(status))) if status.is_success() => End::Good,
        Some(None) => End::Good,
        Some(Some(Ok(_))) => End::Found,
        None if found.page.as_ref().is_some_and(|page| matches!(page.said, Some(Ok(_)))) => End::Found,
        Some(Some(Err(_))) | None => End::Unable,
    }
}

fn text(module: &str, way: &Way, found: &LoginCheck) -> String {
    let never = if way.leads_there { "" } else { "; its list has no `direct`, so that version control is never asked" };
    let mut text = format!("{module}\nroute: {}{never}\n", way.route);
    for (what, report) in asked(found) {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{what}: {}", report.url);
        let _ = writeln!(text, "  place:     {}", place(report));
        let _ = writeln!(text, "  login:     {}", login(report));
        if let Some(address) = report.address {
            let _ = writeln!(text, "  address:   {address}");
        }
        let _ = writeln!(text, "  host said: {}", said(report));
    }
    let _ = match &found.root {
        Ok(root) => writeln!(text, "leads to: {} {}", source(root), root.url),
        Err(error) => writeln!(text, "leads nowhere: {}", why(error)),
    };
    let _ = writeln!(text, "whose move: {}", mover(found));
    text
}

/// Who can do something about what the last host said.
fn mover(found: &LoginCheck) -> String {
    let Some(last) = found.repository.as_ref().or(found.page.as_ref()) else {
        return "yours: correct the module path; nobody was asked".to_owned();
    };
    match &last.said {
        None => "yours, if it fails: ssh was not run; try it with git ls-remote".to_owned(),
        Some(Ok(status)) if status.is_success() && found.repository.is_some() => "nobody's: the repository lets us in".to_owned(),
        Some(Ok(status)) if matches!(status.as_u16(), 401 | 403 | 404) => {
            "yours: correct the login of this place in [[direct.access]], or the module path; else its operator's".to_owned()
        }
        Some(Ok(_)) => format!("that of whoever runs {}", last.url),
        Some(Err(_)) => "yours: look at the place, name and network that this server has for it; else its operator's".to_owned(),
    }
}

fn to_json(module: &str, way: &Way, found: &LoginCheck) -> Value {
    let reports: Vec<Value> = asked(found).map(|(what, report)| one(what, report)).collect();
    let root = found.root.as_ref().ok().map(|root| json!({ "root": root.root, "source": source(root), "url": root.url }));
    let error = found.root.as_ref().err().map(why);
    let route = json!({ "name": way.route, "direct": way.leads_there });
    json!({ "version": 1, "module": module, "route": route, "asked": reports, "found": root, "error": error })
}

fn one(what: &str, report: &AuthReport) -> Value {
    let (status, trouble) = match &report.said {
        None => (None, None),
        Some(Ok(status)) => (Some(status.as_u16()), None),
        Some(Err(trouble)) => (None, Some(trouble.to_string())),
    };
    json!({
        "what": what,
        "url": report.url,
        "place": report.place,
        "credential": kind(report.credential),
        "login": login(report),
        "address": report.address.map(|address| address.to_string()),
        "status": status,
        "trouble": trouble,
    })
}

fn asked(found: &LoginCheck) -> impl Iterator<Item = (&'static str, &AuthReport)> {
    [("page", &found.page), ("repository", &found.repository)]
        .into_iter()
        .filter_map(|(what, report)| Some((what, report.as_ref()?)))
}

fn source(root: &gomod::goimport::RepoRoot) -> String {
    match root.source {
        gomod::goimport::Source::Vcs(vcs) => vcs.to_string(),
        gomod::goimport::Source::Proxy => "module proxy".to_owned(),
    }
}

fn why(error: &proxy::upstream::direct::repo::RepoError) -> String {
    use proxy::upstream::direct::repo::RepoError;
    match error {
        RepoError::NotExist(text) => text.clone(),
        RepoError::Failed(trouble) => trouble.to_string(),
    }
}

fn place(report: &AuthReport) -> String {
    report.place.clone().unwrap_or_else(|| "no [[direct.access]] fits: public, https only".to_owned())
}

/// What became of the login, never the login.
fn login(report: &AuthReport) -> String {
    let kind = kind(report.credential);
    match (&report.login, report.credential) {
        (_, Kind::None) => kind.to_owned(),
        (_, Kind::Ssh) => format!("{kind}: sent by ssh itself"),
        (LoginUse::None, _) => format!("{kind}: not for this URL"),
        (LoginUse::Sent, _) => format!("{kind}: sent"),
        (LoginUse::Missing(why), _) => format!("{kind}: nothing to send: {why}"),
        (LoginUse::Failed(trouble), _) => format!("{kind}: {trouble}"),
    }
}

const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::None => "none",
        Kind::Netrc => "netrc",
        Kind::Fixed => "user and password from the environment",
        Kind::File => "user and password from a file",
        Kind::Helper => "helper",
        Kind::Ssh => "ssh key",
        Kind::GithubApp => "GitHub App",
    }
}

fn said(report: &AuthReport) -> String {
    match &report.said {
        None => "nothing: it was not asked".to_owned(),
        Some(Ok(status)) => status.to_string(),
        Some(Err(trouble)) => trouble.to_string(),
    }
}
