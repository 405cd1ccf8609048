//! A log's bytes as text that may be shown: no control characters, no colours, no passwords. Logs are written by strangers.

/// The lines of one raw line: colours and control characters taken off, what a runner escaped set free, cut at bare carriage returns.
pub(super) fn lines(raw: &[u8]) -> Vec<String> {
    let text = printable(&String::from_utf8_lossy(raw));
    let free = unpacked(&text);
    let mut lines: Vec<String> = free.split(['\n', '\r']).filter(|piece| !piece.is_empty()).map(harmless).collect();
    if lines.is_empty() {
        lines.push(String::new());
    }
    lines
}

/// What was set free may hold control characters again.
fn harmless(line: &str) -> String {
    line.chars().filter(|c| *c == '\t' || !(c.is_control() || is_invisible(*c))).collect()
}

/// Without escape sequences, control characters but the tab and the carriage return, and characters that have no width or turn the direction of writing.
fn printable(text: &str) -> String {
    let (mut out, mut chars) = (String::with_capacity(text.len()), text.chars().peekable());
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => skip_sequence(&mut chars),
            '\u{9b}' => skip_parameters(&mut chars),
            '\t' | '\r' => out.push(c),
            _ if c.is_control() || is_invisible(c) => {}
            _ => out.push(c),
        }
    }
    without_bare_colours(&out)
}

/// Source: ECMA-48, 5.4 (control sequences) and 5.6 (control strings).
fn skip_sequence(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match chars.next() {
        Some('[') => skip_parameters(chars),
        Some(']' | 'P' | '_' | '^' | 'X') => {
            let end = chars.find(|c| matches!(c, '\u{7}' | '\u{1b}' | '\u{9c}'));
            if end == Some('\u{1b}') && chars.peek() == Some(&'\\') {
                chars.next();
            }
        }
        // Two-character sequences, and those that choose a set of characters.
        Some('(' | ')' | '#' | ' ') => drop(chars.next()),
        _ => {}
    }
}

fn skip_parameters(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    // The final byte ends it; anything that cannot be part of it does, too.
    let _ = chars.find(|c| !matches!(c, '\u{20}'..='\u{3f}'));
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fffd}')
}

/// Without `[31m` and `[0K` whose escape character somebody else removed.
fn without_bare_colours(text: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find('[') {
        let after = &rest[at + 1..];
        let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';').len();
        out.push_str(&rest[..at]);
        if after[digits..].starts_with(['m', 'K']) && (digits > 0 || after.starts_with("m")) {
            rest = &after[digits + 1..];
        } else {
            out.push('[');
            rest = after;
        }
    }
    out + rest
}

/// What is inside a workflow command `::error …::a%0Ab`, a JSON record or a `msg="a\nb"`; else the line.
fn unpacked(line: &str) -> String {
    command(line).or_else(|| record(line)).or_else(|| field(line)).unwrap_or_else(|| line.to_owned())
}

/// Source: GitHub, "Workflow commands": `%`, carriage return and line feed are escaped in a message.
fn command(line: &str) -> Option<String> {
    let at = ["::error", "::warning", "::notice"].iter().find_map(|name| line.find(name))?;
    if !line[..at].chars().all(|c| c.is_ascii_digit() || " -:.TZ".contains(c)) {
        return None;
    }
    let message = line[at + 2..].split_once("::")?.1;
    Some(message.replace("%0D", "").replace("%0A", "\n").replace("%25", "%"))
}

/// The message of a log record in JSON.
fn record(line: &str) -> Option<String> {
    let start = line.find('{').filter(|at| line[..*at].trim().len() < 40)?;
    let record: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line[start..].trim()).ok()?;
    let keys = ["msg", "message", "log", "Output", "Error", "text", "textPayload", "line"];
    let said: Vec<String> = keys.iter().filter_map(|key| words(record.get(*key)?, key)).collect();
    (!said.is_empty()).then(|| said.join("\n"))
}

/// A text; under the go command's own keys it is an error of it, which it prints without its name.
fn words(value: &serde_json::Value, key: &str) -> Option<String> {
    let text = match value {
        serde_json::Value::String(text) => text.trim_end_matches('\n'),
        serde_json::Value::Object(error) => error.get("Err")?.as_str()?,
        _ => return None,
    };
    Some(if key == "Error" && !text.starts_with("go: ") { format!("go: {text}") } else { text.to_owned() })
}

/// `time=… level=error msg="go: …\n\t…"`, and a line of the go command's own JSON over several lines: `"Error": "…"`.
fn field(line: &str) -> Option<String> {
    let trimmed = line.trim();
    for key in ["\"Error\": \"", "\"Err\": \""] {
        if let Some(value) = trimmed.strip_prefix(key) {
            let text = unquoted(value)?;
            return Some(if text.starts_with("go: ") { text } else { format!("go: {text}") });
        }
    }
    let at = line.find("msg=\"").filter(|at| *at == 0 || line[..*at].ends_with(' '))?;
    unquoted(&line[at + 5..])
}

