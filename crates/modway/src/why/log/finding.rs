//! One error of the go command, and what the catalogue says of it.

use super::{
    blocks::{Anchor, Block},
    catalogue::{By, Row, rows},
    clean::redacted,
    limits::{MAX_SHOWN_CHARS, MIN_WIDTH},
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
        let answered = block.parts.iter().position(|line| line.starts_with("server response:")).unwrap_or(block.parts.len());
        let (parts, answer) = (&block.parts[..answered], one_line(&block.parts[answered..]));
        let readings = readings(block, parts);
        let rows: Vec<_> = readings.iter().map(|reading| look_up(reading, &answer)).collect();
        let at = (0..rows.len()).min_by_key(|at| vagueness(rows[*at])).unwrap_or(0);
        let (row, mut own) = match unwrapped(block, readings.get(1).unwrap_or(&readings[0]), vagueness(rows[at])) {
            Some((row, own)) => (Some(row), own),
            None => (rows[at], readings[at].clone()),
        };
        if row.is_none() && (block.anchor == Anchor::Shaped || !sounds_like_an_error(&own)) {
            return None;
        }
        let subject = Subject::of(&own);
        if own == readings[0] {
            // As it was printed.
            own = [&[block.head[0].trim().to_owned()], parts].concat().join("\n");
        }
        let text = [&[own], &block.parts[answered..]].concat().join("\n");
        let text: String = redacted(&text).chars().take(MAX_SHOWN_CHARS).collect();
        Some(Self { row, subject, text, line: block.line, times: 1, reason: reason(&block.parts[answered..]) })
    }
}

/// What the go command may have printed in one line: as it is, and with the pieces of a broken first line put together.
fn readings(block: &Block, parts: &[String]) -> Vec<String> {
    let heads = [block.head[0].clone(), block.head.concat(), block.head.join(" ")];
    let count = if block.head.len() == 1 { 1 } else { heads.len() };
    heads.into_iter().take(count).map(|head| one_line(&[&[head], parts].concat())).collect()
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
                "unable to resolve git version",
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
                // Where a redirect of a proxy leads, its path is any. The others say what they get it for.
                "Get \"http",
            ],
        ),
    ];
    SIGNS.iter().find(|(_, signs)| signs.iter().any(|sign| own.contains(sign))).map(|(by, _)| *by)
}

/// How little a row says: a message that was broken may say more than its first piece.
fn vagueness(row: Option<&Row>) -> u8 {
    const WIDE: [&str; 4] = ["sumdb-trouble", "sumdb-unreachable", "discovery-unreachable", "package-not-found"];
    match row {
        None => 3,
        Some(row) if row.code.ends_with("-failed") || row.by == By::Unclear => 2,
        Some(row) if WIDE.contains(&row.code) => 1,
        Some(_) => 0,
    }
}

/// The row of a message that was broken in the middle of a phrase, if it is less vague than what its first piece says.
///
/// What follows may be another tool's. That it is not shows in words of the go command that begin in its message and end in what follows.
fn unwrapped(block: &Block, own: &str, vague: u8) -> Option<(&'static Row, String)> {
    let mut whole = [own.to_owned(), own.to_owned()];
    let mut before = block.parts.last().or(block.head.last())?.as_str();
    for (count, line) in block.wrapped.iter().enumerate() {
        if vague == 0 || before.chars().count() < MIN_WIDTH {
            return None;
        }
        let rest = one_line(&block.wrapped[..=count]);
        for (whole, between) in whole.iter_mut().zip(["", " "]) {
            *whole = format!("{whole}{between}{line}");
            let found = look_up(whole, "").filter(|row| vagueness(Some(row)) < vague);
            let crosses =
                |phrase: &&str| !phrase.contains('…') && occurs(phrase, whole) && !occurs(phrase, own) && !occurs(phrase, &rest);
            if let Some(row) = found.filter(|row| row.phrases.iter().chain(&RUNS).any(crosses)) {
                return Some((row, whole.clone()));
            }
        }
        before = line;
    }
    None
}

/// What the go command prints without a break before it comes to the cause.
const RUNS: [&str; 6] = [
    "tls: failed to verify certificate: x509: ",
    "dial tcp {}: ",
    "dial tcp: lookup {}: ",
    "lookup {}: no such",
    "parsing {}: XML",
    "parsing {}: xml",
];

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
