//! Full disks.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::Path,
};

use bytes::Bytes;
use store::{Content, Digest, Kept, Kind, Part, Store, limits::MEMORY_BLOB_BYTES};

use testkit::mount::{Mount, alone, skipped};

const MIB: usize = 1 << 20;

#[test]
fn a_full_disk_refuses_new_bytes_answers_old_ones_and_recovers() {
    alone("full::a_full_disk_refuses_new_bytes_answers_old_ones_and_recovers", &["mkfs.ext4"], || {
        on_each(&[("size=64m", &[])], |root| check(root, fill_bytes, 2000));
    });
}

#[test]
fn a_disk_without_free_inodes_refuses_new_bytes_answers_old_ones_and_recovers() {
    alone("full::a_disk_without_free_inodes_refuses_new_bytes_answers_old_ones_and_recovers", &["mkfs.ext4"], || {
        on_each(&[("size=64m,nr_inodes=200", &["-N", "200"])], |root| check(root, fill_names, 20));
    });
}

fn on_each(disks: &[(&str, &[&str])], body: impl Fn(&Path)) {
    for (options, arguments) in disks {
        for disk in [Mount::memory(options), Mount::image("ext4", 64 << 20, arguments)] {
            match disk {
                Ok(disk) => body(&disk.path()),
                Err(reason) => skipped("full", &reason),
            }
        }
    }
}

fn check(root: &Path, fill: fn(&Path), records: u16) {
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let mut store = Store::open_embedded(&root.join("store")).unwrap();
        let old = [specimen(1, 1000), specimen(2, MIB)];
        for bytes in &old {
            keep(&store, bytes).await.unwrap();
        }
        for round in 0..2 {
            let ballast = root.join("ballast");
            fs::create_dir(&ballast).unwrap();
            fill(&ballast);
            let new = specimen(10 + round, 100_000);
            assert_eq!(store.blobs.stage().unwrap_err().kind(), io::ErrorKind::StorageFull);
            assert_eq!(store.blobs.put_bytes(new.clone()).await.unwrap_err().kind(), io::ErrorKind::StorageFull);
            check_index(&store, round, records).await;
            assert!(store.blobs.open(Digest::of(&new), new.len() as u64).await.unwrap().is_none());
            // What the store gave up when it was closed is taken by others before it is opened again.
            drop(store);
            fill(&ballast);
            store = Store::open_embedded(&root.join("store")).unwrap();
            for bytes in &old {
                check_hit(&store, bytes).await;
            }
            fs::remove_dir_all(&ballast).unwrap();
            assert_eq!(keep(&store, &new).await.unwrap(), Kept::New);
            check_hit(&store, &new).await;
        }
    });
}

/// The index takes small records as long as it can, then says that it is full; either way it says the truth.
async fn check_index(store: &Store, round: u8, records: u16) {
    for n in 0..records {
        let key = format!("{round} {n}");
        let files = vec![(key.clone(), Bytes::from(vec![7; 8192]))];
        match store.index.put_sumdb_files("n", files).await {
            Ok(()) => assert!(store.index.sumdb_file("n", &key).await.unwrap().is_some()),
            Err(error) => {
                assert!(error.is_full(), "{error}");
                return assert!(store.index.sumdb_file("n", &key).await.unwrap().is_none());
            }
        }
    }
}

/// Everything but the reserve first, then the reserve too.
fn fill_bytes(ballast: &Path) {
    let mut file = OpenOptions::new().create(true).append(true).open(ballast.join("ballast")).unwrap();
    let full = (0..).find_map(|_| file.write_all(&[7; 4096]).err()).unwrap();
    assert_eq!(full.kind(), io::ErrorKind::StorageFull);
}

fn fill_names(ballast: &Path) {
    let first = fs::read_dir(ballast).unwrap().count() as u32;
    let full = (first..).find_map(|n| File::create(ballast.join(n.to_string())).err()).unwrap();
    assert_eq!(full.kind(), io::ErrorKind::StorageFull);
}

async fn keep(store: &Store, bytes: &Bytes) -> Result<Kept, store::StoreError> {
    let digest = store.blobs.put_bytes(bytes.clone()).await?;
    let (h1, vouched, origin) = (None, String::new(), String::new());
    let part = Part { digest, size_bytes: bytes.len() as u64, h1, vouched, origin, kept_at: 0 };
    store.index.keep("m", &digest.to_string(), Kind::Zip, part).await
}

async fn check_hit(store: &Store, bytes: &Bytes) {
    let digest = Digest::of(bytes);
    let record = store.index.version("m", &digest.to_string()).await.unwrap().unwrap();
    let blob = store.blobs.open(digest, record.zip.unwrap().size_bytes).await.unwrap().unwrap();
    match blob.content {
        Content::Memory(found) => assert_eq!(&found, bytes),
        Content::File(file) => {
            assert!(blob.size_bytes > MEMORY_BLOB_BYTES);
            let mut found = vec![0; bytes.len()];
            std::os::unix::fs::FileExt::read_exact_at(&*file, &mut found, 0).unwrap();
            assert!(found == bytes[..]);
        }
    }
}

fn specimen(seed: u8, length: usize) -> Bytes {
    (0..length).map(|at| (at % 251) as u8 ^ seed).collect()
}
