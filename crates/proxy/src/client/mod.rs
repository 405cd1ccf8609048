//! The one HTTP client of the proxy: whoever asks another server asks through here.
//!
//! It keeps one hop's deadlines apart, follows redirects by its own rules, and never carries a login to another host. It does not
//! retry and does not know what the answer means; `upstream::http` does.

use std::{fmt, sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Method, Request, StatusCode, Uri,
    header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, LOCATION, PROXY_AUTHORIZATION, USER_AGENT},
};
use http_body_util::Full;
use plan::Trouble;
use url::Url;

pub use self::no_proxy::loopback;
pub use self::{
    answer::Answer,
    resolve::{Resolve, Resolving, SystemResolver},
    trust::Roots,
    ways::{Between, Ways},
};
pub(crate) use self::{
    connect::{Peer, Reach},
    forward::Forward,
    judge::{Reachable, Rule},
    line::{Line, Lost},
    patience::retry_after,
    trust::{Belief, Proofs},
};
use crate::{
    limits,
    settings::{Hop, Login, Secret},
};

mod answer;
mod line;

pub mod look;

mod connect;
mod forward;
mod judge;
mod no_proxy;
mod patience;
mod resolve;
mod trust;
mod ways;
mod why;

/// Who we say we are.
pub const AGENT: &str = concat!("modway/", env!("CARGO_PKG_VERSION"), " (Go module proxy)");

/// Asks one hop, and whom it redirects to. Cheap to share; holds the hop's connections.
///
/// Invariants: `login` is sent to `home` (scheme, host and port) only, and only if that is https or loopback.
pub struct Client {
    line: Line<Full<Bytes>>,
    home: Url,
    login: Option<HeaderValue>,
    first_byte: Duration,
    idle: Duration,
}

impl Client {
    /// A client for `hop`, which is an http or https one. Reads the hop's CA files.
    ///
    /// # Errors
    /// [`Trouble::Refused`] for a URL that is not usable or holds credentials, a login over plain http to another machine, or a forward
    /// proxy that is not understood; [`Trouble::Tls`] for a CA file that is not there or holds no certificate.
    pub fn new(hop: &Hop, roots: &Roots) -> Result<Self, Trouble> {
        let home = base(&hop.url)?;
        let trust = roots.trust(&Proofs { ca_files: &hop.ca_files, ours: None, belief: Belief::Verified });
        if let (Err(trouble), true) = (&trust, home.scheme() == "https" || !hop.ca_files.is_empty()) {
            return Err(trouble.clone());
        }
        let reach = Reach {
            connect: hop.connect,
            tls: hop.tls,
            trust,
            server_name: None,
            forward: Forward::new(&hop.forward_proxy)?,
            rule: Rule::hop(home.host_str().unwrap_or_default()),
            resolver: Arc::new(SystemResolver),
        };
        let login = authorization(&hop.login)?;
        if login.is_some() && home.scheme() != "https" && !no_proxy::loopback(home.host_str().unwrap_or_default()) {
            return Err(Trouble::Refused(format!("refusing to pass credentials to insecure URL: {}", shown(&home))));
        }
        Ok(Self { line: Line::new(reach), home, login, first_byte: hop.first_byte, idle: hop.idle })
    }

    /// The hop's base URL: no credentials, no fragment.
    pub fn home(&self) -> &Url {
        &self.home
    }

    /// GETs `url` with `headers` and follows redirects; answers with the first response that is none.
    ///
    /// # Errors
    /// Any [`Trouble`] of the way: dns, connect, tls, forward-proxy, broken, a deadline, [`Trouble::Redirect`].
    ///
    /// Source: reference §2.4, `net/http` for the number of redirects and `cmd/go/internal/web` for https that turns http. Departs from Go in
    /// sending the login to the exact scheme, host and port only, and in refusing redirects to addresses that lie further inside than the hop.
    pub async fn get(&self, url: &Url, headers: &HeaderMap) -> Result<Answer, Trouble> {
        let mut url = url.clone();
        for _ in 0..=limits::MAX_REDIRECTS {
            let answer = self.exchange(&url, headers).await?;
            if !redirects(answer.status) {
                return Ok(answer);
            }
            url = next(&url, &answer)?;
        }
        Err(Trouble::Redirect(format!("stopped after {} redirects", limits::MAX_REDIRECTS)))
    }

