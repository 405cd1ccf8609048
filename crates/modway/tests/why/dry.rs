//! `--dry` asks nobody.

use std::process::{Command, Stdio};

use modway::{config::Disk, machine::Machine};

use crate::world::{MODULE, Town};

#[tokio::test]
async fn a_dry_run_opens_no_connection() {
    for private in ["", "git.example.test"] {
        let town = Town::new().await.proxied().go_trusts().git_trusts().set("GOPRIVATE", private);
        let machine = Machine::here(&town.environment(), &Disk, None);
        town.inquire(&machine, "v1.0.0", true).await;
        assert_eq!(
            (town.proxy.seen().len(), town.host.connections(), town.road.seen().len(), town.sumdb.seen().len()),
            (0, 0, 0, 0)
        );
        town.inquire(&machine, "v1.0.0", false).await;
        assert_ne!((town.proxy.seen().len(), town.host.connections()), (0, 0), "the same without --dry does ask");
    }
}

/// The kernel is asked, not our servers: no socket but a pair of the process's own, and no program but `git config`.
#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_makes_no_socket_and_starts_nothing_that_could() {
    if !Command::new("strace").args(["-o", "/dev/null", "true"]).status().is_ok_and(|status| status.success()) {
        let name = "a_dry_run_makes_no_socket_and_starts_nothing_that_could";
        return testkit::mount::skipped(name, "it needs strace and the right to trace");
    }
    for private in ["", "git.example.test"] {
        let town = Town::new().await.proxied().go_trusts().git_trusts().set("GOPRIVATE", private);
        let dry = calls(&town, &["--dry"]).await;
        let quiet = ["socketpair(AF_UNIX", "/modway\", [", "\"config\", \"--list\""];
        let is_quiet = |call: &&String| quiet.iter().any(|known| call.contains(known));
        assert_eq!(dry.iter().filter(|call| !is_quiet(call)).collect::<Vec<_>>(), <[&String; 0]>::default());
        let wet = calls(&town, &[]).await;
        assert!(
            wet.iter().any(|call| call.contains("connect(") && call.contains("AF_INET")),
            "the same without --dry does: {wet:?}"
        );
    }
}

/// The calls about sockets and programs that `modway why` makes with these flags, and all that it starts.
async fn calls(town: &Town, flags: &[&str]) -> Vec<String> {
    let log = town.path("calls");
    let mut strace = Command::new("strace");
    strace.args([
        "-f",
        "-qq",
        "-e",
        "trace=network,execve",
        "-e",
        "signal=none",
        "-o",
        &log,
        env!("CARGO_BIN_EXE_modway"),
        "why",
    ]);
    strace.args(flags).arg(format!("{MODULE}@v1.0.0")).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    strace.env_clear().envs(town.environment().iter());
    tokio::task::spawn_blocking(move || strace.status().expect("it was there just now")).await.expect("it ran");
    std::fs::read_to_string(log).expect("strace wrote it").lines().map(str::to_owned).collect()
}
