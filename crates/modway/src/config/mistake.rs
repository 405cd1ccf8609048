//! What is wrong with a configuration: where, whose move it is, and the fix.

use std::{fmt, ops::Range};

use serde_json::{Value, json};

/// One thing wrong, or worth knowing, about a configuration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mistake {
    /// True: the configuration cannot be used. False: only a note.
    pub fatal: bool,
    /// Where it stands.
    pub place: Place,
    /// What is wrong, in one sentence without a period.
    pub what: String,
    /// Whose move it is.
    pub mover: &'static str,
    /// What mends it, in words that can be followed.
    pub fix: String,
}

/// Where a value comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Place {
    /// The configuration as a whole.
    Whole,
    /// A stretch of the configuration file.
    File {
        /// The file's name as it was given.
        name: String,
        /// The line, from 1.
        line: usize,
        /// The column in characters, from 1.
        column: usize,
        /// How many characters are marked, at least 1.
        width: usize,
        /// The text of the line.
        text: String,
    },
    /// An environment variable of modway.
    Environment(String),
    /// A setting of the go command on this machine, and the layer that sets it.
    Go(String),
    /// A flag of the command line.
    Flag(String),
}

impl Place {
    /// The place of `span` in `text`, the content of the file `name`. Secrets in the line are masked.
    pub(super) fn in_file(name: &str, text: &str, span: &Range<usize>) -> Self {
        let start = (0..=span.start.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line = text[line_start..].lines().next().unwrap_or("");
        let (before, rest) = line.split_at((start - line_start).min(line.len()));
        let (marked, after) = rest.split_at_checked(span.end.saturating_sub(start)).unwrap_or((rest, ""));
        let (before, marked) = (masked(before), masked(marked));
        let text_line = masked(&format!("{before}{marked}{after}"));
        let (line, column) = (text[..start].matches('\n').count() + 1, before.chars().count() + 1);
        Self::File { name: name.to_owned(), line, column, width: marked.chars().count().max(1), text: text_line }
    }

    /// In the order of reading: the file from top to bottom, then the rest.
    pub(super) fn order(&self) -> (u8, usize, usize) {
        match self {
            Self::File { line, column, .. } => (0, *line, *column),
            Self::Environment(_) => (1, 0, 0),
            Self::Flag(_) => (2, 0, 0),
            Self::Go(_) => (3, 0, 0),
            Self::Whole => (4, 0, 0),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => f.write_str("configuration"),
            Self::File { name, line, column, .. } => write!(f, "{name}:{line}:{column}"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Go(name) => write!(f, "Go setting {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

/// Three to five lines: place and mistake, the offending line with a mark below, then whose move and the fix.
impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}: {}", self.place, if self.fatal { "error" } else { "note" }, self.what)?;
        if let Place::File { line, column, width, text, .. } = &self.place {
            let gutter = line.to_string();
            let indent: String = text.chars().take(column - 1).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
            writeln!(f, "  {gutter} | {}", text.trim_end())?;
            writeln!(f, "  {:1$} | {indent}{2}", "", gutter.len(), "^".repeat(*width))?;
        }
        write!(f, "  {}: {}", self.mover, self.fix)
    }
}

impl Mistake {
    /// The mistake as `--json` shows it.
    pub fn to_json(&self) -> Value {
        let severity = if self.fatal { "error" } else { "note" };
        let mut value = json!({ "severity": severity, "place": self.place.to_string(), "message": self.what, "mover": self.mover, "fix": self.fix });
        if let Place::File { name, line, column, text, .. } = &self.place {
            value["file"] = json!(name);
            value["line"] = json!(line);
            value["column"] = json!(column);
            value["text"] = json!(text);
        }
        value
    }
}

/// `text` without the password of a URL, and without the value of a key that must be a secret, which people write where only its file belongs.
fn masked(text: &str) -> String {
    let key = text.split('=').next().unwrap_or("").trim();
    if text.contains('=') && ["password", "token", "secret", "passwd"].iter().any(|secret| key.ends_with(secret)) {
        return format!("{}= \"(secret)\"", text.split('=').next().unwrap_or(""));
    }
    let Some(start) = text.find("://").map(|at| at + 3) else { return text.to_owned() };
    let end = text[start..].find(['/', '"', '\'', '|', ',']).map_or(text.len(), |at| start + at);
    match text[start..end].rsplit_once('@').and_then(|(user, _)| user.split_once(':')) {
        Some((user, password)) => {
            let at = start + user.len() + 1;
            format!("{}xxxxx{}", &text[..at], masked(&text[at + password.len()..]))
        }
        None => format!("{}{}", &text[..end], masked(&text[end..])),
    }
}

/// All mistakes of a configuration that cannot be used. At least one of them is fatal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mistakes(pub Vec<Mistake>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for mistake in &self.0 {
            writeln!(f, "{mistake}")?;
        }
        let errors = self.0.iter().filter(|mistake| mistake.fatal).count();
        write!(f, "{errors} {} in the configuration", if errors == 1 { "mistake" } else { "mistakes" })
    }
}

impl std::error::Error for Mistakes {}

#[cfg(test)]
mod tests {
    use super::masked;

    #[track_caller]
    fn check(line: &str, shown: &str) {
        assert_eq!(masked(line), shown);
    }

    #[test]
    fn no_line_is_shown_with_a_secret_in_it() {
        check("url = \"https://u:p@h/x\"", "url = \"https://u:xxxxx@h/x\"");
        check("\"https://h,https://u:p%40@h|http://v:q@i\"", "\"https://h,https://u:xxxxx@h|http://v:xxxxx@i\"");
        check("url = \"https://u@h/a:b@c\"", "url = \"https://u@h/a:b@c\"");
        check("password = \"hunter2\"", "password = \"(secret)\"");
        check("  token=1", "  token= \"(secret)\"");
        check("password_file = \"/run/pw\"", "password_file = \"/run/pw\"");
    }
}
