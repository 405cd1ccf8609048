use super::world::World;

const MIRROR: &str = "[upstream.mirror]\nurl = \"https://m.example\"\n";

/// A route for everything with this list has this mistake, `` for none.
#[track_caller]
fn check(list: &str, mistake: &str) {
    let loaded = World::with(&format!("{MIRROR}[[route]]\nmatch = \"*\"\nupstreams = \"{list}\"\n")).load();
    let found = match loaded {
        Ok(_) => Vec::new(),
        Err(mistakes) => mistakes.0.into_iter().filter(|mistake| mistake.fatal).map(|mistake| mistake.what).collect(),
    };
    assert_eq!(found.join("; "), mistake, "{list}");
}

#[track_caller]
fn check_routes(routes: &str, mistake: &str) {
    let printed = World::with(&format!("{MIRROR}{routes}")).bad().to_string();
    assert!(printed.contains(mistake), "{printed}");
}

#[test]
fn a_list_has_names_urls_direct_and_off() {
    check("mirror", "");
    check("mirror|https://other.example/x, direct", "");
    check("off", "");
    check("mirror,direct,whatever comes after", "");
    check("file:///srv/modules", "");
}

#[test]
fn a_bad_list_is_refused_in_gos_words() {
    check(",", "GOPROXY list is not the empty string, but contains no entries");
    check("ftp://x", "invalid proxy URL scheme (must be https, http, file): ftp://x");
    check("nobody", "no upstream is named `nobody` (invalid proxy URL missing scheme: nobody)");
    check("mirror,DIRECT", "no upstream is named `DIRECT` (invalid proxy URL missing scheme: DIRECT)");
    check("file://h/x", "invalid file:// proxy URL with non-path elements: file://h/x");
}

#[test]
fn credentials_stand_in_no_list() {
    check("https://u:p@h.example", "credentials in a list: https://u:xxxxx@h.example");
    check("http://u:p@h.example", "refusing to pass credentials to insecure URL: http://u:xxxxx@h.example");
}

#[test]
fn a_list_does_not_lead_back_to_this_server() {
    check("http://localhost:8080", "http://localhost:8080 is this server itself, which listens on 127.0.0.1:8080");
    check("http://localhost:8081", "");
}

#[test]
fn routes_serve_everything_once_in_order_each_under_its_name() {
    check_routes("[[route]]\nmatch = \"a.example\"\nupstreams = \"mirror\"", "no route matches everything");
    check_routes(
        "[[route]]\nmatch = \"*\"\nupstreams = \"mirror\"\n[[route]]\nmatch = \"a.example\"\nupstreams = \"off\"",
        "never reached",
    );
    check_routes(
        "[[route]]\nname = \"a\"\nmatch = \"x\"\nupstreams = \"off\"\n[[route]]\nname = \"a\"\nmatch = \"*\"\nupstreams = \"off\"",
        "two routes are named `a`",
    );
    check_routes("[[route]]\nupstreams = \"mirror\"", "a route without match");
    check_routes("[[route]]\nmatch = \"*\"", "a route without upstreams");
}

#[test]
fn a_pattern_that_can_match_no_module_is_a_mistake() {
    check_routes("[[route]]\nmatch = \"a.example, b.example\"\nupstreams = \"off\"", "spaces belong to a pattern");
    check_routes("[[route]]\nmatch = \"https://a.example\"\nupstreams = \"off\"", "a module path has no scheme and no port");
}
