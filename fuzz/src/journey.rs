//! The go command's journey, with any settings, any command and any answers.

use std::collections::HashSet;

use gomod::client::{
    Answer, Command, Commit, End, Failure, Found, GoModFacts, InfoFacts, Journey, Question, Record, Refs, Server, Setup, Step,
    TlsFailure, ToolFailure, ZipFacts,
};
use gomod::goenv::Settings;
use gomod::goimport::Page;
use gomod::goproxy::{GoProxyList, Source};
use gomod::list::VersionList;
use gomod::modfile::Retract;
use gomod::pattern::Patterns;
use gomod::time::Time;

/// The settings, in the order of their lines.
const VARIABLES: [&str; 9] =
    ["GOPROXY", "GOPRIVATE", "GONOPROXY", "GONOSUMDB", "GOINSECURE", "GOSUMDB", "GOVCS", "GOFLAGS", "GO111MODULE"];

/// Settings line by line, a path, a query, a kind of command, and a byte for each answer: the journey ends, asks nothing twice, tells private modules
/// to no proxy, and is told the same a second time.
pub fn journey(data: &[u8]) {
    let mut lines = data.splitn(VARIABLES.len() + 4, |byte| *byte == b'\n');
    let mut line = || String::from_utf8_lossy(lines.next().unwrap_or_default()).chars().take(60).collect::<String>();
    let environment: Vec<(String, String)> = VARIABLES.iter().map(|name| ((*name).to_owned(), line())).collect();
    let (path, query, kind) = (line(), line(), line());
    let answers = lines.next().unwrap_or_default();
    let settings = Settings::new(environment.into_iter().collect(), None, None);
    let command = match kind.as_str() {
        "get" => Command::Get { path, query },
        "list" => Command::List { module: path, query },
        "versions" => Command::Versions { module: path },
        _ => Command::Download { module: path, query },
    };
    let setup = Setup::of(&settings);
    let mut journey = Journey::new(&setup, &command);
    let mut asked = HashSet::new();
    let outcome = loop {
        assert_eq!(journey.step(), journey.step(), "it is told the same a second time");
        match journey.step() {
            Step::Over(outcome) => break outcome,
            Step::Ask(asks) => {
                assert!(!asks.is_empty(), "an empty step would be for ever");
                for ask in asks {
                    assert!(asked.insert(ask.question.clone()), "asked twice: {:?}", ask.question);
                    assert!(!gives_away(&setup, &settings.gonoproxy().0, &ask.question), "{:?}", ask.question);
                    let authority = ask.url.split("//").nth(1).unwrap_or_default().split(['/', '?']).next().unwrap_or_default();
                    assert!(!authority.contains('@') || ask.url.contains("xxxxx@"), "a login: {}", ask.url);
                    let byte = answers.get(journey.turns().len() % answers.len().max(1)).copied().unwrap_or(3);
                    journey.answer(ask, answer(byte));
                }
            }
        }
        if asked.len() > 200 {
            return;
        }
    };
    assert_eq!(outcome.exit == 0, matches!(outcome.end, End::Done { .. }));
    if settings.gosumdb().value == "off" {
        assert!(!asked.iter().any(Question::is_of_sumdb), "it is off");
    }
}

/// Whether a proxy of GOPROXY hears of a module that GONOPROXY hides.
fn gives_away(setup: &Setup, gonoproxy: &Patterns, question: &Question) -> bool {
    let Question::Proxy { server: Server::Entry(index), module, .. } = question else { return false };
    let list = GoProxyList::parse(&setup.goproxy.value).expect("it was asked");
    assert!(matches!(list.entries()[*index].source, Source::Proxy(_) | Source::File(_)));
    gonoproxy.find(module).is_some()
}

/// Some answer, fitting or not.
fn answer(byte: u8) -> Answer {
    let versions = "v0.1.0\nv1.0.0\nv1.1.0-rc1\nv1.2.0\nv2.0.0+incompatible\nv0.0.0-20200101000000-aaaaaaaaaaaa\n";
    let retract = Retract { low: "v1.0.0".into(), high: "v1.2.0".into(), rationale: String::new() };
    let page = |tag: &str| {
        let html = format!("<meta name=\"go-import\" content=\"{tag}\">");
        Answer::Found(Found::Page(Page::read("https://a.test", "200 OK", "", html.as_bytes())))
    };
    match byte % 32 {
        0 => Answer::Unknown,
        1 => Answer::status(404),
        2 => Answer::status(500),
        3 => Answer::Found(Found::List(VersionList::parse(versions.as_bytes()))),
        4 => Answer::list(&[]),
        5 => Answer::info("v1.0.0"),
        6 => Answer::info("v1.2.0"),
        7 => Answer::info("v0.0.0-20200101000000-aaaaaaaaaaaa"),
        8 => Answer::info("no version \n"),
        9 => Answer::go_mod("a.test/m"),
        10 => Answer::Found(Found::GoMod(GoModFacts { retract: vec![retract], ..GoModFacts::of("a.test/m") })),
        11 => Answer::Found(Found::GoMod(GoModFacts { synthetic: true, ..GoModFacts::default() })),
        12 => Answer::Found(Found::GoMod(GoModFacts {
            fault: Some("bad".into()),
            h1: Some("h1:x".into()),
            ..GoModFacts::default()
        })),
        13 => Answer::zip(),
        14 => Answer::Found(Found::Zip(ZipFacts { fault: Some("bad".into()), ..ZipFacts::default() })),
        15 => Answer::Found(Found::Zip(ZipFacts { packages: Some(vec![]), fault: None, h1: Some("h1:x".into()) })),
        16 => page("a.test git https://git.test/m"),
        17 => page("a.test/m mod http://user:secret@proxy.test/base"),
        18 => page("a.test/m svn svn://git.test/m sub"),
        19 => Answer::refs(&["v1.0.0", "v1.1.0", "v2.0.0", "v3.0.0", "sub/v1.0.0", "junk"]),
        20 => Answer::Found(Found::Refs(Refs::default())),
        21 => Answer::commit("a.test/m", "v1.0.0"),
        22 => Answer::Found(Found::Commit(Box::new(Commit {
            info: InfoFacts { version: "v2.0.0+incompatible".into(), time: Time::ZERO },
            go_mod: GoModFacts { synthetic: true, ..GoModFacts::default() },
            zip: ZipFacts::default(),
        }))),
        23 => Answer::record(),
        24 => Answer::Found(Found::Record(Record { go_mod: Some("h1:y".into()), zip: None, is_missing: byte > 128 })),
        25 => Answer::Found(Found::Yes),
        26 => Answer::Failed(Failure::Tls(TlsFailure::UnknownAuthority)),
        27 => Answer::Failed(Failure::Tool(ToolFailure::Login)),
        28 => Answer::Failed(Failure::Tool(ToolFailure::Missing)),
        29 => Answer::Failed(Failure::NoRevision(String::new())),
        30 => Answer::Failed(Failure::Dishonest(String::new())),
        _ => Answer::Failed(Failure::Unreadable(String::new())),
    }
}
