//! The rules that one file can break. Each answers its findings, one line each.

use std::path::Path;

use super::source::Source;

/// What `gomod` and `plan` must not name: disks, sockets, processes, environments, threads, clocks. Addresses are values and may be named.
const IMPURE: [&str; 14] = [
    "std::fs",
    "std::process",
    "std::env",
    "std::thread",
    "std::os",
    "std::io::stdin",
    "std::io::stdout",
    "std::io::stderr",
    "std::net::TcpStream",
    "std::net::TcpListener",
    "std::net::UdpSocket",
    "std::net::ToSocketAddrs",
    "std::time::SystemTime",
    "std::time::Instant",
];

/// Words that stand for an effect whatever their path is.
const IMPURE_WORDS: [&str; 8] = ["SystemTime", "Instant", "async", "await", "println", "eprintln", "TcpStream", "UdpSocket"];

/// `gomod` and `plan` do nothing but compute.
pub(crate) fn pure(source: &Source) -> Vec<String> {
    if !["gomod", "plan"].contains(&source.of()) || source.is_test() {
        return Vec::new();
    }
    let effect = |path: &String| below_any(path, &IMPURE) || IMPURE_WORDS.contains(&path.as_str());
    findings(source, "has an effect", source.paths().into_iter().filter(effect))
}

/// Status codes are the door's, in one file.
pub(crate) fn status_codes(source: &Source) -> Vec<String> {
    if source.of() != "modway" || source.is_test() || source.path.ends_with("src/http/answer.rs") {
        return Vec::new();
    }
    findings(
        source,
        "names a status code",
        source.paths().into_iter().filter(|path| path.split("::").any(|part| part == "StatusCode")),
    )
}

/// The environment is read in one place, once.
pub(crate) fn environment(source: &Source) -> Vec<String> {
    if source.is_test() || source.path.starts_with("crates/modway/src/config/") {
        return Vec::new();
    }
    // It takes a text apart, and reads nothing.
    let reads = |path: &String| below_any(path, &["std::env"]) && path != "std::env::split_paths";
    let of_std = source.paths().into_iter().filter(reads);
    // A name may end so: `let go_env = …`.
    let ends_a_word = |at: usize| source.code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_');
    let of_clap = source.code.contains("#[arg(") && source.code.match_indices("env =").any(|(at, _)| !ends_a_word(at));
    findings(source, "reads the environment", of_std.chain(of_clap.then(|| "#[arg(env = …)]".to_owned())))
}

/// Processes are started in one place of the proxy, which cages them, and in one of the doors, which runs the user's own.
const PROCESSES: [&str; 3] = ["crates/proxy/src/upstream/child/", "crates/modway/src/run.rs", "crates/modway/src/run/"];

/// Processes are started there only.
pub(crate) fn processes(source: &Source) -> Vec<String> {
    if source.is_test() || PROCESSES.iter().any(|place| source.path.starts_with(place)) {
        return Vec::new();
    }
    let starts = |path: &String| below_any(path, &["std::process::Command", "tokio::process", "process::Command"]);
    findings(source, "starts processes", source.paths().into_iter().filter(starts))
}

/// Every queue has a bound.
pub(crate) fn unbounded(source: &Source) -> Vec<String> {
    let paths = source.paths();
    let of_std = paths.iter().any(|path| path == "std::sync::mpsc");
    let unbounded = |path: &&String| {
        path.ends_with("unbounded_channel") || *path == "std::sync::mpsc::channel" || of_std && *path == "mpsc::channel"
    };
    let found: Vec<String> = paths.iter().filter(unbounded).cloned().collect();
    if source.is_test() { Vec::new() } else { findings(source, "has no bound", found.into_iter()) }
}

/// How often a bar is drawn bounds nothing.
const NO_BOUND: &str = "crates/modway/src/cmd/store/bar.rs";

/// A time that is waited, or between two deeds, stands in a `limits.rs` with its reason, or is a setting's default.
pub(crate) fn waits(source: &Source) -> Vec<String> {
    let places = ["/limits.rs", "/conformance.rs"];
    let is_theirs =
        places.iter().any(|place| source.path.ends_with(place)) || source.path.starts_with("crates/modway/src/config/");
    if source.is_test() || is_theirs || source.path == NO_BOUND {
        return Vec::new();
    }
    let times = source.code.split("Duration::from_").skip(1).filter_map(|rest| rest.split_once(')'));
    let fixed = times
        .filter(|(time, _)| time.split_once('(').is_some_and(|(_, time)| time.trim().starts_with(|c: char| c.is_ascii_digit())));
    findings(source, "has a time of its own, outside limits.rs", fixed.map(|(time, _)| format!("Duration::from_{time})")))
}

