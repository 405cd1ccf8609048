//! GOFLAGS as words.

/// Splits words at white space; a word may stand in single or double quotes, which go: `'-ldflags=-s -w' -v` are two.
///
/// Errors: a quote without its end, in Go's words.
///
/// Source: `quoted.Split` in `cmd/internal/quoted`, Go 1.27.
pub fn split(goflags: &str) -> Result<Vec<String>, String> {
    let (mut words, mut rest) = (Vec::new(), goflags.trim_start_matches(is_space));
    while let Some(first) = rest.chars().next() {
        let (word, after) = if is_quote(first) {
            let inside = rest.get(1..).unwrap_or_default();
            inside.split_once(first).ok_or_else(|| format!("parsing $GOFLAGS: unterminated {first} string"))?
        } else {
            rest.split_at(rest.find(is_space).unwrap_or(rest.len()))
        };
        words.push(word.to_owned());
        rest = after.trim_start_matches(is_space);
    }
    Ok(words)
}

/// The words as one text, from which [`split`] makes them again.
///
/// Errors: None if a word that needs quotes has both kinds inside. No word that [`split`] made has.
///
/// Source: `quoted.Join` in `cmd/internal/quoted`, Go 1.27, which also quotes what does not need it.
pub fn join<'w>(words: impl IntoIterator<Item = &'w str>) -> Option<String> {
    let words: Option<Vec<String>> = words.into_iter().map(quoted).collect();
    words.map(|words| words.join(" "))
}

fn quoted(word: &str) -> Option<String> {
    let is_plain = !word.is_empty() && !word.starts_with(is_quote) && !word.contains(is_space);
    match ['\'', '"'].into_iter().find(|quote| !word.contains(*quote)) {
        _ if is_plain => Some(word.to_owned()),
        Some(quote) => Some(format!("{quote}{word}{quote}")),
        None => None,
    }
}

const fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

const fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\'')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(goflags: &str, words: &[&str], again: &str) {
        let split_up = split(goflags).expect("words");
        assert_eq!(split_up, words);
        let joined = join(split_up.iter().map(String::as_str)).expect("quotes suffice");
        assert_eq!((joined.as_str(), split(&joined)), (again, Ok(split_up)));
    }

    #[test]
    fn words_are_split_and_joined_again_without_loss() {
        check("", &[], "");
        check(" -v\t-mod=mod ", &["-v", "-mod=mod"], "-v -mod=mod");
        check("'-ldflags=-s -w' -v", &["-ldflags=-s -w", "-v"], "'-ldflags=-s -w' -v");
        check("\"-ldflags=-X 'a=b c'\"", &["-ldflags=-X 'a=b c'"], "\"-ldflags=-X 'a=b c'\"");
        check("-ldflags='-s -w'", &["-ldflags='-s", "-w'"], "-ldflags='-s -w'");
        check("'' \"'a\"", &["", "'a"], "'' \"'a\"");
        assert_eq!(split("-v '-x"), Err("parsing $GOFLAGS: unterminated ' string".to_owned()));
        assert_eq!(join(["a ' \" b"]), None);
    }
}
