//! `git http-backend` as the Common Gateway Interface wants it called.

use std::{path::Path, process::Stdio};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    process::{Child, Command},
};

use super::server::plain;

/// Lets git answer a request for `rest` (`/info/refs`, …) of the repository in `directory`.
pub(super) async fn answer(directory: &Path, rest: &str, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let mut command = Command::from(super::git::git(directory));
    command.arg("http-backend").env("GIT_HTTP_EXPORT_ALL", "1").env("PATH_INFO", rest);
    command.env("GIT_PROJECT_ROOT", directory).env("REMOTE_ADDR", "127.0.0.1").env("REMOTE_USER", "somebody");
    command.env("REQUEST_METHOD", request.method().as_str()).env("QUERY_STRING", request.uri().query().unwrap_or_default());
    for (header, variable) in [
        ("content-type", "CONTENT_TYPE"),
        ("content-encoding", "HTTP_CONTENT_ENCODING"),
        ("git-protocol", "GIT_PROTOCOL"),
        ("accept-encoding", "HTTP_ACCEPT_ENCODING"),
    ] {
        if let Some(value) = request.headers().get(header).and_then(|value| value.to_str().ok()) {
            command.env(variable, value);
        }
    }
    let Ok(body) = request.into_body().collect().await else { return plain(StatusCode::BAD_REQUEST, "no body\n") };
    let body = body.to_bytes();
    command.env("CONTENT_LENGTH", body.len().to_string());
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true).spawn();
    response(exchange(child.expect("git is installed"), &body).await)
}

/// Writes the whole input while the output is read, so that neither waits for the other.
async fn exchange(mut child: Child, input: &[u8]) -> Vec<u8> {
    let mut stdin = child.stdin.take().expect("stdin is piped");
    let mut stdout = child.stdout.take().expect("stdout is piped");
    let mut output = Vec::new();
    let write = async {
        // git may have read enough.
        drop(stdin.write_all(input).await);
        drop(stdin);
    };
    let (_, read) = tokio::join!(write, stdout.read_to_end(&mut output));
    read.expect("a pipe can be read");
    drop(child.wait().await);
    output
}

/// Reads the CGI header fields off the output.
fn response(output: Vec<u8>) -> Response<Full<Bytes>> {
    let Some(end) = output.windows(4).position(|window| window == b"\r\n\r\n") else {
        return plain(StatusCode::INTERNAL_SERVER_ERROR, "git http-backend said nothing\n");
    };
    let head = String::from_utf8_lossy(&output[..end]).into_owned();
    let body = Bytes::from(output).slice(end + 4..);
    let mut response = Response::new(Full::new(body));
    for (name, value) in head.lines().filter_map(|line| line.split_once(": ")) {
        if name.eq_ignore_ascii_case("status") {
            *response.status_mut() = value.get(..3).and_then(|code| code.parse().ok()).unwrap_or(StatusCode::BAD_GATEWAY);
        } else if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}
