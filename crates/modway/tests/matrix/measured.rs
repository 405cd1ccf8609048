//! What was measured of the go command, and what the matrix says.

use gomod::client::{Checksums, End, ErrorClass};
use modway::{
    machine::Machine,
    matrix::{Combination, GoProxy, Imagined, Matrix, Prediction, Present, ProxySays, Row, Stop, Subject, Tls},
};

pub(crate) fn matrix(subject: &str, imagined: Imagined, full: bool) -> Matrix {
    Matrix::new(Subject::parse(subject).expect("a subject"), imagined, full, None)
}

fn tls(tls: Tls) -> &'static str {
    match tls {
        Tls::NotAsked => "-",
        Tls::Believed => "believed",
        Tls::Refused => "verify",
        Tls::Skipped => "skipped",
    }
}

fn end(prediction: &Prediction) -> String {
    match &prediction.outcome.end {
        End::Done { version, .. } => version.clone(),
        End::Broken(broken) => broken.class.code(),
        End::Unknown(question) => format!("{question:?}"),
    }
}

/// A row as it was written down when it was measured: settings, route, Go's TLS, git's, outcome, outcome if git trusts the host.
fn line(row: &Row) -> String {
    let route = row.prediction.route.iter().map(|stop| match stop {
        Stop::Proxy => "proxy",
        Stop::Direct => "direct",
    });
    let route = route.collect::<Vec<_>>().join(">");
    let trusted = row.if_git_trusts.as_ref().expect("sixteen rows have it");
    let mark = |is: bool| if is { "+" } else { "-" };
    let Combination { private, insecure, goproxy, .. } = &row.combination;
    let (settings, tls) = (
        format!("{}{} {}", mark(*private), mark(*insecure), goproxy.value("proxy")),
        format!("{} {}", tls(row.prediction.go_tls), tls(row.prediction.git_tls)),
    );
    format!("{} {settings} | {route} | {tls} | {} | {}", row.number, end(&row.prediction), end(trusted))
}

#[test]
fn the_sixteen_rows_are_as_they_were_measured() {
    let rows = matrix("git.corp.test", Imagined::default(), false).rows;
    let lines: Vec<String> = rows.iter().map(line).collect();
    // Two states of P (GOPRIVATE) and I (GOINSECURE): the first sign is P, the second I.
    let measured = [
        "1 -- proxy | proxy | - - | absent | absent",
        "2 -- proxy,direct | proxy>direct | verify - | page-unreachable | page-unreachable",
        "3 -- direct | direct | verify - | page-unreachable | page-unreachable",
        "4 -- off |  | - - | proxy-off | proxy-off",
        "5 -+ proxy | proxy | - - | absent | absent",
        "6 -+ proxy,direct | proxy>direct | skipped verify | repository-certificate | sumdb-absent",
        "7 -+ direct | direct | skipped verify | repository-certificate | sumdb-absent",
        "8 -+ off |  | - - | proxy-off | proxy-off",
        "9 +- proxy | direct | verify - | page-unreachable | page-unreachable",
        "10 +- proxy,direct | direct | verify - | page-unreachable | page-unreachable",
        "11 +- direct | direct | verify - | page-unreachable | page-unreachable",
        "12 +- off | direct | verify - | page-unreachable | page-unreachable",
        "13 ++ proxy | direct | skipped verify | repository-certificate | v1.0.0",
        "14 ++ proxy,direct | direct | skipped verify | repository-certificate | v1.0.0",
        "15 ++ direct | direct | skipped verify | repository-certificate | v1.0.0",
        "16 ++ off | direct | skipped verify | repository-certificate | v1.0.0",
    ];
    assert_eq!(lines, measured);
}

#[test]
fn whoever_goprivate_names_is_proven_by_nobody() {
    for row in matrix("git.corp.test", Imagined::default(), false).rows {
        let checksums = match row.number {
            9.. => matches!(row.beyond.outcome.checksums, Checksums::Private { .. }),
            2 | 3 | 6 | 7 => row.beyond.outcome.checksums == Checksums::Consulted,
            _ => row.beyond.outcome.checksums == Checksums::NotReached,
        };
        assert!(checksums, "row {}: {:?}", row.number, row.beyond.outcome.checksums);
    }
}

/// The row of `full` with these settings.
fn row(matrix: &Matrix, private: bool, insecure: bool, goproxy: GoProxy, change: fn(&mut Combination)) -> &Row {
    let none = Combination { private, insecure, goproxy, gonoproxy_none: false, gonosumdb_none: false, git_trusts: false };
    let mut wanted = none;
    change(&mut wanted);
    matrix.rows.iter().find(|row| row.combination == wanted).expect("a row of --full")
}

