//! URLs as Go's `net/url` reads them, which is not as browsers do: only so are the same GOPROXY values good and bad.

use std::fmt;
use std::net::Ipv6Addr;

use crate::text::quote;

/// A URL that Go's `url.Parse` accepts.
///
/// Shape: `https://user:secret@host:8443/base?query#fragment`. Displays, also for debugging, with the password as `xxxxx`,
/// as Go's `URL.Redacted`; [`GoUrl::as_str`] is the text as it was written.
///
/// Source: Go `net/url`, 1.27. An IPv6 host in brackets is checked by Rust's parser; of its refusal only the beginning of
/// Go's text is the same.
#[derive(Clone, PartialEq, Eq)]
pub struct GoUrl {
    text: String,
    scheme: String,
    /// What follows the scheme, if that does not begin with a slash.
    opaque: String,
    user: Option<(String, Option<String>)>,
    host: Option<String>,
    path: String,
    query: Option<String>,
    fragment: String,
}

/// Text that Go's `url.Parse` refuses.
///
/// Shape: Displays as Go's `url.Error`, `parse ":x": missing protocol scheme`; where Go quotes a password, it is `xxxxx` here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("parse {}: {why}", quote(url))]
pub struct InvalidUrl {
    url: String,
    why: String,
}

/// A http URL with a user, in Go's words and with the password as `xxxxx`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("refusing to pass credentials to insecure URL: {url}")]
pub struct InsecureCredentials {
    url: String,
}

impl GoUrl {
    /// Reads a URL.
    ///
    /// Errors: [`InvalidUrl`], in Go's words.
    pub fn parse(text: &str) -> Result<Self, InvalidUrl> {
        let (front, fragment) = text.split_once('#').unwrap_or((text, ""));
        let url = parse(front).map_err(|why| InvalidUrl { url: without_password(front), why })?;
        check_escapes(fragment, Within::Path).map_err(|why| InvalidUrl { url: without_password(text), why })?;
        Ok(GoUrl { text: text.into(), fragment: fragment.into(), ..url })
    }

    /// The URL as it was written, password included: for the one who connects, never for a message.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The scheme in small letters; empty if there is none.
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// Host and port as written; empty if there is none.
    pub fn host(&self) -> &str {
        self.host.as_deref().unwrap_or_default()
    }

    /// The path, percent escapes undone; bytes, because an escape can stand for any.
    pub fn path(&self) -> Vec<u8> {
        unescaped(&self.path)
    }

    /// The user name and password, with percent escapes undone.
    pub fn credentials(&self) -> Option<(Vec<u8>, Option<Vec<u8>>)> {
        let (name, password) = self.user.as_ref()?;
        Some((unescaped(name), password.as_deref().map(unescaped)))
    }

    /// Checks that no password would travel without encryption.
    ///
    /// Errors: [`InsecureCredentials`] for a user in a http URL. Go takes such a URL into the list and refuses at its first use.
    ///
    /// Source: `get` in Go's `cmd/go/internal/web/http.go`, 1.27.
    pub fn check_credentials(&self) -> Result<(), InsecureCredentials> {
        if self.scheme == "http" && self.user.is_some() { Err(InsecureCredentials { url: self.to_string() }) } else { Ok(()) }
    }

    /// Tells whether there is anything but a scheme and a path.
    pub fn has_more_than_path(&self) -> bool {
        !self.opaque.is_empty()
            || self.user.is_some()
            || !self.host().is_empty()
            || self.query.is_some()
            || !self.fragment.is_empty()
            || self.host.is_none() && self.path.starts_with('/')
    }

    /// Tells whether there is nothing but a scheme, a host and a path that needs no thought about its escapes.
    pub(crate) fn is_host_and_plain_path(&self) -> bool {
        let nothing_else = self.opaque.is_empty() && self.user.is_none() && self.query.is_none() && self.fragment.is_empty();
        nothing_else && !self.host().is_empty() && escaped(&self.path(), is_path_byte) == self.path
    }

