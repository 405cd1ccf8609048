//! The same answers over HTTP/2, in clear and over TLS, and over HTTP/1.1 in TLS.

use std::sync::Arc;

use arc_swap::ArcSwap;
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use modway::http::{DoorLimits, Phase, Tls};
use proxy::answer::{Caching, Media};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::{ClientConfig, RootCertStore, ServerConfig, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;

use crate::support::{DEADLINE, Script, Server, memory};

const PATH: &str = "/example.com/m/@v/list";

fn script() -> Script {
    let large = vec![3; 3 << 20];
    Script::default()
        .with(PATH, Ok(memory("v1.0.0\n", Media::Text, Caching::Revalidate)))
        .with("/example.com/m/@v/v1.0.0.zip", Ok(memory(large, Media::Zip, Caching::Immutable)))
}

type Sender = http2::SendRequest<Empty<Bytes>>;

async fn http2_over(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Sender {
    let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

fn request(method: &str, path: &str) -> hyper::Request<Empty<Bytes>> {
    hyper::Request::builder().method(method).uri(format!("http://test{path}")).body(Empty::new()).unwrap()
}

async fn http2_get(sender: &mut Sender, path: &str) -> (u16, Bytes) {
    let response = timeout(DEADLINE, sender.send_request(request("GET", path))).await.unwrap().unwrap();
    (response.status().as_u16(), response.into_body().collect().await.unwrap().to_bytes())
}

/// A certificate of its own, and what a server and a client that trusts it need.
fn certificate() -> (ServerConfig, ClientConfig) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["test".to_owned()]).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(cert.der().clone()).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::Pkcs8(signing_key.serialize_der().into());
    let server = ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions().unwrap();
    let mut server = server.with_no_client_auth().with_single_cert(vec![cert.der().clone()], key).unwrap();
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let client = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    (server, client.with_root_certificates(roots).with_no_client_auth())
}

async fn tls(
    server: &Server,
    mut config: ClientConfig,
    alpn: &[u8],
) -> std::io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
    config.alpn_protocols = vec![alpn.to_vec()];
    let stream = TcpStream::connect(server.address).await?;
    TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("test").unwrap(), stream).await
}

#[tokio::test]
async fn http2_in_clear_is_known_by_its_preface() {
    let server = Server::start(script()).await;
    let mut sender = http2_over(TcpStream::connect(server.address).await.unwrap()).await;
    assert_eq!(http2_get(&mut sender, PATH).await, (200, Bytes::from("v1.0.0\n")));
    assert_eq!(http2_get(&mut sender, "/example.com/m/@v/v1.0.0.zip").await.1.len(), 3 << 20);
    assert_eq!(http2_get(&mut sender, "/example.com/m/@v/list/").await.0, 400);
    let head = sender.send_request(request("HEAD", PATH)).await.unwrap();
    assert_eq!((head.status().as_u16(), head.headers()["content-length"].to_str().unwrap()), (200, "7"));
    let post = sender.send_request(request("POST", PATH)).await.unwrap();
    assert_eq!(post.status().as_u16(), 405);
}

#[tokio::test]
async fn tls_speaks_what_alpn_says() {
    let (config, client) = certificate();
    let slot: Tls = Arc::new(ArcSwap::from_pointee(config));
    let server = Server::start_with(script(), DoorLimits::default(), Some(slot)).await;
    let mut sender = http2_over(tls(&server, client.clone(), b"h2").await.unwrap()).await;
    assert_eq!(http2_get(&mut sender, PATH).await, (200, Bytes::from("v1.0.0\n")));
    let stream = tls(&server, client, b"http/1.1").await.unwrap();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let mut request = request("GET", "/example.com/m/@v/v1.0.0.zip");
    *request.uri_mut() = "/example.com/m/@v/v1.0.0.zip".parse().unwrap();
    request.headers_mut().insert("host", "test".parse().unwrap());
    let response = sender.send_request(request).await.unwrap();
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes().len(), 3 << 20);
}

