//! The forward proxy of this world, behind which everyone in it stands. One for each row, so that what is heard is the row's own.

use std::{convert::Infallible, net::SocketAddr, sync::Arc};

use anyhow::Context as _;
use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn, upgrade::Upgraded};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};
use tokio_rustls::TlsAcceptor;

use super::{Ear, Ground, Heard, Record, Tongue};
use crate::{
    limits,
    matrix::imagined::{Imagined, ProxySays},
};

/// A forward proxy that listens until it is dropped.
pub(in crate::matrix) struct Front {
    address: SocketAddr,
    record: Record,
    task: JoinHandle<()>,
}

/// What a connection needs to know.
#[derive(Clone)]
struct Behind {
    ground: Arc<Ground>,
    imagined: Imagined,
    database: String,
    record: Record,
}

/// Somebody who called somebody.
#[derive(Clone)]
struct Call {
    ear: Ear,
    tongue: Tongue,
    host: String,
}

impl Front {
    /// Listens on a port of loopback that is free.
    ///
    /// # Errors
    /// What the system says.
    pub(in crate::matrix) async fn open(ground: &Arc<Ground>, imagined: Imagined, database: &str) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("listening on loopback")?;
        let (address, record) = (listener.local_addr()?, Record::default());
        let behind = Behind { ground: Arc::clone(ground), imagined, database: database.to_owned(), record: record.clone() };
        Ok(Self { address, record, task: tokio::spawn(accept(listener, behind)) })
    }

    /// For HTTPS_PROXY.
    pub(in crate::matrix) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All that was heard.
    pub(in crate::matrix) fn heard(&self) -> Vec<Heard> {
        self.record.all()
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, behind: Behind) {
    // Those of one go command and its git; all end with this task.
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Too many open files, for one: the next moment may be better.
            tokio::time::sleep(limits::ACCEPT_PAUSE).await;
            continue;
        };
        connections.spawn(serve(stream, behind.clone()));
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(stream: TcpStream, behind: Behind) {
    // What is tunnelled goes on in a task that this one owns.
    let mut tunnels = JoinSet::new();
    let (send, mut calls) = tokio::sync::mpsc::channel(1);
    let service = service_fn(move |request: Request<Incoming>| {
        let (behind, send) = (behind.clone(), send.clone());
        async move { Ok::<_, Infallible>(connect(request, behind, &send).await) }
    });
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades();
    tokio::pin!(connection);
    loop {
        tokio::select! {
            // How a client leaves is its own affair.
            _ = &mut connection => break,
            Some((upgrade, call, behind)) = calls.recv() => { tunnels.spawn(tunnel(upgrade, call, behind)); }
        }
    }
    while let Ok((upgrade, call, behind)) = calls.try_recv() {
        tunnels.spawn(tunnel(upgrade, call, behind));
    }
    while tunnels.join_next().await.is_some() {}
}

type Calls = tokio::sync::mpsc::Sender<(hyper::upgrade::OnUpgrade, Call, Behind)>;

/// Answers CONNECT; everything else is plain http, behind which nobody stands.
async fn connect(mut request: Request<Incoming>, behind: Behind, calls: &Calls) -> Response<Full<Bytes>> {
    let host = request.uri().host().unwrap_or_default().to_owned();
    let agent = request.headers().get(http::header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let tongue = if agent.starts_with("git/") { Tongue::Git } else { Tongue::Go };
    let known = behind.ground.ear(&host, &behind.database);
    let is_https = request.method() == Method::CONNECT && request.uri().port_u16() == Some(443);
    let call = Call { ear: known, tongue, host: host.clone() };
    behind.record.note(Heard { ear: known, tongue, host, request: None });
    if known == Ear::Stranger || !is_https {
        return response(502, "text/plain; charset=utf-8", b"nobody of this world".to_vec());
    }
    let upgrade = hyper::upgrade::on(&mut request);
    // One connection asks for one tunnel, so that there is always room.
    let _ = calls.send((upgrade, call, behind)).await;
    Response::new(Full::default())
}

async fn tunnel(upgrade: hyper::upgrade::OnUpgrade, call: Call, behind: Behind) {
    let Ok(upgraded) = upgrade.await else { return };
    if call.ear == Ear::Proxy && behind.imagined.proxy_says == ProxySays::Nothing {
        return silent(upgraded).await;
    }
    let Some(config) = behind.ground.server(call.ear) else { return };
    // A handshake fails where the certificate is not believed; that is what the row is about.
    let Ok(stream) = TlsAcceptor::from(config).accept(TokioIo::new(upgraded)).await else { return };
    let service = service_fn(move |request: Request<Incoming>| {
        let (path, query) = (request.uri().path().to_owned(), request.uri().query().unwrap_or_default().to_owned());
        let asked = if query.is_empty() { path.clone() } else { format!("{path}?{query}") };
        let (status, kind, body) = behind.ground.answer(call.ear, &path, &query, behind.imagined);
        behind.record.note(Heard { ear: call.ear, tongue: call.tongue, host: call.host.clone(), request: Some(asked) });
        async move { Ok::<_, Infallible>(response(status, kind, body)) }
    });
    // How a client leaves is its own affair.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// Takes whatever comes, until the other side gives up, and says nothing.
async fn silent(upgraded: Upgraded) {
    let _ = tokio::io::copy(&mut TokioIo::new(upgraded), &mut tokio::io::sink()).await;
}

fn response(status: u16, kind: &'static str, body: Vec<u8>) -> Response<Full<Bytes>> {
    let response = Response::builder().status(status).header(http::header::CONTENT_TYPE, kind);
    response.body(Full::new(Bytes::from(body))).expect("a status and a header that are good")
}