    /// POSTs `body` to `name` below the hop's base URL, for questions that may safely be asked twice. A redirect is an answer.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn post(&self, name: &str, media_type: &'static str, body: String) -> Result<Answer, Trouble> {
        let mut url = self.home.clone();
        url.set_path(&format!("{}/{name}", self.home.path().trim_end_matches('/')));
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(media_type))]);
        self.replacing(|| self.request(&url, &headers, Method::POST, body.clone().into())).await
    }

    async fn exchange(&self, url: &Url, headers: &HeaderMap) -> Result<Answer, Trouble> {
        self.replacing(|| self.request(url, headers, Method::GET, Bytes::new())).await
    }

    /// One request, one response. A kept connection that turns out to be dead before it answers is replaced once.
    async fn replacing(&self, request: impl Fn() -> Result<Request<Full<Bytes>>, Trouble>) -> Result<Answer, Trouble> {
        match self.send(request()?).await {
            Err(Lost { trouble: _, reused: true }) => self.send(request()?).await.map_err(|lost| lost.trouble),
            other => other.map_err(|lost| lost.trouble),
        }
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Result<Answer, Lost> {
        let response = self.line.send(request, self.first_byte).await?;
        Ok(Answer::new(response, self.idle))
    }

    fn request(&self, url: &Url, headers: &HeaderMap, method: Method, body: Bytes) -> Result<Request<Full<Bytes>>, Trouble> {
        let uri = Uri::try_from(url.as_str()).map_err(|_| Trouble::Refused(format!("URL not usable: {}", shown(url))))?;
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        let sent = request.headers_mut();
        sent.extend(headers.clone());
        sent.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        // Bytes are stored, hashed and resumed as they are; a coding would only be in the way, and be a bomb's wrapping.
        sent.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let (Some(login), true) = (&self.login, url.origin() == self.home.origin()) {
            sent.insert(AUTHORIZATION, login.clone());
        }
        if let Some(login) = self.line.proxy_login(url) {
            sent.insert(PROXY_AUTHORIZATION, login);
        }
        Ok(request)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({})", shown(&self.home))
    }
}

/// A URL as it may be printed: no credentials, no query, no fragment.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // Both fail only for URLs without host, which hold no credentials.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.into()
}

/// The header for user and password.
pub(crate) fn basic(user: &str, password: &Secret) -> Result<HeaderValue, Trouble> {
    sensitive(&format!("Basic {}", STANDARD.encode(format!("{user}:{}", password.reveal()))))
}

fn base(text: &str) -> Result<Url, Trouble> {
    // The text is not repeated in errors: what does not parse may hold a password anywhere.
    let mut url = Url::parse(text).map_err(|cause| Trouble::Refused(format!("upstream URL not usable: {cause}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Trouble::Refused(format!("upstream URL scheme {} is neither http nor https", url.scheme())));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Trouble::Refused(format!("upstream URL holds credentials; they belong into its login: {}", shown(&url))));
    }
    url.set_fragment(None);
    Ok(url)
}

fn authorization(login: &Login) -> Result<Option<HeaderValue>, Trouble> {
    Ok(Some(match login {
        Login::None => return Ok(None),
        Login::Basic(user, password) => basic(user, password)?,
        Login::Bearer(token) => sensitive(&format!("Bearer {}", token.reveal()))?,
    }))
}

/// A header value that is a secret: `Debug` does not show it, HTTP/2 does not index it.
///
/// # Errors
/// [`Trouble::Refused`] for characters that no header can carry.
pub(crate) fn sensitive(text: &str) -> Result<HeaderValue, Trouble> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| Trouble::Refused("the login holds characters that no header can carry".to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

fn next(from: &Url, answer: &Answer) -> Result<Url, Trouble> {
    let to = target(from, answer.status, &answer.headers)?;
    if from.scheme() == "https" && to.scheme() != "https" {
        return Err(Trouble::Redirect(format!("redirected from secure URL {} to insecure URL {}", shown(from), shown(&to))));
    }
    Ok(to)
}

/// True for the five statuses that lead elsewhere.
pub(crate) fn redirects(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Where a redirect leads.
///
/// # Errors
/// [`Trouble::Redirect`] if it leads nowhere that http reaches.
pub(crate) fn target(from: &Url, status: StatusCode, headers: &HeaderMap) -> Result<Url, Trouble> {
    let status = status.as_u16();
    let Some(location) = headers.get(LOCATION) else {
        return Err(Trouble::Redirect(format!("{status} response missing Location header")));
    };
    let target = std::str::from_utf8(location.as_bytes()).ok().and_then(|text| from.join(text).ok());
    let Some(mut to) = target.filter(|to| matches!(to.scheme(), "http" | "https") && to.has_host()) else {
        return Err(Trouble::Redirect(format!("{status} response with a Location that cannot be followed")));
    };
    // Whoever redirects does not choose our login either.
    let _ = to.set_username("");
    let _ = to.set_password(None);
    to.set_fragment(None);
    Ok(to)
}
