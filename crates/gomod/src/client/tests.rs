//! Rules of the journey by name. Those with a seed were found by the drawn cases of `crates/modway/tests/agreement`.

mod pages;
mod settings;

use super::*;
use crate::goenv::Settings;
use crate::goimport::Page;
use crate::list::VersionList;
use crate::modfile::Retract;

const PAGE: &str = "<meta name=\"go-import\" content=\"e.test/m git https://git.test/m\">";

fn setup(environment: &[(&str, &str)]) -> Setup {
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Setup::of(&Settings::new([("GOSUMDB".to_owned(), "off".to_owned())].into_iter().chain(environment).collect(), None, None))
}

/// Proxies with a status in their name answer with it; the others know e.test/m, and nothing above or below it. Its page leads to a repository.
fn plain(ask: &Ask) -> Answer {
    let status = ["401", "403", "404", "500"].into_iter().find(|status| ask.url.contains(status));
    match (&ask.question, status) {
        (_, Some(status)) => Answer::status(status.parse().expect("a number")),
        (Question::Proxy { module, .. }, None) if module != "e.test/m" => Answer::status(404),
        (Question::Proxy { file, module, .. }, None) => match file {
            File::List(_) => Answer::list(&["v1.0.0", "v1.1.0"]),
            File::Latest => Answer::info("v1.1.0"),
            File::Info(rev) => Answer::info(rev),
            File::Mod(_) => Answer::go_mod(module),
            File::Zip(_) => Answer::zip(),
        },
        (Question::Page { path, .. }, None) => {
            let html = if path.starts_with("e.test/m") { PAGE } else { "" };
            Answer::Found(Found::Page(Page::read(&ask.url, "200 OK", "", html.as_bytes())))
        }
        (Question::Repo { part: RepoPart::Refs, .. }, None) => Answer::refs(&["v1.0.0", "v1.1.0"]),
        (Question::Repo { part: RepoPart::Commit { module, rev }, .. }, None) => Answer::commit(module, rev),
        (Question::Sumdb { part: SumdbPart::Lookup { .. }, .. }, None) => Answer::record(),
        (Question::Sumdb { .. } | Question::Ping { .. }, None) => Answer::Found(Found::Yes),
    }
}

/// Walks with `world` for what it answers and the plain world for the rest.
#[track_caller]
fn check(environment: &[(&str, &str)], command: &Command, world: &dyn Fn(&Ask) -> Option<Answer>, asked: &[&str], ends: &str) {
    let story = walk(&setup(environment), command, &mut |ask| world(ask).unwrap_or_else(|| plain(ask)));
    let urls: Vec<&str> = story.turns.iter().map(|turn| turn.ask.url.as_str()).collect();
    assert_eq!(urls, asked);
    let end = match &story.outcome.end {
        End::Done { version, .. } => version.clone(),
        End::Broken(broken) => broken.class.code(),
        End::Unknown(question) => format!("{question:?}"),
    };
    assert_eq!(end, ends);
}

fn nothing_else(_: &Ask) -> Option<Answer> {
    None
}

fn download(query: &str) -> Command {
    Command::Download { module: "e.test/m".into(), query: query.into() }
}

fn list(query: &str) -> Command {
    Command::List { module: "e.test/m".into(), query: query.into() }
}

#[test]
fn a_download_asks_for_info_go_mod_and_zip() {
    check(
        &[("GOPROXY", "https://a.test")],
        &download("v1.0.0"),
        &nothing_else,
        &[
            "https://a.test/e.test/m/@v/v1.0.0.info",
            "https://a.test/e.test/m/@v/v1.0.0.mod",
            "https://a.test/e.test/m/@v/v1.0.0.zip",
        ],
        "v1.0.0",
    );
}

#[test]
fn each_file_walks_the_list_anew() {
    check(
        &[("GOPROXY", "https://404.test,https://b.test")],
        &download("v1.0.0"),
        &nothing_else,
        &[
            "https://404.test/e.test/m/@v/v1.0.0.info",
            "https://b.test/e.test/m/@v/v1.0.0.info",
            "https://404.test/e.test/m/@v/v1.0.0.mod",
            "https://b.test/e.test/m/@v/v1.0.0.mod",
            "https://404.test/e.test/m/@v/v1.0.0.zip",
            "https://b.test/e.test/m/@v/v1.0.0.zip",
        ],
        "v1.0.0",
    );
    let asked = ["https://500.test/e.test/m/@v/v1.0.0.info"];
    check(&[("GOPROXY", "https://500.test,https://b.test")], &download("v1.0.0"), &nothing_else, &asked, "status");
}

