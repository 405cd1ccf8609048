//! HTTP/2 clients that open streams only to reset them (CVE-2023-44487), or ask for more than they take.

use proxy::answer::{Caching, Media};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::support::{DEADLINE, Script, Server, memory};

const PATH: &str = "/example.com/m/@v/list";

/// Its answer never comes: each stream is still open when it is reset.
const GATED: &str = "/gated.test/@v/list";

/// Streams that one client opens and resets.
const STREAMS: u32 = 20_000;

const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;

/// The error code of a GOAWAY that sends a flooding client away.
const ENHANCE_YOUR_CALM: u32 = 11;

#[tokio::test]
async fn a_client_that_resets_every_stream_is_sent_away_and_others_are_served() {
    let mut script = Script::default().with(PATH, Ok(memory("v1.0.0\n", Media::Text, Caching::Revalidate)));
    script.gated.push(GATED.into());
    let server = Server::start(script).await;
    let (mut read, mut write) = TcpStream::connect(server.address).await.unwrap().into_split();
    let flood = tokio::spawn(async move {
        let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        bytes.extend(frame(SETTINGS, 0, 0, &[]));
        for stream in (0..STREAMS).map(|number| 2 * number + 1) {
            bytes.extend(frame(HEADERS, 0x5, stream, &request(GATED)));
            bytes.extend(frame(RST_STREAM, 0, stream, &8u32.to_be_bytes()));
        }
        // The server may have closed already; what it said is what counts.
        let _ = write.write_all(&bytes).await;
        write
    });
    let mut said = Vec::new();
    let ended = timeout(DEADLINE, read.read_to_end(&mut said)).await;
    assert!(ended.is_ok(), "the server goes on with such a client");
    assert_eq!(goaway(&said), Some(ENHANCE_YOUR_CALM));
    drop(flood.await.unwrap());
    let started = server.script.asked.lock().unwrap().len();
    assert!(started < 2_000, "{started} of {STREAMS} streams reached the answers");
    assert_eq!(server.get(PATH, "").await.text(), "v1.0.0\n");
}

/// A frame of HTTP/2.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// The header block of a GET: indexed method and scheme, literal path and authority (RFC 7541).
fn request(path: &str) -> Vec<u8> {
    let literal = |name: u8, value: &str| [&[name, u8::try_from(value.len()).unwrap()], value.as_bytes()].concat();
    [vec![0x82, 0x86], literal(0x04, path), literal(0x01, "test")].concat()
}

/// The error code of the GOAWAY among these frames.
fn goaway(mut said: &[u8]) -> Option<u32> {
    while said.len() >= 9 {
        let length = usize::from(said[0]) << 16 | usize::from(said[1]) << 8 | usize::from(said[2]);
        let (kind, payload) = (said[3], said.get(9..9 + length)?);
        if kind == GOAWAY {
            return Some(u32::from_be_bytes(payload.get(4..8)?.try_into().ok()?));
        }
        said = &said[9 + length..];
    }
    None
}
