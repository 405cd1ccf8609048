//! From lines to errors: where a message of the go command begins, and which of the following lines belong to it.

use super::{
    clean,
    decoration::{Bare, bare},
    limits::{MAX_BLOCK_LINES, MAX_FOREIGN_LINES, MAX_STREAMS, MAX_WRAPPED_LINES, MIN_WIDTH},
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
    /// The first line without `go: `, trimmed; more than one piece if it looks as if whatever printed it broke it.
    pub(super) head: Vec<String>,
    /// The lines that belong to it, trimmed.
    pub(super) parts: Vec<String>,
    /// Lines after it that may be the rest of a message that was broken by whatever printed it.
    pub(super) wrapped: Vec<String>,
    indent: usize,
    /// How far its further lines are indented, once there is one.
    part: Option<usize>,
    foreign: usize,
}

/// Puts lines together. Lines of different streams do not disturb each other.
#[derive(Default, Debug)]
pub(super) struct Blocks {
    open: Vec<(String, Block)>,
    /// What the go command was fetching when a stream said nothing more.
    fetching: Vec<(String, u64, String)>,
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
        if let Some(block) = self.silence(number, stream, text) {
            return Some(block);
        }
        if let Some(head) = head(text) {
            let ended = self.take(stream);
            let Head::Message(anchor, message) = head else { return ended };
            let full = (self.open.len() >= MAX_STREAMS).then(|| self.open.remove(0).1);
            self.open.push((stream.to_owned(), Block::new(anchor, number, message.trim_start(), indent(text))));
            return ended.or(full);
        }
        let at = self.open.iter().position(|(name, _)| name == stream)?;
        if self.open[at].1.add(text) { None } else { Some(self.open.remove(at).1) }
    }

    /// A download that was the last word before a CI service lost its patience: whoever was asked has not answered, and the go command waits.
    fn silence(&mut self, number: u64, stream: &str, text: &str) -> Option<Block> {
        let text = text.trim();
        let known = self.fetching.iter().position(|(name, ..)| name == stream);
        if text.is_empty() {
            return None;
        }
        let fetching = known.map(|at| self.fetching.swap_remove(at));
        if let Some(what) = text.strip_prefix("go: downloading ") {
            if self.fetching.len() < MAX_STREAMS {
                self.fetching.push((stream.to_owned(), number, format!("no answer while downloading {what}")));
            }
            return None;
        }
        let (_, line, said) = fetching?;
        PATIENCE.iter().any(|phrase| text.contains(phrase)).then(|| Block::new(Anchor::Named, line, &said, 0))
    }

    fn take(&mut self, stream: &str) -> Option<Block> {
        let at = self.open.iter().position(|(name, _)| name == stream)?;
        Some(self.open.remove(at).1)
    }
}

impl Block {
    fn new(anchor: Anchor, line: u64, head: &str, indent: usize) -> Self {
        let head = vec![head.to_owned()];
        Self { anchor, line, head, parts: Vec::new(), wrapped: Vec::new(), indent, part: None, foreign: 0 }
    }

    /// Takes a line that begins no message; false if the message is over.
    fn add(&mut self, text: &str) -> bool {
        let trimmed = text.trim();
        if self.is_broken(text) && !self.has_part(text, trimmed) {
            // With its spaces: where the break was, one of them may have been.
            self.head.push(text.to_owned());
            return true;
        }
        if self.has_part(text, trimmed) && self.parts.len() < MAX_BLOCK_LINES {
            self.part.get_or_insert(indent(text));
            self.parts.push(trimmed.to_owned());
            self.foreign = 0;
            return true;
        }
        if !trimmed.is_empty() && self.wrapped.len() == self.foreign && self.wrapped.len() < MAX_WRAPPED_LINES {
            self.wrapped.push(trimmed.to_owned());
        }
        self.foreign += 1;
        self.foreign <= MAX_FOREIGN_LINES.max(MAX_WRAPPED_LINES)
    }

