//! The text of a refusal, as the go command prints it (promise 12).

use plan::{Mover, Reason};

use super::{
    ids::Id,
    limits::{MAX_REFUSAL_BYTES, MAX_REFUSAL_LINES, REFUSAL_TAIL_LINES},
};

/// The cause, whose move it is, the fix, the reason's code and the request id.
///
/// An upstream's own words for "does not exist" stand alone: scripts, Go's own tests among them, look for exactly these. The id is in the
/// header then.
///
/// At most 8 lines and 640 bytes, no blank line, no control character: `cmd/go/internal/web` (Go 1.27) would cut or drop the rest.
pub(crate) fn text(reason: &Reason, id: Id) -> String {
    if let Reason::NotExist(words) = reason
        && words.lines().any(|line| !line.trim().is_empty())
    {
        return cause(words, MAX_REFUSAL_BYTES, MAX_REFUSAL_LINES);
    }
    let tail =
        format!("whose move: {}\nfix: {}\ncode: {}, request id: {id}\n", mover(reason.mover()), reason.fix(), reason.code());
    let mut text = cause(&reason.to_string(), MAX_REFUSAL_BYTES - tail.len(), MAX_REFUSAL_LINES - REFUSAL_TAIL_LINES);
    text.push_str(&tail);
    text
}

const fn mover(mover: Mover) -> &'static str {
    match mover {
        Mover::Client => "whoever runs the go command",
        Mover::Operator => "whoever runs this server",
        Mover::Upstream => "whoever runs the upstream, or the module's author",
        Mover::Us => "the authors of this server",
    }
}

/// As many whole lines of `cause` as there is room for, at most `lines`; a first line that is too long is cut.
fn cause(cause: &str, room: usize, lines: usize) -> String {
    let mut text = String::with_capacity(room);
    for line in cause.lines().map(clean).filter(|line| !line.trim().is_empty()).take(lines) {
        if text.len() + line.len() < room {
            text.push_str(&line);
        } else if text.is_empty() {
            text.push_str(&line[..line.floor_char_boundary(room - "…\n".len())]);
            text.push('…');
        } else {
            break;
        }
        text.push('\n');
    }
    if text.is_empty() { "no cause was given\n".to_owned() } else { text }
}

/// `line` without what the go command would not print: it drops a whole body for one character that is neither graphic nor space.
fn clean(line: &str) -> String {
    line.trim_end()
        .chars()
        .map(|char| {
            if char.is_whitespace() {
                ' '
            } else if printable(char) {
                char
            } else {
                '?'
            }
        })
        .collect()
}

/// Printable as the standard library's escaping of debug output understands it. A mark is printable behind a letter.
fn printable(char: char) -> bool {
    matches!(char, ' '..='~') || char > '~' && ['a', char].iter().collect::<String>().escape_debug().nth(1) == Some(char)
}

#[cfg(test)]
mod tests {
    use super::{super::ids::Ids, *};

    #[test]
    fn a_refusal_reads_like_this() {
        let text = text(
            &Reason::Unproven("not found: example.com/m@v1: unknown revision v1\n\n\tline two\u{1b}[31m".to_owned()),
            Ids::new().next(),
        );
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[..4],
            [
                "not found: example.com/m@v1: unknown revision v1",
                " line two?[31m",
                "whose move: whoever runs the upstream, or the module's author",
                "fix: if the module is private, name it in GONOSUMDB/GOPRIVATE of this server; else try again later",
            ]
        );
        assert!(lines[4].starts_with("code: unproven, request id: "));
    }

    #[test]
    fn an_upstreams_own_words_for_absence_stand_alone() {
        let words = |text: &str| self::text(&Reason::NotExist(text.into()), Ids::new().next());
        assert_eq!(words("404 page not found\n"), "404 page not found\n");
        assert_eq!(words("a\n\nb\u{1b}"), "a\nb?\n");
        assert!(words(" \n").contains("\ncode: not-exist, request id: "));
    }

    #[test]
    fn any_cause_keeps_the_bounds_and_the_tail() {
        let causes = [
            String::new(),
            "\n \n\t".into(),
            "é".repeat(1000),
            "x\n".repeat(50),
            "a\u{202e}b\u{0}\u{85}\u{2028}c\r\nd".into(),
            format!("x\n{}", "y".repeat(900)),
        ];
        for cause in causes {
            let text = text(&Reason::Internal(cause.clone()), Ids::new().next());
            assert!(text.len() <= MAX_REFUSAL_BYTES && text.lines().count() <= MAX_REFUSAL_LINES, "{text}");
            assert!(text.lines().all(|line| !line.trim().is_empty() && line.chars().all(printable)), "{text:?}");
            assert!(text.contains("\ncode: internal, request id: "), "{text}");
        }
    }
}
