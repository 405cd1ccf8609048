//! What a repository says of its tags, held against what is kept of its modules.

use std::sync::{Arc, Mutex};

use gomod::{
    info::{Info, Origin},
    module::ModulePath,
    time::Time,
};
use proxy::{
    Journey,
    clock::Clock,
    drift::{Alarm, Ledger},
    metrics::Metrics,
    upstream::direct::{coderepo::CodeRepo, repo::Told},
};
use store::{
    Blobs as _, Digest, Drift, Index as _, Kind, Part,
    memory::{Faults, MemoryBlobs, MemoryIndex},
};

use super::fake::{Fake, URL, module};

const MODULE: &str = "example.com/m";
const NOW: i64 = 1_700_000_000;

/// A ledger, what it stands on, and a repository that says what a test wants.
struct Site {
    ledger: Ledger,
    blobs: MemoryBlobs,
    index: MemoryIndex,
    code: CodeRepo,
    told: Arc<Mutex<Option<Told>>>,
    alarms: Arc<Mutex<Vec<(String, Drift)>>>,
}

impl Site {
    fn new() -> Self {
        let (blobs, index) = (MemoryBlobs::new(Faults::default()), MemoryIndex::new(Faults::default()));
        let (repo, alarms) = (Fake::default(), Arc::<Mutex<Vec<_>>>::default());
        let (told, heard) = (Arc::clone(&repo.told), Arc::clone(&alarms));
        let alarm = Alarm::new(move |module, version, drift| {
            heard.lock().unwrap().push((format!("{module}@{version}"), drift.clone()));
        });
        let (held, clock) = (Arc::new(blobs.clone()), Clock::new(|| NOW));
        let ledger = Ledger::new(held, Arc::new(index.clone()), clock, Metrics::default(), alarm);
        Self { ledger, blobs, index, code: module(repo, MODULE), told, alarms }
    }

    /// Keeps a `.info` of `commit`, as a fetch does.
    async fn keep(&self, module: &str, version: &str, commit: &str) {
        let origin = Origin { vcs: "git".into(), url: URL.into(), hash: commit.into(), ..Origin::default() };
        let info = Info::write(version, Time::from_unix_seconds(0).unwrap(), Some(&origin)).bytes().to_vec();
        let part = Part {
            digest: Digest::of(&info),
            size_bytes: info.len() as u64,
            h1: None,
            vouched: String::new(),
            origin: "direct".into(),
            kept_at: NOW - 1000,
        };
        self.blobs.put_bytes(info.into()).await.unwrap();
        self.index.keep(module, version, Kind::Info, part).await.unwrap();
        self.ledger.grew(&ModulePath::parse(module).unwrap());
    }

    fn tell(&self, sum: u8, tags: &[(&str, &str)]) {
        let tags = tags.iter().map(|(tag, commit)| ((*tag).to_owned(), (*commit).to_owned())).collect();
        *self.told.lock().unwrap() = Some(Told { sum: [sum; 32], tags });
    }

    /// Answers how many records of the index it took, and which drifts were told.
    async fn compare(&self) -> (usize, Vec<String>) {
        let before = self.index.reads();
        let journey = Journey::new(std::time::Instant::now());
        self.ledger.compare(&ModulePath::parse(MODULE).unwrap(), &self.code, "git there", &journey).await;
        let told = std::mem::take(&mut *self.alarms.lock().unwrap()).into_iter().map(|(version, drift)| {
            format!("{version} {} to {}", drift.kept_commit.unwrap_or_default(), drift.seen_commit.unwrap_or_default())
        });
        (self.index.reads() - before, told.collect())
    }
}

#[tokio::test]
async fn a_question_that_finds_no_tag_moved_reads_no_record() {
    let site = Site::new();
    for number in 0..300 {
        site.keep("example.com/other", &format!("v1.{number}.0"), "x").await;
    }
    for version in ["v1.0.0", "v1.1.0", "v1.2.0"] {
        site.keep(MODULE, version, "a").await;
    }
    assert_eq!(site.compare().await, (0, vec![]), "nothing was told yet");
    site.tell(1, &[("v1.0.0", "a"), ("v1.1.0", "a"), ("v1.2.0", "a")]);
    assert_eq!(site.compare().await, (3, vec![]), "the records of this module, and no others");
    for _ in 0..3 {
        assert_eq!(site.compare().await, (0, vec![]), "nothing moved");
    }
    site.tell(2, &[("v1.0.0", "a"), ("v1.1.0", "b"), ("v1.2.0", "a")]);
    // One more for the h1 of what moved.
    assert_eq!(site.compare().await, (4, vec!["example.com/m@v1.1.0 a to b".to_owned()]));
    assert_eq!(site.compare().await, (0, vec![]));
    // A version that is kept now is held against the tags that are known.
    site.tell(3, &[("v1.0.0", "a"), ("v1.1.0", "b"), ("v1.2.0", "a"), ("v1.3.0", "c")]);
    assert_eq!(site.compare().await, (4, vec![]), "what is known already is told no more");
    site.keep(MODULE, "v1.3.0", "a").await;
    assert_eq!(site.compare().await, (6, vec!["example.com/m@v1.3.0 a to c".to_owned()]));
}
