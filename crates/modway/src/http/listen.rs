//! Accepts connections, keeps their number in bounds, and stops without losing an answer.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
};

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{Door, conn, limits};

/// The certificate and key that new connections are greeted with; a reload stores another one. Its ALPN list should be `h2`, `http/1.1`.
pub type Tls = Arc<ArcSwap<ServerConfig>>;

/// Where a server is in its life. Only ever goes forward.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Phase {
    /// Connections are accepted.
    Serving,
    /// No new connections; what is in flight is finished within [`super::DoorLimits::stop`].
    Draining,
    /// Everything is dropped.
    Gone,
}

/// Listens on `address`; port 0 is any free one.
///
/// # Errors
/// What the system says: the address is taken, or not ours.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A restart must not wait for the connections of the server before it to fade.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(limits::BACKLOG)
}

/// Serves `listener` until `phase` says otherwise; with `tls`, nothing but TLS.
///
/// Returns when the last connection is closed. May be dropped at any time: every connection is then cut.
pub async fn serve(door: Arc<Door>, listener: TcpListener, tls: Option<Tls>, mut phase: watch::Receiver<Phase>) {
    let mut gate = Gate::new(&door);
    let mut connections = JoinSet::new();
    while let Some((stream, ticket)) = gate.next(&door, &listener, &mut phase, &mut connections).await {
        let (door, tls, phase) = (Arc::clone(&door), tls.as_ref().map(|tls| tls.load_full()), phase.clone());
        let workers = Arc::clone(&door.workers);
        workers.spawn(&mut connections, stream, move |stream| async move {
            conn::converse(&door, stream, ticket.client, tls, phase).await;
            drop(ticket);
        });
    }
    drop(listener);
    door.stopping.store(true, Ordering::Relaxed);
    let drained = async { while connections.join_next().await.is_some() {} };
    tokio::select! {
        _ = timeout(door.limits.stop, drained) => {}
        () = reached(&mut phase, Phase::Gone) => {}
    }
}

/// Resolves once `phase` is at or past `wanted`; also when its sender went away, which nobody could stop otherwise.
pub(super) async fn reached(phase: &mut watch::Receiver<Phase>, wanted: Phase) {
    // An error means that the sender is gone: the owner of this server no longer exists.
    let _ = phase.wait_for(|now| *now >= wanted).await;
}

/// How many connections there are, in all and per client.
struct Gate {
    places: Arc<Semaphore>,
    clients: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// One admitted connection; makes room when dropped.
struct Ticket {
    client: SocketAddr,
    clients: Arc<Mutex<HashMap<IpAddr, usize>>>,
    _place: OwnedSemaphorePermit,
    door: Arc<Door>,
}

impl Gate {
    fn new(door: &Door) -> Self {
        Self { places: Arc::new(Semaphore::new(door.limits.max_connections)), clients: Arc::default() }
    }

    /// The next connection that may enter; `None` once the server is to stop.
    async fn next(
        &mut self,
        door: &Arc<Door>,
        listener: &TcpListener,
        phase: &mut watch::Receiver<Phase>,
        connections: &mut JoinSet<()>,
    ) -> Option<(TcpStream, Ticket)> {
        loop {
            // A place first: without one, newcomers wait in the kernel's queue and cost us nothing.
            let admitted = async {
                let place = Arc::clone(&self.places).acquire_owned().await.expect("the semaphore is never closed");
                (place, listener.accept().await)
            };
            tokio::select! {
                biased;
                () = reached(phase, Phase::Draining) => return None,
                Some(_) = connections.join_next() => {}
                (place, accepted) = admitted => match accepted {
                    Ok((stream, client)) => if let Some(ticket) = self.admit(door, client, place) {
                        return Some((stream, ticket));
                    },
                    Err(error) => self.accept_failed(door, &error).await,
                },
            }
        }
    }

    fn admit(&self, door: &Arc<Door>, client: SocketAddr, place: OwnedSemaphorePermit) -> Option<Ticket> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let count = clients.entry(client.ip().to_canonical()).or_default();
        if *count >= door.limits.max_connections_per_client {
            door.metrics.connections_refused.inc();
            return None;
        }
        *count += 1;
        door.metrics.connections.inc();
        Some(Ticket { client, clients: Arc::clone(&self.clients), _place: place, door: Arc::clone(door) })
    }

    /// A connection that died in the queue is nobody's trouble; anything else is a want of descriptors or memory, which passes as
    /// connections close. The pause keeps the loop from spinning until then.
    async fn accept_failed(&self, door: &Door, error: &io::Error) {
        use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
        door.metrics.accept_failures.inc();
        if !matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted) {
            sleep(limits::ACCEPT_PAUSE).await;
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.door.metrics.connections.dec();
        let (mut clients, client) =
            (self.clients.lock().unwrap_or_else(PoisonError::into_inner), self.client.ip().to_canonical());
        match clients.get_mut(&client) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(clients.remove(&client)),
        }
    }
}
