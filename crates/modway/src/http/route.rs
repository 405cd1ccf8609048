//! From the bytes of a request target to what is asked. What does not print back to the same bytes is refused.

use std::borrow::Cow;

use hyper::{HeaderMap, Method, Uri, Version, header};
use plan::{Reason, Request};

use super::limits::{DEFAULT_PAGE, MAX_PAGE};

/// What a request target asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Target {
    /// The GOPROXY protocol.
    Protocol(Request),
    /// Something of our own.
    Own(Own),
}

/// Our own pages; everything but the first lives under `/-/`, which no module path begins with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Own {
    /// What this is.
    Welcome,
    /// Is the process alive?
    Health,
    /// Can it answer?
    Ready,
    /// Prometheus text.
    Metrics,
    /// A request's journey: its id, and whether the path asks for JSON.
    Why(String, bool),
    /// A page of the ledger of drifts: those with numbers above the first one, at most so many.
    Drifts(u64, usize),
}

/// Refuses requests that another server could read differently, or that ask this one to be an open proxy.
pub(crate) fn check_framing(
    method: &Method,
    uri: &Uri,
    version: Version,
    headers: &HeaderMap,
    has_body: bool,
) -> Result<(), Reason> {
    if method != Method::GET && method != Method::HEAD {
        return Err(Reason::BadMethod);
    }
    let bad = |text: &str| Err(Reason::BadPath(text.to_owned()));
    if has_body || headers.contains_key(header::TRANSFER_ENCODING) || headers.get_all(header::CONTENT_LENGTH).iter().count() > 1 {
        return bad("a GET or HEAD request must not have a body");
    }
    let over_http1 = version != Version::HTTP_2;
    if over_http1 && (uri.scheme().is_some() || uri.authority().is_some()) || !uri.path().starts_with('/') {
        return bad("the request target must be a path; this is no forward proxy");
    }
    if version == Version::HTTP_11 && headers.get_all(header::HOST).iter().count() != 1 {
        return bad("an HTTP/1.1 request must have exactly one Host header");
    }
    Ok(())
}

/// Reads the target.
///
/// # Errors
/// [`Reason::BadPath`] for everything that is neither a page of ours nor a path that prints back to the same bytes.
pub(crate) fn read(path: &str, query: Option<&str>) -> Result<Target, Reason> {
    match path {
        "/" => return Ok(Target::Own(Own::Welcome)),
        "/-/health" => return Ok(Target::Own(Own::Health)),
        "/-/ready" => return Ok(Target::Own(Own::Ready)),
        "/-/metrics" => return Ok(Target::Own(Own::Metrics)),
        _ => {}
    }
    if path == "/-/api/v1/drifts" {
        return page_of(query).map(|(after, limit)| Target::Own(Own::Drifts(after, limit)));
    }
    if let Some(page) = path.strip_prefix("/-/") {
        let Some(id) = page.strip_prefix("why/") else { return Err(Reason::NotServed(format!("no page /-/{page} here"))) };
        let (id, json) = id.strip_suffix(".json").map_or((id, false), |id| (id, true));
        return Ok(Target::Own(Own::Why(id.to_owned(), json)));
    }
    if query.is_some() {
        return Err(Reason::BadPath("the module protocol has no query strings".to_owned()));
    }
    Request::parse(&decode(path)?).map(Target::Protocol)
}

/// Which page of a list: `after=NUMBER&limit=NUMBER`, both optional, each once, in any order.
fn page_of(query: Option<&str>) -> Result<(u64, usize), Reason> {
    let bad = |pair: &str| Reason::BadPath(format!("`{pair}`: a list is asked for with after=NUMBER and limit=1 to {MAX_PAGE}"));
    let (mut after, mut limit) = (None, None);
    for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        let (slot, most) = match pair.split_once('=') {
            Some(("after", _)) => (&mut after, u64::MAX),
            Some(("limit", _)) => (&mut limit, MAX_PAGE),
            Some(_) | None => return Err(bad(pair)),
        };
        let digits = pair.split_once('=').map_or("", |(_, digits)| digits);
        let number = digits.parse::<u64>().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()));
        *slot = Some(number.filter(|number| *number <= most && slot.is_none()).ok_or_else(|| bad(pair))?);
    }
    let limit = limit.unwrap_or(DEFAULT_PAGE);
    usize::try_from(limit).ok().filter(|limit| *limit > 0).map(|limit| (after.unwrap_or(0), limit)).ok_or_else(|| bad("limit=0"))
}

