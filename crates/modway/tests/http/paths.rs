//! Only a path that prints back to the same bytes is served.

use plan::Request;
use proxy::answer::{Caching, Media};
use testkit::random::Random;

use crate::support::{Client, Response, Script, Server, memory};

const PROTECTED: &str = "/git.corp.test/!secret/x/@v/v1.2.3.mod";

async fn server() -> Server {
    Server::start(Script::default().with(PROTECTED, Ok(memory("module secret\n", Media::Text, Caching::Immutable)))).await
}

#[tokio::test]
async fn both_spellings_of_a_bang_are_served_cold_and_warm() {
    let server = server().await;
    for path in [PROTECTED, "/git.corp.test/%21secret/x/@v/v1.2.3.mod", "/git.corp.test/%21secret/x/%40v/v1.2.3.mod"] {
        for _ in 0..2 {
            assert_eq!(server.get(path, "").await.text(), "module secret\n", "{path}");
        }
    }
}

#[tokio::test]
async fn path_games_get_nothing() {
    let server = server().await;
    for path in [
        "//git.corp.test/!secret/x/@v/v1.2.3.mod",
        "/git.corp.test//!secret/x/@v/v1.2.3.mod",
        "/git.corp.test/!secret/x/@v/v1.2.3.mod/",
        "/git.corp.test/!secret/x/@v/./v1.2.3.mod",
        "/git.corp.test/y/../!secret/x/@v/v1.2.3.mod",
        "/git.corp.test/%2e%2e/!secret/x/@v/v1.2.3.mod",
        "/git.corp.test%2f!secret/x/@v/v1.2.3.mod",
        "/git.corp.test/%2521secret/x/@v/v1.2.3.mod",
        "/git.corp.test/!secret/x/@v/v1.2.3.mod;a=b",
        "/git.corp.test/!secret/x/@v/v1.2.3.mod%00",
        "/git.corp.test/!secret/x/@v/v1.2.3.mod?a=b",
        "/git.corp.test/!secret/x/@v/v1.2.3.mod?",
        "/git.corp.test/!Secret/x/@v/v1.2.3.mod",
        "/git.corp.test/Secret/x/@v/v1.2.3.mod",
        "/git.corp.test/!!secret/x/@v/v1.2.3.mod",
        "/git.corp.test/!secret\\x/@v/v1.2.3.mod",
        "/git.corp.test/!secret/%c0%aex/@v/v1.2.3.mod",
        "/git.corp.test/!%73ecret/x/@v/v1.2.3.mod",
        "/git.corp.test/!secret/x/@v/v1.2.3%2emod",
        "/./git.corp.test/!secret/x/@v/v1.2.3.mod",
    ] {
        let response = server.get(path, "").await;
        assert_eq!(response.status, 400, "{path}: {}", response.text());
        assert!(!response.text().contains("module secret"), "{path}");
    }
}

const PIECES: [&[u8]; 30] = [
    b"/",
    b"//",
    b"/./",
    b"/../",
    b"%2f",
    b"%2F",
    b"%2e",
    b"%2e%2e",
    b"%00",
    b"%",
    b"%2",
    b"%21",
    b"%2521",
    b"!",
    b"!!",
    b";",
    b";x=y",
    b"?",
    b"?a",
    b"\\",
    b"#",
    b"%5c",
    b"%c0%af",
    b"\xc0\xaf",
    b"\xc3\xa9",
    b"S",
    b"@",
    b"%40",
    b"\x7f",
    b".",
];

/// `path` with up to three mutations.
fn mutate(path: &str, dice: &mut Random) -> Vec<u8> {
    let mut bytes = path.as_bytes().to_vec();
    for _ in 0..=dice.below(3) {
        let at = dice.below(bytes.len());
        match dice.below(5) {
            0 => drop(bytes.splice(at..at, dice.pick(&PIECES).iter().copied())),
            1 => drop(bytes.splice(at..=at, dice.pick(&PIECES).iter().copied())),
            2 => drop(bytes.splice(at..=at, format!("%{:02x}", bytes[at]).into_bytes())),
            3 if bytes.len() > 1 => drop(bytes.remove(at)),
            _ => bytes[at] = b"!-._~/@%azAZ09+"[dice.below(15)],
        }
    }
    bytes
}

/// The path that the bytes print, by a decoder of the test's own; `None` if an escape is malformed.
fn decoded(bytes: &[u8]) -> Option<Vec<u8>> {
    let (mut out, mut at) = (Vec::new(), 0);
    while let Some(byte) = bytes.get(at) {
        if *byte == b'%' {
            out.push(u8::from_str_radix(std::str::from_utf8(bytes.get(at + 1..at + 3)?).ok()?, 16).ok()?);
            at += 2;
        } else {
            out.push(*byte);
        }
        at += 1;
    }
    Some(out)
}

#[tokio::test]
async fn of_5000_mutations_only_the_same_path_is_served() {
    let (server, mut dice, mut same) = (server().await, Random::new(20_261_123), 0);
    let mut client: Option<Client<_>> = None;
    for _ in 0..5000 {
        let path = mutate(PROTECTED, &mut dice);
        let mut connection = match client.take() {
            Some(client) => client,
            None => server.connect().await,
        };
        connection.send([b"GET ", &*path, b" HTTP/1.1\r\nHost: test\r\n\r\n"].concat()).await;
        let Some(response) = connection.response(false).await else { continue };
        same += usize::from(judge(&path, &response));
        if response.header("connection") != "close" {
            client = Some(connection);
        }
    }
    assert!(same > 20, "the mutations reach the path itself, too: {same}");
}

/// Whether the protected path was served, which must only happen for its own bytes.
#[track_caller]
fn judge(path: &[u8], response: &Response) -> bool {
    let shown = String::from_utf8_lossy(path);
    if response.status == 200 && response.body == b"module secret\n" {
        let hides = |at: &usize| {
            decoded(&path[*at..at + 3]).is_none_or(|byte| byte[0].is_ascii_alphanumeric() || b"/-._~%".contains(&byte[0]))
        };
        assert_eq!((0..path.len()).filter(|at| path[*at] == b'%').find(hides), None, "{shown}: this escape hides a byte");
        let decoded = decoded(path).and_then(|bytes| String::from_utf8(bytes).ok()).expect("a path that can be decoded");
        assert_eq!(decoded, PROTECTED, "{shown}");
        assert_eq!(Request::parse(&decoded).map(|request| request.path()), Ok(decoded), "{shown}");
        return true;
    }
    assert!(!response.body.windows(13).any(|window| window == b"module secret"), "{shown}");
    let front_page = response.status == 200 && response.body.starts_with(b"This is modway");
    assert!(matches!(response.status, 400 | 404) || front_page, "{shown}: {}", response.status);
    false
}
