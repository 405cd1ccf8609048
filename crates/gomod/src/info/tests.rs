use super::*;

#[track_caller]
fn check(document: &str, version: &str, time: &str) {
    let info = Info::parse(document.as_bytes()).expect(document);
    assert_eq!((info.version(), info.time().to_string().as_str()), (version, time));
    assert_eq!(info.bytes(), document.as_bytes());
}

#[track_caller]
fn check_refused(document: &str, words: &str) {
    assert_eq!(Info::parse(document.as_bytes()).expect_err(document).to_string(), words);
}

const NO_TIME: &str = "0001-01-01T00:00:00Z";

#[test]
fn a_document_is_read_as_go_reads_it() {
    check(r#"{"Version":"v1.0.0","Time":"2026-11-23T06:27:34+08:00"}"#, "v1.0.0", "2026-11-23T06:27:34+08:00");
    check(
        r#" {"tIME":"2026-11-23T06:27:34\u005a", "x":[1,{"y":-0.5e+1},[],true,null,false], "version":"v1"} "#,
        "v1",
        "2026-11-23T06:27:34Z",
    );
    check(r#"{"Version":"a","version":"b","VERſION":"c","Version":null,"Ver_sion":"d"}"#, "c", NO_TIME);
    check(r#"{"Version":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00\ud800x"}"#, "\"\\/\u{8}\u{c}\n\r\té😀\u{fffd}x", NO_TIME);
    check("{}", "", NO_TIME);
    check("null", "", NO_TIME);
}

#[test]
fn the_bytes_are_kept_even_if_they_are_not_utf_8() {
    let info = Info::parse(b"{\"Version\":\"a\xffb\"}\n").expect("a document");
    assert_eq!((info.version(), info.bytes()), ("a\u{fffd}b", b"{\"Version\":\"a\xffb\"}\n".as_slice()));
}

#[test]
fn the_origin_is_read() {
    let document = r#"{"Origin":{"VCS":"git","URL":"https://x.y/z","Subdir":"s","Hash":"h","TagPrefix":"p","TagSum":"t","Ref":"r","RepoSum":"q"}}"#;
    let field = String::from;
    let origin = Origin {
        vcs: field("git"),
        url: field("https://x.y/z"),
        subdir: field("s"),
        hash: field("h"),
        tag_prefix: field("p"),
        tag_sum: field("t"),
        reference: field("r"),
        repo_sum: field("q"),
    };
    assert_eq!(Info::parse(document.as_bytes()).expect("a document").origin(), Some(&origin));
    assert_eq!(Info::parse(br#"{"Origin":{},"Origin":null}"#).expect("a document").origin(), None);
}

#[test]
fn what_go_cannot_read_is_refused_in_its_words() {
    check_refused("", "unexpected end of JSON input");
    check_refused("<html>", "invalid character '<' looking for beginning of value");
    check_refused("[]", "json: cannot unmarshal array into Go value of type modfetch.RevInfo");
    check_refused("true", "json: cannot unmarshal bool into Go value of type modfetch.RevInfo");
    check_refused(r#"{"Version":1}"#, "json: cannot unmarshal number into Go struct field RevInfo.Version of type string");
    check_refused(r#"{"Time":1}"#, "json: cannot unmarshal number into Go struct field RevInfo.Time of type time.Time");
    check_refused(
        r#"{"Origin":"x"}"#,
        "json: cannot unmarshal string into Go struct field RevInfo.Origin of type codehost.Origin",
    );
    check_refused(
        r#"{"Origin":{"ref":{}}}"#,
        "json: cannot unmarshal object into Go struct field RevInfo.Origin.ref of type string",
    );
    check_refused(
        r#"{"Time":"x","Version":1}"#,
        r#"parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006""#,
    );
    check_refused(r#"{"Version":"v1"} x"#, "invalid character 'x' after top-level value");
    check_refused(r#"{"Version":"v1",}"#, "invalid character '}' looking for beginning of object key string");
    check_refused(r#"{"Version" "v1"}"#, "invalid character '\"' after object key");
    check_refused(r#"{"Version":"v1""#, "unexpected end of JSON input");
    check_refused(r#"{"a":01}"#, "invalid character '1' after object key:value pair");
    check_refused(r#"{"a":[1 2]}"#, "invalid character '2' after array element");
    check_refused(r#"{"a":1.}"#, "invalid character '}' in numeric literal");
    check_refused(r#"{"a":tru}"#, "invalid character '}' in literal true (expecting 'e')");
    check_refused("{\"a\":\"\n\"}", r"invalid character '\n' in string");
    check_refused(r#"{"a":"\x"}"#, r"invalid escape sequence `\x` in string");
    check_refused(r#"{"a":"\u12g4"}"#, r"invalid escape sequence `\u12g4` in string");
    check_refused(&"[".repeat(100_000), "exceeded max depth");
}

#[track_caller]
fn check_answer(path: &str, rev: &str, answered: &str, good: bool) {
    let info = Info::parse(format!(r#"{{"Version":"{answered}"}}"#).as_bytes()).expect("a document");
    let checked = info.check_answers(&ModulePath::parse(path).expect(path), &Rev::parse(rev).expect(rev));
    let words = format!("proxy returned info for version {answered} instead of requested version");
    assert_eq!(checked.map_err(|wrong| wrong.to_string()), if good { Ok(()) } else { Err(words) });
}

#[test]
fn a_version_that_fits_the_path_must_come_back() {
    check_answer("x.y/z", "v1.0.0", "v1.0.0", true);
    check_answer("x.y/z", "v1.0.0", "v1.0.1", false);
    check_answer("x.y/z", "v1.0.0", "", false);
    check_answer("x.y/z", "v2.0.0", "v1.0.1", true);
    check_answer("x.y/z", "v1", "v1.0.1", true);
    check_answer("x.y/z", "main", "v1.0.1", true);
    check_answer("x.y/z/v2", "v2.0.0", "v2.0.1", false);
}

#[track_caller]
fn check_written(version: &str, time: &str, origin: Option<&Origin>, document: &str) {
    let time = Time::parse_rfc3339(time).expect(time);
    let written = Info::write(version, time, origin);
    assert_eq!(String::from_utf8_lossy(written.bytes()), document);
    assert_eq!(Info::parse(written.bytes()), Ok(written));
}

#[test]
fn a_document_is_written_as_go_s_cache_has_it() {
    check_written("v1.0.0", "2026-11-23T06:27:34Z", None, r#"{"Version":"v1.0.0","Time":"2026-11-23T06:27:34Z"}"#);
    let origin = Origin {
        vcs: "git".into(),
        url: "https://x.y/<&>".into(),
        reference: "a\"\\\n\u{1}\u{2028}é".into(),
        ..Origin::default()
    };
    check_written(
        "v0.0.0-20261123062734-abcdefabcdef",
        "2026-11-23T06:27:34.123456Z",
        Some(&origin),
        r#"{"Version":"v0.0.0-20261123062734-abcdefabcdef","Time":"2026-11-23T06:27:34.123456Z","Origin":{"VCS":"git","URL":"https://x.y/\u003c\u0026\u003e","Ref":"a\"\\\n\u0001\u2028é"}}"#,
    );
    check_written(
        "v1",
        "2026-11-23T06:27:34+02:00",
        Some(&Origin::default()),
        r#"{"Version":"v1","Time":"2026-11-23T04:27:34Z","Origin":{}}"#,
    );
}

#[test]
fn a_settled_origin_forgets_how_the_version_was_found() {
    let origin = Origin {
        hash: "h".into(),
        tag_prefix: "p".into(),
        tag_sum: "t".into(),
        reference: "refs/heads/main".into(),
        repo_sum: "q".into(),
        ..Origin::default()
    };
    let settled = Origin { hash: "h".into(), reference: "refs/heads/main".into(), ..Origin::default() };
    assert_eq!(origin.settled("v1.0.0"), settled);
    assert_eq!(origin.settled("v0.0.0-20261123062734-abcdefabcdef"), Origin { reference: String::new(), ..settled });
}

const EMPTY_SUM: &str = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

#[test]
fn only_tags_that_can_matter_are_summed() {
    assert_eq!(tag_sum("", []), format!("t1:{EMPTY_SUM}"));
    let idle = [("main", "1"), ("v1", "2"), ("v1.2", "3"), ("v0.0.0-20261123062734-abcdefabcdef", "4"), ("sub/v1.0.0", "5")];
    assert_eq!(tag_sum("", idle), tag_sum("", []));
    assert_ne!(tag_sum("", [("v1.0.0", "1")]), tag_sum("", []));
    assert_ne!(tag_sum("", [("v1.0.0+meta", "1")]), tag_sum("", []));
    assert_ne!(tag_sum("sub/", [("sub/v1.0.0", "1")]), tag_sum("sub/", []));
    assert_eq!(tag_sum("sub/v1", [("sub/v1.0.0", "1")]), tag_sum("sub/", [("sub/v1.0.0", "1")]));
}

#[test]
fn the_sum_of_a_repository_counts_every_name_and_commit() {
    assert_eq!(repo_sum([]), format!("r1:{EMPTY_SUM}"));
    assert_ne!(repo_sum([("HEAD", "1")]), repo_sum([("HEAD", "2")]));
    assert_ne!(repo_sum([("a", "1"), ("b", "1")]), repo_sum([("a", "1")]));
}
