//! The matrix' world, built on loopback: nobody in it reaches anybody else, and whoever asks is heard.
//!
//! Everyone is reached through one forward proxy ([`front`]), which the go command and git are told of as users of a company are: by HTTPS_PROXY. It knows
//! every name of this world itself, so that neither a name server nor root's rights are needed, and it refuses every other name.

mod authority;
mod front;
mod repository;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Context as _;
use rustls::ServerConfig;
use tempfile::TempDir;

pub(super) use front::Front;

use super::{
    axes::PROXY,
    imagined::{Imagined, ProxySays, Subject},
};
use crate::config::Environment;
use authority::Authority;

/// What all rows share: certificates, a repository, a folder that goes with it.
pub(super) struct Ground {
    folder: TempDir,
    subject: Subject,
    public: Arc<ServerConfig>,
    private: Arc<ServerConfig>,
    repository: PathBuf,
}

/// Somebody of this world.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ear {
    Proxy,
    Database,
    Host,
    Stranger,
}

/// Who asks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Tongue {
    Go,
    Git,
}

/// Something that was heard.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Heard {
    pub(super) ear: Ear,
    pub(super) tongue: Tongue,
    /// The name that was called.
    pub(super) host: String,
    /// The path and query of a request; `None` for a connection.
    pub(super) request: Option<String>,
}

/// All that was heard, in order.
#[derive(Clone, Default, Debug)]
pub(super) struct Record(Arc<Mutex<Vec<Heard>>>);

impl Record {
    pub(super) fn note(&self, heard: Heard) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(heard);
    }

    pub(super) fn all(&self) -> Vec<Heard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Ground {
    /// Makes certificates, and with the user's own git a repository with the module.
    ///
    /// # Errors
    /// What the disk or git says.
    pub(super) async fn make(subject: &Subject, database: &str, environment: &Environment) -> anyhow::Result<Self> {
        let below = environment.get("TMPDIR").unwrap_or("/tmp");
        let folder = tempfile::Builder::new().prefix("modway-matrix-").tempdir_in(below).context("making a folder")?;
        let (public, private) = (Authority::new("public")?, Authority::new("private")?);
        let write = |name: &str, pem: String| std::fs::write(folder.path().join(name), pem).context("writing certificates");
        write(PUBLIC, public.pem().to_owned())?;
        write(PRIVATE, private.pem().to_owned())?;
        write(BOTH, format!("{}{}", public.pem(), private.pem()))?;
        let repository = repository::make(folder.path(), subject, environment).await?;
        let (public, private) = (public.server(&[PROXY, database])?, private.server(&[&subject.host])?);
        Ok(Self { folder, subject: subject.clone(), public, private, repository })
    }

    /// Its folder.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The certificates to believe: those of the proxy and the database, and those of the host if `all`.
    pub(super) fn certificates(&self, all: bool) -> PathBuf {
        self.folder().join(if all { BOTH } else { PUBLIC })
    }

    fn ear(&self, host: &str, database: &str) -> Ear {
        match host {
            PROXY => Ear::Proxy,
            host if host == database => Ear::Database,
            host if host == self.subject.host => Ear::Host,
            _ => Ear::Stranger,
        }
    }

    fn server(&self, ear: Ear) -> Option<Arc<ServerConfig>> {
        match ear {
            Ear::Proxy | Ear::Database => Some(Arc::clone(&self.public)),
            Ear::Host => Some(Arc::clone(&self.private)),
            Ear::Stranger => None,
        }
    }

    /// What a request is answered with: a status, a type, a body.
    fn answer(&self, ear: Ear, path: &str, query: &str, imagined: Imagined) -> (u16, &'static str, Vec<u8>) {
        let plain = "text/plain; charset=utf-8";
        let absent = || (404, plain, b"not found: this world does not know it".to_vec());
        match (ear, imagined.proxy_says) {
            (Ear::Proxy, ProxySays::NotFound | ProxySays::Nothing) | (Ear::Database | Ear::Stranger, _) => absent(),
            (Ear::Proxy, ProxySays::Forbidden) => (403, plain, b"forbidden by policy".to_vec()),
            (Ear::Proxy, ProxySays::Error) => (500, plain, b"out of order".to_vec()),
            (Ear::Host, _) if query.split('&').any(|pair| pair == "go-get=1") => {
                (200, "text/html; charset=utf-8", self.subject.page().into_bytes())
            }
            (Ear::Host, _) => match repository::file(&self.repository, &self.subject, path) {
                Some(content) => (200, plain, content),
                None => absent(),
            },
        }
    }
}

const PUBLIC: &str = "public.pem";
const PRIVATE: &str = "private.pem";
const BOTH: &str = "both.pem";
