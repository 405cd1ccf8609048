//! Remotes that are not spoken to over http: `git://` and `svn://`. The child connects to a port of ours on loopback, which leads to its remote
//! at an address that was judged. No forward proxy speaks these: they are reached directly.
//!
//! Assumes: such remotes know no logins, so that whoever else on this machine finds the port gains only what he could reach himself.

use std::{
    io,
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use plan::{Trouble, trouble::Deadline};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{sleep, timeout},
};
use url::Url;

use super::{
    Task,
    pass::{Noted, Pass},
};
use crate::{
    client::Belief,
    egress::{
        exchange::Exchanger,
        place::{self, At},
    },
    limits,
};

/// Where a port of ours leads.
struct Relay {
    exchanger: Arc<Exchanger>,
    at: At,
    remote: Url,
    noted: Noted,
    passed: AtomicU64,
}

/// A port that leads to `remote`.
///
/// # Errors
/// [`Trouble::Connect`] if there is no port.
pub(super) async fn pass(exchanger: &Arc<Exchanger>, at: At, remote: &Url) -> Result<Pass, Trouble> {
    let listening = async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        io::Result::Ok((listener, port))
    };
    let (listener, port) = listening.await.map_err(|cause| Trouble::Connect(format!("our gateway for children: {cause}")))?;
    let noted = Noted::default();
    let (exchanger, passed) = (Arc::clone(exchanger), AtomicU64::new(0));
    let relay = Relay { exchanger, at, remote: remote.clone(), noted: noted.clone(), passed };
    let task = Task(tokio::spawn(accept(listener, Arc::new(relay))));
    Ok(Pass::by_relay(format!("{}://127.0.0.1:{port}{}", remote.scheme(), remote.path()), port, noted, task))
}

async fn accept(listener: TcpListener, relay: Arc<Relay>) {
    let mut open = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Too many open files, for one: the next moment may be better.
            sleep(limits::ACCEPT_PAUSE).await;
            continue;
        };
        while open.len() >= limits::MAX_RAW_CONNECTIONS {
            open.join_next().await;
        }
        let relay = Arc::clone(&relay);
        open.spawn(async move {
            if let Err(trouble) = relay.carry(stream).await {
                relay.noted.note(trouble);
            }
        });
    }
}

impl Relay {
    async fn carry(&self, mut child: TcpStream) -> Result<(), Trouble> {
        let _held = self.exchanger.origins.of(&self.remote).enter().await?;
        let host = place::host(&self.remote).unwrap_or_default();
        let way = self.exchanger.way(self.at, Belief::Verified)?;
        let mut remote = way.reach().stream(&host, place::port(&self.remote).unwrap_or_default()).await?;
        let (mut from_child, mut to_child) = child.split();
        let (mut from_remote, mut to_remote) = remote.split();
        let there = self.pump(&mut from_child, &mut to_remote, limits::MAX_CHILD_REQUEST_BYTES);
        let back = self.pump(&mut from_remote, &mut to_child, self.exchanger.repository_bytes);
        tokio::try_join!(there, back).map(|_| ())
    }

    /// Copies one way until its end. Nothing for `idle` either way is the end, too.
    async fn pump(
        &self,
        from: &mut (impl AsyncRead + Unpin),
        to: &mut (impl AsyncWrite + Unpin),
        limit: u64,
    ) -> Result<(), Trouble> {
        let idle = self.exchanger.patience.idle;
        let (mut buffer, mut copied) = (vec![0; 64 << 10], 0);
        loop {
            let before = self.passed.load(Ordering::Relaxed);
            let read = match timeout(idle, from.read(&mut buffer)).await {
                Ok(Ok(0)) => break,
                Ok(Ok(read)) => read,
                Ok(Err(cause)) => return Err(Trouble::Broken(cause.to_string())),
                // The other direction may be busy.
                Err(_) if self.passed.load(Ordering::Relaxed) != before => continue,
                Err(_) => return Err(Trouble::Deadline(Deadline::Idle, millis(idle))),
            };
            copied += read as u64;
            self.passed.fetch_add(read as u64, Ordering::Relaxed);
            if copied > limit {
                return Err(Trouble::TooLarge(limit));
            }
            to.write_all(&buffer[..read]).await.map_err(|cause| Trouble::Broken(cause.to_string()))?;
        }
        // Whoever has closed already need not hear that the other has.
        let _ = to.shutdown().await;
        Ok(())
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
