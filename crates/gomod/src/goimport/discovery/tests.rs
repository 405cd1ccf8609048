use super::*;

/// Asks for `module`; `pages` are import paths with what their page has in it. Gives the root, or the refusal in Go's words.
fn discover(module: &str, pages: &[(&str, &str)]) -> String {
    let mut discovery = Discovery::new(&ModulePath::parse(module).expect(module));
    loop {
        let asked = discovery.import_path().to_owned();
        let page = match pages.iter().find(|(path, _)| *path == asked) {
            Some((_, body)) => Page::read(&discovery.url("https"), "200 OK", "", body.as_bytes()),
            None => Page::read(&discovery.url("https"), "404 Not Found", "no\nsuch page", b"<html>"),
        };
        match discovery.answer(&page) {
            Ok(Step::Ask(further)) => discovery = further,
            Ok(Step::Found(RepoRoot { root, source, url, subdir })) => {
                let source = match source {
                    Source::Vcs(vcs) => vcs.name(),
                    Source::Proxy => "mod",
                };
                return format!("{root} {source} {url} {subdir}").trim_end().into();
            }
            Err(error) => return error.to_string(),
        }
    }
}

fn tag(content: &str) -> String {
    format!(r#"<meta name="go-import" content="{content}">"#)
}

/// The page of `x.test/m` has these tags.
#[track_caller]
fn check(contents: &[&str], found: &str) {
    let page: String = contents.iter().map(|content| tag(content)).collect();
    assert_eq!(discover("x.test/m", &[("x.test/m", &page)]), found);
}

/// As [`check`], with what comes before it cut off: `unrecognized import path "x.test/m": `.
#[track_caller]
fn check_refused(contents: &[&str], why: &str) {
    check(contents, &format!("unrecognized import path \"x.test/m\": {why}"));
}

const PAGE: &str = "https://x.test/m?go-get=1";

#[test]
fn a_tag_for_the_path_itself_is_enough() {
    check(&["x.test/m git https://g.test/m"], "x.test/m git https://g.test/m");
    check(&["x.test/m hg http://g.test/m nested/dir"], "x.test/m hg http://g.test/m nested/dir");
    check(&["x.test/m mod https://proxy.test/base"], "x.test/m mod https://proxy.test/base");
    check(&["other.test git https://g.test/o", "x.test/m svn svn://g.test/m"], "x.test/m svn svn://g.test/m");
}

#[test]
fn a_shorter_root_must_say_the_same_on_its_own_page() {
    let claim = tag("x.test/m git https://g.test/m");
    let (deep, root) = ("x.test/m/a/b", "x.test/m");
    assert_eq!(discover(deep, &[(deep, &claim), (root, &claim)]), "x.test/m git https://g.test/m");
    let disagree = format!(
        "unrecognized import path \"{deep}\": https://{deep}?go-get=1 and //x.test/m?go-get=1 disagree about go-import for x.test/m"
    );
    assert_eq!(discover(deep, &[(deep, &claim), (root, &tag("x.test/m git https://g.test/other"))]), disagree);
    assert_eq!(discover(deep, &[(deep, &claim), (root, &tag("x.test/m git https://g.test/m sub"))]), disagree);
    assert_eq!(discover(deep, &[(deep, &claim), (root, &tag("y.test git https://g.test/m"))]), disagree);
    assert_eq!(
        discover(deep, &[(deep, &claim), (root, "")]),
        format!("unrecognized import path \"{deep}\": fetching x.test/m: no go-import meta tag found in {PAGE}")
    );
    assert_eq!(
        discover(deep, &[(deep, &claim)]),
        format!("unrecognized import path \"{deep}\": reading {PAGE}: 404 Not Found\n\tserver response:\n\tno\n\tsuch page")
    );
    assert_eq!(
        discover(deep, &[(deep, &claim), (root, "<a b")]),
        format!("unrecognized import path \"{deep}\": parsing {PAGE}: XML syntax error on line 1: unexpected EOF")
    );
}

#[test]
fn the_page_of_a_bare_host_lies_at_its_root() {
    let claim = tag("x.test git https://g.test/all");
    assert_eq!(discover("x.test/m", &[("x.test/m", &claim), ("x.test", &claim)]), "x.test git https://g.test/all");
    assert_eq!(Discovery::new(&ModulePath::parse("x.test").expect("a path")).url("http"), "http://x.test/?go-get=1");
}

#[test]
fn several_tags_for_a_path_are_refused_unless_one_is_mod() {
    let several = r#"parse //x.test/m?go-get=1: multiple meta tags match import path "x.test/m""#;
    check_refused(&["x.test/m git https://g.test/m", "x.test/m git https://g.test/m"], several);
    check_refused(&["x.test/m git https://g.test/m", "x.test hg https://g.test/m"], several);
    check_refused(&["x.test/m mod https://p.test", "x.test mod https://p.test"], several);
    check(&["x.test/m git https://g.test/m", "x.test/m mod https://p.test"], "x.test/m mod https://p.test");
    check(&["x.test git https://g.test/m", "x.test/m mod https://p.test"], "x.test/m mod https://p.test");
}

#[test]
fn tags_for_other_paths_are_named() {
    check_refused(&[], &format!("parse {PAGE}: no go-import meta tags ()"));
    check_refused(
        &["x.test/mm git https://g.test/m", "y.test git https://g.test/m"],
        &format!(
            "parse {PAGE}: no go-import meta tags (meta tag x.test/mm did not match import path x.test/m, \
             meta tag y.test did not match import path x.test/m)"
        ),
    );
    check_refused(&["x.test/m git", "x.test/m git https://g.test/m a b"], &format!("parse {PAGE}: no go-import meta tags ()"));
}

#[test]
fn bad_tags_are_refused_in_go_s_words() {
    check_refused(&["x.test/m cvs https://g.test/m"], &format!(r#"{PAGE}: unknown vcs "cvs""#));
    check_refused(&["x.test/m GIT https://g.test/m"], &format!(r#"{PAGE}: unknown vcs "GIT""#));
    check_refused(&["x.test/m git file:///etc"], &format!(r#"{PAGE}: invalid repo root "file:///etc": file scheme disallowed"#));
    check_refused(&["x.test/m git g.test/m"], &format!(r#"{PAGE}: invalid repo root "g.test/m": no scheme"#));
    check_refused(
        &["x.test/m git git@g.test:m"],
        &format!(
            r#"{PAGE}: invalid repo root "git@g.test:m": parse "git@g.test:m": first path segment in URL cannot contain colon"#
        ),
    );
    check_refused(&["x.test/m git --upload-pack=x"], &format!(r#"{PAGE}: invalid repo root "--upload-pack=x": no scheme"#));
    check_refused(&["x.test/m git https://g.test/m /a"], &format!(r#"{PAGE}: invalid subdirectory "/a": leading slash"#));
    check_refused(&["x.test/m git https://g.test/m -a"], &format!(r#"{PAGE}: invalid subdirectory "-a": leading hyphen"#));
}

#[test]
fn a_directory_outside_of_the_repository_is_refused_here_already() {
    let why = format!(r#"{PAGE}: invalid subdirectory "a/../..": path outside of the repository"#);
    check_refused(&["x.test/m git https://g.test/m a/../.."], &why);
}

#[test]
fn a_password_in_a_bad_root_is_not_shown() {
    let why = format!(r#"{PAGE}: invalid repo root "//u:xxxxx@g.test/m": no scheme"#);
    check_refused(&["x.test/m git //u:secret@g.test/m"], &why);
    let shown = discover("x.test/m", &[("x.test/m", &tag("x.test/m git https://u:secret@g.test:port/m"))]);
    assert!(!shown.contains("secret"), "{shown}");
}

#[test]
fn bazaar_is_said_to_be_gone() {
    check_refused(&["x.test/m bzr https://g.test/m"], &format!(r#"{PAGE}: unknown vcs "bzr" (Go no longer supports Bazaar)"#));
    for path in ["x.test/m.bzr/sub", "launchpad.net/goyaml"] {
        let why = format!("reading https://{path}?go-get=1: 404 Not Found\n\tserver response:\n\tno\n\tsuch page");
        assert_eq!(discover(path, &[]), format!("unrecognized import path \"{path}\": {why} (Go no longer supports Bazaar)"));
    }
}

#[test]
fn a_status_is_told_only_if_there_is_no_tag() {
    let discovery = || Discovery::new(&ModulePath::parse("x.test/m").expect("a path"));
    let answer = |status, detail, body: &str| discovery().answer(&Page::read(PAGE, status, detail, body.as_bytes()));
    assert!(matches!(answer("404 Not Found", "", &tag("x.test/m git https://g.test/m")), Ok(Step::Found(_))));
    let error = answer("401 Unauthorized", "log in", "a < b").expect_err("no tag");
    let why = format!("unrecognized import path \"x.test/m\": reading {PAGE}: 401 Unauthorized\n\tserver response: log in");
    assert_eq!((matches!(error, NoRoot::Status { .. }), error.to_string()), (true, why));
}

#[test]
fn a_page_that_cannot_be_fetched_is_told_with_the_schemes_that_were_tried() {
    let module = ModulePath::parse("x.test/m").expect("a path");
    let first = Discovery::new(&module);
    assert_eq!(first.unreachable(false, "EOF").to_string(), r#"unrecognized import path "x.test/m": https fetch: EOF"#);
    assert_eq!(first.unreachable(true, "EOF").to_string(), r#"unrecognized import path "x.test/m": http/https fetch: EOF"#);
    let page = Page::read(PAGE, "200 OK", "", tag("x.test git https://g.test").as_bytes());
    let Ok(Step::Ask(second)) = first.answer(&page) else { panic!("the root's page is next") };
    assert_eq!(second.unreachable(false, "EOF").to_string(), r#"unrecognized import path "x.test/m": fetching x.test: EOF"#);
}

#[test]
fn tags_count_up_to_the_body_and_a_fault_behind_one_does_not_matter() {
    let (found, good) = ("x.test/m git https://g.test/m", tag("x.test/m git https://g.test/m"));
    let none = format!("unrecognized import path \"x.test/m\": parse {PAGE}: no go-import meta tags ()");
    let fault = "unrecognized import path \"x.test/m\": parsing x.test/m: XML syntax error on line 1: unexpected EOF";
    let check = |page: String, want: &str| assert_eq!(discover("x.test/m", &[("x.test/m", &page)]), want, "{page}");
    check(format!("<HEAD>{good}</HEAD>"), found);
    check(format!("<head></Head>{good}"), &none);
    check(format!("<head/>{good}"), &none);
    check(format!("<BODY>{good}"), &none);
    check(format!("{good}<a"), found);
    check(
        format!("<a b='{good}"),
        "unrecognized import path \"x.test/m\": parsing x.test/m: XML syntax error on line 1: unescaped < inside quoted string",
    );
    check("<a".into(), fault);
    check(good.replace("go-import", "Go-Import"), &none);
    check(good.replace("meta", "MeTa").replace("content", "CONTENT"), found);
}
