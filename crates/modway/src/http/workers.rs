//! Threads that serve connections, each with a runtime of its own.
//!
//! A connection stays on one thread for its whole life: its small answers need no hand-over between threads, which is worth more
//! than an even load. Work that a request starts may run on any thread of the process.

use std::{
    io,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use tokio::{
    net::TcpStream,
    runtime::{Builder, Handle},
    sync::oneshot,
    task::JoinSet,
};

/// The threads, and whose turn it is.
pub(crate) struct Workers {
    threads: Vec<Worker>,
    next: AtomicUsize,
}

/// One thread; it ends when this is dropped.
struct Worker {
    runtime: Handle,
    _alive: oneshot::Sender<()>,
}

impl Workers {
    /// Starts `count` threads, or as many as the system gives; with none, connections stay on the runtime that accepts them.
    pub(crate) fn start(count: usize) -> Self {
        Self { threads: (0..count).map_while(|number| Worker::start(number).ok()).collect(), next: AtomicUsize::new(0) }
    }

    /// Serves `stream` by `converse` on the next thread, as one of `connections`.
    pub(crate) fn spawn<F: Future<Output = ()> + Send + 'static>(
        &self,
        connections: &mut JoinSet<()>,
        stream: TcpStream,
        converse: impl FnOnce(TcpStream) -> F + Send + 'static,
    ) {
        let Some(worker) = self.threads.get(self.next.fetch_add(1, Ordering::Relaxed) % self.threads.len().max(1)) else {
            connections.spawn(converse(stream));
            return;
        };
        // Out of the accepting runtime's hands, into those of the thread's own. A socket that will not go is a connection lost.
        let Ok(stream) = stream.into_std() else { return };
        let served = async move {
            if let Ok(stream) = TcpStream::from_std(stream) {
                converse(stream).await;
            }
        };
        connections.spawn_on(served, &worker.runtime);
    }
}

impl Worker {
    fn start(number: usize) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let (alive, over) = oneshot::channel::<()>();
        let handle = runtime.handle().clone();
        thread::Builder::new().name(format!("door-{number}")).spawn(move || {
            // An error means that the other end is gone: the door is closed.
            let _ = runtime.block_on(over);
            runtime.shutdown_background();
        })?;
        Ok(Self { runtime: handle, _alive: alive })
    }
}
