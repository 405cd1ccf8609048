//! A "git" that misbehaves: found, bounded, ended, and told about.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    time::{Duration, Instant},
};

use tempfile::TempDir;
use testkit::mount::skipped;

use crate::world::{World, told};

/// A world whose git is a script: it says that it is new, and then does `evil` to whatever is asked.
async fn with_git(evil: &str, change: impl FnOnce(&mut proxy::settings::Direct)) -> (World, TempDir) {
    let tools = TempDir::new().unwrap();
    script(tools.path(), &format!("[ \"$1\" = version ] && {{ echo git version 2.45.0; exit; }}\n{evil}\n"));
    let path = tools.path().to_str().unwrap().to_owned();
    let world = World::with(|direct| {
        direct.path = format!("{path}:/usr/bin:/bin");
        direct.patience.total = Duration::from_secs(2);
        change(direct);
    })
    .await;
    (world, tools)
}

fn script(folder: &Path, text: &str) {
    let file = folder.join("git");
    fs::write(&file, format!("#!/bin/sh\n{text}")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
}

/// The processes whose command line or environment has `mark`.
fn alive(mark: &str) -> Vec<String> {
    let has = |path: std::path::PathBuf| fs::read(path).is_ok_and(|text| String::from_utf8_lossy(&text).contains(mark));
    let entries = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
    entries
        .filter(|path| path.join("environ").exists() && (has(path.join("cmdline")) || has(path.join("environ"))))
        .map(|path| fs::read_to_string(path.join("stat")).unwrap_or_default())
        .filter(|stat| !stat.is_empty() && !stat.contains(") Z "))
        .collect()
}

/// Waits for a condition, with a deadline.
async fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Asks for anything; what is told has `expected`, within `seconds`, and nothing of the shim is left.
async fn check(evil: &str, seconds: u64, expected: &str) {
    let (world, tools) = with_git(evil, |direct| direct.repository_bytes = 1 << 20).await;
    let started = Instant::now();
    let told = told(world.repo("lib").await.stat("v1.0.0").await);
    assert!(told.contains(expected), "{told}");
    assert!(started.elapsed() < Duration::from_secs(seconds), "{:?}", started.elapsed());
    let mark = tools.path().to_str().unwrap().to_owned();
    eventually(&format!("still alive after {evil:?}: {:?}", alive(&mark)), || alive(&mark).is_empty()).await;
}

#[tokio::test]
async fn one_that_sleeps_and_ignores_term_is_killed_at_its_deadline() {
    check("trap '' TERM\nwhile :; do sleep 1; done", 5, "failed: not finished within 2s").await;
}

#[tokio::test]
async fn one_that_leaves_children_behind_leaves_nothing() {
    check("(trap '' TERM; sleep 60) & (trap '' TERM; sleep 61) & exit 3", 5, "failed: ").await;
}

#[tokio::test]
async fn one_that_hides_in_another_session_is_found_by_its_mark() {
    check("trap '' TERM\nsetsid sh -c \"trap '' TERM; sleep 62\" & sleep 63", 6, "failed: not finished within 2s").await;
}

#[tokio::test]
async fn one_that_multiplies_is_ended_before_its_deadline() {
    check("for i in $(seq 200); do sleep 64 & done\nwait", 5, "it started more than 64 processes").await;
}

#[tokio::test]
async fn one_that_floods_what_is_read_or_what_is_complained_is_cut() {
    // Its answer goes to a file, which may not grow beyond its bound.
    let (world, _tools) = with_git("exec yes 1111111111111111111111111111111111111111", |direct| {
        direct.patience.total = Duration::from_secs(20);
    })
    .await;
    let told = told(world.repo("lib").await.stat("v1.0.0").await);
    assert!(told.contains("larger than 268435456 bytes"), "{told}");
    check("yes \"$(printf 'fatal: \\033[31mno\\033[0m\\r')\" | head -c 50000000 >&2\nexit 128", 10, "failed: fatal: no").await;
}

#[tokio::test]
async fn one_that_is_too_old_is_refused_with_the_reason() {
    let tools = TempDir::new().unwrap();
    script(tools.path(), "echo git version 2.30.0\n");
    let path = tools.path().to_str().unwrap().to_owned();
    let world = World::with(|direct| direct.path = path).await;
    for _ in 0..5 {
        let refused =
            world.repos.get(gomod::goimport::Vcs::Git, "https://127.0.0.1/x").await.map(|_| ()).unwrap_err().to_string();
        assert!(refused.starts_with("git 2.30 is too old for direct mode: it needs git 2.32 or newer"), "{refused}");
    }
    assert_eq!(world.repos.children().started(), 1, "looked at once");
}

#[tokio::test]
async fn no_git_at_all_is_told_in_gos_words() {
    let empty = TempDir::new().unwrap();
    let path = empty.path().to_str().unwrap().to_owned();
    let world = World::with(|direct| direct.path = path).await;
    let refused = world.repos.get(gomod::goimport::Vcs::Git, "https://127.0.0.1/x").await.map(|_| ()).unwrap_err().to_string();
    assert_eq!(refused, "exec: \"git\": executable file not found in $PATH");
}

#[tokio::test]
async fn whoever_leaves_ends_the_child() {
    let (world, tools) =
        with_git("trap '' TERM\nwhile :; do sleep 1; done", |direct| direct.patience.total = Duration::from_secs(60)).await;
    let mark = tools.path().to_str().unwrap().to_owned();
    let repo = world.repo("lib").await;
    let asking = tokio::spawn(async move { told(repo.stat("v1.0.0").await) });
    eventually("it started", || !alive(&mark).is_empty()).await;
    asking.abort();
    eventually("it ended", || alive(&mark).is_empty()).await;
}

#[tokio::test]
async fn its_environment_is_empty_and_its_command_line_has_no_secret() {
    let evil = "{ env | sort; echo \"argv: $*\"; } > \"$PWD/seen\"\nexit 1";
    let (world, _tools) = with_git(evil, |_| ()).await;
    let _ = world.repo("lib").await.latest().await;
    let folder = fs::read_dir(world.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.join("seen").exists())
        .unwrap();
    let seen = fs::read_to_string(folder.join("seen")).unwrap();
    let names: Vec<&str> = seen.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name).collect();
    for name in &names {
        let ours =
            ["PATH", "HOME", "TMPDIR", "LC_ALL", "LANG", "TZ", "XDG_CONFIG_HOME", "MODWAY_CHILD", "http_proxy", "no_proxy"];
        let git = ["GIT_", "GCM_", "SSH_ASKPASS"].iter().any(|prefix| name.starts_with(prefix));
        assert!(git || ours.contains(name) || ["PWD", "SHLVL", "_", "OLDPWD"].contains(name), "{name} in\n{seen}");
    }
    let proxy = seen.lines().find_map(|line| line.strip_prefix("http_proxy=http://")).unwrap();
    let token = proxy.split('@').next().unwrap();
    let argv = seen.lines().find(|line| line.starts_with("argv: ")).unwrap();
    assert!(!argv.contains(token) && argv.contains("--end-of-options"), "{argv}");
}

