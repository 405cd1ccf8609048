//! The gateway: children speak plain http to us, on loopback, as to their forward proxy; we speak for them.
//!
//! A child so needs no name, address, certificate or login, and what goes wrong on the way is told by us and not guessed from a tool's words.
//! Each [`Pass`] has a token of its own, which binds a child to its one remote.

use std::{
    collections::HashMap,
    io,
    net::Ipv4Addr,
    sync::{Arc, Mutex, PoisonError},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, header::PROXY_AUTHORIZATION};
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use plan::Trouble;
use sha2::{Digest as _, Sha256};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OnceCell, Semaphore},
    task::{JoinHandle, JoinSet},
    time::sleep,
};
use url::Url;

use self::bound::Bound;
pub use self::pass::Pass;
use super::{
    Insecure,
    exchange::{Exchanger, family},
    ssh,
};
use crate::limits;

mod bound;
mod flow;
mod pass;
mod raw;
mod relay;
mod scope;
mod words;

/// Where children are let out.
pub(super) struct Gateway {
    exchanger: Arc<Exchanger>,
    passes: Arc<Passes>,
    door: OnceCell<Arc<Door>>,
}

/// The passes that are valid now, by the first half of their tokens.
#[derive(Default)]
struct Passes(Mutex<HashMap<String, (Hash, Arc<Bound>)>>);

/// A digest of a token's second half.
type Hash = [u8; 32];

/// The listener.
struct Door {
    port: u16,
    _task: Task,
}

/// Ended with its owner.
struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Gateway {
    pub(super) fn new(exchanger: Arc<Exchanger>) -> Self {
        Self { exchanger, passes: Arc::default(), door: OnceCell::new() }
    }

    /// See [`super::Egress::pass`].
    pub(super) async fn pass(&self, remote: &Url) -> Result<Pass, Trouble> {
        let at = self.exchanger.permits(remote, Insecure::No)?;
        self.exchanger.origins.of(remote).ask()?;
        match family(remote.scheme()) {
            "ssh" => Ok(Pass::by_ssh(remote, ssh::way(&self.exchanger, at, remote).await?)),
            "git" | "svn" => raw::pass(&self.exchanger, at, remote).await,
            _ => self.by_http(remote, Bound::new(Arc::clone(&self.exchanger), at, remote)).await,
        }
    }

    async fn by_http(&self, remote: &Url, bound: Bound) -> Result<Pass, Trouble> {
        let door = self.door.get_or_try_init(|| Door::open(Arc::clone(&self.passes))).await;
        let door = door.map_err(|cause| Trouble::Connect(format!("our gateway for children: {cause}")))?;
        let port = door.port;
        let (name, secret) = (random()?, random()?);
        let bound = Arc::new(bound);
        self.passes.add(name.clone(), digest(&secret), Arc::clone(&bound));
        let proxy = format!("http://{name}:{secret}@127.0.0.1:{port}");
        let valid = pass::Valid { name, passes: Arc::clone(&self.passes), _door: Arc::clone(door) };
        Ok(Pass::by_http(scope::told(remote), port, proxy, bound, valid))
    }
}

impl Passes {
    fn add(&self, name: String, hash: Hash, bound: Arc<Bound>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name, (hash, bound));
    }

    fn remove(&self, name: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }

    /// Whose request this is, by its `Proxy-Authorization`.
    fn whose(&self, headers: &HeaderMap) -> Option<Arc<Bound>> {
        let value = headers.get(PROXY_AUTHORIZATION)?.to_str().ok()?;
        let (scheme, encoded) = value.split_once(' ')?;
        let decoded = scheme.eq_ignore_ascii_case("basic").then(|| STANDARD.decode(encoded.trim()).ok()).flatten()?;
        let (name, secret) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
        let passes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (hash, bound) = passes.get(name)?;
        same(hash, &digest(secret)).then(|| Arc::clone(bound))
    }
}

impl Door {
    async fn open(passes: Arc<Passes>) -> io::Result<Arc<Self>> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        Ok(Arc::new(Self { port, _task: Task(tokio::spawn(accept(listener, passes))) }))
    }
}

async fn accept(listener: TcpListener, passes: Arc<Passes>) {
    let room = Arc::new(Semaphore::new(limits::MAX_GATEWAY_CONNECTIONS));
    let mut open = JoinSet::new();
    loop {
        // Nobody closes it.
        let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let passes = Arc::clone(&passes);
                open.spawn(async move {
                    serve(stream, passes).await;
                    drop(place);
                });
            }
            // Too many open files, for one: the next moment may be better.
            Err(_) => sleep(limits::ACCEPT_PAUSE).await,
        }
        while open.try_join_next().is_some() {}
    }
}

async fn serve(stream: TcpStream, passes: Arc<Passes>) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| relay::answer(Arc::clone(&passes), request));
    let mut server = http1::Builder::new();
    server
        .timer(TokioTimer::new())
        .header_read_timeout(limits::CHILD_HEAD)
        .max_headers(limits::MAX_CHILD_HEADERS)
        .max_buf_size(limits::MAX_CHILD_HEAD_BYTES);
    // How a connection ends is the child's business; what went wrong with the remote is noted where it is seen.
    let _ = server.serve_connection(TokioIo::new(stream), service).await;
}

/// 128 random bits as hex digits.
fn random() -> Result<String, Trouble> {
    let mut bytes = [0; 16];
    let filled = rustls::crypto::aws_lc_rs::default_provider().secure_random.fill(&mut bytes);
    filled.map_err(|_| Trouble::Refused("no random numbers for a pass".to_owned()))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn digest(secret: &str) -> Hash {
    Sha256::digest(secret.as_bytes()).into()
}

/// Compares all bytes, however early they differ; being digests, they would tell little anyway.
fn same(one: &Hash, other: &Hash) -> bool {
    let differing = one.iter().zip(other).fold(0, |differing, (one, other)| differing | (one ^ other));
    std::hint::black_box(differing) == 0
}