#[test]
fn a_zip_that_came_whole_and_is_no_good_sends_nobody_further() {
    let bad = |ask: &Ask| match &ask.question {
        Question::Proxy { file: File::Zip(_), .. } => {
            Some(Answer::Found(Found::Zip(ZipFacts { fault: Some("zip: not a valid zip file".into()), ..ZipFacts::default() })))
        }
        _ => None,
    };
    check(
        &[("GOPROXY", "https://a.test|https://b.test")],
        &download("v1.0.0"),
        &bad,
        &[
            "https://a.test/e.test/m/@v/v1.0.0.info",
            "https://a.test/e.test/m/@v/v1.0.0.mod",
            "https://a.test/e.test/m/@v/v1.0.0.zip",
        ],
        "bad-zip",
    );
}

#[test]
fn a_proxy_that_stands_there_twice_is_asked_once() {
    let asked = ["https://404.test/e.test/m/@v/v1.0.0.info"];
    check(&[("GOPROXY", "https://404.test,https://404.test")], &download("v1.0.0"), &nothing_else, &asked, "absent");
}

/// Seed 70.
#[test]
fn a_private_module_that_is_not_found_is_looked_for_once_more_where_the_list_has_direct() {
    let once = ["https://e.test/m?go-get=1", "https://git.test/m"];
    let twice = ["https://e.test/m?go-get=1", "https://git.test/m", "https://e.test/m?go-get=1"];
    let private = ("GOPRIVATE", "e.test");
    check(&[private, ("GOPROXY", "https://a.test,direct")], &list("v9.9.9"), &nothing_else, &twice, "unknown-revision");
    check(&[private, ("GOPROXY", "https://a.test,off")], &list("v9.9.9"), &nothing_else, &once, "unknown-revision");
    check(&[private, ("GOPROXY", "direct")], &list("v9.9.9"), &nothing_else, &once, "unknown-revision");
}

/// Seed 105.
/// Seed 64: the version that one proxy knew stays known, and so its repository is never looked for.
#[test]
fn what_is_on_disk_is_not_looked_up_where_the_list_goes_on() {
    let get = Command::Get { path: "e.test/m/pkg".into(), query: "v1.0.0".into() };
    let world = |ask: &Ask| match &ask.question {
        Question::Proxy { file: File::Zip(_), .. } => {
            Some(Answer::Found(Found::Zip(ZipFacts { fault: Some("bad".into()), ..ZipFacts::default() })))
        }
        _ => None,
    };
    check(
        &[("GOPROXY", "https://a.test|direct")],
        &get,
        &world,
        &[
            "https://a.test/e.test/m/pkg/@v/v1.0.0.info",
            "https://a.test/e.test/m/@v/v1.0.0.info",
            "https://a.test/e.test/@v/v1.0.0.info",
            "https://a.test/e.test/m/@v/v1.0.0.zip",
            "https://e.test/m/pkg?go-get=1",
            "https://e.test/?go-get=1",
            "https://e.test/m?go-get=1",
            "https://git.test/m",
        ],
        "bad-zip",
    );
}

/// Seed 8366: a proxy that has a version in its list only, before another that has it.
#[test]
fn what_a_proxy_said_of_a_version_it_says_for_the_rest_of_the_run() {
    let world = |ask: &Ask| match &ask.question {
        Question::Proxy { server: Server::Entry(0), file: File::Info(_), .. } => Some(Answer::status(404)),
        _ => None,
    };
    let get = Command::Get { path: "e.test/m".into(), query: "latest".into() };
    check(
        &[("GOPROXY", "https://a.test,https://403.test")],
        &get,
        &world,
        &[
            "https://a.test/e.test/m/@v/list",
            "https://a.test/e.test/@v/list",
            "https://a.test/e.test/m/@v/v1.1.0.info",
            "https://403.test/e.test/m/@v/list",
            "https://403.test/e.test/@v/list",
        ],
        "status",
    );
    // Go looks for retractions first, finds the version at the second proxy, and still believes the first one's no: so that all paths are asked about
    // at the second, besides the zip.
    check(
        &[("GOPROXY", "https://a.test,https://b.test")],
        &get,
        &world,
        &[
            "https://a.test/e.test/m/@v/list",
            "https://a.test/e.test/@v/list",
            "https://a.test/e.test/m/@v/v1.1.0.info",
            "https://b.test/e.test/m/@v/list",
            "https://b.test/e.test/m/@v/v1.1.0.info",
            "https://a.test/e.test/m/@v/v1.1.0.mod",
            "https://a.test/e.test/m/@v/v1.1.0.zip",
            "https://b.test/e.test/@v/list",
        ],
        "v1.1.0",
    );
}

