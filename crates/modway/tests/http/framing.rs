//! Requests that another server could read differently are refused, and nothing after them is answered.

use proxy::answer::{Caching, Media};

use crate::support::{Script, Server, memory};

const PATH: &str = "/example.com/m/@v/list";

async fn server() -> Server {
    Server::start(Script::default().with(PATH, Ok(memory("v1.0.0\n", Media::Text, Caching::Revalidate)))).await
}

/// Sends `head` and `rest`, then a second request: only `status` may come back, and no second answer.
async fn check(server: &Server, request: &str, status: &str) {
    let second = format!("GET {PATH} HTTP/1.1\r\nHost: test\r\n\r\n");
    let said = server.raw(format!("{request}{second}")).await;
    assert!(said.starts_with(&format!("HTTP/1.1 {status} ")), "{request:?}: {said}");
    assert_eq!(answers(&said), 1, "{request:?}: {said}");
    assert!(!said.contains("v1.0.0"), "{request:?}: {said}");
}

/// How many status lines there are.
fn answers(said: &str) -> usize {
    said.lines().filter(|line| line.starts_with("HTTP/1.1 ")).count()
}

#[tokio::test]
async fn a_request_with_a_body_ends_its_connection() {
    let server = server().await;
    for headers in [
        "Content-Length: 5\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
        "Content-Length: 0\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nContent-Length: 5\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: 5, 5\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 0x5\r\n",
        "Content-Length: 99999999999999999999\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding:\tchunked\r\n",
        "Expect: 100-continue\r\nContent-Length: 5\r\n",
    ] {
        check(&server, &format!("GET {PATH} HTTP/1.1\r\nHost: test\r\n{headers}\r\n"), "400").await;
    }
    check(&server, &format!("GET {PATH} HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), "400").await;
}

#[tokio::test]
async fn bare_line_feeds_and_folded_headers_are_refused() {
    let server = server().await;
    for request in [
        format!("GET {PATH} HTTP/1.1\nHost: test\n\n"),
        format!("GET {PATH} HTTP/1.1\r\nHost: test\n\r\n"),
        format!("GET {PATH} HTTP/1.1\r\nHost: test\r\nX: a\n b\r\n\r\n"),
        format!("GET {PATH} HTTP/1.1\r\nHost: test\r\nX: a\r\n b\r\n\r\n"),
        format!("GET {PATH} HTTP/1.1\r\nHost: test\r\n X: a\r\n\r\n"),
        format!("GET {PATH} HTTP/1.1\r\nHost: test\r\nX : a\r\n\r\n"),
        format!("GET {PATH} HTTP/1.1\r\nHost: test\r\nX: a\rb\r\n\r\n"),
        format!("GET {PATH} HTTP/1.1\r\nHost: test\r\nX: a\0b\r\n\r\n"),
        format!("GET {PATH}#x HTTP/1.1\r\nHost: test\r\n\r\n"),
        format!("GET  {PATH} HTTP/1.1\r\nHost: test\r\n\r\n"),
        format!("GET {PATH} x HTTP/1.1\r\nHost: test\r\n\r\n"),
        format!("GET {PATH}\tHTTP/1.1\r\nHost: test\r\n\r\n"),
        format!("GET {PATH}\r\n\r\n"),
        format!("GET {PATH} HTTP/2.0\r\nHost: test\r\n\r\n"),
        "\0\r\n\r\n".to_owned(),
    ] {
        check(&server, &request, "400").await;
    }
}

#[tokio::test]
async fn a_host_is_needed_exactly_once() {
    let server = server().await;
    check(&server, &format!("GET {PATH} HTTP/1.1\r\n\r\n"), "400").await;
    check(&server, &format!("GET {PATH} HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), "400").await;
    assert!(server.raw(format!("GET {PATH} HTTP/1.0\r\n\r\n")).await.ends_with("\r\n\r\nv1.0.0\n"), "HTTP/1.0 has none");
}

#[tokio::test]
async fn this_is_no_forward_proxy() {
    let server = server().await;
    for target in
        [format!("http://test{PATH}"), format!("http://other.test{PATH}"), "*".to_owned(), "test:443".to_owned(), "x".to_owned()]
    {
        check(&server, &format!("GET {target} HTTP/1.1\r\nHost: test\r\n\r\n"), "400").await;
    }
    check(&server, "CONNECT other.test:443 HTTP/1.1\r\nHost: other.test:443\r\n\r\n", "405").await;
    assert!(server.script.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn other_methods_end_their_connection() {
    let server = server().await;
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "get", "X"] {
        let said = server
            .raw(format!(
                "{method} {PATH} HTTP/1.1\r\nHost: test\r\nContent-Length: 40\r\n\r\nGET / HTTP/1.1\r\nHost: test\r\n\r\n12345678"
            ))
            .await;
        assert!(said.starts_with("HTTP/1.1 405 ") && said.contains("\r\nallow: GET, HEAD\r\n"), "{method}: {said}");
        assert_eq!(answers(&said), 1, "{method}: {said}");
    }
}

#[tokio::test]
async fn a_header_that_is_too_large_is_refused() {
    let server = server().await;
    let many = "X: y\r\n".repeat(101);
    check(&server, &format!("GET {PATH} HTTP/1.1\r\nHost: test\r\n{many}\r\n"), "431").await;
    check(&server, &format!("GET {PATH} HTTP/1.1\r\nHost: test\r\nX: {}\r\n\r\n", "y".repeat(40 << 10)), "431").await;
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let server = server().await;
    let mut client = server.connect().await;
    let ask = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n");
    client.send([ask(PATH), ask("/-/health"), ask("/example.com/none/@v/list")].concat()).await;
    let mut statuses = Vec::new();
    for _ in 0..3 {
        let response = client.response(false).await.unwrap();
        statuses.push((response.status, response.text().lines().next().unwrap_or_default().to_owned()));
    }
    assert_eq!(
        statuses,
        [(200, "v1.0.0".to_owned()), (200, "ok".to_owned()), (404, "not found: /example.com/none/@v/list".to_owned())]
    );
}

#[tokio::test]
async fn headers_that_are_not_ours_to_heed_change_nothing() {
    let server = server().await;
    let plain = server.get(PATH, "").await;
    for header in [
        "X-Forwarded-Host: evil.test",
        "X-Forwarded-Proto: gopher",
        "Forwarded: for=x",
        "X-Original-URL: /-/metrics",
        "X-HTTP-Method-Override: DELETE",
        "X-Request-Id: mine",
        "Origin: http://evil.test",
    ] {
        let response = server.get(PATH, &format!("{header}\r\n")).await;
        assert_eq!(
            (response.status, &response.body, response.header("etag")),
            (200, &plain.body, plain.header("etag")),
            "{header}"
        );
        assert!(!format!("{:?}", response.headers).contains("evil") && response.header("x-request-id") != "mine", "{header}");
    }
}
