//! What a first run follows when nothing else is said: the go command's own settings, as [`crate::machine`] reads them.

use std::path::PathBuf;

use gomod::goenv::{Netrc, defaults};

use super::bench::Bench;
use crate::{lang::Lang, machine};

/// The settings that the server follows, each with its layer in words.
#[derive(Clone, Debug)]
pub(super) struct Machine {
    pub(super) goproxy: Setting,
    pub(super) gonoproxy: Setting,
    pub(super) gosumdb: Setting,
    pub(super) gonosumdb: Setting,
    pub(super) goprivate: Setting,
    pub(super) goinsecure: Setting,
    pub(super) govcs: Setting,
    pub(super) goauth: Setting,
    pub(super) netrc: Option<Netrc>,
    /// Where the netrc file is, or would be.
    pub(super) netrc_path: Option<PathBuf>,
}

/// One setting of the go command.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    /// Its value; empty if no layer has one.
    pub(super) value: String,
    /// The layer it comes from, in words.
    pub(super) layer: String,
}

impl Machine {
    /// The user's settings. An installation's go.env is not read: a server runs without one, and one that happens to lie in its PATH changes nothing.
    pub(super) fn read(bench: &Bench<'_>) -> Self {
        let machine = machine::Machine::here(bench.environment, bench.files(), None);
        let named = |variable| Setting::from(machine.setting(variable));
        Self {
            goproxy: named("GOPROXY"),
            gonoproxy: machine.gonoproxy().1.into(),
            gosumdb: named("GOSUMDB"),
            gonosumdb: machine.gonosumdb().1.into(),
            goprivate: machine.goprivate().1.into(),
            goinsecure: named("GOINSECURE"),
            govcs: named("GOVCS"),
            goauth: named("GOAUTH"),
            netrc: machine.netrc().cloned(),
            netrc_path: machine.netrc_path().map(Into::into),
        }
    }
}

impl From<machine::Setting> for Setting {
    fn from(setting: machine::Setting) -> Self {
        Self { layer: setting.origin(Lang::En), value: setting.value }
    }
}

/// Go's documented list, for a machine whose own list leads to this very server.
pub(super) fn default_goproxy() -> &'static str {
    defaults::GOPROXY
}