/// Seed 3: `off` after a bar, with a module that has been fetched.
#[test]
fn at_off_go_still_says_what_is_wrong_with_what_it_has() {
    let get = Command::Get { path: "e.test/m/none".into(), query: "v1.0.0".into() };
    let world = |ask: &Ask| match &ask.question {
        Question::Proxy { module, .. } if module == "e.test/m/none" => Some(Answer::status(401)),
        Question::Proxy { file: File::Zip(_), .. } => {
            Some(Answer::Found(Found::Zip(ZipFacts { packages: Some(vec![String::new()]), ..ZipFacts::default() })))
        }
        _ => None,
    };
    let story = walk(&setup(&[("GOPROXY", "https://a.test|off")]), &get, &mut |ask| world(ask).unwrap_or_else(|| plain(ask)));
    assert!(matches!(&story.outcome.end, End::Broken(broken) if broken.class == ErrorClass::NoPackage), "{:?}", story.outcome);
}

/// Seed 4389: a repository that wants a login, and a shorter path that was found.
#[test]
fn what_a_repository_does_not_show_of_a_version_hides_no_module_that_was_found() {
    let get = Command::Get { path: "e.test/m/pkg".into(), query: "v1.0.0".into() };
    let world = |ask: &Ask| match &ask.question {
        Question::Proxy { module, .. } if module == "e.test/m/pkg" => Some(Answer::status(403)),
        Question::Repo { .. } => Some(Answer::Failed(Failure::Tool(ToolFailure::Login))),
        _ => None,
    };
    let story = walk(&setup(&[("GOPROXY", "https://a.test|direct")]), &get, &mut |ask| world(ask).unwrap_or_else(|| plain(ask)));
    assert_eq!(story.outcome.end, End::Done { module: "e.test/m".into(), version: "v1.0.0".into() });
}

/// Seed 375.
#[test]
fn the_newest_pseudo_version_of_a_list_is_looked_at_unasked() {
    let pseudo = "v0.0.0-20200101000000-aaaaaaaaaaaa";
    let world = |ask: &Ask| match &ask.question {
        Question::Proxy { file: File::List(_), .. } => {
            Some(Answer::Found(Found::List(VersionList::parse(format!("v1.0.0\n{pseudo}\n").as_bytes()))))
        }
        _ => None,
    };
    check(
        &[("GOPROXY", "https://a.test")],
        &list("v1"),
        &world,
        &[
            "https://a.test/e.test/m/@v/list",
            "https://a.test/e.test/m/@v/v0.0.0-20200101000000-aaaaaaaaaaaa.info",
            "https://a.test/e.test/m/@v/list",
            "https://a.test/e.test/m/@v/v1.0.0.info",
            "https://a.test/e.test/m/@v/v1.0.0.mod",
        ],
        "v1.0.0",
    );
}

/// Seeds 55 and 525.
#[test]
fn mod_vendor_is_looked_at_after_goproxy_but_for_a_list_of_versions() {
    let vendor = ("GOFLAGS", "-mod=vendor");
    check(&[vendor, ("GOPROXY", "ftp://a.test")], &list("v1.0.0"), &nothing_else, &[], "invalid-goproxy");
    check(&[vendor, ("GOPROXY", "https://a.test")], &list("v1.0.0"), &nothing_else, &[], "vendor-mode");
    let versions = Command::Versions { module: "e.test/m".into() };
    check(&[vendor, ("GOPROXY", "ftp://a.test")], &versions, &nothing_else, &[], "vendor-mode");
}

/// Seed 13.
#[test]
fn outside_of_a_module_auto_is_off_for_list() {
    check(&[("GO111MODULE", "auto"), ("GOPROXY", "https://a.test")], &list("v1.0.0"), &nothing_else, &[], "modules-off");
    let asked = ["https://404.test/e.test/m/@v/v1.0.0.info"];
    check(&[("GO111MODULE", "auto"), ("GOPROXY", "https://404.test")], &download("v1.0.0"), &nothing_else, &asked, "absent");
}

