//! An audit that reads the store beside a sequencer that writes.

use std::sync::Mutex;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::join_all;
use gomod::sumdb::tile::Tile;
use proxy::{
    replay::{Sample, Shelf, Stored, replay},
    tlog::Log,
};

use crate::world::{LOG, Node, World, key, record};

/// A log that grows by `more` records once its head was read.
struct Growing<'a> {
    stored: Stored<'a>,
    node: Mutex<Option<Node>>,
    size: u64,
    more: u64,
}

#[async_trait]
impl Shelf for Growing<'_> {
    async fn head(&self) -> Result<Vec<u8>, String> {
        let head = self.stored.head().await;
        let node = self.node.lock().expect("no panic").take().expect("the head is read once");
        add(&node.log, self.size, self.more).await;
        // Stopped, it has removed all that it will remove.
        node.stop().await;
        head
    }

    async fn tile(&self, tile: &Tile) -> Result<Option<Bytes>, String> {
        self.stored.tile(tile).await
    }

    async fn file(&self, path: &str, limit_bytes: u64) -> Result<Option<Bytes>, String> {
        self.stored.file(path, limit_bytes).await
    }
}

async fn add(log: &Log, first: u64, count: u64) {
    let adds = (first..first + count).map(|number| async move {
        let record = record(number, "");
        log.add(&record.key(), &record.to_string()).await.expect("it is added");
    });
    join_all(adds).await;
}

async fn check(size: u64, more: u64) {
    let world = World::new();
    let node = world.start().await.expect("a log");
    add(&node.log, 0, size).await;
    let stored = Stored { files: &world.files, log: LOG };
    let shelf = Growing { stored, node: Mutex::new(Some(node)), size, more };
    let replayed = replay(&shelf, &key().verifier(), None, Sample::Some(0), &|_, _| ()).await.expect("it can be read");
    assert_eq!((replayed.findings, replayed.records), (Vec::new(), size), "{size} records and {more} more");
    assert_eq!(world.published().await, size + more);
}

#[tokio::test(start_paused = true)]
async fn a_log_that_grows_while_it_is_audited_is_whole() {
    for (size, more) in [(3, 0), (3, 1), (3, 252), (3, 253), (3, 300), (256, 1), (300, 1), (300, 300)] {
        check(size, more).await;
    }
}
