//! The one function that decides.

use gomod::pattern::PatternIndex;

use crate::{
    freshness::{Age, Freshness},
    privacy::privacy,
    reason::Reason,
    request::{Ask, Caller, Request, SumdbAsk, Way},
};

/// What the operator set, as far as deciding needs it.
#[derive(Clone, Debug)]
pub struct Rules {
    /// In order; the first whose pattern matches serves the path.
    pub routes: Vec<RouteRule>,
    /// GONOSUMDB, compiled: paths that are private whichever route serves them.
    pub waived: PatternIndex,
    /// The checksum databases that are proxied, by name.
    pub databases: Vec<String>,
    /// The names of the checksum database of our own; none if there is none.
    pub own: Vec<String>,
    /// Names of keys of ours that sign no more.
    pub retired: Vec<String>,
    /// How long changing answers live.
    pub freshness: Freshness,
}

/// Which paths a route serves.
#[derive(Clone, Debug)]
pub struct RouteRule {
    /// Its name.
    pub name: String,
    /// Its patterns, compiled: they are asked twice a request, and an organisation may list thousands of repositories.
    pub patterns: PatternIndex,
    /// True if its list has `direct`: only then may a client ask for version control by the prefix `/@direct/`. Without it the operator
    /// has said who owns these paths, and their names go to nobody else (promise 7).
    pub direct: bool,
    /// True if the paths that it serves are private: see [`mod@crate::privacy`].
    pub private: bool,
}

/// What is known of a request until now. Every fact starts unknown; the server learns the one that a step asks for.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Seconds since the epoch.
    pub now: i64,
    /// Who asks.
    pub caller: Caller,
    /// What the store has.
    pub stored: Option<Stored>,
    /// What asking upstream gave.
    pub fetched: Option<Fetched>,
}

/// What the store has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Stored {
    /// Nothing.
    Nothing,
    /// Bytes that never change.
    Immutable,
    /// An answer that may change, confirmed at this time.
    Answer(i64),
    /// "Does not exist", confirmed at this time, in these words.
    Absent(i64, String),
    /// No kept answer, but one can be made from the versions that are kept.
    Derivable,
}

/// What asking upstream gave.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fetched {
    /// The answer, proven or waived.
    Found,
    /// It does not exist, says everyone who was asked.
    NotExist(String),
    /// Trouble, or a refusal of ours.
    Failed(Reason),
}

/// What to do next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// Look into the store, and decide again.
    Look,
    /// Ask along the list of this route (its index and the pattern that matched), and decide again. On the direct way version control alone
    /// is asked.
    Fetch(usize, String),
    /// Ask the checksum database, and decide again.
    FetchSumdb,
    /// Answer at once: this server proxies the database.
    Supported,
    /// Serve what is stored.
    ServeStored,
    /// Serve what is stored, and ask again meanwhile along this route.
    ServeAndRefresh(usize),
    /// Serve what is stored although it is old, for this reason.
    ServeStale(Reason),
    /// Serve what was fetched.
    ServeFetched,
    /// Refuse.
    Refuse(Reason),
}

impl Facts {
    /// Nothing known but the time and who asks.
    pub const fn at(now: i64, caller: Caller) -> Self {
        Self { now, caller, stored: None, fetched: None }
    }
}

/// What to do with `request` under `rules`, given what is known. Total; the same arguments always give the same step.
pub fn decide(request: &Request, rules: &Rules, facts: &Facts) -> Step {
    match request {
        Request::Module(module, _, way) => match route(module.as_str(), rules) {
            Some((index, _)) if *way == Way::Direct && !rules.routes[index].direct => {
                let name = &rules.routes[index].name;
                Step::Refuse(Reason::NoRoute(format!("route {name} does not lead to version control: its list has no `direct`")))
            }
            Some((index, pattern)) => on_the_way(Step::Fetch(index, pattern), Step::ServeAndRefresh(index), rules, facts),
            None => Step::Refuse(Reason::NoRoute(format!("no route of this server matches {}", module.as_str()))),
        },
        Request::Sumdb(name, ask, _) => match refused(name, ask, rules, &facts.caller) {
            Some(reason) => Step::Refuse(reason),
            None if *ask == SumdbAsk::Supported => Step::Supported,
            None => on_the_way(Step::FetchSumdb, Step::FetchSumdb, rules, facts),
        },
    }
}

