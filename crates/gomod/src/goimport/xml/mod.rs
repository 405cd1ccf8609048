//! XML in pieces, as Go's `encoding/xml` reads it with `Strict` off and `RawToken`: with its tolerance, its refusals and their words.
//!
//! Pages are HTML and only look like XML. What Go stumbles over decides whether a module can be fetched, so the same bytes must be
//! refused here.
//!
//! Source: Go `encoding/xml`, 1.27, with the `CharsetReader` of `cmd/go/internal/vcs/discovery.go`.

mod names;

use crate::text::{from_utf8, quote_bytes};

/// A piece of a page, as far as anyone asks for it.
pub(super) enum Token {
    /// The beginning of an element: its name, and its attributes with their values, names without their space.
    Start(String, Vec<(String, String)>),
    /// The end of an element; one that is empty (`<x/>`) has it, too.
    End(String),
    /// Text, a comment, an instruction, a declaration.
    Other,
}

/// The pieces of a page.
pub(super) struct Tokens<'p> {
    page: &'p [u8],
    at: usize,
    /// The name of an empty element, whose end comes next.
    empty: Option<String>,
    /// The piece of text that is being read.
    text: Vec<u8>,
}

/// Where a piece of text ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Until {
    Tag,
    Quote(u8),
    CdataEnd,
}

impl<'p> Tokens<'p> {
    pub(super) fn new(page: &'p [u8]) -> Self {
        Tokens { page, at: 0, empty: None, text: Vec::new() }
    }

    /// The next piece; None at the end of the page. After an error there is nothing more to be asked.
    pub(super) fn next_token(&mut self) -> Result<Option<Token>, String> {
        if let Some(name) = self.empty.take() {
            return Ok(Some(Token::End(name)));
        }
        let Some(byte) = self.peek() else { return Ok(None) };
        if byte != b'<' {
            self.text(Until::Tag)?;
            return Ok(Some(Token::Other));
        }
        self.at += 1;
        match self.byte()? {
            b'/' => self.end().map(Some),
            b'?' => self.instruction().map(Some),
            b'!' => self.declaration().map(Some),
            _ => {
                self.at -= 1;
                self.start().map(Some)
            }
        }
    }

    fn start(&mut self) -> Result<Token, String> {
        let name = self.local_name("expected element name after <")?;
        let mut attributes = Vec::new();
        loop {
            self.space();
            match self.byte()? {
                b'/' => {
                    if self.byte()? != b'>' {
                        return Err(self.fault("expected /> in element"));
                    }
                    self.empty = Some(name.clone());
                    break;
                }
                b'>' => break,
                _ => self.at -= 1,
            }
            attributes.push(self.attribute()?);
        }
        Ok(Token::Start(name, attributes))
    }

    /// An attribute; one without value has its name as its value.
    fn attribute(&mut self) -> Result<(String, String), String> {
        let name = self.local_name("expected attribute name in element")?;
        self.space();
        if self.byte()? != b'=' {
            self.at -= 1;
            return Ok((name.clone(), name));
        }
        self.space();
        let value = match self.byte()? {
            mark @ (b'"' | b'\'') => self.text(Until::Quote(mark))?,
            _ => {
                self.at -= 1;
                self.bare_value()?
            }
        };
        Ok((name, value))
    }

    fn bare_value(&mut self) -> Result<String, String> {
        let mut value = String::new();
        loop {
            match self.byte()? {
                byte if byte.is_ascii_alphanumeric() || b"_:-".contains(&byte) => value.push(char::from(byte)),
                _ => {
                    self.at -= 1;
                    return Ok(value);
                }
            }
        }
    }

    fn end(&mut self) -> Result<Token, String> {
        let name = self.local_name("expected element name after </")?;
        self.space();
        if self.byte()? != b'>' {
            return Err(self.fault(&format!("invalid characters between </{name} and >")));
        }
        Ok(Token::End(name))
    }

