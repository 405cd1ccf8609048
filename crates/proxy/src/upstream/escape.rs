//! URLs below a proxy's base, byte for byte as the go command sends them.

use gomod::goproxy::GoUrl;
use plan::Trouble;
use url::Url;

use crate::client::shown;

/// The URL of `path` below `base`, as [`GoUrl::below`] makes it; the base's query goes along.
///
/// `path` is escaped (`!u`) but not percent-encoded.
///
/// # Errors
/// [`Trouble::Refused`] for a base that is no URL to Go.
pub(super) fn below(base: &Url, path: &str, bang: Bang) -> Result<Url, Trouble> {
    let unusable = || Trouble::Refused(format!("URL not usable: {}", shown(base)));
    let base = GoUrl::parse(base.as_str()).map_err(|_| unusable())?;
    let mut whole = base.below(path);
    if bang == Bang::Raw {
        let root = base.below("");
        let (root, query) = (root.split('?').next().unwrap_or_default(), whole.find('?').unwrap_or(whole.len()));
        whole = format!("{root}{}{}", whole[root.len()..query].replace("%21", "!"), &whole[query..]);
    }
    Url::parse(&whole).map_err(|_| unusable())
}

/// How `!` is sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Bang {
    /// As `%21`: module endpoints.
    Encoded,
    /// As it is: checksum databases.
    Raw,
}

/// `path` itself, if no segment of it is a dot segment, which would lead elsewhere.
///
/// # Errors
/// [`Trouble::Refused`].
pub(super) fn plain(path: &str) -> Result<&str, Trouble> {
    if path.split('/').any(|segment| segment == "." || segment == "..") {
        return Err(Trouble::Refused(format!("path not usable: {path}")));
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::{Bang, Url, below};

    #[track_caller]
    fn check(base: &str, path: &str, bang: Bang, want: &str) {
        let base = Url::parse(base).expect("a URL");
        assert_eq!(below(&base, path, bang).expect("a URL").as_str(), want);
    }

    #[test]
    fn module_endpoints_send_a_bang_encoded_and_databases_raw() {
        check("http://p.test", "e.test/!up/@v/v1.0.0-!r.info", Bang::Encoded, "http://p.test/e.test/%21up/@v/v1.0.0-%21r.info");
        check(
            "http://p.test",
            "sumdb/s.test/lookup/e.test/!up@v1.0.0",
            Bang::Raw,
            "http://p.test/sumdb/s.test/lookup/e.test/!up@v1.0.0",
        );
    }

    #[test]
    fn segments_are_encoded_as_the_go_command_does() {
        check("http://p.test/", "m/@v/a,b(c) d#e%f.info", Bang::Encoded, "http://p.test/m/@v/a%2Cb%28c%29%20d%23e%25f.info");
        check("http://p.test/", "m/@v/$&+=:@~-_.info", Bang::Encoded, "http://p.test/m/@v/$&+=:@~-_.info");
        check("http://p.test/", "m/@v/ü.zip", Bang::Encoded, "http://p.test/m/@v/%C3%BC.zip");
        check("http://p.test/", "m/@v/'*;?.zip", Bang::Encoded, "http://p.test/m/@v/%27%2A%3B%3F.zip");
    }

    #[test]
    fn slashes_collapse_and_the_query_stays() {
        check("http://p.test/a//b/?key=1", "m/@v/list", Bang::Encoded, "http://p.test/a/b/m/@v/list?key=1");
        check("http://p.test/%21a/?k=%21", "!m", Bang::Raw, "http://p.test/%21a/!m?k=%21");
        check("https://p.test:8443///", "m/@latest", Bang::Encoded, "https://p.test:8443/m/@latest");
    }
}
