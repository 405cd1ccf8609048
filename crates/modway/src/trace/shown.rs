//! URLs and header fields as they may be shown: whatever may be a secret is not in them.

use url::Url;

/// Header fields whose values are shown. Of all others only the name is: they may be a login of somebody's own making.
const HARMLESS: [&str; 33] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "accept-ranges",
    "age",
    "alt-svc",
    "cache-control",
    "connection",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-length",
    "content-type",
    "date",
    "etag",
    "expires",
    "git-protocol",
    "host",
    "last-modified",
    "location",
    "pragma",
    "range",
    "retry-after",
    "server",
    "strict-transport-security",
    "transfer-encoding",
    "user-agent",
    "vary",
    "via",
    "warning",
    "www-authenticate",
    "x-content-type-options",
    "x-request-id",
];

/// True if the value of this field is no secret.
pub(super) fn is_harmless(name: &str) -> bool {
    HARMLESS.contains(&name)
}

/// A URL without user, password and fragment, and with the values of its query covered; other texts as they are. Signed URLs of object stores
/// have their signature there. The query of discovery, `?go-get=1`, stays.
pub(super) fn shown(text: &str) -> String {
    if !text.contains("://") {
        return match text.split_once('?') {
            Some((path, _)) if text.starts_with('/') => format!("{path}?(redacted)"),
            _ => text.to_owned(),
        };
    }
    let Ok(mut url) = Url::parse(text) else { return "(not a URL)".to_owned() };
    // Both fail only for URLs without host, which hold no credentials.
    let _ = (url.set_username(""), url.set_password(None));
    url.set_fragment(None);
    if url.query().is_some_and(|query| query != "go-get=1" && !query.starts_with("service=git-")) {
        url.set_query(Some("redacted"));
    }
    url.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: &str) {
        assert_eq!(shown(text), want);
    }

    #[test]
    fn what_may_be_a_secret_is_not_shown() {
        check("https://u:p@h.test/x/%21a?X-Signature=s#f", "https://h.test/x/%21a?redacted");
        check("https://h.test/x?go-get=1", "https://h.test/x?go-get=1");
        check("http://h.test/x/info/refs?service=git-upload-pack", "http://h.test/x/info/refs?service=git-upload-pack");
        check("/relative?token=s", "/relative?(redacted)");
        check("text/plain; charset=utf-8", "text/plain; charset=utf-8");
        check("https://u:p@[", "(not a URL)");
    }
}
