//! What is written: each form is whole and well made, in both languages.

use serde_json::Value;
use testkit::{faults::Play, world::World};

use crate::{
    proxies::{answer_all, serve},
    stage::{Stage, Told, check},
};

/// A trace with a fallback, a text of a stranger's and several requests.
async fn told() -> Told {
    let (first, second) = (World::start().await, World::start().await);
    serve(&second);
    answer_all(&first, &Play::not_found("<script>alert(1)</script> & \u{1b}[31m\"no\""));
    let stage = Stage::new(&[("GOPROXY", &format!("{},{}", first.url(), second.url()))]);
    check(&stage, &["get", "example.test/lib@v1.0.0"], &[&first, &second])
}

fn form<'t>(told: &'t Told, name: &str) -> &'t str {
    &told.forms.iter().find(|(form, _)| form == name).expect("a form").1
}

#[tokio::test(flavor = "multi_thread")]
async fn the_archive_has_all_that_har_asks_for() {
    let told = told().await;
    let har: Value = serde_json::from_str(form(&told, "har")).expect("JSON");
    let log = &har["log"];
    assert_eq!((log["version"].as_str(), log["creator"]["name"].as_str()), (Some("1.2"), Some("modway trace")));
    assert!(log["pages"][0]["startedDateTime"].is_string() && log["pages"][0]["pageTimings"]["onLoad"].is_number());
    let entries = log["entries"].as_array().expect("entries");
    assert_eq!(entries.len(), told.json["requests"].as_array().expect("requests").len());
    let mut last = String::new();
    for entry in entries {
        check_entry(entry);
        assert_eq!(entry["pageref"], log["pages"][0]["id"]);
        let began = entry["startedDateTime"].as_str().expect("a time").to_owned();
        assert!(began >= last, "in the order of time");
        last = began;
    }
    assert!(
        entries.iter().any(|entry| entry["response"]["content"]["text"].as_str().is_some_and(|text| text.contains("alert(1)")))
    );
}

/// What the specification of HAR 1.2 asks of an entry, and that the parts of its time are its time.
#[track_caller]
fn check_entry(entry: &Value) {
    let (request, response, timings) = (&entry["request"], &entry["response"], &entry["timings"]);
    for text in [
        &request["method"],
        &request["url"],
        &request["httpVersion"],
        &response["statusText"],
        &response["httpVersion"],
        &response["redirectURL"],
    ] {
        assert!(text.is_string(), "{entry:#}");
    }
    for list in [&request["cookies"], &request["headers"], &request["queryString"], &response["cookies"], &response["headers"]] {
        assert!(list.is_array(), "{entry:#}");
    }
    for number in
        [&request["headersSize"], &request["bodySize"], &response["status"], &response["headersSize"], &response["bodySize"]]
    {
        assert!(number.is_i64() || number.is_u64(), "{entry:#}");
    }
    assert!(response["content"]["size"].is_number() && response["content"]["mimeType"].is_string() && entry["cache"].is_object());
    let parts = ["blocked", "dns", "connect", "send", "wait", "receive"].map(|part| timings[part].as_f64().expect(part));
    let sum: f64 = parts.iter().filter(|part| **part > 0.0).sum();
    assert!((sum - entry["time"].as_f64().expect("a time")).abs() < 0.01, "{entry:#}");
    let time = entry["startedDateTime"].as_str().expect("a time");
    assert!(time.len() == "2026-01-02T03:04:05.678Z".len() && time.ends_with('Z'), "{time}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_form_loads_or_runs_anything_and_no_text_of_a_stranger_is_markup() {
    let told = told().await;
    let html = form(&told, "html");
    assert!(html.starts_with("<!DOCTYPE html>") && html.ends_with("</html>\n") && html.contains("prefers-color-scheme"));
    assert!(html.contains("&lt;script&gt;alert(1)"), "what a server said is shown");
    for (name, text) in told.forms.iter().filter(|(name, _)| !["json", "har"].contains(&name.as_str())) {
        assert!(!text.contains("<script") && !text.contains('\u{1b}'), "{name}");
    }
    for (name, text) in [("html", html), ("svg", form(&told, "svg"))] {
        for loads in ["src=", "href=", "@import", "url(", "onload"] {
            assert!(!text.contains(loads), "{name} has {loads}");
        }
        assert_eq!(text.matches("<svg").count(), text.matches("</svg>").count());
    }
    let open = html.matches("<details").count();
    assert_eq!((open, html.matches("</details>").count()), (told.json["requests"].as_array().expect("requests").len(), open));
    assert!(form(&told, "mermaid").starts_with("sequenceDiagram\n  participant p0 as go\n"));
    assert_eq!(told.json["version"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_fit_the_terminal_in_english_and_in_chinese() {
    let world = World::start().await;
    serve(&world);
    for (lang, words) in [("en", ["exit 0", "By host", "Asked more than once"]), ("zh", ["退出码 0", "按主机合计", "重复的请求"])]
    {
        let home = tempfile::tempdir().expect("a temporary folder");
        std::fs::create_dir(home.path().join("main")).expect("the folder is ours");
        std::fs::write(home.path().join("main/go.mod"), "module main.test\n").expect("the folder is ours");
        let stage = Stage::new(&[("GOPROXY", &world.url())]);
        let output = stage
            .command(home.path(), &[format!("--lang={lang}")], &["get", "example.test/lib@v1.0.0"])
            .output()
            .expect("it runs");
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(words.iter().all(|word| stderr.contains(word)), "{stderr}");
        assert!(!stderr.contains('\u{1b}'), "no colours in a pipe");
        let widest = stderr.lines().map(modway::render::terminal::width).max();
        assert!(widest.is_some_and(|columns| columns <= 100), "{widest:?}\n{stderr}");
    }
}
