//! `[audit]`: the audit log.

use std::time::Duration;

use gomod::sumdb::{cosign::Cosigner, note::SignerKey};
use modway::config::AuditLog;

use super::world::World;

fn with(audit: &str) -> World {
    let key = |name| SignerKey::from_seed(name, &[7; 32]).expect("a key").reveal();
    World::with(&format!("[audit]\n{audit}\n[sumdb.private]\nkey_file = \"/etc/sumdb.key\"\nold_key_file = \"/etc/old.key\"\nrecords = \"all\"\n[[route]]\nmatch = \"*\"\nupstreams = \"off\"\n"))
        .file("/etc/audit.key", &format!("{}\n", key("audit.corp.example")))
        .file("/etc/sumdb.key", &key("sumdb.corp.example"))
        .file("/etc/open.key", &key("audit.corp.example"))
        .mode("/etc/open.key", 0o644)
        .file("/etc/old.key", &key("sumdb-0.corp.example"))
        .file("/etc/cosigns.key", &Cosigner::from_seed("audit.corp.example", &[7; 32]).expect("a key").reveal())
        .file("/etc/open.blind", &"f".repeat(64))
        .mode("/etc/open.blind", 0o644)
        .file("/etc/blind", &"f".repeat(64))
        .file("/etc/short", &"f".repeat(31))
}

fn good(audit: &str) -> Option<AuditLog> {
    with(audit).good().audit
}

#[track_caller]
fn check(audit: &str, expected: &str) {
    let mistakes = with(audit).bad().0;
    let fatal: Vec<&str> = mistakes.iter().filter(|mistake| mistake.fatal).map(|mistake| mistake.what.as_str()).collect();
    assert!(matches!(fatal.as_slice(), [what] if what.contains(expected)), "{expected}: {fatal:#?}");
}

#[test]
fn there_is_an_audit_log_only_if_a_key_is_named() {
    assert!(good("").is_none());
    let plain = good("key_file = \"audit.key\"").expect("an audit log");
    assert_eq!((plain.key.name(), plain.blind.is_some(), plain.keep), ("audit.corp.example", false, None));
    let all = good("key_file = \"audit.key\"\nblinding_key_file = \"blind\"\nkeep = \"90d\"").expect("an audit log");
    assert_eq!((all.blind.is_some(), all.keep), (true, Some(Duration::from_secs(90 * 86_400))));
    assert!(!format!("{all:?}").contains("ffff"), "no key is shown");
}

#[test]
fn what_cannot_be_an_audit_log_is_refused() {
    check("keep = \"90d\"", "an audit log without a key");
    check("blinding_key_file = \"blind\"", "an audit log without a key");
    check("key_file = \"nowhere.key\"", "nowhere.key");
    check("key_file = \"blind\"", "holds no key that signs");
    check("key_file = \"open.key\"", "is open to everybody");
    check("key_file = \"sumdb.key\"", "sumdb.corp.example is the name of our own checksum database");
    check("key_file = \"old.key\"", "sumdb-0.corp.example is the name of our own checksum database");
    check("key_file = \"cosigns.key\"", "holds no key that signs");
    check("key_file = \"audit.key\"\nblinding_key_file = \"nowhere\"", "nowhere");
    check("key_file = \"audit.key\"\nblinding_key_file = \"open.blind\"", "is open to everybody");
    check("key_file = \"audit.key\"\nblinding_key_file = \"short\"", "a key below 32 bytes");
    check("key_file = \"audit.key\"\nkeep = \"a while\"", "`a while` is not a duration");
}