#[tokio::test]
async fn a_new_certificate_counts_from_the_next_connection() {
    let ((old, old_client), (new, new_client)) = (certificate(), certificate());
    let slot: Tls = Arc::new(ArcSwap::from_pointee(old));
    let server = Server::start_with(script(), DoorLimits::default(), Some(slot.clone())).await;
    let mut before = http2_over(tls(&server, old_client.clone(), b"h2").await.unwrap()).await;
    assert!(tls(&server, new_client.clone(), b"h2").await.is_err());
    slot.store(Arc::new(new));
    assert!(tls(&server, old_client, b"h2").await.is_err());
    assert!(tls(&server, new_client, b"h2").await.is_ok());
    assert_eq!(http2_get(&mut before, PATH).await.0, 200, "an open connection goes on");
}

#[tokio::test]
async fn a_handshake_that_never_ends_is_closed() {
    let limits = DoorLimits { tls_handshake: std::time::Duration::from_millis(200), ..DoorLimits::default() };
    let server = Server::start_with(script(), limits, Some(Arc::new(ArcSwap::from_pointee(certificate().0)))).await;
    let mut client = server.connect().await;
    client.send([0x16, 3, 1]).await;
    client.rest().await;
}

#[tokio::test]
async fn an_idle_http2_connection_is_closed() {
    let limits = DoorLimits { idle: std::time::Duration::from_millis(200), ..DoorLimits::default() };
    let server = Server::start_with(script(), limits, None).await;
    let (mut sender, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(TcpStream::connect(server.address).await.unwrap())).await.unwrap();
    let connection = tokio::spawn(connection);
    assert_eq!(http2_get(&mut sender, PATH).await.0, 200);
    // How it is told does not matter.
    let _ = timeout(DEADLINE, connection).await.expect("the connection ends").unwrap();
}

#[tokio::test]
async fn a_graceful_stop_finishes_http2_streams() {
    let mut server = Server::start(Script { gated: vec![PATH.to_owned()], ..script() }).await;
    let mut sender = http2_over(TcpStream::connect(server.address).await.unwrap()).await;
    let answer = tokio::spawn(async move { http2_get(&mut sender, PATH).await });
    server.script.arrived.notified().await;
    server.phase.send(Phase::Draining).unwrap();
    server.script.open.notify_one();
    assert_eq!(timeout(DEADLINE, answer).await.unwrap().unwrap(), (200, Bytes::from("v1.0.0\n")));
    timeout(DEADLINE, &mut server.task).await.unwrap().unwrap();
}

#[tokio::test]
async fn an_http2_client_that_takes_nothing_is_cut() {
    let brief = std::time::Duration::from_millis(200);
    let server =
        Server::start_with(script(), DoorLimits { idle: brief, write_stall: brief, ..DoorLimits::default() }, None).await;
    let stream = TokioIo::new(TcpStream::connect(server.address).await.unwrap());
    let mut builder = http2::Builder::new(TokioExecutor::new());
    let (mut sender, connection) = builder.initial_stream_window_size(1000).handshake(stream).await.unwrap();
    let connection = tokio::spawn(connection);
    let response = sender.send_request(request("GET", "/example.com/m/@v/v1.0.0.zip")).await.unwrap();
    // As above. The response is held, unread, until then.
    let _ = timeout(DEADLINE, connection).await.expect("the connection ends").unwrap();
    drop(response);
    assert_eq!(server.log()[0]["end"], "client-left");
}

#[tokio::test]
async fn an_http2_answer_that_takes_long_is_not_idle() {
    let brief = std::time::Duration::from_millis(200);
    let script = Script { gated: vec![PATH.to_owned()], ..script() };
    let server = Server::start_with(script, DoorLimits { idle: brief, write_stall: brief, ..DoorLimits::default() }, None).await;
    let mut sender = http2_over(TcpStream::connect(server.address).await.unwrap()).await;
    let answer = tokio::spawn(async move { http2_get(&mut sender, PATH).await });
    server.script.arrived.notified().await;
    tokio::time::sleep(brief * 4).await;
    server.script.open.notify_one();
    assert_eq!(timeout(DEADLINE, answer).await.unwrap().unwrap().0, 200);
}
