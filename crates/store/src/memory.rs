//! Both traits in memory, for tests, with the faults that real ones have.

use std::{
    collections::{BTreeMap, VecDeque},
    io,
    os::unix::fs::FileExt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use bytes::Bytes;

use crate::{
    Answer, AnswerBody, Blob, Blobs, Content, Digest, Drift, DriftRecord, Gone, Index, Kept, Kind, Part, Reference, Stage, Store,
    StoreError, VersionRecord, blobs::TempPath, limits::DRIFTS,
};

/// How a write ends that does not succeed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// It failed and nothing was stored.
    NotStored,
    /// It was stored, and yet its caller is told that it failed: the answer was lost.
    Stored,
    /// No room is left; nothing was stored.
    Full,
    /// It failed, and of what is written file by file the first half was stored.
    Half,
}

/// The faults that are to come; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<Script>>);

#[derive(Debug, Default)]
struct Script {
    next: VecDeque<Option<Fault>>,
    then: Option<Fault>,
}

impl Faults {
    /// The next writes end so, one by one; `None` succeeds. Later ones end as [`Faults::then`] said.
    pub fn script(&self, faults: impl IntoIterator<Item = Option<Fault>>) {
        lock(&self.0).next.extend(faults);
    }

    /// How every write ends for which no script is left; `None`, as at first, if they succeed.
    pub fn then(&self, fault: Option<Fault>) {
        lock(&self.0).then = fault;
    }

    /// Does `write` as the script says.
    fn play<T>(&self, write: impl FnOnce() -> T) -> io::Result<T> {
        end(self.next(), write)
    }

    /// As [`Faults::play`], with an index's error.
    pub(crate) fn play_index<T>(&self, write: impl FnOnce() -> T) -> Result<T, StoreError> {
        self.play(write).map_err(|error| match error.kind() {
            io::ErrorKind::StorageFull => StoreError::Full,
            _ => error.into(),
        })
    }

    /// As [`Faults::play`], for what is written `parts` by part.
    pub(crate) fn play_parts<P, T>(&self, mut parts: Vec<P>, write: impl FnOnce(Vec<P>) -> T) -> io::Result<T> {
        let mut fault = self.next();
        if fault == Some(Fault::Half) {
            parts.truncate(parts.len() / 2);
            fault = Some(Fault::Stored);
        }
        end(fault, || write(parts))
    }

    fn next(&self) -> Option<Fault> {
        let mut script = lock(&self.0);
        let then = script.then;
        script.next.pop_front().unwrap_or(then)
    }
}

fn end<T>(fault: Option<Fault>, write: impl FnOnce() -> T) -> io::Result<T> {
    match fault {
        None => Ok(write()),
        Some(Fault::NotStored | Fault::Half) => Err(io::Error::other("scripted: failed, and not stored")),
        Some(Fault::Full) => Err(io::ErrorKind::StorageFull.into()),
        Some(Fault::Stored) => {
            write();
            Err(io::Error::other("scripted: failed, but stored"))
        }
    }
}

/// A store in memory and its faults, which all parts share.
pub fn store() -> (Store, Faults) {
    let faults = Faults::default();
    let (blobs, index) = (MemoryBlobs::new(faults.clone()), MemoryIndex::new(faults.clone()));
    let logs = crate::log::memory::logs(faults.clone(), faults.clone());
    (Store { blobs: Arc::new(blobs), index: Arc::new(index), logs }, faults)
}

/// Blobs in memory; clones share them. Staged files lie in the system's temporary directory.
#[derive(Clone, Debug, Default)]
pub struct MemoryBlobs {
    blobs: Arc<Mutex<BTreeMap<Digest, Bytes>>>,
    faults: Faults,
}

impl MemoryBlobs {
    /// No blobs, and `faults` for [`Blobs::put`] and [`Blobs::put_bytes`].
    pub fn new(faults: Faults) -> Self {
        Self { blobs: Arc::default(), faults }
    }

