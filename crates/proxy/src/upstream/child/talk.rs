//! A child that one talks with: a request goes in, an answer comes out, for as long as both like.

use std::time::Duration;

use plan::Trouble;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    process::{Child, ChildStdin, ChildStdout},
    sync::OwnedSemaphorePermit,
    task::JoinHandle,
    time::timeout,
};

use super::{group::Group, late, noise, start::Started};

/// A child that answers. It is ended, with its whole group, when this is dropped.
#[derive(Debug)]
pub struct Talk {
    ears: Option<ChildStdin>,
    mouth: Option<BufReader<ChildStdout>>,
    noise: JoinHandle<String>,
    running: Option<(Child, Group, OwnedSemaphorePermit)>,
    wall: Duration,
}

impl Talk {
    pub(super) fn new(started: Started, seat: OwnedSemaphorePermit) -> Self {
        let Started { mut child, group, bounds, .. } = started;
        let (ears, mouth, stderr) = (child.stdin.take(), child.stdout.take().map(BufReader::new), child.stderr.take());
        let noise = tokio::spawn(async move {
            match stderr {
                Some(pipe) => noise::heard(pipe).await,
                None => String::new(),
            }
        });
        Self { ears, mouth, noise, running: Some((child, group, seat)), wall: bounds.wall }
    }

    /// Sends `request` and reads one line of at most `most` bytes, without its end.
    ///
    /// # Errors
    /// [`Trouble::Deadline`], [`Trouble::TooLarge`]; [`Trouble::Vcs`] if the child is gone. After an error, or when this is dropped at its
    /// await, the talk is of no use: drop it.
    pub async fn line(&mut self, request: &[u8], most: u64) -> Result<Vec<u8>, Trouble> {
        let wall = self.wall;
        timeout(wall, self.ask(request, most)).await.unwrap_or_else(|_| Err(late(wall)))
    }

    /// Reads exactly `length` bytes of the answer that a [`Talk::line`] announced.
    ///
    /// # Errors
    /// As for [`Talk::line`].
    pub async fn bytes(&mut self, length: usize) -> Result<Vec<u8>, Trouble> {
        let wall = self.wall;
        let mouth = self.mouth.as_mut().ok_or_else(gone)?;
        let mut bytes = vec![0; length];
        match timeout(wall, mouth.read_exact(&mut bytes)).await {
            Ok(Ok(_)) => Ok(bytes),
            Ok(Err(_)) => Err(gone()),
            Err(_) => Err(late(wall)),
        }
    }

    async fn ask(&mut self, request: &[u8], most: u64) -> Result<Vec<u8>, Trouble> {
        let (ears, mouth) = (self.ears.as_mut().ok_or_else(gone)?, self.mouth.as_mut().ok_or_else(gone)?);
        ears.write_all(request).await.map_err(|_| gone())?;
        ears.flush().await.map_err(|_| gone())?;
        let mut line = Vec::new();
        let read = (&mut *mouth).take(most.saturating_add(1)).read_until(b'\n', &mut line).await.map_err(|_| gone())?;
        match line.pop() {
            Some(b'\n') => Ok(line),
            _ if read as u64 > most => Err(Trouble::TooLarge(most)),
            _ => Err(gone()),
        }
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        self.noise.abort();
        // Its input ends: a tool that is well goes by itself.
        self.ears = None;
        let Some((mut child, group, seat)) = self.running.take() else { return };
        // Without a runtime the group is killed as it is dropped here.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                group.end(&mut child).await;
                drop(seat);
            });
        }
    }
}

fn gone() -> Trouble {
    Trouble::Vcs("the child ended in the middle of an answer".to_owned())
}
