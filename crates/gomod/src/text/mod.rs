//! How Go spells text: `%q` quoting and its two character classes, so that our error texts are Go's to the letter.

mod tables;

use tables::{LETTERS, PRINTABLE};

/// Quotes text as Go's `%q` does.
///
/// Shape: `a"b` becomes `"a\"b"`.
///
/// Source: Go `strconv.Quote`, 1.27.
pub fn quote(text: &str) -> String {
    quote_bytes(text.as_bytes())
}

/// Quotes bytes as Go's `%q` does with a string that holds them; a byte that is not UTF-8 is written `\xff`.
///
/// Source: Go `strconv.Quote`, 1.27.
pub fn quote_bytes(bytes: &[u8]) -> String {
    let mut quoted = String::with_capacity(bytes.len() + 2);
    quoted.push('"');
    for chunk in bytes.utf8_chunks() {
        chunk.valid().chars().for_each(|character| push_escaped(&mut quoted, character, '"'));
        chunk.invalid().iter().for_each(|byte| quoted.push_str(&format!("\\x{byte:02x}")));
    }
    quoted.push('"');
    quoted
}

/// Quotes one character as Go's `%q` does with a rune.
///
/// Shape: `é` becomes `'é'`, a line feed becomes `'\n'`.
///
/// Source: Go `strconv.QuoteRune`, 1.27.
pub fn quote_char(character: char) -> String {
    let mut quoted = String::from("'");
    push_escaped(&mut quoted, character, '\'');
    quoted.push('\'');
    quoted
}

/// Reads bytes as Go does that walks over a string by runes: each byte that is not UTF-8 becomes one U+FFFD.
///
/// Source: the Go specification, "For statements with range clause".
pub fn from_utf8(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    text
}

/// Tells whether a character is a letter to Go: general category L, marks not included.
///
/// Source: Go `unicode.IsLetter`, 1.27 (Unicode 17).
pub fn is_letter(character: char) -> bool {
    holds(LETTERS, character)
}

/// Tells whether Go prints a character as it is.
///
/// Source: Go `strconv.IsPrint`, 1.27 (Unicode 17).
pub fn is_print(character: char) -> bool {
    holds(PRINTABLE, character)
}

fn holds(flips: &[u32], character: char) -> bool {
    flips.partition_point(|&flip| flip <= u32::from(character)) % 2 == 1
}

fn push_escaped(quoted: &mut String, character: char, mark: char) {
    let short = match character {
        '\u{07}' => 'a',
        '\u{08}' => 'b',
        '\u{0c}' => 'f',
        '\n' => 'n',
        '\r' => 'r',
        '\t' => 't',
        '\u{0b}' => 'v',
        '\\' => '\\',
        _ if character == mark => mark,
        _ if is_print(character) => return quoted.push(character),
        _ => return quoted.push_str(&numeric_escape(u32::from(character))),
    };
    quoted.extend(['\\', short]);
}

fn numeric_escape(code: u32) -> String {
    match code {
        0..0x20 | 0x7f => format!("\\x{code:02x}"),
        0x20..0x1_0000 => format!("\\u{code:04x}"),
        _ => format!("\\U{code:08x}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, quoted: &str) {
        assert_eq!(quote(text), quoted);
    }

    #[test]
    fn quoting_is_that_of_go() {
        check("", r#""""#);
        check("a\"b'c\\", r#""a\"b'c\\""#);
        check("\u{07}\u{08}\u{0c}\n\r\t\u{0b}\0\x7f", r#""\a\b\f\n\r\t\v\x00\x7f""#);
        check("é世\u{a0}\u{feff}\u{e0001}", r#""é世\u00a0\ufeff\U000e0001""#);
        check("a\u{301}", "\"a\u{301}\"");
        assert_eq!(quote_bytes(b"a\xff\xe4\xb8"), r#""a\xff\xe4\xb8""#);
        assert_eq!(quote_char('\''), r"'\''");
        assert_eq!(quote_char('"'), "'\"'");
    }

    #[test]
    fn each_bad_byte_is_one_replacement_character() {
        assert_eq!(from_utf8(b"a\xf0\x9f\x80b\xff"), "a\u{fffd}\u{fffd}\u{fffd}b\u{fffd}");
    }

    #[test]
    fn a_mark_is_no_letter_although_rust_calls_it_alphabetic() {
        assert!('\u{345}'.is_alphabetic() && !is_letter('\u{345}'));
        assert!('Ⅷ'.is_alphabetic() && !is_letter('Ⅷ'));
        assert!(is_letter('é') && is_letter('世') && !is_letter('1') && !is_letter('_'));
    }
}
