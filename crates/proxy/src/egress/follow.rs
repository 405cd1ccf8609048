//! Our own requests: discovery, forges' APIs, module proxies. Redirects are followed by our rules.

use http::{HeaderMap, HeaderValue, Method, header::ACCEPT_ENCODING};
use plan::{Trouble, trouble::Deadline};
use tokio::time::timeout;
use url::Url;

use super::{
    Insecure,
    exchange::{Exchanger, Who},
    place::{self, At},
};
use crate::{
    client::{self, Answer, Belief},
    limits,
};

/// Where a chain of redirects has come to.
pub(super) struct Step {
    pub(super) url: Url,
    pub(super) at: At,
    /// False once the chain has left the place that it began at: then no login is sent any more, wherever it leads.
    pub(super) at_home: bool,
}

impl Exchanger {
    /// See [`super::Egress::get`].
    pub(super) async fn get(&self, url: &Url, headers: &HeaderMap, insecure: Insecure) -> Result<Answer, Trouble> {
        let whole = u64::try_from(self.patience.total.as_millis()).unwrap_or(u64::MAX);
        let followed = timeout(self.patience.total, self.follow(url, headers, insecure)).await;
        followed.unwrap_or(Err(Trouble::Deadline(Deadline::Total, whole)))
    }

    /// See [`super::Egress::api`].
    pub(super) async fn api(&self, repository: &Url, url: &Url, headers: &HeaderMap) -> Result<Answer, Trouble> {
        let home = self.places.find(repository);
        if !same_forge(repository, url) {
            let (url, repository) = (client::shown(url), client::shown(repository));
            return Err(Trouble::Refused(format!("{url} is not at the host of {repository}, and gets no login of it")));
        }
        self.permits(repository, Insecure::No)?;
        self.origins.of(url).ask()?;
        let headers = plain(headers);
        let mut ask = self.small(Method::GET, url, &headers, home, Who::Api(home));
        ask.aim.about = repository;
        let got = self.exchange(&mut ask).await?;
        Ok(Answer::new(got.response, self.patience.idle).holding(got.held))
    }

    async fn follow(&self, url: &Url, headers: &HeaderMap, insecure: Insecure) -> Result<Answer, Trouble> {
        let headers = plain(headers);
        let mut step = Step { url: url.clone(), at: self.permits(url, insecure)?, at_home: true };
        self.origins.of(url).ask()?;
        for _ in 0..=limits::MAX_REDIRECTS {
            let mut ask = self.small(Method::GET, &step.url, &headers, step.at, step.who());
            ask.aim.belief = if insecure == Insecure::Yes { Belief::Anyone } else { Belief::Verified };
            let got = self.exchange(&mut ask).await?;
            if !client::redirects(got.response.status()) {
                return Ok(Answer::new(got.response, self.patience.idle).holding(got.held));
            }
            let to = client::target(&step.url, got.response.status(), got.response.headers())?;
            drop(got);
            step = self.next(step, to, insecure)?;
        }
        Err(Trouble::Redirect(format!("stopped after {} redirects", limits::MAX_REDIRECTS)))
    }

    /// The next step of a chain, if it may be taken.
    ///
    /// # Errors
    /// [`Trouble::Redirect`] from https to http, and to what the rules of the next place forbid; [`Trouble::Wait`] from its origin.
    pub(super) fn next(&self, from: Step, to: Url, insecure: Insecure) -> Result<Step, Trouble> {
        if from.url.scheme() == "https" && to.scheme() != "https" && insecure == Insecure::No {
            let (from, to) = (client::shown(&from.url), client::shown(&to));
            return Err(Trouble::Redirect(format!("redirected from secure URL {from} to insecure URL {to}")));
        }
        let refused = |trouble| Trouble::Redirect(format!("redirected to {}: {trouble}", client::shown(&to)));
        let at = self.permits(&to, insecure).map_err(refused)?;
        let same_host = place::host(&from.url) == place::host(&to);
        if !same_host {
            self.origins.of(&to).ask()?;
        }
        Ok(Step { at_home: from.at_home && at == from.at && same_host && at.is_some(), at, url: to })
    }
}

impl Step {
    /// Who we are here.
    pub(super) fn who(&self) -> Who {
        if self.at_home { Who::Web(self.at) } else { Who::Nobody }
    }
}

/// True if `url` is at the repository's own host.
fn same_forge(repository: &Url, url: &Url) -> bool {
    let place = |url: &Url| (place::host(url), place::port(url), url.scheme().to_owned());
    place(repository) == place(url)
}

/// Bytes are wanted as they are; a coding would be a bomb's wrapping.
fn plain(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers
}
