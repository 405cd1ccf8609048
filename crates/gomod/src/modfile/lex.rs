//! The tokens of go.mod. The parser looks one token ahead, and a fault has the position behind that token, as in Go.

use crate::text::{is_print, quote_char};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) line: usize,
    /// In characters, from 1.
    pub(super) column: usize,
}

#[derive(Clone, Debug)]
pub(super) struct Token<'t> {
    pub(super) kind: Kind,
    pub(super) start: Position,
    pub(super) end: Position,
    /// The text as written; of a comment, without its line end.
    pub(super) text: &'t str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    EndOfFile,
    EndOfLine,
    /// A comment behind something else. It ends the line.
    SuffixComment,
    /// A comment on a line of its own, line end included.
    LineComment,
    Open,
    Close,
    /// A word, a string as written, or punctuation other than parentheses.
    Word,
}

impl Kind {
    pub(super) fn ends_line(self) -> bool {
        matches!(self, Kind::EndOfFile | Kind::EndOfLine | Kind::SuffixComment)
    }
}

/// Where the syntax breaks, and how.
pub(super) struct SyntaxFault {
    pub(super) at: Position,
    pub(super) message: String,
}

pub(super) struct Lexer<'t> {
    rest: &'t str,
    at: Position,
    /// Whether there was anything but space on this line yet.
    line_has_text: bool,
}

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Lexer { rest: text, at: Position { line: 1, column: 1 }, line_has_text: false }
    }

    pub(super) fn next(&mut self) -> Result<Token<'t>, SyntaxFault> {
        let space = self.rest.len() - self.rest.trim_start_matches([' ', '\t', '\r']).len();
        self.take(space);
        let (start, before) = (self.at, self.rest);
        let kind = self.skip_token()?;
        let text = &before[..before.len() - self.rest.len()];
        let text = if matches!(kind, Kind::SuffixComment | Kind::LineComment) { without_line_end(text) } else { text };
        Ok(Token { kind, start, end: self.at, text })
    }

    fn skip_token(&mut self) -> Result<Kind, SyntaxFault> {
        let Some(first) = self.rest.chars().next() else { return Ok(Kind::EndOfFile) };
        match first {
            _ if self.rest.starts_with("//") => return Ok(self.skip_comment()),
            _ if self.rest.starts_with("/*") => return Err(self.block_comment()),
            '\n' => {
                self.take(1);
                return Ok(Kind::EndOfLine);
            }
            _ => self.line_has_text = true,
        }
        match first {
            '(' | ')' | '[' | ']' | '{' | '}' | ',' => self.take(1),
            '"' | '`' => self.skip_string(first)?,
            _ if is_word_char(first) => self.skip_word()?,
            _ => return Err(self.fault(format!("unexpected input character {}", quote_char(first)))),
        }
        Ok(match first {
            '(' => Kind::Open,
            ')' => Kind::Close,
            _ => Kind::Word,
        })
    }

    fn skip_comment(&mut self) -> Kind {
        let kind = if self.line_has_text { Kind::SuffixComment } else { Kind::LineComment };
        self.take(self.rest.find('\n').map_or(self.rest.len(), |end| end + 1));
        kind
    }

    fn skip_string(&mut self, mark: char) -> Result<(), SyntaxFault> {
        let start = self.at;
        let unfinished = || SyntaxFault { at: start, message: "unexpected EOF in string".into() };
        self.take(1);
        loop {
            let character = self.rest.chars().next().ok_or_else(unfinished)?;
            if character == '\n' {
                return Err(self.fault("unexpected newline in string".into()));
            }
            self.take(character.len_utf8());
            if character == mark {
                return Ok(());
            }
            if character == '\\' && mark != '`' {
                let escaped = self.rest.chars().next().ok_or_else(unfinished)?;
                self.take(escaped.len_utf8());
                self.line_has_text = true;
            }
        }
    }

    fn skip_word(&mut self) -> Result<(), SyntaxFault> {
        while let Some(character) = self.rest.chars().next().filter(|&character| is_word_char(character)) {
            if self.rest.starts_with("//") {
                break;
            }
            if self.rest.starts_with("/*") {
                return Err(self.block_comment());
            }
            self.take(character.len_utf8());
        }
        Ok(())
    }

    fn take(&mut self, bytes: usize) {
        let (taken, rest) = self.rest.split_at(bytes);
        self.rest = rest;
        for character in taken.chars() {
            if character == '\n' {
                self.at = Position { line: self.at.line + 1, column: 1 };
                self.line_has_text = false;
            } else {
                self.at.column += 1;
            }
        }
    }

    fn block_comment(&self) -> SyntaxFault {
        self.fault("mod files must use // comments (not /* */ comments)".into())
    }

    pub(super) fn fault(&self, message: String) -> SyntaxFault {
        SyntaxFault { at: self.at, message }
    }
}

fn is_word_char(character: char) -> bool {
    is_print(character) && !" ()[]{},".contains(character)
}

fn without_line_end(comment: &str) -> &str {
    let comment = comment.strip_suffix("\r\n").unwrap_or(comment);
    comment.strip_suffix('\n').unwrap_or(comment)
}
