//! The server's loop around [`plan::decide`]: it learns the fact that a step asks for, and decides again.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use gomod::module::ModulePath;
use plan::{
    Ask, Caller, Decision, Event, Facts, Fetched, Reason, Request, Rules, Step, Stored, SumdbAsk, Way, decide, freshness::Age,
    trace::Look,
};
use store::{Digest, Drift, DriftRecord};

mod own;

use crate::{
    answer::{Answer, Body, Caching, Media},
    cache::{Cache, Held, in_trouble},
    chain::{Chain, Miss},
    clock::Clock,
    fetch::Fetcher,
    flight::{Flight, Role},
    journey::Journey,
    limits,
    metrics::Metrics,
    notary::Notary,
    sumdb::{ServedTile, Sumdb},
    upstream::direct::DirectUpstream,
};

/// What a fetch gave.
pub type Landed = Result<Answer, Miss>;

/// The proxy: answers typed requests. Cheap to clone.
#[derive(Clone)]
pub struct Proxy {
    inner: Arc<Inner>,
}

struct Inner {
    rules: Arc<Rules>,
    chains: Vec<Arc<Chain>>,
    direct: Arc<Chain>,
    databases: Vec<Arc<Sumdb>>,
    notary: Option<Arc<Notary>>,
    cache: Cache,
    fetcher: Arc<Fetcher>,
    air: Flight<Landed>,
    clock: Clock,
    metrics: Metrics,
    version_control: Option<Arc<DirectUpstream>>,
}

/// What a proxy is made of; `crate::assemble` makes it from settings.
pub struct Parts {
    /// What the decision needs.
    pub rules: Arc<Rules>,
    /// One per route, in the order of `rules.routes`.
    pub chains: Vec<Arc<Chain>>,
    /// Version control alone, for `/@direct/`.
    pub direct: Arc<Chain>,
    /// One per name in `rules.databases`.
    pub databases: Vec<Arc<Sumdb>>,
    /// Our own checksum database, under each name in `rules.own`.
    pub notary: Option<Arc<Notary>>,
    /// The store.
    pub cache: Cache,
    /// Who fetches.
    pub fetcher: Arc<Fetcher>,
    /// The time of day.
    pub clock: Clock,
    /// What is counted.
    pub metrics: Metrics,
    /// Fetches in the air; the same after a reload, so that nothing is fetched twice.
    pub air: Flight<Landed>,
    /// Version control, if there is any.
    pub version_control: Option<Arc<DirectUpstream>>,
}

/// What a request has at hand while it is decided.
#[derive(Default)]
struct AtHand {
    stored: Option<Answer>,
    fetched: Option<Answer>,
}

impl Proxy {
    /// Puts the parts together.
    pub fn new(parts: Parts) -> Self {
        let Parts { rules, chains, direct, databases, notary, cache, fetcher, clock, metrics, air, version_control } = parts;
        let inner = Inner { rules, chains, direct, databases, notary, cache, fetcher, air, clock, metrics, version_control };
        Self { inner: Arc::new(inner) }
    }

    /// Version control, if any route leads there.
    pub fn version_control(&self) -> Option<&DirectUpstream> {
        self.inner.version_control.as_deref()
    }

    /// Takes the place of the proxy before it: the repositories, which they share, are reached as this one's settings say from now on.
    pub fn take_place(&self) {
        if let Some(version_control) = &self.inner.version_control {
            version_control.take_place();
        }
    }

    /// Who has this token: an auditor of our own checksum database, or anyone.
    pub fn caller(&self, token: &str) -> Caller {
        self.inner.notary.as_ref().map_or(Caller::Anyone, |notary| notary.caller(token))
    }

    /// Answers `request`; what happens on the way is noted in `journey`.
    ///
    /// May be dropped at any await: a fetch it started goes on and is kept.
    ///
    /// # Errors
    /// The reason for which there is no answer; it is noted too.
    pub async fn answer(&self, request: &Request, journey: &Journey) -> Result<Answer, Reason> {
        let end = self.decide_on(request, journey).await;
        if let Err(reason) = &end {
            journey.note(Event::Refused(reason.clone()));
        }
        end
    }

    /// True if the store can be read: the readiness of this node.
    ///
    /// # Errors
    /// [`Reason::Store`].
    pub async fn ready(&self) -> Result<(), Reason> {
        self.inner.cache.index.ping().await.map_err(|error| Reason::Store(error.to_string()))
    }