    fn instruction(&mut self) -> Result<Token, String> {
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

    fn declaration(&mut self) -> Result<Token, String> {
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

    /// Reads text, with its references undone and its line ends as `\n`.
    fn text(&mut self, until: Until) -> Result<String, String> {
        self.text.clear();
        let mut last = [0; 2];
        loop {
            let Some(byte) = self.peek() else {
                if until == Until::CdataEnd {
                    return Err(self.fault("unexpected EOF in CDATA section"));
                }
                break;
            };
            self.at += 1;
            match (byte, until) {
                (b'>', Until::CdataEnd) if last == *b"]]" => {
                    self.text.truncate(self.text.len() - 2);
                    break;
                }
                (b'>', Until::Tag) if last == *b"]]" => return Err(self.fault("unescaped ]]> not in CDATA section")),
                (b'<', Until::Quote(_)) => return Err(self.fault("unescaped < inside quoted string")),
                (b'<', Until::Tag) => {
                    self.at -= 1;
                    break;
                }
                (_, Until::Quote(mark)) if byte == mark => break,
                (b'&', Until::Tag | Until::Quote(_)) => {
                    self.reference()?;
                    last = [0; 2];
                    continue;
                }
                (b'\r', _) => self.text.push(b'\n'),
                (b'\n', _) if last[1] == b'\r' => {}
                _ => self.text.push(byte),
            }
            last = [last[1], byte];
        }
        self.checked_text()
    }

    /// Reads what follows `&`. What is no reference stays as it is.
    fn reference(&mut self) -> Result<(), String> {
        let from = self.at;
        let number = self.byte()? == b'#';
        let meant = if number { self.number()? } else { self.entity(from)? };
        match meant {
            Some(character) => self.text.extend(character.encode_utf8(&mut [0; 4]).bytes()),
            None => {
                self.text.push(b'&');
                self.text.extend(self.page.get(from..self.at).unwrap_or_default());
            }
        }
        Ok(())
    }

    /// Reads digits up to and with a semicolon, or up to something else.
    fn number(&mut self) -> Result<Option<char>, String> {
        let mut byte = self.byte()?;
        let radix = if byte == b'x' { 16 } else { 10 };
        if radix == 16 {
            byte = self.byte()?;
        }
        let from = self.at - 1;
        while char::from(byte).is_digit(radix) {
            byte = self.byte()?;
        }
        if byte != b';' {
            self.at -= 1;
            return Ok(None);
        }
        let digits = self.page.get(from..self.at - 1).and_then(|digits| str::from_utf8(digits).ok()).unwrap_or_default();
        let code = u32::from_str_radix(digits, radix).ok().filter(|code| *code <= 0x10_ffff);
        Ok(code.map(|code| char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)))
    }

    /// Reads a name from `from` up to and with a semicolon, or up to something else.
    fn entity(&mut self, from: usize) -> Result<Option<char>, String> {
        self.at = from;
        while is_name_byte(self.byte()?) {}
        if self.page.get(self.at - 1) != Some(&b';') {
            self.at -= 1;
            return Ok(None);
        }
        Ok(match self.page.get(from..self.at - 1).unwrap_or_default() {
            b"lt" => Some('<'),
            b"gt" => Some('>'),
            b"amp" => Some('&'),
            b"apos" => Some('\''),
            b"quot" => Some('"'),
            _ => None,
        })
    }

    fn checked_text(&self) -> Result<String, String> {
        let (text, bad) = match str::from_utf8(&self.text) {
            Ok(text) => (text, None),
            Err(error) => (str::from_utf8(&self.text[..error.valid_up_to()]).unwrap_or_default(), Some("invalid UTF-8")),
        };
        let fine = |character: &char| matches!(character, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
        match (text.chars().find(|character| !fine(character)), bad) {
            (Some(character), _) => Err(self.fault(&format!("illegal character code U+{:04X}", u32::from(character)))),
            (None, Some(bad)) => Err(self.fault(bad)),
            (None, None) => Ok(text.into()),
        }
    }

    /// A name without its space: what follows the only colon, if something stands on both its sides.
    fn local_name(&mut self, missing: &str) -> Result<String, String> {
        let name = self.name(missing)?;
        match name.split_once(':') {
            Some((_, local)) if local.contains(':') => Err(self.fault(missing)),
            Some((space, local)) if !space.is_empty() && !local.is_empty() => Ok(local.into()),
            _ => Ok(name),
        }
    }

    fn name(&mut self, missing: &str) -> Result<String, String> {
        let from = self.at;
        while is_name_byte(self.byte()?) {}
        self.at -= 1;
        let name = self.page.get(from..self.at).unwrap_or_default();
        match str::from_utf8(name) {
            Ok("") => Err(self.fault(missing)),
            Ok(text) if names::is_name(text) => Ok(text.into()),
            _ => Err(self.fault(&format!("invalid XML name: {}", from_utf8(name)))),
        }
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\r' | b'\n' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.page.get(self.at).copied()
    }

    fn byte(&mut self) -> Result<u8, String> {
        let byte = self.peek().ok_or_else(|| self.fault("unexpected EOF"))?;
        self.at += 1;
        Ok(byte)
    }

    /// An error in Go's words, with the line in which reading stopped.
    fn fault(&self, what: &str) -> String {
        let read = self.page.get(..self.at).unwrap_or_default();
        let line = 1 + read.iter().filter(|byte| **byte == b'\n').count();
        format!("XML syntax error on line {line}: {what}")
    }
}

/// Any byte of a character beyond ASCII may belong to a name until the whole is looked at.
fn is_name_byte(byte: u8) -> bool {
    !byte.is_ascii() || byte.is_ascii_alphanumeric() || b"_:.-".contains(&byte)
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

#[cfg(test)]
mod tests;
