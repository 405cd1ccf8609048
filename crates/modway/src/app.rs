//! Puts the floors together: store, proxy, doors; starts, reloads and stops them. Trait objects are made here.

mod address;
mod broom;
mod diary;
mod pulse;
mod recorder;
mod standing;
mod tools;

use std::{io, net::SocketAddr, sync::Arc};

use anyhow::Context as _;
use arc_swap::ArcSwap;
use gomod::sumdb::note::SignerKey;
use proxy::{
    clock::Clock,
    drift::{self, Alarm},
    tlog::witness::{Witness, WitnessSettings},
};
use serde_json::json;
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
    task::JoinSet,
};

pub(crate) use self::{address::server_url, recorder::AUDIT, standing::SUMDB_LOG};
use self::{
    broom::Broom,
    diary::Diary,
    pulse::Pulse,
    standing::{AbortOnDrop, Standing},
    tools::Tools,
};
use crate::{
    config::{Config, LogTarget, Mistakes},
    http::{self, Door, DoorLimits, Phase, Tls, log::Log, metrics::Metrics},
};

/// A server that listens and is ready to serve.
pub struct App {
    config: Config,
    listeners: Vec<TcpListener>,
    tls: Option<Tls>,
    standing: Arc<Standing>,
    door: Arc<Door>,
    diary: Diary,
    pulse: Pulse,
    witness: Option<(Arc<Witness>, TcpListener)>,
    _asking: Option<AbortOnDrop>,
    _telling: Vec<AbortOnDrop>,
    _broom: Broom,
    _tools: Tools,
}

/// The signals that a server obeys.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

/// What a signal asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Order {
    Stop,
    Reload,
}

impl Signals {
    /// Takes over SIGTERM, SIGINT and SIGHUP of this process.
    ///
    /// # Errors
    /// What the system says.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Order {
        tokio::select! {
            _ = self.terminate.recv() => Order::Stop,
            _ = self.interrupt.recv() => Order::Stop,
            _ = self.hangup.recv() => Order::Reload,
        }
    }
}

impl App {
    /// Listens, opens the store and makes the proxy; asks nobody anything. Connections wait from here on, and are answered by
    /// [`App::serve`].
    ///
    /// # Errors
    /// An address that is taken, a store that cannot be opened, a log that cannot be written, settings that cannot work.
    pub async fn open(config: Config) -> anyhow::Result<Self> {
        // Fails only if a provider is installed already, which then is as good.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let listeners = listen(&config.server.listen).await?;
        let diary = Diary::open(&config.server.log)?;
        let metrics = Arc::new(Metrics::new());
        let standing = Arc::new(Standing::open(&config, &metrics, alarm(&diary)).await?);
        let pulse = Pulse::start(Arc::clone(&standing));
        let broom = Broom::start(Arc::clone(&standing), diary.clone());
        let tools = Tools::look(Arc::clone(&standing), diary.clone());
        let log =
            if config.server.log == LogTarget::Off { Log::off() } else { Log::to(diary.sink()).context("starting the log")? };
        let answers = Arc::new(pulse::Answering { standing: Arc::clone(&standing), last: pulse.last() });
        let door = Door::new(answers, limits(&config), metrics, log);
        let tls = config.server.tls.clone().map(|tls| Arc::new(ArcSwap::new(tls)));
        let witness = witness(&config, &standing)?;
        let asking = standing.ask_witnesses(&config, &diary).await?;
        let telling = standing.tell_refusals(&diary);
        Ok(Self {
            config,
            listeners,
            tls,
            standing,
            door,
            diary,
            pulse,
            witness,
            _asking: asking,
            _telling: telling,
            _broom: broom,
            _tools: tools,
        })
    }

