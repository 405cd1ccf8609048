//! What the store has for a request, ready to be served.

use std::{io, sync::Arc, time::Duration};

use bytes::Bytes;
use gomod::{
    list::VersionList,
    module::{ModulePath, Version},
};
use plan::{Ask, Freshness, Reason, Stored, Way, decide::is_immutable, freshness::Age};
use quick_cache::{Equivalent, sync};
use store::{AnswerBody, Blob, Blobs, Content, Digest, Gone, Index, Kept, Kind, Part, StoreError};

use crate::{
    answer::{Answer, Body, Caching, Media},
    limits,
    upstream::{Known, Question},
};

/// The store, in the words of requests.
#[derive(Clone)]
pub struct Cache {
    /// The bytes.
    pub blobs: Arc<dyn Blobs>,
    /// The records.
    pub index: Arc<dyn Index>,
    /// How long changing answers live.
    pub freshness: Freshness,
    /// Records read lately. A kept part never changes, so what is here is right until its blob is found damaged.
    records: Arc<sync::Cache<PartName, Arc<Part>>>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct PartName(ModulePath, Version, Kind);

/// A [`PartName`] that is looked for: nothing is copied for a hit.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Sought<'r>(&'r ModulePath, &'r Version, Kind);

impl Equivalent<PartName> for Sought<'_> {
    fn equivalent(&self, PartName(module, version, kind): &PartName) -> bool {
        *self == Sought(module, version, *kind)
    }
}

/// What the store has, and the answer to serve if it comes to that.
pub struct Held {
    /// For the decision.
    pub stored: Stored,
    /// The answer; `None` if there is none.
    pub answer: Option<Answer>,
}

impl Held {
    const NOTHING: Self = Self { stored: Stored::Nothing, answer: None };
}

impl Cache {
    /// The store `blobs` and `index`.
    pub fn new(blobs: Arc<dyn Blobs>, index: Arc<dyn Index>, freshness: Freshness) -> Self {
        let records = Arc::new(sync::Cache::new(limits::MAX_RECORDS_IN_MEMORY));
        Self { blobs, index, freshness, records }
    }

    /// What is kept for `ask` about `module` on this way. What never changes is the same on every way.
    ///
    /// # Errors
    /// [`Reason::Store`].
    pub async fn look(&self, module: &ModulePath, ask: &Ask, way: Way, now: i64) -> Result<Held, Reason> {
        if let Some((version, kind)) = immutable_part(ask)
            && let Some(answer) = self.part(module, &version, kind).await?
        {
            return Ok(Held { stored: Stored::Immutable, answer: Some(answer) });
        }
        let Some(question) = changing_question(module, ask) else { return Ok(Held::NOTHING) };
        match self.index.answer(&key(way, &question)).await.map_err(in_trouble)? {
            // Too old to be served: if upstreams are gone, what is kept whole can still be listed.
            Some(kept) if self.is_gone(&kept, now) => match self.derived(module, ask).await? {
                Held { answer: None, .. } => Ok(self.held(ask, kept, now)),
                derived => Ok(derived),
            },
            Some(kept) => Ok(self.held(ask, kept, now)),
            None => self.derived(module, ask).await,
        }
    }

    /// The validators of the answer kept under `key`, if `upstream` gave it.
    ///
    /// # Errors
    /// [`Reason::Store`].
    pub async fn known(&self, key: &str, upstream: &str) -> Result<Option<(Known, store::Answer)>, Reason> {
        let kept = self.index.answer(key).await.map_err(in_trouble)?;
        let usable = kept.filter(|kept| kept.origin == upstream && matches!(kept.body, AnswerBody::Found(_)));
        Ok(usable.map(|kept| (Known { etag: kept.etag.clone(), last_modified: kept.last_modified.clone() }, kept)))
    }

    /// Keeps the answer to a question whose answer changes, under its [`key`].
    ///
    /// # Errors
    /// [`StoreError`]; the caller may pass the answer through.
    pub async fn keep_answer(&self, key: &str, kept: store::Answer) -> Result<(), StoreError> {
        self.index.put_answer(key, kept).await
    }

