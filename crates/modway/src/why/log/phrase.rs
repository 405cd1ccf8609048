//! Phrases of the go command, with gaps: `reading {}: 404 Not Found` has a gap of one word, `loading … retractions` one of anything.

/// True if `phrase` occurs in `text`, whose whitespace is single spaces.
///
/// Shape: `{}` stands for one or more characters without a space, `…` for any characters; the rest stands for itself.
/// Of several places where a piece could be, the first that lets the next piece follow is taken.
pub(super) fn occurs(phrase: &str, text: &str) -> bool {
    let (head, rest) = piece(phrase);
    text.match_indices(head).any(|(at, _)| follows(rest, &text[at + head.len()..]))
}

/// The literal text that `phrase` begins with, and what comes after it.
fn piece(phrase: &str) -> (&str, &str) {
    let end = [phrase.find("{}"), phrase.find('…')].into_iter().flatten().min().unwrap_or(phrase.len());
    phrase.split_at(end)
}

/// True if `rest`, which begins with a gap or is empty, fits to what `text` begins with.
fn follows(rest: &str, text: &str) -> bool {
    if rest.is_empty() {
        return true;
    }
    if let Some(rest) = rest.strip_prefix('…') {
        return occurs(rest, text);
    }
    let (head, after) = piece(rest.trim_start_matches("{}"));
    let word = &text[..text.find(' ').unwrap_or(text.len())];
    if head.is_empty() {
        return !word.is_empty() && follows(after, &text[word.len()..]);
    }
    // The literal may begin inside the word and go on after it: `{}: 404 Not Found`.
    let starts = text.match_indices(head).map(|(at, _)| at).take_while(|at| *at <= word.len());
    starts.filter(|at| *at > 0).any(|at| follows(after, &text[at + head.len()..]))
}

#[cfg(test)]
mod tests {
    use super::occurs;

    #[track_caller]
    fn check(phrase: &str, text: &str, expected: bool) {
        assert_eq!(occurs(phrase, text), expected, "{phrase:?} in {text:?}");
    }

    #[test]
    fn a_phrase_without_gaps_is_looked_for_as_it_is() {
        check("unknown revision", "m@v: unknown revision v1", true);
        check("unknown revision", "m@v: unknown  revision v1", false);
    }

    #[test]
    fn a_word_is_a_gap_without_spaces() {
        check("reading {}: 404 Not Found", "go: m@v: reading https://p/m: 404 Not Found", true);
        check("reading {}: 404 Not Found", "reading a book: 404 Not Found", false);
        check("reading {}: 404 Not Found", "reading reading https://p: 404 Not Found", true);
        check("reading {}: 404", "reading : 404", false);
        check("reading {}", "reading", false);
        check("reading {}", "reading x", true);
    }

    #[test]
    fn anything_is_a_gap_with_spaces() {
        check("GOVCS disallows … for public", "GOVCS disallows using svn for public x", true);
        check("a … b {}: c", "a x b d b e: c", true);
        check("a … b {}: c", "b e: c a", false);
    }
}
