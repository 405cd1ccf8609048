//! The one HTTP client of the proxy: whoever asks another server asks through here.
//!
//! It keeps one hop's deadlines apart, follows redirects by its own rules, and never carries a login to another host. It does not
//! retry and does not know what the answer means; `upstream::http` does.

use std::{fmt, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Request, StatusCode, Uri,
    header::{ACCEPT_ENCODING, AUTHORIZATION, LOCATION, PROXY_AUTHORIZATION, USER_AGENT},
};
use http_body_util::Empty;
use hyper_util::{
    client::legacy::{Client as Pool, connect::capture_connection},
    rt::{TokioExecutor, TokioTimer},
};
use plan::{Trouble, trouble::Deadline};
use tokio::time::timeout;
use url::Url;

pub use self::{answer::Answer, trust::Roots};
use self::{
    connect::{Connector, Reach},
    forward::Forward,
};
use crate::{
    limits,
    settings::{Hop, Login, Secret},
};

mod answer;
mod connect;
mod forward;
mod no_proxy;
mod trust;
mod why;

/// Who we say we are.
pub const AGENT: &str = concat!("modway/", env!("CARGO_PKG_VERSION"), " (Go module proxy)");

/// Asks one hop, and whom it redirects to. Cheap to share; holds the hop's connections.
///
/// Invariants: `login` is sent to `home` (scheme, host and port) only, and only if that is https or loopback.
pub struct Client {
    pool: Pool<Connector, Empty<Bytes>>,
    forward: Forward,
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
        let trust = roots.trust(&hop.ca_files);
        if let (Err(trouble), true) = (&trust, home.scheme() == "https" || !hop.ca_files.is_empty()) {
            return Err(trouble.clone());
        }
        let forward = Forward::new(&hop.forward_proxy)?;
        let reach = Reach {
            connect: hop.connect,
            tls: hop.tls,
            trust,
            forward: forward.clone(),
            home: home.host_str().unwrap_or_default().to_owned(),
        };
        let login = authorization(&hop.login)?;
        if login.is_some() && home.scheme() != "https" && !no_proxy::loopback(home.host_str().unwrap_or_default()) {
            return Err(Trouble::Refused(format!("refusing to pass credentials to insecure URL: {}", shown(&home))));
        }
        Ok(Self { pool: pool(reach), forward, home, login, first_byte: hop.first_byte, idle: hop.idle })
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
    /// sending the login to the exact scheme, host and port only, and in refusing redirects to link-local addresses.
    pub async fn get(&self, url: &Url, headers: &HeaderMap) -> Result<Answer, Trouble> {
        let mut url = url.clone();
        for _ in 0..=limits::MAX_REDIRECTS {
            let answer = self.exchange(&url, headers).await?;
            match answer.status {
                StatusCode::MOVED_PERMANENTLY
                | StatusCode::FOUND
                | StatusCode::SEE_OTHER
                | StatusCode::TEMPORARY_REDIRECT
                | StatusCode::PERMANENT_REDIRECT => url = next(&url, &answer)?,
                _ => return Ok(answer),
            }
        }
        Err(Trouble::Redirect(format!("stopped after {} redirects", limits::MAX_REDIRECTS)))
    }

    /// One request, one response. A kept connection that turns out to be dead before it answers is replaced once.
    async fn exchange(&self, url: &Url, headers: &HeaderMap) -> Result<Answer, Trouble> {
        match self.send(url, headers).await {
            Err(Lost { trouble: _, reused: true }) => self.send(url, headers).await.map_err(|lost| lost.trouble),
            other => other.map_err(|lost| lost.trouble),
        }
    }

