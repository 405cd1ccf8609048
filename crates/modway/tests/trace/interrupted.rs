//! A command that is interrupted, or that cannot be run.

use std::{
    process::Stdio,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use testkit::{
    faults::{Fault, Play},
    world::World,
};

use crate::{proxies::serve, stage::Stage};

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_is_interrupted_ends_and_what_it_waited_for_is_told() {
    let world = World::start().await;
    serve(&world);
    world.on("/example.test/lib/@v/v1.0.0.info", [Play::ok("").fault(Fault::Mute)]);
    let home = tempfile::tempdir().expect("a temporary folder");
    std::fs::create_dir(home.path().join("main")).expect("the folder is ours");
    let json = home.path().join("json");
    let stage = Stage::new(&[("GOPROXY", &world.url())]);
    let flags = [format!("--json={}", json.display()), "--lang=en".to_owned()];
    let mut command = stage.command(home.path(), &flags, &["mod", "download", "example.test/lib@v1.0.0"]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("modway runs");
    let deadline = Instant::now() + Duration::from_secs(30);
    while world.seen().is_empty() {
        assert!(Instant::now() < deadline, "it never asked");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    kill_process(Pid::from_child(&child), Signal::TERM).expect("it lives");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(128 + 15));
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(stderr.contains("signal 15"), "{stderr}");
    let told: serde_json::Value = serde_json::from_slice(&std::fs::read(json).expect("a file")).expect("JSON");
    assert_eq!(told["requests"][0]["status"], serde_json::Value::Null);
    assert_eq!(told["ended"]["signal"], 15);
}

#[test]
fn what_cannot_be_run_is_said_and_nothing_is_written() {
    let home = tempfile::tempdir().expect("a temporary folder");
    std::fs::create_dir(home.path().join("main")).expect("the folder is ours");
    let run = |settings: &[(&str, &str)], flags: &[&str], program: &str| {
        let stage = Stage::new(settings);
        let like = stage.command(home.path(), &[], &[]);
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_modway"));
        command.env_clear().envs(like.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let output = command.arg("trace").args(flags).args(["--", program, "version"]).output().expect("modway runs");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, said) = run(&[], &[], "no-such-program");
    assert_eq!((code, said.as_str()), (Some(3), "modway: no no-such-program in PATH\n"));
    let (code, said) = run(&[("HTTPS_PROXY", "socks5://u:canary@127.0.0.1:1")], &[], "/bin/true");
    assert!(code == Some(3) && said.contains("cannot be followed") && !said.contains("canary"), "{code:?} {said}");
    let (code, said) = run(&[], &["--html=/nowhere/at/all"], "/bin/true");
    assert!(code == Some(3) && said.contains("writing /nowhere/at/all"), "{code:?} {said}");
    let (code, _) = run(&[], &[], "/bin/false");
    assert_eq!(code, Some(1));
}
