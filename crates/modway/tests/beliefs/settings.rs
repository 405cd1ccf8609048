//! Beliefs about where settings come from and what `go` prints of them.

use serde_json::Value;

use super::gopher::{GET, Gopher, module, serving};

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_variable_overrides_nothing() {
    let world = serving(&module()).await;
    let gopher = Gopher::new(&[]);
    let file = gopher.write("env", &format!("GOPROXY={}\n", world.url()));
    gopher.go_with(&[("GOENV", &file), ("GOPROXY", "")], GET).fine();
    assert!(!world.seen().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_environment_wins_over_go_env_w() {
    let world = serving(&module()).await;
    let gopher = Gopher::new(&[]);
    let file = gopher.write("env", "GOPROXY=off\n");
    gopher.go_with(&[("GOENV", &file), ("GOPROXY", &world.url())], GET).fine();
}

#[tokio::test(flavor = "multi_thread")]
async fn go_env_w_takes_any_goproxy() {
    let gopher = Gopher::new(&[("GOPROXY", "")]);
    let file = gopher.write("env", "");
    gopher.go_with(&[("GOENV", &file)], "env -w GOPROXY=junk://x").fine();
    gopher.go_with(&[("GOENV", &file)], GET).failed("invalid proxy URL scheme");
}

#[tokio::test(flavor = "multi_thread")]
async fn go_env_json_has_the_settings_and_go_list_has_none() {
    let gopher = Gopher::new(&[("GOPRIVATE", "a.test")]);
    let text = gopher.go("env -json").fine();
    let settings: Value = serde_json::from_str(&text).expect("an object");
    let all = settings.as_object().expect("an object");
    assert!(all.values().all(Value::is_string) && settings["GONOPROXY"] == "a.test" && all.contains_key("GOINSECURE"));
    let text = gopher.go("list -m -json").fine();
    let listed: Value = serde_json::from_str(&text).expect("an object");
    assert!(
        listed["Path"] == "probe.test/m" && listed.as_object().expect("an object").keys().all(|key| !key.starts_with("GOPR"))
    );
    assert!(listed.get("GOPROXY").is_none() && listed.get("GOPRIVATE").is_none());
}
