use std::{path::PathBuf, time::Duration};

use super::world::World;

const FILE: &str = "\
[server]
listen = [\"127.0.0.1:1\"]

[store]
path = \"modules\"

[upstream.my-mirror]
url = \"https://m.example\"
total = \"9s\"

[[route]]
match = \"*\"
upstreams = \"my-mirror\"
";

#[test]
fn flags_win_over_the_environment_and_the_environment_over_the_file() {
    let world = World::with(FILE);
    assert_eq!(world.good().server.listen[0].port(), 1);
    assert_eq!(world.good().store_path, PathBuf::from("/etc/modules"));
    let world = world.var("MODWAY_SERVER__LISTEN", "127.0.0.1:2, [::1]:2").var("MODWAY_STORE__PATH", "/two");
    assert_eq!(world.good().server.listen.len(), 2);
    assert_eq!(world.good().store_path, PathBuf::from("/two"));
    let world = world.listen("127.0.0.1:3").store("/three");
    assert_eq!(world.good().server.listen[0].port(), 3);
    assert_eq!(world.good().store_path, PathBuf::from("/three"));
}

#[test]
fn the_environment_sets_upstreams_and_routes_too() {
    let world = World::with(FILE)
        .var("MODWAY_UPSTREAM__MY_MIRROR__TOTAL", "4s")
        .var("MODWAY_UPSTREAM__MY_MIRROR__BREAKER__FAILURES", "7");
    let config =
        world.var("MODWAY_UPSTREAM__OTHER__URL", "https://o.example").var("MODWAY_ROUTE__0__UPSTREAMS", "my-mirror|other").good();
    let hops: Vec<_> = config.proxy.hops.iter().map(|hop| (hop.name.as_str(), hop.total, hop.breaker.failures)).collect();
    assert_eq!(hops, [("my-mirror", Duration::from_secs(4), 7), ("other", Duration::from_secs(30), 5)]);
    assert_eq!(config.proxy.routes[0].upstreams.entries().len(), 2);
}

#[test]
fn the_variable_that_names_the_file_is_no_key() {
    World::with(FILE).var("MODWAY_CONFIG", "/etc/modway.toml").good();
}

#[track_caller]
fn check(shown: &str, table: &str, line: &str) {
    let section: Vec<&str> =
        shown.lines().skip_while(|line| *line != table).skip(1).take_while(|line| !line.is_empty()).collect();
    let spaced = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(section.iter().any(|shown| spaced(shown) == line), "{line} not in {table}:\n{shown}");
}

#[test]
fn every_value_is_shown_with_its_layer() {
    let world = World::with(FILE).var("MODWAY_STORE__RESERVE", "1GiB").listen("127.0.0.1:0").var("GOSUMDB", "off");
    let shown = world.good().show();
    check(&shown, "[server]", "listen = [\"127.0.0.1:0\"] # flag --listen");
    check(&shown, "[server]", "shutdown = \"30s\" # default");
    check(&shown, "[store]", "path = \"modules\" # /etc/modway.toml:5");
    check(&shown, "[store]", "reserve = \"1GiB\" # environment MODWAY_STORE__RESERVE");
    check(&shown, "[upstream.my-mirror]", "total = \"9s\" # /etc/modway.toml:9");
    check(&shown, "[upstream.my-mirror.breaker]", "failures = 5 # default");
    check(&shown, "[[route]] # 0", "upstreams = \"my-mirror\" # /etc/modway.toml:13");
    check(&shown, "[sumdb]", "gosumdb = \"off\" # environment GOSUMDB");
}

#[test]
fn what_the_go_settings_say_is_shown_as_theirs() {
    let shown = World::new()
        .var("GOPROXY", "https://u:p@a.example|off")
        .file("/home/u/.config/go/env", "GOPRIVATE=corp.example\n")
        .good()
        .show();
    check(&shown, "[store]", "path = \"/home/u/.local/share/modway\" # default: the user's data folder");
    check(&shown, "[[route]] # 0", "match = \"corp.example\" # GOPRIVATE in /home/u/.config/go/env");
    check(&shown, "[[route]] # 1", "upstreams = \"https://u:xxxxx@a.example|off\" # environment GOPROXY");
    check(&shown, "[sumdb]", "gonosumdb = \"corp.example\" # GOPRIVATE in /home/u/.config/go/env");
}

/// A first run has nothing to reload from but what it was given: the same inputs make the same configuration.
#[test]
fn what_is_shown_is_itself_a_configuration() {
    let shown = World::with(FILE).good().show();
    let again = World::with(&shown).var("HOME", "/home/u").good();
    assert_eq!(again.store_path, PathBuf::from("/etc/modules"));
    assert_eq!(again.proxy.hops[0].total, Duration::from_secs(9));
}