/// Why nothing is asked of the checksum database `name`, if so. Whatever tells records of ours is for auditors alone.
fn refused(name: &String, ask: &SumdbAsk, rules: &Rules, caller: &Caller) -> Option<Reason> {
    if rules.retired.contains(name) {
        // Not 404, with which a client would go and look for the database elsewhere.
        return Some(Reason::KeyRetired(format!("the key of {name} was retired: it signs no more")));
    }
    if rules.own.contains(name) {
        let is_let_in = !ask.tells_records() || matches!(caller, Caller::Auditor(_));
        return (!is_let_in).then(|| Reason::AuditorsOnly(format!("the records of {name} are for its auditors")));
    }
    if !rules.databases.contains(name) {
        return Some(Reason::NotServed(format!("this server does not proxy the checksum database {name}")));
    }
    match ask {
        SumdbAsk::Checkpoint | SumdbAsk::Tlog(_) => {
            Some(Reason::NotServed(format!("this server proxies {name} in the form of the go command only")))
        }
        SumdbAsk::Lookup(module, _) => privacy(module.as_str(), rules)
            .map(|why| Reason::Private(format!("{} is private here ({why}): {name} is not asked about it", module.as_str()))),
        SumdbAsk::Supported | SumdbAsk::Latest | SumdbAsk::Tile(_) => None,
    }
}

/// The first route with a pattern that matches, and that pattern.
pub fn route(path: &str, rules: &Rules) -> Option<(usize, String)> {
    let hit = |(index, route): (usize, &RouteRule)| route.patterns.find(path).map(|pattern| (index, pattern.to_owned()));
    rules.routes.iter().enumerate().find_map(hit)
}

/// True if the answer to `ask` is the same for ever.
pub fn is_immutable(ask: &Ask) -> bool {
    match ask {
        Ask::Mod(_) | Ask::Zip(_) => true,
        Ask::Info(rev) => rev.as_version().is_some(),
        Ask::List | Ask::Latest => false,
    }
}

fn on_the_way(fetch: Step, refresh: Step, rules: &Rules, facts: &Facts) -> Step {
    let Some(stored) = &facts.stored else { return Step::Look };
    match (stored, &facts.fetched) {
        (_, Some(fetched)) => after_fetch(stored, fetched, rules, facts.now),
        (Stored::Immutable, None) => Step::ServeStored,
        (Stored::Nothing | Stored::Derivable, None) => fetch,
        (Stored::Absent(at, text), None) => match rules.freshness.age_of_absence(*at, facts.now) {
            Age::Fresh => Step::Refuse(Reason::NotExist(text.clone())),
            Age::Revalidate | Age::Stale | Age::Gone => fetch,
        },
        (Stored::Answer(at), None) => match rules.freshness.age(*at, facts.now) {
            Age::Fresh => Step::ServeStored,
            Age::Revalidate => refresh,
            Age::Stale | Age::Gone => fetch,
        },
    }
}

