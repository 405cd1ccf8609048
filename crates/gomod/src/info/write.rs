use super::{Info, Origin};
use crate::pseudo;
use crate::time::Time;

impl Info {
    /// Writes a document.
    ///
    /// Shape: `{"Version":"v1.0.0","Time":"2026-11-23T06:27:34Z","Origin":{"VCS":"git","URL":"https://x.y/z","Hash":"…"}}`, as Go's cache
    /// has it: one line without end, keys in this order, empty fields of the origin left out.
    ///
    /// Units and ranges: the time is written in UTC, with a fraction only if it has one.
    ///
    /// Source: `writeDiskStat` in Go's `cmd/go/internal/modfetch/cache.go`, 1.27, and its `encoding/json`.
    pub fn write(version: &str, time: Time, origin: Option<&Origin>) -> Self {
        let time = time.in_utc();
        let mut json = format!("{{\"Version\":{},\"Time\":\"{time}\"", quoted(version));
        if let Some(origin) = origin {
            json.push_str(",\"Origin\":");
            json.push_str(&origin.json());
        }
        json.push('}');
        Info { bytes: json.into_bytes(), version: version.into(), time, origin: origin.cloned() }
    }
}

impl Origin {
    /// What is kept of an origin once the version is known: whoever asks for that version does not care which tags there are, and for a
    /// pseudo-version not even which branch it was found by.
    ///
    /// Source: `writeDiskStat` in Go's `cmd/go/internal/modfetch/cache.go`, 1.27.
    #[must_use]
    pub fn settled(&self, version: &str) -> Self {
        let mut settled = Origin { tag_prefix: String::new(), tag_sum: String::new(), repo_sum: String::new(), ..self.clone() };
        if pseudo::is_pseudo_version(version) {
            settled.reference.clear();
        }
        settled
    }

    fn json(&self) -> String {
        let fields = [
            ("VCS", &self.vcs),
            ("URL", &self.url),
            ("Subdir", &self.subdir),
            ("Hash", &self.hash),
            ("TagPrefix", &self.tag_prefix),
            ("TagSum", &self.tag_sum),
            ("Ref", &self.reference),
            ("RepoSum", &self.repo_sum),
        ];
        let present = fields.iter().filter(|(_, value)| !value.is_empty());
        let members: Vec<String> = present.map(|(key, value)| format!("\"{key}\":{}", quoted(value))).collect();
        format!("{{{}}}", members.join(","))
    }
}

/// Text as Go writes it into JSON: what would mean something in HTML or end a line in JavaScript is escaped.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{c}' => quoted.push_str("\\f"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\0'..' ' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => quoted.push_str(&format!("\\u{:04x}", u32::from(character))),
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}
