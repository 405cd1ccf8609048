//! Which forward proxy, if any, a request goes through.

use http::HeaderValue;
use plan::Trouble;
use url::Url;

use super::no_proxy::NoProxy;
use crate::settings::{ForwardProxy, Secret};

/// The rule for one hop, ready to be asked.
#[derive(Clone, Default)]
pub(crate) struct Forward {
    http: Option<Proxy>,
    https: Option<Proxy>,
    no: Option<NoProxy>,
}

/// One forward proxy.
#[derive(Clone)]
pub(crate) struct Proxy {
    /// Its name or address, without brackets.
    pub(super) host: String,
    /// Its port.
    pub(super) port: u16,
    /// True if we speak TLS with it.
    pub(super) secure: bool,
    /// `Proxy-Authorization`.
    pub(super) login: Option<HeaderValue>,
}

impl Forward {
    /// # Errors
    /// [`Trouble::Refused`] for a proxy that is no http or https URL.
    pub(crate) fn new(setting: &ForwardProxy) -> Result<Self, Trouble> {
        Ok(match setting {
            ForwardProxy::Direct => Self::default(),
            ForwardProxy::Env { http, https, no } => {
                Self { http: Proxy::parse(http.reveal())?, https: Proxy::parse(https.reveal())?, no: Some(NoProxy::parse(no)) }
            }
            ForwardProxy::Url(url) => {
                let proxy = Proxy::parse(url.reveal())?;
                Self { http: proxy.clone(), https: proxy, no: None }
            }
        })
    }

    /// The proxy that a request for `url` goes through.
    pub(crate) fn of(&self, url: &Url) -> Option<&Proxy> {
        self.between(url.scheme() == "https", url.host_str()?, url.port_or_known_default()?)
    }

    /// The proxy between us and `host` at `port`.
    pub(crate) fn between(&self, secure: bool, host: &str, port: u16) -> Option<&Proxy> {
        let proxy = if secure { &self.https } else { &self.http };
        let spared = self.no.as_ref().is_some_and(|no| no.covers(host.trim_matches(['[', ']']), port));
        proxy.as_ref().filter(|_| !spared)
    }
}

impl Proxy {
    /// Reads a URL, or `host:port`, which means http. Empty is none. Source: `parseProxy` of x/net/http/httpproxy.
    fn parse(text: &str) -> Result<Option<Self>, Trouble> {
        if text.is_empty() {
            return Ok(None);
        }
        let parsed = Url::parse(text).ok().filter(Url::has_host);
        let bare = || Url::parse(&format!("http://{text}")).ok().filter(|_| !text.contains("://"));
        let url = parsed.or_else(bare).ok_or_else(|| refused("not a URL"))?;
        let secure = match url.scheme() {
            "http" => false,
            "https" => true,
            other => return Err(refused(&format!("scheme {other} is neither http nor https"))),
        };
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let port = url.port_or_known_default().unwrap_or(80);
        Ok(Some(Self { host, port, secure, login: login(&url)? }))
    }
}

fn login(url: &Url) -> Result<Option<HeaderValue>, Trouble> {
    if url.username().is_empty() && url.password().is_none() {
        return Ok(None);
    }
    let password = Secret::new(unescape(url.password().unwrap_or_default()));
    super::basic(&unescape(url.username()), &password).map(Some)
}

/// Undoes percent-encoding; what is not encoded rightly stays.
pub(super) fn unescape(text: &str) -> String {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        match code.filter(|_| first == b'%') {
            Some(byte) => {
                plain.push(byte);
                rest = &after[2..];
            }
            None => {
                plain.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&plain).into_owned()
}

/// The text itself is never repeated: it may hold a password.
fn refused(cause: &str) -> Trouble {
    Trouble::Refused(format!("forward proxy: {cause}"))
}
