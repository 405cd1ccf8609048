//! One error of the go command, and what the catalogue says of it.

use super::{
    blocks::{Anchor, Block},
    catalogue::{By, Row, rows},
    clean::redacted,
    limits::MAX_SHOWN_CHARS,
    phrase::occurs,
    subject::Subject,
};

/// An error in a log.
#[derive(Clone, PartialEq, Debug)]
pub struct Finding {
    /// Its cause; none if the catalogue does not have it.
    pub row: Option<&'static Row>,
    /// What it names.
    pub subject: Subject,
    /// What the go command printed, cleaned, without secrets, its lines joined by line feeds.
    pub text: String,
    /// The line where it was found first, counted from 1.
    pub line: u64,
    /// How often it was found.
    pub times: u64,
    /// The code in the answer of a modway server, see `docs/reasons.md`; empty if there is none.
    pub reason: String,
}

impl Finding {
    /// The code of its cause, or `unknown`.
    pub fn code(&self) -> &'static str {
        self.row.map_or("unknown", |row| row.code)
    }

    /// Looks a message up. None if it is not the go command's.
    pub(super) fn of(block: &Block) -> Option<Self> {
        let answered = block.lines.iter().position(|line| line.starts_with("server response:")).unwrap_or(block.lines.len());
        let (own, answer) = (one_line(&block.lines[..answered]), one_line(&block.lines[answered..]));
        let mut lines = block.lines.clone();
        let mut row = look_up(&own, &answer);
        if row.is_none_or(is_vague)
            && answer.is_empty()
            && let Some((found, whole)) = unwrapped(block, &own)
        {
            (row, lines) = (Some(found), vec![whole]);
        }
        if row.is_none() && (block.anchor == Anchor::Shaped || !sounds_like_an_error(&own)) {
            return None;
        }
        let text: String = redacted(&lines.join("\n")).chars().take(MAX_SHOWN_CHARS).collect();
        let subject = Subject::of(&one_line(&lines));
        Some(Self { row, subject, text, line: block.line, times: 1, reason: reason(&block.lines[answered..]) })
    }
}

/// The first row that fits.
fn look_up(own: &str, answer: &str) -> Option<&'static Row> {
    let speaker = speaker(own);
    rows().find(|row| {
        let speaks = matches!(row.by, By::Go | By::Module) || speaker.map_or(row.by == By::Unclear, |by| by == row.by);
        speaks
            && row.phrases.iter().any(|phrase| occurs(phrase, own))
            && (row.answer.is_empty() || row.answer.iter().any(|phrase| occurs(phrase, answer)))
    })
}

/// Who said it, by what was asked of whom.
fn speaker(own: &str) -> Option<By> {
    const SIGNS: [(By, &[&str]); 4] = [
        (
            By::Repository,
            &[
                "git ls-remote",
                "git fetch",
                "git -c ",
                "git init",
                "git cat-file",
                "git archive",
                "git log",
                "hg pull",
                "hg identify",
                "hg log",
                "svn log",
                "svn list",
                "svn info",
                "fossil clone",
                "fatal: ",
                "no secure protocol found",
                "no protocol found",
            ],
        ),
        (
            By::Database,
            &[
                "initializing sumdb.Client",
                "verifying ",
                "/sumdb/",
                "/lookup/",
                "/tile/8/",
                "checksum mismatch",
                "from sumdb response",
                "go.sum database",
                "reading tree note",
                "sumdb",
            ],
        ),
        (By::Discovery, &["?go-get=1", "unrecognized import path", "https fetch", "go-import"]),
        (
            By::Proxy,
            &[
                "/@v/",
                "/@latest",
                "from proxy",
                "proxy returned",
                "file:///",
                "zip file too large",
                "not a valid zip file",
                "zip for ",
                "unzip ",
            ],
        ),
    ];
    SIGNS.iter().find(|(_, signs)| signs.iter().any(|sign| own.contains(sign))).map(|(by, _)| *by)
}

/// A row that only says who failed; a message that was broken may say more.
fn is_vague(row: &Row) -> bool {
    row.code.ends_with("-failed") || row.by == By::Unclear
}

/// The row of a message that was broken into lines, with the message.
///
/// What was broken had the width of a terminal, and what is taken for it must not be another tool's: a phrase counts if it begins in
/// what is surely the go command's, or right after one of its colons.
fn unwrapped(block: &Block, own: &str) -> Option<(&'static Row, String)> {
    let last = block.lines.last()?;
    let mut whole = [own.to_owned(), own.to_owned()];
    let mut before = last.as_str();
    for (count, line) in block.wrapped.iter().enumerate() {
        if before.chars().count() < 40 {
            return None;
        }
        for (whole, between) in whole.iter_mut().zip(["", " "]) {
            *whole = format!("{whole}{between}{line}");
            let rest = one_line(&block.wrapped[..=count]);
            let found = look_up(whole, "").filter(|row| !is_vague(row));
            if let Some(row) = found.filter(|_| own.ends_with(':') || look_up(&rest, "").is_none()) {
                return Some((row, whole.clone()));
            }
        }
        before = line;
    }
    None
}

/// Anything may begin with `go: `, such as a line of YAML; an error of the go command has more to it.
fn sounds_like_an_error(own: &str) -> bool {
    const SIGNS: [&str; 9] = ["://", ".mod", ".sum", "$GO", "GOPROXY", "-mod=", "flag", "module", "package"];
    const STARTS: [&str; 22] = [
        "cannot ",
        "can't ",
        "could not ",
        "error",
        "unable ",
        "failed ",
        "invalid ",
        "malformed ",
        "unknown ",
        "missing ",
        "no such ",
        "not found",
        "parsing ",
        "reading ",
        "open ",
        "mkdir ",
        "loading ",
        "updates to ",
        "inconsistent ",
        "build ",
        "conflicting ",
        "unexpected ",
    ];
    let names_version =
        own.split(' ').any(|word| word.split_once('@').is_some_and(|(path, _)| path.contains('.') || path.contains('/')));
    own.contains(' ')
        && (names_version || SIGNS.iter().any(|sign| own.contains(sign)) || STARTS.iter().any(|start| own.starts_with(start)))
}

fn one_line(lines: &[String]) -> String {
    lines.iter().flat_map(|line| line.split_whitespace()).collect::<Vec<_>>().join(" ")
}

/// modway ends its answers with `code: REASON` and a request id.
fn reason(answer: &[String]) -> String {
    let code = answer.iter().find_map(|line| line.split_once("code: ")).map_or("", |(_, rest)| rest);
    code.split(|c: char| !(c.is_ascii_lowercase() || c == '-')).next().unwrap_or("").to_owned()
}
