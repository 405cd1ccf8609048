//! From import paths to repositories, and what is then written down.

use gomod::goenv::GoVcs;
use gomod::goimport::{Discovery, Known, NoRoot, Page, RepoRoot, Source, Step, Vcs, look_up};
use gomod::info::{Info, Origin, repo_sum, tag_sum};
use gomod::module::ModulePath;
use gomod::pattern::Patterns;
use gomod::time::Time;
use serde_json::{Value, json};

use crate::compare::{agree, anything, either, pack, unpack};
use crate::random::{Bend as _, Random};

const PATHS: &[&str] = &[
    "github.com/acme/tool/sub",
    "github.com/acme/tool.git",
    "bitbucket.org/a/b",
    "hub.jazz.net/git/user1/pkg/x",
    "git.apache.org/some.git/x",
    "git.openstack.org/a/b.git/c",
    "chiselapp.com/user/kyle/repository/fossilgg",
    "x.test/a/b.git/c/d",
    "git.corp.test:8080/~user/repo.hg/sub",
    "a.b/x~y/c.test/d.svn/e",
    "svn.test/a.fossil",
    "example.net/x",
    "rsc.io",
    "https://x.test/y",
    "go.x.test/lib/v2",
];

const PATH_TOKENS: &[&str] = &[
    "/",
    ".",
    "~",
    ":80",
    ".git",
    ".hg",
    ".svn",
    ".fossil",
    ".bzr",
    "...",
    "a.b",
    "x.test/",
    "github.com",
    "-",
    "_",
    "A",
    "user/",
    "\n",
];

#[test]
fn what_a_path_says_by_itself_is_what_go_hears() {
    agree(
        "known",
        |random| vec![random.bent(PATHS, PATH_TOKENS)],
        |question| {
            // Go panics where it quotes a path in a way that the path is no longer in the message.
            if !question[0].bytes().all(|byte| (b' '..0x7f).contains(&byte) && byte != b'"' && byte != b'\\') {
                return vec![anything()];
            }
            vec![either(look_up(&question[0]).map(|known| match known {
                Known::Root(root) => described(&root, ""),
                Known::Suffix(suffix) => json!([suffix.root, suffix.vcs.name(), suffix.repo, "suffix"]),
                Known::Page => json!("page"),
            }))]
        },
    );
}

fn described(root: &RepoRoot, last: &str) -> Value {
    let source = match root.source {
        Source::Vcs(vcs) => vcs.name(),
        Source::Proxy => "mod",
    };
    json!([root.root, source, root.url, last])
}

const PAGES: &[&str] = &[
    r#"<meta name="go-import" content="x.test/lib git https://g.test/lib">"#,
    r#"<!DOCTYPE html><html><head><META NAME='go-import' CONTENT="x.test/lib hg http://g.test/lib sub/dir"/></head><body>x</body></html>"#,
    r#"<meta name="go-import" content="x.test/lib git https://g.test/lib"><meta name="go-import" content="x.test/lib mod https://p.test">"#,
    r#"<meta name="go-import" content="x.test git https://g.test/all"><meta name="go-import" content="y.test svn svn://g.test">"#,
    r#"<?xml version="1.0" encoding="utf-8"?><!-- c --><head><meta name=go-import content='x.test/lib fossil https://g.test/lib'>"#,
    r#"<script>if (a < b && c) { x = "</head>" }</script><meta name="go-import" content="x.test/lib git https://g.test/lib">"#,
    r#"<title>a &amp; b &nbsp; &#65;</title><link rel="x" disabled><meta content="x.test/lib&#32;git https://g.test/lib" name="go-import">"#,
    r#"<!DOCTYPE html PUBLIC "-//W3C//DTD" [<!ENTITY a "b"> <!-- > -->]><![CDATA[<meta>]]><meta name="go-import" content="x.test/lib/ git a:b">"#,
    r#"<meta name="go-import" content="x.test/lib bzr https://g.test/lib"><meta name="go-import" content="x.test/lib/a/b git file:///x">"#,
    "",
];

