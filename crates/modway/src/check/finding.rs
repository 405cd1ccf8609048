//! What a check finds.

use std::path::{Component, Path};

use crate::{lang::Lang, render::terminal::harmless};

use super::rules::Rule;

/// How bad a finding is.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Debug,
    clap::ValueEnum,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to know.
    Note,
    /// Wrong for most.
    Warning,
    /// Wrong.
    Error,
}

/// One thing that is not as the rules want it.
///
/// Invariant: `subject`, `why` and `fix` hold no control characters and no secret; they may hold what strangers wrote.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// The rule that found it.
    pub rule: &'static Rule,
    /// How bad it is under the policy.
    pub severity: Severity,
    /// Where it stands.
    pub place: Option<Place>,
    /// For a setting: the layer that its value comes from, in the reader's language.
    pub origin: Option<String>,
    /// What it is about: a setting with its value, a module. The same in every language and, if nothing else changed, in every run.
    pub subject: String,
    /// Why it matters, in the reader's language.
    pub why: String,
    /// What mends it: command lines.
    pub fix: Vec<String>,
    /// What mends it, as an edit that loses nothing.
    pub edit: Option<Edit>,
}

/// A line of a file.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Place {
    /// The file: of the project as a path from where the check looks, with slashes; else as it is known.
    pub file: String,
    /// From 1; `None` for the file as a whole.
    pub line: Option<usize>,
    /// Whether the file is the project's, and not the machine's.
    pub is_ours: bool,
}

/// A line to take out of a file. It is taken out only if it still reads so.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Edit {
    /// As in [`Place`].
    pub file: String,
    /// From 1.
    pub line: usize,
    /// What stands there, without its end.
    pub text: String,
}

impl Edit {
    /// True if the file lies in the folder that is checked. GOWORK, or a go.mod further up, may lead elsewhere: nothing is changed there.
    pub fn is_inside(&self) -> bool {
        Path::new(&self.file).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
    }
}

impl Severity {
    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    /// Its name for people.
    pub const fn word(self, lang: Lang) -> &'static str {
        match self {
            Self::Note => lang.pick("note", "提示"),
            Self::Warning => lang.pick("warning", "警告"),
            Self::Error => lang.pick("error", "错误"),
        }
    }
}

impl Finding {
    /// The page that explains its rule, from the root of modway's documents.
    pub fn page(&self, lang: Lang) -> String {
        self.rule.page(lang)
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            Some(line) => write!(out, "{}:{line}", self.file),
            None => out.write_str(&self.file),
        }
    }
}

/// What strangers wrote, fit for one line of any output: no control characters, and not longer than anybody reads.
pub(crate) fn shown(text: &str) -> String {
    // A log reader of a CI takes `##[` and `##vso[` anywhere in a line for a command.
    let mut short: String = harmless(text).replace("##", "# #").chars().take(crate::limits::MAX_SHOWN_CHARS).collect();
    if short.len() < text.len() && short.chars().count() == crate::limits::MAX_SHOWN_CHARS {
        short.push('…');
    }
    short
}

/// A word for a POSIX shell.
pub(super) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._/:=@,+%~^".contains(c);
    if !word.is_empty() && !word.starts_with('~') && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(word: &str, line: &str) {
        assert_eq!(quoted(word), line);
    }

    #[test]
    fn words_stay_words_in_a_shell() {
        check("https://a.test/x,direct", "https://a.test/x,direct");
        check("a|b", "'a|b'");
        check("$(id)", "'$(id)'");
        check("it's", r"'it'\''s'");
        check("", "''");
        check("~/x", "'~/x'");
    }

    #[test]
    fn what_is_shown_is_one_line_and_ends() {
        assert_eq!(shown("a\n::error::b\x1b[2J"), "a ::error::b [2J");
        assert_eq!(shown(&"世".repeat(1000)).chars().count(), 401);
    }
}
