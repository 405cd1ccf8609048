use std::fmt;

use super::query::is_revision;
use crate::goenv::{Setting, Settings};

/// The settings that a journey depends on, each with the layer it comes from.
///
/// Shape: values as they were written; the journey reads them itself, and says so if one cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setup {
    /// GOPROXY.
    pub goproxy: Setting,
    /// GOPRIVATE, which GOVCS asks for.
    pub goprivate: Setting,
    /// GONOPROXY, or GOPRIVATE in its place.
    pub gonoproxy: Setting,
    /// GONOSUMDB, or GOPRIVATE in its place.
    pub gonosumdb: Setting,
    /// GOINSECURE.
    pub goinsecure: Setting,
    /// GOSUMDB.
    pub gosumdb: Setting,
    /// GOVCS.
    pub govcs: Setting,
    /// GOFLAGS.
    pub goflags: Setting,
    /// GO111MODULE.
    pub go111module: Setting,
}

impl Setup {
    /// Looks up what a journey needs.
    pub fn of(settings: &Settings) -> Self {
        Setup {
            goproxy: settings.goproxy(),
            goprivate: settings.goprivate().1,
            gonoproxy: settings.gonoproxy().1,
            gonosumdb: settings.gonosumdb().1,
            goinsecure: settings.find("GOINSECURE"),
            gosumdb: settings.gosumdb(),
            govcs: settings.find("GOVCS"),
            goflags: settings.find("GOFLAGS"),
            go111module: settings.find("GO111MODULE"),
        }
    }
}

/// The command whose journey is told. Its module cache is empty and so is its go.sum.
///
/// Shape: Displays as it is typed, `go get example.com/lib@v1.2.3`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// `go get PATH@QUERY`, in a module that requires nothing.
    Get {
        /// The path of a package or a module.
        path: String,
        /// The version query; `upgrade` stands for none.
        query: String,
    },
    /// `go mod download MODULE@QUERY`.
    Download {
        /// The module path.
        module: String,
        /// The version query.
        query: String,
    },
    /// `go list -m MODULE@QUERY`, outside of any module.
    List {
        /// The module path.
        module: String,
        /// The version query.
        query: String,
    },
    /// `go list -m -versions MODULE`, outside of any module.
    Versions {
        /// The module path.
        module: String,
    },
}

impl Command {
    /// The path that was typed.
    pub fn path(&self) -> &str {
        match self {
            Command::Get { path, .. } => path,
            Command::Download { module, .. } | Command::List { module, .. } | Command::Versions { module } => module,
        }
    }
}

impl Command {
    /// The version query; `None` where all versions are asked for.
    pub fn query(&self) -> Option<&str> {
        match self {
            Command::Get { query, .. } | Command::Download { query, .. } | Command::List { query, .. } => Some(query),
            Command::Versions { .. } => None,
        }
    }

    /// True if the query names a revision, and does not choose from the list of versions.
    pub fn names_revision(&self) -> bool {
        self.query().is_some_and(is_revision)
    }
}

impl fmt::Display for Command {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Command::Get { path, query } if query == "upgrade" => write!(out, "go get {path}"),
            Command::Get { path, query } => write!(out, "go get {path}@{query}"),
            Command::Download { module, query } => write!(out, "go mod download {module}@{query}"),
            Command::List { module, query } => write!(out, "go list -m {module}@{query}"),
            Command::Versions { module } => write!(out, "go list -m -versions {module}"),
        }
    }
}