    /// Loses the blob, as damage does; false if it is not there.
    pub fn lose(&self, digest: Digest) -> bool {
        lock(&self.blobs).remove(&digest).is_some()
    }
}

#[async_trait]
impl Blobs for MemoryBlobs {
    fn stage(&self) -> io::Result<Stage> {
        let (file, path) = tempfile::NamedTempFile::new()?.into_parts();
        let path = path.keep().map_err(|error| error.error)?;
        Ok(Stage { file: Arc::new(file), path: TempPath::new(path) })
    }

    async fn put(&self, stage: Stage, digest: Digest, size_bytes: u64) -> io::Result<()> {
        if stage.file.metadata()?.len() != size_bytes {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let mut bytes = vec![0; usize::try_from(size_bytes).map_err(io::Error::other)?];
        stage.file.read_exact_at(&mut bytes, 0)?;
        self.faults.play(|| lock(&self.blobs).entry(digest).or_insert(bytes.into()).len()).map(drop)
    }

    async fn put_bytes(&self, bytes: Bytes) -> io::Result<Digest> {
        let digest = Digest::of(&bytes);
        self.faults.play(|| lock(&self.blobs).insert(digest, bytes))?;
        Ok(digest)
    }

    async fn open(&self, digest: Digest, size_bytes: u64) -> io::Result<Option<Blob>> {
        let mut blobs = lock(&self.blobs);
        let Some(bytes) = blobs.get(&digest).cloned() else { return Ok(None) };
        if bytes.len() as u64 == size_bytes && Digest::of(&bytes) == digest {
            return Ok(Some(Blob { size_bytes, content: Content::Memory(bytes) }));
        }
        blobs.remove(&digest);
        Ok(None)
    }
}

/// An index in memory; clones share it.
#[derive(Clone, Debug, Default)]
pub struct MemoryIndex {
    tables: Arc<Mutex<Tables>>,
    faults: Faults,
    reads: Arc<AtomicUsize>,
}

#[derive(Debug, Default)]
struct Tables {
    /// The part, and why it is gone, if it is.
    parts: BTreeMap<(String, String, Kind), (Part, Option<Gone>)>,
    drifts: Vec<DriftRecord>,
    answers: BTreeMap<String, Answer>,
    sumdb_files: BTreeMap<(String, String), Bytes>,
    sumdb_heads: BTreeMap<String, Bytes>,
}

impl MemoryIndex {
    /// An empty index, and `faults` for every method that writes.
    pub fn new(faults: Faults) -> Self {
        Self { faults, ..Self::default() }
    }

    /// How many records of versions were read so far, one by one or in lists.
    pub fn reads(&self) -> usize {
        self.reads.load(Ordering::Relaxed)
    }

    fn write<T>(&self, work: impl FnOnce(&mut Tables) -> T) -> Result<T, StoreError> {
        self.faults.play_index(|| work(&mut lock(&self.tables)))
    }
}

#[async_trait]
impl Index for MemoryIndex {
    async fn version(&self, module: &str, version: &str) -> Result<Option<VersionRecord>, StoreError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        let tables = lock(&self.tables);
        let part = |kind| tables.part(module, version, kind).filter(|(_, gone)| gone.is_none()).map(|(part, _)| part);
        let record = VersionRecord { info: part(Kind::Info), go_mod: part(Kind::Mod), zip: part(Kind::Zip) };
        Ok((record != VersionRecord::default()).then_some(record))
    }

    async fn keep(&self, module: &str, version: &str, kind: Kind, part: Part) -> Result<Kept, StoreError> {
        self.write(|tables| tables.keep(module, version, kind, part))
    }

