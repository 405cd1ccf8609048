//! A module proxy, or a checksum database, over http or https.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use gomod::module::{ModulePath, Version};
use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{CONTENT_TYPE, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED},
};
use plan::{Event, Trouble, trace::AskEnd};
use tokio::time::sleep;
use url::Url;

use super::{
    Failure, Files, Known, Question, Reply, Upstream,
    breaker::Fuse,
    escape::{Bang, below, plain},
    refusal,
    retry::Tries,
    sanity,
};
use crate::{
    client::{Answer, Client, Roots},
    journey::Journey,
    settings::Hop,
    spool::SpoolWriter,
};

mod zip;

/// One http or https hop.
pub struct HttpUpstream {
    hop: Hop,
    /// The base of its URLs.
    home: Url,
    way: Arc<dyn Get>,
    fuse: Fuse,
}

/// How a hop's URLs are asked for.
#[async_trait]
pub(super) trait Get: Send + Sync {
    /// GETs `url`, redirects followed. A status is no error.
    async fn get(&self, url: &Url, headers: &HeaderMap) -> Result<Answer, Trouble>;
}

#[async_trait]
impl Get for Client {
    async fn get(&self, url: &Url, headers: &HeaderMap) -> Result<Answer, Trouble> {
        Client::get(self, url, headers).await
    }
}

impl HttpUpstream {
    /// Makes the hop ready. Reads its CA files; connects to nothing.
    ///
    /// # Errors
    /// Those of [`Client::new`]: the configuration cannot work.
    pub fn new(hop: Hop, roots: &Roots) -> Result<Self, Trouble> {
        let client = Client::new(&hop, roots)?;
        let home = client.home().clone();
        Ok(Self::through(hop, home, Arc::new(client)))
    }

    /// A hop at `home` that is asked by another way than a client of its own.
    pub(super) fn through(hop: Hop, home: Url, way: Arc<dyn Get>) -> Self {
        Self { home, way, fuse: Fuse::new(hop.breaker), hop }
    }

    async fn document(&self, url: &Url, known: &Known, terms: &Terms<'_>, tries: &mut Tries) -> Result<Reply, Failure> {
        let headers = conditions(known);
        loop {
            tries.begin();
            let failure = match tries.bound(self.once(url, &headers, terms)).await {
                Err(Failure::Trouble(trouble)) => trouble,
                end => return end,
            };
            match tries.again(&failure) {
                Some(pause) => sleep(pause).await,
                None => return Err(failure.into()),
            }
        }
    }

    async fn once(&self, url: &Url, headers: &HeaderMap, terms: &Terms<'_>) -> Result<Reply, Failure> {
        let mut answer = self.way.get(url, headers).await?;
        match answer.status {
            StatusCode::OK => {
                answer.plain()?;
                let body = answer.read(terms.limit).await?;
                if let Some(question) = terms.question {
                    sanity::check(question, answer.header(&CONTENT_TYPE), &body)?;
                }
                Ok(Reply::Found { body, known: validators(&answer) })
            }
            StatusCode::NOT_MODIFIED if !headers.is_empty() => Ok(Reply::NotModified),
            _ => Err(refusal::failure(answer).await),
        }
    }

    /// Asks for a small document within the hop's `total`; tells the breaker and the journey how it ended.
    async fn small(&self, what: String, url: Url, known: &Known, terms: Terms<'_>, journey: &Journey) -> Result<Reply, Failure> {
        let mut tries = Tries::new(self.hop.retries, self.hop.total);
        let asked = self.document(&url, known, &terms, &mut tries).await;
        let end = match &asked {
            Ok(Reply::Found { body, .. }) => AskEnd::Found(body.len() as u64),
            Ok(Reply::NotModified) => AskEnd::NotModified,
            Err(failure) => ended(failure),
        };
        self.note(what, end, &tries, journey);
        asked
    }

    fn note(&self, what: String, end: AskEnd, tries: &Tries, journey: &Journey) {
        self.fuse.note(match &end {
            AskEnd::Failed(trouble) => Some(trouble),
            AskEnd::Found(_) | AskEnd::NotModified | AskEnd::NotExist => None,
        });
        let millis = u32::try_from(tries.started.elapsed().as_millis()).unwrap_or(u32::MAX);
        journey.note(Event::Asked { upstream: self.hop.name.clone(), what, attempts: tries.attempts, end, millis });
    }
}

/// Only the name: a hop's settings hold forward proxies with passwords.
impl fmt::Debug for HttpUpstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpUpstream({})", self.hop.name)
    }
}

#[async_trait]
impl Upstream for HttpUpstream {
    fn name(&self) -> &str {
        &self.hop.name
    }

    fn skip(&self) -> Option<u64> {
        self.fuse.skip()
    }

    async fn ask(&self, question: &Question, known: &Known, journey: &Journey) -> Result<Reply, Failure> {
        let what = question.to_string();
        let url = below(&self.home, &what, Bang::Encoded)?;
        self.small(what, url, known, Terms { limit: sanity::limit(question), question: Some(question) }, journey).await
    }

    async fn zip(
        &self,
        module: &ModulePath,
        version: &Version,
        spool: &mut SpoolWriter,
        journey: &Journey,
    ) -> Result<(), Failure> {
        let what = format!("{}/@v/{}.zip", module.escaped(), version.escaped());
        let url = below(&self.home, &what, Bang::Encoded)?;
        let mut tries = Tries::new(self.hop.retries, self.hop.total_zip);
        let fetched = zip::fetch(&*self.way, &url, spool, &mut tries).await;
        let end = match &fetched {
            Ok(()) => AskEnd::Found(spool.written()),
            Err(failure) => ended(failure),
        };
        self.note(what, end, &tries, journey);
        fetched
    }
}

#[async_trait]
impl Files for HttpUpstream {
    fn name(&self) -> &str {
        &self.hop.name
    }

    async fn get(&self, path: &str, limit_bytes: u64, journey: &Journey) -> Result<Bytes, Failure> {
        let url = below(&self.home, plain(path)?, Bang::Raw)?;
        let terms = Terms { limit: limit_bytes, question: None };
        match self.small(path.to_owned(), url, &Known::default(), terms, journey).await? {
            Reply::Found { body, .. } => Ok(body),
            // Nobody asked for that: `once` has made it trouble already.
            Reply::NotModified => Err(Trouble::Status(304, String::new()).into()),
        }
    }

    fn rests(&self) -> Option<u64> {
        self.fuse.skip()
    }
}

/// What a small document must be like.
struct Terms<'a> {
    /// The most bytes it may have.
    limit: u64,
    /// What it must be an answer to; `None` if it may be anything.
    question: Option<&'a Question>,
}

fn ended(failure: &Failure) -> AskEnd {
    match failure {
        Failure::NotExist(_) => AskEnd::NotExist,
        Failure::Trouble(trouble) => AskEnd::Failed(trouble.clone()),
    }
}

/// Both conditions, if we have both: a server that knows only one of them uses that one. RFC 9110 §13.1.
fn conditions(known: &Known) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in [(IF_NONE_MATCH, &known.etag), (IF_MODIFIED_SINCE, &known.last_modified)] {
        if let (Ok(value), false) = (HeaderValue::from_str(value), value.is_empty()) {
            headers.insert(name, value);
        }
    }
    headers
}

fn validators(answer: &Answer) -> Known {
    let text = |name: &HeaderName| answer.header(name).to_owned();
    Known { etag: text(&ETAG), last_modified: text(&LAST_MODIFIED) }
}
