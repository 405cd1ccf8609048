//! What runners, builders and loggers put before a line: dates, streams, levels.

use super::limits::MAX_DECORATIONS;

/// A line without its decorations.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Bare<'a> {
    /// The stream that a decoration names, such as `#12`, `[web]` or `web |`; empty if none does.
    pub(super) stream: &'a str,
    /// The rest, with the spaces that belong to it.
    pub(super) text: &'a str,
}

/// Takes off all decorations, however they are combined.
pub(super) fn bare(line: &str) -> Bare<'_> {
    let mut found = Bare { stream: "", text: line };
    for _ in 0..MAX_DECORATIONS {
        let trimmed = found.text.trim_start();
        let Some((length, stream)) = one(trimmed) else { break };
        found.stream = if stream { trimmed[..length].trim() } else { found.stream };
        let after = &trimmed[length..];
        found.text = after.strip_prefix(' ').unwrap_or(after);
    }
    found
}

/// The length of the decoration that `text` begins with, and whether it names a stream.
fn one(text: &str) -> Option<(usize, bool)> {
    let rest = |length: usize| text[length..].starts_with([' ', '\t']) || text.len() == length;
    if let Some(length) = time(text).filter(|length| rest(*length) || text[..*length].ends_with('+')) {
        return Some((length, false));
    }
    level(text)
        .map(|length| (length, false))
        .or_else(|| docker(text).filter(|(length, _)| rest(*length)))
        .or_else(|| bracket(text))
        .or_else(|| pipe(text))
        .or_else(|| syslog(text).map(|length| (length, false)))
}

const LEVELS: [&str; 34] = [
    "##[error]",
    "##[warning]",
    "##[debug]",
    "##[command]",
    "ERROR:",
    "Error:",
    "error:",
    "ERR:",
    "err:",
    "stderr:",
    "STDERR:",
    "FATAL:",
    "Fatal:",
    "INFO:",
    "WARN:",
    "npm ERR!",
    "npm error",
    "ERROR",
    "ERR!",
    "INFO",
    "WARN",
    "DEBUG",
    "stderr F",
    "stdout F",
    "stderr P",
    "=> => #",
    "=> #",
    "|>",
    ">>>",
    ">",
    "│",
    "|",
    "+|",
    "E:",
];

fn level(text: &str) -> Option<usize> {
    let found = LEVELS.iter().find(|level| text.starts_with(**level))?;
    let after = &text[found.len()..];
    (found.ends_with(']') || after.starts_with([' ', '\t'])).then_some(found.len())
}

/// A date and a time, or a time, in brackets or not: `2026-01-02T03:04:05.678Z`, `2026/01/02 03:04:05`, `[03:04:05]`. GitLab adds `00O`.
fn time(text: &str) -> Option<usize> {
    let open = usize::from(text.starts_with('['));
    let date = digits(&text[open..], "0000-00-00").or_else(|| digits(&text[open..], "0000/00/00")).map(|length| length + 1);
    let clock = text.get(open + date.unwrap_or(0)..)?;
    if date.is_some() && !text[..open + date.unwrap_or(0)].ends_with(['T', ' ', '_']) {
        return None;
    }
    let mut length = digits(clock, "00:00:00")?;
    length +=
        clock[length..].len() - clock[length..].trim_start_matches(|c: char| c.is_ascii_digit() || ".,Z+:".contains(c)).len();
    let mut end = open + date.unwrap_or(0) + length;
    if let Some(zone) = digits(&text[end..], "-00:00").or_else(|| digits(&text[end..], " +0000")) {
        end += zone;
    }
    end += usize::from(open == 1 && text[end..].starts_with(']'));
    // GitLab: the stream's number and letter, and whether the line goes on.
    let mark = text[end..].strip_prefix(' ').map_or("", |after| after.get(..3).unwrap_or(""));
    let is_mark =
        mark.len() == 3 && mark.is_ascii() && mark[..2].bytes().all(|c| c.is_ascii_hexdigit()) && mark.ends_with(['O', 'E']);
    if is_mark {
        end += 4;
        end += usize::from(text[end..].starts_with('+'));
    }
    Some(end)
}

/// The length of `shape` if `text` begins with characters like it, `0` standing for a digit.
fn digits(text: &str, shape: &str) -> Option<usize> {
    let fits = |(have, want): (u8, u8)| if want == b'0' { have.is_ascii_digit() } else { have == want };
    (text.len() >= shape.len() && text.bytes().zip(shape.bytes()).all(fits)).then_some(shape.len())
}