    async fn send(&self, url: &Url, headers: &HeaderMap) -> Result<Answer, Lost> {
        let mut request = self.request(url, headers)?;
        let mut connection = capture_connection(&mut request);
        let mut response = std::pin::pin!(self.pool.request(request));
        // Connecting has deadlines of its own, in the connector; the first byte's starts once the request can be sent.
        let early = tokio::select! {
            biased;
            done = &mut response => Some(done),
            _ = connection.wait_for_connection_metadata() => None,
        };
        let done = match early {
            Some(done) => done,
            None => match timeout(self.first_byte, &mut response).await {
                Ok(done) => done,
                Err(_) => {
                    // Perhaps nobody is at the other end any more; others must not wait for that, too.
                    connection.connection_metadata().as_ref().inspect(|connected| connected.poison());
                    return Err(Trouble::Deadline(Deadline::FirstByte, why::millis(self.first_byte)).into());
                }
            },
        };
        match done {
            Ok(response) => {
                connect::served(response.extensions());
                Ok(Answer::new(response, self.idle))
            }
            Err(error) => {
                let reused = connection.connection_metadata().as_ref().is_some_and(connect::reused);
                let trouble = why::trouble(&error);
                Err(Lost { reused: reused && matches!(trouble, Trouble::Broken(_)), trouble })
            }
        }
    }

    fn request(&self, url: &Url, headers: &HeaderMap) -> Result<Request<Empty<Bytes>>, Trouble> {
        let uri = Uri::try_from(url.as_str()).map_err(|_| Trouble::Refused(format!("URL not usable: {}", shown(url))))?;
        let mut request = Request::new(Empty::new());
        *request.uri_mut() = uri;
        let sent = request.headers_mut();
        sent.extend(headers.clone());
        sent.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        // Bytes are stored, hashed and resumed as they are; a coding would only be in the way, and be a bomb's wrapping.
        sent.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let (Some(login), true) = (&self.login, url.origin() == self.home.origin()) {
            sent.insert(AUTHORIZATION, login.clone());
        }
        if url.scheme() == "http"
            && let Some(login) = self.forward.of(url).and_then(|proxy| proxy.login.clone())
        {
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

/// A request that got no response, and whether it was sent over a connection that had served before.
struct Lost {
    trouble: Trouble,
    reused: bool,
}

impl From<Trouble> for Lost {
    fn from(trouble: Trouble) -> Self {
        Self { trouble, reused: false }
    }
}

fn pool(reach: Reach) -> Pool<Connector, Empty<Bytes>> {
    Pool::builder(TokioExecutor::new())
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(limits::IDLE_CONNECTION)
        .pool_max_idle_per_host(limits::MAX_IDLE_CONNECTIONS)
        .http2_keep_alive_interval(limits::HTTP2_PING)
        .http2_keep_alive_timeout(limits::HTTP2_PING)
        .http2_initial_stream_window_size(limits::HTTP2_STREAM_WINDOW_BYTES)
        .http2_initial_connection_window_size(limits::HTTP2_CONNECTION_WINDOW_BYTES)
        .build(Connector::new(reach))
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

fn sensitive(text: &str) -> Result<HeaderValue, Trouble> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| Trouble::Refused("the login holds characters that no header can carry".to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Where a redirect leads, if we follow it.
fn next(from: &Url, answer: &Answer) -> Result<Url, Trouble> {
    let status = answer.status.as_u16();
    let Some(location) = answer.headers.get(LOCATION) else {
        return Err(Trouble::Redirect(format!("{status} response missing Location header")));
    };
    let target = std::str::from_utf8(location.as_bytes()).ok().and_then(|text| from.join(text).ok());
    let Some(mut to) = target.filter(|to| matches!(to.scheme(), "http" | "https") && to.has_host()) else {
        return Err(Trouble::Redirect(format!("{status} response with a Location that cannot be followed")));
    };
    if from.scheme() == "https" && to.scheme() != "https" {
        return Err(Trouble::Redirect(format!("redirected from secure URL {} to insecure URL {}", shown(from), shown(&to))));
    }
    // Whoever redirects does not choose our login either.
    let _ = to.set_username("");
    let _ = to.set_password(None);
    to.set_fragment(None);
    Ok(to)
}
