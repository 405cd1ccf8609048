//! A random git repository, and what is asked of it.

use std::collections::{BTreeMap, BTreeSet};

use gomod::time::Time;
use testkit::repos::{Format, Repository};

use crate::draw::Draw;

/// A repository with the questions about its modules.
pub(crate) struct Sample {
    /// What is served at the root path.
    pub(crate) repository: Repository,
    /// Modules whose versions are listed.
    pub(crate) lists: Vec<String>,
    /// `path@query` for what is downloaded.
    pub(crate) downloads: Vec<String>,
}

impl Sample {
    /// The repository `number` of a run with this seed, whose root is the module path `root`.
    pub(crate) fn draw(seed: u64, number: usize, root: &str) -> Self {
        let mut draw = Draw::new(seed, number);
        let repository = Repository::new(if draw.chance(10) { Format::Sha256 } else { Format::Sha1 });
        let mut history = History::default();
        history.draw(&mut draw, root);
        let hashes = repository.import(&history.stream());
        for ((hash, commit), line) in hashes.lines().zip(&mut history.commits).zip(1..) {
            assert!(hash.len() >= 40, "mark {line}");
            hash.clone_into(&mut commit.hash);
        }
        if draw.chance(4) {
            repository.git(&["symbolic-ref", "HEAD", draw.pick(&["refs/heads/dev", "refs/heads/gone"])]);
        }
        let modules = modules(root);
        let lists = (0..2).map(|_| modules[draw.below(modules.len())].clone()).chain([root.to_owned()]).collect::<BTreeSet<_>>();
        let mut downloads = BTreeSet::new();
        for _ in 0..5 {
            downloads.insert(history.question(&mut draw, root, &modules));
        }
        Self { repository, lists: lists.into_iter().collect(), downloads: downloads.into_iter().collect() }
    }
}

/// Paths that are modules in some of the repositories, and one that never is. Twice what is so more often.
pub(crate) fn modules(root: &str) -> Vec<String> {
    let below = ["", "", "/v2", "/v2", "/v3", "/sub", "/sub", "/a/b", "/sub/v2", "/none"].map(|below| format!("{root}{below}"));
    below.into_iter().chain(gopkg(root)).chain([moved(root), format!("{}/v2", moved(root))]).collect()
}

/// The repository's modules as gopkg.in names them.
pub(crate) fn gopkg(root: &str) -> [String; 4] {
    let name = root.rsplit('/').next().unwrap_or(root);
    [".v1", ".v2", ".v0", ".v2-unstable"].map(|major| format!("gopkg.in/{name}{major}"))
}

/// The module whose go-import tag names the directory `sub`.
pub(crate) fn moved(root: &str) -> String {
    root.replace("example.test/r", "example.test/d")
}

#[derive(Default)]
struct History {
    tree: BTreeMap<Vec<u8>, (&'static str, Vec<u8>)>,
    commits: Vec<Commit>,
    /// Name, commit, annotated.
    tags: Vec<(String, usize, bool)>,
    branches: Vec<&'static str>,
    stream: Vec<u8>,
}

struct Commit {
    seconds: i64,
    hash: String,
}

const VERSIONS: &[&str] = &[
    "v0.0.1",
    "v0.1.0",
    "v0.2.0-pre",
    "v1.0.0",
    "v1.0.1",
    "v1.1.0",
    "v1.1.0-rc.1",
    "v1.2.0",
    "v2.0.0",
    "v2.0.0-beta",
    "v2.1.0",
    "v2.1.1",
    "v3.0.0",
    "v4.0.0",
    "v1",
    "v1.2",
    "1.2.3",
    "v01.2.3",
    "v1.0.0+meta",
    "v1.2.0+meta",
    "v0.0.0-20200101000000-abcdefabcdef",
    "v2.0.0+incompatible",
    "release-1",
];

const BRANCHES: &[&str] = &["main", "main", "main", "dev", "release-2", "v1.0.0", "v1.5.0"];

impl History {
    fn draw(&mut self, draw: &mut Draw, root: &str) {
        self.grow(draw, root);
        let mut used = BTreeSet::new();
        for number in 0..1 + draw.below(5) {
            for _ in 0..1 + draw.below(3) {
                self.change(draw, root);
            }
            self.commit(draw, number);
            for _ in 0..draw.below(4) {
                let prefix = draw.pick(&["", "", "", "sub/", "a/b/", "v2/"]);
                let tag = format!("{prefix}{}", draw.pick(VERSIONS));
                if used.insert(tag.clone()) {
                    self.tags.push((tag, self.commits.len(), draw.chance(40)));
                }
            }
        }
    }

