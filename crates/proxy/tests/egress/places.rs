//! Which schemes and URLs are permitted where.

use super::*;

#[track_caller]
fn check(access: Vec<Access>, target: &str, want: &str) {
    let got = egress(access).permits(&url(target));
    match want {
        "" => assert_eq!(got, Ok(()), "{target}"),
        _ => assert_eq!(got, Err(Trouble::Refused(want.to_owned())), "{target}"),
    }
}

fn with(place: &str, schemes: &[&str]) -> Vec<Access> {
    vec![Access { schemes: schemes.iter().map(|&scheme| scheme.to_owned()).collect(), ..access(place) }]
}

#[test]
fn https_is_permitted_and_other_schemes_where_a_place_names_them() {
    check(vec![], "https://go.example/x", "");
    let want = "http://go.example/x is not asked: only https, unless schemes of a place that covers go.example names http";
    check(vec![], "http://go.example/x", want);
    check(with("other.example", &["http"]), "http://go.example/x", want);
    check(with("go.example", &["http"]), "http://go.example/x", "");
    for scheme in ["ssh", "git+ssh", "svn+ssh", "svn", "git"] {
        let target = format!("{scheme}://go.example/x");
        assert!(egress(vec![]).permits(&url(&target)).is_err(), "{target}");
        check(with("go.example", &["ssh", "svn", "git"]), &target, "");
    }
}

#[test]
fn schemes_that_reach_files_or_commands_are_never_permitted() {
    let all = with("*", &["http", "ssh", "git", "svn", "file", "ext", "ftp", "data"]);
    for target in [
        "file:///etc/passwd",
        "file://go.example/x",
        "ext://sh/x",
        "ftp://go.example/x",
        "data:text/plain,x",
        "ssh:x",
        "gopher://a/",
    ] {
        assert!(egress(all.clone()).permits(&url(target)).is_err(), "{target}");
    }
}

#[test]
fn the_first_place_that_fits_decides() {
    let closed = || access("go.example/a");
    let open = || Access { schemes: vec!["http".into()], ..access("go.example") };
    assert!(egress(vec![closed(), open()]).permits(&url("http://go.example/a/x")).is_err());
    assert!(egress(vec![closed(), open()]).permits(&url("http://go.example/b")).is_ok());
    assert!(egress(vec![open(), closed()]).permits(&url("http://go.example/a/x")).is_ok());
}

#[test]
fn a_url_with_a_password_is_refused_without_repeating_it() {
    let want = "URL holds credentials; they belong into its place: https://go.example/x";
    check(vec![], "https://alice:hunter2@go.example/x?token=hunter2", want);
    check(vec![], "https://git@go.example/x", "");
}

#[test]
fn settings_that_cannot_work_are_refused_at_once() {
    let refused = |access: Access| Egress::new(&direct(vec![access]), &Roots::Files(Vec::new())).err();
    let fixed = || Credential::Fixed("a".into(), secret("hunter2"));
    for bad in [
        access("https://go.example"),
        access("a:b@go.example"),
        Access { credential: fixed(), ..access("*") },
        Access { credential: Credential::Fixed("a\n".into(), secret("hunter2\n")), ..access("go.example") },
        Access { credential: Credential::Helper(vec![]), ..access("go.example") },
        Access { credential: Credential::GithubApp(1, "key".into(), "http://api.example".into()), ..access("github.com") },
    ] {
        let trouble = refused(bad.clone());
        let said = trouble.as_ref().map(ToString::to_string).unwrap_or_default();
        // "Basic base64" of nothing but printable bytes is fine, whatever was in it.
        if bad.place == "go.example" && matches!(bad.credential, Credential::Fixed(..)) {
            continue;
        }
        assert!(matches!(trouble, Some(Trouble::Refused(_))), "{bad:?}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[test]
fn the_first_place_that_fits_says_which_forge_a_host_is() {
    use proxy::settings::Forge;
    let rules = vec![Access { forge: Some(Forge::Gitlab), ..access("git.corp.example/team") }, access("git.corp.example")];
    let egress = egress(rules);
    assert_eq!(egress.forge(&url("https://git.corp.example/team/lib")), Some(Forge::Gitlab));
    assert_eq!(egress.forge(&url("https://git.corp.example/other")), None);
    assert_eq!(egress.forge(&url("https://go.example/")), None);
}
