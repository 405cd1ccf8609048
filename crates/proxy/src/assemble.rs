//! From settings to a proxy: every upstream is made once and shared by all routes and databases that name it.

mod login;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use gomod::{
    goenv::SumdbSetting,
    goproxy::{self, Entry, GoProxyList, Separator},
    pattern::PatternIndex,
    sumdb::note::VerifierKey,
};
use plan::{Freshness, Rules, Trouble, Way, decide::RouteRule};
use store::{Blobs, Index};
use tokio::sync::Semaphore;

use crate::{
    cache::Cache,
    chain::{Chain, Hop as ChainHop},
    client::Roots,
    clock::Clock,
    drift::{Alarm, Ledger},
    egress::Egress,
    fetch::{Distrusted, Fetcher},
    flight::Flight,
    limits,
    metrics::Metrics,
    notary::Notary,
    proxy::{Landed, Parts, Proxy},
    settings::{Direct, Hop, Login, Route, Secret, Settings, Sums, hop_name},
    sumdb::{Absent, Source, Sumdb},
    tlog::Log,
    upstream::{
        Files, Upstream,
        direct::{DirectUpstream, NotReady},
        file::FileUpstream,
        http::HttpUpstream,
    },
    vouch::Voucher,
};

pub use self::login::{LoginCheck, check_login};

/// What a proxy needs besides its settings; the same before and after a reload.
#[derive(Clone)]
pub struct Ground {
    /// Where bytes rest.
    pub blobs: Arc<dyn Blobs>,
    /// Where records rest.
    pub index: Arc<dyn Index>,
    /// Which certificates are believed.
    pub roots: Roots,
    /// The time of day.
    pub clock: Clock,
    /// What is counted.
    pub metrics: Metrics,
    /// The fetches in the air.
    pub air: Flight<Landed>,
    /// How many zips are checked at once.
    pub checks: Arc<Semaphore>,
    /// The repositories that are open.
    pub repositories: Repositories,
    /// The log of our own checksum database, whose sequencer runs; `None` if there is none.
    pub log: Option<Arc<Log>>,
    /// Who is told that an origin changed.
    pub alarm: Alarm,
}

/// Version control of this node, as the first proxy made it: a later one shares its repositories, so that nothing is fetched twice.
#[derive(Clone, Default)]
pub struct Repositories(Arc<Mutex<Option<Arc<DirectUpstream>>>>);

/// Settings that cannot work.
#[derive(Debug, thiserror::Error)]
pub enum BadSettings {
    /// An upstream that cannot be made ready: an unreadable CA file, an impossible URL.
    #[error("upstream {0}: {1}")]
    Upstream(String, Trouble),
    /// A checksum database's key.
    #[error("invalid GOSUMDB: {0}")]
    Key(String),
    /// Version control: a place or login that cannot be, or a folder that cannot be made.
    #[error("direct: {0}")]
    Direct(String),
}

/// An upstream that speaks both languages.
#[derive(Clone)]
struct Ready {
    upstream: Arc<dyn Upstream>,
    files: Arc<dyn Files>,
}

