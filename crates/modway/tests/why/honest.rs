//! What is told is what happens: the real go command in the same towns, before and after the fixes.

use gomod::client::{Command, End};
use modway::lang::Lang;
use modway::why::{fix::Promise, report::Report, verdict::verdict};
use testkit::{faults::Play, go::Go};

use crate::world::{MODULE, Town};

/// What the go command says, and whether it succeeds.
async fn go(town: &Town, asked: &Command, changes: &[(String, String)]) -> (bool, String) {
    let folder = tempfile::tempdir_in(town.home.path()).expect("a folder");
    if !matches!(asked, Command::List { .. } | Command::Versions { .. }) {
        std::fs::write(folder.path().join("go.mod"), "module example.test/m\n\ngo 1.27\n").expect("written");
    }
    let mut command = Go::find().command(folder.path());
    let environment = town.environment();
    let line = asked.to_string();
    command.args(line.split(' ').skip(1)).env_remove("GOPROXY").env_remove("GOSUMDB").env_remove("GOAUTH");
    command.env("GOFLAGS", "-modcacherw").envs(environment.iter()).env("TMPDIR", town.home.path());
    command.envs(changes.iter().map(|(name, value)| (name, value)));
    let said = tokio::task::spawn_blocking(move || command.output().expect("go runs")).await.expect("it ran");
    (said.status.success(), String::from_utf8_lossy(&said.stderr).into_owned())
}

/// The go command ends as was told, with the words that were told, and every fix that promises to work does.
async fn check(town: Town, words: &str) {
    let command = get("v1.0.0");
    let report = town.report_of(&command).await;
    let (good, said) = go(&town, &command, &[]).await;
    assert_eq!(good, is_good(&report), "{said}\n{}", verdict(&report).go_prints);
    assert!(said.contains(words), "{words}: {said}");
    same_line(&report, &said);
    for fix in report.fixes.iter().filter(|fix| !fix.changes.is_empty()) {
        let changes: Vec<(String, String)> =
            fix.changes.iter().map(|change| (change.variable.clone(), change.value.clone())).collect();
        let (good, said) = go(&town, &command, &changes).await;
        match &fix.promise {
            Promise::Works => assert!(good, "{} was to work: {said}", fix.code),
            Promise::BreaksAt(class) => assert!(!good, "{} was to break at {class:?}: {said}", fix.code),
            Promise::Further | Promise::NotTried | Promise::NoSetting => {}
        }
    }
}

fn get(query: &str) -> Command {
    Command::Get { path: MODULE.to_owned(), query: query.to_owned() }
}

/// The first line of what the go command complains of is the one that was told.
#[track_caller]
fn same_line(report: &Report, said: &str) {
    let theirs = said.lines().find(|line| !line.starts_with("go: downloading ")).unwrap_or_default();
    let told = verdict(report).go_prints;
    let ours = told.lines().next().unwrap_or_default();
    let is_beyond = report.fixes.first().is_some_and(|fix| fix.promise == Promise::NoSetting);
    let mover = verdict(report).mover;
    let is_contradiction = is_beyond && mover.get(Lang::En) == "yours: a setting of this machine";
    assert!(!is_contradiction, "{}: no setting mends it, and a setting is to be changed: {told}", report.command);
    assert_eq!(ours, if is_good(report) { String::new() } else { settled(theirs) }, "{}", report.command);
}

/// A line without what is this machine's: folders of the module cache, the server that names are asked of, and what Go tells of an authority
/// that has the name of the right one.
fn settled(line: &str) -> String {
    let mut line = line.split(" (possibly because of").next().unwrap_or_default().to_owned();
    for (before, after) in [(" in /", ": exit status"), (" on ", ": no such host")] {
        let found = line.find(before).zip(line.rfind(after));
        if let Some((from, to)) = found.filter(|(from, to)| from < to) {
            line.replace_range(from..to, if before == " in /" { " in …" } else { " on …" });
        }
    }
    line.replace("user:xxxxx@", "xxxxx@").replace("user:***@", "xxxxx@")
}

/// What is told of each of these commands is what the go command prints.
async fn check_lines(town: &Town, commands: &[Command]) {
    for command in commands {
        let report = town.report_of(command).await;
        let (good, said) = go(town, command, &[]).await;
        assert!(!good && !is_good(&report), "{command}: {said}");
        same_line(&report, &said);
    }
}

/// The commands, each with this query.
fn all(path: &str, query: &str) -> Vec<Command> {
    let (path, query) = (path.to_owned(), query.to_owned());
    vec![
        Command::Get { path: path.clone(), query: query.clone() },
        Command::Download { module: path.clone(), query: query.clone() },
        Command::List { module: path, query },
    ]
}

/// One revision, asked for by each command, and one that is chosen.
fn some() -> Vec<Command> {
    all(MODULE, "v1.0.0").into_iter().chain([get("main")]).collect()
}

/// Every kind of query and of command.
fn kinds() -> Vec<Command> {
    let versions = Command::Versions { module: MODULE.to_owned() };
    let below = Command::Get { path: format!("{MODULE}/pkg"), query: "v1.0.0".to_owned() };
    let queries = ["v1.0.0", "latest", "main", "v1"].iter().flat_map(|query| all(MODULE, query));
    queries.chain([get("upgrade"), versions, below]).collect()
}