/// The text up to the closing quotation mark, unescaped.
fn unquoted(value: &str) -> Option<String> {
    let mut end = None;
    let mut escaped = false;
    for (at, c) in value.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => {
                end = Some(at);
                break;
            }
            _ => {}
        }
    }
    serde_json::from_str(&format!("\"{}\"", &value[..end?])).ok()
}

/// The text with what may be a secret in its URLs as `xxxxx`: passwords, tokens in place of a user, and signed queries.
///
/// Assumes: secrets that stand in no URL are none of the go command's; it prints none.
pub(super) fn redacted(text: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find("//") {
        let (before, after) = rest.split_at(at + 2);
        out.push_str(before);
        let end = after.find(|c: char| c.is_whitespace() || "\"'<>`".contains(c)).unwrap_or(after.len());
        out.push_str(&url(&after[..end]));
        rest = &after[end..];
    }
    out + rest
}

/// What follows `//` in a URL.
fn url(rest: &str) -> String {
    let authority = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let at = rest[..authority].rfind('@').or_else(|| slashed(rest, authority));
    let (login, rest) = at.map_or(("", rest), |at| (&rest[..at], &rest[at + 1..]));
    let login = match login {
        "" => String::new(),
        "git" | "hg" | "svn" => format!("{login}@"),
        _ => "xxxxx@".to_owned(),
    };
    let (path, query) = rest.split_once('?').map_or((rest, None), |(path, query)| (path, Some(query)));
    let query = query.map_or_else(String::new, |query| {
        let parts = query.split('&').map(|part| part.split_once('=').map_or(part.to_owned(), |(name, value)| shown(name, value)));
        format!("?{}", parts.collect::<Vec<_>>().join("&"))
    });
    format!("{login}{path}{query}")
}

/// Where a login ends whose password holds a slash that nobody escaped. A port is no password, and `/@v/` no end.
fn slashed(rest: &str, authority: usize) -> Option<usize> {
    let (_, password) = rest[..authority].split_once(':')?;
    let at = rest.rfind('@').filter(|at| !rest[..*at].ends_with('/'))?;
    (!password.chars().all(|c| c.is_ascii_digit())).then_some(at)
}

/// The one query of the go command itself is kept.
fn shown(name: &str, value: &str) -> String {
    if name == "go-get" { format!("{name}={value}") } else { format!("{name}=xxxxx") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(raw: &str, expected: &[&str]) {
        assert_eq!(lines(raw.as_bytes()), expected, "{raw:?}");
    }

    #[test]
    fn colours_and_control_characters_are_taken_off() {
        check("\u{1b}[31;1mgo: x\u{1b}[0m\u{7}\u{0}", &["go: x"]);
        check("[31mgo: x[0m[m", &["go: x"]);
        check("a[1] b[2;", &["a[1] b[2;"]);
        check("\u{1b}]0;title\u{7}a\u{1b}]8;;http://x\u{1b}\\b", &["ab"]);
        check("\u{feff}g\u{202e}o: \u{200b}x\u{9b}31m", &["go: x"]);
        check("\u{1b}(Ba\u{1b}Mb", &["ab"]);
    }

    #[test]
    fn carriage_returns_are_ends_of_lines() {
        check("section_start:1:x\r\u{1b}[0Kgo: x\r", &["section_start:1:x", "go: x"]);
        check("\r", &[""]);
    }

    #[test]
    fn what_a_runner_escaped_is_set_free() {
        check("::error file=a,line=1::go: x%0A\ty%25", &["go: x", "\ty%"]);
        check("2026-01-02T03:04:05Z ::error::go: x", &["go: x"]);
        check("std::error::Error", &["std::error::Error"]);
        check(r#"{"level":"error","msg":"go: x\n\ty"}"#, &["go: x", "\ty"]);
        check(r#"time="now" level=error msg="go: x\n\ty\u001b" a=b"#, &["go: x", "\ty"]);
        check("\t\"Error\": \"m@v1.0.0: x\",", &["go: m@v1.0.0: x"]);
        check(r#"{"Path":"m","Error":{"Err":"module m: x"}}"#, &["go: module m: x"]);
    }

    #[track_caller]
    fn check_redacted(text: &str, expected: &str) {
        assert_eq!(redacted(text), expected);
    }

    #[test]
    fn what_may_be_a_secret_in_a_url_is_not_shown() {
        check_redacted("reading https://u:p@h/x: 404", "reading https://xxxxx@h/x: 404");
        check_redacted("https://ghp_token@h/x", "https://xxxxx@h/x");
        check_redacted("https://u:a/b@h/x", "https://xxxxx@h/x");
        check_redacted("Get \"https://h/m/@v/list?token=s&go-get=1\": x", "Get \"https://h/m/@v/list?token=xxxxx&go-get=1\": x");
        check_redacted("ssh://git@h/x https://h:8443/m/@v/v1.info", "ssh://git@h/x https://h:8443/m/@v/v1.info");
        check_redacted("https://h/x?secret", "https://h/x?secret");
    }
}
