//! `[sumdb.private]`: our own checksum database.

use gomod::sumdb::note::SignerKey;
use proxy::settings::{OwnSumdb, Records};

use super::world::World;

fn key(name: &str) -> String {
    SignerKey::from_seed(name, &[7; 32]).expect("a key").reveal()
}

/// A server with private modules; `private` stands in `[sumdb.private]`.
fn with(private: &str) -> World {
    let head = "[sumdb]\ngosumdb = \"sum.golang.org\"\ngonosumdb = \"corp.example\"\n[sumdb.private]\n";
    let route = "[[route]]\nmatch = \"*\"\nupstreams = \"off\"\n";
    World::with(&format!("{head}{private}\n{route}"))
        .file("/etc/sumdb.key", &format!("{}\n", key("sumdb.corp.example")))
        .file("/etc/old.key", &key("corp.example/sumdb"))
        .file("/run/token", "0123456789abcdefghij\n")
}

/// What is wrong, or worth knowing, each as `place: what / fix`.
fn told(world: &World) -> String {
    let told = world.load().map_or_else(|mistakes| mistakes.0, |config| config.notes);
    let lines = told.iter().map(|mistake| {
        let kind = if mistake.fatal { "error" } else { "note" };
        format!("{}: {kind}: {} / {}", mistake.place, mistake.what, mistake.fix)
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[track_caller]
fn check(private: &str, expected: &str) {
    let expected = if expected.is_empty() { String::new() } else { format!("/etc/modway.toml:{expected}") };
    assert_eq!(told(&with(private)), expected, "{private}");
}

#[track_caller]
fn check_key(content: &str, mode: u32, expected: &str) {
    let world = with("key_file = \"x.key\"").file("/etc/x.key", content).mode("/etc/x.key", mode);
    let expected = if expected.is_empty() { String::new() } else { format!("/etc/modway.toml:5:12: {expected}") };
    assert_eq!(told(&world), expected, "{content}");
}

fn own(private: &str) -> OwnSumdb {
    with(private).good().proxy.sums.own.expect("a database of our own")
}

#[test]
fn a_key_file_is_all_that_it_takes() {
    assert!(with("").good().proxy.sums.own.is_none());
    let own = own("key_file = \"sumdb.key\"");
    assert_eq!((own.key.name(), own.records, own.auditors.len()), ("sumdb.corp.example", Records::Private, 0));
    check("key_file = \"sumdb.key\"\nrecords = \"all\"", "");
}

#[test]
fn during_a_rotation_both_names_are_served() {
    let own = own("key_file = \"sumdb.key\"\nold_key_file = \"old.key\"\nretired = [\"older.example\"]");
    assert_eq!(own.names().collect::<Vec<_>>(), ["sumdb.corp.example", "corp.example/sumdb"]);
    let same = "key_file = \"sumdb.key\"\nold_key_file = \"sumdb.key\"";
    check(
        same,
        "6:16: error: both keys are of sumdb.corp.example: a client could not tell which one it is to have / \
         make the new key with a new name: `modway sumdb init NAME`",
    );
    check(
        "key_file = \"sumdb.key\"\nretired = [\"a.example\", \"sumdb.corp.example\"]",
        "6:25: error: sumdb.corp.example is retired, and signs / take it out of retired, or take its key file out",
    );
    check(
        "key_file = \"sumdb.key\"\nretired = [\"a b\"]",
        "6:12: error: `a b` cannot be the name of a checksum database: it is empty, or has a plus or white space / \
         write the name of the key that was retired",
    );
}

#[test]
fn a_key_that_others_can_read_is_a_mistake() {
    let good = key("a.example");
    check_key(&good, 0o600, "");
    check_key(&good, 0o400, "");
    let open = |mode| format!("error: /etc/x.key is open to everybody on this machine (mode {mode}) / chmod 600 /etc/x.key");
    check_key(&good, 0o644, &open("644"));
    check_key(&good, 0o602, &open("602"));
    check_key(&good, 0o640, "note: /etc/x.key is open to its group (mode 640) / chmod 600 /etc/x.key");
}

#[test]
fn a_key_file_holds_a_key_that_signs_and_a_name_that_can_be_asked_for() {
    let no_key = "error: /etc/x.key holds no key that signs / name the file that `modway sumdb init NAME` made";
    check_key("", 0o600, no_key);
    check_key(&key("a.example").replace("PRIVATE+KEY+a", "PRIVATE+KEY+b"), 0o600, no_key);
    let verifier = SignerKey::parse(&key("a.example")).expect("a key").verifier().to_string();
    check_key(&verifier, 0o600, no_key);
    let bad = |name: &str, why: &str| {
        let fix = "make a key with a name such as sumdb.example.com: `modway sumdb init NAME`";
        check_key(&key(name), 0o600, &format!("error: `{name}` cannot be the name of a checksum database: {why} / {fix}"));
    };
    bad("a.example/", "invalid sumdb name (must be host[/path]): a.example/");
    bad("a.example/lookup/x", "it is no host, with or without a path");
    bad("a.example/tile/x", "it is no host, with or without a path");
    bad("a.example/../x", "it is no host, with or without a path");
    check(
        "key_file = \"none.key\"",
        "5:12: error: cannot read /etc/none.key: entity not found / name a file that the account of modway can read",
    );
}

#[test]
fn a_name_is_ours_or_of_others() {
    let world = with("key_file = \"x.key\"").file("/etc/x.key", &key("sum.golang.org"));
    let expected = "/etc/modway.toml:5:12: error: sum.golang.org is a checksum database of others here: one name cannot be both / \
                    make a key with a name of your own: `modway sumdb init NAME`";
    assert_eq!(told(&world), expected);
    let other = SignerKey::from_seed("sumdb.corp.example", &[8; 32]).expect("a key").verifier();
    let text =
        format!("[sumdb]\ngonosumdb = \"c.example\"\nproxied = [\"{other}\"]\n[sumdb.private]\nkey_file = \"sumdb.key\"\n");
    let world = World::with(&text).file("/etc/sumdb.key", &key("sumdb.corp.example"));
    assert!(told(&world).contains("5:12: error: sumdb.corp.example is a checksum database of others here"), "{}", told(&world));
}

#[test]
fn what_gets_a_record_is_one_of_two_words() {
    check("key_file = \"sumdb.key\"\nrecords = \"al\"", "6:11: error: `al` is nothing that gets a record / did you mean `all`?");
    check("records = \"every\"", "5:11: error: `every` is nothing that gets a record / write private or all");
    let nothing = World::with("[sumdb.private]\nkey_file = \"/k\"").file("/k", &key("a.example"));
    assert!(told(&nothing).contains("note: no module is private here, so none gets a record"), "{}", told(&nothing));
    let first = "[sumdb]\ngosumdb = \"off\"\n[sumdb.private]\nkey_file = \"/k\"\nrecords = \"all\"";
    let first = World::with(first).file("/k", &key("a.example"));
    let note = "note: no public checksum database is asked: the record of a public module is what an upstream gave first";
    assert!(told(&first).contains(note), "{}", told(&first));
}

#[test]
fn settings_without_a_key_do_nothing_and_are_a_mistake() {
    let without = "error: a checksum database of our own without a key / run `modway sumdb init NAME` and set key_file";
    for private in ["records = \"all\"", "retired = [\"a.example\"]", "old_key_file = \"old.key\""] {
        assert!(told(&with(private)).contains(without), "{private}");
    }
}

#[test]
fn an_auditor_has_a_name_and_a_token_of_its_own() {
    let auditor = |lines: &str| format!("key_file = \"sumdb.key\"\n[[sumdb.private.auditor]]\n{lines}");
    let good = own(&auditor("name = \"security\"\ntoken_file = \"/run/token\""));
    let [security] = good.auditors.as_slice() else { panic!("{good:?}") };
    assert_eq!((security.name.as_str(), security.token.reveal()), ("security", "0123456789abcdefghij"));
    assert!(!format!("{good:?}").contains("0123456789"), "{good:?}");
    check(&auditor("name = \"a\""), "6:1: error: an auditor without a token / set token_file or token_env");
    check(
        &auditor("name = \"a\"\ntoken_file = \"/run/token\"\ntoken_env = \"T\""),
        "9:13: error: both token_file and token_env are set / keep one of them",
    );
    check(&auditor("token_file = \"/run/token\""), "6:1: error: an auditor without a name / set name: it stands in logs");
    let short = with(&auditor("name = \"a\"\ntoken_env = \"T\"")).var("T", "short");
    let expected = "/etc/modway.toml:8:13: error: a token is of at least 20 letters, digits and signs / \
                    make one with `openssl rand -hex 32`";
    assert_eq!(told(&short), expected);
    let twice = "name = \"a\"\ntoken_file = \"/run/token\"\n[[sumdb.private.auditor]]\nname = \"b\"\ntoken_file = \"/run/token\"";
    check(&auditor(twice), "9:1: error: two auditors have the same token: a, b / give each one of its own");
    let named = "name = \"a\"\ntoken_file = \"/run/token\"\n[[sumdb.private.auditor]]\nname = \"a\"\ntoken_env = \"T\"";
    let named = told(&with(&auditor(named)).var("T", "abcdefghij0123456789"));
    assert!(named.contains("two auditors have the same name: a, a"), "{named}");
}