fn is_good(report: &Report) -> bool {
    matches!(report.outcome.end, End::Done { .. })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_go_command_ends_as_was_told_where_the_way_is_wrong() {
    let town = || async { Town::new().await.go_trusts().git_trusts() };
    check(town().await.set("GOPRIVATE", "git.example.test"), "").await;
    let private = town().await;
    let list = private.proxy.url();
    check(private.set("GOPROXY", &list), "404 Not Found").await;
    check(town().await.set("GOPROXY", "off"), "disabled by GOPROXY=off").await;
    check(town().await.set("GOPROXY", "http://127.0.0.1:1,direct"), "connection refused").await;
    check(town().await.set("GOPROXY", "DIRECT"), "invalid proxy URL missing scheme: DIRECT").await;
    check(town().await.set("GOPROXY", "off").set("GOPRIVATE", "a.test, git.example.test"), "disabled by GOPROXY=off").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_go_command_ends_as_was_told_where_a_server_refuses() {
    let town = Town::new().await.go_trusts().git_trusts();
    for path in [MODULE, "git.example.test/team", "git.example.test"] {
        town.proxy.on(&format!("/{path}/@v/v1.0.0.info"), [Play::status(403, "blocked\n")]);
    }
    check(town, "server response: blocked").await;
    check(Town::new().await.go_trusts().git_trusts(), "lookup/git.example.test/team/lib@v1.0.0: 404").await;
    let town = Town::with_login(Some(("u", "secret"))).await.go_trusts().git_trusts().set("GOPRIVATE", "git.example.test");
    check(town, "could not read Username").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_go_command_ends_as_was_told_where_nobody_believes() {
    let town = || async { Town::new().await.set("GOPRIVATE", "git.example.test") };
    check(town().await, "x509: certificate signed by unknown authority").await;
    check(town().await.git_trusts(), "x509: certificate signed by unknown authority").await;
    check(town().await.go_trusts(), "server certificate verification failed").await;
    check(town().await.set("GOINSECURE", "git.example.test"), "server certificate verification failed").await;
    check(town().await.set("GOINSECURE", "*.example.test").git_trusts(), "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn go_prints_to_the_letter_what_is_told_of_settings() {
    let town = || async { Town::new().await.go_trusts().git_trusts() };
    let (kinds, some) = (kinds(), some());
    for (name, value) in [("GOPROXY", "off"), ("GOPROXY", "DIRECT"), ("GO111MODULE", "off"), ("GOFLAGS", "-x evil")] {
        check_lines(&town().await.set(name, value), if name == "GOPROXY" { &kinds } else { &some }).await;
    }
    check_lines(&town().await.set("GOFLAGS", "-insecure"), &[get("v1.0.0"), get("latest")]).await;
    let vendor =
        [Command::Versions { module: MODULE.to_owned() }, Command::List { module: MODULE.into(), query: "v1.0.0".into() }];
    check_lines(&town().await.set("GOFLAGS", "-mod=vendor"), &vendor).await;
    let govcs = |value: &'static str| async move {
        let town = town().await.set("GOPROXY", "direct").set("GOVCS", value);
        check_lines(&town, &[get("v1.0.0"), get("upgrade")]).await;
        let github = ["v1.0.0", "latest"].iter().flat_map(|query| all("github.com/team/lib", query)).collect::<Vec<_>>();
        check_lines(&town, &github).await;
    };
    govcs("*:off").await;
    govcs("nonsense").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn go_prints_to_the_letter_what_is_told_of_what_is_typed() {
    let town = Town::new().await.go_trusts().git_trusts();
    for (path, query) in
        [("nodot/lib", "v1.0.0"), ("github.com/lib", "latest"), ("git.example.test:443/x", "v1.0.0"), (MODULE, ">x")]
    {
        check_lines(&town, &all(path, query)).await;
    }
    check_lines(&town, &all(MODULE, "<=v1")).await;
    check_lines(&town, &all(MODULE, "feature/x")).await;
    check_lines(&town, &[get("patch")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn go_prints_to_the_letter_what_is_told_of_proxies() {
    let town = || async { Town::new().await.go_trusts().git_trusts() };
    check_lines(&town().await.set("GOPROXY", "http://127.0.0.1:1"), &kinds()).await;
    check_lines(&town().await.set("GOPROXY", "https://user:secret@127.0.0.1:1/go/"), &some()).await;
    let absent = town().await;
    let list = format!("{}/sub", absent.proxy.url());
    check_lines(&absent.set("GOPROXY", &list), &kinds()).await;
    let folder = town().await;
    let list = format!("file://{}", folder.home.path().display());
    check_lines(&folder.set("GOPROXY", &list), &some()).await;
    for play in [Play::status(403, "blocked\n"), Play::login_page()] {
        let town = town().await;
        for path in [MODULE, "git.example.test/team/lib/pkg", "git.example.test/team", "git.example.test"] {
            for file in ["v1.0.0.info", "list", "main.info"] {
                town.proxy.on(&format!("/{path}/@v/{file}"), [play.clone()]);
            }
        }
        check_lines(&town, &some()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn go_prints_to_the_letter_what_is_told_of_repositories_and_databases() {
    let town = || async { Town::new().await.set("GOPRIVATE", "git.example.test") };
    check_lines(&town().await, &some()).await;
    check_lines(&town().await.go_trusts(), &kinds()).await;
    check_lines(&town().await.set("HTTPS_PROXY", "http://127.0.0.1:1"), &some()).await;
    let town = town().await.go_trusts().git_trusts();
    check_lines(&town, &all(MODULE, "v9.9.9")).await;
    check_lines(&town, &all("git.example.test/team/other", "v1.0.0")).await;
    let unknown = Town::new().await.go_trusts().git_trusts().set("GOPROXY", "direct");
    check_lines(&unknown, &[get("v1.0.0"), Command::Download { module: MODULE.into(), query: "v1.0.0".into() }]).await;
}
