use super::*;
use crate::goenv::Settings;

fn setup(environment: &[(&str, &str)]) -> Setup {
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Setup::of(&Settings::new(environment.collect(), None, None))
}

/// Every proxy whose URL has `404` in it knows nothing, and so on; the others know everything.
fn plain(ask: &Ask) -> Answer {
    match (&ask.question, ["403", "404", "500"].iter().find(|status| ask.url.contains(**status))) {
        (_, Some(status)) => Answer::status(status.parse().expect("a number")),
        (Question::Proxy { file, module, .. }, None) => match file {
            File::List(_) => Answer::list(&["v1.0.0", "v1.1.0"]),
            File::Latest => Answer::info("v1.1.0"),
            File::Info(rev) => Answer::info(rev),
            File::Mod(_) => Answer::go_mod(module),
            File::Zip(_) => Answer::zip(),
        },
        (Question::Sumdb { part: SumdbPart::Lookup { .. }, .. }, None) => Answer::record(),
        (Question::Sumdb { .. } | Question::Page { .. } | Question::Ping { .. } | Question::Repo { .. }, None) => {
            Answer::Found(Found::Yes)
        }
    }
}

#[track_caller]
fn check(environment: &[(&str, &str)], command: &Command, asked: &[&str], ends: &str) {
    let story = walk(&setup(environment), command, &mut plain);
    let urls: Vec<&str> = story.turns.iter().map(|turn| turn.ask.url.as_str()).collect();
    assert_eq!(urls, asked);
    let end = match &story.outcome.end {
        End::Done { version, .. } => version.clone(),
        End::Broken(broken) => broken.class.code(),
        End::Unknown(question) => format!("{question:?}"),
    };
    assert_eq!(end, ends);
}

fn download(query: &str) -> Command {
    Command::Download { module: "e.test/m".into(), query: query.into() }
}

#[test]
fn a_download_asks_for_info_go_mod_and_zip() {
    check(
        &[("GOPROXY", "https://a.test"), ("GOSUMDB", "off")],
        &download("v1.0.0"),
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
        &[("GOPROXY", "https://404.test,https://b.test"), ("GOSUMDB", "off")],
        &download("v1.0.0"),
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
    check(
        &[("GOPROXY", "https://500.test,https://b.test"), ("GOSUMDB", "off")],
        &download("v1.0.0"),
        &["https://500.test/e.test/m/@v/v1.0.0.info"],
        "status",
    );
}
