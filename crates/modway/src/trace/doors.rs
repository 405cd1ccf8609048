//! Our doors on loopback: one for the recorders before GOPROXY's entries, and two forward proxies, one for the go command and one for git.
//!
//! Go looks at HTTP_PROXY before http_proxy and curl, which is in git, does the opposite: so the two are told apart by where they knock. All
//! doors open only to who knows the token, which is in the environment of the command and nowhere else.

use std::{
    io,
    net::Ipv4Addr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http::{Request, Response, header::PROXY_AUTHORIZATION};
use http_body_util::BodyExt;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::{JoinHandle, JoinSet},
    time::sleep,
};

use super::{
    courier::{Courier, Errand, Manners, Whole, answer, empty},
    detour::Hop,
    limits,
    record::{Asked, Phases, Recorder, Tunnel, Who},
    wire::Dialled,
};

/// A door that is open. Closes when dropped, with all that goes through it.
pub(super) struct Door {
    task: JoinHandle<()>,
}

impl Drop for Door {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A place to listen on.
pub(super) struct Place {
    listener: TcpListener,
    /// Its port.
    pub(super) port: u16,
}

/// What all doors share.
pub(super) struct Hall {
    pub(super) token: String,
    pub(super) hops: Vec<Hop>,
    /// For the go command.
    pub(super) go: Courier,
    /// For git and others.
    pub(super) child: Courier,
    pub(super) recorder: Arc<Recorder>,
    /// The tunnels that are open.
    pub(super) tunnels: Mutex<JoinSet<()>>,
}

/// What a door is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum For {
    /// Entries of GOPROXY, and GOSUMDB.
    Hops,
    /// All that is asked for by way of a forward proxy.
    Forward(Who),
}

impl Place {
    pub(super) async fn find() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        Ok(Self { listener, port })
    }

    /// Opens the door here.
    pub(super) fn open(self, to: For, hall: &Arc<Hall>) -> Door {
        let hall = Arc::clone(hall);
        Door { task: tokio::spawn(listen(self.listener, to, hall)) }
    }
}

async fn listen(listener: TcpListener, to: For, hall: Arc<Hall>) {
    let room = Arc::new(Semaphore::new(limits::MAX_CONNECTIONS));
    let mut open = JoinSet::new();
    loop {
        // Nobody closes it.
        let Ok(seat) = Arc::clone(&room).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let hall = Arc::clone(&hall);
                open.spawn(async move {
                    serve(stream, to, hall).await;
                    drop(seat);
                });
            }
            // Too many open files, for one: the next moment may be better.
            Err(_) => sleep(limits::ACCEPT_PAUSE).await,
        }
        while open.try_join_next().is_some() {}
    }
}

async fn serve(stream: TcpStream, to: For, hall: Arc<Hall>) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let hall = Arc::clone(&hall);
        async move { Ok::<_, std::convert::Infallible>(hall.answer(to, request).await) }
    });
    let mut server = http1::Builder::new();
    // How a connection ends is the command's business.
    let _ = server
        .max_buf_size(limits::MAX_HEAD_BYTES)
        .preserve_header_case(true)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
}

impl Hall {
    async fn answer(self: Arc<Self>, to: For, request: Request<Incoming>) -> Response<Whole> {
        match to {
            For::Hops => self.hop(request).await,
            For::Forward(who) if self.knows(&request) => {
                if request.method() == http::Method::CONNECT {
                    self.tunnel(who, request).await
                } else {
                    self.plain(who, request).await
                }
            }
            For::Forward(_) => {
                let mut response = answer(407, "Proxy Authentication Required");
                let challenge = http::HeaderValue::from_static("Basic realm=\"modway trace\"");
                response.headers_mut().insert(http::header::PROXY_AUTHENTICATE, challenge);
                response
            }
        }
    }

    fn of(&self, who: Who) -> &Courier {
        match who {
            Who::Go => &self.go,
            Who::Child => &self.child,
        }
    }

