//! Direct mode through `modway serve`: the real go command on one side, real repositories on the other.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    thread,
    time::{Duration, Instant},
};

use testkit::{
    go::Go,
    modules::Module,
    repos::{GitServer, Repository},
    sumdb::Sumdb,
};

use super::{front::Front, server::Server, truth::get};

mod crowd;
mod drift;
mod private;
mod ssh;

const MODULE: &str = "example.test/lib";

/// What `go mod download -json` tells of one module version.
#[derive(Debug, PartialEq)]
struct Downloaded {
    version: String,
    sum: String,
    go_mod_sum: String,
    info: String,
    go_mod: String,
}

/// A home with a repository in it that is served over http.
struct Site {
    home: tempfile::TempDir,
    server: GitServer,
    repository: Repository,
}

impl Site {
    async fn new() -> Self {
        let server = GitServer::start(false, None).await;
        let mut repository = server.make("lib");
        fill(&mut repository);
        for page in [MODULE.to_owned(), format!("{MODULE}/sub")] {
            server.page(&page, &format!("{MODULE} git {}/lib", server.url()));
        }
        Self { home: tempfile::tempdir().expect("a temporary folder"), server, repository }
    }

    fn folder(&self, name: &str) -> PathBuf {
        let folder = self.home.path().join(name);
        fs::create_dir_all(&folder).expect("a folder");
        folder
    }

    /// `modway serve` that follows GOPROXY=direct, over the store `store`.
    fn modway(&self, store: &str, more: &[(&str, &str)]) -> Server {
        let (place, proxy) = (self.server.address().to_string(), self.server.url());
        let settings = [
            ("GOPROXY", "direct"),
            ("GOINSECURE", MODULE),
            ("GOSUMDB", "off"),
            ("HTTP_PROXY", &proxy),
            ("HTTPS_PROXY", &proxy),
            // The page is outside, the repository inside: that is allowed for modules of ours only.
            ("MODWAY_DIRECT__GOPRIVATE", MODULE),
            ("MODWAY_DIRECT__ACCESS__0__PLACE", &place),
            ("MODWAY_DIRECT__ACCESS__0__SCHEMES", "http"),
            ("MODWAY_DIRECT__ACCESS__0__PRIVATE_ADDRESSES", "true"),
        ];
        Server::start(&self.folder(store), &[&settings, more].concat())
    }

    /// The go command in a home of its own, asking `proxy`.
    fn go(&self, home: &str, proxy: &str) -> Command {
        let mut go = Go::find().command(&self.folder(home));
        go.env("GOPROXY", proxy);
        go
    }

    /// The go command that fetches from version control by itself.
    fn go_direct(&self, home: &str) -> Command {
        let mut go = self.go(home, "direct");
        go.env("GOINSECURE", MODULE).env("HTTP_PROXY", self.server.url()).env("HTTPS_PROXY", self.server.url());
        go
    }
}

/// Three versions, attributes that change bytes, a folder with a module of its own.
fn fill(repository: &mut Repository) {
    repository.write("go.mod", format!("module {MODULE}\n\ngo 1.20\n")).write("LICENSE", "free\n");
    repository.write(".gitattributes", "*.txt text eol=crlf\n").write("a.txt", "one\ntwo\n").write("lib.go", "package lib\n");
    repository.commit(1_600_000_000);
    repository.tag("v1.0.0").write("lib.go", "package lib // 1\n").commit(1_600_000_100);
    repository.tag("v1.1.0").write("sub/go.mod", format!("module {MODULE}/sub\n")).write("sub/sub.go", "package sub\n");
    repository.commit(1_600_000_200);
    repository.tag("sub/v0.1.0").write("lib.go", "package lib // tip\n").commit(1_600_000_300);
}

#[track_caller]
fn succeed(command: &mut Command) -> Output {
    let output = command.output().expect("the go command starts");
    let said = [&output.stdout[..], &output.stderr].concat();
    assert!(output.status.success(), "{command:?}\n{}", String::from_utf8_lossy(&said));
    output
}

