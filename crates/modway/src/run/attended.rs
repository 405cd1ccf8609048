//! A program that the user talks to: it has their terminal, hears their signals, and takes as long as it takes.

use std::{io, process::Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    io::AsyncRead,
    process::Child,
    signal::unix::{SignalKind, signal},
};

use super::{Ended, Lost, Run};

/// Where one of a program's outputs goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stream {
    /// Where ours goes.
    Inherited,
    /// To us.
    Read,
}

/// An output that is read by us.
pub type Reader = Box<dyn AsyncRead + Send + Unpin>;

/// A running program.
pub struct Attended {
    child: Child,
    run: Run,
    /// Its standard output, if that is read by us.
    pub stdout: Option<Reader>,
    /// Its standard error, if that is read by us.
    pub stderr: Option<Reader>,
    signals: Vec<(Signal, tokio::signal::unix::Signal)>,
}

impl Run {
    /// Starts it with our standard input. From now on signals that ask us to end are passed on to it; it decides what they mean.
    ///
    /// It stays in our process group, so that it can read from the terminal. A Ctrl-C reaches it from there, and once more through us: for
    /// programs that count them, we are the reason for the second.
    ///
    /// # Errors
    /// [`Lost::Failed`].
    pub fn attended(self, stdout: Stream, stderr: Stream) -> Result<Attended, Lost> {
        let signals = listened().map_err(|cause| self.failed(cause))?;
        let spawned = self.prepared(Stdio::inherit(), stdout.into(), stderr.into()).spawn();
        let mut child = spawned.map_err(|cause| self.failed(cause))?;
        let stdout = child.stdout.take().map(|pipe| Box::new(pipe) as Reader);
        let stderr = child.stderr.take().map(|pipe| Box::new(pipe) as Reader);
        Ok(Attended { child, run: self, stdout, stderr, signals })
    }
}

impl Attended {
    /// The number of its process.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits for its end; passes signals on until then.
    ///
    /// # Errors
    /// [`Lost::Failed`] if the system lost it.
    pub async fn ended(&mut self) -> Result<Ended, Lost> {
        let Self { child, signals, run, .. } = self;
        let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let passed = async {
            loop {
                let next = next(signals).await;
                // It may just have ended.
                let _ = pid.map(|pid| kill_process(pid, next));
            }
        };
        tokio::select! {
            biased;
            status = child.wait() => status.map(Ended::from).map_err(|cause| run.failed(cause)),
            () = passed => Err(run.failed(io::Error::other("no signals"))),
        }
    }
}

impl From<Stream> for Stdio {
    fn from(stream: Stream) -> Self {
        match stream {
            Stream::Inherited => Self::inherit(),
            Stream::Read => Self::piped(),
        }
    }
}

/// The signals by which a user or a CI runner ends a command.
fn listened() -> io::Result<Vec<(Signal, tokio::signal::unix::Signal)>> {
    let kinds = [
        (Signal::INT, SignalKind::interrupt()),
        (Signal::TERM, SignalKind::terminate()),
        (Signal::HUP, SignalKind::hangup()),
        (Signal::QUIT, SignalKind::quit()),
    ];
    kinds.into_iter().map(|(sent, kind)| signal(kind).map(|listened| (sent, listened))).collect()
}

/// The next signal that arrives.
async fn next(signals: &mut [(Signal, tokio::signal::unix::Signal)]) -> Signal {
    std::future::poll_fn(|cx| {
        let arrived = signals.iter_mut().find_map(|(sent, listened)| match listened.poll_recv(cx) {
            std::task::Poll::Ready(Some(())) => Some(*sent),
            _ => None,
        });
        arrived.map_or(std::task::Poll::Pending, std::task::Poll::Ready)
    })
    .await
}
