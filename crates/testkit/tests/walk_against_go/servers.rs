//! Servers that answer in every way that matters to a walk, and remember who was asked.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use gomod::goproxy::Outcome;
use rustls::crypto::aws_lc_rs;
use rustls::{ServerConfig, ServerConnection, Stream};
use rustls_pki_types::PrivateKeyDer;

/// The ways to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// An HTTP status.
    Status(u16),
    /// 200 with a page in place of the document, as a captive portal does.
    Html,
    /// Nobody listens.
    Refused,
    /// A certificate that nobody knows.
    Tls,
}

/// All of them.
pub(crate) const ANSWERS: [Answer; 8] = [
    Answer::Status(200),
    Answer::Status(403),
    Answer::Status(404),
    Answer::Status(410),
    Answer::Status(500),
    Answer::Refused,
    Answer::Tls,
    Answer::Html,
];

impl Answer {
    /// What it means for a walk.
    pub(crate) fn outcome(self) -> Outcome {
        match self {
            Answer::Status(200) => Outcome::Found,
            Answer::Status(404 | 410) => Outcome::NotExist,
            Answer::Status(_) | Answer::Html | Answer::Refused | Answer::Tls => Outcome::Failed,
        }
    }
}

type Asked = Arc<Mutex<Vec<usize>>>;

/// The servers of one worker, used by one go command at a time.
pub(crate) struct Servers {
    asked: Asked,
    http: SocketAddr,
    /// One per place in a list: a failed handshake has no path to tell them apart.
    tls: Vec<SocketAddr>,
    refused: SocketAddr,
    /// Bound and not listening: the port refuses, and is nobody else's.
    _bound: tokio::net::TcpSocket,
}

impl Servers {
    pub(crate) fn start() -> Self {
        let asked = Asked::default();
        let bound = tokio::net::TcpSocket::new_v4().expect("a socket");
        bound.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("some port is free");
        let refused = bound.local_addr().expect("it is bound");
        let config = tls();
        let untrusted = |number| {
            let config = Arc::clone(&config);
            listen(&asked, move |stream, asked| shake_hands(stream, &config, number, asked))
        };
        let tls = (0..3).map(untrusted).collect();
        Self { http: listen(&asked, answer), tls, refused, _bound: bound, asked }
    }

    /// The URL of the entry at this place in the list.
    pub(crate) fn url(&self, number: usize, answer: Answer) -> String {
        match answer {
            Answer::Status(status) => format!("http://{}/{number}-{status}", self.http),
            Answer::Html => format!("http://{}/{number}-html", self.http),
            Answer::Refused => format!("http://{}/{number}-refused", self.refused),
            Answer::Tls => format!("https://{}/{number}-tls", self.tls[number]),
        }
    }

    pub(crate) fn forget(&self) {
        self.asked.lock().expect("nobody panics with it").clear();
    }

    /// The places that were asked, in order; one that was asked again at once counts once.
    pub(crate) fn asked(&self) -> Vec<usize> {
        let mut asked = self.asked.lock().expect("nobody panics with it").clone();
        asked.dedup();
        asked
    }
}

/// Serves every connection in a thread of its own, until the test ends.
fn listen(asked: &Asked, serve: impl Fn(TcpStream, &Asked) + Clone + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("some port is free");
    let address = listener.local_addr().expect("it is bound");
    let asked = Arc::clone(asked);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (asked, serve) = (Arc::clone(&asked), serve.clone());
            std::thread::spawn(move || serve(stream, &asked));
        }
    });
    address
}

/// Answers one request as its path says: `/NUMBER-ANSWER/example.test/m/@v/v1.0.0.info`.
fn answer(mut stream: TcpStream, asked: &Asked) {
    let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
    let Some((number, rest)) = lines.next().and_then(|line| {
        line.split_once(" /").and_then(|(_, path)| path.split_once('-').map(|(n, r)| (n.to_owned(), r.to_owned())))
    }) else {
        return;
    };
    lines.take_while(|line| !line.is_empty()).for_each(drop);
    asked.lock().expect("nobody panics with it").push(number.parse().expect("url() wrote a number"));
    let kind = rest.split('/').next().unwrap_or_default();
    let (status, body) = match kind {
        "html" => ("200", "<!DOCTYPE html><title>Log in</title>"),
        "200" => ("200", r#"{"Version":"v1.0.0","Time":"2024-01-01T00:00:00Z"}"#),
        status => (status, "no\n"),
    };
    let answer = format!(
        "HTTP/1.1 {status} X\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    // Should the go command be gone, there is nobody to tell.
    let _ = stream.write_all(answer.as_bytes());
}

/// Shows a certificate that the go command cannot trust.
fn shake_hands(mut stream: TcpStream, config: &Arc<ServerConfig>, number: usize, asked: &Asked) {
    asked.lock().expect("nobody panics with it").push(number);
    if let Ok(mut connection) = ServerConnection::new(Arc::clone(config)) {
        let _ = Stream::new(&mut connection, &mut stream).read(&mut [0; 1]);
    }
}

fn tls() -> Arc<ServerConfig> {
    let own = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).expect("a certificate can be made");
    let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).expect("rcgen writes PKCS #8");
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider has them")
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key)
        .expect("the key is the certificate's");
    Arc::new(config)
}