    /// The URL of what lies below this one, without credentials and fragment; the query is kept.
    ///
    /// Shape: `https://host/base/` and `x.y/!up/@v/list` give `https://host/base/x.y/%21up/@v/list`.
    ///
    /// Units and ranges: `below` is relative and not escaped; double slashes are made one.
    ///
    /// Source: `getBody` and `pathEscape` in Go's `cmd/go/internal/modfetch/proxy.go`, 1.27.
    pub fn below(&self, below: &str) -> String {
        let escaped = escaped(below.as_bytes(), |byte| byte == b'/' || is_path_byte(byte) && !b",;/".contains(&byte));
        let path = format!("{}/{escaped}", self.escaped_path());
        let elements = path.split('/').filter(|element| !element.is_empty());
        let path: String = elements.flat_map(|element| ["/", element]).collect();
        let query = self.query.as_deref().map(|query| format!("?{query}")).unwrap_or_default();
        format!("{}://{}{path}{query}", self.scheme, self.host())
    }

    fn escaped_path(&self) -> String {
        normal(&self.path, is_path_byte)
    }
}

impl fmt::Display for GoUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.scheme.is_empty() {
            write!(out, "{}:", self.scheme)?;
        }
        out.write_str(&self.opaque)?;
        if self.host.is_some() && (!self.host().is_empty() || !self.path.is_empty() || self.user.is_some()) {
            out.write_str("//")?;
        }
        if let Some((name, password)) = &self.user {
            let name = escaped(&unescaped(name), |byte| is_unreserved(byte) || b"$&+,;=".contains(&byte));
            write!(out, "{name}{}@", if password.is_some() { ":xxxxx" } else { "" })?;
        }
        write!(out, "{}{}", escaped(&unescaped(self.host()), is_host_byte), self.escaped_path())?;
        if let Some(query) = &self.query {
            write!(out, "?{query}")?;
        }
        if !self.fragment.is_empty() {
            write!(out, "#{}", normal(&self.fragment, |byte| is_path_byte(byte) || b"?!()*".contains(&byte)))?;
        }
        Ok(())
    }
}

impl fmt::Debug for GoUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "GoUrl({self})")
    }
}

fn parse(front: &str) -> Result<GoUrl, String> {
    if front.bytes().any(|byte| byte.is_ascii_control()) {
        return Err("net/url: invalid control character in URL".into());
    }
    let (scheme, rest) = split_scheme(front)?;
    let (rest, query) = match rest.split_once('?') {
        Some((rest, query)) => (rest, Some(query.to_owned())),
        None => (rest, None),
    };
    let mut url = GoUrl {
        text: String::new(),
        scheme: scheme.to_ascii_lowercase(),
        opaque: String::new(),
        user: None,
        host: None,
        path: String::new(),
        query,
        fragment: String::new(),
    };
    if !rest.starts_with('/') && !scheme.is_empty() {
        return Ok(GoUrl { opaque: rest.into(), ..url });
    }
    if !rest.starts_with('/') && rest.split('/').next().is_some_and(|first| first.contains(':')) {
        return Err("first path segment in URL cannot contain colon".into());
    }
    let path = match rest.strip_prefix("//").filter(|after| !scheme.is_empty() || !after.starts_with('/')) {
        Some(after) => {
            let (authority, path) = after.split_at(after.find('/').unwrap_or(after.len()));
            (url.user, url.host) = parse_authority(&url.scheme, authority)?;
            path
        }
        None => rest,
    };
    check_escapes(path, Within::Path)?;
    Ok(GoUrl { path: path.into(), ..url })
}

/// Splits off the scheme; empty if the text does not begin with one.
fn split_scheme(text: &str) -> Result<(&str, &str), String> {
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    match text.bytes().position(|byte| !fine(byte)) {
        Some(0) if text.starts_with(':') => Err("missing protocol scheme".into()),
        Some(end) if text[end..].starts_with(':') && text.starts_with(|first: char| first.is_ascii_alphabetic()) => {
            Ok((&text[..end], &text[end + 1..]))
        }
        _ => Ok(("", text)),
    }
}

type Authority = (Option<(String, Option<String>)>, Option<String>);

fn parse_authority(scheme: &str, authority: &str) -> Result<Authority, String> {
    let (user, host) = match authority.rsplit_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, authority),
    };
    check_host(scheme, host)?;
    let Some(user) = user else { return Ok((None, Some(host.into()))) };
    if !user.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&byte)) {
        return Err("net/url: invalid userinfo".into());
    }
    check_escapes(user, Within::User)?;
    let user = match user.split_once(':') {
        Some((name, password)) => (name.to_owned(), Some(password.to_owned())),
        None => (user.to_owned(), None),
    };
    Ok((Some(user), Some(host.into())))
}

