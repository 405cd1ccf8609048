use super::*;

/// Reads a list and prints it back, each entry with its separator.
#[track_caller]
fn check(list: &str, printed: &str) {
    let list = GoProxyList::parse(list).expect(list);
    let mut text = String::new();
    for entry in list.entries() {
        text += &entry.to_string();
        text += match entry.separator {
            Separator::Comma => ",",
            Separator::Bar => "|",
            Separator::End => "",
        };
    }
    assert_eq!(text, printed);
}

#[track_caller]
fn check_refused(list: &str, words: &str) {
    assert_eq!(GoProxyList::parse(list).expect_err(list).to_string(), words);
}

#[test]
fn a_list_is_read_as_go_reads_it() {
    check("https://a.example|http://b,direct", "https://a.example|http://b,direct");
    check(" https://a\t,, |off", "https://a,off");
    check("example.com", "https://example.com");
    check("foo/bar", "https://foo/bar");
    check("localhost:8080", "https://localhost:8080");
    check("direct,bad scheme", "direct");
    check("https://a,off,nonsense://x", "https://a,off");
    check("HTTPS://A/b?q#f,", "https://A/b?q#f,");
    check("https://u:secret@h/x y%21|file:///abs", "https://u:xxxxx@h/x%20y%21|file:///abs");
    check("http://[::1]:80/x", "http://[::1]:80/x");
    check("https://h?q", "https://h?q");
    check("https://é\u{a0}h/#a#é", "https://%C3%A9%C2%A0h/#a%23%C3%A9");
}

