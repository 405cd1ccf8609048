//! Bodies from files and from zips that still arrive.

use std::{
    fs::{File, OpenOptions},
    io::Write,
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use proxy::{
    answer::{Answer, Body, Caching, Media},
    limits::HELD_BACK_BYTES,
    spool::{Settled, SpoolWriter},
};
use store::{Digest, Stage, blobs::TempPath};
use tempfile::TempDir;

use crate::support::{MODIFIED, Script, Server};

const ZIP: &str = "/example.com/m/@v/v1.0.0.zip";

/// Bytes that differ everywhere.
fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|at| u8::try_from((at * 31 + at / 251) % 256).unwrap()).collect()
}

fn zip(body: Body, digest: Option<Digest>) -> Answer {
    Answer { body, digest, modified_at: MODIFIED, media: Media::Zip, caching: Caching::Immutable, hot_for: Duration::ZERO }
}

#[tokio::test]
async fn a_file_is_sent_whole_and_in_parts() {
    let (folder, content) = (TempDir::new().unwrap(), bytes(1_000_003));
    let path = folder.path().join("blob");
    File::create(&path).unwrap().write_all(&content).unwrap();
    let body = Body::File(Arc::new(File::open(&path).unwrap()), content.len() as u64);
    let server = Server::start(Script::default().with(ZIP, Ok(zip(body, Some(Digest::of(&content)))))).await;
    let mut client = server.connect().await;
    for _ in 0..2 {
        assert!(client.ask("GET", ZIP, "").await.body == content);
        let part = client.ask("GET", ZIP, "Range: bytes=262143-786432\r\n").await;
        assert!((part.status, &*part.body) == (206, &content[262_143..=786_432]));
    }
}

#[tokio::test]
async fn a_file_that_lost_its_end_breaks_the_body() {
    let (folder, content) = (TempDir::new().unwrap(), bytes(500_000));
    let path = folder.path().join("blob");
    File::create(&path).unwrap().write_all(&content).unwrap();
    let body = Body::File(Arc::new(File::open(&path).unwrap()), 600_000);
    let server = Server::start(Script::default().with(ZIP, Ok(zip(body, Some(Digest::of(&content)))))).await;
    assert!(server.connect().await.ask_maybe(ZIP).await.is_none());
    let line = &server.log()[0];
    assert_eq!(
        (line["end"].as_str(), line["level"].as_str(), line["size_bytes"].as_u64()),
        (Some("cut"), Some("warn"), Some(500_000))
    );
}

/// A zip of `length` bytes that arrives when the test says so.
struct Arriving {
    _folder: TempDir,
    writer: SpoolWriter,
    content: Vec<u8>,
    server: Server,
}

impl Arriving {
    async fn new(length: usize) -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("spool");
        let file = OpenOptions::new().create_new(true).read(true).write(true).open(&path).unwrap();
        let mut writer = SpoolWriter::new(&Stage { file: Arc::new(file), path: TempPath::new(path) });
        writer.announce(length as u64);
        let answer = zip(Body::Growing(writer.reader(), length as u64), None);
        Self {
            _folder: folder,
            writer,
            content: bytes(length),
            server: Server::start(Script::default().with(ZIP, Ok(answer))).await,
        }
    }

    async fn write(&mut self, count: usize) {
        let at = usize::try_from(self.writer.written()).unwrap();
        self.writer.write(Bytes::copy_from_slice(&self.content[at..at + count])).await.unwrap();
    }
}

const LENGTH: usize = 300_000;
const HELD: usize = HELD_BACK_BYTES as usize;

#[tokio::test]
async fn a_zip_streams_while_it_arrives_and_its_end_waits_for_the_proof() {
    let mut zip = Arriving::new(LENGTH).await;
    let mut client = zip.server.connect().await;
    client.send(format!("GET {ZIP} HTTP/1.1\r\nHost: test\r\n\r\n")).await;
    zip.write(100_000).await;
    client.body_reaches(100_000).await;
    zip.write(LENGTH - 100_000).await;
    client.body_reaches(LENGTH - HELD).await;
    assert!(client.is_silent().await, "the end is held back");
    zip.writer.settle(Settled::Proven);
    assert!(client.response(false).await.unwrap().body == zip.content);
    assert_eq!(zip.server.log()[0]["end"], "whole");
}

#[tokio::test]
async fn a_zip_that_is_refused_or_lost_never_leaves_whole() {
    for end in [Some(Settled::Refused), None] {
        let mut zip = Arriving::new(LENGTH).await;
        let mut client = zip.server.connect().await;
        client.send(format!("GET {ZIP} HTTP/1.1\r\nHost: test\r\n\r\n")).await;
        zip.write(LENGTH).await;
        client.body_reaches(LENGTH - HELD).await;
        match end {
            Some(end) => zip.writer.settle(end),
            None => drop(zip.writer),
        }
        let said = client.rest().await;
        let body = said.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
        assert!(said[body..] == zip.content[..LENGTH - HELD], "not a byte of the end leaves");
        assert_eq!(zip.server.log()[0]["end"], "cut");
    }
}

#[tokio::test]
async fn a_zip_that_arrives_short_is_cut_even_if_it_is_called_proven() {
    let mut zip = Arriving::new(LENGTH).await;
    zip.write(LENGTH - 1).await;
    zip.writer.settle(Settled::Proven);
    assert!(zip.server.connect().await.ask_maybe(ZIP).await.is_none());
}

#[tokio::test]
async fn a_small_arriving_zip_waits_for_its_proof_from_the_first_byte() {
    let mut zip = Arriving::new(HELD).await;
    let mut client = zip.server.connect().await;
    client.send(format!("GET {ZIP} HTTP/1.1\r\nHost: test\r\n\r\n")).await;
    zip.write(HELD).await;
    client.body_reaches(0).await;
    assert!(client.is_silent().await);
    zip.writer.settle(Settled::Proven);
    assert!(client.response(false).await.unwrap().body == zip.content);
}

#[tokio::test]
async fn a_part_of_an_arriving_zip_is_held_back_in_the_same_place() {
    let mut zip = Arriving::new(LENGTH).await;
    let mut client = zip.server.connect().await;
    zip.write(LENGTH).await;
    let early = client.ask("GET", ZIP, "Range: bytes=1000-1999\r\n").await;
    assert!((early.status, &*early.body) == (206, &zip.content[1000..2000]), "before the held back end a part needs no proof");
    client.send(format!("GET {ZIP} HTTP/1.1\r\nHost: test\r\nRange: bytes=-70000\r\n\r\n")).await;
    client.body_reaches(70_000 - HELD).await;
    assert!(client.is_silent().await);
    zip.writer.settle(Settled::Proven);
    assert!(client.response(false).await.unwrap().body == zip.content[LENGTH - 70_000..]);
}

#[tokio::test]
async fn an_arriving_zip_has_a_length_and_no_tag() {
    let zip = Arriving::new(LENGTH).await;
    let head = zip.server.ask("HEAD", ZIP, "").await;
    assert_eq!((head.status, head.header("content-length"), head.header("etag")), (200, "300000", ""));
}
