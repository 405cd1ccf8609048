//! Mercurial, Subversion and Fossil: one repository each, with tags, a branch, sub-directories and odd files, asked in every way.

use testkit::{
    go::Go,
    repos::{GitServer, HgServer, InetServer, Tool, Workshop},
    world::ForwardProxy,
};

use crate::{Tally, asked::Asker, ours::Ours};

/// What is asked of the root module. Not what only Mercurial's query language understands, such as `tip^`: Go passes it on, and we do not.
const QUERIES: &[&str] = &[
    "latest",
    "v1.0.0",
    "v1.1.0-pre",
    "v2.0.0",
    "v2.0.0+incompatible",
    "v9.9.9",
    "1.2.3",
    "tip",
    "trunk",
    "dev",
    "2",
    "000000000003",
    "HASH",
    "HASH12",
    "v0.0.0-20200913122640-HASH12",
    "v0.0.0-20200913122641-HASH12",
    "v1.0.1-0.20200913123140-TIP12",
    "v0.0.0-20200913122640-000000000002",
];

/// What is asked of the modules below it.
const BELOW: &[&str] = &["v1.0.0", "v2.0.0", "latest", "trunk", "default", "HASH7", "v2.0.1-0.20200913123140-TIP12"];

/// Two commits with tags between them; where the tool has branches, a third on one.
fn workshop(tool: Tool, root: &str) -> Workshop {
    let workshop = Workshop::new(tool);
    workshop
        .write("go.mod", format!("module {root}\n\ngo 1.24\n"))
        .write("lib.go", "package lib // $Id$\n")
        .write("a b.txt", "x\r\ny\n");
    workshop.write("sub/go.mod", format!("module {root}/sub\n")).write("sub/x.go", "package sub\n").write("LICENSE", "Licence\n");
    workshop
        .write("vendor/modules.txt", "# x\n")
        .write("v2/go.mod", format!("module {root}/v2\n"))
        .write("höhe.go", "package lib\n");
    workshop.write("empty", "").commit(1_600_000_000);
    for (number, tag) in ["v1.0.0", "v1.1.0-pre", "1.2.3", "sub/v1.0.0", "v2.0.0", "release-1"].iter().enumerate() {
        if tool != Tool::Svn || !tag.contains('/') {
            workshop.tag(tag, 1_600_000_100 + i64::try_from(number).expect("small"));
        }
    }
    workshop.write("lib.go", "package lib // 2\n").link("link", "lib.go").commit(1_600_000_300);
    if tool == Tool::Hg {
        workshop.run(&["branch", "-q", "dev"]);
        workshop.write("dev.go", "package lib\n").commit(1_600_000_400);
    }
    workshop
}

/// The whole hashes of the first commit and of the last of the main branch.
fn hashes(tool: Tool, workshop: &Workshop) -> (String, String) {
    let about = |rev: &str| workshop.run(&["info", rev]).split_whitespace().nth(1).unwrap_or_default().to_owned();
    match tool {
        Tool::Hg => {
            let node = |rev: &str| workshop.run(&["log", "-r", rev, "--template", "{node}"]);
            (node("v1.0.0"), node("default"))
        }
        Tool::Svn => ("2".repeat(40), "3".repeat(40)),
        Tool::Fossil => (about("v1.0.0"), about("trunk")),
    }
}

/// All questions about `root` and the modules below it.
fn questions(root: &str, first: &str, last: &str) -> Vec<String> {
    let query = |text: &str| {
        text.replace("HASH12", &first[..12]).replace("HASH7", &first[..7]).replace("HASH", first).replace("TIP12", &last[..12])
    };
    let own = QUERIES.iter().map(|text| ("", *text));
    let others = BELOW.iter().flat_map(|text| [("/sub", *text), ("/v2", *text)]);
    own.chain(others).map(|(below, text)| format!("{root}{below}@{}", query(text))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn hg_svn_and_fossil_give_what_the_go_command_fetches_by_itself() {
    let pages = GitServer::start(true, None).await;
    let proxy = ForwardProxy::start(pages.address(), None).await;
    let [hg, svn, fossil] = [Tool::Hg, Tool::Svn, Tool::Fossil].map(|tool| workshop(tool, &root(tool)));
    let (hg_server, svn_server, fossil_server) =
        (HgServer::start(&hg), InetServer::start(&svn).await, InetServer::start(&fossil).await);
    let remotes = [
        (Tool::Hg, &hg, hg_server.url().to_owned()),
        (Tool::Svn, &svn, format!("{}/trunk", svn_server.url())),
        (Tool::Fossil, &fossil, fossil_server.url()),
    ];
    let (mut open, mut asked) = (Vec::new(), Vec::new());
    for (tool, workshop, url) in &remotes {
        let (scheme, place) = url.split_once("://").expect("a URL");
        open.push((place.split('/').next().unwrap_or(place).to_owned(), scheme));
        let (first, last) = hashes(*tool, workshop);
        let (mut lists, root) = (Vec::new(), root(*tool));
        for below in ["", "/sub", "/v2", "/none"] {
            lists.push(format!("{root}{below}"));
            pages.page(&format!("{root}{below}"), &format!("{root} {} {url}", name(*tool)));
        }
        asked.push((questions(&root, &first, &last), lists));
    }
    let home = tempfile::tempdir().expect("a temporary folder");
    let ca = home.path().join("ca.pem");
    std::fs::write(&ca, pages.ca_pem()).expect("the folder is ours");
    let ca = ca.to_str().expect("temporary folders have plain names").to_owned();
    let (go, ours) = (Go::find(), Ours::start(home.path(), &proxy.url(), &ca, &open));
    let straight =
        [("GOPROXY", "direct".into()), ("HTTPS_PROXY", proxy.url()), ("SSL_CERT_FILE", ca), ("LC_ALL", "C.UTF-8".into())];
    let by_us = [("GOPROXY", ours.direct())];
    let (theirs, ours) = (Asker { go: &go, settings: &straight }, Asker { go: &go, settings: &by_us });
    let tally = tokio::task::block_in_place(|| {
        let compared = |(downloads, lists): &(Vec<String>, Vec<String>)| {
            let mut tally = Tally::default();
            tally.ask(&theirs, &ours, downloads, lists);
            tally
        };
        std::thread::scope(|scope| {
            let workers: Vec<_> = asked.iter().map(|of_one| scope.spawn(|| compared(of_one))).collect();
            workers.into_iter().fold(Tally::default(), |sum, worker| sum.with(worker.join().expect("a worker ends")))
        })
    });
    assert!(tally.differences.is_empty(), "{tally}\n{}", tally.differences.join("\n"));
    assert!(tally.versions >= 30, "{tally}");
}

fn root(tool: Tool) -> String {
    format!("example.test/{}", name(tool))
}

fn name(tool: Tool) -> &'static str {
    match tool {
        Tool::Hg => "hg",
        Tool::Svn => "svn",
        Tool::Fossil => "fossil",
    }
}