    /// The first tree.
    fn grow(&mut self, draw: &mut Draw, root: &str) {
        self.write("lib.go", "// Package lib. $Id$\npackage lib\n");
        self.write("docs/notes.txt", "one\ntwo\r\nthree $Id$ $Format:%H$\n");
        if draw.chance(80) {
            self.go_mod(draw, root, "");
        }
        for below in ["sub", "a/b", "v2", "sub/v2", "nested"] {
            if draw.chance(45) {
                self.write(&format!("{below}/x.go"), "package x\n");
                self.go_mod(draw, root, below);
            }
        }
        for _ in 0..draw.below(5) {
            self.change(draw, root);
        }
    }

    fn go_mod(&mut self, draw: &mut Draw, root: &str, below: &str) {
        let own = if below.is_empty() { root.to_owned() } else { format!("{root}/{below}") };
        let path = match draw.below(20) {
            0..16 => own,
            16 => format!("{own}/v2"),
            17 => format!("{own}/v3"),
            18 => "example.test/another".to_owned(),
            _ => draw.pick_of(gopkg(root).to_vec()),
        };
        let go = draw.pick(&["", "", "go 1.16\n", "go 1.21\n", "go 1.23\n", "go 1.24\n", "go 1.25.1\n", "go 1.23.5\n"]);
        let retract = match draw.below(8) {
            0 => "retract v1.0.1 // broken\n",
            1 => "retract [v1.0.0, v1.1.0]\n",
            2 => "retract (\n\tv0.1.0\n\tv2.0.0\n)\n",
            _ => "",
        };
        let text = match draw.below(30) {
            0 => format!("modul {path}\n"),
            1 => String::new(),
            2 => format!("// A comment.\r\nmodule {path}\r\n"),
            3 => format!("module \"{path}\"\n{go}"),
            _ => format!("module {path}\n\n{go}{retract}"),
        };
        let file = if below.is_empty() { "go.mod".to_owned() } else { format!("{below}/go.mod") };
        self.write(&file, &text);
    }

    /// One change to the tree: content, attributes, vendoring, links, names.
    fn change(&mut self, draw: &mut Draw, root: &str) {
        let number = draw.below(1000);
        match draw.below(24) {
            0..5 => self.write("lib.go", &format!("// Package lib {number}. $Id$\npackage lib\n")),
            5 => self.go_mod(draw, root, ""),
            6 => drop(self.tree.remove(b"go.mod".as_slice())),
            7 => self.go_mod(draw, root, draw_below(number)),
            8..10 => self.attributes(draw, ".gitattributes"),
            10 => self.attributes(draw, "sub/.gitattributes"),
            11 => self.write("vendor/modules.txt", "# x.test/y v1.0.0\n"),
            12 => self.write("vendor/x.test/y/y.go", "package y\n"),
            13 => self.write(
                draw.pick(&["pkg/vendor/v.go", "pkg/vendor/x/v.go", "sub/vendor/modules.txt", "sub/vendor/x/y.go"]),
                "package v\n",
            ),
            14 => self.link(
                draw.pick(&["link", "sub/link", "LINK.go", "vendor/link"]),
                draw.pick(&["lib.go", "../lib.go", "/etc/passwd", "gone"]),
            ),
            15 => self.write(draw.pick(&["LICENSE", "sub/LICENSE", "LICENSE.txt", "v2/LICENSE"]), &format!("Licence {number}\n")),
            16 => self.write(draw.pick(&["nested/go.mod", "testdata/go.mod", "sub/deep/go.mod"]), "module nested\n"),
            17 => self
                .write(draw.pick(&["a file.go", "höhe.go", "x+y~1.go", "[a](b).txt", ".hidden", "_x.go", "日本.txt"]), "odd\n"),
            18 => self.write(
                draw.pick(&[".hg_archival.txt", ".git_archival.txt", "sub/.hg_archival.txt", "x/.gitignore"]),
                "node: 1\n",
            ),
            19 => drop(self.tree.insert(b"run.sh".to_vec(), ("100755", b"#!/bin/sh\n".to_vec()))),
            20 => self.bytes(draw),
            21 => self.write("crlf.txt", "a\r\nb\r\n"),
            22 if draw.chance(25) => self.unservable(draw),
            22 => self.write("sub/y.go", &format!("package sub // {number}\n")),
            _ => {
                drop(self.tree.remove(draw.pick(&[b"docs/notes.txt".as_slice(), b"sub/go.mod", b"link", b"vendor/modules.txt"])))
            }
        }
    }

