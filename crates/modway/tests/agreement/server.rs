//! The world of one worker on loopback: module proxies, hosts behind a forward proxy, a checksum database. All write into one log.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use gomod::client::File;
use rustls::ServerConfig;
use testkit::sumdb::Sumdb;
use testkit::tls::Ca;

use crate::case::{Case, HOPS, Host, HostTls, PageKind, Places, RepositoryKind};
use crate::hop::{HTML, Hop, Reply, Transport};
use crate::universe::{PRIVATE_HOST, PUBLIC_HOST, ROOTS, Universe};
use crate::wire::{Request, asked, backend, below_sumdb, read, respond, secure, unpercent};

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
        let place = |(at, hop): (usize, &Hop)| match hop.transport {
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
    fn fill(&self, hop: &Hop, folder: &Path) {
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
        let (status, body) = self.sumdb.answer(&target);
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
