//! Strings that read as flags, commands or patterns, pushed through every field: shims in the tools' places write down what they are called
//! with, and nothing of it is left of the separator but where a word of ours says what it is.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use plan::Trouble;
use proxy::upstream::{
    direct::repo::{Repo, RepoError},
    fossil::Fossil,
    hg::{Hg, remote::Remote},
    svn::Svn,
};

use crate::{MINUTE, folder, remote};

/// What each hostile string has in it.
const MARK: &str = "zz";

/// The words of ours that a value may follow in the same word.
const PREFIXES: &[&str] =
    &["--rev='", "--rev=ancestors('", "--revision=", "--include=path:", "--include=", "-r=", "--repository=/", "--config-dir=/"];

const HASH: &str = "0123456789012345678901234567890123456789";

/// Sixty of them; with the five fields of a repository three hundred.
fn strings() -> Vec<String> {
    let flags = [
        "--config=hooks.pre-log=touch zz",
        "--config=alias.log=!touch zz",
        "--config-option=servers:global:http-proxy-exec=zz",
        "--cwd=zz",
        "-Rzz",
        "-R=zz",
        "--repository=zz",
        "--debugger=zz",
        "--transport-command=zz",
        "--ssh-command=zz",
        "--editor-cmd=zz",
        "--diff-cmd=zz",
        "--proxy=zz",
        "--upload-pack=zz",
        "--template=zz",
        "-Tzz",
        "-ozz",
        "--output=zz",
        "--targets=zz",
        "--file=zz",
        "--encoding=zz",
        "--pager=zz",
        "-zz",
        "--zz",
        "---zz",
        "-- zz",
        "--\tzz",
        " --zz",
        "\u{2010}zz",
        "-\nzz",
    ];
    let others = [
        "$(touch zz)",
        "`touch zz`",
        "zz;touch zz",
        "zz|touch zz",
        "zz&touch zz",
        "zz\n--config=x",
        "zz\0",
        "zz\u{1b}[31m",
        "'zz",
        "zz'",
        "\\'zz",
        "zz' or 'tip",
        "zz) or all(",
        "set:zz",
        "re:zz",
        "include:/zz",
        "listfile:/zz",
        "listfile0:zz",
        "glob:zz",
        "%zz",
        "zz@HEAD",
        "@zz",
        "{zz}",
        "../zz",
        "/zz",
        "zz/../../x",
        "http://zz/x",
        "file:///zz",
        "ext::zz",
        "zz::zz",
    ];
    flags.into_iter().chain(others).map(str::to_owned).collect()
}

/// A tool that writes its arguments into `record`, and to its standard error; it then says what a good tool would.
fn shim(folder: &Path, name: &str, record: &Path, says: &str) {
    let text = format!(
        "#!/bin/sh\nfor word; do printf '%s\\n' \"$word\" >&2; done\n{{ for word; do printf '%s\\n' \"$word\"; done; printf '\\n'; }} 2>/dev/null >>'{}'\n{says}\n",
        record.display()
    );
    let file = folder.join(name);
    fs::write(&file, text).expect("the folder is ours");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("the folder is ours");
}

/// Pushes every string through every field, and hands over what comes back.
async fn push(mut open: impl FnMut(&str) -> Box<dyn Repo>, mut back: impl FnMut(Option<RepoError>)) {
    let strings = strings();
    assert!(strings.len() * 5 >= 300 && strings.iter().all(|text| text.contains(MARK)));
    let repo = open("http://127.0.0.1:9/lib");
    for text in &strings {
        back(repo.stat(text).await.err());
        back(repo.read_file(HASH, text, 1 << 10).await.err());
        back(repo.read_file(text, "go.mod", 1 << 10).await.err());
        back(repo.archive(HASH, text).await.err());
        back(repo.archive(text, "").await.err());
        back(repo.recent_tag(text, text, &|_: &str| true).await.err());
        back(repo.descends_from(HASH, text).await.err());
        for url in [text.clone(), format!("http://127.0.0.1:9/{text}"), format!("http://{text}@127.0.0.1:9/x")] {
            back(open(&url).latest().await.err());
        }
    }
}

/// Judges one command line.
#[track_caller]
fn check(words: &[&str]) {
    let separator = words.iter().position(|word| *word == "--").unwrap_or(words.len());
    for word in &words[..separator] {
        let named = PREFIXES.iter().any(|prefix| word.starts_with(prefix));
        assert!(named || !word.contains(MARK), "left of the separator: {words:?}");
    }
    for word in words.iter().skip(separator + 1) {
        assert!(!word.starts_with('-'), "right of the separator, but a flag to many: {words:?}");
    }
}

/// Opens repositories whose tools are shims; counts the command lines that were judged.
async fn judged(name: &str, says: &str, make: impl Fn(Remote) -> Box<dyn Repo>) -> usize {
    let (rest, tools) = (folder(), folder());
    let record = rest.path().join("repository/argv");
    shim(tools.path(), name, &record, says);
    let path = format!("{}:/usr/bin:/bin", tools.path().display());
    let open = |url: &str| {
        let children = proxy::upstream::child::Children::new(&path, rest.path(), 2, proxy::metrics::Metrics::default());
        make(Remote { children: children.expect("the folder is ours"), ..remote(url, rest.path(), MINUTE) })
    };
    let mut count = 0;
    let mut lines = |text: &str| {
        let words: Vec<&str> =
            text.lines().map(|line| line.strip_prefix('\t').unwrap_or(line)).filter(|line| !line.is_empty()).collect();
        check(&words);
        count += 1;
    };
    push(open, |error| {
        if let Some(RepoError::Failed(Trouble::Vcs(said))) = error
            && let Some((_, words)) = said.split_once(":\n")
        {
            lines(words);
        }
    })
    .await;
    fs::read_to_string(&record).unwrap_or_default().split("\n\n").for_each(&mut lines);
    assert!(!Path::new(MARK).exists() && !rest.path().join("repository").join(MARK).exists(), "something ran");
    count
}

#[tokio::test(flavor = "multi_thread")]
async fn no_hostile_string_is_a_flag_to_mercurial() {
    let says = format!("echo '{HASH} 1600000000 0 tip'");
    assert!(judged("hg", &says, |remote| Box::new(Hg::new(remote))).await > 300);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_hostile_string_is_a_flag_to_subversion() {
    assert!(judged("svn", "exit 1", |remote| Box::new(Svn::new(remote))).await > 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_hostile_string_is_a_flag_to_fossil() {
    let says = format!("case \"$1\" in clone) : >part.fossil;; *) echo 'hash: {HASH} 2020-01-01 00:00:00 UTC';; esac");
    assert!(judged("fossil", &says, |remote| Box::new(Fossil::new(remote))).await > 100);
}
