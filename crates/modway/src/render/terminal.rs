//! Text for a terminal: colour where it is wanted, and columns that stay columns in Chinese.

use std::io::IsTerminal;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::config::Environment;

/// How wide a text is drawn where nothing says how wide the terminal is.
pub const WIDTH: usize = 100;

/// Where text is drawn: with or without colour, so many columns wide.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Terminal {
    /// Whether colours may be written.
    pub colour: bool,
    /// Columns.
    pub width: usize,
}

/// What a piece of text means, which decides how it looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    /// A heading.
    Title,
    /// All is well.
    Good,
    /// Worth a look.
    Warn,
    /// Broken.
    Bad,
    /// Beside the point.
    Dim,
    /// Something to type.
    Command,
}

impl Terminal {
    /// No colours, the usual width: files, pipes, tests.
    pub const PLAIN: Self = Self { colour: false, width: WIDTH };

    /// What standard output is. Colours only on a terminal that knows them, and not with NO_COLOR.
    ///
    /// Source: <https://no-color.org>: any text but an empty one counts.
    pub fn of_stdout(environment: &Environment) -> Self {
        Self::of(std::io::stdout(), environment)
    }

    /// What standard error is.
    pub fn of_stderr(environment: &Environment) -> Self {
        Self::of(std::io::stderr(), environment)
    }

    fn of(stream: impl IsTerminal + std::os::fd::AsFd, environment: &Environment) -> Self {
        let terminal = stream.is_terminal();
        let columns = rustix::termios::tcgetwinsize(&stream).ok().filter(|_| terminal).map(|size| usize::from(size.ws_col));
        Self {
            colour: terminal && environment.get("NO_COLOR").is_none() && environment.get("TERM") != Some("dumb"),
            width: columns.filter(|columns| *columns > 0).map_or(WIDTH, |columns| columns.clamp(40, 140)),
        }
    }

    /// `text` as `style` looks here.
    pub fn paint(self, style: Style, text: &str) -> String {
        let code = match style {
            Style::Title => "1",
            Style::Good => "32",
            Style::Warn => "33",
            Style::Bad => "1;31",
            Style::Dim => "2",
            Style::Command => "36",
        };
        if self.colour && !text.is_empty() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// `text` in lines that fit behind `indent` columns. Words are kept whole where they fit; Chinese may be broken anywhere but before
    /// closing punctuation. What is one word and too long, such as a URL, stays whole.
    pub fn wrap(self, text: &str, indent: usize) -> Vec<String> {
        let room = self.width.saturating_sub(indent).max(20);
        let mut lines = vec![String::new()];
        for piece in pieces(text) {
            let last = lines.last_mut().expect("there is always one");
            if !last.is_empty() && width(last) + width(piece.trim_end()) > room {
                last.truncate(last.trim_end().len());
                lines.push(piece.trim_start().to_owned());
            } else {
                last.push_str(piece);
            }
        }
        let last = lines.last_mut().expect("there is always one");
        last.truncate(last.trim_end().len());
        lines
    }
}

/// The columns that `text` takes; Chinese characters take two. Escape sequences of [`Terminal::paint`] take none.
pub fn width(text: &str) -> usize {
    let mut columns = 0;
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\x1b') {
        columns += before.width();
        rest = after.split_once('m').map_or("", |(_, behind)| behind);
    }
    columns + rest.width()
}

/// `text` and as many spaces as make it `columns` wide.
pub fn pad(text: &str, columns: usize) -> String {
    let spaces = columns.saturating_sub(width(text));
    format!("{text}{}", " ".repeat(spaces))
}

/// `text` cut to at most `columns`, with `…` where something is missing.
pub fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut short = String::new();
    for c in text.chars() {
        if width(&short) + c.width().unwrap_or(0) + 1 > columns {
            break;
        }
        short.push(c);
    }
    short.push('…');
    short
}

/// `text` on one line that can do nothing to a terminal: what strangers wrote is shown through here.
pub fn harmless(text: &str) -> String {
    let odd =
        |c: char| c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().map(|c| if odd(c) { ' ' } else { c }).collect()
}

/// The pieces between which a line may be broken: words with the space behind them, and single wide characters.
fn pieces(text: &str) -> Vec<&str> {
    const CLOSING: &str = "，。；：、！？）》」』”’…";
    const OPENING: &str = "（《「『“‘";
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let end = at + c.len_utf8();
        let Some(&(_, next)) = chars.peek() else { break };
        let is_wide = |c: char| c.width() == Some(2);
        let at_space = c == ' ' && next != ' ';
        let at_wide = (is_wide(c) || is_wide(next)) && !CLOSING.contains(next) && !OPENING.contains(c) && next != ' ';
        if at_space || at_wide {
            pieces.push(&text[start..end]);
            start = end;
        }
    }
    pieces.push(&text[start..]);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, columns: usize, lines: &[&str]) {
        assert_eq!(Terminal { colour: false, width: columns }.wrap(text, 0), lines);
    }

    #[test]
    fn lines_are_broken_between_words_and_between_chinese_characters() {
        check("one two three four five six", 20, &["one two three four", "five six"]);
        check(
            "https://example.test/very/long/path/that/stays whole",
            20,
            &["https://example.test/very/long/path/that/stays", "whole"],
        );
        check("这一跳的服务器没有回答，所以不知道。", 20, &["这一跳的服务器没有回", "答，所以不知道。"]);
        check("设置 GOPRIVATE=git.corp.test，然后再试", 20, &["设置", "GOPRIVATE=git.corp.test，", "然后再试"]);
        check("一二三四五六七八九十。", 20, &["一二三四五六七八九", "十。"]);
        check("", 20, &[""]);
    }

    #[test]
    fn columns_are_those_that_are_seen() {
        assert_eq!((width("a界"), width("\x1b[1;31ma界\x1b[0m"), pad("界", 4).as_str()), (3, 3, "界  "));
        assert_eq!((cut("abcdef", 4), cut("一二三", 5), cut("abc", 3)), ("abc…".into(), "一二…".into(), "abc".into()));
    }

    #[test]
    fn colours_are_for_terminals_that_want_them() {
        assert_eq!(Terminal::PLAIN.paint(Style::Bad, "x"), "x");
        assert_eq!(Terminal { colour: true, width: 80 }.paint(Style::Bad, "x"), "\x1b[1;31mx\x1b[0m");
        assert!(!Terminal::of_stdout(&Environment::of(&[("NO_COLOR", "1")])).colour);
    }

    #[test]
    fn what_strangers_wrote_does_nothing_to_a_terminal() {
        assert_eq!(harmless("a\x1b[2J\nb\u{202e}c"), "a [2J b c");
    }
}
