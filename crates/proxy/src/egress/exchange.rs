//! One request and its response, under everything that holds for its place: budgets, certificates, login.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use plan::Trouble;
use tokio::sync::OwnedSemaphorePermit;
use url::Url;

use super::{
    Insecure, LoginUse,
    login::{Found, Login, Logins, Objection, Runner},
    origin::Origins,
    place::{self, At, Places},
    way::{self, Outgoing, Way, Ways},
};
use crate::{
    client::{self, Answer, Belief, Lost, Reachable, Resolve, Roots, Rule},
    settings::{Credential, Direct, Hop},
};

/// Sends requests to wherever they are permitted to go.
pub(super) struct Exchanger {
    pub(super) places: Places,
    pub(super) origins: Origins,
    pub(super) patience: Hop,
    /// What one repository may send us.
    pub(super) repository_bytes: u64,
    ways: Ways,
    logins: Logins,
    agent: String,
}

/// A request to be made.
pub(super) struct Ask<'a> {
    pub(super) aim: Aim<'a>,
    pub(super) method: Method,
    pub(super) headers: &'a HeaderMap,
    pub(super) payload: Payload,
    pub(super) first_byte: Duration,
}

/// Where a request goes, and as whom.
#[derive(Clone, Copy)]
pub(super) struct Aim<'a> {
    pub(super) url: &'a Url,
    /// What a login is looked for: the URL itself, or the repository that an API is asked about.
    pub(super) about: &'a Url,
    /// Whose certificates and addresses hold: the place of the URL.
    pub(super) at: At,
    pub(super) who: Who,
    pub(super) belief: Belief,
}

/// Who we are in a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Who {
    /// Nobody, or whoever the request's own header fields say.
    Nobody,
    /// The login of this place, as repositories and web pages take it.
    Web(At),
    /// The login of this place, as a forge's API takes it.
    Api(At),
}

/// A request's body.
pub(super) enum Payload {
    /// All of it; it can be sent again.
    Whole(Bytes),
    /// As it comes; once.
    Stream(Option<Outgoing>),
}

/// A response on its way, and the place among the exchanges with its origin that it keeps taken.
pub(super) struct Got {
    pub(super) response: Response<Incoming>,
    pub(super) held: OwnedSemaphorePermit,
    pub(super) login: LoginUse,
}

impl Exchanger {
    /// # Errors
    /// Those of [`super::Egress::new`].
    pub(super) fn new(direct: &Direct, roots: &Roots, resolver: Arc<dyn Resolve>) -> Result<Self, Trouble> {
        let places = Places::new(&direct.access)?;
        let logins = Logins::new(places.all(), &Runner::new(&direct.path, &direct.folder))?;
        let patience = direct.patience.clone();
        // A child waits for its turn as long as a fetch may take; our own questions have their own bound around all of it.
        let origins = Origins::new(direct.connections_per_origin, direct.requests_per_minute, patience.total_zip);
        let ways = Ways::new(&patience, roots, resolver)?;
        let agent = agent(&direct.contact)?;
        Ok(Self { places, origins, patience, repository_bytes: direct.repository_bytes, ways, logins, agent })
    }

    /// The place of `url`, if it may be asked as far as its spelling tells.
    ///
    /// # Errors
    /// [`Trouble::Refused`].
    pub(super) fn permits(&self, url: &Url, insecure: Insecure) -> Result<At, Trouble> {
        let at = self.places.find(url);
        let Some(host) = place::host(url) else {
            return Err(Trouble::Refused(format!("{} names no host", client::shown(url))));
        };
        if url.password().is_some() {
            return Err(Trouble::Refused(format!("URL holds credentials; they belong into its place: {}", client::shown(url))));
        }
        let access = self.places.access(at);
        let scheme = family(url.scheme());
        let open = access.is_some_and(|access| access.schemes.iter().any(|known| known == url.scheme() || known == scheme));
        match scheme {
            "https" => {}
            "http" if open || insecure == Insecure::Yes => {}
            "ssh" | "git" | "svn" if open => {}
            "http" | "ssh" | "git" | "svn" => {
                let shown = client::shown(url);
                let text =
                    format!("{shown} is not asked: only https, unless schemes of a place that covers {host} names {scheme}");
                return Err(Trouble::Refused(text));
            }
            other => return Err(Trouble::Refused(format!("{other} is no scheme that a repository is asked by"))),
        }
        Rule::Place(way::reachable(access)).spelling(&host)?;
        Ok(at)
    }