    fn attributes(&mut self, draw: &mut Draw, file: &str) {
        let lines = [
            "*.txt text eol=crlf\n",
            "*.go text eol=crlf\n",
            "go.mod eol=crlf\n",
            "*.go ident\n",
            "* ident\n",
            "* text=auto\n",
            "* text=auto eol=crlf\n",
            "*.utf16 working-tree-encoding=UTF-16LE\n",
            "*.txt working-tree-encoding=ISO-8859-1\n",
            "*.txt export-subst\n",
            "docs export-ignore\n",
            "*.bin -text\n",
            "*.bin filter=lfs diff=lfs merge=lfs -text\n",
            "sub/** eol=lf\n",
            "[attr]mine text eol=crlf\n",
            "*.txt mine\n",
            "*.txt !eol\n",
            "x -ident\n",
        ];
        let text: String = (0..1 + draw.below(3)).map(|_| draw.pick(&lines)).collect();
        self.write(file, &text);
    }

    fn bytes(&mut self, draw: &mut Draw) {
        let contents: [&[u8]; 5] =
            [b"\0\x01\x02\n\r\n", b"text\nthen\0zero\n", b"a\rb\rc\r", b"", "caf\u{e9} $Id: old $\n".as_bytes()];
        let name = draw.pick(&["data.bin", "data.txt", "data.utf16", "sub/data.txt"]);
        self.tree.insert(name.as_bytes().to_vec(), ("100644", draw.pick(&contents).to_vec()));
    }

    /// Names that no module zip may have, unless they are where nobody looks.
    fn unservable(&mut self, draw: &mut Draw) {
        let names: [&[u8]; 10] = [
            b"a'b.go",
            b"x:y",
            b"CON.go",
            b"trailing.",
            b"LIB.go",
            b"sub/aux",
            b"Docs/notes.txt",
            b"bad\xff.go",
            b"vendor/x.test/y/a:b",
            b"GO.MOD",
        ];
        self.tree.insert(draw.pick(&names).to_vec(), ("100644", b"x\n".to_vec()));
    }

    fn write(&mut self, path: &str, text: &str) {
        self.put(path, "100644", text);
    }

    fn link(&mut self, path: &str, target: &str) {
        self.put(path, "120000", target);
    }

    /// A file does not stand where a directory does.
    fn put(&mut self, path: &str, mode: &'static str, content: &str) {
        self.tree.insert(path.as_bytes().to_vec(), (mode, content.as_bytes().to_vec()));
    }

    fn commit(&mut self, draw: &mut Draw, number: usize) {
        let seconds = 1_500_000_000 + i64::try_from(draw.below(200_000_000)).expect("small");
        let branch = if number == 0 { "main" } else { draw.pick(BRANCHES) };
        self.branches.push(branch);
        let mark = self.commits.len() + 1;
        let mut text = format!("commit refs/heads/{branch}\nmark :{mark}\nauthor A <a@example.test> 1 +0000\ncommitter C <c@example.test> {seconds} {}\ndata 2\nx\n", draw.pick(&["+0000", "+0530", "-0800"])).into_bytes();
        if number > 0 {
            text.extend(format!("from :{}\n", if draw.chance(85) { mark - 1 } else { 1 + draw.below(mark - 1) }).bytes());
            if number > 2 && draw.chance(20) {
                text.extend(format!("merge :{}\n", 1 + draw.below(mark - 2)).bytes());
            }
        }
        text.extend(b"deleteall\n");
        for (path, (mode, content)) in &self.tree {
            let path: String = path.iter().map(|byte| format!("\\{byte:03o}")).collect();
            text.extend(format!("M {mode} inline \"{path}\"\ndata {}\n", content.len()).bytes());
            text.extend(content);
            text.push(b'\n');
        }
        self.stream.extend(text);
        self.commits.push(Commit { seconds, hash: String::new() });
    }

