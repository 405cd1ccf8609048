//! The go command's settings: what a variable's value is, and which layer it comes from.
//!
//! A value is looked for in the environment, then in the user's file (`go env -w` writes it), then in `$GOROOT/go.env`. This
//! module reads texts that it is given; where the files lie is the caller's business.
//!
//! Source: `cmd/go/internal/cfg/cfg.go` in Go 1.27.

pub mod defaults;
mod goauth;
pub mod goflags;
mod gosumdb;
mod govcs;
mod netrc;

use std::collections::BTreeMap;

pub use goauth::{GoAuth, InvalidGoAuth, Method};
pub use gosumdb::{InvalidGoSumdb, SumdbSetting};
pub use govcs::{Disallowed, GoVcs, InvalidGoVcs, Rule};
pub use netrc::{Login, Netrc};

use crate::pattern::Patterns;

/// The layers of settings of one machine, or of one that is imagined.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    environment: BTreeMap<String, String>,
    user: BTreeMap<String, String>,
    goroot: Option<BTreeMap<String, String>>,
}

/// The value of one variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The value; empty if no layer has one.
    pub value: String,
    /// The layer that the value comes from.
    pub layer: Layer,
    /// The variable that was read, which for GONOPROXY and GONOSUMDB can be GOPRIVATE.
    pub variable: String,
}

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// The environment of the process.
    Environment,
    /// The user's file, `$GOENV` or `go/env` in the user's configuration directory.
    UserFile,
    /// `$GOROOT/go.env` of the Go installation.
    GoRootFile,
    /// Go's documented default.
    Default,
}

impl Settings {
    /// Puts the layers together.
    ///
    /// Units and ranges: without a user's file (`GOENV=off`) or an empty one, pass `None`; without a Go installation pass
    /// `None` for `goroot_file`, and Go's documented `go.env` stands in.
    pub fn new(environment: BTreeMap<String, String>, user_file: Option<&str>, goroot_file: Option<&str>) -> Self {
        let user = user_file.map(read_file).unwrap_or_default();
        Settings { environment, user, goroot: goroot_file.map(read_file) }
    }

    /// The same settings with another value for one variable, in the layer that has the say; an empty value takes it away from the environment
    /// and the user's file.
    #[must_use]
    pub fn with(&self, variable: &str, value: &str) -> Self {
        let mut changed = self.clone();
        changed.environment.remove(variable);
        changed.user.remove(variable);
        if !value.is_empty() {
            changed.environment.insert(variable.into(), value.into());
        }
        changed
    }

    /// Looks a variable up.
    ///
    /// Units and ranges: an empty value in the environment counts as none; an empty one in the user's file hides that of
    /// `go.env`.
    ///
    /// Source: `cfg.Getenv` and `cfg.EnvOrAndChanged`.
    pub fn find(&self, variable: &str) -> Setting {
        let setting = |value: &str, layer| Setting { value: value.into(), layer, variable: variable.into() };
        if let Some(value) = self.environment.get(variable).filter(|value| !value.is_empty()) {
            return setting(value, Layer::Environment);
        }
        let from_file = match (self.user.get(variable), &self.goroot) {
            (Some(value), _) => Some((value.as_str(), Layer::UserFile)),
            (None, Some(goroot)) => goroot.get(variable).map(|value| (value.as_str(), Layer::GoRootFile)),
            (None, None) => defaults::go_env(variable).map(|value| (value, Layer::Default)),
        };
        match (from_file, defaults::built_in(variable)) {
            (Some((value, layer)), _) if !value.is_empty() => setting(value, layer),
            (_, Some(value)) => setting(value, Layer::Default),
            (Some((_, layer)), None) => setting("", layer),
            (None, None) => setting("", Layer::Default),
        }
    }

    /// GOPRIVATE, as patterns over module paths.
    pub fn goprivate(&self) -> (Patterns, Setting) {
        patterns(self.find("GOPRIVATE"))
    }

    /// GONOPROXY, or GOPRIVATE if it is empty: which modules come from version control.
    pub fn gonoproxy(&self) -> (Patterns, Setting) {
        patterns(self.or_goprivate("GONOPROXY"))
    }

    /// GONOSUMDB, or GOPRIVATE if it is empty: which modules no checksum database is asked about.
    pub fn gonosumdb(&self) -> (Patterns, Setting) {
        patterns(self.or_goprivate("GONOSUMDB"))
    }

    /// GOPROXY; read it with [`GoProxyList::parse`](crate::goproxy::GoProxyList::parse).
    pub fn goproxy(&self) -> Setting {
        self.find("GOPROXY")
    }

    /// GOSUMDB; read it with [`SumdbSetting::parse`].
    pub fn gosumdb(&self) -> Setting {
        self.find("GOSUMDB")
    }

    fn or_goprivate(&self, variable: &str) -> Setting {
        let own = self.find(variable);
        if own.value.is_empty() { self.find("GOPRIVATE") } else { own }
    }
}

fn patterns(setting: Setting) -> (Patterns, Setting) {
    (Patterns::parse(&setting.value), setting)
}

/// Reads lines of `KEY=VALUE`. Lines that do not begin with a capital letter, or have no `=`, are passed over; the last of
/// several lines wins.
fn read_file(text: &str) -> BTreeMap<String, String> {
    let lines = text.split('\n').filter(|line| line.starts_with(|first: char| first.is_ascii_uppercase()));
    lines.filter_map(|line| line.split_once('=')).map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

#[cfg(test)]
mod tests;