#[tokio::test]
async fn its_bounds_are_on_it_and_on_what_it_starts() {
    // The first child is started before the bounds can be there.
    let evil = "(sleep 1; ulimit -f; ulimit -v; ulimit -n; ulimit -c) > \"$PWD/early\" &\nsleep 0.5\n(ulimit -f; ulimit -v; ulimit -n; ulimit -c) > \"$PWD/late\"\nwait\nexit 1";
    let (world, _tools) = with_git(evil, |_| ()).await;
    let _ = world.repo("lib").await.latest().await;
    let folder = fs::read_dir(world.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.join("late").exists())
        .unwrap();
    // In blocks of 512 bytes, in KiB, in files, in blocks.
    let expected = format!("{}\n{}\n1024\n0\n", (256_u64 << 20) / 512, (8_u64 << 30) / 1024);
    for which in ["early", "late"] {
        assert_eq!(fs::read_to_string(folder.join(which)).unwrap(), expected, "{which}");
    }
}

#[tokio::test]
async fn nothing_hostile_stands_left_of_the_separator() {
    let evil = "{ printf '%s\\n' \"$#\"; for word; do printf '%s\\0' \"$word\"; done; printf '\\n'; } >> \"$MODWAY_SEEN\""
        .replace("$MODWAY_SEEN", "$PWD/seen");
    let answer = "if [ \"$1\" = ls-remote ]; then while read -r line; do printf '%s\\n' \"$line\"; done < \"$PWD/answer\"; fi";
    let (world, _tools) = with_git(&format!("{evil}\n{answer}\nexit 0"), |_| ()).await;
    let repo = world.repo("lib").await;
    let folder = fs::read_dir(world.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.join("lock").exists())
        .unwrap();
    let hash = "1".repeat(40);
    let hostile = hostile_words();
    assert!(hostile.len() >= 300, "{}", hostile.len());
    let advertised: String =
        hostile.iter().map(|word| format!("{hash}\trefs/tags/{word}\n{hash}\trefs/heads/{word}\n")).collect();
    fs::write(folder.join("answer"), advertised).unwrap();
    for word in &hostile {
        let _ = repo.stat(word).await;
        let _ = repo.read_file(word, "go.mod", 10).await;
        let _ = repo.recent_tag(word, word, &|_| true).await;
        let _ = repo.descends_from(word, word).await;
        let _ = repo.archive(word, word).await;
        let _ = world.repos.get(gomod::goimport::Vcs::Git, word).await;
        let _ = world.repos.get(gomod::goimport::Vcs::Git, &format!("http://{word}/x")).await;
    }
    for word in hostile.iter().take(20) {
        let _ = repo.read_file(&hash, word, 10).await;
        let _ = repo.archive(&hash, word).await;
        let _ = repo.tags(word).await;
    }
    let seen = fs::read(folder.join("seen")).unwrap();
    let words: Vec<String> = seen.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect();
    assert!(words.iter().any(|word| word.ends_with("ls-remote")), "{words:?}");
    for command in String::from_utf8_lossy(&seen).split("\0\n") {
        let words: Vec<&str> = command.split(['\0', '\n']).collect();
        let flags = words.iter().take_while(|word| !matches!(**word, "--" | "--end-of-options"));
        for word in flags.skip(1) {
            let ours = word.bytes().all(|byte| byte.is_ascii_lowercase() || b"-=%()1".contains(&byte));
            assert!(ours && !hostile.iter().any(|evil| evil == word), "{word:?} in {words:?}");
        }
    }
    assert!(!folder.join("pwned").exists() && !std::path::Path::new("pwned").exists());
}