    /// All of it for `git fast-import`, which prints the commits' hashes in order.
    fn stream(&self) -> Vec<u8> {
        let mut stream = self.stream.clone();
        for (tag, commit, annotated) in &self.tags {
            let text = match annotated {
                true => format!("tag {tag}\nfrom :{commit}\ntagger T <t@example.test> 1893459600 +0000\ndata 2\nx\n"),
                false => format!("reset refs/tags/{tag}\nfrom :{commit}\n\n"),
            };
            stream.extend(text.bytes());
        }
        (1..=self.commits.len()).for_each(|mark| stream.extend(format!("get-mark :{mark}\n").bytes()));
        stream
    }

    /// A module with a version, a branch, a hash or a pseudo-version; more often than not there is one.
    fn question(&self, draw: &mut Draw, root: &str, modules: &[String]) -> String {
        let module = if draw.chance(60) { root } else { &modules[draw.below(modules.len())] };
        let commit = &self.commits[draw.below(self.commits.len())];
        let hash = &commit.hash;
        match draw.below(20) {
            0..9 if !self.tags.is_empty() => self.tagged(draw, root),
            0..2 => format!("{module}@{}", draw.pick(VERSIONS)),
            2..11 => format!(
                "{module}@{}",
                if draw.chance(80) { self.branches[draw.below(self.branches.len())] } else { draw.pick(BRANCHES) }
            ),
            11 => format!("{module}@{hash}"),
            12 => format!("{module}@{}", &hash[..12]),
            13 => format!("{module}@{}", &hash[..7]),
            14 => format!(
                "{module}@{}",
                draw.pick(&[
                    "latest",
                    "v9.9.9",
                    "gone",
                    "0123456789abcdef",
                    "HEAD",
                    "v2.0.0+incompatible",
                    "v3.0.0+incompatible"
                ])
            ),
            _ => format!("{module}@{}", self.pseudo(draw, commit)),
        }
    }

    /// A tag, as a version of the module that it is most likely one of.
    fn tagged(&self, draw: &mut Draw, root: &str) -> String {
        let tag = &self.tags[draw.below(self.tags.len())].0;
        let (below, version) = tag.rsplit_once('/').map_or(("", tag.as_str()), |(below, version)| (below, version));
        let module = if below.is_empty() { root.to_owned() } else { format!("{root}/{below}") };
        let major = version.split('.').next().filter(|major| matches!(*major, "v2" | "v3" | "v4"));
        match (major, draw.below(10)) {
            (Some(major), 0..4) => format!("{module}/{major}@{version}"),
            (Some(_), 4..8) => format!("{module}@{}+incompatible", version.trim_end_matches("+incompatible")),
            _ => format!("{module}@{version}"),
        }
    }

    fn pseudo(&self, draw: &mut Draw, commit: &Commit) -> String {
        let wrong = i64::from(draw.chance(8));
        let stamp = Time::from_unix_seconds(commit.seconds + wrong).expect("a date").timestamp();
        let short = &commit.hash[..draw.pick(&[12, 12, 12, 12, 12, 12, 11, 14])];
        let start = match draw.below(10) {
            0..6 => "v0.0.0-".to_owned(),
            6..9 if !self.tags.is_empty() => after(&self.tags[draw.below(self.tags.len())].0),
            _ => draw.pick(&["v1.0.0-", "v2.0.0-", "v1.0.1-0.", "v1.1.0-rc.1.0.", "v2.0.1-0.", "v0.0.0-0."]).to_owned(),
        };
        let end = if draw.chance(10) { "+incompatible" } else { "" };
        format!("{start}{stamp}-{short}{end}")
    }
}

/// How a pseudo-version after this tag begins.
fn after(tag: &str) -> String {
    let version = tag.rsplit('/').next().unwrap_or(tag).split('+').next().unwrap_or_default();
    match version.rsplit_once('.') {
        _ if version.contains('-') => format!("{version}.0."),
        Some((start, patch)) => format!("{start}.{}-0.", patch.parse::<u32>().unwrap_or_default() + 1),
        None => format!("{version}.0.1-0."),
    }
}

fn draw_below(number: usize) -> &'static str {
    ["sub", "v2", "a/b", "sub/v2"][number % 4]
}
