//! What one child may use.

use std::time::Duration;

use rustix::{
    io::Errno,
    process::{Pid, Resource, Rlimit, prlimit},
};

use crate::limits;

/// The bounds of one child. Memory, open files and processes have the same for all, see `limits`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    /// From its turn to its end.
    pub wall: Duration,
    /// What it may write to its standard output if we read that.
    pub stdout_bytes: u64,
    /// How long one file may be that it writes, its standard output included.
    pub file_bytes: u64,
}

impl Bounds {
    /// For a question about what is here: an answer of at most [`limits::CHILD_ANSWER_BYTES`].
    pub const fn small(wall: Duration) -> Self {
        Self { wall, stdout_bytes: limits::CHILD_ANSWER_BYTES, file_bytes: limits::CHILD_ANSWER_BYTES }
    }

    /// Puts the bounds on the running process `pid`; what it starts from then on inherits them. A process that has ended needs none.
    ///
    /// They come a moment after its start, because code between fork and exec would need `unsafe`. What it has started in that moment gets them
    /// too, from the top down: whoever has them hands them on, and whoever has them not yet is in the list of its parent.
    pub(super) fn put_on(&self, pid: Pid) -> rustix::io::Result<()> {
        self.put_on_one(pid)?;
        let mut reached = vec![pid];
        let mut next = 0;
        while let Some(parent) = reached.get(next).copied().filter(|_| reached.len() <= limits::CHILD_PROCESSES) {
            next += 1;
            for child in children(parent) {
                self.put_on_one(child)?;
                reached.push(child);
            }
        }
        Ok(())
    }

    fn put_on_one(&self, pid: Pid) -> rustix::io::Result<()> {
        let processor_seconds = self.wall.as_secs().saturating_add(1).saturating_mul(limits::CHILD_PROCESSORS);
        let each = [
            (Resource::Core, 0),
            (Resource::Cpu, processor_seconds),
            (Resource::Fsize, self.file_bytes),
            (Resource::As, limits::CHILD_MEMORY_BYTES),
            (Resource::Nofile, limits::CHILD_FILES),
            (Resource::Nproc, limits::CHILD_USERS_PROCESSES),
        ];
        for (resource, bound) in each {
            match put(pid, resource, bound) {
                Err(Errno::SRCH) => return Ok(()),
                other => other?,
            }
        }
        Ok(())
    }
}

/// What `pid` has started and what still runs; nothing where the kernel does not tell (`CONFIG_PROC_CHILDREN`).
fn children(pid: Pid) -> Vec<Pid> {
    let pid = pid.as_raw_nonzero();
    let list = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    list.split_whitespace().filter_map(|pid| pid.parse().ok()).filter_map(Pid::from_raw).collect()
}

/// Lowers the soft and the hard bound to `most`; one that is lower already stays.
fn put(pid: Pid, resource: Resource, most: u64) -> rustix::io::Result<()> {
    let here = rustix::process::getrlimit(resource);
    let lower = |bound: Option<u64>| Some(bound.map_or(most, |bound| bound.min(most)));
    prlimit(Some(pid), resource, Rlimit { current: lower(here.current), maximum: lower(here.maximum) }).map(drop)
}
