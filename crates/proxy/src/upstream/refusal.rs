//! What a status that is not 200 means, and the text that may be passed on of it.

use std::time::SystemTime;

use http::{
    StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER},
};
use plan::Trouble;

use super::Failure;
use crate::{
    client::{Answer, retry_after},
    limits,
};

/// The failure that an answer with another status than 200 is.
///
/// 404 and 410 are "does not exist"; anything else is trouble, a 304 that nobody asked for included. Source: reference §1.4.
pub(super) async fn failure(mut answer: Answer) -> Failure {
    let (status, wait) = (answer.status, retry_after(answer.header(&RETRY_AFTER), SystemTime::now()));
    let text = text(&mut answer).await;
    match (status, wait) {
        (StatusCode::NOT_FOUND | StatusCode::GONE, _) => Failure::NotExist(text),
        (StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE, Some(wait)) => {
            Trouble::Wait(status.as_u16(), wait.as_secs()).into()
        }
        _ => Trouble::Status(status.as_u16(), text).into(),
    }
}

/// The text of a refusal, if it is one the go command would print. Trouble with the text leaves it empty: the status is what counts.
async fn text(answer: &mut Answer) -> String {
    if !is_text(answer.header(&CONTENT_TYPE)) || answer.plain().is_err() {
        return String::new();
    }
    let mut bytes = Vec::new();
    while bytes.len() <= limits::MAX_REFUSAL_BYTES {
        match answer.piece().await {
            Ok(Some(piece)) => bytes.extend_from_slice(&piece),
            Ok(None) => break,
            Err(_) => return String::new(),
        }
    }
    printable(&bytes)
}

/// The text of a refusal whose body is here already; empty if the go command would not print it.
pub(super) fn detail(content_type: &str, body: &[u8]) -> String {
    if is_text(content_type) { printable(body) } else { String::new() }
}

/// True for `text/plain` in UTF-8 or ASCII. Source: `isText` of cmd/go/internal/web, Go 1.27.3.
fn is_text(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(|part| part.trim().to_ascii_lowercase());
    parts.next().is_some_and(|media| media == "text/plain")
        && parts
            .filter_map(|part| part.strip_prefix("charset=").map(|set| set.trim_matches('"').to_owned()))
            .all(|set| matches!(set.as_str(), "utf-8" | "us-ascii"))
}

/// At most 8 lines, up to the first blank one, cut at [`limits::MAX_REFUSAL_BYTES`]; nothing at all if a character cannot be printed.
fn printable(bytes: &[u8]) -> String {
    let cut = &bytes[..bytes.len().min(limits::MAX_REFUSAL_BYTES)];
    let text = match std::str::from_utf8(cut) {
        Ok(text) => text,
        // Cut in the middle of a character: what is before it counts. Anywhere else it is no text.
        Err(error) if cut.len() < bytes.len() && error.error_len().is_none() => {
            std::str::from_utf8(&cut[..error.valid_up_to()]).expect("valid up to there")
        }
        Err(_) => return String::new(),
    };
    if text.chars().any(|c| c.is_control() && !c.is_whitespace()) {
        return String::new();
    }
    let lines = text.trim_start_matches(['\r', '\n']).lines().map(str::trim_end).take_while(|line| !line.is_empty());
    lines.take(limits::MAX_REFUSAL_LINES).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::{is_text, limits, printable};

    #[test]
    fn only_plain_text_is_passed_on() {
        assert!(is_text("text/plain"));
        assert!(is_text("Text/Plain; charset=UTF-8"));
        assert!(is_text("text/plain; charset=\"us-ascii\""));
        assert!(!is_text("text/plain; charset=latin1"));
        assert!(!is_text("text/html"));
        assert!(!is_text("application/json"));
        assert!(!is_text(""));
    }

    #[test]
    fn a_refusal_is_cut_at_eight_lines_a_blank_line_and_the_limit() {
        let check = |body: &[u8], want: &str| assert_eq!(printable(body), want);
        check(b"not found: no such module\n", "not found: no such module");
        check(b"\r\none\r\ntwo\r\n\r\nthree", "one\ntwo");
        check(b"1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\n5\n6\n7\n8");
        check(b"\x1b[31mred", "");
        check(b"\xff\xfe", "");
        let long = "ü".repeat(limits::MAX_REFUSAL_BYTES);
        check(long.as_bytes(), &"ü".repeat(limits::MAX_REFUSAL_BYTES / 2));
        let odd = format!("x{long}");
        check(odd.as_bytes(), &format!("x{}", "ü".repeat((limits::MAX_REFUSAL_BYTES - 1) / 2)));
    }
}