    /// What origins have had for `module@version` that differs from what is kept.
    ///
    /// # Errors
    /// [`Reason::Store`].
    pub async fn drifts(&self, module: &str, version: &str) -> Result<Vec<Drift>, Reason> {
        self.inner.cache.index.drifts(module, version).await.map_err(in_trouble)
    }

    /// A page of the ledger: up to `limit` drifts with numbers above `after`, in the order in which they were found.
    ///
    /// # Errors
    /// [`Reason::Store`].
    pub async fn all_drifts(&self, after: u64, limit: usize) -> Result<Vec<DriftRecord>, Reason> {
        self.inner.cache.index.all_drifts(after, limit).await.map_err(in_trouble)
    }

    /// True if the name of this module is told only to who knows it: it is private here, or is no module path.
    pub fn is_private(&self, module: &str) -> bool {
        let voucher = &self.inner.fetcher.voucher;
        ModulePath::parse(module).map_or(true, |module| voucher.private(&module).is_some())
    }

    async fn decide_on(&self, request: &Request, journey: &Journey) -> Result<Answer, Reason> {
        let (mut facts, mut hand) = (Facts::at(self.inner.clock.now(), journey.caller().clone()), AtHand::default());
        let mut is_told = false;
        loop {
            let Decision { rule, step } = decide(request, &self.inner.rules, &facts);
            if let Some(rule) = rule.filter(|_| !is_told) {
                journey.note(Event::Ruled(Arc::new(rule)));
                is_told = true;
            }
            match step {
                Step::Look => {
                    let held = self.look(request, facts.now).await?;
                    journey.note(Event::Looked(look_of(&held.stored)));
                    (facts.stored, hand.stored) = (Some(held.stored), held.answer);
                }
                Step::Fetch(route) => {
                    let landed = self.fetch(request, route, journey).await;
                    (facts.fetched, hand.fetched) = split(landed);
                }
                Step::FetchSumdb => {
                    let landed = self.fetch_sumdb(request, journey).await;
                    (facts.fetched, hand.fetched) = split(landed);
                }
                Step::Supported => return Ok(supported()),
                Step::ServeStored => return hand.stored.ok_or_else(lost),
                Step::ServeFetched => return hand.fetched.ok_or_else(lost),
                Step::ServeAndRefresh(route) => {
                    self.refresh(request, route);
                    return hand.stored.ok_or_else(lost);
                }
                Step::ServeStale(reason) => {
                    journey.note(Event::Stale(reason));
                    return hand.stored.ok_or_else(lost);
                }
                Step::Refuse(reason) => return Err(reason),
            }
        }
    }

    async fn look(&self, request: &Request, now: i64) -> Result<Held, Reason> {
        let held = match request {
            Request::Module(module, ask, way) => self.inner.cache.look(module, ask, *way, now).await?,
            // A database looks into the store by itself: what it keeps may have to be cut or proven with the newest head.
            Request::Sumdb(..) => Held { stored: Stored::Nothing, answer: None },
        };
        self.inner.metrics.looked(look_of(&held.stored));
        Ok(held)
    }

    /// Joins or starts the fetch. What the fetch does is noted in the journey of the request that started it.
    async fn fetch(&self, request: &Request, route: usize, journey: &Journey) -> Landed {
        if !self.inner.air.takes(&request.path(), limits::MAX_FLIGHTS) {
            return Err(Miss::Failed(Reason::Busy(format!("{} fetches are under way", limits::MAX_FLIGHTS))));
        }
        let (role, landed) = self.inner.air.join(request.path(), |landing| self.flight(request, route, journey, landing)).await;
        if role == Role::Joins {
            journey.note(Event::Joined);
        }
        landed.unwrap_or_else(|lost| Err(Miss::Failed(Reason::Internal(lost.to_string()))))
    }

    fn refresh(&self, request: &Request, route: usize) {
        if !self.inner.air.takes(&request.path(), limits::MAX_REFRESH_FLIGHTS) {
            // The kept answer was served; a later request asks again.
            return;
        }
        let journey = Journey::new(std::time::Instant::now());
        self.inner.air.start(request.path(), |landing| self.flight(request, route, &journey, landing));
    }

