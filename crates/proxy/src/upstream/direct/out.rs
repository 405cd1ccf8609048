//! The egress component, as discovery, children and `mod` roots need it.

use std::{
    io::Write as _,
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
};

use async_trait::async_trait;
use http::{HeaderMap, header::CONTENT_TYPE};
use plan::Trouble;
use tempfile::NamedTempFile;
use url::Url;

use super::discover::{Got, Pages};
use crate::{
    client::Answer,
    egress::{Egress, Pass},
    limits,
    settings::{Direct, Forge},
    upstream::{
        child::{Passage, Way},
        http::Get,
    },
};

/// The way out of direct mode.
pub(super) struct Out {
    egress: Egress,
    /// Where ssh's configuration rests while a child needs it.
    folder: PathBuf,
}

impl Out {
    pub(super) fn new(egress: Egress, direct: &Direct) -> Self {
        Self { egress, folder: direct.folder.clone() }
    }

    /// The same folder with another way out.
    pub(super) fn with(&self, egress: Egress) -> Self {
        Self { egress, folder: self.folder.clone() }
    }
}

/// The way out that stands now, for the children of repositories that outlive a reload.
#[derive(Clone)]
pub(super) struct Standing(Arc<RwLock<Arc<Out>>>);

impl Standing {
    pub(super) fn new(out: &Arc<Out>) -> Self {
        Self(Arc::new(RwLock::new(Arc::clone(out))))
    }

    pub(super) fn change(&self, out: &Arc<Out>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(out);
    }
}

#[async_trait]
impl Way for Standing {
    async fn pass(&self, remote: &str) -> Result<Box<dyn Passage>, Trouble> {
        let out = Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner));
        out.pass(remote).await
    }
}

#[async_trait]
impl Pages for Arc<Out> {
    fn permits(&self, url: &Url) -> Result<(), Trouble> {
        self.egress.permits(url)
    }

    fn forge(&self, url: &Url) -> Option<Forge> {
        self.egress.forge(url)
    }

    async fn get(&self, url: &Url, insecure: bool) -> Result<Got, Trouble> {
        got(self.egress.get(url, &HeaderMap::new(), insecure).await?).await
    }

    async fn api(&self, repository: &Url, url: &Url) -> Result<Got, Trouble> {
        got(self.egress.api(repository, url, &HeaderMap::new()).await?).await
    }
}

/// The page, or as much of it as may be read.
async fn got(mut answer: Answer) -> Result<Got, Trouble> {
    answer.plain()?;
    let (status, content_type) = (answer.status, answer.header(&CONTENT_TYPE).to_owned());
    let (mut body, mut cut) = (Vec::new(), None);
    while cut.is_none() {
        match answer.piece().await {
            Ok(Some(piece)) => body.extend_from_slice(&piece),
            Ok(None) => break,
            Err(trouble) => cut = Some(trouble),
        }
        if body.len() as u64 > limits::MAX_PAGE_BYTES {
            cut = Some(Trouble::TooLarge(limits::MAX_PAGE_BYTES));
        }
    }
    Ok(Got { status, content_type, body: body.into(), cut })
}

#[async_trait]
impl Get for Out {
    async fn get(&self, url: &Url, headers: &HeaderMap) -> Result<Answer, Trouble> {
        self.egress.get(url, headers, false).await
    }
}

#[async_trait]
impl Way for Out {
    async fn pass(&self, remote: &str) -> Result<Box<dyn Passage>, Trouble> {
        let url = Url::parse(remote).map_err(|cause| Trouble::Refused(format!("repository URL not usable: {cause}")))?;
        let pass = self.egress.pass(&url).await?;
        let ssh = pass.ssh().map(|way| self.configuration(&way.config())).transpose()?;
        Ok(Box::new(Led { pass, ssh }))
    }
}

impl Out {
    /// A file that ssh is told to read instead of the user's and the system's.
    fn configuration(&self, text: &str) -> Result<NamedTempFile, Trouble> {
        let written = NamedTempFile::with_prefix_in("ssh-", &self.folder).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            Ok(file)
        });
        written.map_err(|error| Trouble::Vcs(format!("cannot write the configuration of ssh: {error}")))
    }
}

/// A way that one child is led.
struct Led {
    pass: Pass,
    ssh: Option<NamedTempFile>,
}

impl Passage for Led {
    fn url(&self) -> &str {
        self.pass.url()
    }

    fn proxy(&self) -> &str {
        self.pass.proxy()
    }

    fn ports(&self) -> Vec<u16> {
        vec![self.pass.port()]
    }

    fn variables(&self) -> Vec<(&'static str, String)> {
        let Some(file) = &self.ssh else { return Vec::new() };
        // Both are read by a shell or something like one.
        let command = format!("ssh -F '{}'", file.path().display().to_string().replace('\'', r"'\''"));
        vec![("GIT_SSH_COMMAND", command.clone()), ("SVN_SSH", command)]
    }

    fn trouble(&self) -> Option<Trouble> {
        self.pass.trouble()
    }
}