const PAGE_TOKENS: &[&str] = &[
    "<",
    ">",
    "/",
    "</",
    "/>",
    "<!--",
    "-->",
    "--",
    "<![CDATA[",
    "]]>",
    "<!",
    "<?",
    "?>",
    "<?xml ",
    "version='1.1'",
    "encoding='ascii'",
    "encoding=\"latin1\"",
    "\"",
    "'",
    "=",
    "&",
    ";",
    "&amp;",
    "&#x",
    "&#0;",
    "&#55296;",
    " ",
    "\n",
    "\r\n",
    "\r",
    "\t",
    "\u{a0}",
    "é",
    "·",
    "\u{1}",
    "\u{ffff}",
    "\0",
    "meta",
    "META ",
    "x:meta ",
    ":",
    "<body",
    "</head>",
    "<head/>",
    "name",
    "go-import",
    "content=",
    " git ",
    " mod ",
    "x.test/lib",
    "<meta name=\"go-import\" content=\"",
];

#[test]
fn the_tags_of_a_page_are_those_that_go_sees() {
    agree(
        "goimports",
        |random| vec![pack(&random.bent_bytes(PAGES, PAGE_TOKENS))],
        |question| {
            // A module whose page has a tag or a fault: which of them, is all that the outside can see.
            let page = Page::read("https://x.test/lib?go-get=1", "200 OK", "", &unpack(&question[0]));
            let tags = page.tags().iter().map(|tag| json!([tag.prefix, tag.vcs, tag.repo_root, tag.subdir]));
            vec![match page.fault() {
                Some(fault) => json!({ "error": fault }),
                None => tags.collect(),
            }]
        },
    );
}

const STATUSES: &[&str] = &["200 OK", "200 OK", "200 OK", "404 Not Found", "401 Unauthorized", "500 Internal Server Error"];

#[test]
fn a_repository_is_discovered_as_go_does() {
    let question = |random: &mut Random| {
        let path = random.pick(&["x.test/lib", "x.test/lib/a/b", "x.test", "x.test/lib/v2"]).to_owned();
        let page = random.bent(PAGES, PAGE_TOKENS);
        // Most roots tell the same as the path's own page.
        let root = if random.one_in(4) { random.bent(PAGES, PAGE_TOKENS) } else { page.clone() };
        let mut status = || random.pick(STATUSES).to_owned();
        vec![path, status(), "text/html".into(), pack(page.as_bytes()), status(), "text/html".into(), pack(root.as_bytes())]
    };
    agree("discover", question, |question| {
        let module = ModulePath::parse(&question[0]).expect("they are good");
        let pages = [(&question[1], unpack(&question[3])), (&question[4], unpack(&question[6]))];
        vec![match discovered(&module, &pages) {
            // Departures: we say more of Bazaar, refuse directories outside of the repository, and hide passwords.
            Err(NoRoot::Page { why, .. }) if why.contains("bzr") || why.contains("outside of the repository") => anything(),
            Err(error) if error.to_string().contains(['@', '[']) => anything(),
            Ok(root) => described(&root, &root.subdir),
            Err(error) => either(Err::<Value, _>(error)),
        }]
    });
}

fn discovered(module: &ModulePath, pages: &[(&String, Vec<u8>); 2]) -> Result<RepoRoot, NoRoot> {
    let mut discovery = Discovery::new(module);
    loop {
        let own = discovery.url("https") == Discovery::new(module).url("https");
        let (status, body) = &pages[usize::from(!own)];
        match discovery.clone().answer(&Page::read(&discovery.url("https"), status, "", body))? {
            Step::Ask(further) => discovery = further,
            Step::Found(root) => return Ok(root),
        }
    }
}

const GOVCS: &[&str] = &[
    "",
    "public:git|hg,private:all",
    "github.com:git,evil.test:off,*.corp.test:svn|fossil,private:all",
    "*:all",
    "a.test/x : git , a.test:hg|svn",
];

const GOVCS_TOKENS: &[&str] = &[
    ",", ":", "|", " ", "\t", "\u{a0}", "public", "private", "*", "./", "..", "all", "git", "a.test", "[", "\\", "/", "é",
    "\u{85}",
];

