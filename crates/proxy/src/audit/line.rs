//! What a line says: one JSON object on one line, whose bytes are what is hashed.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::Blind;
use crate::limits;

/// What most lines are shorter than.
const TYPICAL_BYTES: usize = 512;

/// A line of an audit log.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
#[expect(clippy::large_enum_variant, reason = "nearly every line is a request: a box would only cost")]
pub enum Line<'a> {
    /// A request.
    Asked(Asked<'a>),
    /// Lines that are missing before this one.
    Gap(Gap),
    /// A process begins to record.
    Start {
        /// When, in milliseconds since the Unix epoch.
        time_ms: i64,
        /// Which life of which process.
        life: String,
    },
    /// A process has recorded all it had, and ends. Where this is missing, the last lines of that life may be, too.
    Stop {
        /// When, in milliseconds since the Unix epoch.
        time_ms: i64,
        /// Which life of which process.
        life: String,
        /// Requests that it recorded.
        recorded: u64,
    },
    /// The text of all lines before a number was too old, and is gone.
    Forget {
        /// When, in milliseconds since the Unix epoch.
        time_ms: i64,
        /// The number of the first line that is kept.
        before: u64,
    },
}

/// A request: who, what, and how it was answered. Texts that are not known are empty.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Asked<'a> {
    /// When it came, in milliseconds since the Unix epoch.
    pub time_ms: i64,
    /// The request's id, as its answer had it.
    pub request: Cow<'a, str>,
    /// The address of who asked.
    pub client: Cow<'a, str>,
    /// The user name that it gave with a password, which nobody has checked.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub login: Cow<'a, str>,
    /// The auditor whose token it showed, by the name in the configuration. This one was checked.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub auditor: Cow<'a, str>,
    /// What of the module: `list`, `info`, `zip`, …
    pub what: Cow<'a, str>,
    /// The module path.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub module: Cow<'a, str>,
    /// The version or query.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub version: Cow<'a, str>,
    /// How it was answered.
    pub decision: Decision,
    /// The status of the answer.
    pub status: u16,
    /// The reason's code, see `docs/reasons.md`.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub reason: Cow<'a, str>,
    /// The rule of the configuration that it fell under: `route/NAME`, or `sumdb/NAME`.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub rule: Cow<'a, str>,
    /// The pattern of the route that matched.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub pattern: Cow<'a, str>,
}

/// How a request was answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// With what was asked for.
    Served,
    /// It does not exist.
    Absent,
    /// It is not for who asked, or not asked for in a way that is answered.
    Refused,
    /// It could not be answered.
    Failed,
}

/// How many lines are missing, and from when.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Gap {
    /// The time of the first one, in milliseconds since the Unix epoch.
    pub from_ms: i64,
    /// That of the last one.
    pub to_ms: i64,
    /// So many did not fit into the queue.
    pub lost: u64,
    /// So many were being written when the log failed: they may stand in it or not.
    pub unsure: u64,
}

impl Line<'_> {
    /// The record of a line: JSON on one line, with a line feed. No character of it is a control character.
    ///
    /// Units and ranges: at most [`limits::MAX_LOG_RECORD_BYTES`]; long texts are cut, which an `…` at their end shows.
    pub fn print(&self) -> String {
        let mut line = Vec::with_capacity(TYPICAL_BYTES);
        serde_json::to_writer(&mut line, self).expect("texts and numbers are JSON");
        line.push(b'\n');
        String::from_utf8(line).expect("JSON is text")
    }

    /// Reads a record back; `None` if it is none of an audit log.
    pub fn parse(record: &str) -> Option<Line<'static>> {
        serde_json::from_str(record).ok()
    }

    /// When it was made, in milliseconds since the Unix epoch.
    pub fn time_ms(&self) -> i64 {
        match self {
            Self::Asked(asked) => asked.time_ms,
            Self::Gap(gap) => gap.to_ms,
            Self::Start { time_ms, .. } | Self::Stop { time_ms, .. } | Self::Forget { time_ms, .. } => *time_ms,
        }
    }
}

impl Asked<'_> {
    /// As it is recorded: without control characters, not too long, and with names blinded if there is a key.
    pub(super) fn settled(&self, blind: Option<&Blind>) -> Asked<'_> {
        let name = |field, text, most| blind.map_or_else(|| cut(text, most), |blind| blind.name(field, text).into());
        let version = match blind {
            // A version alone, such as a commit's hash, can tell of which module it is.
            Some(blind) if !self.version.is_empty() => blind.name("version", &format!("{}@{}", self.module, self.version)).into(),
            _ => cut(&self.version, limits::AUDIT_VERSION_BYTES),
        };
        Asked {
            time_ms: self.time_ms,
            request: cut(&self.request, limits::AUDIT_WORD_BYTES),
            client: name("client", &self.client, limits::AUDIT_WORD_BYTES),
            login: name("login", &self.login, limits::AUDIT_NAME_BYTES),
            auditor: name("auditor", &self.auditor, limits::AUDIT_NAME_BYTES),
            what: cut(&self.what, limits::AUDIT_WORD_BYTES),
            module: name("module", &self.module, limits::AUDIT_MODULE_BYTES),
            version,
            decision: self.decision,
            status: self.status,
            reason: cut(&self.reason, limits::AUDIT_WORD_BYTES),
            // Routes and patterns may be named for what is private.
            rule: name("rule", &self.rule, limits::AUDIT_NAME_BYTES),
            pattern: name("pattern", &self.pattern, limits::AUDIT_NAME_BYTES),
        }
    }
}

/// `text` with other characters for control characters, and no more of it than so many bytes and an `…`.
fn cut(text: &str, most: usize) -> Cow<'_, str> {
    // What is ASCII and short is most of all there is.
    if text.len() <= most && text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return text.into();
    }
    let mut short = String::new();
    for c in text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }) {
        if short.len() + c.len_utf8() > most {
            short.push('…');
            break;
        }
        short.push(c);
    }
    short.into()
}