    /// The addresses that it listens on, with the ports that the system chose.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect()
    }

    /// The one line that a user of the go command sets.
    pub fn export(&self) -> String {
        address::export(&self.addresses(), self.tls.is_some())
    }

    /// Serves until a signal stops it: the first one lets running requests end, the second one ends at once. `load` is asked for the
    /// configuration again at every SIGHUP.
    pub async fn serve(mut self, mut signals: Signals, load: impl Fn() -> anyhow::Result<Result<Config, Mistakes>>) {
        let (phase, watched) = watch::channel(Phase::Serving);
        let mut doors = JoinSet::new();
        for listener in std::mem::take(&mut self.listeners) {
            doors.spawn(http::serve(Arc::clone(&self.door), listener, self.tls.clone(), watched.clone()));
        }
        if let Some((witness, listener)) = self.witness.take() {
            let diary = self.diary.clone();
            let address = listener.local_addr().map_or_else(|_| String::new(), |address| address.to_string());
            diary.note("info", &format!("{} is a witness at {address}", witness.key().name()));
            let alarm = move |level: &'static str, sentence: &str, fields| diary.told(level, sentence, fields);
            doors.spawn(http::witness::serve(witness, listener, watched, Arc::new(alarm)));
        }
        self.diary.note("info", &format!("modway {} serves", env!("CARGO_PKG_VERSION")));
        loop {
            tokio::select! {
                order = signals.next() => match order {
                    Order::Reload => self.reload(load()),
                    Order::Stop => {
                        phase.send_modify(|phase| *phase = after(*phase));
                        self.diary.note("info", told(*phase.borrow()));
                    }
                },
                // A door ends when its last connection has; all have ended when there is nobody left to wait for.
                end = doors.join_next() => if end.is_none() { break },
            }
        }
        self.pulse.stop();
        if !self.standing.close_audit().await {
            self.diary.note("error", "the last lines of the audit log could not be written in time");
        }
        self.diary.note("info", "modway has stopped");
        self.door.flush_log();
    }

    /// Puts a configuration in place whole, or leaves everything as it was.
    fn reload(&mut self, loaded: anyhow::Result<Result<Config, Mistakes>>) {
        let config = match loaded {
            Ok(Ok(config)) => config,
            Ok(Err(mistakes)) => return self.kept(&mistakes.to_string()),
            Err(error) => return self.kept(&format!("{error:#}")),
        };
        // Both that can fail come before anything changes; the log changes only if it could be opened.
        let proxy = self.standing.prepare(&config);
        match proxy.and_then(|proxy| self.diary.reopen(&config.server.log).map(|()| proxy)) {
            Ok(proxy) => self.standing.change(proxy),
            Err(error) => return self.kept(&format!("{error:#}")),
        }
        if let (Some(tls), Some(new)) = (&self.tls, &config.server.tls) {
            tls.store(Arc::clone(new));
        }
        self.door.forget_hot();
        let waits = waits_for_restart(&self.config, &config);
        self.diary.note("info", &format!("configuration reloaded{waits}"));
    }

    fn kept(&self, why: &str) {
        self.diary.note("error", &format!("configuration not reloaded, everything stays as it was: {why}"));
    }
}

/// The next phase at an order to stop.
fn after(phase: Phase) -> Phase {
    match phase {
        Phase::Serving => Phase::Draining,
        Phase::Draining | Phase::Gone => Phase::Gone,
    }
}

/// What the log says of an order to stop.
fn told(phase: Phase) -> &'static str {
    match phase {
        Phase::Serving | Phase::Draining => "stopping: running requests may end, a second signal does not wait for them",
        Phase::Gone => "stopping at once",
    }
}

async fn listen(addresses: &[SocketAddr]) -> anyhow::Result<Vec<TcpListener>> {
    let mut listeners = Vec::new();
    for address in addresses {
        let fix = "is another server there? `--listen ADDR` takes another address";
        listeners.push(http::bind(*address).with_context(|| format!("listening on {address} ({fix})"))?);
    }
    Ok(listeners)
}