/// Seed 598.
#[test]
fn a_retracted_version_that_was_asked_for_by_another_name_is_refused() {
    let world = |ask: &Ask| match &ask.question {
        Question::Proxy { file: File::Info(rev), .. } if rev == "v1.0.0+meta" => Some(Answer::info("v1.0.0")),
        Question::Proxy { file: File::Mod(_), .. } => {
            let retract = Retract { low: "v1.0.0".into(), high: "v1.0.0".into(), rationale: String::new() };
            Some(Answer::Found(Found::GoMod(GoModFacts { retract: vec![retract], ..GoModFacts::of("e.test/m") })))
        }
        _ => None,
    };
    let environment = [("GOPROXY", "https://a.test")];
    let get = |query: &str| Command::Get { path: "e.test/m".into(), query: query.into() };
    let end =
        |query: &str| walk(&setup(&environment), &get(query), &mut |ask| world(ask).unwrap_or_else(|| plain(ask))).outcome.end;
    assert!(matches!(end("v1.0.0+meta"), End::Broken(broken) if broken.class == ErrorClass::Retracted));
    assert!(matches!(end("v1.0.0"), End::Done { .. }));
}

/// Seed 543, and what Go's `web.Join` makes of it.
#[test]
fn capital_letters_are_escaped_anew_where_the_database_lies_below_a_path() {
    let lookup = |place: &str| {
        let gosumdb = format!("{} {place}", crate::goenv::defaults::GOSUMDB);
        let environment = [("GOSUMDB", gosumdb.as_str()), ("GOPROXY", "https://a.test")];
        let command = Command::Download { module: "e.test/Up".into(), query: "v1.0.0".into() };
        let story = walk(&setup(&environment), &command, &mut |ask| match &ask.question {
            Question::Proxy { file: File::Info(rev), .. } => Answer::info(rev),
            Question::Proxy { file: File::Mod(_), module, .. } => Answer::go_mod(module),
            _ => plain(ask),
        });
        let is_lookup = |turn: &&Turn| matches!(turn.ask.question, Question::Sumdb { part: SumdbPart::Lookup { .. }, .. });
        story.turns.iter().find(is_lookup).map(|turn| turn.ask.url.clone()).unwrap_or_default()
    };
    assert_eq!(lookup("https://s.test"), "https://s.test/lookup/e.test/!up@v1.0.0");
    assert_eq!(lookup("https://s.test/x"), "https://s.test/x/lookup/e.test/%21up@v1.0.0");
}

/// Seed 1787: a go.mod that is refused is replaced by the next proxy's, and fails `go get` at its end all the same.
#[test]
fn two_go_mod_files_of_one_version_end_a_go_get_when_go_sum_is_written() {
    let world = |ask: &Ask| match &ask.question {
        Question::Proxy { file: File::Mod(_), .. } => {
            let h1 = if ask.url.contains("forger") { "h1:forged" } else { "h1:good" };
            Some(Answer::Found(Found::GoMod(GoModFacts { h1: Some(h1.into()), ..GoModFacts::of("e.test/m") })))
        }
        Question::Sumdb { part: SumdbPart::Lookup { .. }, .. } => {
            Some(Answer::Found(Found::Record(Record { go_mod: Some("h1:good".into()), ..Record::default() })))
        }
        _ => None,
    };
    let environment = [("GOPROXY", "https://forger.test|https://b.test"), ("GOSUMDB", crate::goenv::defaults::GOSUMDB)];
    let end =
        |command: &Command| walk(&setup(&environment), command, &mut |ask| world(ask).unwrap_or_else(|| plain(ask))).outcome.end;
    let get = Command::Get { path: "e.test/m".into(), query: "v1.1.0".into() };
    assert!(matches!(end(&get), End::Broken(broken) if broken.class == ErrorClass::ChecksumMismatch && broken.at.is_none()));
    assert!(matches!(end(&download("v1.1.0")), End::Done { .. }));
}

/// Seed 4082.
#[test]
fn a_needless_suffix_is_refused_and_is_no_absence() {
    let command = Command::Download { module: "e.test/m/v2".into(), query: "v2.0.0+incompatible".into() };
    let world = |ask: &Ask| match &ask.question {
        Question::Repo { part: RepoPart::Refs, .. } => Some(Answer::refs(&["v2.0.0"])),
        _ => None,
    };
    let story = walk(&setup(&[("GOPROXY", "direct")]), &command, &mut |ask| world(ask).unwrap_or_else(|| plain(ask)));
    assert!(matches!(story.outcome.end, End::Broken(broken) if broken.class == ErrorClass::ModuleMisfit && !broken.is_absence));
}

/// Seed 160.
#[test]
fn every_class_has_a_code_of_its_own() {
    let mut codes: Vec<String> = ErrorClass::ALL.iter().map(|class| class.code()).collect();
    assert!(codes.contains(&"no-matching-version".to_owned()));
    codes.sort();
    codes.dedup();
    assert_eq!(codes.len(), ErrorClass::ALL.len());
}
