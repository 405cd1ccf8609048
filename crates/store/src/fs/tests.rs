use std::io::Write as _;

use bytes::Bytes;

use super::*;
use crate::Content;

async fn read(blobs: &FsBlobs, digest: Digest, size_bytes: u64) -> Option<Vec<u8>> {
    use std::os::unix::fs::FileExt as _;
    match blobs.open(digest, size_bytes).await.unwrap()?.content {
        Content::Memory(bytes) => Some(bytes.to_vec()),
        Content::File(file) => {
            let mut bytes = vec![0; usize::try_from(size_bytes).unwrap()];
            file.read_exact_at(&mut bytes, 0).unwrap();
            Some(bytes)
        }
    }
}

/// Lengths on both sides of every bound that reading knows.
const LENGTHS: [usize; 5] = [0, 1, 64 << 10, (64 << 10) + 1, 3 << 20];

fn specimen(length: usize) -> Bytes {
    (0..length).map(|at| (at * 7 % 251) as u8).collect()
}

async fn check_damage(damage: fn(&Path)) {
    for length in LENGTHS.into_iter().filter(|length| *length > 0) {
        let home = tempfile::tempdir().unwrap();
        let bytes = specimen(length);
        let digest = FsBlobs::open(home.path()).unwrap().put_bytes(bytes.clone()).await.unwrap();
        let layout = Layout::open(home.path()).unwrap();
        damage(&layout.blob(digest));

        let blobs = FsBlobs::open(home.path()).unwrap();
        assert_eq!(read(&blobs, digest, length as u64).await, None, "{length} bytes");
        assert!(layout.quarantine.join(digest.to_string()).exists(), "{length} bytes");
        blobs.put_bytes(bytes.clone()).await.unwrap();
        assert_eq!(read(&blobs, digest, length as u64).await.as_deref(), Some(&bytes[..]), "{length} bytes");
    }
}