/// A clear "does not exist" is believed over an old answer; trouble, and `off`, are not.
fn after_fetch(stored: &Stored, fetched: &Fetched, rules: &Rules, now: i64) -> Step {
    let reason = match fetched {
        Fetched::Found => return Step::ServeFetched,
        Fetched::NotExist(text) => return Step::Refuse(Reason::NotExist(text.clone())),
        Fetched::Failed(reason) => reason.clone(),
    };
    let coped = matches!(reason, Reason::Upstream { .. } | Reason::Off | Reason::Unproven(_) | Reason::Busy(_));
    let usable = match stored {
        Stored::Answer(at) => reason == Reason::Off || rules.freshness.age(*at, now) < Age::Gone,
        Stored::Derivable | Stored::Immutable => true,
        Stored::Nothing | Stored::Absent(..) => false,
    };
    if coped && usable { Step::ServeStale(reason) } else { Step::Refuse(reason) }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use gomod::pattern::Patterns;

    use super::*;

    const NOW: i64 = 1_000_000;

    fn rules() -> Rules {
        let seconds = Duration::from_secs;
        let freshness = Freshness { fresh: seconds(10), revalidate: seconds(20), stale: seconds(100), absent: seconds(5) };
        let compiled = |patterns: &str| PatternIndex::new(Patterns::parse(patterns));
        let route = |name: &str, patterns: &str, direct| {
            let private = name == "private";
            RouteRule { name: name.into(), patterns: compiled(patterns), direct, private }
        };
        Rules {
            routes: vec![route("private", "*.corp", false), route("public", "*.com", true)],
            waived: compiled("secret.com"),
            databases: vec!["sum.test".into()],
            own: vec!["own.test".into(), "old.test".into()],
            retired: vec!["older.test".into()],
            freshness,
        }
    }

    /// Decides as the server does, with a store that has `stored` and upstreams that give `fetched`; answers the steps on the way.
    #[track_caller]
    fn check(path: &str, stored: Stored, fetched: Fetched, expected: &str) {
        check_as(Caller::Anyone, path, stored, fetched, expected);
    }

    #[track_caller]
    fn check_as(caller: Caller, path: &str, stored: Stored, fetched: Fetched, expected: &str) {
        let request = Request::parse(path).expect("a request");
        let (mut facts, mut way) = (Facts::at(NOW, caller), Vec::new());
        for _ in 0..4 {
            let step = decide(&request, &rules(), &facts);
            way.push(match &step {
                Step::Look => "look".to_owned(),
                Step::Fetch(route, pattern) => format!("fetch {route} {pattern}"),
                Step::FetchSumdb => "fetch sumdb".into(),
                Step::Supported => "supported".into(),
                Step::ServeStored => "stored".into(),
                Step::ServeAndRefresh(route) => format!("stored, refresh {route}"),
                Step::ServeStale(reason) => format!("stale {}", reason.code()),
                Step::ServeFetched => "fetched".into(),
                Step::Refuse(reason) => format!("refuse {}", reason.code()),
            });
            match step {
                Step::Look => facts.stored = Some(stored.clone()),
                Step::Fetch(..) | Step::FetchSumdb => facts.fetched = Some(fetched.clone()),
                _ => break,
            }
        }
        assert_eq!(way.join(", "), expected, "{path}");
    }

    fn trouble() -> Fetched {
        let hitch = crate::Hitch::Theirs;
        Fetched::Failed(Reason::Upstream { upstream: "a".into(), what: "m".into(), trouble: "t".into(), may_pass: true, hitch })
    }

    #[test]
    fn what_is_kept_for_ever_costs_nobody_anything() {
        check("/a.com/m/@v/v1.0.0.zip", Stored::Immutable, trouble(), "look, stored");
        check("/a.com/m/@v/list", Stored::Answer(NOW - 9), trouble(), "look, stored");
    }

    #[test]
    fn the_first_route_that_matches_is_asked() {
        check("/a.corp/m/@v/list", Stored::Nothing, Fetched::Found, "look, fetch 0 *.corp, fetched");
        check("/a.com/m/@v/list", Stored::Nothing, Fetched::Found, "look, fetch 1 *.com, fetched");
        check("/a.org/m/@v/list", Stored::Nothing, Fetched::Found, "refuse no-route");
    }

    #[test]
    fn version_control_is_asked_by_prefix_only_where_the_list_has_it() {
        check("/@direct/a.com/m/@v/list", Stored::Nothing, Fetched::Found, "look, fetch 1 *.com, fetched");
        check("/@direct/a.com/m/@v/v1.0.0.zip", Stored::Immutable, trouble(), "look, stored");
        check("/@direct/a.com/m/@v/list", Stored::Answer(NOW - 15), trouble(), "look, stored, refresh 1");
        check("/@direct/a.corp/m/@v/list", Stored::Nothing, Fetched::Found, "refuse no-route");
        check("/@direct/a.corp/m/@v/v1.0.0.zip", Stored::Immutable, Fetched::Found, "refuse no-route");
        check("/@direct/a.org/m/@v/list", Stored::Nothing, Fetched::Found, "refuse no-route");
    }

    #[test]
    fn an_answer_that_ages_is_served_while_it_is_asked_for_again() {
        check("/a.com/m/@v/list", Stored::Answer(NOW - 15), trouble(), "look, stored, refresh 1");
        check("/a.com/m/@v/list", Stored::Answer(NOW - 50), Fetched::Found, "look, fetch 1 *.com, fetched");
    }

    #[test]
    fn trouble_upstream_never_takes_away_what_is_kept() {
        check("/a.com/m/@v/list", Stored::Answer(NOW - 50), trouble(), "look, fetch 1 *.com, stale upstream-trouble");
        check("/a.com/m/@v/list", Stored::Answer(NOW - 500), trouble(), "look, fetch 1 *.com, refuse upstream-trouble");
        check("/a.com/m/@v/list", Stored::Derivable, trouble(), "look, fetch 1 *.com, stale upstream-trouble");
    }

    #[test]
    fn with_off_what_is_kept_is_served_however_old() {
        check("/a.com/m/@v/list", Stored::Answer(0), Fetched::Failed(Reason::Off), "look, fetch 1 *.com, stale off");
        check("/a.com/m/@v/list", Stored::Nothing, Fetched::Failed(Reason::Off), "look, fetch 1 *.com, refuse off");
    }

    #[test]
    fn a_clear_no_is_believed_over_an_old_yes_and_trouble_is_never_a_no() {
        let no = || Fetched::NotExist("gone".into());
        check("/a.com/m/@v/list", Stored::Answer(NOW - 50), no(), "look, fetch 1 *.com, refuse not-exist");
        check("/a.com/m/@v/list", Stored::Absent(NOW - 4, "no".into()), no(), "look, refuse not-exist");
        check(
            "/a.com/m/@v/list",
            Stored::Absent(NOW - 6, "no".into()),
            trouble(),
            "look, fetch 1 *.com, refuse upstream-trouble",
        );
    }

    #[test]
    fn a_refusal_of_ours_is_not_coped_with() {
        let mismatch = Fetched::Failed(Reason::Mismatch("m".into()));
        check("/a.com/m/@v/list", Stored::Answer(NOW - 50), mismatch, "look, fetch 1 *.com, refuse checksum-mismatch");
    }

    #[test]
    fn only_configured_checksum_databases_are_proxied() {
        check("/sumdb/sum.test/supported", Stored::Nothing, trouble(), "supported");
        check("/sumdb/sum.test/tile/8/0/000", Stored::Nothing, Fetched::Found, "look, fetch sumdb, fetched");
        check("/@direct/sumdb/sum.test/supported", Stored::Nothing, trouble(), "supported");
        check("/sumdb/other.test/supported", Stored::Nothing, Fetched::Found, "refuse not-served");
    }

    #[test]
    fn a_private_name_is_told_to_no_database_of_others_and_to_ours_it_is() {
        for private in ["a.corp/m", "a.corp/!m/v2", "secret.com/m"] {
            for prefix in ["", "/@direct"] {
                let path = format!("{prefix}/sumdb/sum.test/lookup/{private}@v1.0.0");
                check(&path, Stored::Nothing, Fetched::Found, "refuse private");
                let path = format!("{prefix}/sumdb/own.test/lookup/{private}@v1.0.0");
                check(&path, Stored::Nothing, Fetched::Found, "look, fetch sumdb, fetched");
            }
        }
        check("/sumdb/sum.test/lookup/a.com/m@v1.0.0", Stored::Nothing, Fetched::Found, "look, fetch sumdb, fetched");
    }

    #[test]
    fn records_of_ours_are_for_auditors_and_all_else_is_for_everybody() {
        for name in ["own.test", "old.test"] {
            for path in ["latest", "checkpoint", "lookup/a.com/m@v1.0.0", "tile/8/0/000", "tile/0/000.p/5"] {
                check(&format!("/sumdb/{name}/{path}"), Stored::Nothing, Fetched::Found, "look, fetch sumdb, fetched");
            }
            check(&format!("/sumdb/{name}/supported"), Stored::Nothing, trouble(), "supported");
            for path in ["tile/8/data/000", "tile/entries/000", "tile/8/data/x001/067.p/5", "tile/4/data/000"] {
                let path = format!("/sumdb/{name}/{path}");
                check(&path, Stored::Nothing, Fetched::Found, "refuse auditors-only");
                check(&format!("/@direct{path}"), Stored::Nothing, Fetched::Found, "refuse auditors-only");
                let auditor = Caller::Auditor("security".into());
                check_as(auditor, &path, Stored::Nothing, Fetched::Found, "look, fetch sumdb, fetched");
            }
        }
    }

    #[test]
    fn a_retired_key_is_told_so_and_others_databases_have_gos_form_only() {
        check("/sumdb/older.test/supported", Stored::Nothing, Fetched::Found, "refuse key-retired");
        check("/sumdb/older.test/lookup/a.com/m@v1.0.0", Stored::Nothing, Fetched::Found, "refuse key-retired");
        check("/sumdb/sum.test/checkpoint", Stored::Nothing, Fetched::Found, "refuse not-served");
        check("/sumdb/sum.test/tile/0/000", Stored::Nothing, Fetched::Found, "refuse not-served");
        check("/sumdb/sum.test/tile/8/data/000", Stored::Nothing, Fetched::Found, "look, fetch sumdb, fetched");
    }
}
