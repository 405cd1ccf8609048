//! Strings like options, through every field that strangers write: none is ever a word in front of the separator.

use std::{collections::BTreeMap, fs};

use tempfile::TempDir;
use testkit::repos::{GitServer, Repository};

use super::{
    modway::{Answer, Modway, until},
    network::html,
    shim::{CANARY, Call, Do, Tools},
    strings::{self, in_door_spelling, raw},
};

/// The hash that the stand-ins of hg and fossil know.
const HASH: &str = "0123456789abcdef0123456789abcdef01234567";

/// Where the modules live: `example.test/git`, `example.test/hg`, …
const HOST: &str = "example.test";

const VCS: [&str; 4] = ["git", "hg", "svn", "fossil"];

/// All that may stand in front of the separator, whole: words of ours, and none that a stranger wrote.
const OURS: [&str; 64] = [
    "version",
    "ls-remote",
    "-q",
    "init",
    "-q",
    "--bare",
    "--template=",
    "--object-format=sha1",
    "--initial-branch=main",
    "fetch",
    "-f",
    "--depth=1",
    "--unshallow",
    "--no-tags",
    "--no-write-fetch-head",
    "--no-recurse-submodules",
    "--prune",
    "--quiet",
    "--force",
    "--update-shallow",
    "cat-file",
    "--batch",
    "--batch-check",
    "--buffer",
    "--batch-command",
    "archive",
    "--format=tar",
    "--prefix=prefix/",
    "rev-parse",
    "log",
    "for-each-ref",
    "merge-base",
    "--is-ancestor",
    "update-ref",
    "--stdin",
    "--merged",
    "tag",
    "--noninteractive",
    "--config=ui.clonebundles=false",
    "--config=http_proxy.always=true",
    "--repository=.",
    "pull",
    "tags",
    "--template={node} {tag}\n",
    "branches",
    "--closed",
    "--template={branch}\n",
    "--limit=1",
    "--template={node} {date|hgdate} {tags}",
    "--template={tags}\n",
    "--template={node}\n",
    "cat",
    "--type=uzip",
    "--no-decode",
    "--non-interactive",
    "--no-auth-cache",
    "list",
    "--xml",
    "--incremental",
    "--recursive",
    "export",
    "clone",
    "--no-open",
    "info",
];

/// Flags of ours whose value may be data: what they say of it stands in front, so it cannot be a flag.
const VALUED: [&str; 6] = ["--rev='", "--repository=/", "--config-dir=/", "--revision=", "--include=path:", "-r="];

/// A server with a page for each kind of repository, and pages for each string in each field of a tag.
struct World {
    home: TempDir,
    server: GitServer,
    tools: Tools,
    strings: Vec<String>,
    repository: Repository,
}

impl World {
    async fn new() -> Self {
        let (home, server) = (TempDir::new().expect("a folder"), GitServer::start(false, None).await);
        let strings = strings::all();
        let mut repository = server.make("git");
        repository.write("go.mod", format!("module {HOST}/git\n")).write("a.go", "package a\n").commit(1_600_000_000);
        repository.tag("v1.0.0");
        for vcs in VCS {
            server.page(&format!("{HOST}/{vcs}"), &format!("{HOST}/{vcs} {vcs} {}/{vcs}", server.url()));
        }
        for (number, text) in strings.iter().enumerate() {
            let tag = |field: &str, tag: String| server.answer(&format!("{HOST}/{field}/{number}"), 200, &[], html(&tag));
            let (vcs, url) = (VCS[number % 4], server.url());
            tag("prefix", format!("{text} {vcs} {url}/{vcs}"));
            tag("whole", format!("{HOST}/whole/{number} {vcs} {text}"));
            tag("repo", format!("{HOST}/repo/{number} {vcs} {url}/{text}"));
            tag("host", format!("{HOST}/host/{number} {vcs} http://{text}/x"));
            tag("vcs", format!("{HOST}/vcs/{number} {text} {url}/{vcs}"));
            tag("sub", format!("{HOST}/sub/{number} {vcs} {url}/{vcs} {text}"));
            tag("down", format!("{HOST}/down/{number} {vcs} {url}/{vcs} a/{text}"));
        }
        let hash = repository.last().to_owned();
        let names = strings.clone();
        let tools = Tools::new(move |call| act(call, &names, &hash));
        Self { home, server, tools, strings, repository }
    }