    async fn complete_versions(&self, module: &str) -> Result<Vec<String>, StoreError> {
        let tables = lock(&self.tables);
        let mut parts = BTreeMap::<&str, usize>::new();
        for ((_, version, _), _) in tables.parts.iter().filter(|((of, ..), (_, gone))| of == module && gone.is_none()) {
            *parts.entry(version).or_default() += 1;
        }
        Ok(parts.into_iter().filter(|(_, parts)| *parts == 3).map(|(version, _)| version.to_owned()).collect())
    }

    async fn infos(&self, module: &str) -> Result<Vec<(String, Part)>, StoreError> {
        let tables = lock(&self.tables);
        let of_module =
            tables.parts.iter().filter(|((of, _, kind), (_, gone))| of == module && *kind == Kind::Info && gone.is_none());
        let infos: Vec<_> = of_module.map(|((_, version, _), (part, _))| (version.clone(), part.clone())).collect();
        self.reads.fetch_add(infos.len(), Ordering::Relaxed);
        Ok(infos)
    }

    async fn forget_blob(&self, module: &str, version: &str, kind: Kind, new: Gone) -> Result<(), StoreError> {
        self.write(|tables| {
            if let Some((_, gone)) = tables.parts.get_mut(&(module.to_owned(), version.to_owned(), kind)) {
                *gone = gone.filter(|gone| *gone == Gone::Disproven).or(Some(new));
            }
        })
    }

    async fn answer(&self, key: &str) -> Result<Option<Answer>, StoreError> {
        Ok(lock(&self.tables).answers.get(key).cloned())
    }

    async fn put_answer(&self, key: &str, answer: Answer) -> Result<(), StoreError> {
        self.write(|tables| tables.answers.insert(key.to_owned(), answer)).map(drop)
    }

    async fn sumdb_file(&self, name: &str, path: &str) -> Result<Option<Bytes>, StoreError> {
        Ok(lock(&self.tables).sumdb_files.get(&(name.to_owned(), path.to_owned())).cloned())
    }

    async fn put_sumdb_files(&self, name: &str, files: Vec<(String, Bytes)>) -> Result<(), StoreError> {
        self.write(|tables| {
            for (path, body) in files {
                tables.sumdb_files.entry((name.to_owned(), path)).or_insert(body);
            }
        })
    }

    async fn forget_narrower(&self, name: &str, tiles: Vec<(String, u32)>) -> Result<(), StoreError> {
        let narrower = |path: &str| {
            let width = |start: &str| path.strip_prefix(start).and_then(|width| width.parse::<u32>().ok());
            tiles.iter().any(|(start, than)| width(start).is_some_and(|width| width < *than))
        };
        self.write(|tables| tables.sumdb_files.retain(|(of, path), _| of != name || !narrower(path)))
    }

    async fn sumdb_head(&self, name: &str) -> Result<Option<Bytes>, StoreError> {
        Ok(lock(&self.tables).sumdb_heads.get(name).cloned())
    }

    async fn swap_sumdb_head(&self, name: &str, old: Option<Bytes>, new: Bytes) -> Result<bool, StoreError> {
        self.write(|tables| {
            let is_old = tables.sumdb_heads.get(name) == old.as_ref();
            if is_old {
                tables.sumdb_heads.insert(name.to_owned(), new);
            }
            is_old
        })
    }

    async fn drifts(&self, module: &str, version: &str) -> Result<Vec<Drift>, StoreError> {
        let tables = lock(&self.tables);
        let of_version = tables.drifts.iter().filter(|record| record.module == module && record.version == version);
        Ok(of_version.map(|record| record.drift.clone()).collect())
    }

    async fn put_drift(&self, module: &str, version: &str, drift: Drift) -> Result<bool, StoreError> {
        self.write(|tables| tables.put_drift(module, version, drift))
    }

    async fn all_drifts(&self, after: u64, limit: usize) -> Result<Vec<DriftRecord>, StoreError> {
        let tables = lock(&self.tables);
        Ok(tables.drifts.iter().filter(|record| record.number > after).take(limit).cloned().collect())
    }