    /// The connections of a place.
    ///
    /// # Errors
    /// [`Trouble::Tls`] for its certificate files.
    pub(super) fn way(&self, at: At, belief: Belief) -> Result<Arc<Way>, Trouble> {
        self.ways.to(&self.places, at, belief)
    }

    /// One exchange. A kept connection that turns out to be dead is replaced once; a login that is not accepted is read again once.
    ///
    /// # Errors
    /// Whatever kept the response away; a status is none.
    pub(super) async fn exchange(&self, ask: &mut Ask<'_>) -> Result<Got, Trouble> {
        let origin = self.origins.of(ask.aim.url);
        // Before the place is taken: it may take exchanges of its own with the same origin.
        let (login, used) = self.login(ask.aim).await?;
        let held = origin.enter().await?;
        let response = self.once(ask, login.as_ref()).await?;
        origin.note(response.status(), response.headers());
        if !self.worth_another(ask, &response, login.as_ref()) {
            return Ok(Got { response, held, login: used });
        }
        let (Who::Web(at) | Who::Api(at)) = ask.aim.who else { return Ok(Got { response, held, login: used }) };
        let kept = if self.logins.asks(at) { None } else { Some(held) };
        let (status, headers) = (response.status(), response.headers());
        let objection = Objection { url: ask.aim.about, status, headers, sent: login.as_ref() };
        let better = self.logins.again(at, &objection, self).await;
        let held = match kept {
            Some(held) => held,
            None => origin.enter().await?,
        };
        let Some(login) = better else { return Ok(Got { response, held, login: used }) };
        drop(response);
        let response = self.once(ask, Some(&login)).await?;
        origin.note(response.status(), response.headers());
        Ok(Got { response, held, login: LoginUse::Sent })
    }

    /// GETs or POSTs to an app's API as the app itself; `at` is the place that the app is the login of.
    ///
    /// # Errors
    /// As [`Exchanger::exchange`].
    pub(super) fn as_app<'a>(
        &'a self,
        at: At,
        method: Method,
        url: &'a Url,
        headers: &'a HeaderMap,
    ) -> Pin<Box<dyn Future<Output = Result<Answer, Trouble>> + Send + 'a>> {
        // A forge of our own has its API beside its repositories, perhaps outside the path of the place.
        let own = self.places.same_host(at, url);
        let at = self.places.find(url).or(at.filter(|_| own));
        let mut ask = self.small(method, url, headers, at, Who::Nobody);
        // In a box, because an exchange may need an app's login, and that an exchange.
        Box::pin(async move {
            let got = self.exchange(&mut ask).await?;
            Ok(Answer::new(got.response, self.patience.idle).holding(got.held))
        })
    }

    /// A request without a body.
    pub(super) fn small<'a>(&self, method: Method, url: &'a Url, headers: &'a HeaderMap, at: At, who: Who) -> Ask<'a> {
        let (payload, first_byte) = (Payload::Whole(Bytes::new()), self.patience.first_byte);
        Ask { aim: Aim { url, about: url, at, who, belief: Belief::Verified }, method, headers, payload, first_byte }
    }

    /// Who we are in `ask`, and what became of the credential.
    ///
    /// # Errors
    /// [`Trouble::Refused`] for a login that cannot be read or made.
    pub(super) async fn login(&self, aim: Aim<'_>) -> Result<(Option<Login>, LoginUse), Trouble> {
        let (Who::Web(at) | Who::Api(at)) = aim.who else { return Ok((None, LoginUse::None)) };
        if self.places.access(at).is_none_or(|access| matches!(access.credential, Credential::None | Credential::Ssh(..))) {
            return Ok((None, LoginUse::None));
        }
        if !self.confidential(aim) {
            let why = format!("it is not sent over {}", if aim.url.scheme() == "http" { "plain http" } else { "unverified TLS" });
            return Ok((None, LoginUse::Missing(why)));
        }
        Ok(match self.logins.find(at, aim.about, self).await? {
            Found::None => (None, LoginUse::None),
            Found::Login(login) => (Some(login), LoginUse::Sent),
            Found::Missing(why) => (None, LoginUse::Missing(why)),
        })
    }

    /// True if nobody but the place can read what is sent: verified TLS, or loopback where the place may be there.
    fn confidential(&self, aim: Aim<'_>) -> bool {
        let loopback = aim.url.host_str().is_some_and(client::loopback);
        match aim.url.scheme() {
            "https" => aim.belief == Belief::Verified,
            _ => loopback && way::reachable(self.places.access(aim.at)) == Reachable::Private,
        }
    }

    /// True if looking for a login again may help: it was not accepted, or a helper may know one for exactly this URL.
    fn worth_another(&self, ask: &Ask<'_>, response: &Response<Incoming>, sent: Option<&Login>) -> bool {
        let (Who::Web(at) | Who::Api(at)) = ask.aim.who else { return false };
        let helper = self.places.access(at).is_some_and(|access| matches!(access.credential, Credential::Helper(_)));
        let refused = match response.status() {
            StatusCode::UNAUTHORIZED => true,
            StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => helper && sent.is_none(),
            _ => false,
        };
        refused && ask.payload.repeats() && self.confidential(ask.aim)
    }

    async fn once(&self, ask: &mut Ask<'_>, login: Option<&Login>) -> Result<Response<Incoming>, Trouble> {
        let way = self.way(ask.aim.at, ask.aim.belief)?;
        let request = self.request(ask, login, &way)?;
        match way.send(request, ask.first_byte).await {
            Err(Lost { trouble: _, reused: true }) if ask.payload.repeats() => {
                let request = self.request(ask, login, &way)?;
                way.send(request, ask.first_byte).await.map_err(|lost| lost.trouble)
            }
            other => other.map_err(|lost| lost.trouble),
        }
    }

    fn request(&self, ask: &mut Ask<'_>, login: Option<&Login>, way: &Way) -> Result<Request<Outgoing>, Trouble> {
        let mut request = Request::new(ask.payload.take());
        *request.method_mut() = ask.method.clone();
        *request.uri_mut() = uri(ask.aim.url)?;
        let sent = request.headers_mut();
        *sent = ask.headers.clone();
        sent.insert(header::USER_AGENT, self.agent(ask.headers.get(header::USER_AGENT)));
        let login = match (login, ask.aim.who) {
            (Some(login), Who::Web(_)) => login.web()?,
            (Some(login), Who::Api(_)) => login.api()?,
            (_, Who::Nobody) | (None, _) => HeaderMap::new(),
        };
        sent.extend(login);
        if let Some(login) = way.proxy_login(ask.aim.url) {
            sent.insert(header::PROXY_AUTHORIZATION, login);
        }
        Ok(request)
    }

    /// What the child says it is, and who makes it ask.
    fn agent(&self, child: Option<&HeaderValue>) -> HeaderValue {
        let child = child.and_then(|child| child.to_str().ok()).map(|child| format!("{child} ")).unwrap_or_default();
        // Both are texts that headers can carry.
        HeaderValue::from_str(&format!("{child}{}", self.agent)).unwrap_or(HeaderValue::from_static(client::AGENT))
    }
}