    fn flight(
        &self,
        request: &Request,
        route: usize,
        journey: &Journey,
        landing: crate::flight::Landing<Landed>,
    ) -> impl Future<Output = ()> + Send + 'static + use<> {
        let (inner, journey, request) = (Arc::clone(&self.inner), journey.clone(), request.clone());
        async move {
            let Request::Module(module, ask, way) = request else { return };
            // Whoever started this looked a moment ago; an earlier fetch may have kept the answer since.
            if let Some(kept) = inner.kept_meanwhile(&module, &ask, way).await {
                return landing.tell(kept);
            }
            let chain = match way {
                Way::Route => Arc::clone(&inner.chains[route]),
                Way::Direct => Arc::clone(&inner.direct),
            };
            inner.fetcher.fetch(&chain, &module, &ask, &journey, landing).await;
            // Whoever waited has the answer by now.
            inner.record_kept(&module, &ask, &journey).await;
        }
    }

    async fn fetch_sumdb(&self, request: &Request, journey: &Journey) -> Landed {
        let Request::Sumdb(name, ask, _) = request else { return Err(Miss::Failed(Reason::Internal("no database".into()))) };
        if let Some(notary) = self.inner.notary.as_ref().filter(|_| self.inner.rules.own.contains(name)) {
            return self.fetch_own(notary, request, journey).await;
        }
        let database = self.inner.databases.iter().find(|database| database.name() == name);
        let database = database.ok_or_else(|| Miss::Failed(Reason::Internal(format!("no database {name}"))))?;
        let body = match ask {
            SumdbAsk::Supported => Ok(Bytes::new()),
            SumdbAsk::Checkpoint | SumdbAsk::Tlog(_) => Err(Reason::Internal(format!("{name} is not ours"))),
            SumdbAsk::Latest => database.latest(journey).await,
            SumdbAsk::Tile(path) => match database.tile(path, journey).await {
                // Whoever asks knows a newer tree than we are shown, and proves it by that; we promise nothing.
                Ok(ServedTile::Unproven(body)) => return Ok(sumdb_answer(&SumdbAsk::Latest, body)),
                Ok(ServedTile::Proven(body)) => Ok(body),
                Err(reason) => Err(reason),
            },
            SumdbAsk::Lookup(module, version) => database.lookup(module, version, journey).await,
        };
        match body {
            Ok(body) => Ok(sumdb_answer(ask, body)),
            Err(Reason::NotExist(text)) => Err(Miss::NotExist(text)),
            Err(reason) => Err(Miss::Failed(reason)),
        }
    }
}

impl Inner {
    /// The answer that needs no fetch any more.
    async fn kept_meanwhile(&self, module: &ModulePath, ask: &Ask, way: Way) -> Option<Landed> {
        let now = self.clock.now();
        let held = self.cache.look(module, ask, way, now).await.ok()?;
        match (held.stored, held.answer) {
            (Stored::Immutable, Some(answer)) => Some(Ok(answer)),
            (Stored::Answer(at), Some(answer)) if self.rules.freshness.age(at, now) == Age::Fresh => Some(Ok(answer)),
            (Stored::Absent(at, text), _) if self.rules.freshness.age_of_absence(at, now) == Age::Fresh => {
                Some(Err(Miss::NotExist(text)))
            }
            _ => None,
        }
    }
}

fn sumdb_answer(ask: &SumdbAsk, body: Bytes) -> Answer {
    let (media, caching, hot_for) = match ask {
        SumdbAsk::Tile(_) | SumdbAsk::Tlog(_) => (Media::Binary, Caching::Immutable, Duration::MAX),
        // The record never changes; an older tree head stays true, and the tiles that prove it are kept.
        SumdbAsk::Lookup(..) => (Media::Text, Caching::Immutable, limits::LOOKUP_HOT),
        SumdbAsk::Latest | SumdbAsk::Checkpoint | SumdbAsk::Supported => (Media::Text, Caching::Revalidate, Duration::ZERO),
    };
    Answer { digest: Some(Digest::of(&body)), body: Body::Memory(body), modified_at: 0, media, caching, hot_for }
}

fn supported() -> Answer {
    sumdb_answer(&SumdbAsk::Supported, Bytes::new())
}

fn split(landed: Landed) -> (Option<Fetched>, Option<Answer>) {
    match landed {
        Ok(answer) => (Some(Fetched::Found), Some(answer)),
        Err(Miss::NotExist(text)) => (Some(Fetched::NotExist(text)), None),
        Err(Miss::Failed(reason)) => (Some(Fetched::Failed(reason)), None),
    }
}

const fn look_of(stored: &Stored) -> Look {
    match stored {
        Stored::Immutable => Look::Hit,
        Stored::Answer(_) | Stored::Absent(..) | Stored::Derivable => Look::Old,
        Stored::Nothing => Look::Miss,
    }
}

fn lost() -> Reason {
    Reason::Internal("the answer that was decided on is not at hand".into())
}