/// The witness that this server is, and where it listens.
fn witness(config: &Config, standing: &Standing) -> anyhow::Result<Option<(Arc<Witness>, TcpListener)>> {
    let Some(set) = &config.witness else { return Ok(None) };
    let listener = http::bind(set.listen).with_context(|| format!("listening on {} as a witness", set.listen))?;
    let settings = WitnessSettings { cosigner: set.cosigner.clone(), logs: set.logs.clone(), holder: standing::life()? };
    Ok(Some((Arc::new(Witness::new(settings, standing.logs(), Clock::system())), listener)))
}

fn limits(config: &Config) -> DoorLimits {
    let server = &config.server;
    DoorLimits {
        max_connections: server.max_connections,
        max_connections_per_client: server.max_connections_per_client,
        tls_handshake: server.handshake_timeout,
        header: server.header_timeout,
        idle: server.idle_timeout,
        write_stall: server.write_timeout,
        stop: server.shutdown,
        hot_bytes: server.hot_bytes,
        records: server.records,
        workers: std::thread::available_parallelism().map_or(1, usize::from),
    }
}

/// What of `new` is in place only after a restart, in words; empty if nothing is.
fn waits_for_restart(old: &Config, new: &Config) -> String {
    let tls = old.server.tls.is_some() != new.server.tls.is_some();
    let changed = [
        ("listen", old.server.listen != new.server.listen),
        ("https instead of http, or the other way round", tls),
        ("limits of connections", format!("{:?}", limits(old)) != format!("{:?}", limits(new))),
        ("store", old.store_path != new.store_path || old.reserve_bytes != new.reserve_bytes),
        ("the keys of our own checksum database", of_log(old) != of_log(new)),
        ("the audit log", of_audit(old) != of_audit(new)),
        ("witnesses", of_witness(old) != of_witness(new)),
        ("folder, tools and bounds of version control", of_repositories(old) != of_repositories(new)),
    ];
    let names: Vec<&str> = changed.iter().filter(|(_, changed)| *changed).map(|(name, _)| *name).collect();
    if names.is_empty() { String::new() } else { format!("; a restart is needed for: {}", names.join(", ")) }
}

/// What the repositories were opened with: they outlive a reload. Logins, places and certificates do not.
fn of_repositories(config: &Config) -> String {
    let direct = &config.proxy.direct;
    let (times, tools) = ((direct.refs_fresh, direct.patience.total, direct.patience.total_zip), (&direct.path, direct.children));
    format!("{:?} {times:?} {tools:?} {}", direct.folder, direct.repository_bytes)
}

/// All of the witness: its memory and its listener outlive a reload.
fn of_witness(config: &Config) -> String {
    let witness = config.witness.as_ref().map(|witness| (witness.listen, witness.cosigner.verifier(), &witness.logs));
    format!("{witness:?} {:?}", config.witnesses)
}

/// What the log was opened with. Whether there is one counts, too; auditors, retired names and what gets a record change at once.
fn of_audit(config: &Config) -> String {
    let settled = config.audit.as_ref().map(|audit| (audit.key.verifier(), &audit.blind, audit.keep, audit.is_required));
    let blinding = config.audit.as_ref().and_then(|audit| audit.blind.as_ref()).map(|blind| blind.name("key", "key"));
    format!("{settled:?} {blinding:?}")
}

fn of_log(config: &Config) -> String {
    let keys = config.proxy.sums.own.as_ref().map(|own| (own.key.verifier(), own.old_key.as_ref().map(SignerKey::verifier)));
    format!("{keys:?}")
}

/// Whoever reads the log is told that an origin changed: somebody must find out why.
fn alarm(diary: &Diary) -> Alarm {
    let diary = diary.clone();
    Alarm::new(move |module, version, drift| {
        let message = format!("drift of {module}@{version}: {}; what was kept first stays", drift::sentence(drift));
        diary.told("error", &message, json!({ "module.path": module, "module.version": version, "upstream.url": drift.origin }));
    })
}
