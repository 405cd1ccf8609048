//! A proxy in between that changes what it passes on.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use super::site::get;

/// What becomes of the body at a path.
pub(crate) type Change = Arc<dyn Fn(&str, Vec<u8>) -> Vec<u8> + Send + Sync>;

/// The proxy. Ends when dropped.
pub(crate) struct Middle {
    address: SocketAddr,
    over: Arc<AtomicBool>,
}

impl Middle {
    /// Passes on what `server` says, changed.
    pub(crate) fn before(server: String, change: Change) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        let over = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&over);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                let (server, change) = (server.clone(), Arc::clone(&change));
                thread::spawn(move || pass(stream, &server, &change));
            }
        });
        Self { address, over }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Middle {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // So that it wakes up and sees it.
        let _ = TcpStream::connect(self.address);
    }
}

fn pass(mut stream: TcpStream, server: &str, change: &Change) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let (mut first, mut line) = (String::new(), String::new());
    reader.read_line(&mut first).ok()?;
    while reader.read_line(&mut line).ok()? > 2 {
        line.clear();
    }
    let path = first.split(' ').nth(1)?;
    let (status, body) = get(server, path, "");
    let body = if status == 200 { change(path, body) } else { body };
    let head = format!(
        "HTTP/1.1 {status} Said\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), &body].concat()).ok()
}