#[track_caller]
fn check_trouble(proxy_says: ProxySays, class: ErrorClass) {
    let matrix = matrix("git.corp.test", Imagined { proxy_says, ..Imagined::default() }, true);
    for insecure in [false, true] {
        let comma = row(&matrix, false, insecure, GoProxy::ProxyDirect, |_| ());
        assert_eq!((comma.prediction.class(), comma.prediction.route.as_slice()), (Some(class), &[Stop::Proxy][..]));
        let bar = row(&matrix, false, insecure, GoProxy::ProxyBarDirect, |_| ());
        let direct = row(&matrix, false, insecure, GoProxy::Direct, |_| ());
        assert_eq!(bar.prediction.class(), direct.prediction.class());
        assert_eq!(bar.prediction.route, [Stop::Proxy, Stop::Direct]);
    }
}

#[test]
fn variant_a_trouble_of_the_proxy_passes_a_bar_and_no_comma() {
    check_trouble(ProxySays::Forbidden, ErrorClass::Status);
    check_trouble(ProxySays::Error, ErrorClass::Status);
    check_trouble(ProxySays::Nothing, ErrorClass::Unreachable);
}

#[test]
fn variant_b_gonoproxy_none_gives_the_route_back_and_not_the_checksums() {
    let matrix = matrix("git.corp.test", Imagined::default(), true);
    for goproxy in [GoProxy::Proxy, GoProxy::ProxyDirect, GoProxy::ProxyBarDirect, GoProxy::Direct, GoProxy::Off] {
        let public = row(&matrix, false, true, goproxy, |_| ());
        let given_back = row(&matrix, true, true, goproxy, |one| one.gonoproxy_none = true);
        assert_eq!(given_back.prediction.route, public.prediction.route, "{goproxy:?}");
        assert_ne!(given_back.beyond.outcome.checksums, Checksums::Consulted, "{goproxy:?}");
    }
}

#[test]
fn variant_c_gonosumdb_none_gives_the_checksums_back_and_not_the_route() {
    let matrix = matrix("git.corp.test", Imagined::default(), true);
    for goproxy in [GoProxy::Proxy, GoProxy::ProxyDirect, GoProxy::ProxyBarDirect, GoProxy::Direct, GoProxy::Off] {
        let given_back = row(&matrix, true, true, goproxy, |one| (one.gonosumdb_none, one.git_trusts) = (true, true));
        assert_eq!(given_back.prediction.route, [Stop::Direct], "{goproxy:?}");
        assert_eq!(given_back.prediction.class(), Some(ErrorClass::SumdbAbsent), "{goproxy:?}");
    }
}

#[test]
fn variant_d_a_path_with_git_in_it_is_not_discovered_and_hides_what_git_says() {
    let matrix = matrix("git.corp.test/git/corp.git", Imagined::default(), false);
    let row = |number: usize| &matrix.rows[number - 1];
    assert_eq!((row(3).prediction.go_tls, row(3).prediction.class()), (Tls::NotAsked, Some(ErrorClass::NoProtocol)));
    assert_eq!((row(15).prediction.go_tls, row(15).prediction.class()), (Tls::NotAsked, Some(ErrorClass::NoProtocol)));
    let trusted = |number: usize| row(number).if_git_trusts.as_ref().expect("sixteen rows have it");
    assert_eq!(trusted(3).class(), Some(ErrorClass::SumdbAbsent));
    assert!(trusted(11).succeeds() && trusted(15).succeeds());
}

#[test]
fn variant_e_with_the_authority_in_both_stores_only_the_checksums_are_left() {
    let matrix = matrix("git.corp.test", Imagined { go_trusts: true, git_trusts: true, ..Imagined::default() }, false);
    let ends: Vec<String> = matrix.rows.iter().map(|row| end(&row.prediction)).collect();
    let public = ["absent", "sumdb-absent", "sumdb-absent", "proxy-off"];
    assert_eq!(ends, [&public[..], &public, &["v1.0.0"; 8]].concat());
}

#[test]
fn variant_f_on_a_host_that_go_knows_goinsecure_is_irrelevant() {
    let matrix = matrix("github.com/acme/lib", Imagined::default(), false);
    assert_eq!(matrix.subject.pattern, "github.com/acme");
    for (without, with) in [(0, 4), (1, 5), (2, 6), (3, 7), (8, 12), (9, 13), (10, 14), (11, 15)] {
        let (without, with) = (&matrix.rows[without], &matrix.rows[with]);
        assert_eq!(
            (&without.prediction, &without.if_git_trusts),
            (&with.prediction, &with.if_git_trusts),
            "row {}",
            without.number
        );
        assert_eq!(with.prediction.go_tls, Tls::NotAsked);
    }
}

#[test]
fn without_goprivate_none_changes_nothing() {
    let matrix = matrix("git.corp.test", Imagined::default(), true);
    assert_eq!(matrix.rows.len(), 100);
    for row in matrix.rows.iter().filter(|row| !row.combination.private) {
        for (gonoproxy_none, gonosumdb_none) in [(true, false), (false, true), (true, true)] {
            let twin = Combination { gonoproxy_none, gonosumdb_none, ..row.combination.clone() };
            let twin = matrix.predict(&twin, matrix.imagined);
            assert_eq!(
                (&twin.route, end(&twin), &twin.leaks),
                (&row.prediction.route, end(&row.prediction), &row.prediction.leaks)
            );
        }
    }
}

