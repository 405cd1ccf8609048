//! Which pages and repositories the journey asks for, and what their answers mean.

use super::*;

#[test]
fn the_page_of_a_root_is_asked_for_by_longer_paths_together_and_by_itself_once_more() {
    let get = Command::Get { path: "e.test/m/pkg".into(), query: "v9.9.9".into() };
    check(
        &[("GOPROXY", "direct")],
        &get,
        &nothing_else,
        &[
            "https://e.test/m/pkg?go-get=1",
            "https://e.test/m?go-get=1",
            "https://e.test/?go-get=1",
            "https://e.test/m?go-get=1",
            "https://git.test/m",
        ],
        "unknown-revision",
    );
}

/// No page is read, so each scheme is tried with the tool, and the last words are of schemes.
#[test]
fn a_missing_tool_is_the_cause_where_no_scheme_leads_to_a_repository() {
    let world = |failure: ToolFailure| {
        move |ask: &Ask| match &ask.question {
            Question::Ping { .. } => Some(Answer::Failed(Failure::Tool(failure))),
            _ => None,
        }
    };
    let get = Command::Get { path: "e.test/m.git".into(), query: "v1.0.0".into() };
    let walked = |world: &dyn Fn(&Ask) -> Option<Answer>| {
        let story = walk(&setup(&[("GOPROXY", "direct")]), &get, &mut |ask| world(ask).unwrap_or_else(|| plain(ask)));
        let End::Broken(broken) = story.outcome.end else { panic!("{:?}", story.outcome) };
        (broken.class, broken.words)
    };
    let words = "no secure protocol found for repository".to_owned();
    assert_eq!(walked(&world(ToolFailure::Missing)), (ErrorClass::ToolMissing, words.clone()));
    assert_eq!(walked(&world(ToolFailure::Login)), (ErrorClass::NoProtocol, words));
}

#[test]
fn a_page_may_name_the_directory_in_which_its_modules_are() {
    let page = "<meta name=\"go-import\" content=\"e.test/m git https://git.test/m go\">";
    let command = Command::Download { module: "e.test/m/sub".into(), query: "v1.1.0".into() };
    let end = |tag: &'static str| {
        let world = |ask: &Ask| match &ask.question {
            Question::Page { .. } => Answer::Found(Found::Page(Page::read(&ask.url, "200 OK", "", page.as_bytes()))),
            Question::Repo { part: RepoPart::Refs, .. } => Answer::refs(&[tag]),
            _ => plain(ask),
        };
        walk(&setup(&[("GOPROXY", "direct")]), &command, &mut |ask| world(ask)).outcome.end
    };
    assert!(matches!(end("sub/go/v1.1.0"), End::Done { .. }));
    assert!(matches!(end("go/sub/v1.1.0"), End::Broken(_)));
}
