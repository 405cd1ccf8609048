//! The world of one worker on loopback: module proxies, hosts behind a forward proxy, a checksum database. All write into one log.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use gomod::client::File;
use gomod::module::{unescape_path, unescape_version};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use testkit::sumdb::{NAME, Sumdb};
use testkit::tls::Ca;

use crate::case::{Case, HOPS, HTML, Host, HostTls, PageKind, Places, Reply, RepositoryKind, Transport};
use crate::universe::{PRIVATE_HOST, PUBLIC_HOST, ROOTS, Universe};

/// The certificates: an authority that Go trusts, and one that it does not.
pub(crate) struct Trust {
    pub(crate) good: Ca,
    pub(crate) other: Ca,
}

impl Trust {
    pub(crate) fn new() -> Self {
        Trust { good: Ca::new(), other: Ca::new() }
    }
}

/// One worker's servers. Their threads end with the test.
pub(crate) struct Servers {
    shared: Arc<Shared>,
    http: Vec<SocketAddr>,
    https: Vec<SocketAddr>,
    untrusted: Vec<SocketAddr>,
    refused: SocketAddr,
    pub(crate) forward: SocketAddr,
    pub(crate) database: SocketAddr,
    /// Bound and not listening: the port refuses, and is nobody else's.
    _bound: tokio::net::TcpSocket,
}

struct Shared {
    universe: &'static Universe,
    sumdb: Sumdb,
    case: RwLock<Option<Arc<(Case, Places)>>>,
    log: Mutex<Vec<String>>,
    /// Where nobody listens.
    nowhere: SocketAddr,
    good: Arc<ServerConfig>,
    other: Arc<ServerConfig>,
}

/// Who a listener is.
#[derive(Clone)]
enum Role {
    Hop(usize, Option<Arc<ServerConfig>>),
    Forward,
    Database,
    /// A host behind the forward proxy, by its URL.
    Host(String),
}

/// A request as far as it matters.
struct Request {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Servers {
    pub(crate) fn start(universe: &'static Universe, trust: &Trust, sumdb: Sumdb) -> Self {
        let names = ["127.0.0.1", PRIVATE_HOST, PUBLIC_HOST, "sum.test"];
        let bound = tokio::net::TcpSocket::new_v4().expect("a socket");
        bound.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("some port is free");
        let nowhere = bound.local_addr().expect("it is bound");
        let shared = Arc::new(Shared {
            nowhere,
            universe,
            sumdb,
            case: RwLock::default(),
            log: Mutex::default(),
            good: trust.good.leaf(&names).server(&["http/1.1"]),
            other: trust.other.leaf(&names).server(&["http/1.1"]),
        });
        let hops = |tls: Option<&Arc<ServerConfig>>| -> Vec<SocketAddr> {
            (0..HOPS).map(|at| listen(&shared, Role::Hop(at, tls.cloned()))).collect()
        };
        Servers {
            http: hops(None),
            https: hops(Some(&shared.good)),
            untrusted: hops(Some(&shared.other)),
            refused: nowhere,
            forward: listen(&shared, Role::Forward),
            database: listen(&shared, Role::Database),
            _bound: bound,
            shared,
        }
    }

    /// Plays a case from now on, with an empty log; says where its hops are. Those that are folders are made below `folders`.
    pub(crate) fn play(&self, case: &Case, folders: &Path) -> Places {
        let place = |(at, hop): (usize, &crate::case::Hop)| match hop.transport {
            Transport::Http | Transport::NotTls => self.http[at].to_string(),
            Transport::Https => self.https[at].to_string(),
            Transport::Untrusted => self.untrusted[at].to_string(),
            Transport::Refused => self.refused.to_string(),
            Transport::File => folders.join(at.to_string()).display().to_string(),
        };
        let places: Places = case.hops.iter().enumerate().map(place).collect();
        for (hop, place) in case.hops.iter().zip(&places).filter(|(hop, _)| hop.transport == Transport::File) {
            self.fill(hop, Path::new(place));
        }
        self.shared.sumdb.lie(case.sumdb.lie.clone());
        *self.shared.case.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new((case.clone(), places.clone())));
        self.shared.log.lock().unwrap_or_else(PoisonError::into_inner).clear();
        places
    }

    /// Lays a hop out as a folder.
    fn fill(&self, hop: &crate::case::Hop, folder: &Path) {
        for (module, versions) in &hop.knows {
            let mut files = vec![File::List(String::new()), File::Latest, File::Info("main".into())];
            for version in versions {
                files.extend([File::Info(version.clone()), File::Mod(version.clone()), File::Zip(version.clone())]);
            }
            for file in files {
                let reply = hop.reply(self.shared.universe, module, &file);
                let path = folder.join(crate::compare::path_of(module, &file));
                if !matches!(reply, Reply::Status(_) | Reply::Reset | Reply::Cut(_) | Reply::Redirect) {
                    std::fs::create_dir_all(path.parent().expect("it has a folder")).expect("the folder is ours");
                    std::fs::write(path, reply.body()).expect("the folder is ours");
                }
            }
        }
    }