#[test]
fn a_bad_list_is_refused_in_the_words_of_go() {
    let no_entries = "GOPROXY list is not the empty string, but contains no entries";
    for list in ["", ",", " ", "|", " , |"] {
        check_refused(list, no_entries);
    }
    check_refused("foo", "invalid proxy URL missing scheme: foo");
    check_refused("https://a,DIRECT", "invalid proxy URL missing scheme: DIRECT");
    check_refused("/abs", "invalid proxy URL missing scheme: /abs");
    check_refused("ftp://u:p@x/y", "invalid proxy URL scheme (must be https, http, file): ftp://u:xxxxx@x/y");
    for url in ["file:/x", "file://host/x", "file:///x?y", "file:///x#y", "file:///x?"] {
        check_refused(url, &format!("invalid file:// proxy URL with non-path elements: {url}"));
    }
    check_refused("\"http://x\"", r#"parse "\"http://x\"": first path segment in URL cannot contain colon"#);
    check_refused(";http://x", r#"parse ";http://x": first path segment in URL cannot contain colon"#);
    check_refused("://x", r#"parse "://x": missing protocol scheme"#);
    check_refused("http://h:p/x", r#"parse "http://h:p/x": invalid port ":p" after host"#);
    check_refused("http://h:1:2/x", r#"parse "http://h:1:2/x": invalid port ":1:2" after host"#);
    check_refused("http://h/%zz", r#"parse "http://h/%zz": invalid URL escape "%zz""#);
    check_refused("http://h/%1", r#"parse "http://h/%1": invalid URL escape "%1""#);
    check_refused("http://h%41/", r#"parse "http://h%41/": invalid URL escape "%41""#);
    check_refused("http://a b/", r#"parse "http://a b/": invalid character " " in host name"#);
    check_refused("http://a\u{7f}/", r#"parse "http://a\x7f/": net/url: invalid control character in URL"#);
    check_refused("http://[::1/", r#"parse "http://[::1/": missing ']' in host"#);
    check_refused("http://a[::1]/", r#"parse "http://a[::1]/": invalid IP-literal"#);
    check_refused("http://[1.2.3.4]/", r#"parse "http://[1.2.3.4]/": invalid IP-literal"#);
    check_refused("http://u{:p@h/", r#"parse "http://u{:xxxxx@h/": net/url: invalid userinfo"#);
}

#[test]
fn a_name_stands_for_a_url_and_is_remembered() {
    let names = |name: &str| (name == "mirror").then(|| "https://mirror.example".to_owned());
    let list = GoProxyList::parse_with("mirror|https://b,direct", &names).expect("a list");
    let seen: Vec<_> = list.entries().iter().map(|entry| (entry.to_string(), entry.name.as_deref())).collect();
    assert_eq!(
        seen,
        [("https://mirror.example".to_owned(), Some("mirror")), ("https://b".to_owned(), None), ("direct".to_owned(), None)]
    );
    assert!(GoProxyList::parse_with("elsewhere", &names).is_err());
}

#[test]
fn a_password_is_in_no_text_but_the_url_itself() {
    let url = GoUrl::parse("https://u:se%63ret@h/x").expect("a URL");
    assert!(!format!("{url} {url:?}").contains("ret"));
    assert_eq!(url.credentials(), Some((b"u".to_vec(), Some(b"secret".to_vec()))));
    assert_eq!(url.as_str(), "https://u:se%63ret@h/x");
}

#[test]
fn a_password_does_not_travel_without_encryption() {
    let words = |url| GoUrl::parse(url).expect(url).check_credentials().err().map(|refused| refused.to_string());
    assert_eq!(words("http://u:secret@h/x").as_deref(), Some("refusing to pass credentials to insecure URL: http://u:xxxxx@h/x"));
    assert_eq!(words("http://u@h").as_deref(), Some("refusing to pass credentials to insecure URL: http://u@h"));
    assert_eq!((words("https://u:secret@h"), words("http://h")), (None, None));
}

#[test]
fn what_lies_below_a_url_is_escaped_as_go_does() {
    for (base, below, url) in [
        ("https://u:p@h/base//", "x.y/!up/@v/v1.0.0-!r!c1.info", "https://h/base/x.y/%21up/@v/v1.0.0-%21r%21c1.info"),
        ("http://h:80", "x.y/@v/a,b(c #%.info", "http://h:80/x.y/@v/a%2Cb%28c%20%23%25.info"),
        ("http://h/?q=1#f", "x.y/@latest", "http://h/x.y/@latest?q=1"),
        ("file:///a%20b", "x.y/@v/list", "file:///a%20b/x.y/@v/list"),
    ] {
        assert_eq!(GoUrl::parse(base).expect(base).below(below), url);
    }
    assert_eq!(GoUrl::parse("file:///a%20b").expect("a URL").path(), b"/a b");
}

/// Walks with one letter per answer (`F`ound, `N`ot exist, `X` failed, `s` failed and stepped down), and shows who was asked and the verdict.
#[track_caller]
fn check_walk(list: &str, privacy: Privacy, answers: &str, asked: &[&str], verdict: Verdict) {
    let list = GoProxyList::parse(list).expect(list);
    let mut walk = list.walk(privacy);
    let mut answers = answers.chars();
    let mut seen = Vec::new();
    while let Some(entry) = walk.here() {
        seen.push(entry.to_string());
        match answers.next() {
            Some('F') => walk.answer(Outcome::Found),
            Some('N') => walk.answer(Outcome::NotExist),
            Some('X') => walk.answer(Outcome::Failed),
            Some('s') => walk.step_down(),
            _ => break,
        }
    }
    assert_eq!(seen, asked);
    assert_eq!(walk.verdict(), verdict);
    assert_eq!(answers.next(), None);
}

#[test]
fn a_comma_gives_way_only_to_not_exist() {
    check_walk("http://a,http://b", Privacy::Public, "NF", &["http://a", "http://b"], Verdict::Found(Place::Entry(1)));
    check_walk("http://a,http://b", Privacy::Public, "X", &["http://a"], Verdict::Failed(Place::Entry(0)));
    check_walk("http://a,http://b", Privacy::Public, "NN", &["http://a", "http://b"], Verdict::NotExist(Place::Entry(1)));
}

#[test]
fn a_bar_gives_way_to_anything() {
    check_walk("http://a|http://b", Privacy::Public, "XF", &["http://a", "http://b"], Verdict::Found(Place::Entry(1)));
    check_walk("http://a|http://b", Privacy::Public, "XX", &["http://a", "http://b"], Verdict::Failed(Place::Entry(1)));
}

#[test]
fn a_failure_outranks_not_exist() {
    check_walk("http://a|http://b", Privacy::Public, "XN", &["http://a", "http://b"], Verdict::Failed(Place::Entry(0)));
    check_walk("http://a|http://b", Privacy::Public, "NX", &["http://a", "http://b"], Verdict::Failed(Place::Entry(1)));
    check_walk(
        "http://a|http://b|off",
        Privacy::Public,
        "XNF",
        &["http://a", "http://b", "off"],
        Verdict::Failed(Place::Entry(0)),
    );
}

#[test]
fn off_says_not_exist_whatever_is_told() {
    check_walk("http://a,off", Privacy::Public, "NF", &["http://a", "off"], Verdict::NotExist(Place::Entry(1)));
    check_walk("off", Privacy::Public, "X", &["off"], Verdict::NotExist(Place::Entry(0)));
}

#[track_caller]
fn check_shown(list: &str, answers: &[Outcome], shown: (Place, Outcome)) {
    let list = GoProxyList::parse(list).expect(list);
    let mut walk = list.walk(Privacy::Public);
    answers.iter().for_each(|answer| walk.answer(*answer));
    assert_eq!(walk.shown(), Some(shown));
}

#[test]
fn go_believes_direct_but_the_verdict_keeps_the_failure() {
    check_walk("http://a|direct", Privacy::Public, "XN", &["http://a", "direct"], Verdict::Failed(Place::Entry(0)));
    check_shown("http://a|direct", &[Outcome::Failed, Outcome::NotExist], (Place::Entry(1), Outcome::NotExist));
    check_shown("http://a|http://b", &[Outcome::Failed, Outcome::NotExist], (Place::Entry(0), Outcome::Failed));
}

#[test]
fn a_private_module_never_meets_the_list() {
    check_walk("http://a,direct", Privacy::Private, "F", &["direct"], Verdict::Found(Place::NoProxy));
    check_walk("off", Privacy::Private, "N", &["direct"], Verdict::NotExist(Place::NoProxy));
    check_walk("http://a|direct", Privacy::Private, "X", &["direct"], Verdict::Failed(Place::NoProxy));
}

#[test]
fn an_operator_can_let_a_failure_step_down_a_comma() {
    check_walk("http://a,http://b", Privacy::Public, "sF", &["http://a", "http://b"], Verdict::Found(Place::Entry(1)));
    check_walk("http://a,http://b", Privacy::Public, "sN", &["http://a", "http://b"], Verdict::Failed(Place::Entry(0)));
    check_walk("http://a", Privacy::Public, "s", &["http://a"], Verdict::Failed(Place::Entry(0)));
}

#[test]
fn a_walk_that_goes_on_has_no_verdict() {
    check_walk("http://a|http://b", Privacy::Public, "X", &["http://a", "http://b"], Verdict::Unfinished);
}
