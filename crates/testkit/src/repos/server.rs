//! Git over smart HTTP, with go-import pages beside it.

use std::{
    collections::HashMap,
    convert::Infallible,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    task::{JoinHandle, JoinSet},
};
use tokio_rustls::TlsAcceptor;

use super::{Format, Repository, cgi};
use crate::{tls::Ca, world::Seen};

/// Serves repositories by git's own `http-backend` on a loopback port. Stops when dropped.
///
/// Shape: HTTP/1.1, plain or over TLS with a certificate of an authority of its own for `127.0.0.1`, `localhost`, `example.test`,
/// `*.example.test` and `gopkg.in`. A request in a forward proxy's form (`GET http://host/path`) is answered as well, so that clients may use the
/// server as their proxy for names that do not exist; CONNECT is refused.
#[derive(Debug)]
pub struct GitServer {
    address: SocketAddr,
    ca: Option<Ca>,
    site: Arc<Site>,
    task: JoinHandle<()>,
}

impl GitServer {
    /// Starts one. With `login`, a user and a password, repositories are for who knows them; pages are for all.
    pub async fn start(https: bool, login: Option<(&str, &str)>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let ca = https.then(Ca::new);
        let names = ["127.0.0.1", "localhost", "example.test", "*.example.test", "gopkg.in"];
        let tls = ca.as_ref().map(|ca| ca.leaf(&names).server(&["http/1.1"]));
        let site = Arc::new(Site { login: login.map(|(user, password)| basic(user, password)), ..Site::default() });
        let task = tokio::spawn(accept(listener, tls, Arc::clone(&site)));
        Self { address, ca, site, task }
    }

    /// Its base URL, by address, without a slash at the end.
    pub fn url(&self) -> String {
        format!("{}://{}", if self.ca.is_some() { "https" } else { "http" }, self.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The certificate to trust; empty over plain HTTP.
    pub fn ca_pem(&self) -> &str {
        self.ca.as_ref().map_or("", Ca::pem)
    }

    /// An empty SHA-1 repository, served as `/name` and `/name.git`. The name may have slashes.
    pub fn make(&self, name: &str) -> Repository {
        let repository = Repository::new(Format::Sha1);
        self.serve(name, &repository);
        repository
    }

    /// Serves a repository as `/name` and `/name.git`, and keeps it.
    pub fn serve(&self, name: &str, repository: &Repository) {
        lock(&self.site.repositories).insert(name.into(), repository.clone());
    }

    /// Answers the discovery of `at` with a go-import tag. `at` is `/path` on any host, or `host/path`.
    ///
    /// Specimen: `server.page("example.test/lib", &format!("example.test/lib git {}/lib", server.url()))`
    pub fn page(&self, at: &str, import: &str) {
        let page = format!("<!DOCTYPE html><html><head><meta name=\"go-import\" content=\"{import}\"></head></html>\n");
        self.answer(at, 200, &[("content-type", "text/html; charset=utf-8")], page);
    }

    /// Answers `at`, without its query, with just this, before pages or repositories are looked for.
    pub fn answer(&self, at: &str, status: u16, headers: &[(&str, &str)], body: impl Into<Bytes>) {
        let mut response = Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        lock(&self.site.answers).insert(at.into(), response.body(Full::new(body.into())).expect("a sound answer"));
    }

    /// Redirects everything that begins with `prefix`, such as `/old`, to `base` with the rest after it.
    pub fn redirect(&self, prefix: &str, base: &str) {
        lock(&self.site.redirects).push((prefix.into(), base.into()));
    }

    /// All requests until now, in order of arrival, with their headers.
    pub fn requests(&self) -> Vec<Seen> {
        lock(&self.site.seen).clone()
    }

    /// How many connections were accepted until now.
    pub fn connections(&self) -> usize {
        self.site.connections.load(Ordering::SeqCst)
    }
}

impl Drop for GitServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What is served, and what was asked for.
#[derive(Default, Debug)]
struct Site {
    login: Option<String>,
    repositories: Mutex<HashMap<String, Repository>>,
    answers: Mutex<HashMap<String, Response<Full<Bytes>>>>,
    redirects: Mutex<Vec<(String, String)>>,
    seen: Mutex<Vec<Seen>>,
    connections: AtomicUsize,
}

impl Site {
    async fn answer(&self, request: Request<Incoming>, connection: usize) -> Response<Full<Bytes>> {
        self.note(&request, connection);
        let path = request.uri().path().to_owned();
        let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let host = host.rsplit_once(':').map_or(host, |(name, _)| name).to_owned();
        if let Some(answer) = self.fixed(&host, &path) {
            return answer;
        }
        let Some((directory, rest)) = self.repository(&path) else { return plain(StatusCode::NOT_FOUND, "not found\n") };
        let claimed = request.headers().get(header::AUTHORIZATION).map(|value| value.as_bytes());
        if self.login.is_some() && self.login.as_ref().map(String::as_bytes) != claimed {
            let mut refusal = plain(StatusCode::UNAUTHORIZED, "who are you?\n");
            refusal.headers_mut().insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Basic realm=\"test\""));
            return refusal;
        }
        cgi::answer(&directory, &rest, request).await
    }

