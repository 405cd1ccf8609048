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
        let Decision { rule, step } = decide(&request, &rules(), &facts);
        way.push(match &step {
            Step::Look => "look".to_owned(),
            Step::Fetch(route) => format!("fetch {route} {}", pattern(rule.as_ref())),
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

fn pattern(rule: Option<&Rule>) -> &str {
    if let Some(Rule::Route { pattern, .. }) = rule { pattern } else { "" }
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
    check("/a.com/m/@v/list", Stored::Absent(NOW - 6, "no".into()), trouble(), "look, fetch 1 *.com, refuse upstream-trouble");
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

/// The rule is known with the first decision, whatever that is.
#[track_caller]
fn check_rule(path: &str, expected: Option<Rule>) {
    let request = Request::parse(path).expect("a request");
    assert_eq!(decide(&request, &rules(), &Facts::at(NOW, Caller::Anyone)).rule, expected, "{path}");
}

#[test]
fn every_decision_names_the_rule_it_falls_under() {
    let route = |route: &str, pattern: &str| Some(Rule::Route { route: route.into(), pattern: pattern.into() });
    let database = |name: &str| Some(Rule::Database(name.into()));
    check_rule("/a.corp/m/@v/list", route("private", "*.corp"));
    check_rule("/@direct/a.corp/m/@v/list", route("private", "*.corp"));
    check_rule("/a.com/m/@v/v1.0.0.zip", route("public", "*.com"));
    check_rule("/a.org/m/@v/list", None);
    check_rule("/sumdb/sum.test/supported", database("sum.test"));
    check_rule("/sumdb/own.test/tile/8/data/000", database("own.test"));
    check_rule("/sumdb/older.test/latest", database("older.test"));
    check_rule("/sumdb/other.test/supported", None);
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