    async fn references(&self, after: Option<&Reference>, limit: usize) -> Result<Vec<Reference>, StoreError> {
        let after = after.map(|after| (after.module.clone(), after.version.clone(), after.kind));
        let tables = lock(&self.tables);
        let rest = tables.parts.iter().filter(|(key, (_, gone))| gone.is_none() && Some(*key) > after.as_ref());
        let reference = |(key, (part, _)): (&(String, String, Kind), &(Part, Option<Gone>))| Reference {
            module: key.0.clone(),
            version: key.1.clone(),
            kind: key.2,
            digest: part.digest,
            size_bytes: part.size_bytes,
        };
        let references: Vec<_> = rest.take(limit).map(reference).collect();
        self.reads.fetch_add(references.len(), Ordering::Relaxed);
        Ok(references)
    }

    async fn forget_not_exist(&self, checked_before: i64) -> Result<u64, StoreError> {
        let is_old = |answer: &Answer| matches!(answer.body, AnswerBody::NotExist(_)) && answer.checked_at < checked_before;
        self.write(|tables| {
            let before = tables.answers.len();
            tables.answers.retain(|_, answer| !is_old(answer));
            (before - tables.answers.len()) as u64
        })
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

impl Tables {
    fn part(&self, module: &str, version: &str, kind: Kind) -> Option<(Part, Option<Gone>)> {
        self.parts.get(&(module.to_owned(), version.to_owned(), kind)).cloned()
    }

    fn keep(&mut self, module: &str, version: &str, kind: Kind, part: Part) -> Kept {
        let kept = Kept::decide(self.part(module, version, kind), &part);
        if kept == Kept::New {
            self.parts.insert((module.to_owned(), version.to_owned(), kind), (part, None));
        }
        kept
    }

    fn put_drift(&mut self, module: &str, version: &str, drift: Drift) -> bool {
        let of_file =
            |record: &&mut DriftRecord| (&*record.module, &*record.version, record.drift.kind) == (module, version, drift.kind);
        let mut known: Vec<_> = self.drifts.iter_mut().filter(of_file).collect();
        let count = known.len();
        if let Some(known) = known.iter_mut().find(|record| record.drift.is_same(&drift)) {
            known.drift.kept_commit = known.drift.kept_commit.take().or(drift.kept_commit);
            known.drift.seen_commit = known.drift.seen_commit.take().or(drift.seen_commit);
            return false;
        }
        if count < DRIFTS as usize {
            let number = self.drifts.len() as u64 + 1;
            self.drifts.push(DriftRecord { number, module: module.to_owned(), version: version.to_owned(), drift });
        }
        count < DRIFTS as usize
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_fault_says_whether_the_bytes_were_stored() {
        let (store, faults) = store();
        faults.script([Some(Fault::NotStored), Some(Fault::Stored), Some(Fault::Full), None]);
        let mut found = Vec::new();
        for bytes in [&b"a"[..], b"b", b"c", b"d"] {
            let put = store.blobs.put_bytes(Bytes::from_static(bytes)).await.map_err(|error| error.kind());
            let is_there = store.blobs.open(Digest::of(bytes), 1).await.unwrap().is_some();
            found.push((put.err(), is_there));
        }
        let (other, full) = (Some(io::ErrorKind::Other), Some(io::ErrorKind::StorageFull));
        assert_eq!(found, [(other, false), (other, true), (full, false), (None, true)]);
    }

    #[tokio::test]
    async fn a_full_disk_stays_full_until_it_is_told_otherwise() {
        let (store, faults) = store();
        faults.then(Some(Fault::Full));
        for _ in 0..3 {
            assert!(store.index.swap_sumdb_head("n", None, Bytes::from_static(b"h")).await.unwrap_err().is_full());
        }
        faults.then(None);
        assert!(store.index.swap_sumdb_head("n", None, Bytes::from_static(b"h")).await.unwrap());
    }
}
