//! Is this body what was asked for? The first look, before anybody parses it.

use gomod::info::Info;
use plan::Trouble;

use super::Question;
use crate::limits;

/// The most bytes an answer to `question` may have.
pub(super) fn limit(question: &Question) -> u64 {
    match question {
        Question::List(_) => limits::MAX_LIST_BYTES,
        Question::Latest(_) | Question::Stat(..) => limits::MAX_INFO_BYTES,
        Question::GoMod(..) => limits::MAX_MOD_BYTES,
    }
}

/// Refuses what cannot be an answer to `question`: login pages and other HTML with status 200, and JSON that is none.
///
/// # Errors
/// [`Trouble::Body`], for JSON in the words of Go's encoding/json.
///
/// Departs from Go in one point: for `list` the go command takes a login page for an empty list (reference §2.2) and goes on to
/// `@latest`; here it is trouble, because an empty list would be kept and served to everybody.
pub(super) fn check(question: &Question, content_type: &str, body: &[u8]) -> Result<(), Trouble> {
    match question {
        Question::List(_) | Question::GoMod(..) => {
            let html = content_type.trim_start().get(..9).is_some_and(|start| start.eq_ignore_ascii_case("text/html"));
            if html || body.trim_ascii_start().starts_with(b"<") {
                return Err(Trouble::Body("an HTML page instead of text; a login or error page?".to_owned()));
            }
            Ok(())
        }
        Question::Latest(_) | Question::Stat(..) => json(body),
    }
}

/// An `.info`, in the words of Go; the first byte is looked at here because it tells a login page.
fn json(body: &[u8]) -> Result<(), Trouble> {
    match body.trim_ascii_start().first() {
        Some(b'{') => Info::parse(body).map(drop).map_err(|cause| Trouble::Body(cause.to_string())),
        Some(&other) => {
            let shown = if other.is_ascii_graphic() { char::from(other).to_string() } else { format!("\\x{other:02x}") };
            Err(Trouble::Body(format!("invalid character '{shown}' looking for beginning of value")))
        }
        None => Err(Trouble::Body("unexpected end of JSON input".to_owned())),
    }
}
