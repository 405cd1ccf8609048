//! Doing it: asks upstreams, proves what they say, keeps it, and hands it out. Modules in order of travel.

pub mod proxy;

pub mod cache;
pub mod flight;

pub mod chain;
pub mod drift;
pub mod fetch;
pub mod upstream;

pub mod client;
pub mod egress;
pub mod spool;

mod crew;

pub mod audit;
pub mod notary;
pub mod replay;
pub mod sumdb;
pub mod tlog;
pub mod vouch;

pub mod stocktake;

pub mod answer;
pub mod assemble;
pub mod clock;
pub mod journey;
pub mod limits;
pub mod metrics;
pub mod settings;

pub use answer::Answer;
pub use assemble::{BadSettings, Ground};
pub use journey::Journey;
pub use proxy::Proxy;
pub use settings::Settings;
