//! Text, between elements and in attributes, with its references.

use super::{Tokens, is_name_byte};

/// Where a piece of text ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    Tag,
    Quote(u8),
    CdataEnd,
}

impl Tokens<'_> {
    /// Reads text, with its references undone and its line ends as `\n`.
    pub(super) fn text(&mut self, until: Until) -> Result<String, String> {
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
}