    /// A scripted answer or a redirect.
    fn fixed(&self, host: &str, path: &str) -> Option<Response<Full<Bytes>>> {
        let answers = lock(&self.answers);
        if let Some(answer) = answers.get(&format!("{host}{path}")).or_else(|| answers.get(path)) {
            return Some(answer.clone());
        }
        lock(&self.redirects).iter().find_map(|(prefix, base)| {
            let location = format!("{base}{}", path.strip_prefix(prefix.as_str())?);
            let response = Response::builder().status(StatusCode::FOUND).header(header::LOCATION, location);
            Some(response.body(Full::default()).expect("a sound redirect"))
        })
    }

    /// The repository's folder, and the rest of the path with its slash.
    fn repository(&self, path: &str) -> Option<(PathBuf, String)> {
        let repositories = lock(&self.repositories);
        let path = path.strip_prefix('/')?;
        path.match_indices('/').find_map(|(at, _)| {
            let name = &path[..at];
            let found = repositories.get(name).or_else(|| repositories.get(name.strip_suffix(".git")?))?;
            Some((found.directory().to_owned(), path[at..].to_owned()))
        })
    }

    fn note(&self, request: &Request<Incoming>, connection: usize) {
        let text = |value: &header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        lock(&self.seen).push(Seen {
            method: request.method().to_string(),
            target: request.uri().to_string(),
            headers: request.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
            connection,
            http2: false,
        });
    }
}

async fn accept(listener: TcpListener, tls: Option<Arc<ServerConfig>>, site: Arc<Site>) {
    let mut all = JoinSet::new();
    for connection in 1.. {
        let Ok((stream, _)) = listener.accept().await else { break };
        site.connections.fetch_add(1, Ordering::SeqCst);
        let (tls, site) = (tls.clone(), Arc::clone(&site));
        all.spawn(async move {
            match tls {
                None => converse(stream, site, connection).await,
                Some(tls) => {
                    let Ok(stream) = TlsAcceptor::from(tls).accept(stream).await else { return };
                    converse(stream, site, connection).await;
                }
            }
        });
    }
}

async fn converse(stream: impl AsyncRead + AsyncWrite + Unpin, site: Arc<Site>, connection: usize) {
    let service = service_fn(|request| {
        let site = Arc::clone(&site);
        async move { Ok::<_, Infallible>(site.answer(request, connection).await) }
    });
    // A client that hangs up is no trouble of the server's.
    drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
}

pub(super) fn plain(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

/// The Authorization field of a login.
fn basic(user: &str, password: &str) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
