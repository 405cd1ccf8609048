//! Good answers: headers, conditions, ranges, compression.

use std::{
    io::Read as _,
    time::{Duration, Instant},
};

use flate2::read::GzDecoder;
use proxy::answer::{Answer, Caching, Media};
use store::Digest;

use crate::support::{DEADLINE, Response, Script, Server, memory};

const INFO: &str = "/example.com/m/@v/v1.0.0.info";
const LIST: &str = "/example.com/m/@v/list";
const GO_MOD: &str = "/example.com/m/@v/v1.0.0.mod";
const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

fn go_mod() -> String {
    "module example.com/m\n".repeat(200)
}

async fn server() -> Server {
    let script = Script::default()
        .with(INFO, Ok(memory("0123456789", Media::Json, Caching::Immutable)))
        .with(LIST, Ok(memory("v1.0.0\n", Media::Text, Caching::Revalidate)))
        .with("/example.com/m/@latest", Ok(memory("{}", Media::Json, Caching::Never)))
        .with("/example.com/m/@v/v1.0.0.zip", Ok(memory("a".repeat(5000), Media::Zip, Caching::Immutable)))
        .with("/example.com/empty/@v/list", Ok(memory("", Media::Text, Caching::Revalidate)))
        .with(GO_MOD, Ok(memory(go_mod(), Media::Text, Caching::Immutable)));
    Server::start(script).await
}

fn tag(bytes: &[u8], suffix: &str) -> String {
    format!("\"{}{suffix}\"", Digest::of(bytes))
}

/// Asks twice, because the second answer comes out of the memory in front of the proxy: `status body content-range`.
#[track_caller]
fn said(response: &Response) -> String {
    format!("{} {} {}", response.status, String::from_utf8_lossy(&response.body), response.header("content-range"))
        .trim_end()
        .to_owned()
}

async fn check(server: &Server, headers: &str, expected: &str) {
    for _ in 0..2 {
        assert_eq!(said(&server.get(INFO, headers).await), expected, "{headers}");
    }
}

#[tokio::test]
async fn an_answer_has_all_its_headers_cold_and_warm() {
    let server = server().await;
    for _ in 0..2 {
        let response = server.get(INFO, "").await;
        assert_eq!(response.status, 200);
        let expected = [
            ("content-length", "10"),
            ("content-type", "application/json"),
            ("etag", &tag(b"0123456789", "")),
            ("last-modified", DATE),
            ("cache-control", "public, max-age=31536000, immutable"),
            ("accept-ranges", "bytes"),
            ("x-content-type-options", "nosniff"),
            ("vary", ""),
        ];
        expected.iter().for_each(|(name, value)| assert_eq!(response.header(name), *value, "{name}"));
    }
    assert_eq!(server.script.asked.lock().unwrap().len(), 1, "the second answer comes from memory");
}

#[tokio::test]
async fn media_and_caching_follow_the_answer() {
    let server = server().await;
    let lines = [
        (LIST, "text/plain; charset=utf-8", "public, no-cache"),
        ("/example.com/m/@latest", "application/json", "no-store"),
        ("/example.com/m/@v/v1.0.0.zip", "application/zip", "public, max-age=31536000, immutable"),
    ];
    for (path, media, caching) in lines {
        let response = server.get(path, "").await;
        assert_eq!((response.header("content-type"), response.header("cache-control")), (media, caching), "{path}");
    }
    assert_eq!(server.get("/example.com/empty/@v/list", "").await.header("content-length"), "0");
}

#[tokio::test]
async fn a_head_has_the_headers_of_a_get_and_no_body() {
    let server = server().await;
    for path in [INFO, GO_MOD, LIST, "/example.com/none/@v/list", "/-/health"] {
        let mut get = server.get(path, "Accept-Encoding: gzip\r\n").await;
        let mut client = server.connect().await;
        let mut head = client.ask("HEAD", path, "Accept-Encoding: gzip\r\n").await;
        // The request id differs, and with it the date may.
        for response in [&mut get, &mut head] {
            response.headers.retain(|name, _| name != "x-request-id" && name != "date");
        }
        assert_eq!((get.status, &get.headers), (head.status, &head.headers), "{path}");
        assert_eq!(client.ask("GET", INFO, "").await.text(), "0123456789", "the connection goes on in step");
    }
}

