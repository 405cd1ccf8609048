//! What CI services, builders and loggers make of a go command's output.

use testkit::random::Random;

/// One way to wrap a text; each makes what one service or tool makes of it.
pub(crate) type Wrap = fn(&mut Random, &str) -> String;

/// All ways, each with its name.
pub(crate) const WRAPS: [(&str, Wrap); 22] = [
    ("as it is", |dice, text| around(dice, text)),
    ("GitHub, with dates", |dice, text| each(&around(dice, &marked(text)), |_| "2026-11-23T13:21:52.1234567Z ".into())),
    ("GitHub, as one annotation", annotation),
    ("GitHub, grouped", |dice, text| {
        format!("##[group]Run go build\n{}##[endgroup]\n##[error]Process completed with exit code 1.\n", around(dice, text))
    }),
    ("GitLab", gitlab),
    ("GitLab, with dates", |dice, text| each(&around(dice, text), |_| "2026-11-23T13:21:52.123456Z 01E ".into())),
    ("docker build", docker),
    ("docker build, said again at its end", again),
    ("docker compose", |dice, text| each(&around(dice, text), |_| "web-1  | ".into())),
    ("streams of a runner", streams),
    ("kubectl logs", |dice, text| each(&around(dice, text), |_| "2026-11-23T13:21:52.123456789Z stderr F ".into())),
    ("kubectl logs, of many pods", |dice, text| each(&around(dice, text), |_| "[pod/build-x7/go] ".into())),
    ("Jenkins", |dice, text| each(&around(dice, text), |_| "[2026-11-23T13:21:52.123Z] ".into())),
    ("syslog", |dice, text| each(&around(dice, text), |_| "Nov 23 13:21:52 builder run[12]: ".into())),
    ("coloured, with CRLF", |dice, text| coloured(&around(dice, text))),
    ("a record in JSON", |_, text| format!("{}\n", serde_json::json!({ "level": "error", "ts": 1.5, "msg": text }))),
    ("a record in logfmt", |_, text| {
        format!("time=2026-11-23T13:21:52Z level=error msg={} job=7\n", serde_json::Value::from(text))
    }),
    ("without its indentation", |dice, text| {
        each(&around(dice, text), |line| line.chars().take_while(|c| c.is_whitespace()).collect())
            .lines()
            .map(|line| format!("{}\n", line.trim()))
            .collect()
    }),
    ("indented", |dice, text| each(&around(dice, text), |_| "        ".into())),
    ("quoted", |dice, text| each(&around(dice, text), |_| "> ".into())),
    ("after a progress bar", |dice, text| format!("fetching 10%\rfetching 100%\r\n{}", around(dice, text).replace('\n', "\r\n"))),
    ("broken into lines", broken),
];

/// What other tools say; none of it is an error of the go command.
pub(crate) const OTHERS: [&str; 22] = [
    "npm warn deprecated inflight@1.0.6: This module is not supported",
    "npm error 404 Not Found - GET https://registry.test/left-pad - not found",
    "added 213 packages in 4s",
    "   Compiling serde v1.0.200",
    "error[E0308]: mismatched types",
    "Step 4/9 : RUN go mod download",
    "+ make build",
    "make: *** [Makefile:12: build] Error 1",
    "go: downloading golang.org/x/mod v0.20.0",
    "go: finding module for package golang.org/x/text/language",
    "go: added golang.org/x/mod v0.20.0",
    "main.go:12:2: undefined: frobnicate",
    "ok  \texample.test/other\t0.012s",
    "--- FAIL: TestRead (0.00s)",
    "    read_test.go:12: got unknown revision, want module lookup disabled by GOPROXY=off",
    "fatal: not a git repository (or any of the parent directories): .git",
    "curl: (22) The requested URL returned error: 404",
    "x509: certificate signed by unknown authority",
    "Get \"https://registry.test/v2/\": dial tcp: lookup registry.test: no such host",
    "Error response from daemon: manifest unknown",
    "WARNING: retrying after connection broken by EOF",
    "the checksum mismatch above is harmless",
];

/// Between lines of others.
fn around(dice: &mut Random, text: &str) -> String {
    let mut others = |most: usize| (0..dice.below(most)).map(|_| format!("{}\n", dice.pick(&OTHERS))).collect::<String>();
    let (before, after) = (others(8), others(8));
    format!("{before}{}{after}", ended(text))
}

fn ended(text: &str) -> String {
    format!("{}\n", text.trim_end_matches('\n'))
}

/// Each line with something before it.
fn each(text: &str, before: impl Fn(&str) -> String) -> String {
    text.lines().map(|line| format!("{}{line}\n", before(line))).collect()
}

fn marked(text: &str) -> String {
    format!("##[error]{text}")
}

fn annotation(_: &mut Random, text: &str) -> String {
    let message = text.trim_end().replace('%', "%25").replace('\n', "%0A");
    format!("::group::build\n::error file=go.mod,line=1,title=build::{message}\n::endgroup::\n")
}

fn gitlab(dice: &mut Random, text: &str) -> String {
    let lines: String = around(dice, text).lines().map(|line| format!("\u{1b}[0;m{line}\u{1b}[0;m\n")).collect();
    format!(
        "section_start:1600000000:step_script\r\u{1b}[0K\u{1b}[0K\u{1b}[36;1mExecuting\u{1b}[0;m\n{lines}section_end:1600000009:step_script\r\u{1b}[0K\u{1b}[31;1mERROR: Job failed: exit code 1\n\u{1b}[0;m\n"
    )
}

/// With another step that talks in between.
fn docker(dice: &mut Random, text: &str) -> String {
    let mut log = "#12 [build 4/6] RUN go mod download\n".to_owned();
    for line in ended(text).lines() {
        if dice.below(3) == 0 {
            log.push_str(&format!("#13 2.718 {}\n", dice.pick(&OTHERS[..7])));
        }
        log.push_str(&format!("#12 3.141 {line}\n"));
    }
    log + "#12 ERROR: process \"/bin/sh -c go mod download\" did not complete successfully: exit code: 1\n"
}

fn again(_: &mut Random, text: &str) -> String {
    let lines = each(&ended(text), |_| "3.141 ".into());
    format!(
        "------\n > [build 4/6] RUN go mod download:\n{lines}------\nDockerfile:9\n--------------------\n   9 | >>> RUN go mod download\n--------------------\n"
    )
}

fn streams(dice: &mut Random, text: &str) -> String {
    let mut log = String::new();
    for line in ended(text).lines() {
        log.push_str(&format!("[build] {line}\n"));
        if dice.below(2) == 0 {
            log.push_str(&format!("[web] {}\n", dice.pick(&OTHERS)));
        }
    }
    log
}

fn coloured(text: &str) -> String {
    text.lines().map(|line| format!("\u{1b}[1;31m{line}\u{1b}[0m\u{1b}[K\r\n")).collect()
}

/// By a terminal of 100 to 130 columns.
fn broken(dice: &mut Random, text: &str) -> String {
    let width = 100 + dice.below(30);
    let mut log = String::new();
    for line in ended(text).lines() {
        let characters: Vec<char> = line.chars().collect();
        for piece in characters.chunks(width) {
            log.extend(piece);
            log.push('\n');
        }
    }
    log
}

/// As a shell of Windows writes it to a file: UTF-16 with a mark at the beginning.
pub(crate) fn wide(text: &str) -> Vec<u8> {
    let units = text.encode_utf16().flat_map(u16::to_le_bytes);
    [0xff, 0xfe].into_iter().chain(units).collect()
}