    fn modway(&self) -> Modway {
        let more = format!(
            "path = \"{}\"\ngovcs = \"*:all\"\ngoprivate = \"{HOST}\"\ngoinsecure = \"{HOST}\"\n[[direct.access]]\nplace = \"{}\"\nschemes = [\"http\"]\nprivate_addresses = true\n",
            self.tools.path(),
            self.server.address()
        );
        let proxy = self.server.url();
        Modway::start(self.home.path(), &more, &[("HTTP_PROXY", &proxy), ("HTTPS_PROXY", &proxy)])
    }
}

/// What the tools say of remotes that are full of such names.
fn act(call: &Call, names: &[String], hash: &str) -> Do {
    let lines = |line: &dyn Fn(usize, &str) -> String| -> String {
        let plain = names.iter().enumerate().filter(|(_, name)| !name.contains(['\n', '\0']));
        plain.map(|(number, name)| line(number, name)).collect()
    };
    let last = call.words.last().map(|word| String::from_utf8_lossy(word).into_owned()).unwrap_or_default();
    match call.tool.as_str() {
        "git" if call.has("ls-remote") => Do::Say(format!(
            "{hash}\tHEAD\n{hash}\trefs/heads/main\n{}{hash}\trefs/tags/v1.0.0\n",
            // Every name leads to a commit of its own, which nobody has: so each must be fetched.
            lines(&|number, name| format!("{number:040x}\trefs/{}/{name}\n", if number % 2 == 0 { "tags" } else { "heads" })),
        )),
        "git"
            if call.has("fetch")
                && !call.words.iter().any(|word| word.starts_with(b"refs/tags/v1.0.0:"))
                && call.has("--depth=1") =>
        {
            Do::Fail("fatal: couldn't find remote ref\n")
        }
        "hg" if call.has("tags") => Do::Say(lines(&|_, name| format!("{HASH} {name}\n"))),
        "hg" if call.has("branches") => Do::Say(lines(&|_, name| format!("{name}\n"))),
        "hg" if call.has("log") => Do::Say(format!("{HASH} 1600000000 0 v1.0.0")),
        "svn" if call.has("log") => Do::Say(
            "<?xml version=\"1.0\"?><log><logentry revision=\"7\"><date>2020-01-01T00:00:00.000000Z</date></logentry></log>"
                .to_owned(),
        ),
        "svn" if call.has("list") && call.has("--xml") => Do::Say(format!(
            "<?xml version=\"1.0\"?><lists><list path=\"x\">{}</list></lists>",
            "<entry kind=\"file\"><name>--upload-pack=x</name><size>1</size></entry>"
        )),
        "svn" if call.has("list") => Do::Say(lines(&|_, name| format!("{name}\n"))),
        "fossil" if call.has("clone") => Do::Make("part.fossil"),
        "fossil" if call.has("info") => Do::Say(format!("hash: {HASH} 2020-01-01 00:00:00 UTC\n")),
        "hg" | "svn" | "fossil" if call.has("cat") && last.ends_with("go.mod") => Do::Say("module example.test/x\n".to_owned()),
        "hg" | "svn" | "fossil" if call.has("archive") || call.has("export") || call.has("zip") => Do::Fail("no\n"),
        "hg" | "svn" | "fossil" => Do::Say(String::new()),
        _ => Do::Real,
    }
}

/// The words in front of the separator, and those behind it.
fn parted(call: &Call) -> (Vec<String>, Vec<String>) {
    let words = call.text();
    let separator = if call.tool == "git" { "--end-of-options" } else { "--" };
    let at = words.iter().position(|word| word == separator).unwrap_or(words.len());
    (words[..at].to_vec(), words[at..].to_vec())
}

