//! The configuration: one TOML file, the environment, a few flags, and the go command's own settings on this machine.
//!
//! [`Config::load`] is a pure function of the file's text, an [`Environment`] and [`Files`], so that a reload is the same function
//! called again, and a test needs no machine.

mod access;
mod audit;
mod bench;
mod direct;
mod environment;
mod file;
mod hops;
mod keys;
mod leaves;
mod machine;
mod mistake;
mod own;
mod private;
mod reference;
mod routes;
mod server;
mod show;
mod sums;
mod units;
mod witness;

use std::path::PathBuf;

use proxy::{
    client::Roots,
    settings::{Freshness, Settings},
};

pub use audit::AuditLog;
pub use environment::{Disk, Environment, Files};
pub use keys::schema;
pub use mistake::{Mistake, Mistakes, Place};
pub(crate) use own::check_name;
pub use reference::reference;
pub use server::{LogTarget, Server};
pub(crate) use units::Period;
pub use witness::{Witness, Witnesses};

use self::{bench::Bench, keys::Node, leaves::Leaves, machine::Machine, show::Line};

/// The example configuration, every key explained.
pub const EXAMPLE: &str = include_str!("../../../../modway.example.toml");

/// A configuration that was checked whole.
#[derive(Clone, Debug)]
pub struct Config {
    /// The doors.
    pub server: Server,
    /// The folder of the store.
    pub store_path: PathBuf,
    /// Room left free on the store's disk, in bytes.
    pub reserve_bytes: u64,
    /// What the proxy is told.
    pub proxy: Settings,
    /// The audit log, if one is wanted.
    pub audit: Option<AuditLog>,
    /// Which certificates all upstreams are believed by, besides their own CA files.
    pub roots: Roots,
    /// The witness for the logs of others, if this is one.
    pub witness: Option<Witness>,
    /// The witnesses of our own checksum database, if it has any.
    pub witnesses: Option<Witnesses>,
    /// What is worth knowing though nothing is wrong.
    pub notes: Vec<Mistake>,
    lines: Vec<Line>,
}

/// What somebody asks to be configured.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// The configuration file's name, for messages and relative paths, and its text; `None` without one.
    pub file: Option<(String, String)>,
    /// `--listen`; may be empty.
    pub listen: Vec<String>,
    /// `--store`.
    pub store: Option<String>,
}

impl Config {
    /// Checks `source` whole and answers the configuration, or every mistake in it.
    ///
    /// # Errors
    /// All mistakes at once, in the order of the file; notes are among them.
    pub fn load(source: &Source, environment: &Environment, files: &dyn Files) -> Result<Self, Mistakes> {
        let schema = schema();
        let leaves = read(source, environment, Node(&schema));
        let file = match serde_json::from_value(leaves.tree(Node(&schema))) {
            Ok(file) => file,
            // Every value passed the check of its kind before, so this is a disagreement between the schema and the types.
            Err(error) => return Err(Mistakes(vec![internal(&error)])),
        };
        let mut bench = Bench::new(&leaves, environment, files);
        let machine = Machine::read(&bench);
        let config = build(&file, &machine, &mut bench);
        let mut mistakes = bench.into_mistakes();
        mistakes.extend(leaves.mistakes.iter().cloned());
        mistakes.sort_by_key(|mistake| mistake.place.order());
        match config {
            Some(mut config) if !mistakes.iter().any(|mistake| mistake.fatal) => {
                config.lines = show::lines(Node(&schema), &leaves, &machine, &config);
                config.notes = mistakes;
                Ok(config)
            }
            _ => Err(Mistakes(mistakes)),
        }
    }

    /// The effective configuration, each value with the layer it comes from; secrets as `(secret)`.
    pub fn show(&self) -> String {
        show::text(&self.lines)
    }

    /// The same as JSON.
    pub fn show_json(&self) -> serde_json::Value {
        show::json(&self.lines)
    }
}

fn read(source: &Source, environment: &Environment, schema: Node<'_>) -> Leaves {
    let mut leaves = Leaves::default();
    if let Some((name, text)) = &source.file {
        leaves.read_file(name, text, schema);
    }
    leaves.read_environment(environment, schema);
    if !source.listen.is_empty() {
        leaves.set_by_flag("--listen", "server.listen", &source.listen.join(","), schema);
    }
    if let Some(store) = &source.store {
        leaves.set_by_flag("--store", "store.path", store, schema);
    }
    leaves
}

/// `None` only if a mistake was noted.
fn build(file: &file::File, machine: &Machine, bench: &mut Bench<'_>) -> Option<Config> {
    let server = server::server(&file.server, bench);
    let store_path = server::store_path(&file.store, bench);
    let (hops, patience) = hops::hops(&file.upstream, bench);
    let (routes, hops) = routes::routes(file, hops, machine, server.as_ref(), bench);
    let sums = sums::sums(file, &hops, &routes, machine, bench);
    if let Some(sums) = &sums {
        private::tell(&file.route, &routes, sums, bench);
    }
    let direct = direct::direct(&file.direct, patience, store_path.as_deref(), machine, bench);
    let audit = audit::audit(&file.audit, sums.as_ref().and_then(|sums| sums.own.as_ref()), bench);
    let witness = witness::witness(&file.witness, bench);
    let witnesses = witness::witnesses(&file.sumdb.private, bench);
    let freshness = Freshness {
        fresh: file.freshness.fresh.0,
        revalidate: file.freshness.revalidate.0,
        stale: file.freshness.stale.0,
        absent: file.freshness.absent.0,
    };
    Some(Config {
        server: server?,
        store_path: store_path?,
        reserve_bytes: file.store.reserve.0,
        proxy: Settings { routes, hops, sums: sums?, freshness, direct: direct? },
        audit,
        roots: crate::machine::roots(bench.environment, bench.files()),
        witness,
        witnesses,
        notes: Vec::new(),
        lines: Vec::new(),
    })
}

fn internal(error: &serde_json::Error) -> Mistake {
    let (what, fix) = (format!("a fault of modway: {error}"), "report it with this configuration".to_owned());
    Mistake { fatal: true, place: Place::Whole, what, mover: "us", fix }
}
