//! Values of settings, without what is secret in them.

/// `text` with the logins of its URLs as `xxxxx`, and their queries as `?…` (but for `?go-get=1`, which Go itself asks). For GOPROXY, HTTPS_PROXY and whatever else may hold URLs.
///
/// Units and ranges: an element whose port is no number may be a login cut short by a separator in the password; its whole place is hidden.
pub fn masked(text: &str) -> String {
    let separates = |c: char| matches!(c, ',' | '|' | '"' | '\'' | ';' | '<' | '>') || c.is_whitespace();
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(separates).unwrap_or(rest.len());
        out.push_str(&element(&rest[..end]));
        let next = rest[end..].chars().next().map_or(0, char::len_utf8);
        out.push_str(&rest[end..end + next]);
        rest = &rest[end + next..];
    }
    out
}

fn element(text: &str) -> String {
    let start = text.find("://").map_or(0, |at| at + 3);
    let (scheme, rest) = text.split_at(start);
    let (rest, query) =
        rest.split_once('?').map_or((rest, ""), |(before, query)| (before, if query == "go-get=1" { "?go-get=1" } else { "?…" }));
    let query = if scheme.is_empty() && !rest.contains(['/', '@']) { &text[rest.len()..] } else { query };
    let (place, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    if let Some((_, host)) = place.rsplit_once('@') {
        return format!("{scheme}xxxxx@{host}{path}{query}");
    }
    let port = place.trim_start_matches(|c: char| c != ']').rsplit_once(':').or_else(|| place.rsplit_once(':'));
    let odd = port.is_some_and(|(_, port)| !port.bytes().all(|digit| digit.is_ascii_digit())) && !place.starts_with('[');
    match path.rsplit_once('@') {
        _ if !odd || scheme.is_empty() && !path.contains('@') => format!("{scheme}{place}{path}{query}"),
        Some((_, host)) => format!("{scheme}xxxxx@{host}{query}"),
        None => format!("{scheme}xxxxx{query}"),
    }
}