/// `#12 3.456`, `#12`, and the bare seconds of what is said again at the end of a docker build.
fn docker(text: &str) -> Option<(usize, bool)> {
    let number = |text: &str| text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let seconds = |text: &str| {
        let whole = number(text);
        let part = text[whole..].strip_prefix('.').map_or(0, number);
        (whole > 0 && (2..=3).contains(&part)).then_some(whole + 1 + part)
    };
    if let Some(after) = text.strip_prefix('#') {
        return (number(after) > 0).then(|| (1 + number(after), true));
    }
    seconds(text).map(|length| (length, false))
}

/// `[build]`, `[4/6]`, `INFO[0012]`: a stream if it is a name.
fn bracket(text: &str) -> Option<(usize, bool)> {
    let open = text.find('[').filter(|at| ["", "INFO", "WARN", "ERRO", "FATA", "DEBU"].contains(&&text[..*at]))?;
    let close = open + text[open..].find(']')?;
    let inside = &text[open + 1..close];
    let plain = |c: char| c.is_alphanumeric() || "-_./:+@# ".contains(c);
    if inside.is_empty() || inside.len() > 60 || !inside.chars().all(plain) || !text[close + 1..].starts_with([' ', '\t', ':']) {
        return None;
    }
    let levels = ["error", "err", "warn", "warning", "info", "debug", "fatal", "stderr", "stdout", "pipeline"];
    let is_name = inside.starts_with(|c: char| c.is_alphabetic()) && !levels.contains(&inside.to_lowercase().as_str());
    let colon = usize::from(text[close + 1..].starts_with(':'));
    Some((close + 1 + colon, open == 0 && is_name))
}

/// `web-1  |`, `+build |`.
fn pipe(text: &str) -> Option<(usize, bool)> {
    let name = text.find(|c: char| c.is_whitespace()).filter(|end| *end <= 60)?;
    let after = text[name..].trim_start();
    let plain = |c: char| c.is_alphanumeric() || "-_./:+@*".contains(c);
    let at = text.len() - after.len();
    (after.starts_with("| ") && text[..name].chars().all(plain)).then_some((at + 1, true))
}

/// `Jan  2 03:04:05 host name[12]:`
fn syslog(text: &str) -> Option<usize> {
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = text.get(..3).filter(|start| months.contains(start))?;
    let clock = text.get(month.len() + 1 + 2 + 1..).filter(|rest| digits(rest, "00:00:00").is_some())?;
    let end = clock.find(": ")? + 1;
    Some(text.len() - clock.len() + end).filter(|_| clock[..end].split(' ').count() == 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, stream: &str, text: &str) {
        assert_eq!(bare(line), Bare { stream, text }, "{line:?}");
    }

    #[test]
    fn dates_levels_and_streams_are_taken_off_in_any_combination() {
        check("2026-01-02T03:04:05.1234567Z go: x", "", "go: x");
        check("2026-01-02T03:04:05.123456Z 01E go: x", "", "go: x");
        check("2026-01-02T03:04:05.123456Z 01E+go: x", "", "go: x");
        check("2026/01/02 03:04:05 go: x", "", "go: x");
        check("[03:04:05] [build] go: x", "[build]", "go: x");
        check("[2026-01-02T03:04:05.678Z] go: x", "", "go: x");
        check("2026-01-02 03:04:05,678 ERROR go: x", "", "go: x");
        check("Jan  2 03:04:05 host run[12]: go: x", "", "go: x");
        check("2026-01-02T03:04:05Z ##[error]go: x", "", "go: x");
        check("#12 3.456 go: x", "#12", "go: x");
        check("#12 3.456 \tgo: x", "#12", "\tgo: x");
        check("3.456 go: x", "", "go: x");
        check(" => => # go: x", "", "go: x");
        check("web-1  | go: x", "web-1  |", "go: x");
        check("+build | go: x", "+build |", "go: x");
        check("[pod/a/b] 2026-01-02T03:04:05Z stderr F go: x", "[pod/a/b]", "go: x");
        check("INFO[0012] go: x", "", "go: x");
        check("npm ERR! go: x", "", "go: x");
        check("[error] go: x", "", "go: x");
        check("> go: x", "", "go: x");
    }

    #[test]
    fn the_rest_keeps_its_spaces_and_prose_stays() {
        check("[build] \tgo: x", "[build]", "\tgo: x");
        check("\tgo: x", "", "\tgo: x");
        check("If you see go: x", "", "If you see go: x");
        check("main.go:3:8: x", "", "main.go:3:8: x");
        check("[a \"b\"] x", "", "[a \"b\"] x");
        check("1.2 x", "", "1.2 x");
        check("12:34 x", "", "12:34 x");
        check("é 2026", "", "é 2026");
        check("Mayé", "", "Mayé");
    }
}
