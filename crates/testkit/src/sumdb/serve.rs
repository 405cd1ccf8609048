//! How the database is reached: each answer after its pause, a dripping one byte by byte.

use std::{
    convert::Infallible,
    future::Future as _,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use hyper::{
    body::{Body, Frame, Incoming, SizeHint},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpListener,
    task::JoinSet,
    time::{Sleep, sleep},
};

use super::{Lie, State, lock};

pub(super) async fn accept(listener: TcpListener, state: Arc<Mutex<State>>) {
    let mut all = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let state = Arc::clone(&state);
        let service = service_fn(move |request: Request<Incoming>| serve(Arc::clone(&state), request.uri().path().to_owned()));
        // How a client leaves is its own affair.
        all.spawn(async move { drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await) });
    }
}

async fn serve(state: Arc<Mutex<State>>, path: String) -> Result<Response<Slow>, Infallible> {
    let ((status, body), pause, lie) = {
        let mut state = lock(&state);
        state.asking += 1;
        state.most = state.most.max(state.asking);
        (state.answer(&path), state.pause, state.lie.clone())
    };
    sleep(pause).await;
    lock(&state).asking -= 1;
    let body = match lie {
        Some(Lie::Drip(pause)) => Slow { left: body.into(), piece: 1, pause, next: None },
        _ => Slow { piece: body.len(), left: body.into(), pause: Duration::ZERO, next: None },
    };
    let response = Response::builder().status(status).header("content-type", "text/plain; charset=utf-8").body(body);
    Ok(response.expect("a response"))
}

/// A body that comes piece by piece.
struct Slow {
    left: Bytes,
    piece: usize,
    pause: Duration,
    next: Option<Pin<Box<Sleep>>>,
}

impl Body for Slow {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left.is_empty() {
            return Poll::Ready(None);
        }
        let pause = self.pause;
        let next = self.next.get_or_insert_with(|| Box::pin(sleep(pause)));
        ready!(next.as_mut().poll(context));
        let piece = self.piece.max(1).min(self.left.len());
        self.next = None;
        Poll::Ready(Some(Ok(Frame::data(self.left.split_to(piece)))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left.len() as u64)
    }
}
