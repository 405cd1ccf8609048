//! HTTP and git as the servers of a case speak them.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::sync::Arc;

use gomod::client::File;
use gomod::module::{unescape_path, unescape_version};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use testkit::sumdb::NAME;

/// A request as far as it matters.
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// `git http-backend` as CGI wants it called.
pub(crate) fn backend(
    stream: &mut impl Write,
    directory: &std::path::Path,
    rest: &str,
    query: &str,
    request: &Request,
) -> io::Result<()> {
    let header = |name: &str| request.header(name).unwrap_or_default().to_owned();
    let mut command = Command::new("git");
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null").env("HOME", "/nonexistent");
    command.arg("http-backend").env("GIT_HTTP_EXPORT_ALL", "1").env("PATH_INFO", rest).env("GIT_PROJECT_ROOT", directory);
    command.env("REMOTE_ADDR", "127.0.0.1").env("REMOTE_USER", "somebody").env("REQUEST_METHOD", &request.method);
    command.env("QUERY_STRING", query).env("CONTENT_TYPE", header("content-type")).env("GIT_PROTOCOL", header("git-protocol"));
    command.env("HTTP_CONTENT_ENCODING", header("content-encoding")).env("CONTENT_LENGTH", request.body.len().to_string());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    // Its requests are short: they fit into the pipe.
    child.stdin.take().expect("it is piped").write_all(&request.body)?;
    let output = child.wait_with_output()?.stdout;
    let end = output.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(0);
    let head = String::from_utf8_lossy(&output[..end]).into_owned();
    let status = head.lines().find_map(|line| line.strip_prefix("Status: ")).unwrap_or("200 OK").to_owned();
    let fields: String = head.lines().filter(|line| !line.starts_with("Status:")).map(|line| format!("{line}\r\n")).collect();
    let body = output.get(end + 4..).unwrap_or_default();
    let head = format!("HTTP/1.1 {status}\r\n{fields}Connection: close\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    stream.flush()
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn is_git(&self) -> bool {
        self.header("user-agent").is_some_and(|agent| agent.starts_with("git/"))
    }
}

pub(crate) fn secure(stream: TcpStream, config: &Arc<ServerConfig>) -> io::Result<StreamOwned<ServerConnection, TcpStream>> {
    let connection = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
    Ok(StreamOwned::new(connection, stream))
}

pub(crate) fn read(stream: &mut impl Read) -> io::Result<Option<Request>> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace();
    let (Some(method), Some(target)) = (words.next(), words.next()) else { return Ok(None) };
    let (method, target) = (method.to_owned(), target.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let mut request = Request { method, target, headers, body: Vec::new() };
    let length = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    request.body = vec![0; length];
    reader.read_exact(&mut request.body)?;
    Ok(Some(request))
}

pub(crate) fn respond(stream: &mut impl Write, status: u16, kind: &str, body: &[u8]) -> io::Result<()> {
    let reason = http::StatusCode::from_u16(status).ok().and_then(|code| code.canonical_reason()).unwrap_or("Scripted");
    let length = if status == 204 || status == 304 { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    let head = format!("HTTP/1.1 {status} {reason}\r\nContent-Type: {kind}\r\n{length}Connection: close\r\n\r\n");
    stream.write_all(head.as_bytes())?;
    if !length.is_empty() {
        stream.write_all(body)?;
    }
    stream.flush()
}

pub(crate) fn below_sumdb(target: &str) -> &str {
    target.strip_prefix(&format!("/sumdb/{NAME}/")).unwrap_or(target)
}

/// The module and the file of a path of the protocol.
pub(crate) fn asked(target: &str) -> Option<(String, File)> {
    let path = target.strip_prefix('/')?;
    if let Some(module) = path.strip_suffix("/@latest") {
        return Some((unescape_path(module).ok()?, File::Latest));
    }
    let (module, file) = path.split_once("/@v/")?;
    let module = unescape_path(module).ok()?;
    if file == "list" {
        return Some((module, File::List(String::new())));
    }
    let (version, kind) = file.rsplit_once('.')?;
    let version = unescape_version(version).ok()?;
    match kind {
        "info" => Some((module, File::Info(version))),
        "mod" => Some((module, File::Mod(version))),
        "zip" => Some((module, File::Zip(version))),
        _ => None,
    }
}

pub(crate) fn unpercent(target: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = target.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escape = (*first == b'%').then(|| after.get(..2)).flatten();
        let value = escape.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(value.unwrap_or(*first));
        rest = if value.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