#[track_caller]
fn check_mend(subject: &str, number: usize, commands: &[&str]) {
    let matrix = matrix(subject, Imagined::default(), false);
    let mend = matrix.rows[number - 1].mend.as_ref().expect("it can be mended");
    assert_eq!(mend.changes.iter().map(|change| change.command(&matrix.subject)).collect::<Vec<_>>(), commands);
    assert!(matrix.predict(&mend.to, mend.world).succeeds());
}

#[test]
fn the_cheapest_changes_that_help_are_named() {
    let authority = "sudo cp CA.pem /usr/local/share/ca-certificates/corp.crt && sudo update-ca-certificates";
    let git = "git config --global http.https://git.corp.test/.sslCAInfo \"$HOME/CA.pem\"";
    check_mend("git.corp.test", 2, &["go env -w GOPRIVATE=git.corp.test", authority]);
    check_mend("git.corp.test", 6, &["go env -w GOPRIVATE=git.corp.test", git]);
    check_mend("git.corp.test", 12, &[authority]);
    check_mend("git.corp.test", 16, &[git]);
    let git = "git config --global http.https://github.com/.sslCAInfo \"$HOME/CA.pem\"";
    check_mend("github.com/acme/lib", 3, &["go env -w GOPRIVATE=github.com/acme", git]);
}

#[track_caller]
fn check_subject(text: &str, module: &str, version: &str, pattern: &str) {
    let subject = Subject::parse(text).unwrap_or_else(|unusable| panic!("{unusable}"));
    assert_eq!((subject.module.as_str(), subject.version.as_str(), subject.pattern.as_str()), (module, version, pattern));
}

#[test]
fn a_host_or_a_module_can_be_asked_about() {
    check_subject("git.corp.test", "git.corp.test/x", "v1.0.0", "git.corp.test");
    check_subject("git.corp.test/team/lib/v3", "git.corp.test/team/lib/v3", "v3.0.0", "git.corp.test");
    check_subject("gopkg.in/yaml.v2", "gopkg.in/yaml.v2", "v2.0.0", "gopkg.in");
    check_subject("github.com/acme/lib/sub/v2", "github.com/acme/lib/sub/v2", "v2.0.0", "github.com/acme");
    for (text, why) in [
        ("corp", "missing dot"),
        ("https://git.corp.test/x", "try git.corp.test/x"),
        ("a.test//x", "double slash"),
        ("github.com/x", "invalid github.com import path"),
    ] {
        let unusable = Subject::parse(text).expect_err("no subject").to_string();
        assert!(unusable.contains(why), "{unusable}");
    }
}

#[track_caller]
fn check_present(vars: &[(&str, &str)], row: Option<usize>, of: usize) {
    let subject = Subject::parse("git.corp.test").expect("a host");
    let machine = Machine::told("env", &vars.iter().map(|(name, value)| format!("{name}={value}\n")).collect::<String>());
    let present = Present::of(&machine.expect("settings"), &subject);
    let matrix = Matrix::new(subject, Imagined::default(), false, Some(present));
    assert_eq!(matrix.rows.iter().find(|row| row.is_present).map(|row| row.number), row, "{vars:?}");
    assert_eq!(matrix.rows.len(), of);
}

#[test]
fn the_present_settings_are_the_row_that_does_the_same() {
    check_present(&[("GOPROXY", "https://a.test")], Some(1), 16);
    check_present(&[("GOPROXY", "https://a.test,https://b.test,direct"), ("GOPRIVATE", "corp.test")], Some(2), 16);
    check_present(&[("GOPROXY", "off"), ("GOPRIVATE", "*.corp.test")], Some(12), 16);
    check_present(&[("GOPROXY", "direct"), ("GOINSECURE", "*"), ("GOPRIVATE", "git.corp.test/x")], Some(15), 16);
    check_present(&[("GOPROXY", "direct"), ("GONOPROXY", "git.corp.test"), ("GONOSUMDB", "git.corp.test")], Some(11), 16);
    // A private module passes every list by.
    check_present(&[("GOPROXY", "https://a.test|https://b.test,direct"), ("GOPRIVATE", "git.corp.test")], Some(10), 16);
    // What is none of the sixteen gets a row of its own; what is none of all has none.
    check_present(&[("GOPROXY", "https://a.test|direct")], Some(17), 17);
    check_present(&[("GOPROXY", "direct"), ("GOPRIVATE", "git.corp.test"), ("GONOSUMDB", "none")], Some(17), 17);
    check_present(&[("GOPROXY", "https://a.test,off")], None, 16);
    check_present(&[("GOPROXY", "https://a.test|https://b.test,direct")], None, 16);
}