/// How often a string was the data of a tool, and that nothing but data ever was one.
#[track_caller]
fn judge(calls: &[Call], strings: &[String]) -> BTreeMap<String, usize> {
    let mut reached = BTreeMap::new();
    for call in calls {
        let (ours, data) = parted(call);
        for word in &ours {
            let valued = VALUED.iter().any(|flag| word.starts_with(flag));
            let fixed = OURS.contains(&word.as_str()) || fossils(call, word);
            assert!(fixed || valued, "{}: {word:?} of {:?}", call.tool, call.text());
            assert!(!strings.contains(word), "{}: {word:?} of {:?}", call.tool, call.text());
            // Only in quotes, and only as the value of a flag that says that it is a revision.
            let inside = strings.iter().any(|text| text.len() > 3 && word.contains(text.as_str()));
            assert!(!inside || word.starts_with("--rev='") && word.ends_with('\''), "{}: {word:?}", call.tool);
            *reached.entry(call.tool.clone()).or_default() += usize::from(inside);
        }
        for word in &data[data.len().min(1)..] {
            assert!(!word.starts_with('-'), "{}: {word:?} of {:?}", call.tool, call.text());
            let inside = strings.iter().any(|text| text.len() > 3 && word.contains(text.as_str()));
            *reached.entry(call.tool.clone()).or_default() += usize::from(inside);
        }
        let environment = call.environment.iter().map(|pair| String::from_utf8_lossy(pair).into_owned());
        for pair in environment {
            assert!(
                !strings.iter().any(|text| text.len() > 14 && text.contains(CANARY) && pair.contains(text.as_str())),
                "{}: {pair:?}",
                call.tool
            );
        }
    }
    reached
}

/// Flags of fossil's with a value as the next word, which is ours.
fn fossils(call: &Call, word: &str) -> bool {
    call.tool == "fossil" && ["-R", "copy.fossil", "zip", "--name", "prefix"].contains(&word)
}

/// Refused in words; or, where nobody read a request in it, not answered at all.
#[track_caller]
fn refused(answer: &Answer, about: &str) {
    if answer.status != 0 && answer.status != 414 && answer.status != 431 && answer.status != 400 {
        answer.is_a_clear_refusal(&about.chars().take(100).collect::<String>());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_string_of_a_strangers_is_a_word_in_front_of_the_separator() {
    let world = World::new().await;
    let modway = world.modway();
    until(|| world.tools.calls().len() == 1);
    // Everything works before it is made difficult.
    let first = modway.ask(format!("/{HOST}/git/@v/v1.0.0.info"));
    assert_eq!(first.status, 200, "{first:?}");
    for vcs in VCS {
        let list = modway.ask(format!("/{HOST}/{vcs}/@v/list"));
        assert_eq!(list.status, 200, "{vcs}: {list:?}");
        assert!(list.body.lines().all(|line| line.starts_with('v') && !line.contains(' ')), "{vcs}: {list:?}");
    }
    let pseudo = format!("v0.0.0-20200913122640-{}", &world.repository.last()[..12]);
    for (number, text) in world.strings.iter().enumerate() {
        for spelled in [in_door_spelling(text), raw(text)] {
            let with = |before: &str, after: &str| [before.as_bytes(), &spelled, after.as_bytes()].concat();
            refused(&modway.ask(with("/", "/@v/list")), text);
            refused(&modway.ask(with(&format!("/{HOST}/"), "/@v/list")), text);
            for vcs in VCS {
                // A stand-in that knows every revision may well answer.
                let answer = modway.ask(with(&format!("/{HOST}/{vcs}/@v/"), ".info"));
                assert!(answer.status == 200 || answer.status >= 400 || answer.status == 0, "{vcs} {text:?}: {answer:?}");
            }
        }
        for field in ["prefix", "whole", "repo", "host", "vcs", "sub", "down"] {
            refused(&modway.ask(format!("/{HOST}/{field}/{number}/@v/{pseudo}.info")), text);
        }
        for field in ["sub", "down"] {
            refused(&modway.ask(format!("/{HOST}/{field}/{number}/@v/{pseudo}.zip")), text);
        }
    }
    let calls = world.tools.calls();
    let reached = judge(&calls, &world.strings);
    for vcs in VCS {
        assert!(reached.get(vcs).is_some_and(|count| *count >= 5), "nothing came as far as {vcs}: {reached:?}");
    }
    assert!(!world.tools.sang(), "a program of a stranger's ran");
    let left =
        fs::read_dir(world.home.path()).expect("ours").map(|entry| entry.expect("an entry").file_name()).collect::<Vec<_>>();
    assert_eq!(left.len(), 5, "{left:?}");
    println!("{} children; strings as data: {reached:?}", calls.len());
}
