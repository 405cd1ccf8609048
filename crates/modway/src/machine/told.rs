//! A machine that somebody else tells of: `go env -json`, or the environment of a container as a file.

use std::collections::BTreeMap;

use crate::config::Environment;

/// The file that tells of a machine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Teller {
    /// The file's name, for people.
    pub name: String,
    /// True for `go env -json`, which tells the values in effect; false for an environment, below which there are other layers
    /// that nobody told us of.
    pub is_effective: bool,
}

/// Something odd in what was told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Note {
    /// The value stands in quotes, which a container keeps as part of it.
    Quoted(String),
    /// The variable stands alone: its value is that of whoever starts the container, and not known here.
    Inherited(String),
}

/// A text that tells of no machine.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NotTold {
    /// JSON, but not that of `go env -json`.
    #[error("{0}: not the output of `go env -json`: {1}")]
    Json(String, String),
    /// Hardly a `KEY=VALUE` in it.
    #[error("{0}: neither the output of `go env -json` nor lines of KEY=VALUE; yours: name a file that is one of these")]
    Nothing(String),
}

/// Reads either form.
pub(super) fn read(name: &str, text: &str) -> Result<(Teller, Environment, Vec<Note>), NotTold> {
    let is_effective = text.trim_start().starts_with('{');
    let mut notes = Vec::new();
    let (vars, odd) = if is_effective { (json(name, text)?, 0) } else { lines(text, &mut notes) };
    // A text of another kind may have a line that looks like one of these.
    if vars.is_empty() && notes.is_empty() || odd > vars.len() + notes.len() {
        return Err(NotTold::Nothing(name.to_owned()));
    }
    let pairs: Vec<(&str, &str)> = vars.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    Ok((Teller { name: name.to_owned(), is_effective }, Environment::of(&pairs), notes))
}

/// Source: `go env -json` of Go 1.27, one object of texts; `-changed` gives the same shape with fewer names.
fn json(name: &str, text: &str) -> Result<BTreeMap<String, String>, NotTold> {
    serde_json::from_str(text).map_err(|error| {
        // The cause may repeat what it could not read, which may be a password: only its place is told.
        NotTold::Json(name.to_owned(), format!("line {}, column {}", error.line(), error.column()))
    })
}

/// The variables, and how many lines are none.
///
/// Source: `docker run --env-file`, which takes everything behind the first `=` as it stands. A leading `export` is passed over.
fn lines(text: &str, notes: &mut Vec<Note>) -> (BTreeMap<String, String>, usize) {
    let (mut vars, mut odd) = (BTreeMap::new(), 0);
    for line in text.lines().map(str::trim_start).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let line = line.strip_prefix("export ").unwrap_or(line);
        match line.split_once('=') {
            Some((key, value)) if is_name(key) => {
                if value.len() > 1 && ['"', '\''].iter().any(|quote| value.starts_with(*quote) && value.ends_with(*quote)) {
                    notes.push(Note::Quoted(key.to_owned()));
                }
                vars.insert(key.to_owned(), value.to_owned());
            }
            None if is_name(line.trim_end()) => notes.push(Note::Inherited(line.trim_end().to_owned())),
            _ => odd += 1,
        }
    }
    (vars, odd)
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|first: char| first.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
