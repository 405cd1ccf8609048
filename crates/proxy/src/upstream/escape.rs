//! URLs below a proxy's base, byte for byte as the go command sends them.

use plan::Trouble;
use url::Url;

/// The URL of `path` below `base`. The base's query goes along, as it does with the go command; repeated slashes collapse.
///
/// `path` is escaped (`!u`) but not percent-encoded. Source: reference §1.1; `proxyRepo.getBody` and `net/url.PathEscape` of Go 1.27.3.
pub(super) fn below(base: &Url, path: &str, bang: Bang) -> Url {
    let mut whole = base.path().trim_end_matches('/').to_owned();
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        whole.push('/');
        encode(segment, bang, &mut whole);
    }
    while whole.contains("//") {
        whole = whole.replace("//", "/");
    }
    let mut url = base.clone();
    url.set_path(&whole);
    url
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

fn encode(segment: &str, bang: Bang, to: &mut String) {
    for byte in segment.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => to.push(char::from(byte)),
            b'$' | b'&' | b'+' | b'=' | b':' | b'@' => to.push(char::from(byte)),
            b'!' if bang == Bang::Raw => to.push('!'),
            _ => to.push_str(&format!("%{byte:02X}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Bang, Url, below};

    #[track_caller]
    fn check(base: &str, path: &str, bang: Bang, want: &str) {
        let base = Url::parse(base).expect("a URL");
        assert_eq!(below(&base, path, bang).as_str(), want);
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
        check("https://p.test:8443///", "m/@latest", Bang::Encoded, "https://p.test:8443/m/@latest");
    }
}