    /// Whether whoever asks has the token.
    fn knows(&self, request: &Request<Incoming>) -> bool {
        let login = super::detour::basic(USER, &self.token);
        login.is_some() && request.headers().get(PROXY_AUTHORIZATION) == login.as_ref()
    }

    /// A request for an entry: `/TOKEN/NUMBER/PATH`.
    async fn hop(&self, request: Request<Incoming>) -> Response<Whole> {
        let target = request.uri().path_and_query().map(|target| target.as_str().to_owned()).unwrap_or_default();
        let below = target.strip_prefix('/').and_then(|rest| rest.strip_prefix(self.token.as_str())?.strip_prefix('/'));
        let Some((number, rest)) = below.map(|below| below.split_at(below.find(['/', '?']).unwrap_or(below.len()))) else {
            return answer(404, "Not Found");
        };
        let Some(hop) = number.parse().ok().and_then(|number: usize| self.hops.get(number)) else {
            return answer(404, "Not Found");
        };
        let path = decoded(rest.split('?').next().unwrap_or_default());
        let (request, body) = request.into_parts();
        let url = format!("{}{rest}", hop.base);
        let body = BodyExt::boxed(body.map_err(Into::into));
        self.go.carry(Errand { asked: hop.asked, url, path, request, body, manners: hop.manners.clone() }).await
    }

    /// A request over plain http, its whole URL in the first line.
    async fn plain(&self, who: Who, request: Request<Incoming>) -> Response<Whole> {
        let asked = if who == Who::Go { Asked::Elsewhere } else { Asked::Child };
        let url = request.uri().to_string();
        let (request, body) = request.into_parts();
        let body = BodyExt::boxed(body.map_err(Into::into));
        self.of(who).carry(Errand { asked, url, path: String::new(), request, body, manners: Manners::Plain }).await
    }

    /// CONNECT: bytes are carried and counted, and not looked at.
    async fn tunnel(self: Arc<Self>, by: Who, request: Request<Incoming>) -> Response<Whole> {
        let Some(authority) = request.uri().authority().cloned() else { return answer(400, "Bad Request") };
        let (host, port) = (authority.host().trim_matches(['[', ']']).to_owned(), authority.port_u16().unwrap_or(443));
        let mut tunnel = Tunnel {
            by,
            host: authority.to_string(),
            began: self.recorder.now(),
            phases: Phases::default(),
            last: Duration::ZERO,
            ended: None,
            failure: None,
            sent_bytes: 0,
            received_bytes: 0,
            through: None,
            peer: None,
        };
        let place = self.recorder.tunnel(&tunnel);
        let mut dialled = Dialled::default();
        let opened = self.of(by).wires.tunnel(&host, port, &mut dialled).await;
        (tunnel.phases, tunnel.peer, tunnel.through) = (dialled.phases, dialled.peer, dialled.through);
        tunnel.phases.head = Some(self.recorder.now().saturating_sub(tunnel.began));
        let server = match opened {
            Ok(server) => server,
            Err(refused) => {
                tunnel.failure = Some(refused.to_string());
                tunnel.ended = Some(self.recorder.now());
                self.recorder.tunnelled(place, &tunnel);
                // The go command shows the words of this line as its own.
                return answer(502, &refused.to_string());
            }
        };
        self.recorder.tunnelled(place, &tunnel);
        let recorder = Arc::clone(&self.recorder);
        let carried = super::tunnel::carry(request, server, super::tunnel::Ledger::new(recorder, place, tunnel));
        let mut tunnels = self.tunnels.lock().unwrap_or_else(PoisonError::into_inner);
        tunnels.spawn(carried);
        while tunnels.try_join_next().is_some() {}
        drop(tunnels);
        Response::new(empty())
    }
}

/// The user of our forward proxies; the token is the password.
pub(super) const USER: &str = "modway";

/// A path with its percent escapes undone, as the GOPROXY protocol reads it.
fn decoded(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        let code = code.filter(|_| first == b'%');
        bytes.push(code.unwrap_or(first));
        rest = if code.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
