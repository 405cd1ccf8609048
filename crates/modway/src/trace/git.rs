//! git's processes, as git itself tells of them: who ran, when, and how it ended.
//!
//! Source: git's `Documentation/technical/api-trace2.txt`, the event format. A program of git that is older than 2.22 tells nothing.

use std::{
    collections::BTreeMap,
    io::{self, Read as _},
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use jiff::Timestamp;
use serde::Deserialize;

use super::{limits, shown::shown};

/// The variable that has git write its events to a file, all processes to the same one.
pub(super) const VARIABLE: &str = "GIT_TRACE2_EVENT";

/// A process of git, or one that it started.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Process {
    /// Its command line, without what may be a secret.
    pub words: Vec<String>,
    /// When it began, from the beginning of the trace.
    pub began: Duration,
    /// When it ended; none if that was not told.
    pub ended: Option<Duration>,
    /// Its code.
    pub code: Option<i64>,
    /// True for ssh, and what is configured in its place: what it says to whom is not seen.
    pub is_ssh: bool,
}

/// The events that count.
#[derive(Deserialize)]
struct Event {
    event: String,
    sid: String,
    time: String,
    #[serde(default)]
    argv: Vec<String>,
    code: Option<i64>,
    child_id: Option<i64>,
    child_class: Option<String>,
}

/// Reads the events in `file`; none if git did not run.
///
/// # Errors
/// What the disk says.
pub(super) fn read(file: &Path, began_at: SystemTime) -> io::Result<Vec<Process>> {
    let mut text = Vec::new();
    match std::fs::File::open(file) {
        Ok(file) => file.take(limits::MAX_GIT_LOG_BYTES).read_to_end(&mut text)?,
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(cause) => return Err(cause),
    };
    Ok(parse(&String::from_utf8_lossy(&text), began_at))
}

/// Only what go started stands by itself: what git starts of its own has a session below another's, and only ssh is of interest there.
fn parse(text: &str, began_at: SystemTime) -> Vec<Process> {
    let since = |time: String| {
        let time: Timestamp = time.parse().unwrap_or_default();
        let began = began_at.duration_since(UNIX_EPOCH).unwrap_or_default();
        let moment = u64::try_from(time.as_microsecond()).map(Duration::from_micros).unwrap_or_default();
        moment.saturating_sub(began)
    };
    let mut running: BTreeMap<(String, Option<i64>), usize> = BTreeMap::new();
    let mut all: Vec<Process> = Vec::new();
    for event in text.lines().filter_map(|line| serde_json::from_str::<Event>(line).ok()) {
        let is_ssh = event.child_class.as_deref() == Some("transport/ssh");
        match event.event.as_str() {
            "start" if !event.sid.contains('/') && all.len() < limits::MAX_KEPT => {
                running.insert((event.sid, None), all.len());
                all.push(Process { words: words(&event.argv), began: since(event.time), ended: None, code: None, is_ssh });
            }
            "child_start" if is_ssh && all.len() < limits::MAX_KEPT => {
                running.insert((event.sid, event.child_id), all.len());
                all.push(Process { words: words(&event.argv), began: since(event.time), ended: None, code: None, is_ssh });
            }
            "exit" | "child_exit" => {
                let of = if event.event == "exit" { None } else { event.child_id };
                if let Some(process) = running.remove(&(event.sid, of)).and_then(|at| all.get_mut(at)) {
                    (process.ended, process.code) = (Some(since(event.time)), event.code);
                }
            }
            _ => {}
        }
    }
    all
}

/// A command line as it may be shown. The program without its folder; a word that is a URL without credentials.
fn words(argv: &[String]) -> Vec<String> {
    let name = |(at, word): (usize, &String)| match (at, word.rsplit_once('/')) {
        (0, Some((_, name))) => name.to_owned(),
        _ if word.contains("://") => shown(word),
        _ if is_setting(word) => format!("{}=(redacted)", word.split('=').next().unwrap_or_default()),
        _ => word.clone(),
    };
    argv.iter()
        .take(limits::MAX_FIELDS)
        .enumerate()
        .map(name)
        .map(|word| word.chars().take(limits::FIELD_BYTES).collect())
        .collect()
}

/// Settings on a command line, such as `http.extraHeader=…`, may hold a login.
fn is_setting(word: &str) -> bool {
    let name = word.split('=').next().unwrap_or_default().to_lowercase();
    word.contains('=') && ["header", "password", "credential", "token", "cookie"].iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processes_of_git_and_its_ssh_are_told_and_no_secrets() {
        let at = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let text = r#"{"event":"version","sid":"a","time":"2023-11-14T22:13:20.000000Z","evt":"3"}
{"event":"start","sid":"a","time":"2023-11-14T22:13:20.250000Z","t_abs":0.1,"argv":["/usr/bin/git","-c","http.extraHeader=canary","ls-remote","https://u:canary@h.test/x"]}
{"event":"start","sid":"a/b","time":"2023-11-14T22:13:20.260000Z","argv":["git-remote-https","x"]}
{"event":"child_start","sid":"a","time":"2023-11-14T22:13:20.300000Z","child_id":0,"child_class":"transport/ssh","argv":["ssh","git@h.test"]}
not json
{"event":"child_exit","sid":"a","time":"2023-11-14T22:13:20.400000Z","child_id":0,"code":255}
{"event":"exit","sid":"a","time":"2023-11-14T22:13:20.500000Z","code":128}
"#;
        let found: Vec<String> = parse(text, at)
            .into_iter()
            .map(|p| format!("{} {:?}-{:?} {:?} {}", p.words.join(" "), p.began, p.ended.unwrap(), p.code.unwrap(), p.is_ssh))
            .collect();
        assert_eq!(
            found,
            [
                "git -c http.extraHeader=(redacted) ls-remote https://h.test/x 250ms-500ms 128 false",
                "ssh git@h.test 300ms-400ms 255 true"
            ]
        );
    }
}
