use super::*;

/// One layer per text: the environment, the user's file and go.env, with spaces for line ends; `-` for a file that is not there.
fn settings(layers: [&str; 3]) -> Settings {
    let [environment, user, goroot] = layers.map(|layer| layer.replace(' ', "\n"));
    let file = |text: &str| (text != "-").then(|| text.to_owned());
    Settings::new(read_file(&environment), file(&user).as_deref(), file(&goroot).as_deref())
}

#[track_caller]
fn check(layers: [&str; 3], variable: &str, value: &str, layer: Layer) {
    let found = settings(layers).find(variable);
    assert_eq!((found.value.as_str(), found.layer), (value, layer));
}

#[test]
fn the_environment_comes_before_the_files() {
    check(["GOPROXY=a", "GOPROXY=b", "GOPROXY=c"], "GOPROXY", "a", Layer::Environment);
    check(["", "GOPROXY=b", "GOPROXY=c"], "GOPROXY", "b", Layer::UserFile);
    check(["", "", "GOPROXY=c"], "GOPROXY", "c", Layer::GoRootFile);
    check(["", "-", "-"], "GOPROXY", defaults::GOPROXY, Layer::Default);
    check(["", "-", "-"], "GOSUMDB", defaults::GOSUMDB, Layer::Default);
    check(["", "-", ""], "GOPROXY", "", Layer::Default);
    check(["", "-", "-"], "GOAUTH", "netrc", Layer::Default);
}

#[test]
fn an_empty_value_does_not_override_in_the_environment_but_hides_in_the_user_file() {
    check(["GOPROXY=", "GOPROXY=b", "GOPROXY=c"], "GOPROXY", "b", Layer::UserFile);
    check(["", "GOPROXY=", "GOPROXY=c"], "GOPROXY", "", Layer::UserFile);
    check(["", "GOAUTH=", "-"], "GOAUTH", "netrc", Layer::Default);
}

#[test]
fn a_file_is_read_line_by_line() {
    check(["", "GOPROXY=a GOPROXY=b=c", "-"], "GOPROXY", "b=c", Layer::UserFile);
    check(["", "#GOPROXY=a goproxy=b GOPROXY", "-"], "GOPROXY", defaults::GOPROXY, Layer::Default);
}

#[test]
fn goprivate_stands_in_for_the_other_two() {
    let some = settings(["GOPRIVATE=a.com GONOPROXY=none", "GONOSUMDB=b.com", "-"]);
    let read = |(patterns, setting): (Patterns, Setting)| (patterns.as_str().to_owned(), setting.variable, setting.layer);
    assert_eq!(read(some.gonoproxy()), ("none".into(), "GONOPROXY".into(), Layer::Environment));
    assert_eq!(read(some.gonosumdb()), ("b.com".into(), "GONOSUMDB".into(), Layer::UserFile));
    assert_eq!(read(some.goprivate()), ("a.com".into(), "GOPRIVATE".into(), Layer::Environment));
    let only_private = settings(["GOPRIVATE=a.com", "-", "-"]);
    assert_eq!(read(only_private.gonoproxy()), ("a.com".into(), "GOPRIVATE".into(), Layer::Environment));
    assert_eq!(read(only_private.gonosumdb()), ("a.com".into(), "GOPRIVATE".into(), Layer::Environment));
}

#[track_caller]
fn check_gosumdb(gosumdb: &str, name: &str, url: &str) {
    match SumdbSetting::parse(gosumdb).expect(gosumdb) {
        SumdbSetting::Off => assert_eq!((name, url), ("off", "")),
        SumdbSetting::Database { name: found, key, url: found_url } => {
            assert!(key.starts_with(&format!("{name}+")), "{key}");
            assert_eq!((found.as_str(), found_url.map(|url| url.to_string()).unwrap_or_default().as_str()), (name, url));
        }
    }
}

#[test]
fn gosumdb_is_read_as_go_reads_it() {
    check_gosumdb("off", "off", "");
    check_gosumdb("sum.golang.org", "sum.golang.org", "");
    check_gosumdb(" sum.golang.org  https://mirror/x ", "sum.golang.org", "https://mirror/x");
    check_gosumdb("sum.golang.google.cn", "sum.golang.org", "https://sum.golang.google.cn");
    check_gosumdb("sum.test/path+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8", "sum.test/path", "");
    check_gosumdb("sum.test+033DE0AE+AQ== file:///x", "sum.test", "file:///x");
}

#[test]
fn a_bad_gosumdb_is_refused_in_the_words_of_go() {
    for (gosumdb, words) in [
        ("", "missing GOSUMDB"),
        (" ", "missing GOSUMDB"),
        ("a b c", "invalid GOSUMDB: too many fields"),
        ("sum.test", "invalid GOSUMDB: malformed verifier id"),
        ("sum.golang.google.cn https://x", "invalid GOSUMDB: malformed verifier id"),
        ("sum.test+033de0a+AQ==", "invalid GOSUMDB: malformed verifier id"),
        ("sum.test+033de0ae+", "invalid GOSUMDB: malformed verifier id"),
        ("sum.test+033de0ae+A", "invalid GOSUMDB: malformed verifier id"),
        ("+033de0ae+AQ==", "invalid GOSUMDB: malformed verifier id"),
        ("sum.test/+033de0ae+AQ==", "invalid sumdb name (must be host[/path]): sum.test/"),
        ("u@sum.test+033de0ae+AQ==", "invalid sumdb name (must be host[/path]): u@sum.test"),
        ("/x+033de0ae+AQ==", "invalid sumdb name (must be host[/path]): /x"),
        ("sum.test?x+033de0ae+AQ==", "invalid sumdb name (must be host[/path]): sum.test?x"),
        ("sum.golang.org ://x", "invalid GOSUMDB URL: parse \"://x\": missing protocol scheme"),
    ] {
        assert_eq!(SumdbSetting::parse(gosumdb).expect_err(gosumdb).to_string(), words);
    }
}

#[track_caller]
fn check_netrc(text: &str, url: &str, login: &str) {
    let netrc = Netrc::parse(text);
    let found = netrc.find(url).map(|login| format!("{}:{}", login.login, login.password));
    assert_eq!(found.unwrap_or_default(), login);
}

#[test]
fn a_netrc_is_read_as_the_go_command_does() {
    let netrc = "machine a.com login u password p\nmachine a.com login second password second\n\
        machine b.com:8443\n\tlogin v\n\tpassword w\nmachine a.com/team login t password q\n\
        macdef init\nmachine c.com login x password x\n\nmachine d.com login only\nmachine e.com login y password z\n\
        default\nmachine f.com login x password x\n";
    check_netrc(netrc, "https://a.com/x/@v/list", "u:p");
    check_netrc(netrc, "https://a.com", "u:p");
    check_netrc(netrc, "https://a.com/team/x", "t:q");
    check_netrc(netrc, "https://b.com:8443/x", "v:w");
    check_netrc(netrc, "https://e.com/", "y:z");
    for url in [
        "http://a.com/",
        "https://a.com:443/",
        "https://b.com/",
        "https://c.com/",
        "https://d.com/",
        "https://f.com/",
        "https://x.a.com/",
    ] {
        check_netrc(netrc, url, "");
    }
    check_netrc("default login u password p", "https://a.com", "");
    check_netrc("machine a.com password p login u", "https://a.com", "u:p");
}

#[test]
fn a_password_is_not_in_the_debug_text() {
    assert!(!format!("{:?}", Netrc::parse("machine a.com login u password secret")).contains("secret"));
}
