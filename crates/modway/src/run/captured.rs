//! A program whose output is read by us: it hears nothing, has a deadline, and goes with all that it started.

use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    time::timeout,
};

use super::{Bounds, Ended, Lost, Run};

/// What a program wrote until it ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Captured {
    /// How it ended.
    pub ended: Ended,
    /// Its standard output, whole.
    pub stdout: Vec<u8>,
    /// The beginning of its standard error.
    pub stderr: Vec<u8>,
}

/// A process group, killed when this is dropped.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        // An error means that nobody is left in it.
        let _ = self.0.map(|leader| kill_process_group(leader, Signal::KILL));
    }
}

impl Run {
    /// Runs it to its end, within `bounds`. Whatever it left running in its group is killed then; so it is when the future is dropped.
    ///
    /// # Errors
    /// [`Lost`]; a program that ends with a code other than 0 has run.
    pub async fn captured(&self, bounds: Bounds) -> Result<Captured, Lost> {
        let mut process = self.prepared(Stdio::null(), Stdio::piped(), Stdio::piped());
        let mut child = process.process_group(0).spawn().map_err(|cause| self.failed(cause))?;
        let group = Group(child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw));
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let whole = async {
            let (stdout, stderr) = tokio::join!(until(stdout, bounds.output_bytes), kept(stderr, bounds.output_bytes));
            let stdout = stdout.ok_or_else(|| self.too_much(bounds))?;
            let status = child.wait().await.map_err(|cause| self.failed(cause))?;
            Ok(Captured { ended: status.into(), stdout, stderr })
        };
        let ended = timeout(bounds.wall, whole).await;
        drop(group);
        ended.unwrap_or_else(|_| Err(Lost::Late { program: self.program.clone(), wall: bounds.wall }))
    }

    fn too_much(&self, bounds: Bounds) -> Lost {
        Lost::TooMuch { program: self.program.clone(), output_bytes: bounds.output_bytes }
    }
}

/// All of `from`, if that is not more than `most` bytes.
async fn until(from: Option<impl AsyncRead + Unpin>, most: usize) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    // What was read before an error is what the program said.
    let _ = from?.take(most as u64 + 1).read_to_end(&mut bytes).await;
    (bytes.len() <= most).then_some(bytes)
}

/// The first `most` bytes; what follows is read, so that the program can go on, and dropped.
async fn kept(from: Option<impl AsyncRead + Unpin>, most: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let Some(mut from) = from else { return bytes };
    let _ = (&mut from).take(most as u64).read_to_end(&mut bytes).await;
    let _ = tokio::io::copy(&mut from, &mut tokio::io::sink()).await;
    bytes
}
