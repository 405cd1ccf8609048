//! What a repository says of its tags, held against what is kept of its modules.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use gomod::{
    info::{Info, Origin},
    module::{ModulePath, Version},
    time::Time,
};
use proxy::{
    Journey,
    clock::Clock,
    drift::{self, Alarm, Ledger},
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
        self.keep_of(module, version, Some(&origin), NOW - 1000).await;
    }

    async fn keep_of(&self, module: &str, version: &str, origin: Option<&Origin>, kept_at: i64) -> Part {
        let info = Info::write(version, Time::from_unix_seconds(0).unwrap(), origin).bytes().to_vec();
        let part = Part {
            digest: Digest::of(&info),
            size_bytes: info.len() as u64,
            h1: None,
            vouched: String::new(),
            origin: "direct".into(),
            kept_at,
        };
        self.blobs.put_bytes(info.into()).await.unwrap();
        self.index.keep(module, version, Kind::Info, part.clone()).await.unwrap();
        self.ledger.grew(&ModulePath::parse(module).unwrap());
        part
    }

    /// The repository was asked a second ago, and is believed for no time.
    fn tell(&self, sum: u8, tags: &[(&str, &str)]) {
        let tags = tags.iter().map(|(tag, commit)| ((*tag).to_owned(), (*commit).to_owned())).collect();
        *self.told.lock().unwrap() = Some(Told { sum: [sum; 32], settled: Duration::from_secs(1), tags });
    }

    /// Answers how many records of the index it took, and which drifts were told.
    async fn compare(&self) -> (usize, Vec<String>) {
        let before = self.index.reads();
        let journey = Journey::new(std::time::Instant::now());
        self.ledger.compare(&ModulePath::parse(MODULE).unwrap(), &self.code, "git there", &journey).await;
        let told = std::mem::take(&mut *self.alarms.lock().unwrap()).into_iter().map(|(version, drift)| {
            let what = drift.what();
            format!("{version} {what:?} {} {}", drift.kept_commit.unwrap_or_default(), drift.seen_commit.unwrap_or_default())
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
    assert_eq!(site.compare().await, (4, vec!["example.com/m@v1.1.0 TagMoved a b".to_owned()]));
    assert_eq!(site.compare().await, (0, vec![]));
    // A version that is kept now is held against the tags that are known.
    site.tell(3, &[("v1.0.0", "a"), ("v1.1.0", "b"), ("v1.2.0", "a"), ("v1.3.0", "c")]);
    assert_eq!(site.compare().await, (4, vec![]), "what is known already is told no more");
    site.keep(MODULE, "v1.3.0", "a").await;
    assert_eq!(site.compare().await, (6, vec!["example.com/m@v1.3.0 TagMoved a c".to_owned()]));
}

#[tokio::test]
async fn a_tag_that_is_gone_is_told_once_with_the_commit_that_it_had() {
    let site = Site::new();
    site.keep(MODULE, "v1.0.0", "a").await;
    site.keep(MODULE, "v1.1.0", "b").await;
    let of = |module: &str| ModulePath::parse(module).unwrap();
    site.tell(1, &[("v1.0.0", "a"), ("v1.1.0", "b")]);
    assert_eq!(site.compare().await.1, [""; 0]);
    site.tell(2, &[("v1.1.0", "b")]);
    assert_eq!(site.compare().await.1, ["example.com/m@v1.0.0 TagGone a "]);
    let ledger = site.index.drifts(MODULE, "v1.0.0").await.unwrap();
    assert_eq!(drift::sentence(&ledger[0]), "its tag is gone: kept (commit a), git there has none any more");
    // Again and again, in another process too, and after it came back: no news.
    site.ledger.grew(&of(MODULE));
    assert_eq!(site.compare().await.1, [""; 0]);
    site.tell(3, &[("v1.0.0", "a"), ("v1.1.0", "b")]);
    assert_eq!(site.compare().await.1, [""; 0]);
    site.tell(4, &[("v1.1.0", "b")]);
    assert_eq!(site.compare().await.1, [""; 0]);
    site.tell(5, &[("v1.0.0", "c"), ("v1.1.0", "b")]);
    assert_eq!(site.compare().await.1, ["example.com/m@v1.0.0 TagMoved a c"], "it is back, elsewhere");
}

/// Of these versions no tag is there, and that is no news.
#[tokio::test]
async fn a_tag_that_is_not_there_is_not_always_gone() {
    let site = Site::new();
    let there = Origin { vcs: "git".into(), url: URL.into(), hash: "a".into(), ..Origin::default() };
    let elsewhere = Origin { url: "https://git.example.com/fork".into(), ..there.clone() };
    site.keep(MODULE, "v0.0.0-20200101000000-000000000001", "a").await;
    site.keep_of(MODULE, "v1.0.0", Some(&elsewhere), NOW - 1000).await;
    site.keep_of(MODULE, "v1.1.0", None, NOW - 1000).await;
    assert_eq!(site.compare().await, (0, vec![]), "the repository was out of reach");
    site.tell(1, &[("v9.0.0", "z")]);
    assert_eq!(site.compare().await.1, [""; 0]);
    assert_eq!(site.compare().await.0, 0, "that is settled");
    // Kept in the very second in which tags were told: the tag may be the younger of both.
    site.keep_of(MODULE, "v1.2.0", Some(&there), NOW - 1).await;
    assert_eq!(site.compare().await.1, [""; 0]);
    site.told.lock().unwrap().as_mut().unwrap().settled = Duration::ZERO;
    assert_eq!(site.compare().await.1, ["example.com/m@v1.2.0 TagGone a "], "it is missing still, with nothing else changed");
}

#[tokio::test]
async fn other_bytes_are_told_with_the_commits_that_infos_name() {
    let site = Site::new();
    let (module, version) = (ModulePath::parse(MODULE).unwrap(), Version::parse("v1.0.0").unwrap());
    let of = |commit: &str| Origin { url: URL.into(), hash: commit.into(), ..Origin::default() };
    let kept = site.keep_of(MODULE, "v1.0.0", Some(&of("a")), NOW).await;
    let other = Part { origin: "there".into(), ..site.keep_of(MODULE, "v1.0.0", Some(&of("b")), NOW).await };
    let zip = |bytes: &[u8], origin: &str| Part { digest: Digest::of(bytes), origin: origin.into(), ..kept.clone() };
    let journey = Journey::new(std::time::Instant::now());
    let differs = async |kind, seen: Part| {
        site.ledger.differs((&module, &version, kind), &kept, &seen, &journey).await;
        std::mem::take(&mut *site.alarms.lock().unwrap())
            .into_iter()
            .map(|(_, drift)| drift.kept_commit.zip(drift.seen_commit))
            .collect::<Vec<_>>()
    };
    let both = |one: &str, two: &str| [Some((one.to_owned(), two.to_owned()))];
    assert_eq!(differs(Kind::Zip, zip(b"1", "there")).await, [None], "nobody said which commit that is");
    assert_eq!(differs(Kind::Info, other).await, both("a", "b"));
    assert_eq!(differs(Kind::Zip, zip(b"2", "there")).await, both("a", "b"));
    assert_eq!(differs(Kind::Zip, zip(b"3", "elsewhere")).await, [None], "another origin");
    assert_eq!(differs(Kind::Zip, zip(b"3", "there")).await, [], "it is known");
    // Version control itself: where the tag leads.
    site.tell(1, &[("v1.0.0", "c")]);
    assert_eq!(site.compare().await.1, ["example.com/m@v1.0.0 TagMoved a c"]);
    assert_eq!(differs(Kind::Mod, zip(b"4", "direct")).await, both("a", "c"));
    assert_eq!(differs(Kind::Mod, zip(b"5", "elsewhere")).await, [None], "a tag says nothing of what another origin has");
}