/// Undoes percent-encoding, once. The go command sends `!` as `%21` in module paths and raw in `/sumdb/` paths (Go 1.27.3, measured), so
/// both are fine; an escape that hides a slash, a control character, another escape or a byte that never needs one is not.
fn decode(path: &str) -> Result<Cow<'_, str>, Reason> {
    if !path.contains('%') {
        return Ok(Cow::Borrowed(path));
    }
    let (mut decoded, mut rest) = (String::with_capacity(path.len()), path);
    while let Some((before, after)) = rest.split_once('%') {
        let byte = after.get(..2).filter(|hex| hex.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let byte = byte.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        let char = byte.filter(|byte| matches!(byte, b' '..=b'~') && !byte.is_ascii_alphanumeric() && !b"/-._~%".contains(byte));
        let char = char.ok_or_else(|| Reason::BadPath("a percent-escape that is malformed or must not be one".to_owned()))?;
        decoded.push_str(before);
        decoded.push(char::from(char));
        rest = &after[2..];
    }
    decoded.push_str(rest);
    Ok(Cow::Owned(decoded))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, expected: Option<&str>) {
        let read = read(path, None).ok().map(|target| match target {
            Target::Protocol(request) => request.path(),
            Target::Own(own) => format!("{own:?}"),
        });
        assert_eq!(read.as_deref(), expected, "{path}");
    }

    #[test]
    fn a_bang_is_the_same_raw_and_encoded() {
        check("/example.com/!up/@v/list", Some("/example.com/!up/@v/list"));
        check("/example.com/%21up/@v/list", Some("/example.com/!up/@v/list"));
        check("/example.com/up/%40v/list", Some("/example.com/up/@v/list"));
    }

    #[test]
    fn other_escapes_are_refused() {
        for escape in ["%2f", "%2F", "%00", "%61", "%2e", "%5f", "%7f", "%c3%a9", "%", "%2", "%zz", "%+1", "%25", "%2521"] {
            check(&format!("/example.com/{escape}up/@v/list"), None);
        }
    }

    #[test]
    fn what_does_not_print_back_is_refused() {
        let paths = [
            "//example.com/@v/list",
            "/example.com//@v/list",
            "/example.com/@v/list/",
            "/example.com/../@v/list",
            "/example.com/./@v/list",
        ];
        paths.iter().for_each(|path| check(path, None));
        ["/example.com;/@v/list", "/Example.com/@v/list", "/example.com/@v/list;x", "/-", "/-/x", ""]
            .iter()
            .for_each(|path| check(path, None));
    }

    #[test]
    fn our_own_pages_are_found() {
        check("/", Some("Welcome"));
        check("/-/health", Some("Health"));
        check("/-/why/abc.json", Some(r#"Why("abc", true)"#));
    }

    #[test]
    fn a_page_of_a_list_is_asked_for_by_number() {
        let drifts = |query| read("/-/api/v1/drifts", query).ok().map(|target| format!("{target:?}"));
        let page = |after: u64, limit: usize| Some(format!("Own(Drifts({after}, {limit}))"));
        assert_eq!(drifts(None), page(0, 100));
        assert_eq!(drifts(Some("")), page(0, 100));
        assert_eq!(drifts(Some("limit=7&after=12")), page(12, 7));
        assert_eq!(drifts(Some("after=18446744073709551615&limit=1000")), page(u64::MAX, 1000));
        for query in [
            "limit=0",
            "limit=1001",
            "after=-1",
            "after=+1",
            "after=",
            "after",
            "limit=1&limit=1",
            "x=1",
            "after=18446744073709551616",
        ] {
            assert_eq!(drifts(Some(query)), None, "{query}");
        }
    }

    #[test]
    fn a_query_is_refused_even_when_empty() {
        assert!(read("/example.com/@v/list", Some("")).is_err());
    }
}
