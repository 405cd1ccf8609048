//! JSON as Go's `encoding/json` reads it, in its words: keys may repeat, lone surrogates become U+FFFD, numbers are not looked at.

use crate::text::{is_print, quote_bytes, quote_char};

/// A JSON value, as far as an `.info` document needs it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Null,
    Bool,
    Number,
    String(String),
    Array,
    /// In the order of the document; keys may repeat.
    Object(Vec<(String, Value)>),
}

impl Value {
    /// What Go calls such a value.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool => "bool",
            Value::Number => "number",
            Value::String(_) => "string",
            Value::Array => "array",
            Value::Object(_) => "object",
        }
    }
}

/// How deep a document may be nested, so that reading it needs a bounded stack. Go's own bound is 10000.
const MAX_DEPTH: usize = 128;

/// Reads a document, which is one value and space around it.
pub(super) fn parse(text: &str) -> Result<Value, String> {
    let mut reader = Reader { rest: text };
    let value = reader.value(0)?;
    match reader.peek() {
        Ok(character) => Err(invalid(character, "after top-level value")),
        Err(_) => Ok(value),
    }
}

struct Reader<'t> {
    rest: &'t str,
}

impl<'t> Reader<'t> {
    fn value(&mut self, depth: usize) -> Result<Value, String> {
        if depth > MAX_DEPTH {
            return Err("exceeded max depth".into());
        }
        match self.peek()? {
            '{' => self.object(depth).map(Value::Object),
            '[' => self.array(depth).map(|()| Value::Array),
            '"' => self.string().map(Value::String),
            '-' | '0'..='9' => self.number().map(|()| Value::Number),
            't' => self.literal("true").map(|()| Value::Bool),
            'f' => self.literal("false").map(|()| Value::Bool),
            'n' => self.literal("null").map(|()| Value::Null),
            character => Err(invalid(character, "looking for beginning of value")),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Vec<(String, Value)>, String> {
        let mut fields = Vec::new();
        self.skip(1);
        if self.peek()? == '}' {
            self.skip(1);
            return Ok(fields);
        }
        loop {
            match self.peek()? {
                '"' => {}
                character => return Err(invalid(character, "looking for beginning of object key string")),
            }
            let key = self.string()?;
            match self.peek()? {
                ':' => self.skip(1),
                character => return Err(invalid(character, "after object key")),
            }
            fields.push((key, self.value(depth + 1)?));
            match self.peek()? {
                ',' => self.skip(1),
                '}' => {
                    self.skip(1);
                    return Ok(fields);
                }
                character => return Err(invalid(character, "after object key:value pair")),
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<(), String> {
        self.skip(1);
        if self.peek()? == ']' {
            self.skip(1);
            return Ok(());
        }
        loop {
            self.value(depth + 1)?;
            match self.peek()? {
                ',' => self.skip(1),
                ']' => {
                    self.skip(1);
                    return Ok(());
                }
                character => return Err(invalid(character, "after array element")),
            }
        }
    }

    fn string(&mut self) -> Result<String, String> {
        let mut string = String::new();
        self.skip(1);
        loop {
            match self.here()? {
                '"' => {
                    self.skip(1);
                    return Ok(string);
                }
                '\\' => string.push(self.escape()?),
                character if character < ' ' => return Err(invalid(character, "in string")),
                character => {
                    string.push(character);
                    self.skip(character.len_utf8());
                }
            }
        }
    }

    fn escape(&mut self) -> Result<char, String> {
        let backslash = self.rest;
        self.skip(1);
        let character = match self.here()? {
            character @ ('"' | '\\' | '/') => character,
            'b' => '\u{08}',
            'f' => '\u{0c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => return self.code_point(backslash),
            _ => return Err(bad_escape(backslash, 2)),
        };
        self.skip(1);
        Ok(character)
    }

    /// Reads the escape of a code point, which may be two surrogates. A surrogate alone becomes U+FFFD.
    fn code_point(&mut self, backslash: &'t str) -> Result<char, String> {
        let unit = code_unit(backslash)?;
        self.rest = backslash.get(6..).unwrap_or_default();
        if !(0xd800..0xdc00).contains(&unit) {
            return Ok(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        let low = if self.rest.starts_with("\\u") { code_unit(self.rest)? } else { 0 };
        if !(0xdc00..0xe000).contains(&low) {
            return Ok(char::REPLACEMENT_CHARACTER);
        }
        self.skip(6);
        Ok(char::from_u32(0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00)).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn number(&mut self) -> Result<(), String> {
        if self.rest.starts_with('-') {
            self.skip(1);
        }
        if self.rest.starts_with('0') {
            self.skip(1);
        } else {
            self.digits()?;
        }
        if self.rest.starts_with('.') {
            self.skip(1);
            self.digits()?;
        }
        if self.rest.starts_with(['e', 'E']) {
            self.skip(1);
            if self.rest.starts_with(['+', '-']) {
                self.skip(1);
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), String> {
        match self.here()? {
            '0'..='9' => self.rest = self.rest.trim_start_matches(|digit: char| digit.is_ascii_digit()),
            character => return Err(invalid(character, "in numeric literal")),
        }
        Ok(())
    }

    fn literal(&mut self, literal: &str) -> Result<(), String> {
        for expected in literal.chars() {
            let character = self.here()?;
            if character != expected {
                return Err(invalid(character, &format!("in literal {literal} (expecting {})", quote_char(expected))));
            }
            self.skip(1);
        }
        Ok(())
    }

    /// The next character that is no space.
    fn peek(&mut self) -> Result<char, String> {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n']);
        self.here()
    }

    fn here(&self) -> Result<char, String> {
        self.rest.chars().next().ok_or_else(|| "unexpected end of JSON input".into())
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }
}

fn code_unit(escape: &str) -> Result<u32, String> {
    let digits = escape.get(2..6).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
    let truncated = escape.len() < 6 && escape.bytes().skip(2).all(|digit| digit.is_ascii_hexdigit());
    match digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()) {
        Some(unit) => Ok(unit),
        None if truncated => Err("unexpected end of JSON input".into()),
        None => Err(bad_escape(escape, 6)),
    }
}

/// Shows the first bytes of an escape, which Go does not care to cut between characters.
fn bad_escape(backslash: &str, bytes: usize) -> String {
    let escape = backslash.as_bytes().get(..bytes).unwrap_or(backslash.as_bytes());
    let plain = |character: char| is_print(character) && !matches!(character, ' ' | '`' | char::REPLACEMENT_CHARACTER);
    let escape = match str::from_utf8(escape) {
        Ok(escape) if escape.chars().all(plain) => format!("`{escape}`"),
        _ => quote_bytes(escape),
    };
    format!("invalid escape sequence {escape} in string")
}

fn invalid(character: char, place: &str) -> String {
    format!("invalid character {} {place}", quote_char(character))
}