/// What strangers write where a name should be.
fn hostile_words() -> Vec<String> {
    let before = [
        "-",
        "--",
        "--upload-pack=",
        "--output=",
        "--exec=",
        "-c",
        "-oProxyCommand=",
        "--config=alias.x=!",
        "ext::",
        "\n--",
        "a\n-",
        "$(",
        "`",
        "; ",
        "| ",
        "&& ",
    ];
    let after = [
        "touch pwned",
        "sh",
        "x",
        "pwned",
        "upload-pack",
        "help",
        "version",
        "/etc/passwd",
        "../../x",
        "\u{1b}[31m",
        "@{-1}",
        "^{/x}",
        ":(attr)x",
        "%00",
        "=",
        "x y",
        "-",
        "~1",
        "*",
        ".",
    ];
    before.iter().flat_map(|before| after.iter().map(move |after| format!("{before}{after}"))).collect()
}

#[tokio::test]
async fn where_the_kernel_can_it_reads_and_reaches_only_what_it_must() {
    if !proxy::upstream::child::can_confine() {
        return skipped("where_the_kernel_can_it_reads_and_reaches_only_what_it_must", "this kernel has no Landlock");
    }
    let secrets = TempDir::new().unwrap();
    let secret = secrets.path().join("key.pem");
    fs::write(&secret, "canary").unwrap();
    let tries = [
        // That it can be tried at all.
        "true".to_owned(),
        format!("cat {}", secret.display()),
        format!("touch {}/written", secrets.path().display()),
        format!("cat /proc/{}/environ", std::process::id()),
        format!("kill -0 {}", std::process::id()),
        format!("echo x > {}", secret.display()),
        "cat /etc/shadow".to_owned(),
        "exec 3<>/dev/tcp/127.0.0.1/PORT".to_owned(),
    ];
    // A listener that nobody may reach but through the gateway.
    let closed = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = closed.local_addr().unwrap().port().to_string();
    std::net::TcpStream::connect(("127.0.0.1", closed.local_addr().unwrap().port())).expect("outside of the cage it is reached");
    let lines: String = tries
        .iter()
        .map(|attempt| {
            format!("bash -c '{}' >/dev/null 2>&1 && echo \"got: {attempt}\" >> \"$PWD/got\"\n", attempt.replace("PORT", &port))
        })
        .collect();
    let (world, _tools) = with_git(&format!("echo here > \"$PWD/got\"\n{lines}exit 1"), |_| ()).await;
    let _ = world.repo("lib").await.latest().await;
    let folder = fs::read_dir(world.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.join("got").exists())
        .unwrap();
    assert_eq!(fs::read_to_string(folder.join("got")).unwrap(), "here\ngot: true\n");
}
