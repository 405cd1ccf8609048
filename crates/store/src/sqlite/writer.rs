//! The one thread that writes.

use std::{
    fs,
    path::{Path, PathBuf},
    thread::JoinHandle,
};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::Failure;
use crate::{
    OpenError, StoreError,
    limits::{GROUPED_WRITES, WAITING_WRITES, WAL_BYTES},
};

/// Hands writes to the thread that does them.
#[derive(Debug)]
pub(super) struct Writer {
    queue: Option<mpsc::Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(path: &Path, connection: Connection) -> Result<Self, OpenError> {
        let (queue, waiting) = mpsc::channel(WAITING_WRITES);
        let log = log_of(path);
        let work = move || run(&connection, waiting, &log);
        let thread = std::thread::Builder::new().name("index-writer".to_owned()).spawn(work).map_err(OpenError::at(path))?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    /// Does `work` in a transaction; durable when it returns. Waits while the queue is full.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (tell, told) = oneshot::channel();
        let queue = self.queue.as_ref().expect("only drop takes it");
        let stopped = || StoreError::Index("its writer has stopped".to_owned());
        queue.send(Box::new(Write { work: Some(work), done: None, tell })).await.map_err(|_| stopped())?;
        told.await.map_err(|_| stopped())?
    }
}

impl Drop for Writer {
    /// Waits until the queued writes are durable and the file is closed.
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// One write: done first, and told once its transaction is durable or has failed.
trait Job: Send {
    fn run(&mut self, connection: &Connection) -> Result<(), Failure>;
    fn tell(self: Box<Self>, committed: Result<(), Failure>);
}

struct Write<F, T> {
    work: Option<F>,
    done: Option<T>,
    tell: oneshot::Sender<Result<T, StoreError>>,
}

impl<F: FnOnce(&Connection) -> rusqlite::Result<T> + Send, T: Send> Job for Write<F, T> {
    fn run(&mut self, connection: &Connection) -> Result<(), Failure> {
        let work = self.work.take().expect("a job runs once");
        self.done = Some(in_savepoint(connection, work).map_err(|error| Failure::of(&error))?);
        Ok(())
    }

    fn tell(self: Box<Self>, committed: Result<(), Failure>) {
        let Self { done, tell, .. } = *self;
        let done = committed.map(|()| done.expect("what is committed was done"));
        // Nobody listens any more if the caller was dropped; the write stands all the same.
        let _ = tell.send(done.map_err(StoreError::from));
    }
}

/// One job's trouble must not undo what others of its group did.
fn in_savepoint<T>(connection: &Connection, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
    connection.execute_batch("SAVEPOINT job")?;
    let done = work(connection);
    // After some errors SQLite has rolled the whole transaction back by itself.
    if done.is_err() && !connection.is_autocommit() {
        connection.execute_batch("ROLLBACK TO job; RELEASE job")?;
    } else if done.is_ok() {
        connection.execute_batch("RELEASE job")?;
    }
    done
}

fn run(connection: &Connection, mut waiting: mpsc::Receiver<Box<dyn Job>>, log: &Path) {
    while let Some(first) = waiting.blocking_recv() {
        let mut group = vec![first];
        while group.len() < GROUPED_WRITES {
            match waiting.try_recv() {
                Ok(job) => group.push(job),
                Err(_) => break,
            }
        }
        commit(connection, group);
        bound(connection, log);
    }
    // The next start then has no log to read. If this fails, it has.
    let _ = connection.pragma_query(None, "wal_checkpoint(PASSIVE)", |_| Ok(()));
}

/// Runs the group in one transaction, then tells each how it ended.
fn commit(connection: &Connection, mut group: Vec<Box<dyn Job>>) {
    let mut own = Vec::with_capacity(group.len());
    let committed = transact(connection, &mut group, &mut own);
    if committed.is_err() && !connection.is_autocommit() {
        // If this fails too, the next BEGIN says so.
        let _ = connection.execute_batch("ROLLBACK");
    }
    // Jobs that were not reached share the failure of the group.
    own.resize(group.len(), Ok(()));
    for (job, own) in group.into_iter().zip(own) {
        job.tell(own.and_then(|()| committed.clone()));
    }
}

fn transact(connection: &Connection, group: &mut [Box<dyn Job>], own: &mut Vec<Result<(), Failure>>) -> Result<(), Failure> {
    let execute = |sql| connection.execute_batch(sql).map_err(|error| Failure::of(&error));
    execute("BEGIN IMMEDIATE")?;
    for job in group {
        let ran = job.run(connection);
        own.push(ran.clone());
        // Everything before this job is gone with it.
        if connection.is_autocommit() {
            return ran.and_then(|()| Err(Failure::Other("the transaction was rolled back".to_owned())));
        }
    }
    execute("COMMIT")
}

/// Cuts the log back if readers have kept it from being reused for so long that it outgrew its bound.
fn bound(connection: &Connection, log: &Path) {
    if fs::metadata(log).is_ok_and(|log| log.len() > u64::from(WAL_BYTES)) {
        // Busy or full: the next write tries again.
        let _ = connection.pragma_query(None, "wal_checkpoint(TRUNCATE)", |_| Ok(()));
    }
}

/// The write-ahead log of the database at `path`.
pub(super) fn log_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}
