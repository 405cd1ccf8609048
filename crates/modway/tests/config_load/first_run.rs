use std::path::PathBuf;

use gomod::goenv::{SumdbSetting, defaults};
use modway::config::Config;
use proxy::{
    client::Roots,
    settings::{ForwardProxy, Login, Route, Secret},
};

use super::world::World;

/// Routes as `name: match -> list`.
#[track_caller]
fn check(world: &World, routes: &[&str]) -> Config {
    let config = world.good();
    let entries = |route: &Route| route.upstreams.entries().iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let line = |route: &Route| format!("{}: {} -> {}", route.name, route.patterns.as_str(), entries(route));
    assert_eq!(config.proxy.routes.iter().map(line).collect::<Vec<_>>(), routes);
    config
}

#[test]
fn with_no_file_modway_listens_on_loopback_and_stores_in_the_users_data_folder() {
    let config = World::new().good();
    assert_eq!(config.server.listen, ["127.0.0.1:8080".parse().expect("an address")]);
    assert_eq!(config.store_path, PathBuf::from("/home/u/.local/share/modway"));
    assert_eq!(config.notes, []);
}

#[test]
fn with_no_file_it_does_what_gos_documented_defaults_say() {
    let default = defaults::GOPROXY.replace(',', " ");
    let config = check(&World::new(), &[&format!("goproxy: * -> {default}")]);
    let SumdbSetting::Database { name, key, .. } = config.proxy.sums.database else { panic!("no database") };
    assert_eq!((name.as_str(), key.as_str()), (defaults::GOSUMDB, defaults::GOSUMDB_KEY));
    assert_eq!(config.proxy.sums.waived.as_str(), "");
}

#[test]
fn with_no_file_it_follows_the_users_go_settings() {
    let world = World::new()
        .file("/home/u/.config/go/env", "GOPROXY=https://a.example|https://b.example,off\nGOPRIVATE=corp.example\nGOSUMDB=off\n");
    let config = check(&world, &["private: corp.example -> direct", "goproxy: * -> https://a.example https://b.example off"]);
    assert_eq!(config.proxy.sums.database, SumdbSetting::Off);
    assert_eq!(config.proxy.sums.waived.as_str(), "corp.example");
    let world = world.var("GOPROXY", "https://c.example").var("GONOPROXY", "none").var("GONOSUMDB", "other.example");
    let config = check(&world, &["private: none -> direct", "goproxy: * -> https://c.example"]);
    assert_eq!(config.proxy.sums.waived.as_str(), "other.example");
}

#[test]
fn goenv_names_the_users_file_or_switches_it_off() {
    let world =
        World::new().file("/home/u/.config/go/env", "GOPROXY=https://a.example\n").file("/other", "GOPROXY=https://b.example\n");
    check(&world, &["goproxy: * -> https://a.example"]);
    check(&world.clone().var("GOENV", "/other"), &["goproxy: * -> https://b.example"]);
    check(
        &world.clone().var("XDG_CONFIG_HOME", "relative"),
        &[&format!("goproxy: * -> {}", defaults::GOPROXY.replace(',', " "))],
    );
    check(&world.clone().var("XDG_CONFIG_HOME", "/none"), &[&format!("goproxy: * -> {}", defaults::GOPROXY.replace(',', " "))]);
    check(&world.var("GOENV", "off"), &[&format!("goproxy: * -> {}", defaults::GOPROXY.replace(',', " "))]);
}

/// Whoever has set GOPROXY to this server for good, and starts it again, must not make it ask itself.
#[test]
fn a_goproxy_that_is_this_server_itself_is_not_followed() {
    for own in ["http://127.0.0.1:8080", "http://localhost:8080/", "http://127.0.0.1:8080,direct"] {
        let world = World::new().var("GOPROXY", own);
        let config = check(&world, &[&format!("goproxy: * -> {}", defaults::GOPROXY.replace(',', " "))]);
        assert!(config.notes.iter().any(|note| note.what.starts_with("GOPROXY is this server itself")), "{:?}", config.notes);
    }
    check(&World::new().var("GOPROXY", "http://127.0.0.1:8081"), &["goproxy: * -> http://127.0.0.1:8081"]);
    check(&World::new().var("GOPROXY", "http://127.0.0.1:8080").listen("127.0.0.1:9"), &["goproxy: * -> http://127.0.0.1:8080"]);
}

#[test]
fn credentials_come_from_the_list_or_from_netrc_and_are_in_no_name() {
    let world =
        World::new().file("/home/u/.netrc", "machine b.example login bob password b\nmachine a.example login no password no\n");
    let config = world.var("GOPROXY", "https://amy:s%40a@a.example/x|https://b.example,https://c.example").good();
    let logins: Vec<_> = config.proxy.hops.iter().map(|hop| (hop.name.as_str(), hop.url.as_str(), hop.login.clone())).collect();
    let basic = |user: &str, password: &str| Login::Basic(user.to_owned(), Secret::new(password.to_owned()));
    assert_eq!(
        logins,
        [
            ("https://amy:xxxxx@a.example/x", "https://a.example/x", basic("amy", "s@a")),
            ("https://b.example", "https://b.example", basic("bob", "b")),
            ("https://c.example", "https://c.example", Login::None),
        ]
    );
    assert!(!config.show().contains("s@a") && !config.show().contains("s%40a"), "{}", config.show());
}

#[test]
fn forward_proxies_are_those_of_the_environment() {
    let world = World::new().var("HTTPS_PROXY", "http://p:1").var("no_proxy", "x");
    let config = world.good();
    let env = ForwardProxy::Env { http: Secret::default(), https: Secret::new("http://p:1".into()), no: "x".into() };
    assert_eq!(config.proxy.hops[0].forward_proxy, env);
}

#[test]
fn ssl_cert_file_takes_the_place_of_the_systems_certificates() {
    let pem = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    let world = World::new().var("SSL_CERT_FILE", "/ca.pem").file("/ca.pem", pem);
    assert_eq!(world.good().roots, Roots::Files(vec![PathBuf::from("/ca.pem")]));
    assert_eq!(world.clone().file("/ca.pem", "no certificate").good().roots, Roots::System);
    assert_eq!(world.var("SSL_CERT_DIR", "/certs").good().roots, Roots::System);
    assert_eq!(World::new().var("SSL_CERT_FILE", "/none").good().roots, Roots::System);
}

#[test]
fn a_bad_go_setting_is_named_with_its_layer() {
    let mistakes = World::new().var("GOPROXY", "junk").var("GOSUMDB", "nobody").bad().to_string();
    assert!(mistakes.contains("Go setting environment GOPROXY: error: invalid proxy URL missing scheme: junk"), "{mistakes}");
    assert!(mistakes.contains("Go setting environment GOSUMDB: error: invalid GOSUMDB: malformed verifier id"), "{mistakes}");
}