    /// Keeps a small immutable file: the blob first, then the record.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is then recorded.
    pub async fn keep_bytes(&self, subject: (&ModulePath, &Version, Kind), body: Bytes, part: Part) -> Result<Kept, StoreError> {
        self.blobs.put_bytes(body).await?;
        // A crash here leaves a blob without a record: swept, never served.
        let (module, version, kind) = subject;
        self.index.keep(module.as_str(), version.as_str(), kind, part).await
    }

    /// One kept file of a version. A damaged blob is forgotten, so that it is fetched again and healed by bytes with the same h1.
    ///
    /// # Errors
    /// [`Reason::Store`].
    pub async fn part(&self, module: &ModulePath, version: &Version, kind: Kind) -> Result<Option<Answer>, Reason> {
        let sought = Sought(module, version, kind);
        let Some(part) = self.record(sought).await? else { return Ok(None) };
        match self.blobs.open(part.digest, part.size_bytes).await.map_err(|error| in_trouble(error.into()))? {
            Some(blob) => Ok(Some(immutable(kind, &part, blob))),
            None => {
                self.records.remove(&sought);
                self.index.forget_blob(module.as_str(), version.as_str(), kind, Gone::Lost).await.map_err(in_trouble)?;
                Ok(None)
            }
        }
    }

    async fn record(&self, sought: Sought<'_>) -> Result<Option<Arc<Part>>, Reason> {
        if let Some(part) = self.records.get(&sought) {
            return Ok(Some(part));
        }
        let Sought(module, version, kind) = sought;
        let record = self.index.version(module.as_str(), version.as_str()).await.map_err(in_trouble)?;
        let part = record.and_then(|record| record.part(kind).cloned()).map(Arc::new);
        if let Some(part) = &part {
            self.records.insert(PartName(module.clone(), version.clone(), kind), Arc::clone(part));
        }
        Ok(part)
    }

    /// The kept answer in the words of the decision.
    fn held(&self, ask: &Ask, kept: store::Answer, now: i64) -> Held {
        match kept.body {
            AnswerBody::NotExist(text) => Held { stored: Stored::Absent(kept.checked_at, text), answer: None },
            AnswerBody::Found(ref body) => {
                let hot_for = self.still_fresh(kept.checked_at, now);
                let answer = changing(ask, body.clone(), kept.changed_at, hot_for);
                Held { stored: Stored::Answer(kept.checked_at), answer: Some(answer) }
            }
        }
    }

    fn is_gone(&self, kept: &store::Answer, now: i64) -> bool {
        matches!(kept.body, AnswerBody::Found(_)) && self.freshness.age(kept.checked_at, now) == Age::Gone
    }

    fn still_fresh(&self, checked_at: i64, now: i64) -> Duration {
        let age = Duration::from_secs(u64::try_from(now.saturating_sub(checked_at)).unwrap_or(u64::MAX));
        match self.freshness.age(checked_at, now) {
            Age::Fresh => self.freshness.fresh.saturating_sub(age),
            Age::Revalidate | Age::Stale | Age::Gone => Duration::ZERO,
        }
    }

    /// With no kept answer, the versions that are kept whole make one: what an offline site can serve.
    async fn derived(&self, module: &ModulePath, ask: &Ask) -> Result<Held, Reason> {
        if !matches!(ask, Ask::List | Ask::Latest) {
            return Ok(Held::NOTHING);
        }
        let versions = self.index.complete_versions(module.as_str()).await.map_err(in_trouble)?;
        if versions.is_empty() {
            return Ok(Held::NOTHING);
        }
        let list = VersionList::parse(versions.join("\n").as_bytes());
        let answer = match ask {
            // Without pseudo-versions: the go command would fetch the newest one even where tags exist.
            Ask::List => Some(changing(ask, lines(&list.versions()), 0, Duration::ZERO)),
            Ask::Latest => self.latest_of(module, &list).await?,
            Ask::Info(_) | Ask::Mod(_) | Ask::Zip(_) => None,
        };
        Ok(Held { stored: if answer.is_some() { Stored::Derivable } else { Stored::Nothing }, answer })
    }

