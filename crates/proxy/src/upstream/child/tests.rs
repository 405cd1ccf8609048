use super::*;

#[test]
fn nothing_that_strangers_say_is_a_flag() {
    for text in ["", "-x", "--upload-pack=touch x", "a\nb", "a\0b", "a\u{7}b", "a\rb"] {
        assert!(Word::new(text).is_err(), "{text:?}");
        assert!(Rev::parse(text).is_err(), "{text:?}");
        assert!(SubDir::parse(text).is_err(), "{text:?}");
        assert!(RepoUrl::parse(text).is_err(), "{text:?}");
        assert!(Ref::parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn a_remote_has_a_scheme_and_a_host() {
    for good in ["https://git.example.com/lib", "ssh://git@git.example.com:22/lib", "svn+ssh://h/x"] {
        assert!(RepoUrl::parse(good).is_ok(), "{good}");
    }
    for bad in
        ["file:///etc", "FILE:///etc", "/etc", "git@h:lib", "ext::sh -c x", "ssh://-oProxyCommand=x/", "ssh://u@-oX/", "https://"]
    {
        assert!(RepoUrl::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_directory_leads_down_and_a_revision_names_one() {
    assert!(SubDir::parse("a/b.c").is_ok());
    for bad in ["/a", "a/", "a//b", "a/../b", "."] {
        assert!(SubDir::parse(bad).is_err(), "{bad}");
    }
    assert!(Rev::parse("feature/x").is_ok());
    for bad in ["a..b", "a:b", "a^", "a~1", "@{u}", "a b"] {
        assert!(Rev::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_reference_is_what_git_takes() {
    for good in ["HEAD", "refs/heads/main", "refs/tags/sub/v1.0.0+x"] {
        assert!(Ref::parse(good).is_ok(), "{good}");
    }
    for bad in
        ["main", "refs/heads/", "refs/heads/a..b", "refs/heads/a.lock", "refs/heads/.a", "refs//x", "refs/heads/a^{}", "refs/x y"]
    {
        assert!(Ref::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn what_a_tool_complains_about_moves_no_cursor() {
    let check = |from: &str, to: &str| assert_eq!(cleaned(from.as_bytes()), to);
    check("remote: \u{1b}[31mred\u{1b}[0m\r\nfatal: no\n", "remote: red\nfatal: no");
    check("a\u{1b}]0;title\u{7}b\u{1b}cc", "abc");
    check("1%\r2%\r\n\n\nx\u{202e}y\u{8}", "1%\n2%\nxy");
    assert_eq!(cleaned(b"\xff\xfe"), "\u{fffd}\u{fffd}");
}
