//! Programs of this machine, as the user would run them.

use std::{fs, os::unix::fs::symlink, time::Instant};

use super::*;

const BOUNDS: Bounds = Bounds { wall: Duration::from_secs(20), output_bytes: 1000 };

fn environment(path: &str) -> Environment {
    Environment::of(&[("PATH", path), ("LEFT", "here"), ("EMPTY", "")])
}

fn shell(script: &str) -> Run {
    Run::find("/bin/sh".as_ref(), &environment("/bin:/usr/bin")).unwrap().words(["-c", script])
}

#[track_caller]
fn captured(run: &Run, bounds: Bounds) -> Result<Captured, Lost> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(run.captured(bounds))
}

#[track_caller]
fn check(script: &str, ended: Ended, stdout: &str, stderr: &str) {
    let captured = captured(&shell(script), BOUNDS).unwrap();
    assert_eq!((captured.ended, &*captured.stdout, &*captured.stderr), (ended, stdout.as_bytes(), stderr.as_bytes()));
}

#[test]
fn what_it_says_and_how_it_ends_is_told() {
    check("echo a; echo b >&2; exit 7", Ended::Code(7), "a\n", "b\n");
    check("kill -9 $$", Ended::Signal(9), "", "");
    check("cat", Ended::Code(0), "", "");
    assert_eq!((Ended::Code(7).code(), Ended::Signal(9).code()), (7, 137));
}

#[test]
fn it_has_the_environment_that_it_was_given_and_no_other() {
    check("echo $LEFT ${EMPTY-none} ${HOME-none}", Ended::Code(0), "here none\n", "");
    let run = shell("echo $LEFT $SET").set("SET", "there").unset("LEFT");
    assert_eq!(captured(&run, BOUNDS).unwrap().stdout, b"there\n");
}

#[test]
fn a_word_is_a_word_whatever_a_shell_would_make_of_it() {
    let words = ["%s|", "$HOME", "a b", "`id`", "; id", "*"];
    let run = Run::find("printf".as_ref(), &environment("/bin:/usr/bin")).unwrap().words(words);
    assert_eq!(captured(&run, BOUNDS).unwrap().stdout, b"$HOME|a b|`id`|; id|*|");
}

#[test]
fn a_program_is_found_in_the_absolute_folders_of_path() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().to_str().unwrap();
    symlink("/bin/sh", folder.path().join("tool")).unwrap();
    fs::write(folder.path().join("text"), "").unwrap();
    let found = |name: &str, path: &str| Run::find(name.as_ref(), &environment(path)).map(|run| run.program).ok();
    assert_eq!(found("tool", &format!("/nowhere:{place}")), Some(folder.path().join("tool")));
    assert_eq!(found("text", place), None);
    assert_eq!(found("Cargo.toml", ".:"), None);
    assert_eq!(found("./tool", ""), Some("./tool".into()));
}

#[test]
fn one_that_says_too_much_is_killed_and_too_many_complaints_are_dropped() {
    assert!(matches!(captured(&shell("yes"), BOUNDS), Err(Lost::TooMuch { output_bytes: 1000, .. })));
    let complains = captured(&shell("yes | head -c 100000 >&2; echo done"), BOUNDS).unwrap();
    assert_eq!((complains.stdout, complains.stderr.len()), (b"done\n".to_vec(), 1000));
}

#[test]
fn one_that_is_late_goes_with_all_that_it_started() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pid");
    let script = format!("sleep 1000 & echo $! > {}; wait", file.display());
    let bounds = Bounds { wall: Duration::from_millis(300), ..BOUNDS };
    assert!(matches!(captured(&shell(&script), bounds), Err(Lost::Late { .. })));
    let pid = fs::read_to_string(file).unwrap();
    let (proc, start) = (PathBuf::from(format!("/proc/{}/stat", pid.trim())), Instant::now());
    // Killed is not yet reaped: it is gone, or a zombie of whoever inherits it.
    while fs::read_to_string(&proc).is_ok_and(|stat| !stat.contains(") Z ")) {
        assert!(start.elapsed() < Duration::from_secs(10), "it still runs");
        std::thread::yield_now();
    }
}

#[test]
fn signals_are_passed_on_and_its_end_is_told() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        use tokio::io::AsyncReadExt as _;
        let script = "trap 'echo heard; exit 5' TERM; echo ready; while :; do sleep 0.05; done";
        let mut attended = shell(script).attended(Stream::Read, Stream::Inherited).unwrap();
        let mut stdout = attended.stdout.take().unwrap();
        let mut said = [0; 6];
        stdout.read_exact(&mut said).await.unwrap();
        // To ourselves: it must not end us, and must reach the child.
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TERM).unwrap();
        assert_eq!(attended.ended().await.unwrap(), Ended::Code(5));
        let mut rest = String::new();
        stdout.read_to_string(&mut rest).await.unwrap();
        assert_eq!((&said, &*rest), (b"ready\n", "heard\n"));
    });
}