    async fn latest_of(&self, module: &ModulePath, list: &VersionList) -> Result<Option<Answer>, Reason> {
        let Some(latest) = list.latest().and_then(|version| Version::parse(&version).ok()) else { return Ok(None) };
        let info = self.part(module, &latest, Kind::Info).await?;
        Ok(info.map(|answer| Answer { caching: Caching::Revalidate, hot_for: Duration::ZERO, ..answer }))
    }
}

/// The version and kind under which the answer to `ask` is kept for ever; `None` if it may change.
pub fn immutable_part(ask: &Ask) -> Option<(Version, Kind)> {
    match ask {
        Ask::Info(rev) => rev.as_version().map(|version| (version, Kind::Info)),
        Ask::Mod(version) => Some((version.clone(), Kind::Mod)),
        Ask::Zip(version) => Some((version.clone(), Kind::Zip)),
        Ask::List | Ask::Latest => None,
    }
}

/// The question whose kept answer may change, or may be "does not exist"; `None` for a zip, which is no question.
pub fn changing_question(module: &ModulePath, ask: &Ask) -> Option<Question> {
    match ask {
        Ask::List => Some(Question::List(module.clone())),
        Ask::Latest => Some(Question::Latest(module.clone())),
        Ask::Info(rev) => Some(Question::Stat(module.clone(), rev.clone())),
        Ask::Mod(version) => Some(Question::GoMod(module.clone(), version.clone())),
        Ask::Zip(_) => None,
    }
}

/// The key under which the answer to `question` is kept on this way: `example.com/m/@v/list`, `@direct/example.com/m/@v/list`. A list read from
/// version control must not be taken for one that the route's upstreams gave, nor the other way round.
pub fn key(way: Way, question: &Question) -> String {
    match way {
        Way::Route => question.to_string(),
        Way::Direct => format!("{}/{question}", way.prefix().trim_start_matches('/')),
    }
}

/// An answer that never changes, out of an open blob.
pub fn immutable(kind: Kind, part: &Part, blob: Blob) -> Answer {
    let body = match blob.content {
        Content::Memory(bytes) => Body::Memory(bytes),
        Content::File(file) => Body::File(file, blob.size_bytes),
    };
    let media = media(kind);
    Answer {
        body,
        digest: Some(part.digest),
        modified_at: part.kept_at,
        media,
        caching: Caching::Immutable,
        hot_for: Duration::MAX,
    }
}

/// An answer that may change.
pub fn changing(ask: &Ask, body: Bytes, changed_at: i64, hot_for: Duration) -> Answer {
    let media = if matches!(ask, Ask::List) { Media::Text } else { Media::Json };
    let caching = if is_immutable(ask) { Caching::Never } else { Caching::Revalidate };
    Answer { digest: Some(Digest::of(&body)), body: Body::Memory(body), modified_at: changed_at, media, caching, hot_for }
}

/// What the bytes of a part are.
pub const fn media(kind: Kind) -> Media {
    match kind {
        Kind::Info => Media::Json,
        Kind::Mod => Media::Text,
        Kind::Zip => Media::Zip,
    }
}

/// Why the store could not do it, as a reason.
pub fn in_trouble(error: StoreError) -> Reason {
    if error.is_full() { Reason::StoreFull } else { Reason::Store(chain(&error)) }
}

/// The blob of `part`, read whole.
pub fn read_whole(blob: &Blob) -> io::Result<Bytes> {
    match &blob.content {
        Content::Memory(bytes) => Ok(bytes.clone()),
        Content::File(file) => read_file(file, blob.size_bytes, limits::MAX_ZIP_BYTES),
    }
}

fn read_file(file: &std::fs::File, size_bytes: u64, limit: u64) -> io::Result<Bytes> {
    use std::os::unix::fs::FileExt;
    let length = usize::try_from(size_bytes.min(limit)).map_err(io::Error::other)?;
    let mut bytes = vec![0; length];
    file.read_exact_at(&mut bytes, 0)?;
    Ok(bytes.into())
}

fn lines(versions: &[String]) -> Bytes {
    versions.iter().flat_map(|version| [version.as_str(), "\n"]).collect::<String>().into()
}

fn chain(error: &StoreError) -> String {
    use std::error::Error;
    error.source().map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}
