//! A module proxy as a folder, whose every byte is known, and a client that holds the server to them.

use std::{
    collections::HashMap,
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    path::Path,
    sync::Arc,
    time::Duration,
};

use testkit::modules::Module;

use super::server::Server;

/// A module proxy as a folder, and the bytes of every path in it.
pub(crate) fn upstream(home: &Path, modules: usize, noise_bytes: usize) -> (String, Arc<HashMap<String, Vec<u8>>>) {
    let (root, mut truth) = (home.join("upstream"), HashMap::new());
    for number in 0..modules {
        let module = Module::large(&format!("example.com/m{number}"), "v1.0.0", noise_bytes);
        let folder = root.join(&module.path).join("@v");
        fs::create_dir_all(&folder).expect("a folder");
        let files = [("info", module.info.as_bytes()), ("mod", module.go_mod.as_bytes()), ("zip", &module.zip[..])];
        for (kind, bytes) in files {
            fs::write(folder.join(format!("v1.0.0.{kind}")), bytes).expect("a file");
            truth.insert(format!("/{}/@v/v1.0.0.{kind}", module.path), bytes.to_vec());
        }
    }
    (format!("file://{}", root.display()), Arc::new(truth))
}

pub(crate) fn started(store: &Path, proxy: &str) -> Server {
    Server::start(store, &[("GOPROXY", proxy), ("GOSUMDB", "off"), ("MODWAY_STORE__RESERVE", "16MiB")])
}

#[track_caller]
pub(crate) fn whole(address: String, path: &str, truth: &HashMap<String, Vec<u8>>) {
    let (status, body) = get(&address, path).expect("an answer that is not broken off");
    assert_eq!(status, 200, "{path}: {}", String::from_utf8_lossy(&body));
    assert!(body == truth[path], "{path}: other bytes");
}

#[track_caller]
pub(crate) fn whole_or_refused(address: String, path: &str, truth: &HashMap<String, Vec<u8>>) {
    match get(&address, path).expect("an answer that is not broken off") {
        (200, body) => assert!(body == truth[path], "{path}: other bytes"),
        (_, body) => in_words(&String::from_utf8_lossy(&body)),
    }
}

/// Right, or no answer of 200 at all, for whatever reason.
#[track_caller]
pub(crate) fn whole_or_refused_otherwise(address: String, path: &str, truth: &HashMap<String, Vec<u8>>) {
    if let Some((200, body)) = get(&address, path) {
        assert!(body == truth[path], "{path}: other bytes");
    }
}

#[track_caller]
pub(crate) fn in_words(refusal: &str) {
    assert!(refusal.contains("no space left") && refusal.contains("code: store-full"), "{refusal}");
}

pub(crate) fn refusal(address: String, path: &str) -> Option<String> {
    let (status, body) = get(&address, path)?;
    (status != 200).then(|| String::from_utf8_lossy(&body).into_owned())
}

/// A connection on which `path` was asked for.
pub(crate) fn ask(address: &str, path: &str) -> Option<TcpStream> {
    let mut stream = TcpStream::connect(address).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: modway\r\nConnection: close\r\n\r\n").ok()?;
    Some(stream)
}

/// One request; none if the connection broke before the whole body was there.
pub(crate) fn get(address: &str, path: &str) -> Option<(u16, Vec<u8>)> {
    let mut stream = ask(address, path)?;
    stream.set_read_timeout(Some(Duration::from_secs(60))).ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let length: usize = head.lines().find_map(|line| line.strip_prefix("content-length: "))?.parse().ok()?;
    let body = answer.split_off(end + 4);
    (body.len() == length).then_some((status, body))
}
