//! The door of a witness. It has an address of its own, because it is the only one that takes bodies: the door of modules refuses them all.
//!
//! `POST /add-checkpoint` and `GET /HASH/checkpoint`, HTTP/1.1 without TLS: everything that passes is signed, and nothing of it is secret.
//!
//! Source: <https://c2sp.org/tlog-witness>; submission prefix and monitoring prefix are both the root.

use std::{
    collections::HashMap,
    convert::Infallible,
    mem::{Discriminant, discriminant},
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{Method, Request, Response, body::Incoming, header, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use proxy::{
    limits::MAX_SUBMISSION_BYTES,
    tlog::witness::{SIZE_TYPE, TEXT_TYPE, Unwitnessed, Witness},
};
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{
    limits::{
        ACCEPT_PAUSE, MAX_WITNESS_CONNECTIONS, MAX_WITNESS_CONNECTIONS_PER_CLIENT, MAX_WITNESS_HEADER_BYTES, WITNESS_ALARM_PAUSE,
        WITNESS_CONNECTION_LIFE, WITNESS_PATIENCE,
    },
    listen::{Phase, reached},
};

/// Writes a line for the operator: its level, the sentence, further fields.
pub type Alarm = Arc<dyn Fn(&'static str, &str, Value) + Send + Sync>;

/// The witness and whom it tells.
struct Desk {
    witness: Arc<Witness>,
    alarm: Alarm,
    told: Mutex<HashMap<(Discriminant<Unwitnessed>, String), Told>>,
}

/// When a kind of trouble with a log was told, and how often it came since.
struct Told {
    at: Instant,
    since: u64,
}

/// Serves `listener` until `phase` says otherwise.
///
/// May be dropped at any time: what was cosigned then counts, whether or not its log has heard of it.
pub async fn serve(witness: Arc<Witness>, listener: TcpListener, mut phase: watch::Receiver<Phase>, alarm: Alarm) {
    let desk = Arc::new(Desk { witness, alarm, told: Mutex::default() });
    let (places, clients) = (Arc::new(Semaphore::new(MAX_WITNESS_CONNECTIONS)), Arc::default());
    let mut connections = JoinSet::new();
    loop {
        let admitted = async {
            let place = Arc::clone(&places).acquire_owned().await.expect("the semaphore is never closed");
            (place, listener.accept().await)
        };
        tokio::select! {
            biased;
            () = reached(&mut phase, Phase::Draining) => break,
            Some(_) = connections.join_next() => {}
            (place, accepted) = admitted => match accepted {
                Ok((stream, client)) => if let Some(ticket) = Ticket::new(&clients, client, place) {
                    connections.spawn(converse(stream, Arc::clone(&desk), phase.clone(), ticket));
                },
                // A connection that ended before it was accepted is nobody's trouble; a system without room is asked again.
                Err(_) => sleep(ACCEPT_PAUSE).await,
            },
        }
    }
    drop(listener);
    let ends = async { while connections.join_next().await.is_some() {} };
    tokio::select! {
        _ = timeout(WITNESS_PATIENCE, ends) => {}
        () = reached(&mut phase, Phase::Gone) => {}
    }
}

/// Answers on one connection. Once the server is to stop, or the connection has lived long enough, the answer under way is its last.
async fn converse(stream: TcpStream, desk: Arc<Desk>, mut phase: watch::Receiver<Phase>, _ticket: Ticket) {
    let service = service_fn(async |request| Ok::<_, Infallible>(answer(&desk, request).await));
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(WITNESS_PATIENCE).max_buf_size(MAX_WITNESS_HEADER_BYTES);
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    let is_over = async {
        tokio::select! {
            () = reached(&mut phase, Phase::Draining) => {}
            () = sleep(WITNESS_CONNECTION_LIFE) => {}
        }
    };
    // How a client leaves is its own affair.
    tokio::select! {
        _ = connection.as_mut() => return,
        () = is_over => connection.as_mut().graceful_shutdown(),
    }
    drop(timeout(WITNESS_PATIENCE, connection).await);
}

async fn answer(desk: &Desk, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let path = request.uri().path().to_owned();
    match (request.method(), path.as_str()) {
        (&Method::POST, "/add-checkpoint") => {
            let body = timeout(WITNESS_PATIENCE, Limited::new(request.into_body(), MAX_SUBMISSION_BYTES).collect()).await;
            match body {
                Ok(Ok(body)) => match desk.witness.add_checkpoint(&body.to_bytes()).await {
                    Ok(lines) => said(200, TEXT_TYPE, lines),
                    Err(why) => desk.refused(&why),
                },
                Ok(Err(_)) => said(413, TEXT_TYPE, "the submission is too large, or broke off\n".to_owned()),
                Err(_) => said(408, TEXT_TYPE, "the submission took too long\n".to_owned()),
            }
        }
        (&Method::GET, path) => {
            let hash = path.strip_prefix('/').and_then(|path| path.strip_suffix("/checkpoint"));
            match desk.witness.checkpoint(hash.unwrap_or_default()).await {
                Ok(Some(note)) => said(200, TEXT_TYPE, note),
                Ok(None) => said(404, TEXT_TYPE, "no checkpoint of such a log was cosigned here\n".to_owned()),
                Err(why) => desk.refused(&why),
            }
        }
        (_, "/add-checkpoint") => said(405, TEXT_TYPE, "POST a submission here\n".to_owned()),
        _ => said(405, TEXT_TYPE, "GET or POST\n".to_owned()),
    }
}

impl Desk {
    fn refused(&self, why: &Unwitnessed) -> Response<Full<Bytes>> {
        let (status, level, log) = outcome(why);
        if let Some(level) = level {
            self.tell(level, log, why);
        }
        match why {
            Unwitnessed::Conflict(size) | Unwitnessed::Forked { size, .. } => said(status, SIZE_TYPE, format!("{size}\n")),
            other => said(status, TEXT_TYPE, format!("{other}\n")),
        }
    }

    /// Whoever submits can bring this about as often as he likes: one line for each kind and log, then how many more came, after a while.
    fn tell(&self, level: &'static str, log: &str, why: &Unwitnessed) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let since = match told.get_mut(&(discriminant(why), log.to_owned())) {
            Some(told) if told.at.elapsed() < WITNESS_ALARM_PAUSE => return told.since += 1,
            Some(told) => std::mem::replace(told, Told { at: Instant::now(), since: 0 }).since,
            None => {
                told.insert((discriminant(why), log.to_owned()), Told { at: Instant::now(), since: 0 });
                0
            }
        };
        let fields = match why {
            Unwitnessed::Forked { origin, note, .. } => json!({ "log.origin": origin, "log.checkpoint": note, "repeats": since }),
            _ => json!({ "log.origin": log, "repeats": since }),
        };
        (self.alarm)(level, &format!("witness: {why}"), fields);
    }
}

/// The status that says it; if the operator must hear of it, how loud; and the log it is about.
///
/// Source: <https://c2sp.org/tlog-witness>, "add-checkpoint"; 500 and 503 are ours.
fn outcome(why: &Unwitnessed) -> (u16, Option<&'static str>, &str) {
    match why {
        Unwitnessed::Malformed(_) => (400, None, ""),
        Unwitnessed::Unsigned => (403, None, ""),
        Unwitnessed::Unknown(_) => (404, None, ""),
        Unwitnessed::Conflict(_) => (409, None, ""),
        Unwitnessed::Forked { origin, .. } => (409, Some("error"), origin),
        Unwitnessed::Unproven { origin, .. } => (422, Some("warn"), origin),
        Unwitnessed::Memory(_) | Unwitnessed::Clock(_) => (500, Some("error"), ""),
        Unwitnessed::Busy => (503, None, ""),
        Unwitnessed::Store(_) => (503, Some("error"), ""),
    }
}

/// An admitted connection; makes room when dropped.
struct Ticket {
    client: IpAddr,
    clients: Arc<Mutex<HashMap<IpAddr, usize>>>,
    _place: OwnedSemaphorePermit,
}

impl Ticket {
    /// `None` if this client has as many connections as it may.
    fn new(clients: &Arc<Mutex<HashMap<IpAddr, usize>>>, client: SocketAddr, place: OwnedSemaphorePermit) -> Option<Self> {
        let client = client.ip().to_canonical();
        let mut counts = clients.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(client).or_default();
        let is_free = *count < MAX_WITNESS_CONNECTIONS_PER_CLIENT;
        *count += usize::from(is_free);
        is_free.then(|| Self { client, clients: Arc::clone(clients), _place: place })
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut counts = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        match counts.get_mut(&self.client) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(counts.remove(&self.client)),
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

#[cfg(test)]
mod tests;
