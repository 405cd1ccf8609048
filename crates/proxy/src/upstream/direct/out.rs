//! The egress component, as discovery, children and `mod` roots need it.

use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use http::{HeaderMap, header::CONTENT_TYPE};
use plan::Trouble;
use url::Url;

use super::discover::{Got, Pages};
use crate::{
    client::Answer,
    egress::Egress,
    limits,
    settings::Forge,
    upstream::{
        child::{Passage, Way},
        http::Get,
    },
};

/// The way out of direct mode.
pub(super) struct Out {
    egress: Egress,
}

impl Out {
    pub(super) const fn new(egress: Egress) -> Self {
        Self { egress }
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
        Way::pass(&out.egress, remote).await
    }
}

#[async_trait]
impl Pages for Arc<Out> {
    fn permits(&self, url: &Url) -> Result<(), Trouble> {
        self.egress.permits(url)
    }

    fn inside(&self, url: &Url) -> bool {
        self.egress.inside(url)
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
