use std::time::Duration;

use gomod::goproxy::Separator;
use modway::config::{Config, EXAMPLE};
use proxy::settings::{Hop, StepDown};

use super::world::World;

#[test]
fn the_example_is_accepted_without_a_note() {
    assert_eq!(World::with(EXAMPLE).good().notes, []);
}

/// Without the hops, every value that the example writes is the default of its key: a reader may start from either.
#[test]
fn the_example_shows_the_defaults() {
    let example = World::with(EXAMPLE).good();
    let default = World::new().good();
    assert_eq!(example.proxy.freshness, default.proxy.freshness);
    assert_eq!(example.reserve_bytes, default.reserve_bytes);
    assert_eq!(example.server.shutdown, default.server.shutdown);
    assert_eq!(example.server.listen, default.server.listen);
    assert_eq!(example.server.max_connections, default.server.max_connections);
    let limits = |config: &Config| {
        let direct = &config.proxy.direct;
        (direct.refs_fresh, direct.children, direct.connections_per_origin, direct.requests_per_minute, direct.repository_bytes)
    };
    assert_eq!(limits(&example), limits(&default));
}

#[test]
fn the_example_explains_every_key() {
    for (section, keys) in keys_of(&modway::config::schema(), "") {
        let written = EXAMPLE.lines().map(|line| line.trim_start_matches("# "));
        let missing: Vec<&String> =
            keys.iter().filter(|key| !written.clone().any(|line| line.starts_with(&format!("{key} = ")))).collect();
        assert!(missing.is_empty(), "[{section}] lacks {missing:?}");
    }
}

fn keys_of(node: &serde_json::Value, path: &str) -> Vec<(String, Vec<String>)> {
    let Some(named) = node["properties"].as_object() else { return Vec::new() };
    let mut all = vec![(path.to_owned(), Vec::new())];
    for (name, child) in named {
        let inner =
            [child, &child["additionalProperties"], &child["items"]].into_iter().find(|node| node["properties"].is_object());
        match inner {
            Some(inner) if name != "breaker" => all.extend(keys_of(inner, name)),
            _ => all[0].1.push(name.clone()),
        }
    }
    all
}

#[test]
fn the_example_asks_the_mirror_then_the_public_proxy_then_version_control() {
    let config = World::with(EXAMPLE).good();
    let [route] = config.proxy.routes.as_slice() else { panic!("{:?}", config.proxy.routes) };
    assert_eq!(route.patterns.as_str(), "*");
    let entries: Vec<_> = route.upstreams.entries().iter().map(|entry| (entry.name.as_deref(), entry.separator)).collect();
    assert_eq!(entries, [(Some("mirror"), Separator::Bar), (Some("public"), Separator::Comma), (None, Separator::End)]);
}

/// The decision tree: mirror 3 s, one retry, a handshake over 2 s counts as failed; public 6 s, no retry, 5xx and 429 step down; direct 10 s.
#[test]
fn the_example_has_the_patience_of_the_decision_tree() {
    let config = World::with(EXAMPLE).good();
    let hop = |name: &str| config.proxy.hops.iter().find(|hop| hop.name == name).expect("the hop is configured");
    check(hop("mirror"), 3, 1, &[]);
    assert_eq!(hop("mirror").tls, Duration::from_secs(2));
    assert_eq!(hop("mirror").first_byte, Duration::from_secs(3));
    check(hop("public"), 6, 0, &[StepDown::ServerErrors, StepDown::Status(429)]);
    assert_eq!(hop("public").first_byte, Duration::from_secs(6));
    check(&config.proxy.direct.patience, 10, 0, &[]);
}

#[track_caller]
fn check(hop: &Hop, seconds: u64, retries: u32, step_down: &[StepDown]) {
    assert_eq!(
        (hop.total, hop.retries, hop.step_down.as_slice()),
        (Duration::from_secs(seconds), retries, step_down),
        "{}",
        hop.name
    );
}

#[test]
fn the_page_that_explains_every_key_is_made_from_the_code() {
    let page = include_str!("../../../../docs/configuration.md");
    assert!(page == modway::config::reference(), "write it again: modway config reference > docs/configuration.md");
}

/// What is commented out is a configuration, too: with the files that it names it is accepted.
#[test]
fn the_examples_access_rules_are_good_when_they_are_let_in() {
    let (_, rules) = EXAMPLE.split_once("# [[direct.access]]\n").expect("the example has rules");
    let (rules, _) = rules.split_once("\n[sumdb]").expect("the checksum database comes next");
    let is_rule = |line: &&str| line.starts_with("[[") || line.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '));
    let lines: Vec<&str> = rules.lines().map(|line| line.trim_start_matches("# ")).filter(is_rule).collect();
    let text = format!("[[direct.access]]\n{}\n", lines.join("\n").replace("password_env", "# password_env"));
    let world = World::with(&text).pems().file("/run/secrets/gitlab-token", "s3cret").file("/home/u/.netrc", "");
    let config = world.good();
    assert_eq!(config.notes, [], "{text}");
    assert_eq!(config.proxy.direct.access.len(), 5);
}

/// The configurations in a page, without their comments.
fn shown(page: &str) -> Vec<String> {
    let blocks = page.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap_or(""));
    let plain = |line: &str| format!("{}\n", line.split(" #").next().unwrap_or("").trim_end());
    blocks.map(|block| block.lines().map(plain).collect()).collect()
}

#[test]
fn both_readmes_show_the_same_good_configurations() {
    let (english, chinese) = (include_str!("../../../../README.md"), include_str!("../../../../README.zh-CN.md"));
    assert_eq!(shown(english), shown(chinese));
    let configs: Vec<_> = shown(english).iter().map(|text| World::with(text).file("/home/u/.netrc", "").good()).collect();
    assert!(configs.iter().all(|config| config.notes.is_empty()));
    assert_eq!(configs.iter().map(|config| config.proxy.hops.len()).collect::<Vec<_>>(), [1, 2]);
}
