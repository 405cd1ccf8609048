//! Asking for a `?go-get=1` page.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use gomod::goimport::{Discovery, Page};
use http::StatusCode;
use plan::{Event, Trouble, trace::AskEnd};
use tokio::time::{Instant, sleep};
use url::Url;

use super::{Read, url};
use crate::{
    journey::Journey,
    settings::Forge,
    upstream::{refusal, retry::Tries},
};

/// The way out, as far as discovery needs it.
#[async_trait]
pub trait Pages: Send + Sync {
    /// Judges a URL before anything is opened.
    ///
    /// # Errors
    /// [`Trouble::Refused`], naming the rule.
    fn permits(&self, url: &Url) -> Result<(), Trouble>;

    /// True if the operator lets the place of a URL have addresses that are not public.
    fn inside(&self, url: &Url) -> bool;

    /// What the operator says that the place of a URL is.
    fn forge(&self, url: &Url) -> Option<Forge>;

    /// GETs a page, with the login of its place. With `insecure` nothing about the host is checked, and nothing is sent that must stay secret.
    ///
    /// # Errors
    /// Whatever goes wrong on the way; a status is no error.
    async fn get(&self, url: &Url, insecure: bool) -> Result<Got, Trouble>;

    /// GETs from the API of the forge at which `repository` is, with the login of that place; no redirect is followed.
    ///
    /// # Errors
    /// As [`Pages::get`].
    async fn api(&self, repository: &Url, url: &Url) -> Result<Got, Trouble>;
}

/// What came.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Got {
    /// The status.
    pub status: StatusCode,
    /// The `Content-Type`; may be empty.
    pub content_type: String,
    /// The body, or its beginning.
    pub body: Bytes,
    /// Why the body is not whole, if it is not: longer than [`MAX_PAGE_BYTES`](crate::limits::MAX_PAGE_BYTES), or cut.
    pub cut: Option<Trouble>,
}

/// How a page is asked for.
pub(super) struct Asking<'a> {
    pub(super) pages: &'a dyn Pages,
    /// https is not verified, and http is next if there is no answer.
    pub(super) insecure: bool,
    pub(super) retries: u32,
    /// What the whole discovery has; it ends by itself when that is over.
    pub(super) total: Duration,
    pub(super) journey: &'a Journey,
}

impl Asking<'_> {
    /// Asks for the page that `discovery` needs.
    pub(super) async fn read(&self, discovery: &Discovery) -> Result<Read, Trouble> {
        match self.read_by("https", discovery).await {
            Err(_) if self.insecure => self.read_by("http", discovery).await,
            read => read,
        }
    }

    async fn read_by(&self, scheme: &str, discovery: &Discovery) -> Result<Read, Trouble> {
        let address = discovery.url(scheme);
        let asked = url(&address)?;
        let mut tries = Tries::new(if self.insecure { 0 } else { self.retries }, self.total);
        loop {
            match noted(&asked, self.journey, self.pages.get(&asked, self.insecure)).await {
                Ok(got) => return page(&address, got),
                Err(trouble) => match tries.again(&trouble) {
                    Some(pause) => sleep(pause).await,
                    None => return Err(trouble),
                },
            }
        }
    }
}

fn page(address: &str, got: Got) -> Result<Read, Trouble> {
    let Got { status, content_type, body, cut } = got;
    let detail = refusal::detail(&content_type, &body);
    let page = Page::read(address, &status.to_string(), &detail, &body);
    match cut {
        // What was cut off could have had the tag.
        Some(trouble) if page.tags().is_empty() => Err(trouble),
        _ => Ok(Read { status, page }),
    }
}

/// Waits for an answer, and notes how that went.
pub(in crate::upstream::direct) async fn noted(
    url: &Url,
    journey: &Journey,
    asking: impl Future<Output = Result<Got, Trouble>>,
) -> Result<Got, Trouble> {
    let started = Instant::now();
    let got = asking.await;
    let end = match &got {
        Ok(got) if matches!(got.status, StatusCode::NOT_FOUND | StatusCode::GONE) => AskEnd::NotExist,
        Ok(got) if got.status == StatusCode::OK => AskEnd::Found(got.body.len() as u64),
        Ok(got) => AskEnd::Failed(Trouble::Status(got.status.as_u16(), String::new())),
        Err(trouble) => AskEnd::Failed(trouble.clone()),
    };
    let (what, millis) = (url.to_string(), u32::try_from(started.elapsed().as_millis()).unwrap_or(u32::MAX));
    journey.note(Event::Asked { upstream: "direct".to_owned(), what, attempts: 1, end, millis });
    got
}
