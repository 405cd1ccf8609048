use super::world::World;

/// A file that ends in a route which serves everything, so that only `text` can be wrong.
fn with(text: &str) -> World {
    World::with(&format!("{text}\n[[route]]\nmatch = \"*\"\nupstreams = \"off\"\n"))
}

/// `text` has exactly this mistake: `line:column: what / fix`.
#[track_caller]
fn check(text: &str, expected: &str) {
    let mistakes = with(text).bad().0;
    let found: Vec<String> =
        mistakes.iter().map(|mistake| format!("{}: {} / {}", mistake.place, mistake.what, mistake.fix)).collect();
    assert_eq!(found.join("\n"), format!("/etc/modway.toml:{expected}"));
}

/// The mistake of `text` begins with these words.
#[track_caller]
fn check_what(text: &str, expected: &str) {
    let mistakes = with(text).bad().0;
    let found: Vec<&str> = mistakes.iter().map(|mistake| mistake.what.as_str()).collect();
    assert!(matches!(found.as_slice(), [what] if what.starts_with(expected)), "{found:#?}");
}

#[test]
fn all_mistakes_are_reported_at_once_each_with_its_line_and_fix() {
    let text = "\
[server]
lisen = [\"127.0.0.1:8080\"]
shutdown = \"soon\"

[upstream.mirror]
url = \"https://amy:hunter2@mirror.example\"
tls = 2
step_down = [\"5xx\", \"timeot\"]

[[route]]
match = \"corp.example\"
upstreams = \"miror,direct\"
";
    let printed = World::with(text).bad().to_string();
    let expected = "\
/etc/modway.toml:2:1: error: unknown key `lisen` in [server]
  2 | lisen = [\"127.0.0.1:8080\"]
    | ^^^^^
  operator: did you mean `listen`?
/etc/modway.toml:3:12: error: `soon` is not a duration
  3 | shutdown = \"soon\"
    |            ^^^^^^
  operator: write a duration in quotes, such as \"300ms\", \"3s\", \"1m30s\" or \"7d\"
/etc/modway.toml:6:7: error: a URL with credentials: https://amy:xxxxx@mirror.example
  6 | url = \"https://amy:xxxxx@mirror.example\"
    |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  operator: take them out of the URL; set user and password_file, or token_file
/etc/modway.toml:7:7: error: 2 is not right here
  7 | tls = 2
    |       ^
  operator: write a duration in quotes, such as \"300ms\", \"3s\", \"1m30s\" or \"7d\"
/etc/modway.toml:8:21: error: `timeot` is no kind of trouble
  8 | step_down = [\"5xx\", \"timeot\"]
    |                     ^^^^^^^^
  operator: did you mean `timeout`?
/etc/modway.toml:10:1: error: no route matches everything
  10 | [[route]]
     | ^^^^^^^^^
  operator: add a last [[route]] with match = \"*\"; upstreams = \"off\" refuses what no other route serves
/etc/modway.toml:12:13: error: no upstream is named `miror` (invalid proxy URL missing scheme: miror)
  12 | upstreams = \"miror,direct\"
     |             ^^^^^^^^^^^^^^
  operator: did you mean `mirror`?
7 mistakes in the configuration";
    assert_eq!(printed, expected);
}

#[test]
fn what_is_not_toml_is_shown_where_it_stands() {
    let mistakes = World::with("[server]\nlisten = [\n").bad().to_string();
    assert!(mistakes.starts_with("/etc/modway.toml:"), "{mistakes}");
    assert!(mistakes.contains("error: not TOML: "), "{mistakes}");
    let mistakes = World::with("[server]\nlog = 1\nlog = 2\n").bad().to_string();
    assert!(mistakes.contains("/etc/modway.toml:3:1: error: not TOML: duplicate key"), "{mistakes}");
}

#[test]
fn an_unknown_key_is_named_with_the_nearest_known_one() {
    check("[servr]\nlisten = []", "1:2: unknown key `servr` in the configuration / did you mean `server`?");
    check("[upstream.a]\nurl = \"https://a\"\nretry = 1", "3:1: unknown key `retry` in [upstream.a] / did you mean `retries`?");
    check(
        "[upstream.a]\nurl = \"https://a\"\nbreaker = { pauses = \"1s\" }",
        "3:13: unknown key `pauses` in [upstream.a.breaker] / did you mean `pause`?",
    );
}

#[test]
fn a_value_of_the_wrong_kind_says_what_to_write() {
    check("[server]\nlisten = \"a\"", "2:10: `a` is not right here / write a list of texts, such as [\"a\", \"b\"]");
    check(
        "[server]\nmax_connections = -1",
        "2:19: -1 is not right here / write a whole number from 0 to 4294967295, without quotes",
    );
    check(
        "[server]\nmax_connections = 1.5",
        "2:19: `1.5` is not right here / write a whole number from 0 to 4294967295, without quotes",
    );
    check("[store]\nreserve = \"1GB\"", "2:11: `1GB` is not a size / write a size in quotes, such as \"512MiB\" or \"2GiB\"");
    check(
        "[upstream.a]\nurl = \"https://a\"\nnetrc = \"yes\"",
        "3:9: `yes` is not right here / write true or false, without quotes",
    );
    check("[upstream]\na = \"https://a\"", "2:5: `https://a` is not right here / make it a table");
}

#[test]
fn an_address_to_listen_on_has_an_ip_and_a_port_and_is_there_once() {
    let fix = "write an IP address and a port, such as 127.0.0.1:8080, 0.0.0.0:8080 or [::]:8080";
    check(
        "[server]\nlisten = [\"127.0.0.1:1\", \"localhost\"]",
        &format!("2:26: `localhost` is no address to listen on / {fix}"),
    );
    check("[server]\nlisten = []", &format!("2:10: no address to listen on / {fix}"));
    check("[server]\nlisten = [\"127.0.0.1:1\", \"127.0.0.1:1\"]", "2:26: 127.0.0.1:1 is there twice / take one out");
}

#[test]
fn an_upstream_has_a_good_name_and_a_good_url() {
    check_what("[upstream.a]", "[upstream.a] has no url");
    check_what("[upstream.\"a.b\"]\nurl = \"https://a\"", "`a.b` is no name for an upstream");
    check_what("[upstream.off]\nurl = \"https://a\"", "`off` in a list means that the walk ends there");
    check_what("[upstream.direct]\nurl = \"https://a\"", "[upstream.direct] is version control itself and has no `url`");
    check_what("[upstream.a]\nurl = \"a.example\"", "invalid proxy URL missing scheme: a.example");
    check_what(
        "[upstream.a]\nurl = \"ftp://a.example\"",
        "invalid proxy URL scheme (must be https, http, file): ftp://a.example",
    );
    check_what("[upstream.a]\nurl = \"https://a b\"", "bad URL: parse \"https://a b\": invalid character \" \" in host name");
    check_what("[upstream.a]\nurl = \"https://\"", "bad URL: no host");
    check_what("[upstream.a]\nurl = \"https://a?x=1\"", "a base URL has no query and no fragment");
    check_what("[upstream.a]\nurl = \"file://host/x\"", "invalid file:// proxy URL with non-path elements: file://host/x");
}

#[test]
fn a_step_down_rule_is_known() {
    let upstream = "[upstream.a]\nurl = \"https://a\"\nstep_down = ";
    check_what(&format!("{upstream}[\"404\"]"), "404 means that a module does not exist, which always gives way");
    check_what(&format!("{upstream}[\"6xx\"]"), "`6xx` is no kind of trouble");
    check_what(&format!("{upstream}[\"200\"]"), "`200` is no kind of trouble");
}

#[test]
fn certificate_and_key_come_together_and_can_be_read() {
    check_what("[server]\ntls_key_file = \"k\"", "a key without a certificate");
    let mistakes = with("[server]\ntls_cert_file = \"c\"\ntls_key_file = \"/k\"").file("/k", "no key").bad().to_string();
    assert!(mistakes.contains("2:17: error: cannot read /etc/c: entity not found"), "{mistakes}");
    assert!(mistakes.contains("3:16: error: /k holds no private key in PEM"), "{mistakes}");
}

#[test]
fn a_certificate_file_of_an_upstream_holds_a_certificate() {
    let text = "[upstream.a]\nurl = \"https://a\"\nca_files = [\"/none\", \"/empty\"]";
    let mistakes = with(text).file("/empty", "").bad().to_string();
    assert!(mistakes.contains("3:13: error: cannot read /none: entity not found"), "{mistakes}");
    assert!(mistakes.contains("3:22: error: /empty holds no certificate in PEM"), "{mistakes}");
}

#[test]
fn a_variable_that_is_no_key_is_a_mistake() {
    let mistakes = with("")
        .var("MODWAY_SERVER__LISTE", "x")
        .var("MODWAY_SERVER", "x")
        .var("MODWAY_STORE__RESERVE", "x")
        .var("MODWAY_UPSTREAM__A", "x")
        .bad()
        .to_string();
    let expected = "\
environment MODWAY_SERVER: note: not read: no key of the configuration has this name
  operator: MODWAY_SECTION__KEY, with two underscores, sets a key
environment MODWAY_SERVER__LISTE: error: no key of the configuration has this name
  operator: did you mean `listen`?
environment MODWAY_STORE__RESERVE: error: `x` is not a size
  operator: write a size, such as \"512MiB\" or \"2GiB\"
environment MODWAY_UPSTREAM__A: error: no key of the configuration has this name
  operator: name a key below it, as in MODWAY_SECTION__KEY
3 mistakes in the configuration";
    assert_eq!(mistakes, expected);
}

#[test]
fn a_checksum_database_is_written_as_go_writes_it() {
    check_what("[sumdb]\ngosumdb = \"nobody.example\"", "invalid GOSUMDB: malformed verifier id");
    check_what("[sumdb]\nproxied = [\"off\"]", "`off` is no checksum database");
    check_what("[sumdb]\nproxied = [\"a b c\"]", "invalid GOSUMDB: too many fields");
    check_what("[sumdb]\norigins = [\"off\"]", "`off` is no origin");
    check_what("[sumdb]\norigins = [\"sum.golang.org\"]", "an origin without a URL");
    check_what("[sumdb]\ngosumdb = \"off\"\norigins = [\"sum.golang.google.cn\"]", "no database with this key is served here");
    check_what("[sumdb]\norigins = [\"sum.golang.org https://u:p@sums.example\"]", "a URL with credentials");
    check_what("[sumdb]\nlike = \"mirror\"", "no upstream is named `mirror`");
}

#[test]
fn a_machine_without_a_home_needs_a_folder_for_the_store() {
    let mistakes = World::default().bad().to_string();
    assert!(mistakes.contains("no folder for the store"), "{mistakes}");
}

#[test]
fn a_secret_written_where_only_its_file_belongs_is_not_repeated() {
    let mistakes = with("[upstream.a]\nurl = \"https://a\"\nuser = \"amy\"\npassword = \"hunter2\"").bad();
    assert!(mistakes.to_string().contains("unknown key `password` in [upstream.a]"), "{mistakes}");
    let json: Vec<String> = mistakes.0.iter().map(|mistake| mistake.to_json().to_string()).collect();
    assert!(!mistakes.to_string().contains("hunter2") && !json.concat().contains("hunter2"), "{mistakes}");
}
