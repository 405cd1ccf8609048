//! A `GOAUTH`-style command.
//!
//! Source: `go help goauth` and `cmd/go/internal/auth/userauth.go` in Go 1.27: run once without arguments; after a 4xx answer again, with the
//! URL as the last argument and the answer's head as its input. Departs from Go in running it again after some time, as a server lives longer
//! than a go command.

use std::sync::{Mutex, PoisonError};

use http::{HeaderMap, HeaderName, HeaderValue};
use plan::Trouble;
use tokio::{sync::Semaphore, time::Instant};
use url::Url;

use super::{Found, Login, Objection, frames};
use crate::limits;

mod run;

pub(in crate::egress) use self::run::Runner;

/// The command, and what it last said.
pub(super) struct Helper {
    words: Vec<String>,
    runner: Runner,
    kept: Mutex<Option<(Instant, Sets)>>,
    /// One run at a time: many requests that need it at once ask it once.
    turn: Semaphore,
}

/// Header fields by the prefix of the URLs that they are for, without `https://` and a final slash.
pub(super) type Sets = Vec<(String, HeaderMap)>;

impl Helper {
    /// # Errors
    /// [`Trouble::Refused`] if there is no command.
    pub(super) fn new(words: &[String], runner: &Runner) -> Result<Self, Trouble> {
        if words.first().is_none_or(String::is_empty) {
            return Err(Trouble::Refused("GOAUTH encountered an empty command".to_owned()));
        }
        let runner = runner.clone();
        Ok(Self { words: words.to_vec(), runner, kept: Mutex::default(), turn: Semaphore::new(1) })
    }

    /// What the command says for `url`.
    pub(super) async fn find(&self, url: &Url) -> Result<Found, Trouble> {
        let turn = self.turn.acquire().await;
        let sets = match self.fresh() {
            Some(sets) => sets,
            None => self.keep(self.run(None, "").await?),
        };
        drop(turn);
        Ok(self.pick(&sets, url))
    }

    /// Runs it with the URL and the answer, unless somebody else has, since the login that was not accepted.
    pub(super) async fn again(&self, objection: &Objection<'_>) -> Result<Found, Trouble> {
        let turn = self.turn.acquire().await;
        let known = self.fresh().map(|sets| self.pick(&sets, objection.url));
        if let Some(Found::Login(login)) = known
            && Some(&login) != objection.sent
        {
            return Ok(Found::Login(login));
        }
        let said = self.run(Some(objection.url), &head(objection)).await?;
        let mut sets = self.fresh().unwrap_or_default();
        sets.retain(|(prefix, _)| said.iter().all(|(new, _)| new != prefix));
        sets.extend(said);
        let sets = self.keep(sets);
        drop(turn);
        Ok(self.pick(&sets, objection.url))
    }

    async fn run(&self, url: Option<&Url>, input: &str) -> Result<Sets, Trouble> {
        let url = url.map(|url| url[..url::Position::AfterPath].to_owned());
        let said = self.runner.run(&self.words, url.as_deref(), input).await?;
        parse(&said)
            .map_err(|cause| Trouble::Refused(format!("cannot parse output of GOAUTH command {}: {cause}", self.words[0])))
    }

    fn fresh(&self) -> Option<Sets> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref().filter(|(at, _)| at.elapsed() < limits::HELPER_FRESH).map(|(_, sets)| sets.clone())
    }

    fn keep(&self, sets: Sets) -> Sets {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), sets.clone()));
        sets
    }

    fn pick(&self, sets: &Sets, url: &Url) -> Found {
        match pick(sets, url) {
            Some(headers) if !headers.is_empty() => Found::Login(Login::Headers(headers.clone())),
            _ => Found::Missing(format!("the helper {} says nothing for this URL", self.words[0])),
        }
    }
}

/// The header fields for the longest prefix that `url` lies below. Source: `loadCredential` of cmd/go.
fn pick<'a>(sets: &'a Sets, url: &Url) -> Option<&'a HeaderMap> {
    let place = url[url::Position::BeforeHost..url::Position::AfterPath].trim_end_matches('/');
    let above = std::iter::successors(Some(place), |place| place.rsplit_once('/').map(|(above, _)| above));
    above.into_iter().find_map(|place| sets.iter().rev().find(|(prefix, _)| prefix == place).map(|(_, headers)| headers))
}

