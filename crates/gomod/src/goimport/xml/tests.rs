use super::*;

/// `pieces`: `<name a=b` for a beginning, `/name` for an end, `.` for anything else; then the error, if one ends them.
#[track_caller]
fn check(page: &str, pieces: &[&str]) {
    let mut tokens = Tokens::new(page.as_bytes());
    let mut found = Vec::new();
    loop {
        found.push(match tokens.next_token() {
            Ok(None) => break,
            Ok(Some(Token::Start(name, attributes))) => {
                attributes.iter().fold(format!("<{name}"), |shown, (name, value)| format!("{shown} {name}={value}"))
            }
            Ok(Some(Token::End(name))) => format!("/{name}"),
            Ok(Some(Token::Other)) => ".".into(),
            Err(fault) => {
                found.push(fault);
                break;
            }
        });
    }
    assert_eq!(found, pieces, "{page}");
}

/// The page ends in this error, on its only line.
#[track_caller]
fn check_refused(page: &str, fault: &str) {
    check(page, &[&format!("XML syntax error on line 1: {fault}")]);
}

#[test]
fn attributes_may_be_bare_quoted_or_without_value() {
    check(r#"<a b="c d" e='f"' g=h-1:_ i j = k>"#, &[r#"<a b=c d e=f" g=h-1:_ i=i j=k"#]);
    check("<a b=/>", &["<a b=", "/a"]);
    check("<x:meta xml:name=go x::y=1", &["XML syntax error on line 1: expected attribute name in element"]);
    check("<x:meta xml:name=go :y=1 z:=2>", &["<meta name=go :y=1 z:=2"]);
    check_refused("<a b=c.d>", "invalid XML name: .d");
}

#[test]
fn references_are_undone_where_go_knows_them() {
    check("<a b='&lt;&gt;&amp;&apos;&quot;&#65;&#x42;'>", &["<a b=<>&'\"AB"]);
    check("<a b='&nbsp; &;&#; &x &#x110000; &#xd800;'>", &["<a b=&nbsp; &;&#; &x &#x110000; \u{fffd}"]);
    check("<a b='&#99999999999999999999;&#12'>", &["<a b=&#99999999999999999999;&#12"]);
    check_refused("<a b='&#0;'>", "illegal character code U+0000");
    check_refused("<a b='&am", "unexpected EOF");
}

#[test]
fn line_ends_become_one() {
    check("<a b='1\r\n2\r3\n4'>", &["<a b=1\n2\n3\n4"]);
}

#[test]
fn what_is_no_element_is_passed_over() {
    check("text<!-- <a> --><?php <a> ?><![CDATA[<a>]]]><b/>", &[".", ".", ".", ".", "<b", "/b"]);
    check("<!DOCTYPE html PUBLIC \"-//>\" [<!ENTITY x '>'> <!-- ' --> ]><a>", &[".", "<a"]);
    check("<!><a>>", &["."]);
    check("</a ><a>", &["/a", "<a"]);
}

#[test]
fn what_go_refuses_is_refused_in_its_words() {
    check("a\n\n<script>if (a<b && c)", &[".", "<script", ".", "XML syntax error on line 3: expected attribute name in element"]);
    check_refused("< a>", "expected element name after <");
    check_refused("<1>", "invalid XML name: 1");
    check_refused("</>", "expected element name after </");
    check_refused("</a b>", "invalid characters between </a and >");
    check_refused("<a / >", "expected /> in element");
    check_refused("<a b='<'>", "unescaped < inside quoted string");
    check_refused("]]>", "unescaped ]]> not in CDATA section");
    check_refused("<!-x", "invalid sequence <!- not part of <!--");
    check_refused("<!-- -- -->", r#"invalid sequence "--" not allowed in comments"#);
    check_refused("<![CDATA", "unexpected EOF");
    check_refused("<![cdata[]]>", "invalid <![ sequence");
    check_refused("<![CDATA[]]", "unexpected EOF in CDATA section");
    check_refused("<? x?>", "expected target name after <?");
    check_refused("<a", "unexpected EOF");
    check_refused("\u{1}", "illegal character code U+0001");
    check_refused("\u{ffff}", "illegal character code U+FFFF");
}

#[test]
fn names_are_those_of_xml_and_not_of_html() {
    check("<é·>", &["<é·"]);
    check_refused("<·é>", "invalid XML name: ·é");
    check_refused("<a\u{1f600}>", "invalid XML name: a\u{1f600}");
}

#[test]
fn a_page_must_be_utf_8_and_say_nothing_else() {
    check("<?xml version='1.0' encoding=\"UTF-8\"?><a>", &[".", "<a"]);
    check("<?xml encoding='Ascii'?><?xml-stylesheet encoding='latin1'?>", &[".", "."]);
    check("<?xml encoding='latin1'?>", &[r#"xml: opening charset "latin1": can't decode XML document using charset "latin1""#]);
    check("<?xml version='1.1'?>", &[r#"xml: unsupported version "1.1"; only version 1.0 is supported"#]);
    check("<?xml version=1.1 version=\"1.0\"?>", &["."]);
    let mut tokens = Tokens::new(b"<a b='\xff'>");
    assert_eq!(tokens.next_token().err().as_deref(), Some("XML syntax error on line 1: invalid UTF-8"));
}
