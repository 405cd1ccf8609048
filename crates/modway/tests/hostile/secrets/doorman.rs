//! The way to the hosts: a forward proxy that wants a password, and a gate that wants a certificate.

use std::{
    collections::HashMap,
    io::{self, BufRead as _, BufReader, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use testkit::tls::Ca;

use super::{FORWARD, base64_of::base64};

/// A forward proxy that knows the way to every host here, for whoever says the password.
pub(super) struct Doorman {
    pub(super) address: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
    pub(super) closed: Arc<AtomicBool>,
}

impl Doorman {
    /// `ways` says where each host is.
    pub(super) fn new(ways: HashMap<String, SocketAddr>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("bound");
        let (heard, closed, ways) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)), Arc::new(ways));
        let (noted, shut) = (Arc::clone(&heard), Arc::clone(&closed));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (noted, shut, ways) = (Arc::clone(&noted), Arc::clone(&shut), Arc::clone(&ways));
                // Whoever hangs up in the middle sees it himself.
                thread::spawn(move || lead(&stream, &noted, &shut, &ways));
            }
        });
        Self { address, heard, closed }
    }

    /// The heads of all requests until now.
    pub(super) fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn lead(stream: &TcpStream, noted: &Mutex<Vec<String>>, shut: &AtomicBool, ways: &HashMap<String, SocketAddr>) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut head, mut line) = (String::new(), String::new());
    while reader.read_line(&mut line)? > 2 {
        head.push_str(&line);
        line.clear();
    }
    noted.lock().unwrap_or_else(PoisonError::into_inner).push(head.clone());
    let host = head.strip_prefix("CONNECT ").and_then(|rest| rest.split(':').next()).unwrap_or_default();
    let mut client = stream;
    if shut.load(Ordering::SeqCst) || !head.contains(&base64(&format!("bird:{FORWARD}"))) {
        return client.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    }
    let Some(way) = ways.get(host) else {
        return client.write_all(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    };
    let mut upstream = TcpStream::connect(way)?;
    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
    let (mut down, mut back) = (upstream.try_clone()?, stream.try_clone()?);
    let returning = thread::spawn(move || {
        let _ = io::copy(&mut down, &mut back);
        let _ = back.shutdown(Shutdown::Write);
    });
    let _ = io::copy(&mut reader, &mut upstream);
    let _ = upstream.shutdown(Shutdown::Write);
    drop(returning.join());
    Ok(())
}

/// TLS for clients that show a certificate of `authority`, in front of `server`.
pub(super) async fn gate(server: SocketAddr, ca: &Ca, authority: &Ca) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    let tls = tokio_rustls::TlsAcceptor::from(ca.leaf(&["cert.example.test"]).server_for(authority, &["http/1.1"]));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let tls = tls.clone();
            tokio::spawn(async move {
                let Ok(mut inner) = tls.accept(stream).await else { return };
                let Ok(mut outer) = tokio::net::TcpStream::connect(server).await else { return };
                let _ = tokio::io::copy_bidirectional(&mut inner, &mut outer).await;
            });
        }
    });
    address
}
