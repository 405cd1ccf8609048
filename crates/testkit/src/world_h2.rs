//! The scripted upstream over HTTP/2.

use std::{
    convert::Infallible,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use hyper::{
    body::{Body, Frame, Incoming},
    server::conn::http2,
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{
    faults::{Fault, Length, Play},
    world::{Script, Seen},
};

/// Serves one connection to its end.
pub(crate) async fn serve(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, script: Arc<Script>, connection: usize) {
    let service = service_fn(move |request: Request<Incoming>| {
        let script = Arc::clone(&script);
        async move {
            let play = script.next(seen(&request, connection));
            if play.fault == Fault::Mute {
                std::future::pending::<()>().await;
            }
            Ok::<_, Infallible>(response(play, &script))
        }
    });
    // How a client leaves is its own affair.
    let _ = http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
}

fn seen(request: &Request<Incoming>, connection: usize) -> Seen {
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    Seen {
        method: request.method().to_string(),
        target: request.uri().path_and_query().map(ToString::to_string).unwrap_or_default(),
        headers: request.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        connection,
        http2: true,
    }
}

fn response(play: Play, script: &Script) -> Response<Scripted> {
    let mut response = Response::builder().status(play.status);
    for (name, value) in &play.headers {
        response = response.header(name, value);
    }
    match play.length {
        Length::Right if play.status != 304 => response = response.header("content-length", play.body.len()),
        Length::Claimed(length) => response = response.header("content-length", length),
        Length::Right | Length::Chunked | Length::Close => {}
    }
    let cut = match play.fault {
        Fault::CutAt(at) | Fault::ResetAt(at) | Fault::StallAt(at) => at.min(play.body.len()),
        _ => play.body.len(),
    };
    script.sent(cut);
    response.body(Scripted { rest: Some(play.body.slice(..cut)), fault: play.fault }).expect("a response")
}

/// One piece, then what goes wrong.
struct Scripted {
    rest: Option<Bytes>,
    fault: Fault,
}

impl Body for Scripted {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match (self.rest.take(), self.fault) {
            (Some(rest), _) if !rest.is_empty() => Poll::Ready(Some(Ok(Frame::data(rest)))),
            (_, Fault::CutAt(_) | Fault::ResetAt(_)) => Poll::Ready(Some(Err(io::Error::other("cut as scripted")))),
            (_, Fault::StallAt(_)) => Poll::Pending,
            _ => Poll::Ready(None),
        }
    }
}
