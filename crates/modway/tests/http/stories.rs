//! What is told of a request afterwards: its id, `/-/why`, the log line, the metrics.

use std::collections::HashSet;

use modway::http::DoorLimits;
use plan::Reason;
use proxy::answer::{Caching, Media};
use serde_json::Value;

use crate::support::{Script, Server, memory};

const INFO: &str = "/example.com/!m/@v/v1.0.0.info";

fn script() -> Script {
    let missing = Reason::NotExist("not found: unknown revision\nsecond line".to_owned());
    Script::default()
        .with(INFO, Ok(memory("{}", Media::Json, Caching::Immutable)))
        .with("/example.com/none/@v/list", Err(missing))
}

#[tokio::test]
async fn every_answer_has_an_id_of_its_own() {
    let server = Server::start(script()).await;
    let mut ids = HashSet::new();
    for path in [INFO, INFO, "/", "/-/health", "/-/nothing", "/bad", "/example.com/none/@v/list", "/-/why/x"] {
        let response = server.get(path, "").await;
        assert!((14..=26).contains(&response.header("x-request-id").len()), "{path}");
        ids.insert(response.header("x-request-id").to_owned());
    }
    assert_eq!(ids.len(), 8);
}

#[tokio::test]
async fn why_tells_a_journey_as_text_and_json() {
    let server = Server::start(script()).await;
    let response = server.get("/example.com/none/@v/list", "").await;
    let id = response.header("x-request-id");
    let text = server.get(&format!("/-/why/{id}"), "").await;
    let lines: Vec<&str> = text.text().lines().collect();
    assert_eq!(lines[0], format!("request {id}: GET /example.com/none/@v/list"));
    assert!(lines[1].starts_with(&format!("answered 404, {} bytes in ", response.body.len())), "{}", lines[1]);
    assert_eq!(lines[2], "not-exist: not found: unknown revision second line");
    assert!(lines[4].ends_with(" ms  the store has it"), "{}", lines[4]);
    for (path, headers) in [(format!("/-/why/{id}.json"), ""), (format!("/-/why/{id}"), "Accept: application/json\r\n")] {
        let json = server.get(&path, headers).await;
        let told: Value = serde_json::from_slice(&json.body).unwrap();
        assert_eq!((json.header("content-type"), told["version"].as_u64()), ("application/json", Some(1)));
        assert_eq!((told["request"]["id"].as_str(), told["request"]["module"].as_str()), (Some(id), Some("example.com/none")));
        assert_eq!(
            (told["answer"]["status"].as_u64(), told["answer"]["reason"]["code"].as_str()),
            (Some(404), Some("not-exist"))
        );
        assert_eq!((told["events"][0]["event"].as_str(), told["events"][0]["look"].as_str()), (Some("looked"), Some("hit")));
    }
}

#[tokio::test]
async fn an_unknown_or_forgotten_id_is_told_as_such() {
    let server = Server::start_with(script(), DoorLimits { records: 2, ..DoorLimits::default() }, None).await;
    let first = server.get(INFO, "").await;
    for _ in 0..3 {
        server.get(INFO, "").await;
    }
    for id in [first.header("x-request-id"), "", "..", "aaaaaaaaaaaaaa"] {
        let response = server.get(&format!("/-/why/{id}"), "").await;
        assert_eq!((response.status, response.text().lines().next()), (404, Some("no request with this id is remembered here")));
    }
}

#[tokio::test]
async fn a_request_is_one_line_with_its_fields() {
    let server = Server::start(script()).await;
    let ids = [
        server.get(INFO, "User-Agent: GoCommand/1\r\n").await,
        server.get(INFO, "").await,
        server.get("/example.com/none/@v/list", "").await,
    ];
    let lines = server.log();
    assert_eq!(lines.len(), 3);
    for (line, response) in lines.iter().zip(&ids) {
        assert_eq!(line["request.id"], response.header("x-request-id"));
        assert_eq!(
            (&line["method"], &line["client.address"], &line["end"]),
            (&"GET".into(), &"127.0.0.1".into(), &"whole".into())
        );
        assert_eq!(
            (line["status"].as_u64(), line["size_bytes"].as_u64()),
            (Some(response.status.into()), Some(response.body.len() as u64))
        );
        assert!(line["duration_ms"].as_f64().unwrap() > 0.0 && line["time"].as_str().unwrap().ends_with('Z'));
    }
    assert_eq!(
        (&lines[0]["module.path"], &lines[0]["module.version"], &lines[0]["path"]),
        (&"example.com/M".into(), &"v1.0.0".into(), &INFO.into())
    );
    assert_eq!((&lines[0]["store.look"], &lines[1]["store.look"]), (&"hit".into(), &"memory".into()));
    assert_eq!(
        (&lines[0]["user_agent"], &lines[2]["reason"], &lines[2]["endpoint"]),
        (&"GoCommand/1".into(), &"not-exist".into(), &"list".into())
    );
}

#[tokio::test]
async fn hostile_paths_and_agents_make_one_valid_line_each() {
    let server = Server::start(script()).await;
    let requests: [&[u8]; 6] = [
        b"GET /\"{\\\"level\\\":1}\" HTTP/1.1\r\nHost: x\r\nUser-Agent: \"}\\\xff\xfe\x1b[31m\r\nConnection: close\r\n\r\n",
        b"GET /\xc3\xa9%0a%0d%1b[2J HTTP/1.1\r\nHost: x\r\nUser-Agent: \xe2\x80\xae\r\nConnection: close\r\n\r\n",
        b"GET /a\xe2\x80\xa8b HTTP/1.1\r\nHost: x\r\nUser-Agent: a\tb\r\nConnection: close\r\n\r\n",
        b"GET /-/why/%22 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"WEIRD~METHOD /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        &[
            b"GET /",
            &*b"\xc3\xa9".repeat(5000),
            b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\nUser-Agent: ",
            &*b"\xc3\xa9".repeat(500),
            b"\r\n\r\n",
        ]
        .concat(),
    ];
    let mut answered = 0;
    for request in requests {
        answered += usize::from(server.raw(request).await.contains("x-request-id: "));
    }
    let lines = server.log();
    assert_eq!((lines.len(), answered >= 4), (answered, true), "one line for each request that was one: {answered}");
    assert!(
        lines
            .iter()
            .all(|line| line["path"].as_str().unwrap().len() <= 2048 && line["user_agent"].as_str().unwrap().len() <= 256)
    );
}

#[tokio::test]
async fn metrics_count_by_endpoint_and_class_and_name_no_module() {
    let server = Server::start(script()).await;
    for path in [INFO, INFO, "/example.com/none/@v/list", "/bad"] {
        server.get(path, "").await;
    }
    server.log();
    let metrics = server.get("/-/metrics", "").await;
    let text = metrics.text();
    for line in [
        "modway_http_requests_total{endpoint=\"info\",status=\"2xx\"} 2",
        "modway_http_requests_total{endpoint=\"list\",status=\"4xx\"} 1",
        "modway_http_requests_total{endpoint=\"bad\",status=\"4xx\"} 1",
        "modway_http_request_seconds_count{endpoint=\"info\"} 2",
        "modway_http_hot_hits_total 1",
        "modway_http_in_flight 1",
        "modway_log_lines_dropped_total 0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    assert!(!text.contains("example.com") && text.ends_with("# EOF\n"));
}

#[tokio::test]
async fn the_front_page_says_what_to_set() {
    let server = Server::start(script()).await;
    let page = server.get("/", "").await;
    assert!(page.status == 200 && page.text().contains("go env -w GOPROXY="), "{}", page.text());
}