impl Payload {
    fn repeats(&self) -> bool {
        matches!(self, Self::Whole(_))
    }

    fn take(&mut self) -> Outgoing {
        match self {
            Self::Whole(bytes) => Full::new(bytes.clone()).map_err(|never| match never {}).boxed_unsync(),
            Self::Stream(body) => body.take().unwrap_or_else(|| Full::default().map_err(|never| match never {}).boxed_unsync()),
        }
    }
}

/// One name for the schemes that mean the same way.
pub(super) fn family(scheme: &str) -> &str {
    match scheme {
        "git+ssh" | "ssh+git" | "svn+ssh" => "ssh",
        other => other,
    }
}

/// Header fields that belong to one connection, and not to what is said over it. RFC 9110 §7.6.1.
pub(super) fn of_connection(name: &HeaderName) -> bool {
    let hop = ["connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"];
    hop.contains(&name.as_str()) || name.as_str().starts_with("proxy-")
}

fn uri(url: &Url) -> Result<Uri, Trouble> {
    let mut url = url.clone();
    // Neither can fail for a URL with a host; a user name in it is no login of ours.
    let _ = url.set_username("");
    url.set_fragment(None);
    Uri::try_from(url.as_str()).map_err(|_| Trouble::Refused(format!("URL not usable: {}", client::shown(&url))))
}

/// `modway/1.2.3 (Go module proxy; contact)`.
fn agent(contact: &str) -> Result<String, Trouble> {
    if contact.is_empty() {
        return Ok(client::AGENT.to_owned());
    }
    let agent = client::AGENT.replace(')', &format!("; {contact})"));
    match HeaderValue::from_str(&agent) {
        Ok(_) => Ok(agent),
        Err(_) => Err(Trouble::Refused("the contact holds characters that no header can carry".to_owned())),
    }
}
