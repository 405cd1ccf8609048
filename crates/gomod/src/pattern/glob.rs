//! Go's `path.Match`: `*` any run without `/`, `?` one character but `/`, `[a-z]` and `[^a-z]` classes, `\c` the character c.
//!
//! Go matches byte by byte, except that `?` and classes take a whole character; a class can even take `/`.

/// Tells whether `pattern` matches all of `name`. A pattern that is malformed, as far as Go reads it, matches nothing; what
/// lies beyond the point of mismatch is not read, as malformed and unmatched are the same answer here.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    matches_bytes(pattern.as_bytes(), name.as_bytes())
}

/// As [`matches`].
pub(super) fn matches_bytes(mut pattern: &[u8], mut name: &[u8]) -> bool {
    while !pattern.is_empty() {
        let (star, chunk, rest) = next_chunk(pattern);
        if star && chunk.is_empty() {
            return !name.contains(&b'/');
        }
        let reach = if star { name.iter().position(|&byte| byte == b'/').unwrap_or(name.len()) } else { 0 };
        match land(chunk, name, reach, rest.is_empty()) {
            Some(after) => (pattern, name) = (rest, after),
            None => return false,
        }
    }
    name.is_empty()
}

/// Finds the first place, at most `reach` bytes on, where `chunk` matches, and returns what comes after it. The last
/// chunk must match to the end of the name.
fn land<'n>(chunk: &[u8], name: &'n [u8], reach: usize, last: bool) -> Option<&'n [u8]> {
    let is_literal = !chunk.iter().any(|byte| b"?[\\".contains(byte));
    if is_literal && last {
        let start = name.len().checked_sub(chunk.len()).filter(|&start| start <= reach)?;
        return name.get(start..).filter(|end| *end == chunk)?.get(chunk.len()..);
    }
    for skipped in 0..=reach {
        let name = name.get(skipped..)?;
        if is_literal {
            match name.strip_prefix(chunk) {
                None => continue,
                after => return after,
            }
        }
        match match_chunk(chunk, name) {
            Match::Yes(after) if after.is_empty() || !last => return Some(after),
            Match::Malformed => return None,
            Match::Yes(_) | Match::No => {}
        }
    }
    None
}

/// Splits off leading stars and what follows them up to the next star outside of brackets.
fn next_chunk(pattern: &[u8]) -> (bool, &[u8], &[u8]) {
    let stars = pattern.iter().take_while(|&&byte| byte == b'*').count();
    let rest = pattern.get(stars..).unwrap_or_default();
    let (mut in_brackets, mut escaped) = (false, false);
    let end = rest.iter().position(|byte| {
        let plain = !std::mem::take(&mut escaped);
        match byte {
            b'\\' if plain => escaped = true,
            b'[' if plain => in_brackets = true,
            b']' if plain => in_brackets = false,
            b'*' if plain => return !in_brackets,
            _ => {}
        }
        false
    });
    let (chunk, rest) = rest.split_at(end.unwrap_or(rest.len()));
    (stars > 0, chunk, rest)
}

enum Match<'n> {
    Yes(&'n [u8]),
    No,
    Malformed,
}

/// Matches a pattern without stars against the front of `name`. A mismatch is found out only at the end, because a chunk
/// that is malformed later on is malformed, which ends the search of a star.
fn match_chunk<'n>(mut chunk: &[u8], mut name: &'n [u8]) -> Match<'n> {
    let mut failed = false;
    while let [operator, after @ ..] = chunk {
        failed |= name.is_empty();
        chunk = after;
        match operator {
            b'[' => {
                let (character, width) = if failed { ('\0', 0) } else { first_char(name) };
                name = name.get(width..).unwrap_or_default();
                let Some((within, after)) = match_class(chunk, character) else { return Match::Malformed };
                failed |= !within;
                chunk = after;
            }
            b'?' if failed => {}
            b'?' => {
                failed = name.first() == Some(&b'/');
                name = name.get(first_char(name).1..).unwrap_or_default();
            }
            _ => {
                let literal = match (operator, chunk) {
                    (b'\\', [literal, after @ ..]) => {
                        chunk = after;
                        literal
                    }
                    (b'\\', []) => return Match::Malformed,
                    (literal, _) => literal,
                };
                failed = failed || name.first() != Some(literal);
                name = name.get(1..).unwrap_or_default();
            }
        }
    }
    if failed { Match::No } else { Match::Yes(name) }
}

/// Reads a class behind its `[`; tells whether `character` is in it, and what follows. None if the class is malformed.
fn match_class(chunk: &[u8], character: char) -> Option<(bool, &[u8])> {
    let (negated, mut chunk) = match chunk {
        [b'^', after @ ..] => (true, after),
        _ => (false, chunk),
    };
    let (mut within, mut ranges) = (false, 0_usize);
    loop {
        match chunk {
            [b']', after @ ..] if ranges > 0 => return Some((within != negated, after)),
            _ => ranges += 1,
        }
        let (low, after) = class_char(chunk)?;
        let (high, after) = match after {
            [b'-', after @ ..] => class_char(after)?,
            _ => (low, after),
        };
        within |= (low..=high).contains(&character);
        chunk = after;
    }
}

/// Reads one character of a class, which something must follow.
fn class_char(chunk: &[u8]) -> Option<(char, &[u8])> {
    let chunk = match chunk {
        [] | [b'-' | b']', ..] => return None,
        [b'\\', after @ ..] => after,
        _ => chunk,
    };
    let character = chunk.get(..4).unwrap_or(chunk).utf8_chunks().next()?.valid().chars().next()?;
    let after = chunk.get(character.len_utf8()..)?;
    (!after.is_empty()).then_some((character, after))
}

/// The first character and its length in bytes; a stray byte counts as U+FFFD, as in Go.
fn first_char(name: &[u8]) -> (char, usize) {
    let front = name.get(..4).unwrap_or(name);
    match front.utf8_chunks().next().and_then(|chunk| chunk.valid().chars().next()) {
        Some(character) => (character, character.len_utf8()),
        None => (char::REPLACEMENT_CHARACTER, 1),
    }
}
