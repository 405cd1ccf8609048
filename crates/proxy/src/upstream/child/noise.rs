//! What a child complains about, made fit for a terminal.

use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::limits;

/// Reads to the end and keeps the last [`limits::CHILD_STDERR_BYTES`]: tools say last what matters. Never waits for anyone: a child that
/// complains without end is heard without end, and forgotten.
pub(super) async fn heard(mut from: impl AsyncRead + Unpin) -> String {
    let (mut kept, mut buffer) = (Vec::new(), vec![0; limits::CHILD_STDERR_BYTES]);
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        kept.extend_from_slice(&buffer[..read]);
        let over = kept.len().saturating_sub(limits::CHILD_STDERR_BYTES);
        kept.drain(..over);
    }
    cleaned(&kept)
}

/// `bytes` as text without control characters: line feeds stay, carriage returns end a line, terminal sequences go, and so do characters
/// that turn the direction of writing. No line is empty.
pub fn cleaned(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = Vec::new();
    for line in text.split(['\n', '\r']) {
        let line = without_sequences(line);
        let line: String = line.chars().map(|c| if c == '\t' { ' ' } else { c }).filter(|c| !is_unseen(*c)).collect();
        let line = line.trim_end();
        if !line.is_empty() {
            lines.push(line.to_owned());
        }
    }
    lines.join("\n")
}

/// `line` without what a terminal would obey: `ESC [ … letter`, `ESC ] … BEL`, and any other escape with its next character.
fn without_sequences(line: &str) -> String {
    let (mut clean, mut rest) = (String::new(), line);
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        clean.push_str(before);
        rest = match after.as_bytes().first() {
            Some(b'[') => after.find(|c: char| ('@'..='~').contains(&c) && c != '[').map_or("", |end| &after[end + 1..]),
            Some(b']') => after.find('\u{7}').map_or("", |end| &after[end + 1..]),
            _ => {
                let mut characters = after.chars();
                characters.next();
                characters.as_str()
            }
        };
    }
    clean.push_str(rest);
    clean
}

fn is_unseen(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}