#[tokio::test]
async fn a_blob_with_a_flipped_bit_is_put_aside_and_can_be_put_again() {
    check_damage(|path| {
        let mut bytes = std::fs::read(path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        std::fs::write(path, bytes).unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_truncated_blob_is_put_aside_and_can_be_put_again() {
    check_damage(|path| {
        let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
        file.set_len(file.metadata().unwrap().len() - 1).unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_put_replaces_a_blob_of_the_wrong_length_that_nobody_has_read_yet() {
    let home = tempfile::tempdir().unwrap();
    let blobs = FsBlobs::open(home.path()).unwrap();
    let bytes = specimen(1000);
    let digest = blobs.put_bytes(bytes.clone()).await.unwrap();
    std::fs::write(blobs.shelf.layout().blob(digest), b"").unwrap();
    blobs.put_bytes(bytes.clone()).await.unwrap();
    assert_eq!(read(&blobs, digest, 1000).await.as_deref(), Some(&bytes[..]));
}

#[tokio::test]
async fn a_long_blob_is_hashed_once_in_the_life_of_a_process() {
    let home = tempfile::tempdir().unwrap();
    let blobs = FsBlobs::open(home.path()).unwrap();
    let digest = blobs.put_bytes(specimen(1 << 20)).await.unwrap();
    assert!(blobs.shelf.open_at_hand(digest, 1 << 20).is_none());
    assert!(blobs.open(digest, 1 << 20).await.unwrap().is_some());
    assert!(blobs.shelf.open_at_hand(digest, 1 << 20).is_some());
}

#[tokio::test]
async fn a_short_blob_is_hashed_at_every_open() {
    let home = tempfile::tempdir().unwrap();
    let blobs = FsBlobs::open(home.path()).unwrap();
    let digest = blobs.put_bytes(specimen(1000)).await.unwrap();
    assert!(blobs.open(digest, 1000).await.unwrap().is_some());
    std::fs::write(blobs.shelf.layout().blob(digest), [1; 1000]).unwrap();
    assert!(blobs.open(digest, 1000).await.unwrap().is_none());
}

#[tokio::test]
async fn a_blob_that_is_there_is_not_written_again() {
    use std::os::unix::fs::MetadataExt as _;
    let home = tempfile::tempdir().unwrap();
    let blobs = FsBlobs::open(home.path()).unwrap();
    let digest = blobs.put_bytes(specimen(10)).await.unwrap();
    let node = || std::fs::metadata(blobs.shelf.layout().blob(digest)).unwrap().ino();
    let before = node();
    let stage = blobs.stage().unwrap();
    (&*stage.file).write_all(&specimen(10)).unwrap();
    blobs.put(stage, digest, 10).await.unwrap();
    assert_eq!(node(), before);
    assert_eq!(std::fs::read_dir(&blobs.shelf.layout().tmp).unwrap().count(), 0);
}

#[tokio::test]
async fn a_disk_below_its_reserve_takes_nothing_and_still_answers() {
    let home = tempfile::tempdir().unwrap();
    let digest = FsBlobs::open(home.path()).unwrap().put_bytes(specimen(10)).await.unwrap();
    let blobs = FsBlobs::open_with_reserve(home.path(), u64::MAX).unwrap();
    assert_eq!(blobs.stage().unwrap_err().kind(), io::ErrorKind::StorageFull);
    assert_eq!(blobs.put_bytes(specimen(11)).await.unwrap_err().kind(), io::ErrorKind::StorageFull);
    assert_eq!(blobs.put_bytes(specimen(10)).await.unwrap(), digest);
    assert!(read(&blobs, digest, 10).await.is_some());
}

#[tokio::test]
async fn a_blob_removed_from_outside_can_be_put_again() {
    let home = tempfile::tempdir().unwrap();
    let blobs = FsBlobs::open(home.path()).unwrap();
    let digest = blobs.put_bytes(specimen(10)).await.unwrap();
    std::fs::remove_dir_all(blobs.shelf.layout().fan_out(digest)).unwrap();
    assert_eq!(read(&blobs, digest, 10).await, None);
    blobs.put_bytes(specimen(10)).await.unwrap();
    assert!(read(&blobs, digest, 10).await.is_some());
}

#[tokio::test]
async fn a_file_whose_sync_failed_is_removed_and_no_blob() {
    let home = tempfile::tempdir().unwrap();
    let blobs = FsBlobs::open(home.path()).unwrap();
    let path = blobs.stage().unwrap().path.keep();
    // The kernel's own files are empty to look at and refuse to be synced.
    let file = Arc::new(std::fs::File::open("/proc/version").unwrap());
    let stage = Stage { file, path: crate::blobs::TempPath::new(path.clone()) };
    blobs.put(stage, Digest::of(b""), 0).await.unwrap_err();
    assert!(!path.exists());
    assert!(blobs.open(Digest::of(b""), 0).await.unwrap().is_none());
}

#[test]
fn a_store_of_a_newer_format_is_refused_in_one_line() {
    let home = tempfile::tempdir().unwrap();
    FsBlobs::open(home.path()).unwrap();
    std::fs::write(home.path().join("format"), "2\n").unwrap();
    let told = FsBlobs::open(home.path()).unwrap_err().to_string();
    let expected = "store format 2 is newer than format 1 of this modway; run the newer modway that wrote it";
    assert_eq!(told, format!("{}: {expected}", home.path().display()));
}

#[test]
fn a_store_is_private_to_its_user() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = tempfile::tempdir().unwrap();
    let layout = Layout::open(&home.path().join("a/b")).unwrap();
    for directory in [&layout.root, &layout.blobs, &layout.tmp, &layout.quarantine] {
        assert_eq!(std::fs::metadata(directory).unwrap().permissions().mode() & 0o777, 0o700, "{}", directory.display());
    }
}

#[test]
fn whoever_only_reads_makes_no_store() {
    let home = tempfile::tempdir().unwrap();
    for path in [home.path().to_owned(), home.path().join("none/there")] {
        assert!(matches!(FsBlobs::open_to_read(&path), Err(crate::OpenError::Absent { missing: "format", .. })));
    }
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
    FsBlobs::open(home.path()).unwrap();
    FsBlobs::open_to_read(home.path()).unwrap();
}
