//! A forward proxy that knows one server: whatever name is asked for, the way leads there. So names that do not exist can be reached.

use std::{
    io::{self, BufRead as _, BufReader, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

/// The proxy. Ends when dropped.
pub(crate) struct Front {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    over: Arc<AtomicBool>,
}

impl Front {
    /// Leads every CONNECT to `server`.
    pub(crate) fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        let (asked, over) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (noted, ended) = (Arc::clone(&asked), Arc::clone(&over));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                let noted = Arc::clone(&noted);
                // Whoever hangs up in the middle sees it himself.
                thread::spawn(move || lead(stream, server, &noted));
            }
        });
        Self { address, asked, over }
    }

    /// The value for HTTPS_PROXY.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The hosts that were asked for, in order, with their ports.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // So that it wakes up and sees it.
        let _ = TcpStream::connect(self.address);
    }
}

fn lead(client: TcpStream, server: SocketAddr, noted: &Mutex<Vec<String>>) -> io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut line = String::new();
    while reader.read_line(&mut line)? > 2 {
        line.clear();
    }
    let mut client_side = client.try_clone()?;
    let Some(host) = first.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next()) else {
        return client_side.write_all(b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    };
    noted.lock().unwrap_or_else(PoisonError::into_inner).push(host.to_owned());
    let upstream = TcpStream::connect(server)?;
    client_side.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
    let (mut down, mut to_client) = (upstream.try_clone()?, client_side);
    let back = thread::spawn(move || {
        let _ = io::copy(&mut down, &mut to_client);
        let _ = to_client.shutdown(Shutdown::Write);
    });
    let mut up = upstream;
    let _ = io::copy(&mut reader, &mut up);
    let _ = up.shutdown(Shutdown::Write);
    drop(back.join());
    Ok(())
}