/// A file above 400 lines says in the comment at its top why it is one piece.
pub(crate) fn long(source: &Source) -> Vec<String> {
    let lines = source.text.lines().count();
    let top: String = source.text.lines().take_while(|line| line.starts_with("//!")).collect();
    let excused = lines <= 400 || top.contains("one piece");
    findings(source, "does not say at its top why it is one piece", (!excused).then(|| format!("{lines} lines")).into_iter())
}

/// Nothing is silenced, skipped or put off.
pub(crate) fn left_over(source: &Source) -> Vec<String> {
    let whole = Source { code: super::source::code(&source.text), path: source.path.clone(), text: String::new() };
    let attributes = ["#[allow(", "#![allow(", "#[ignore", "#[should_panic", "todo!(", "unimplemented!(", "dbg!("];
    let in_code = attributes.iter().filter(|word| whole.code.contains(**word)).map(|word| (*word).to_owned());
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X:"), concat!("HA", "CK")];
    let in_text = marks.iter().filter(|mark| source.text.contains(**mark)).map(|mark| (*mark).to_owned());
    findings(source, "is left over", in_code.chain(in_text))
}

/// A test that cannot run here says so past the harness, which keeps back what a passing test prints.
pub(crate) fn quietly_skipped(source: &Source) -> Vec<String> {
    let is_of_tests = source.is_test() || source.of() == "testkit";
    let says = is_of_tests && source.text.contains(concat!("\"skip", "ped: ")) && source.path != "crates/testkit/src/mount.rs";
    findings(source, "says what testkit::mount::skipped is for", says.then(|| "skipped".to_owned()).into_iter())
}

/// No absolute path of the machine that built it.
pub(crate) fn machine_paths(path: &str, text: &str, root: &Path) -> Vec<String> {
    let here = root.display().to_string();
    let bad = [concat!("/ro", "ot/"), concat!("/wo", "rk/"), concat!(".py", "env"), here.as_str()];
    bad.iter().filter(|bad| text.contains(**bad)).map(|bad| format!("{path}: names a folder of a build machine: {bad}")).collect()
}

fn findings(source: &Source, what: &str, found: impl Iterator<Item = String>) -> Vec<String> {
    found.map(|found| format!("{}: {what}: {found}", source.path)).collect()
}