impl Proxy {
    /// A proxy with these settings on this ground. Connects to nothing.
    ///
    /// # Errors
    /// [`BadSettings`].
    pub fn assemble(settings: Settings, ground: Ground) -> Result<Self, BadSettings> {
        let ready = every_upstream(&settings.hops, &ground.roots)?;
        let leads_there = settings.routes.iter().any(|route| rule(route).direct);
        let ledger = ground.ledger();
        let version_control = leads_there.then(|| ground.repositories.reach(&settings.direct, &ground, &ledger)).transpose()?;
        let direct = version_control.as_ref().map(|upstream| ChainHop {
            upstream: Arc::clone(upstream) as _,
            step_down: settings.direct.patience.step_down.clone(),
        });
        let chains: Vec<_> = settings
            .routes
            .iter()
            .map(|route| Arc::new(chain(&route.upstreams, &settings.hops, &ready, direct.as_ref())))
            .collect();
        let public = settings.routes.last().zip(chains.last()).map(|(route, chain)| (&route.upstreams, &**chain));
        let reached = |setting: &SumdbSetting| database(setting, public, &settings.sums, &ready, (&ground, settings.freshness));
        let database = reached(&settings.sums.database)?;
        let mut databases: Vec<Arc<Sumdb>> = database.iter().cloned().collect();
        for other in &settings.sums.proxied {
            databases.extend(reached(other)?);
        }
        let notary = settings.sums.own.as_ref().zip(ground.log.clone()).map(|(own, log)| Arc::new(Notary::new(log, own)));
        let rules = Arc::new(Rules {
            routes: settings.routes.iter().map(rule).collect(),
            waived: PatternIndex::new(settings.sums.waived),
            databases: databases.iter().map(|database| database.name().to_owned()).collect(),
            own: notary.iter().flat_map(|notary| notary.names().map(str::to_owned)).collect(),
            retired: settings.sums.own.iter().flat_map(|own| own.retired.clone()).collect(),
            freshness: settings.freshness,
        });
        let cache = Cache::new(ground.blobs, ground.index, settings.freshness);
        let Ground { clock, metrics, air, checks, .. } = ground;
        let voucher = Voucher { database, rules: Arc::clone(&rules), notary: notary.clone() };
        let fetcher = Fetcher {
            cache: cache.clone(),
            voucher,
            clock: clock.clone(),
            metrics: metrics.clone(),
            checks,
            distrusted: Distrusted::default(),
            ledger,
        };
        let direct = Arc::new(only_direct(direct.as_ref()));
        Ok(Self::new(Parts {
            rules,
            chains,
            direct,
            databases,
            notary,
            cache,
            fetcher: Arc::new(fetcher),
            clock,
            metrics,
            air,
            version_control,
        }))
    }
}

impl Ground {
    fn ledger(&self) -> Ledger {
        let (blobs, index) = (Arc::clone(&self.blobs), Arc::clone(&self.index));
        Ledger::new(blobs, index, self.clock.clone(), self.metrics.clone(), self.alarm.clone())
    }
}

impl Repositories {
    /// Version control as `direct` says, over the repositories that are open.
    fn reach(&self, direct: &Direct, ground: &Ground, ledger: &Ledger) -> Result<Arc<DirectUpstream>, BadSettings> {
        let egress = Egress::new(direct, &ground.roots).map_err(|trouble| BadSettings::Direct(trouble.to_string()))?;
        let mut first = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let made = match &*first {
            Some(first) => first.again(direct, egress),
            None => DirectUpstream::new(direct, egress, ground.clock.clone(), ground.metrics.clone()),
        };
        let made = Arc::new(made.map_err(|error| not_ready(error, direct))?.watched_by(ledger.clone()));
        first.get_or_insert_with(|| Arc::clone(&made));
        Ok(made)
    }
}

/// The files of a checksum database that is read by itself, as the settings say that databases are reached; with `token`, if there is one, as
/// `Authorization: Bearer`.
///
/// # Errors
/// [`BadSettings::Upstream`].
pub fn database_files(url: &str, token: Option<Secret>, sums: &Sums, roots: &Roots) -> Result<Arc<dyn Files>, BadSettings> {
    let login = token.map_or_else(|| sums.hop.login.clone(), Login::Bearer);
    let (retries, total) = (sums.hop.retries.max(limits::REPLAY_RETRIES), sums.hop.total.max(limits::REPLAY_TOTAL));
    let hop = Hop { name: url.to_owned(), url: url.to_owned(), login, retries, total, ..sums.hop.clone() };
    Ok(ready(&hop, roots)?.files)
}

fn not_ready(error: NotReady, direct: &Direct) -> BadSettings {
    BadSettings::Direct(match error {
        NotReady::Settings(trouble) => trouble.to_string(),
        NotReady::Folder(error) => format!("{}: {error}", direct.folder.display()),
    })
}

fn every_upstream(hops: &[Hop], roots: &Roots) -> Result<HashMap<String, Ready>, BadSettings> {
    hops.iter().map(|hop| Ok((hop.name.clone(), ready(hop, roots)?))).collect()
}

