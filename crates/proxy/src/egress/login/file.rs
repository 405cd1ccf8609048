//! Logins in files, read again when they changed.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use gomod::goenv::Netrc;
use plan::Trouble;
use tokio::io::AsyncReadExt as _;
use url::Url;

use super::{Found, Login};
use crate::{limits, settings::Secret};

/// A small file and what it held when it was last looked at.
pub(super) struct Watched {
    path: PathBuf,
    kept: Mutex<Option<(Stamp, Arc<Secret>)>>,
}

/// What a file looks like from outside.
type Stamp = (SystemTime, u64);

impl Watched {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), kept: Mutex::default() }
    }

    /// Reads it anew next time, even if it looks the same from outside.
    pub(super) fn forget(&self) {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The entry of a netrc file for `url`; a file that is not there has none.
    pub(super) async fn netrc(&self, url: &Url) -> Result<Found, Trouble> {
        let text = match self.read().await {
            Ok(text) => text,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(self.missing("is not there")),
            Err(cause) => return Err(self.failed(&cause)),
        };
        // Go looks for logins of https URLs only; what we send over http goes to loopback.
        let place = format!("https://{}", &url[url::Position::BeforeHost..url::Position::AfterPath]);
        Ok(match Netrc::parse(text.reveal()).find(&place) {
            Some(found) => Found::Login(Login::Basic(found.login.clone(), Secret::new(found.password.clone()))),
            None => self.missing(&format!("has no machine {}", &url[url::Position::BeforeHost..url::Position::BeforePath])),
        })
    }

    /// The first line of the file, for `user`.
    pub(super) async fn token(&self, user: &str) -> Result<Found, Trouble> {
        let text = self.read().await.map_err(|cause| self.failed(&cause))?;
        match text.reveal().lines().next().map(str::trim).unwrap_or_default() {
            "" => Ok(self.missing("has no first line")),
            token => Ok(Found::Login(Login::Basic(user.to_owned(), Secret::new(token.to_owned())))),
        }
    }

    async fn read(&self) -> io::Result<Arc<Secret>> {
        let seen = tokio::fs::metadata(&self.path).await?;
        let stamp = (seen.modified()?, seen.len());
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, text)) = kept.filter(|(known, _)| *known == stamp) {
            return Ok(text);
        }
        let mut text = String::new();
        tokio::fs::File::open(&self.path).await?.take(limits::MAX_LOGIN_FILE_BYTES).read_to_string(&mut text).await?;
        let text = Arc::new(Secret::new(text));
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some((stamp, Arc::clone(&text)));
        Ok(text)
    }

    fn missing(&self, what: &str) -> Found {
        Found::Missing(format!("{} {what}", self.path.display()))
    }

    fn failed(&self, cause: &io::Error) -> Trouble {
        Trouble::Refused(format!("the login cannot be read from {}: {cause}", self.path.display()))
    }
}
