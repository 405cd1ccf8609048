//! One connection: which protocol it speaks, and its requests until it ends.

use std::{convert::Infallible, io, net::SocketAddr, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use hyper::{
    Request,
    body::Incoming,
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use proxy::limits::FRAME_BYTES;
use rustls::ServerConfig;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite},
    net::TcpStream,
    sync::watch,
    time::{Instant, timeout},
};
use tokio_rustls::TlsAcceptor;

use super::{
    Door, limits,
    listen::{Phase, reached},
    serve,
    watched::{Use, Watched},
};

/// What an HTTP/2 client says first (RFC 9113 §3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Serves `stream` until either side is done with it. Errors end the connection and are nobody's trouble but the client's.
pub(super) async fn converse(
    door: &Arc<Door>,
    stream: TcpStream,
    client: SocketAddr,
    tls: Option<Arc<ServerConfig>>,
    mut phase: watch::Receiver<Phase>,
) {
    tune(&stream, client, door.limits.write_stall);
    let opened = Instant::now();
    let greeted = async {
        match tls {
            Some(config) => greet_tls(door, stream, config).await,
            None => greet_plain(door, stream).await,
        }
    };
    let greeting = tokio::select! {
        greeting = greeted => greeting,
        () = reached(&mut phase, Phase::Draining) => return,
    };
    // The client spoke too slowly, or not our language. It learns that from the closed connection.
    let Ok(Greeting { stream, prefix, http2 }) = greeting else { return };
    if http2 {
        let in_use = Use::new(opened, limits::HTTP2_FRAME_BYTES);
        let io = Watched::http2(stream, prefix, Arc::clone(&in_use), &door.limits);
        serve_http2(door, io, client, in_use, phase).await;
    } else {
        let in_use = Use::new(opened, FRAME_BYTES);
        let io = Watched::http1(stream, prefix, Arc::clone(&in_use), &door.limits);
        serve_http1(door, io, client, in_use, phase).await;
    }
}

/// Small answers leave at once, and the kernel ends a connection whose peer takes nothing for `stall`: only the kernel sees each
/// acknowledged byte, so it alone can tell a slow reader from one that does not move.
///
/// To a client on this machine, the kernel would let each body pile up to megabytes: see [`limits::LOCAL_SEND_BYTES`].
fn tune(stream: &TcpStream, client: SocketAddr, stall: Duration) {
    let socket = socket2::SockRef::from(stream);
    // A socket that refuses the first or the last is slower; one that refuses the second is cut by our own, coarser timer.
    let _ = stream.set_nodelay(true);
    let _ = socket.set_tcp_user_timeout(Some(stall));
    if stream.local_addr().is_ok_and(|local| is_local(client, local)) {
        let _ = socket.set_send_buffer_size(limits::LOCAL_SEND_BYTES);
    }
}

/// Whether a connection from `client` to `local` never leaves this machine.
fn is_local(client: SocketAddr, local: SocketAddr) -> bool {
    let client = client.ip().to_canonical();
    client.is_loopback() || client == local.ip().to_canonical()
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// A stream whose protocol is known.
struct Greeting {
    stream: Box<dyn Stream>,
    prefix: Bytes,
    http2: bool,
}

/// The TLS handshake; ALPN picks the protocol.
async fn greet_tls(door: &Door, stream: TcpStream, config: Arc<ServerConfig>) -> io::Result<Greeting> {
    let stream = timeout(door.limits.tls_handshake, TlsAcceptor::from(config).accept(stream)).await??;
    let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    Ok(Greeting { stream: Box::new(stream), prefix: Bytes::new(), http2 })
}

/// Reads just enough to tell the HTTP/2 preface from a request line.
async fn greet_plain(door: &Door, mut stream: TcpStream) -> io::Result<Greeting> {
    let mut prefix = BytesMut::with_capacity(PREFACE.len());
    let peek = async {
        while prefix.len() < PREFACE.len() && PREFACE.starts_with(&prefix) {
            if stream.read_buf(&mut prefix).await? == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
            }
        }
        Ok::<_, io::Error>(prefix == PREFACE)
    };
    let http2 = timeout(door.limits.header, peek).await??;
    Ok(Greeting { stream: Box::new(stream), prefix: prefix.freeze(), http2 })
}