/// Tells whether `path` is one of `roots`, or lies below one.
fn below_any(path: &str, roots: &[&str]) -> bool {
    roots.iter().any(|root| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with("::")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `rule` finds something in `bad` at `path`, and nothing in `good`.
    #[track_caller]
    fn check(rule: fn(&Source) -> Vec<String>, path: &str, bad: &str, good: &str) {
        assert_eq!(rule(&Source::new(path, bad)).len(), 1, "{bad}");
        assert_eq!(rule(&Source::new(path, good)), [""; 0], "{good}");
    }

    #[test]
    fn an_effect_in_a_pure_crate_is_found() {
        let path = "crates/gomod/src/a.rs";
        check(pure, path, "use std::{fmt, fs::File};", "use std::{fmt, net::IpAddr};");
        check(pure, path, "fn f() { std::env::var(\"X\") }", "fn f() { \"std::env\" }");
        check(pure, path, "use std::time::{Duration, Instant};", "use std::time::Duration;");
        check(pure, path, "async fn f() {}", "fn f() {} // async");
        check(pure, path, "use std::thread;", "#[cfg(test)]\nmod tests { use std::thread; }");
        assert_eq!(pure(&Source::new("crates/store/src/a.rs", "use std::fs;")), [""; 0]);
    }

    #[test]
    fn a_status_code_outside_the_answer_is_found() {
        check(status_codes, "crates/modway/src/http/serve.rs", "use hyper::{StatusCode};", "use hyper::Method;");
        check(status_codes, "crates/modway/src/app.rs", "http::StatusCode::OK", "fn status() {}");
        assert_eq!(status_codes(&Source::new("crates/modway/src/http/answer.rs", "use http::StatusCode;")), [""; 0]);
    }

    #[test]
    fn reading_the_environment_outside_the_configuration_is_found() {
        check(environment, "crates/proxy/src/a.rs", "use std::env::var;", "env!(\"CARGO_PKG_VERSION\")");
        check(environment, "crates/proxy/src/a.rs", "std::env::vars_os()", "std::env::split_paths(path)");
        check(environment, "crates/modway/src/cli.rs", "#[arg(long, env = \"X\")]", "#[arg(long)]");
        assert_eq!(environment(&Source::new("crates/modway/src/config/environment.rs", "use std::env;")), [""; 0]);
    }

    #[test]
    fn a_process_started_elsewhere_is_found() {
        check(processes, "crates/proxy/src/chain.rs", "use std::process::Command;", "use std::process::ExitCode;");
        check(processes, "crates/modway/src/app.rs", "tokio::process::Command::new(\"git\")", "tokio::spawn(f)");
        check(processes, "crates/proxy/src/upstream/git/mod.rs", "use tokio::process::Command;", "use crate::upstream::child;");
        check(processes, "crates/modway/src/runner.rs", "use tokio::process::Command;", "use crate::run::Run;");
        for place in ["proxy/src/upstream/child/run.rs", "modway/src/run.rs", "modway/src/run/captured.rs"] {
            assert_eq!(processes(&Source::new(&format!("crates/{place}"), "use tokio::process::Command;")), [""; 0]);
        }
    }

    #[test]
    fn a_queue_without_a_bound_is_found() {
        let path = "crates/proxy/src/a.rs";
        check(unbounded, path, "fn f() { tokio::sync::mpsc::unbounded_channel() }", "fn f() { tokio::sync::mpsc::channel(8) }");
        check(
            unbounded,
            path,
            "use std::sync::mpsc;\nfn f() { mpsc::channel() }",
            "use tokio::sync::mpsc;\nfn f() { mpsc::channel(8) }",
        );
        check(unbounded, path, "use std::sync::mpsc::channel;", "use std::sync::mpsc::sync_channel;");
    }

    #[test]
    fn a_time_outside_the_limits_is_found() {
        let path = "crates/proxy/src/a.rs";
        check(waits, path, "fn f() { sleep(Duration::from_millis(20)) }", "fn f(n: u64) { sleep(Duration::from_secs(n)) }");
        check(waits, path, "const A: Duration = Duration::from_secs(\n60 * 60);", "const A: Duration = limits::A;");
        for place in ["proxy/src/limits.rs", "modway/src/config/server.rs", "store/tests/a.rs"] {
            assert_eq!(waits(&Source::new(&format!("crates/{place}"), "Duration::from_secs(1)")), [""; 0]);
        }
    }

    #[test]
    fn a_long_file_without_a_reason_is_found() {
        let lines = "fn f() {}\n".repeat(401);
        check(long, "crates/plan/src/a.rs", &lines, &format!("//! One table, and so one piece.\n{lines}"));
    }

    #[test]
    fn what_is_left_over_is_found() {
        let path = "crates/plan/src/a.rs";
        check(left_over, path, "#[allow(dead_code)]", "#[expect(dead_code, reason = \"x\")]");
        check(left_over, path, "#[cfg(test)]\nmod tests { #[ignore]\nfn f() {} }", "// #[ignore]");
        check(left_over, path, concat!("// TO", "DO: later"), "// Gap: issue 7");
    }

    #[test]
    fn a_test_that_is_skipped_in_silence_is_found() {
        let path = "crates/proxy/tests/a.rs";
        check(quietly_skipped, path, concat!("eprint", "ln!(\"skip", "ped: no tool\")"), "skipped(\"a_test\", \"no tool\")");
    }

    #[test]
    fn a_folder_of_a_build_machine_is_found() {
        let root = Path::new("/build/modway");
        assert_eq!(machine_paths("a.md", "see /build/modway/x", root).len(), 1);
        assert_eq!(machine_paths("a.md", concat!("see /ro", "ot/x"), root).len(), 1);
        assert_eq!(machine_paths("a.md", "see /var/lib/modway", root), [""; 0]);
    }
}