    /// Who was asked what until now.
    pub(crate) fn log(&self) -> Vec<String> {
        self.shared.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn listen(shared: &Arc<Shared>, role: Role) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("some port is free");
    let address = listener.local_addr().expect("it is bound");
    let shared = Arc::clone(shared);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (shared, role) = (Arc::clone(&shared), role.clone());
            // How a client leaves is its own affair.
            std::thread::spawn(move || drop(shared.connection(stream, &role)));
        }
    });
    address
}

impl Shared {
    fn note(&self, event: String) {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).push(event);
    }

    fn case(&self) -> Option<Arc<(Case, Places)>> {
        self.case.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn connection(&self, mut stream: TcpStream, role: &Role) -> io::Result<()> {
        match role {
            Role::Hop(at, Some(tls)) => {
                if Arc::ptr_eq(tls, &self.other) {
                    self.note(format!("hop{at} tls"));
                }
                self.one(&mut secure(stream, tls)?, role)
            }
            Role::Hop(at, None) => {
                let mut first = [0];
                if stream.peek(&mut first)? == 1 && first[0] == 0x16 {
                    self.note(format!("hop{at} tls"));
                    return stream.write_all(b"HTTP/1.0 400 Bad Request\r\n\r\nthis is no TLS\n");
                }
                self.one(&mut stream, role)
            }
            Role::Forward => self.forward(stream),
            Role::Database | Role::Host(_) => self.one(&mut stream, role),
        }
    }

    /// Serves one request.
    fn one(&self, stream: &mut (impl Read + Write), role: &Role) -> io::Result<()> {
        let Some(request) = read(stream)? else { return Ok(()) };
        let Some(case) = self.case() else { return Ok(()) };
        self.serve(stream, role, &request, &case.0, &case.1)
    }

    fn serve(
        &self,
        stream: &mut (impl Read + Write),
        role: &Role,
        request: &Request,
        case: &Case,
        places: &Places,
    ) -> io::Result<()> {
        match role {
            Role::Hop(at, _) => self.hop(stream, *at, request, case),
            Role::Database => self.database(stream, "itself", &request.target),
            Role::Host(base) if base.ends_with("sum.test") => {
                self.database(stream, "itself", request.target.trim_start_matches("/db"))
            }
            Role::Host(base) => self.host(stream, base, request, case, places),
            Role::Forward => Ok(()),
        }
    }

    fn hop(&self, stream: &mut (impl Read + Write), at: usize, request: &Request, case: &Case) -> io::Result<()> {
        let target = unpercent(&request.target);
        let Some(hop) = case.hops.get(at) else { return Ok(()) };
        let is_sumdb = target.starts_with("/sumdb/");
        if !is_sumdb {
            self.note(format!("hop{at} {}", target.trim_start_matches('/')));
        }
        if hop.login && request.header("authorization").is_none() {
            if is_sumdb {
                self.note(format!("sumdb hop{at} {}", below_sumdb(&target)));
            }
            return respond(stream, 401, "text/plain", b"who are you?\n");
        }
        if is_sumdb {
            return match below_sumdb(&target) {
                "supported" => {
                    self.note(format!("sumdb hop{at} supported"));
                    respond(stream, hop.supported, "text/plain", b"")
                }
                below => self.database(stream, &format!("hop{at}"), &format!("/{below}")),
            };
        }
        let Some((module, file)) = asked(&target) else { return respond(stream, 404, "text/plain", b"no such path\n") };
        match hop.reply(self.universe, &module, &file) {
            Reply::Status(status) => respond(stream, status, "text/plain; charset=utf-8", b"said by a test\n"),
            Reply::Reset => Ok(()),
            Reply::Redirect => {
                let head = "HTTP/1.1 302 Found\r\nConnection: close\r\nContent-Length: 0\r\n";
                stream.write_all(format!("{head}Location: http://{}/elsewhere\r\n\r\n", self.nowhere).as_bytes())
            }
            Reply::Cut(body) => {
                let head = format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len() + 10);
                stream.write_all(head.as_bytes())?;
                stream.write_all(&body)
            }
            Reply::Html => respond(stream, 200, "text/html", HTML.as_bytes()),
            reply @ (Reply::List(_) | Reply::Info(..) | Reply::Text(_) | Reply::Zip(_)) => {
                respond(stream, 200, "application/octet-stream", &reply.body())
            }
        }
    }

    fn database(&self, stream: &mut impl Write, who: &str, target: &str) -> io::Result<()> {
        let target = unpercent(target);
        self.note(format!("sumdb {who} {}", target.trim_start_matches('/')));
        let (status, body) = self.sumdb.answer(&unbanged(&target));
        respond(stream, status, "text/plain; charset=utf-8", &body)
    }

    /// The forward proxy: CONNECT to a host, or a whole URL.
    fn forward(&self, mut stream: TcpStream) -> io::Result<()> {
        let Some(request) = read(&mut stream)? else { return Ok(()) };
        let Some(case) = self.case() else { return Ok(()) };
        let (case, places) = (&case.0, &case.1);
        let who = if request.is_git() { "git" } else { "go" };
        if request.method != "CONNECT" {
            let Some((host, path)) = request.target.trim_start_matches("http://").split_once('/') else { return Ok(()) };
            let base = format!("http://{host}");
            let inner = Request { target: format!("/{path}"), ..request };
            return self.serve(&mut stream, &Role::Host(base), &inner, case, places);
        }
        let host = request.target.trim_end_matches(":443").to_owned();
        let tls = if host == "sum.test" { case.sumdb.tls } else { case.host.tls };
        let config = match tls {
            HostTls::Good => &self.good,
            HostTls::Untrusted => {
                self.note(format!("{who} tls {host}"));
                &self.other
            }
            HostTls::None => {
                self.note(format!("{who} tls {host}"));
                return stream.write_all(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            }
        };
        stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
        self.one(&mut secure(stream, config)?, &Role::Host(format!("https://{host}")))
    }

    fn host(&self, stream: &mut impl Write, base: &str, request: &Request, case: &Case, places: &Places) -> io::Result<()> {
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let host = base.split_once("://").map_or(base, |(_, host)| host);
        if query == "go-get=1" && !request.is_git() {
            let name = format!("{host}{path}");
            self.note(format!("page {base}{}", path.trim_end_matches('/')));
            let (status, body) = match case.host.page {
                PageKind::Login if request.header("authorization").is_some() => {
                    let host = Host { page: PageKind::Git, ..case.host };
                    Case { host, ..case.clone() }.page(name.trim_end_matches('/'), places)
                }
                _ => case.page(name.trim_end_matches('/'), places),
            };
            return respond(stream, status, "text/html; charset=utf-8", body.as_bytes());
        }
        let Some((repository, rest)) = ["/info/refs", "/git-upload-pack", "/HEAD"]
            .iter()
            .find_map(|rest| path.strip_suffix(rest).map(|repository| (repository, *rest)))
        else {
            self.note(format!("go {base}{path}"));
            return respond(stream, 404, "text/plain", b"no such path\n");
        };
        if request.is_git() {
            self.note(format!("git {base}{repository}"));
        }
        let url = format!("{host}{repository}");
        let root = ROOTS.iter().find(|root| url == **root || root.starts_with(host) && repository == "/repo/lib");
        let Some(root) = root else { return respond(stream, 404, "text/plain", b"no such repository\n") };
        let Host { repository, .. } = case.host;
        match repository {
            RepositoryKind::Missing => respond(stream, 404, "text/plain", b"no such repository\n"),
            RepositoryKind::Login if request.header("authorization").is_none() => {
                stream.write_all(b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"test\"\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            }
            RepositoryKind::Open | RepositoryKind::Login => {
                let directory = self.universe.repositories[root].directory();
                backend(stream, directory, rest, query, request)
            }
        }
    }
}

/// `git http-backend` as CGI wants it called.
fn backend(stream: &mut impl Write, directory: &std::path::Path, rest: &str, query: &str, request: &Request) -> io::Result<()> {
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
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn is_git(&self) -> bool {
        self.header("user-agent").is_some_and(|agent| agent.starts_with("git/"))
    }
}

fn secure(stream: TcpStream, config: &Arc<ServerConfig>) -> io::Result<StreamOwned<ServerConnection, TcpStream>> {
    let connection = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
    Ok(StreamOwned::new(connection, stream))
}

fn read(stream: &mut impl Read) -> io::Result<Option<Request>> {
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

fn respond(stream: &mut impl Write, status: u16, kind: &str, body: &[u8]) -> io::Result<()> {
    let reason = http::StatusCode::from_u16(status).ok().and_then(|code| code.canonical_reason()).unwrap_or("Scripted");
    let length = if status == 204 || status == 304 { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    let head = format!("HTTP/1.1 {status} {reason}\r\nContent-Type: {kind}\r\n{length}Connection: close\r\n\r\n");
    stream.write_all(head.as_bytes())?;
    if !length.is_empty() {
        stream.write_all(body)?;
    }
    stream.flush()
}

fn below_sumdb(target: &str) -> &str {
    target.strip_prefix(&format!("/sumdb/{NAME}/")).unwrap_or(target)
}

/// The module and the file of a path of the protocol.
fn asked(target: &str) -> Option<(String, File)> {
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

/// A lookup without the escapes of module path and version.
fn unbanged(target: &str) -> String {
    let plain = target.strip_prefix("/lookup/").and_then(|subject| subject.split_once('@')).and_then(|(module, version)| {
        let (module, version) = (unescape_path(module).ok()?, unescape_version(version).ok()?);
        Some(format!("/lookup/{module}@{version}"))
    });
    plain.unwrap_or_else(|| target.to_owned())
}

fn unpercent(target: &str) -> String {
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
