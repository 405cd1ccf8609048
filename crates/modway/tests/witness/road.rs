//! A port that is known before anybody listens there: what comes in is passed on to wherever it is said to lead by now.

use std::{
    io,
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
};

/// A road to a site. It ends with the test.
pub(crate) struct Road {
    address: SocketAddr,
    target: Arc<Mutex<Option<SocketAddr>>>,
}

impl Road {
    /// A road that leads nowhere yet.
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("some port is free");
        let (address, target) = (listener.local_addr().expect("it is bound"), Arc::new(Mutex::new(None)));
        let shared = Arc::clone(&target);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let to: Option<SocketAddr> = *shared.lock().unwrap_or_else(PoisonError::into_inner);
                // How a connection ends is its own affair.
                std::thread::spawn(move || to.map(|to| pass(stream, to)));
            }
        });
        Self { address, target }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn leads_to(&self, to: SocketAddr) {
        *self.target.lock().unwrap_or_else(PoisonError::into_inner) = Some(to);
    }
}

fn pass(near: TcpStream, to: SocketAddr) -> io::Result<()> {
    let far = TcpStream::connect(to)?;
    let (mut near_in, mut far_out) = (near.try_clone()?, far.try_clone()?);
    std::thread::spawn(move || {
        drop(io::copy(&mut near_in, &mut far_out));
        drop(far_out.shutdown(Shutdown::Write));
    });
    let (mut far_in, mut near_out) = (far, near);
    io::copy(&mut far_in, &mut near_out)?;
    near_out.shutdown(Shutdown::Write)
}