/// HTTP/1.1 and 1.0. No `header_read_timeout` of the library: [`Watched`] bounds header and idle time apart, and without a timer per request.
/// No `pipeline_flush`: it copies every body into the header's buffer.
async fn serve_http1(
    door: &Arc<Door>,
    io: Watched<Box<dyn Stream>>,
    client: SocketAddr,
    in_use: Arc<Use>,
    mut phase: watch::Receiver<Phase>,
) {
    let service = service_fn(|request: Request<Incoming>| {
        let (door, guard) = (Arc::clone(door), in_use.begin());
        async move { Ok::<_, Infallible>(serve::handle(&door, client, request, guard).await) }
    });
    let mut http = http1::Builder::new();
    http.max_headers(limits::MAX_HEADERS).max_buf_size(limits::MAX_HEADER_BYTES).half_close(false).keep_alive(true);
    let mut connection = std::pin::pin!(http.serve_connection(TokioIo::new(io), service));
    tokio::select! {
        _ = connection.as_mut() => return,
        () = reached(&mut phase, Phase::Draining) => connection.as_mut().graceful_shutdown(),
    }
    // How it ended is told by the request's own record.
    let _ = connection.await;
}

/// HTTP/2, with budgets for streams, resets and headers.
async fn serve_http2(
    door: &Arc<Door>,
    io: Watched<Box<dyn Stream>>,
    client: SocketAddr,
    in_use: Arc<Use>,
    mut phase: watch::Receiver<Phase>,
) {
    let shared = Arc::clone(door);
    let service = service_fn(move |request: Request<Incoming>| {
        let (door, guard) = (Arc::clone(&shared), in_use.begin());
        async move { Ok::<_, Infallible>(serve::handle(&door, client, request, guard).await) }
    });
    let mut http = http2::Builder::new(TokioExecutor::new());
    http.timer(TokioTimer::new())
        .max_concurrent_streams(limits::MAX_STREAMS)
        .max_pending_accept_reset_streams(limits::MAX_RESET_STREAMS)
        .max_local_error_reset_streams(limits::MAX_RESET_STREAMS)
        .max_header_list_size(u32::try_from(limits::MAX_HEADER_BYTES).unwrap_or(u32::MAX))
        .max_send_buf_size(limits::MAX_SEND_BYTES)
        .keep_alive_interval(limits::PING_EVERY)
        .keep_alive_timeout(door.limits.idle);
    let mut connection = std::pin::pin!(http.serve_connection(TokioIo::new(io), service));
    tokio::select! {
        _ = connection.as_mut() => return,
        () = reached(&mut phase, Phase::Draining) => connection.as_mut().graceful_shutdown(),
    }
    // As above.
    let _ = connection.await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(client: &str, local: &str, expected: bool) {
        let address = |text: &str| SocketAddr::new(text.parse().unwrap(), 1);
        assert_eq!(is_local(address(client), address(local)), expected, "{client} to {local}");
    }

    #[test]
    fn a_connection_within_this_machine_is_told_from_one_through_a_network() {
        check("127.0.0.1", "127.0.0.1", true);
        check("::1", "::1", true);
        check("::ffff:127.0.0.1", "::ffff:127.0.0.1", true);
        check("192.0.2.7", "192.0.2.7", true);
        check("::ffff:192.0.2.7", "192.0.2.7", true);
        check("192.0.2.8", "192.0.2.7", false);
        check("2001:db8::8", "2001:db8::7", false);
    }

    #[tokio::test]
    async fn only_a_client_on_this_machine_gets_a_bounded_send_buffer() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let _client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, client) = listener.accept().await.unwrap();
        let send_bytes = || socket2::SockRef::from(&stream).send_buffer_size().unwrap();
        let untuned = send_bytes();
        tune(&stream, SocketAddr::new("192.0.2.8".parse().unwrap(), 1), Duration::from_secs(60));
        assert_eq!(send_bytes(), untuned);
        tune(&stream, client, Duration::from_secs(60));
        // The kernel doubles it for its own needs, and has a most of its own.
        assert!(send_bytes() != untuned && send_bytes() <= 2 * limits::LOCAL_SEND_BYTES, "{} bytes", send_bytes());
    }
}