#[test]
fn govcs_allows_what_go_allows() {
    let question = |random: &mut Random| {
        let vcs = random.pick(&["git", "hg", "svn", "fossil"]).to_owned();
        let root = random.bent(&["a.test/x/y", "github.com/a/b", "evil.test/z", "git.corp.test/q"], &["/", "a.test"]);
        vec![random.bent(GOVCS, GOVCS_TOKENS), random.bent(&["", "*.corp.test", "a.test/x"], &[",", "*"]), vcs, root]
    };
    agree("govcs", question, |question| {
        let vcs = Vcs::named(&question[2]).expect("it is one");
        let allowed = GoVcs::parse(&question[0]).map_err(|error| error.to_string()).and_then(|govcs| {
            govcs.check(vcs, &question[3], &Patterns::parse(&question[1])).map(|_| true).map_err(|error| error.to_string())
        });
        vec![either(allowed)]
    });
}

const TEXTS: &[&str] =
    &["", "", "v1.0.0", "v0.0.0-20060102150405-abcdef123456", "refs/heads/main", "https://x.test/a?b&c=<d>", "t1:abc="];

const TEXT_TOKENS: &[&str] =
    &["\"", "\\", "<", ">", "&", "\u{2028}", "\u{8}", "\u{c}", "\u{7f}", "\u{1f}", "é", "\u{1f600}", "\u{fffd}"];

#[test]
fn info_documents_are_written_as_go_does() {
    let question = |random: &mut Random| {
        let seconds = (random.number() % 253_402_300_800).to_string();
        let nanoseconds = if random.one_in(2) { "0".into() } else { (random.number() % 1_000_000_000).to_string() };
        let texts = (0..9).map(|_| random.bent(TEXTS, TEXT_TOKENS));
        let mut question: Vec<String> = texts.collect();
        question.splice(1..1, [seconds, nanoseconds]);
        question
    };
    agree("writeinfo", question, |question| {
        let [version, seconds, nanoseconds, fields @ ..] = question else { unreachable!("so it was made") };
        let time = Time::from_unix_seconds(seconds.parse().expect("a number")).expect("in range").to_string();
        let time = time.replace('Z', &format!(".{:0>9}Z", nanoseconds));
        let time = Time::parse_rfc3339(&time).expect("a time");
        let field = |number: usize| fields[number].clone();
        let origin = Origin {
            vcs: field(0),
            url: field(1),
            subdir: field(2),
            hash: field(3),
            tag_prefix: field(4),
            tag_sum: field(5),
            reference: field(6),
            repo_sum: field(7),
        };
        let text = |info: Info| json!(String::from_utf8_lossy(info.bytes()));
        vec![text(Info::write(version, time, Some(&origin))), text(Info::write(version, time, Some(&origin.settled(version))))]
    });
}

const REFS: &[&str] =
    &["HEAD", "refs/heads/main", "refs/tags/v1.0.0", "refs/tags/v1.2.3+meta", "refs/tags/sub/v2.0.0-rc.1", "refs/tags/v1"];

#[test]
fn references_are_summed_as_go_does() {
    let question = |random: &mut Random| {
        let mut question = vec![random.pick(&["", "v1", "sub/", "sub/v2", "a/b/", "v"]).to_owned()];
        for number in 0..random.below(6) {
            question
                .extend([random.bent(REFS, &["v", "sub/", "\"", "é", "0", "-20060102150405-abcdef123456"]), number.to_string()]);
        }
        question
    };
    agree("sums", question, |question| {
        let refs: std::collections::BTreeMap<&str, &str> =
            question[1..].chunks_exact(2).map(|pair| (pair[0].as_str(), pair[1].as_str())).collect();
        let tags = refs.iter().filter_map(|(name, commit)| Some((name.strip_prefix("refs/tags/")?, *commit)));
        let below = tags.filter(|(name, _)| name.starts_with(&question[0]));
        vec![json!(tag_sum(&question[0], below)), json!(repo_sum(refs.iter().map(|(name, commit)| (*name, *commit))))]
    });
}
