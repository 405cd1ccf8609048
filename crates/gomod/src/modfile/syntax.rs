//! The statements of go.mod: lines, and blocks of lines, with the comments that belong to them.

use super::lex::{Kind, Lexer, Position, SyntaxFault, Token};

pub(super) enum Statement {
    Line(Line),
    Block(Block),
    /// Comments that an empty line parts from what follows.
    Comments,
}

/// One line.
pub(super) struct Line {
    pub(super) start: Position,
    end: Position,
    /// As written; there is at least one.
    pub(super) tokens: Vec<String>,
    pub(super) comments: Comments,
}

/// Lines in parentheses.
pub(super) struct Block {
    pub(super) start: Position,
    /// What stands before the parenthesis; there is at least one.
    pub(super) tokens: Vec<String>,
    pub(super) lines: Vec<Line>,
    pub(super) comments: Comments,
}

/// The comments of a line or a block, with their slashes.
#[derive(Default)]
pub(super) struct Comments {
    /// Those on the lines before. In blocks an empty text stands for an empty line.
    pub(super) before: Vec<String>,
    /// The one at the end of the line; others only in the odd case of [`settle`].
    pub(super) suffix: Vec<String>,
}

impl Comments {
    pub(super) fn is_empty(&self) -> bool {
        self.before.is_empty() && self.suffix.is_empty()
    }
}

/// Splits go.mod into statements. The name of the file is for one message.
pub(super) fn statements(file: &str, text: &str) -> Result<Vec<Statement>, SyntaxFault> {
    let mut lexer = Lexer::new(text);
    let ahead = lexer.next()?;
    let mut parser = Parser { file, lexer, ahead };
    let mut statements = Vec::new();
    let mut comments = Vec::new();
    loop {
        match parser.ahead.kind {
            Kind::EndOfFile => break,
            Kind::EndOfLine => {
                parser.lex()?;
                statements.extend((!comments.is_empty()).then_some(Statement::Comments));
                comments.clear();
            }
            Kind::LineComment => comments.push(parser.lex()?.text.to_owned()),
            Kind::SuffixComment | Kind::Open | Kind::Close | Kind::Word => {
                statements.push(parser.statement(std::mem::take(&mut comments))?);
            }
        }
    }
    settle(statements.iter_mut().map(|statement| match statement {
        Statement::Line(line) => Some(line),
        Statement::Block(_) | Statement::Comments => None,
    }));
    Ok(statements)
}

struct Parser<'t> {
    file: &'t str,
    lexer: Lexer<'t>,
    ahead: Token<'t>,
}

impl<'t> Parser<'t> {
    fn lex(&mut self) -> Result<Token<'t>, SyntaxFault> {
        let next = self.lexer.next()?;
        Ok(std::mem::replace(&mut self.ahead, next))
    }

    fn statement(&mut self, before: Vec<String>) -> Result<Statement, SyntaxFault> {
        let first = self.lex()?;
        let (start, mut end) = (first.start, first.end);
        let mut tokens = vec![first.text.to_owned()];
        loop {
            let token = self.lex()?;
            match token.kind {
                kind if kind.ends_line() => return Ok(Statement::Line(line(start, end, tokens, before, &token))),
                Kind::Open if self.ahead.kind.ends_line() => return self.block(start, tokens, before).map(Statement::Block),
                Kind::Open if self.ahead.kind == Kind::Close => {
                    let close = self.lex()?;
                    if self.ahead.kind.ends_line() {
                        self.lex()?;
                        let comments = Comments { before, suffix: Vec::new() };
                        return Ok(Statement::Block(Block { start, tokens, lines: Vec::new(), comments }));
                    }
                    tokens.extend([token.text.to_owned(), close.text.to_owned()]);
                }
                Kind::Open => tokens.push(token.text.to_owned()),
                _ => {
                    tokens.push(token.text.to_owned());
                    end = token.end;
                }
            }
        }
    }

    /// Reads a block behind its opening parenthesis.
    fn block(&mut self, start: Position, tokens: Vec<String>, before: Vec<String>) -> Result<Block, SyntaxFault> {
        let (mut lines, mut comments) = (Vec::new(), Vec::<String>::new());
        loop {
            match self.ahead.kind {
                Kind::EndOfFile => {
                    let Position { line, column } = start;
                    let message = format!("syntax error (unterminated block started at {}:{line}:{column})", self.file);
                    return Err(self.lexer.fault(message));
                }
                Kind::SuffixComment => _ = self.lex()?,
                Kind::EndOfLine => {
                    self.lex()?;
                    // The first empty line of several counts, but not at the beginning of the block.
                    if comments.last().map_or(!lines.is_empty(), |last| !last.is_empty()) {
                        comments.push(String::new());
                    }
                }
                Kind::LineComment => comments.push(self.lex()?.text.to_owned()),
                Kind::Close => {
                    self.lex()?;
                    if !self.ahead.kind.ends_line() {
                        return Err(self.lexer.fault("syntax error (expected newline after closing paren)".into()));
                    }
                    self.lex()?;
                    settle(lines.iter_mut().map(Some));
                    return Ok(Block { start, tokens, lines, comments: Comments { before, suffix: Vec::new() } });
                }
                Kind::Open | Kind::Word => lines.push(self.line(std::mem::take(&mut comments))?),
            }
        }
    }

    fn line(&mut self, before: Vec<String>) -> Result<Line, SyntaxFault> {
        let first = self.lex()?;
        let (start, mut end) = (first.start, first.end);
        let mut tokens = vec![first.text.to_owned()];
        loop {
            let token = self.lex()?;
            if token.kind.ends_line() {
                return Ok(line(start, end, tokens, before, &token));
            }
            tokens.push(token.text.to_owned());
            end = token.end;
        }
    }
}

/// Makes a line from its tokens and what ended it.
fn line(start: Position, end: Position, tokens: Vec<String>, before: Vec<String>, last: &Token<'_>) -> Line {
    let suffix = Vec::from_iter((last.kind == Kind::SuffixComment).then(|| last.text.to_owned()));
    Line { start, end, tokens, comments: Comments { before, suffix } }
}

/// Gives the comment behind a line that a string with an escaped line end runs over two lines to the line before, as Go does.
/// None stands for whatever keeps such a comment from the lines before it.
fn settle<'l>(lines: impl Iterator<Item = Option<&'l mut Line>>) {
    let mut last: Option<&mut Line> = None;
    for line in lines {
        match line {
            Some(line) if line.start.line != line.end.line => {
                let comments = std::mem::take(&mut line.comments.suffix);
                if let Some(last) = &mut last {
                    last.comments.suffix.extend(comments);
                }
            }
            line => last = line,
        }
    }
}