    /// True if the first line was as long as a terminal is wide, and ended in the middle of something, which `text` may go on with.
    fn is_broken(&self, text: &str) -> bool {
        let is_first = self.parts.is_empty() && self.foreign == 0 && self.head.len() <= MAX_WRAPPED_LINES;
        let fits = !text.trim().is_empty() && indent(text) <= self.indent + 1;
        let is_wide = self.head.last().is_some_and(|last| last.chars().count() >= MIN_WIDTH);
        is_first && fits && is_wide && ends_amid(&self.head.concat())
    }

    /// True if the line is part of the message: it is indented where the message goes on, or begins as only this message goes on.
    ///
    /// Indentation alone is not enough: whatever runs beside the go command indents its lines, too.
    fn has_part(&self, text: &str, trimmed: &str) -> bool {
        let head = self.head.concat();
        let said = |of: &str| head.contains(of) || self.parts.iter().any(|line| line.contains(of));
        let is_known = CONTINUATIONS.iter().any(|(of, starts)| starts.iter().any(|start| trimmed.starts_with(start)) && said(of));
        let last = self.parts.last().unwrap_or(&head).trim_end();
        let is_open = OPEN_ENDS.iter().any(|end| last.ends_with(end));
        let is_next = OPEN_LINES.iter().any(|end| last.ends_with(end));
        let is_deep = match self.part.filter(|part| *part > self.indent) {
            Some(part) => indent(text) >= part,
            None => indent(text) > self.indent && is_open,
        };
        is_known || ((is_deep || is_next) && self.foreign == 0 && !trimmed.is_empty())
    }
}

/// True if a message does not end so: in a quotation, a URL or a path, after a colon, or before what became of a command.
fn ends_amid(text: &str) -> bool {
    let text = text.trim_end();
    let last = text.rsplit(' ').next().unwrap_or("");
    let is_running =
        ["git ls-remote", "git fetch", "git -c "].iter().any(|git| text.contains(git)) && !text.contains("exit status");
    text.matches('"').count() % 2 == 1
        || last.contains("://")
        || last.starts_with('/')
        || text.ends_with(':')
        || text.ends_with("exit status")
        || is_running
}

/// What a line that is the go command's begins.
enum Head<'a> {
    Message(Anchor, &'a str),
    /// Progress and warnings.
    Said,
}

/// What CI services say when they end a job for its time.
const PATIENCE: [&str; 8] = [
    "execution took longer than",
    "exceeded the maximum execution time",
    "The operation was canceled",
    "Too long with no output",
    "due to timeout",
    "timed out after",
    "exceeded the timeout",
    "Build timed out",
];

/// What the go command says when nothing is wrong.
const SAID: [&str; 28] = [
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
    "to switch to the latest",
    "to add missing",
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
const SHAPES: [&str; 10] = [
    "malformed go.sum:",
    "error obtaining VCS status:",
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

/// What a line of the go command ends with if indented lines follow.
const OPEN_ENDS: [&str; 5] = [":", " requires", " imports", " tested by", " mismatch"];

/// What a line ends with if the next one is part of it, indented or not.
const OPEN_LINES: [&str; 3] = [" requires", " imports", "server response:"];

/// What follows after a message that has certain words, however it is indented.
const CONTINUATIONS: [(&str, &[&str]); 5] = [
    ("reading ", &["server response:"]),
    (
        "exit status",
        &[
            "fatal: ",
            "remote: ",
            "Confirm the import path was entered",
            "If this is a private repository",
            "Host key verification failed",
            "hint: ",
            "ssh: ",
        ],
    ),
    ("exit status", &["Permission denied (", "git@"]),
    ("checksum mismatch", &["downloaded: ", "go.sum: ", "sum.golang.org: "]),
    ("parsing go.mod", &["module declares its path as:", "but was required as:"]),
];

fn indent(text: &str) -> usize {
    text.chars().take_while(|c| c.is_whitespace()).map(|c| if c == '\t' { 8 } else { 1 }).sum()
}