#[track_caller]
fn download(mut go: Command, query: &str) -> Downloaded {
    let output = succeed(go.args(["mod", "download", "-json", query]));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let text = |key: &str| json[key].as_str().unwrap_or_else(|| panic!("no {key}: {json}")).to_owned();
    let read = |key: &str| fs::read_to_string(text(key)).expect("a file in the module cache");
    Downloaded {
        version: text("Version"),
        sum: text("Sum"),
        go_mod_sum: text("GoModSum"),
        info: read("Info"),
        go_mod: read("GoMod"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_module_from_its_repository_is_what_the_go_command_makes_of_it() {
    let site = Site::new().await;
    let server = site.modway("store", &[]);
    let tip = site.repository.last().to_owned();
    for (number, query) in
        ["@v1.0.0", "@latest", "@main", &format!("@{}", &tip[..12]), "/sub@v0.1.0", "/sub@main"].iter().enumerate()
    {
        let query = format!("{MODULE}{query}");
        let ours = download(site.go(&format!("ours{number}"), server.url()), &query);
        let gos = download(site.go_direct(&format!("gos{number}")), &query);
        assert_eq!(ours, gos, "{query}");
    }
    let list = |mut go: Command| succeed(go.args(["list", "-m", "-versions", MODULE])).stdout;
    assert_eq!(list(site.go("list", server.url())), list(site.go_direct("list-direct")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_module_from_its_repository_is_proven_by_the_checksum_database_unless_it_is_waived() {
    let site = Site::new().await;
    let truth = download(site.go_direct("truth"), &format!("{MODULE}@v1.0.0"));
    let known = Module { zip_h1: truth.sum.clone(), mod_h1: truth.go_mod_sum.clone(), ..Module::new(MODULE, "v1.0.0") };
    let database = Sumdb::start(5, &[&known, &Module::new(MODULE, "v1.1.0")]).await;
    // Its version control is private, its name is not.
    let proven = site.modway("proven", &[("GOSUMDB", &database.setting()), ("MODWAY_SUMDB__GONOSUMDB", "none")]);
    let ask = |server: &Server, file: &str| {
        let (status, body) = get(&server.address(), &format!("/{MODULE}/{file}")).expect("a whole answer");
        (status, String::from_utf8_lossy(&body).into_owned())
    };
    assert_eq!(download(site.go("ours", proven.url()), &format!("{MODULE}@v1.0.0")), truth);
    // A go command that proves for itself finds the database below the prefix, too.
    let mut go = site.go("proving", &format!("{}/@direct", proven.url()));
    go.env("GOSUMDB", database.setting().split(' ').next().expect("the key"));
    assert_eq!(download(go, &format!("{MODULE}@v1.0.0")), truth);
    let why = |(status, body): (u16, String), words: &str| assert!(status >= 400 && body.contains(words), "{status} {body}");
    why(ask(&proven, "@v/v1.1.0.zip"), "checksum mismatch");
    why(ask(&proven, "@v/v1.1.0.mod"), "checksum mismatch");
    why(ask(&proven, "sub/@v/v0.1.0.zip"), "404 Not Found");
    why(ask(&proven, "sub/@v/v0.1.0.mod"), "404 Not Found");
    let waived = site.modway("waived", &[("GOSUMDB", &database.setting()), ("GONOSUMDB", MODULE)]);
    assert_eq!(ask(&waived, "@v/v1.1.0.zip").0, 200);
    assert_eq!(download(site.go("waived-go", waived.url()), &format!("{MODULE}@v1.0.0")), truth);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_from_a_repository_is_served_when_that_is_gone() {
    let site = Site::new().await;
    let server = site.modway("store", &[]);
    let query = format!("{MODULE}@v1.0.0");
    let first = download(site.go("first", server.url()), &query);
    let Site { home, server: repositories, .. } = site;
    drop(repositories);
    let mut go = Go::find().command(&fresh(home.path(), "second"));
    go.env("GOPROXY", server.url());
    assert_eq!(download(go, &query), first);
}

/// The prefix goes past everything that stands before `direct` in the list, and keeps its lists apart.
#[tokio::test(flavor = "multi_thread")]
async fn the_prefix_asks_version_control_past_the_rest_of_the_list() {
    let site = Site::new().await;
    let tree = site.folder("tree").join(MODULE).join("@v");
    fs::create_dir_all(&tree).expect("a folder");
    fs::write(tree.join("list"), "v0.9.0\n").expect("a file");
    let list = format!("file://{},direct", site.folder("tree").display());
    let server = site.modway("store", &[("GOPROXY", &list)]);
    let versions = |proxy: &str, home: &str| {
        let output = succeed(site.go(home, proxy).args(["list", "-m", "-versions", MODULE]));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    let direct = format!("{}/@direct", server.url());
    assert_eq!(versions(&direct, "direct"), format!("{MODULE} v1.0.0 v1.1.0"));
    let body =
        |path: &str| get(&server.address(), path).map(|(status, body)| (status, String::from_utf8_lossy(&body).into_owned()));
    assert_eq!(body(&format!("/{MODULE}/@v/list")), Some((200, "v0.9.0\n".to_owned())));
    assert_eq!(body(&format!("/@direct/{MODULE}/@v/list")), Some((200, "v1.0.0\nv1.1.0\n".to_owned())));
    let gos = download(site.go_direct("gos"), &format!("{MODULE}@v1.1.0"));
    assert_eq!(download(site.go("ours", &direct), &format!("{MODULE}@v1.1.0")), gos);
    let closed = site.modway("closed", &[("GOPROXY", list.trim_end_matches(",direct"))]);
    let (status, words) = get(&closed.address(), &format!("/@direct/{MODULE}/@v/list")).expect("an answer");
    assert!(status == 403 && String::from_utf8_lossy(&words).contains("its list has no `direct`"), "{status}");
}

/// A git that cannot archive stands in for git: whatever needs no archive must not notice.
#[tokio::test(flavor = "multi_thread")]
async fn a_go_mod_never_costs_an_archive() {
    let site = Site::new().await;
    let (tools, path) = (site.folder("tools"), path());
    let git = path.split(':').map(|folder| Path::new(folder).join("git")).find(|git| git.exists()).expect("git");
    let script = format!(
        "#!/bin/sh\nfor word; do [ \"$word\" = archive ] && echo no-archive >&2 && exit 97; done\nexec {} \"$@\"\n",
        git.display()
    );
    executable(&tools.join("git"), &script);
    let server = site.modway("store", &[("MODWAY_DIRECT__PATH", &format!("{}:{path}", tools.display()))]);
    let ask = |file: &str| get(&server.address(), &format!("/{MODULE}/{file}")).expect("a whole answer");
    for file in ["@v/list", "@latest", "@v/v1.0.0.info", "@v/v1.1.0.mod", "@v/main.info"] {
        let (status, body) = ask(file);
        assert_eq!(status, 200, "{file}: {}", String::from_utf8_lossy(&body));
    }
    let (status, body) = ask("@v/v1.0.0.zip");
    assert!(status >= 500, "the stand-in was not asked: {status} {}", String::from_utf8_lossy(&body));
}

/// A stand-in for ssh that serves a repository itself, if it can read what ssh must be able to read in its cage, and is told to trust nobody new.
#[tokio::test(flavor = "multi_thread")]
async fn a_repository_over_ssh_is_reached_with_its_own_key_and_pinned_host_keys() {
    let site = Site::new().await;
    site.server.page(MODULE, &format!("{MODULE} git ssh://git@127.0.0.1/lib"));
    let (tools, secrets) = (site.folder("tools"), site.folder("secrets"));
    succeed(Command::new("cp").arg("-r").arg(site.repository.directory()).arg(tools.join("lib.git")));
    let script = format!(
        "#!/bin/sh\n[ \"$1\" = -F ] || exit 91\n\
         for file in $(sed -n 's/^ *\\(IdentityFile\\|UserKnownHostsFile\\) \"\\(.*\\)\"$/\\2/p' \"$2\"); do grep -q canary $file || exit 92; done\n\
         grep -q 'HostName 127.0.0.1' \"$2\" && grep -q 'StrictHostKeyChecking yes' \"$2\" || exit 93\n\
         exec env -i PATH=\"$PATH\" GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null git -c safe.directory='*' upload-pack {}\n",
        tools.join("lib.git").display()
    );
    executable(&tools.join("ssh"), &script);
    let [key, hosts] = ["key", "known_hosts"].map(|name| secrets.join(name).display().to_string());
    fs::write(&key, "canary").expect("a file");
    fs::write(&hosts, "canary").expect("a file");
    let rule = [
        ("MODWAY_DIRECT__ACCESS__0__PLACE", "127.0.0.1"),
        ("MODWAY_DIRECT__ACCESS__0__SCHEMES", "ssh"),
        ("MODWAY_DIRECT__GOPRIVATE", MODULE),
        ("MODWAY_DIRECT__ACCESS__0__SSH_KEY_FILE", &key),
        ("MODWAY_DIRECT__ACCESS__0__KNOWN_HOSTS_FILE", &hosts),
        ("MODWAY_DIRECT__PATH", &format!("{}:{}", tools.display(), path())),
    ];
    let server = site.modway("store", &rule);
    let found = download(site.go("go", server.url()), &format!("{MODULE}@v1.0.0"));
    assert!(found.info.contains("\"URL\":\"ssh://git@127.0.0.1/lib\""), "{}", found.info);
    let (status, body) = get(&server.address(), &format!("/{MODULE}/@v/v9.9.9.info")).expect("an answer");
    assert_eq!((status, String::from_utf8_lossy(&body).contains("unknown revision")), (404, true));
}

fn path() -> String {
    std::env::var("PATH").expect("tests have a PATH")
}

/// Waits for a condition; fails after a long while.
#[track_caller]
fn until(mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < deadline, "waited for too long");
        thread::sleep(Duration::from_millis(20));
    }
}

fn executable(file: &Path, script: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::write(file, script).expect("a file");
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).expect("our file");
}

fn fresh(home: &Path, name: &str) -> PathBuf {
    let folder = home.join(name);
    fs::create_dir_all(&folder).expect("a folder");
    folder
}
