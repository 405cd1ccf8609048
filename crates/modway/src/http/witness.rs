//! The door of a witness. It has an address of its own, because it is the only one that takes bodies: the door of modules refuses them all.
//!
//! `POST /add-checkpoint` and `GET /HASH/checkpoint`, HTTP/1.1 without TLS: everything that passes is signed, and nothing of it is secret.
//!
//! Source: <https://c2sp.org/tlog-witness>; submission prefix and monitoring prefix are both the root.

use std::{convert::Infallible, sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{Method, Request, Response, body::Incoming, header, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use proxy::{
    limits::MAX_SUBMISSION_BYTES,
    tlog::witness::{SIZE_TYPE, Unwitnessed, Witness},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
    time::timeout,
};

use super::listen::{Phase, reached};

/// Connections at a time: each log needs one. Further ones wait to be accepted.
const MAX_CONNECTIONS: usize = 64;

/// How long a header, a body or an answer may take, and how long a connection may rest.
const PATIENCE: Duration = Duration::from_secs(10);

const TEXT: &str = "text/plain; charset=utf-8";

/// Told of what was refused although a key of the log had signed it: the log has two histories, or this witness cannot go on.
pub type Alarm = Arc<dyn Fn(&Unwitnessed) + Send + Sync>;

/// Serves `listener` until `phase` says otherwise.
///
/// May be dropped at any time: what was cosigned then counts, whether or not its log has heard of it.
pub async fn serve(witness: Arc<Witness>, listener: TcpListener, mut phase: watch::Receiver<Phase>, alarm: Alarm) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let place = Arc::clone(&places).acquire_owned().await;
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = reached(&mut phase, Phase::Draining) => break,
        };
        // A connection that ended before it was accepted is nobody's trouble; a system without room is asked again.
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        while connections.try_join_next().is_some() {}
        let (witness, alarm) = (Arc::clone(&witness), Arc::clone(&alarm));
        connections.spawn(async move {
            converse(stream, &witness, &alarm).await;
            drop(place);
        });
    }
    let ends = async { while connections.join_next().await.is_some() {} };
    drop(timeout(PATIENCE, ends).await);
}

async fn converse(stream: TcpStream, witness: &Witness, alarm: &Alarm) {
    let service = service_fn(async |request| Ok::<_, Infallible>(answer(witness, request, alarm).await));
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(PATIENCE).max_buf_size(16 << 10);
    // How a client leaves is its own affair.
    drop(builder.serve_connection(TokioIo::new(stream), service).await);
}

async fn answer(witness: &Witness, request: Request<Incoming>, alarm: &Alarm) -> Response<Full<Bytes>> {
    let path = request.uri().path().to_owned();
    match (request.method(), path.as_str()) {
        (&Method::POST, "/add-checkpoint") => {
            let body = timeout(PATIENCE, Limited::new(request.into_body(), MAX_SUBMISSION_BYTES).collect()).await;
            match body {
                Ok(Ok(body)) => submitted(witness.add_checkpoint(&body.to_bytes()).await, alarm),
                Ok(Err(_)) => said(413, TEXT, "the submission is too large, or broke off\n".to_owned()),
                Err(_) => said(408, TEXT, "the submission took too long\n".to_owned()),
            }
        }
        (&Method::GET, path) => {
            let hash = path.strip_prefix('/').and_then(|path| path.strip_suffix("/checkpoint"));
            match witness.checkpoint(hash.unwrap_or_default()).await {
                Ok(Some(note)) => said(200, TEXT, note),
                Ok(None) => said(404, TEXT, "no checkpoint of such a log was cosigned here\n".to_owned()),
                Err(why) => said(why.status(), TEXT, why.body()),
            }
        }
        (_, "/add-checkpoint") => said(405, TEXT, "POST a submission here\n".to_owned()),
        _ => said(405, TEXT, "GET or POST\n".to_owned()),
    }
}

fn submitted(end: Result<String, Unwitnessed>, alarm: &Alarm) -> Response<Full<Bytes>> {
    match end {
        Ok(lines) => said(200, TEXT, lines),
        Err(why) => {
            if matches!(why, Unwitnessed::Forked { .. } | Unwitnessed::Memory(_) | Unwitnessed::Clock(_) | Unwitnessed::Store(_))
            {
                alarm(&why);
            }
            let media_type = if matches!(why, Unwitnessed::Conflict(_)) { SIZE_TYPE } else { TEXT };
            said(why.status(), media_type, why.body())
        }
    }
}

fn said(status: u16, media_type: &'static str, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text)));
    if let Ok(status) = status.try_into() {
        *response.status_mut() = status;
    }
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, header::HeaderValue::from_static("nosniff"));
    response
}