/// The head of an answer as the command reads it.
fn head(objection: &Objection<'_>) -> String {
    let mut text = format!("HTTP/1.1 {}\n", objection.status);
    for (name, value) in objection.headers {
        if let Ok(value) = value.to_str() {
            text.push_str(&format!("{name}: {value}\n"));
        }
    }
    text + "\n"
}

/// Reads blocks of URLs, an empty line, header fields, an empty line. What is said in errors never repeats a line: it may be a secret.
fn parse(said: &str) -> Result<Sets, String> {
    let mut sets = Vec::new();
    let mut rest = said;
    while !rest.is_empty() {
        let mut prefixes = Vec::new();
        while let Some(line) = line(&mut rest, "URLs")? {
            let url = Url::parse(line).map_err(|cause| format!("could not parse URL: {cause}"))?;
            let prefix = &url[url::Position::BeforeHost..url::Position::AfterPath];
            prefixes.push(prefix.trim_end_matches('/').to_owned());
        }
        let mut headers = HeaderMap::new();
        while let Some(line) = line(&mut rest, "headers")? {
            let (name, value) = field(line).ok_or("invalid format: invalid header line")?;
            if !frames(&name) {
                headers.append(name, value);
            }
        }
        sets.extend(prefixes.into_iter().map(|prefix| (prefix, headers.clone())));
    }
    Ok(sets)
}

/// Takes the next line; `None` for the empty one that ends a part.
fn line<'a>(rest: &mut &'a str, part: &str) -> Result<Option<&'a str>, String> {
    let (line, after) = rest.split_once('\n').ok_or_else(|| format!("invalid format: missing empty line after {part}"))?;
    *rest = after;
    Ok(Some(line).filter(|line| !line.is_empty()))
}

fn field(line: &str) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = line.split_once(": ")?;
    let mut value = HeaderValue::from_str(value.trim()).ok()?;
    value.set_sensitive(true);
    Some((name.parse().ok()?, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(said: &str, url: &str, want: &[(&str, &str)]) {
        let sets = parse(said).expect("well said");
        let headers = pick(&sets, &Url::parse(url).expect("a URL")).cloned().unwrap_or_default();
        let got: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.to_str().expect("text"))).collect();
        assert_eq!(got, want, "{url}");
        assert!(headers.values().all(HeaderValue::is_sensitive));
    }

    const SAID: &str = "https://a.test\nhttps://b.test/api/\n\nAuthorization: Basic eDp5\nX-Two: 2\n\nhttps://b.test/api/deep\n\nExample: Data\n\n";

    #[test]
    fn the_longest_prefix_that_the_url_lies_below_counts() {
        let two = [("authorization", "Basic eDp5"), ("x-two", "2")];
        check(SAID, "https://a.test/any/thing?go-get=1", &two);
        check(SAID, "https://b.test/api", &two);
        check(SAID, "https://b.test/api/deep/er", &[("example", "Data")]);
        check(SAID, "https://b.test/apis", &[]);
        check(SAID, "https://a.test:8443/", &[]);
        check("", "https://a.test", &[]);
    }

    #[test]
    fn no_header_that_frames_a_request_is_taken() {
        let said = "https://a.test\n\nHost: b.test\nContent-Length: 3\nProxy-Authorization: x\nX: y\n\n";
        check(said, "https://a.test/", &[("x", "y")]);
    }

    #[test]
    fn what_is_not_well_said_is_refused_without_repeating_it() {
        for (said, want) in [
            ("https://a.test", "invalid format: missing empty line after URLs"),
            ("https://a.test\n\nAuthorization: s3cret\n", "invalid format: missing empty line after headers"),
            ("https://a.test\n\ns3cret\n\n", "invalid format: invalid header line"),
            ("s3cret\n\nA: b\n\n", "could not parse URL: relative URL without a base"),
        ] {
            assert_eq!(parse(said), Err(want.to_owned()), "{said}");
        }
    }

    #[test]
    fn an_objection_is_told_as_go_tells_it() {
        let headers = HeaderMap::from_iter([(http::header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic"))]);
        let url = Url::parse("https://a.test/x").expect("a URL");
        let objection = Objection { url: &url, status: http::StatusCode::UNAUTHORIZED, headers: &headers, sent: None };
        assert_eq!(head(&objection), "HTTP/1.1 401 Unauthorized\nwww-authenticate: Basic\n\n");
    }
}
