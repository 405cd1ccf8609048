//! What stands between elements and is no text: instructions, comments, declarations.

use super::text::Until;
use super::{Token, Tokens};
use crate::text::quote_bytes;

impl Tokens<'_> {
    pub(super) fn instruction(&mut self) -> Result<Token, String> {
        let target = self.name("expected target name after <?")?;
        self.space();
        let from = self.at;
        let mut last = 0;
        loop {
            match (last, self.byte()?) {
                (b'?', b'>') => break,
                (_, byte) => last = byte,
            }
        }
        if target == "xml" {
            check_declaration(self.page.get(from..self.at - 2).unwrap_or_default())?;
        }
        Ok(Token::Other)
    }

    pub(super) fn declaration(&mut self) -> Result<Token, String> {
        match self.byte()? {
            b'-' => self.comment()?,
            b'[' => self.cdata()?,
            _ => self.directive()?,
        }
        Ok(Token::Other)
    }

    fn comment(&mut self) -> Result<(), String> {
        if self.byte()? != b'-' {
            return Err(self.fault("invalid sequence <!- not part of <!--"));
        }
        let mut last = [0; 2];
        loop {
            let byte = self.byte()?;
            if last == *b"--" {
                return if byte == b'>' { Ok(()) } else { Err(self.fault(r#"invalid sequence "--" not allowed in comments"#)) };
            }
            last = [last[1], byte];
        }
    }

    fn cdata(&mut self) -> Result<(), String> {
        for expected in b"CDATA[" {
            if self.byte()? != *expected {
                return Err(self.fault("invalid <![ sequence"));
            }
        }
        self.text(Until::CdataEnd).map(drop)
    }

    /// Passes over `<!DOCTYPE …>`: brackets inside are counted, quoted ones and comments are not. The first character was taken already, and
    /// is never a bracket or a quote.
    fn directive(&mut self) -> Result<(), String> {
        let (mut quote, mut depth) = (0, 0_usize);
        loop {
            let mut byte = self.byte()?;
            if byte == b'>' && quote == 0 && depth == 0 {
                return Ok(());
            }
            // The character that shows that a bracket begins no comment counts itself.
            while let Some(next) = self.directive_byte(byte, &mut quote, &mut depth)? {
                byte = next;
            }
        }
    }

    /// Counts one character of a directive; gives the one that comes after `<` if that is to be counted next.
    fn directive_byte(&mut self, byte: u8, quote: &mut u8, depth: &mut usize) -> Result<Option<u8>, String> {
        match byte {
            _ if byte == *quote => *quote = 0,
            _ if *quote != 0 => {}
            b'\'' | b'"' => *quote = byte,
            b'>' => *depth = depth.saturating_sub(1),
            b'<' => {
                for expected in b"!--" {
                    let next = self.byte()?;
                    if next != *expected {
                        *depth += 1;
                        return Ok(Some(next));
                    }
                }
                let mut last = [0; 2];
                loop {
                    match (last, self.byte()?) {
                        ([b'-', b'-'], b'>') => break,
                        (_, byte) => last = [last[1], byte],
                    }
                }
            }
            _ => {}
        }
        Ok(None)
    }
}

/// Checks version and encoding of `<?xml …?>`.
fn check_declaration(content: &[u8]) -> Result<(), String> {
    match pseudo_attribute(b"version=", content) {
        b"" | b"1.0" => {}
        other => return Err(format!("xml: unsupported version {}; only version 1.0 is supported", quote_bytes(other))),
    }
    let encoding = pseudo_attribute(b"encoding=", content);
    if encoding.is_empty() || [&b"utf-8"[..], b"ascii"].iter().any(|known| encoding.eq_ignore_ascii_case(known)) {
        return Ok(());
    }
    let encoding = quote_bytes(encoding);
    Err(format!("xml: opening charset {encoding}: can't decode XML document using charset {encoding}"))
}

/// The quoted text behind the first `key` that has one; empty if there is none.
fn pseudo_attribute<'c>(key: &[u8], content: &'c [u8]) -> &'c [u8] {
    let mut rest = content;
    while let Some(at) = rest.windows(key.len()).position(|window| window == key) {
        let Some((mark, after)) = rest.get(at + key.len()..).and_then(<[u8]>::split_first) else { return b"" };
        if matches!(mark, b'\'' | b'"') {
            let end = after.iter().position(|byte| byte == mark);
            return end.and_then(|end| after.get(..end)).unwrap_or_default();
        }
        rest = after;
    }
    b""
}
