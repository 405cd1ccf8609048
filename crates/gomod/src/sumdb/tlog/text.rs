//! The log's texts: the tree head that is signed, and the record as a lookup serves it.

use std::fmt;

use super::{Hash, MAX_TREE_SIZE, Tree};

/// The longest tree text, in bytes.
const MAX_TREE_TEXT_BYTES: usize = 1_000_000;

/// Why a text of the log was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Not `go.sum database tree`, size and hash on three lines.
    #[error("malformed tree note")]
    Tree,
    /// Not an id, record lines and a blank line; an error page, for instance.
    #[error("malformed record data")]
    Record,
    /// Not base64 of 32 bytes.
    #[error("malformed hash")]
    Hash,
}

impl Tree {
    /// Parses the text of a signed tree head: `go.sum database tree`, the size and the base64 hash on a line each.
    ///
    /// Further lines are ignored, for forward compatibility.
    ///
    /// Errors: [`TextError::Tree`].
    /// Source: `tlog.ParseTree`.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let mut lines = text.split('\n');
        let (prefix, size, hash, rest) = (lines.next(), lines.next(), lines.next(), lines.next());
        let (Some("go.sum database tree"), Some(size_text), Some(hash), Some(_)) = (prefix, size, hash, rest) else {
            return Err(TextError::Tree);
        };
        let size = size_text.parse::<u64>().map_err(|_| TextError::Tree)?;
        let is_canonical = size <= MAX_TREE_SIZE && size.to_string() == size_text;
        if !is_canonical || text.len() > MAX_TREE_TEXT_BYTES {
            return Err(TextError::Tree);
        }
        let hash = Hash::parse(hash).map_err(|_| TextError::Tree)?;
        Ok(Self { size, hash })
    }
}

impl fmt::Display for Tree {
    /// Prints the text to be signed, its final newline included.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "go.sum database tree\n{}\n{}\n", self.size, self.hash)
    }
}

/// Formats record `id` as a lookup serves it: the id, the text and a blank line.
///
/// Errors: [`TextError::Record`] if the text has control characters or a blank line, or does not end in a newline.
/// Source: `tlog.FormatRecord`.
pub fn format_record(id: u64, text: &str) -> Result<String, TextError> {
    if is_valid_record(text) { Ok(format!("{id}\n{text}\n")) } else { Err(TextError::Record) }
}

/// Parses the record at the start of a lookup's answer into its id, its text and the rest, which is the signed tree head.
///
/// Errors: [`TextError::Record`].
/// Source: `tlog.ParseRecord`. Departs from it: a negative id is refused; Go takes it for record 0.
pub fn parse_record(message: &[u8]) -> Result<(u64, &str, &[u8]), TextError> {
    let line = message.iter().position(|byte| *byte == b'\n').ok_or(TextError::Record)?;
    let id = std::str::from_utf8(&message[..line]).ok().and_then(|id| id.parse::<u64>().ok());
    let message = &message[line + 1..];
    let blank = message.windows(2).position(|pair| pair == b"\n\n").ok_or(TextError::Record)?;
    let text = std::str::from_utf8(&message[..=blank]).ok().filter(|text| is_valid_record(text));
    match (id, text) {
        (Some(id), Some(text)) if id <= MAX_TREE_SIZE => Ok((id, text, &message[blank + 2..])),
        _ => Err(TextError::Record),
    }
}

fn is_valid_record(text: &str) -> bool {
    text.ends_with('\n') && !text.contains("\n\n") && !text.bytes().any(|byte| byte < 0x20 && byte != b'\n')
}