fn check_host(scheme: &str, host: &str) -> Result<(), String> {
    if let Some(literal) = host.strip_prefix('[').filter(|rest| !rest.contains('[')) {
        let (address, port) = literal.rsplit_once(']').ok_or("missing ']' in host")?;
        check_port(port)?;
        return check_address(address);
    }
    if host.contains('[') {
        return Err("invalid IP-literal".into());
    }
    let strict = matches!(scheme, "http" | "https");
    let colon = if strict { host.find(':') } else { host.rfind(':') };
    check_port(colon.and_then(|at| host.get(at..)).unwrap_or_default())?;
    check_escapes(host, Within::Host)
}

fn check_port(port: &str) -> Result<(), String> {
    let good = port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()));
    if good { Ok(()) } else { Err(format!("invalid port {} after host", quote(port))) }
}

fn check_address(address: &str) -> Result<(), String> {
    let (bare, zone) = address.split_once("%25").map_or((address, None), |(bare, zone)| (bare, Some(zone)));
    check_escapes(bare, Within::Host)?;
    match bare.parse::<Ipv6Addr>() {
        Ok(_) if zone != Some("") => zone.map_or(Ok(()), |zone| check_escapes(zone, Within::Zone)),
        _ if bare.parse::<std::net::Ipv4Addr>().is_ok() => Err("invalid IP-literal".into()),
        _ => Err(format!("invalid host: ParseAddr({}): unable to parse IP", quote(&address.replace("%25", "%")))),
    }
}

/// The part of a URL that text stands in, which decides what may be escaped, and what must be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    User,
    Host,
    Zone,
    Path,
}

fn check_escapes(text: &str, within: Within) -> Result<(), String> {
    let bytes = text.as_bytes();
    let in_host = matches!(within, Within::Host | Within::Zone);
    let refused = |escape: &[u8]| Err(format!("invalid URL escape {}", crate::text::quote_bytes(escape)));
    for (at, &byte) in bytes.iter().enumerate() {
        let rest = bytes.get(at..).unwrap_or_default();
        match (byte, rest) {
            (b'%', [_, high, low, ..]) => match (hex_digit(*high), hex_digit(*low)) {
                (Some(high), Some(low)) => {
                    let value = high << 4 | low;
                    let fine = match within {
                        Within::Host => value >= 0x80 || value == b'%',
                        Within::Zone => value == b'%' || value == b' ' || is_host_byte(value),
                        Within::User | Within::Path => true,
                    };
                    if !fine {
                        return refused(&rest[..3]);
                    }
                }
                _ => return refused(&rest[..3]),
            },
            (b'%', _) => return refused(rest),
            _ if in_host && !is_host_byte(byte) && byte.is_ascii() => {
                return Err(format!("invalid character {} in host name", quote(&char::from(byte).to_string())));
            }
            _ => {}
        }
    }
    Ok(())
}

fn unescaped(text: &str) -> Vec<u8> {
    let mut unescaped = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, after @ ..] = rest {
        let value = match rest {
            [b'%', high, low, ..] => hex_digit(*high).zip(hex_digit(*low)).map(|(high, low)| high << 4 | low),
            _ => None,
        };
        unescaped.push(value.unwrap_or(*byte));
        rest = if value.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    unescaped
}

/// Keeps text whose escapes are good, as it is; escapes other text anew.
fn normal(text: &str, kept: impl Fn(u8) -> bool) -> String {
    let good = text.bytes().all(|byte| kept(byte) || b"!'()*[]%".contains(&byte));
    if good { text.into() } else { escaped(&unescaped(text), kept) }
}

fn escaped(bytes: &[u8], kept: impl Fn(u8) -> bool) -> String {
    let mut escaped = String::with_capacity(bytes.len());
    for &byte in bytes {
        if kept(byte) { escaped.push(char::from(byte)) } else { escaped.push_str(&format!("%{byte:02X}")) }
    }
    escaped
}

fn hex_digit(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

fn is_path_byte(byte: u8) -> bool {
    is_unreserved(byte) || b"$&+,/:;=@".contains(&byte)
}

fn is_host_byte(byte: u8) -> bool {
    is_unreserved(byte) || b"!\"$&'()*+,:;<=>[]".contains(&byte)
}

/// The text with what looks like a password, between the first colon and the last `@` of the authority, as `xxxxx`.
fn without_password(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("//") else { return text.into() };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let Some((user, host)) = authority.rsplit_once('@') else { return text.into() };
    match user.split_once(':') {
        Some((name, _)) => format!("{scheme}//{name}:xxxxx@{host}{path}"),
        None => text.into(),
    }
}
