//! XML in pieces, as Go's `encoding/xml` reads it with `Strict` off and `RawToken`: with its tolerance, its refusals and their words.
//!
//! Pages are HTML and only look like XML. What Go stumbles over decides whether a module can be fetched, so the same bytes must be
//! refused here.
//!
//! Source: Go `encoding/xml`, 1.27, with the `CharsetReader` of `cmd/go/internal/vcs/discovery.go`.

mod text;

mod aside;

mod names;

use crate::text::from_utf8;
use text::Until;

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

#[cfg(test)]
mod tests;
