//! From lines to errors: where a message of the go command begins, and which of the following lines belong to it.

use super::{
    clean,
    decoration::{Bare, bare},
    limits::{MAX_BLOCK_LINES, MAX_FOREIGN_LINES, MAX_STREAMS, MAX_WRAPPED_LINES},
};

/// How sure it is that a line is the go command's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Anchor {
    /// It begins with `go: `: only the go command does that.
    Named,
    /// It begins as some message of the go command, which puts no name before it.
    Shaped,
}

/// A message with its lines.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Block {
    pub(super) anchor: Anchor,
    /// Counted from 1.
    pub(super) line: u64,
    /// Trimmed; the first without `go: `.
    pub(super) lines: Vec<String>,
    /// Lines after it that may be the rest of a message that was broken by whatever printed it.
    pub(super) wrapped: Vec<String>,
    indent: usize,
    foreign: usize,
}

/// Puts lines together. Lines of different streams do not disturb each other.
#[derive(Default, Debug)]
pub(super) struct Blocks {
    open: Vec<(String, Block)>,
}

impl Blocks {
    /// Takes the line with this number, and answers the messages that ended with it.
    pub(super) fn line(&mut self, number: u64, raw: &[u8]) -> Vec<Block> {
        clean::lines(raw).iter().filter_map(|line| self.piece(number, line)).collect()
    }

    /// The messages that the end of the log ends.
    pub(super) fn end(&mut self) -> Vec<Block> {
        self.open.drain(..).map(|(_, block)| block).collect()
    }

    fn piece(&mut self, number: u64, line: &str) -> Option<Block> {
        let Bare { stream, text } = bare(line);
        if let Some(head) = head(text) {
            let ended = self.take(stream);
            let Head::Message(anchor, message) = head else { return ended };
            let full = (self.open.len() >= MAX_STREAMS).then(|| self.open.remove(0).1);
            let lines = vec![message.trim().to_owned()];
            let block = Block { anchor, line: number, lines, wrapped: Vec::new(), indent: indent(text), foreign: 0 };
            self.open.push((stream.to_owned(), block));
            return ended.or(full);
        }
        let at = self.open.iter().position(|(name, _)| name == stream)?;
        if self.open[at].1.add(text) { None } else { Some(self.open.remove(at).1) }
    }

    fn take(&mut self, stream: &str) -> Option<Block> {
        let at = self.open.iter().position(|(name, _)| name == stream)?;
        Some(self.open.remove(at).1)
    }
}

impl Block {
    /// Takes a line that begins no message; false if the message is over.
    fn add(&mut self, text: &str) -> bool {
        let trimmed = text.trim();
        let belongs = (self.foreign == 0 && indent(text) > self.indent && !trimmed.is_empty()) || continues(trimmed);
        if belongs && self.lines.len() < MAX_BLOCK_LINES {
            self.lines.push(trimmed.to_owned());
            return true;
        }
        if !trimmed.is_empty() && self.wrapped.len() == self.foreign && self.wrapped.len() < MAX_WRAPPED_LINES {
            self.wrapped.push(trimmed.to_owned());
        }
        self.foreign += 1;
        self.foreign <= MAX_FOREIGN_LINES.max(MAX_WRAPPED_LINES)
    }
}

/// What a line that is the go command's begins.
enum Head<'a> {
    Message(Anchor, &'a str),
    /// Progress and warnings.
    Said,
}

/// What the go command says when nothing is wrong.
const SAID: [&str; 26] = [
    "downloading ",
    "finding ",
    "found ",
    "added ",
    "upgraded ",
    "downgraded ",
    "removed ",
    "creating new go",
    "extracting ",
    "copying ",
    "warning: ",
    "to add module requirements",
    "to match any",
    "no module dependencies",
    "updating go.",
    "writing ",
    "using ",
    "adding ",
    "unused ",
    "accepting ",
    "trying ",
    "all modules verified",
    "converting ",
    "ignoring ",
    "testing ",
    "upgrading ",
];

/// Subcommands that older releases put between `go` and the colon.
const COMMANDS: [&str; 10] = ["get", "mod", "list", "install", "build", "run", "test", "vet", "generate", "work"];

/// What messages without a name begin with.
const SHAPES: [&str; 9] = [
    "malformed go.sum:",
    "verifying ",
    "go.sum database server misbehavior detected!",
    "unrecognized import path ",
    "missing go.sum entry for ",
    "no required module provides package ",
    "cannot find module providing package ",
    "cannot query module due to -mod=",
    "invalid GOPROXY",
];

fn head(text: &str) -> Option<Head<'_>> {
    let text = text.trim_start();
    if let Some(message) = text.strip_prefix("go: ") {
        let said = SAID.iter().any(|start| message.starts_with(start));
        return Some(if said { Head::Said } else { Head::Message(Anchor::Named, message) });
    }
    let shaped = |text| Some(Head::Message(Anchor::Shaped, text));
    if let Some(message) = older(text).or_else(|| positioned(text)) {
        return shaped(message);
    }
    if SHAPES.iter().any(|shape| text.starts_with(shape)) || text.starts_with("package ") && text.contains(" is not in ") {
        return shaped(text);
    }
    // `P imports`, with what is imported on the next line.
    let first = text.strip_suffix(" imports").is_some_and(|path| path.contains('/') && !path.contains(' '));
    if first { shaped(text) } else { None }
}

/// `go get m: …`, `go mod download: …`.
fn older(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("go ")?;
    let command = COMMANDS.iter().find(|command| rest.starts_with(**command))?;
    let (subject, message) = rest[command.len()..].split_once(": ")?;
    let plain = subject.split(' ').count() <= 3 && !subject.contains(['"', '\'', '`', '(']);
    (plain && (subject.is_empty() || subject.starts_with(' '))).then_some(message)
}

/// `main.go:3:8: …`, if what follows is about modules and not the compiler's.
fn positioned(text: &str) -> Option<&str> {
    let at = text.find(".go:")?;
    let (position, message) = text[at + 4..].split_once(": ")?;
    let numbers = position.split(':').count() == 2 && position.chars().all(|c| c.is_ascii_digit() || c == ':');
    (numbers && !text[..at].contains(' ') && about_modules(message)).then_some(message)
}

fn about_modules(message: &str) -> bool {
    let starts = ["module ", "import \"", "package "];
    let word = message.split(' ').next().unwrap_or("");
    let version = word.strip_suffix(':').and_then(|word| word.split_once('@')).is_some_and(|(path, _)| path.contains('.'));
    version || SHAPES.iter().chain(&starts).any(|start| message.starts_with(start))
}

/// What only follows after an error of the go command, however it is indented.
fn continues(trimmed: &str) -> bool {
    const STARTS: [&str; 14] = [
        "server response:",
        "fatal: ",
        "remote: ",
        "downloaded: ",
        "go.sum: ",
        "sum.golang.org: ",
        "Confirm the import path was entered",
        "If this is a private repository",
        "but was required as:",
        "module declares its path as:",
        "Permission denied (",
        "Host key verification failed",
        "hint: ",
        "ssh: ",
    ];
    STARTS.iter().any(|start| trimmed.starts_with(start))
}

fn indent(text: &str) -> usize {
    text.chars().take_while(|c| c.is_whitespace()).map(|c| if c == '\t' { 4 } else { 1 }).sum()
}