#[tokio::test]
async fn conditions_are_answered_with_304() {
    let (server, tag) = (server().await, tag(b"0123456789", ""));
    for _ in 0..2 {
        let response = server.get(INFO, &format!("If-None-Match: \"x\", W/{tag}\r\n")).await;
        assert_eq!((response.status, response.header("etag"), response.header("content-length")), (304, &*tag, ""));
        assert_eq!(response.header("cache-control"), "public, max-age=31536000, immutable");
    }
    check(&server, "If-None-Match: *\r\n", "304").await;
    check(&server, &format!("If-Modified-Since: {DATE}\r\n"), "304").await;
    check(&server, &format!("If-None-Match: \"x\"\r\nIf-Modified-Since: {DATE}\r\n"), "200 0123456789").await;
    check(&server, &format!("If-None-Match: {tag}\r\nRange: bytes=0-1\r\n"), "304").await;
    assert_eq!(server.get("/example.com/none/@v/list", "If-None-Match: *\r\n").await.status, 404);
}

#[tokio::test]
async fn one_range_is_exact_and_others_are_not_answered() {
    let (server, tag) = (server().await, tag(b"0123456789", ""));
    check(&server, "Range: bytes=2-4\r\n", "206 234 bytes 2-4/10").await;
    check(&server, "Range: bytes=-3\r\n", "206 789 bytes 7-9/10").await;
    check(&server, "Range: bytes=10-\r\n", "416  bytes */10").await;
    check(&server, "Range: bytes=0-1,4-5\r\n", "200 0123456789").await;
    check(&server, &format!("Range: bytes=0-0\r\nIf-Range: {tag}\r\n"), "206 0 bytes 0-0/10").await;
    check(&server, "Range: bytes=0-0\r\nIf-Range: \"x\"\r\n", "200 0123456789").await;
    assert_eq!(server.ask("HEAD", INFO, "Range: bytes=0-0\r\n").await.status, 200, "a range is for GET");
}

#[tokio::test]
async fn text_is_compressed_for_those_who_take_it() {
    let (server, plain) = (server().await, go_mod());
    for _ in 0..2 {
        let zipped = server.get(GO_MOD, "Accept-Encoding: gzip\r\n").await;
        let mut text = String::new();
        GzDecoder::new(&*zipped.body).read_to_string(&mut text).unwrap();
        assert_eq!((zipped.header("content-encoding"), zipped.header("vary"), text), ("gzip", "accept-encoding", plain.clone()));
        assert_eq!(zipped.header("etag"), tag(plain.as_bytes(), "-gzip"));
        let whole = server.get(GO_MOD, "Accept-Encoding: gzip;q=0\r\n").await;
        assert_eq!((whole.header("content-encoding"), whole.header("vary"), whole.text()), ("", "accept-encoding", &*plain));
        assert_eq!(whole.header("etag"), tag(plain.as_bytes(), ""));
    }
}

#[tokio::test]
async fn a_range_is_of_the_plain_bytes_and_either_tag_is_known() {
    let (server, plain) = (server().await, go_mod());
    let part = server.get(GO_MOD, "Accept-Encoding: gzip\r\nRange: bytes=0-5\r\n").await;
    assert_eq!((said(&part), part.header("content-encoding")), (format!("206 module bytes 0-5/{}", plain.len()), ""));
    for suffix in ["", "-gzip"] {
        let tag = tag(plain.as_bytes(), suffix);
        let response = server.get(GO_MOD, &format!("Accept-Encoding: gzip\r\nIf-None-Match: {tag}\r\n")).await;
        assert_eq!((response.status, response.header("etag")), (304, &*tag));
    }
}

#[tokio::test]
async fn what_is_small_or_no_text_is_never_compressed() {
    let server = server().await;
    for path in [INFO, "/example.com/m/@v/v1.0.0.zip"] {
        let response = server.get(path, "Accept-Encoding: gzip\r\n").await;
        assert_eq!((response.header("content-encoding"), response.header("vary")), ("", ""), "{path}");
    }
}

#[tokio::test]
async fn a_short_lived_answer_is_given_again_only_for_its_time() {
    let brief = Duration::from_millis(200);
    let answer = Answer { hot_for: brief, ..memory("v1.0.0\n", Media::Text, Caching::Revalidate) };
    let server = Server::start(Script::default().with(LIST, Ok(answer))).await;
    let asked = || server.script.asked.lock().unwrap().len();
    let began = Instant::now();
    while asked() < 2 {
        assert_eq!(server.get(LIST, "").await.text(), "v1.0.0\n");
        assert!(asked() < 2 || began.elapsed() >= brief, "not before its time");
        assert!(began.elapsed() < DEADLINE, "its time ends");
    }
    server.door.forget_hot();
    server.get(LIST, "").await;
    assert_eq!(asked(), 3, "what is forgotten is asked for");
}