fn ready(hop: &Hop, roots: &Roots) -> Result<Ready, BadSettings> {
    let bad = |trouble| BadSettings::Upstream(hop.name.clone(), trouble);
    if hop.url.starts_with("file:") {
        let upstream = Arc::new(FileUpstream::new(hop.clone()).map_err(bad)?);
        return Ok(Ready { files: Arc::clone(&upstream) as _, upstream });
    }
    let upstream = Arc::new(HttpUpstream::new(hop.clone(), roots).map_err(bad)?);
    Ok(Ready { files: Arc::clone(&upstream) as _, upstream })
}

fn chain(list: &GoProxyList, hops: &[Hop], ready: &HashMap<String, Ready>, direct: Option<&ChainHop>) -> Chain {
    Chain::new(Way::Route, list.clone(), |entry| {
        if entry.source == goproxy::Source::Direct {
            return direct.cloned();
        }
        let name = hop_name(entry)?;
        let step_down = hops.iter().find(|hop| hop.name == name).map(|hop| hop.step_down.clone())?;
        ready.get(&name).map(|ready| ChainHop { upstream: Arc::clone(&ready.upstream), step_down })
    })
}

/// The chain of `/@direct/`.
fn only_direct(direct: Option<&ChainHop>) -> Chain {
    let list = GoProxyList::parse("direct").expect("a word of Go's own is a list");
    Chain::new(Way::Direct, list, |_| direct.cloned())
}

fn rule(route: &Route) -> RouteRule {
    let direct = route.upstreams.entries().iter().any(|entry| entry.source == goproxy::Source::Direct);
    let patterns = PatternIndex::new(route.patterns.clone());
    RouteRule { name: route.name.clone(), patterns, direct, private: route.private }
}

/// With a URL of its own a database is read there; without one through the proxies of the public route that support it, at last directly. Its
/// further origins come behind that.
fn database(
    setting: &SumdbSetting,
    public: Option<(&GoProxyList, &Chain)>,
    sums: &Sums,
    proxies: &HashMap<String, Ready>,
    (ground, freshness): (&Ground, Freshness),
) -> Result<Option<Arc<Sumdb>>, BadSettings> {
    let SumdbSetting::Database { name, key, url } = setting else { return Ok(None) };
    let verifier = VerifierKey::parse(key).map_err(|error| BadSettings::Key(error.to_string()))?;
    let mut sources = match (url, public) {
        (None, Some((list, chain))) => through_proxies(name, list, chain, proxies),
        (Some(_), _) | (None, None) => Vec::new(),
    };
    let home = url.as_ref().map_or_else(|| format!("https://{name}"), |url| url.as_str().to_owned());
    let further = sums.origins.iter().filter_map(|origin| match origin {
        SumdbSetting::Database { key: other, url: Some(url), .. } if other == key => {
            Some((url.as_str(), url.as_str().to_owned()))
        }
        SumdbSetting::Database { .. } | SumdbSetting::Off => None,
    });
    for (shown, url) in [(name.as_str(), home)].into_iter().chain(further) {
        let origin = ready(&Hop { name: shown.to_owned(), url, ..sums.hop.clone() }, &ground.roots)?;
        sources.push(Source { files: origin.files, prefix: String::new(), gives_way: true, step_down: Vec::new() });
    }
    let absent = Absent::new(freshness, ground.clock.clone());
    Ok(Some(Sumdb::new(name.clone(), verifier, sources, Arc::clone(&ground.index), Some(absent))))
}

fn through_proxies(name: &str, list: &GoProxyList, chain: &Chain, proxies: &HashMap<String, Ready>) -> Vec<Source> {
    let source = |(entry, hop): (&Entry, &Option<ChainHop>)| {
        let files = Arc::clone(&proxies.get(&hop_name(entry)?)?.files);
        let step_down = hop.as_ref().map(|hop| hop.step_down.clone()).unwrap_or_default();
        Some(Source { files, prefix: format!("sumdb/{name}/"), gives_way: entry.separator == Separator::Bar, step_down })
    };
    list.entries().iter().zip(chain.hops()).filter_map(source).collect()
}
