//! `[witness]` and `[[sumdb.private.witness]]`.

use gomod::sumdb::{cosign::Cosigner, note::SignerKey};

use super::world::World;

fn cosigner() -> Cosigner {
    Cosigner::from_seed("one.example/witness", &[7; 32]).expect("a key")
}

fn log(seed: u8) -> String {
    SignerKey::from_seed("sumdb.two.example", &[seed; 32]).expect("a key").verifier().to_string()
}

fn world(text: &str) -> World {
    let own = SignerKey::from_seed("sumdb.one.example", &[9; 32]).expect("a key").reveal();
    World::with(&format!("{text}\n[[route]]\nmatch = \"*\"\nupstreams = \"off\"\n"))
        .file("/etc/witness.key", &format!("{}\n", cosigner().reveal()))
        .file("/etc/sumdb.key", &own)
        .file("/etc/open.key", &cosigner().reveal())
        .mode("/etc/open.key", 0o604)
}

/// What is wrong with a configuration.
#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let mistakes = world(text).load().map_or_else(|mistakes| mistakes.0, |config| config.notes);
    let told: Vec<String> = mistakes.iter().filter(|mistake| mistake.fatal).map(|mistake| mistake.what.clone()).collect();
    assert_eq!(told, expected, "{text}");
}

const WITNESS: &str = "[witness]\nlisten = \"127.0.0.1:8091\"\nkey_file = \"/etc/witness.key\"\n";

#[test]
fn a_witness_has_an_address_a_key_and_logs() {
    let config = world(&format!("{WITNESS}logs = [\"{}\", \"{}\"]\n", log(1), log(2))).good();
    let witness = config.witness.expect("a witness");
    assert_eq!(witness.cosigner.verifier(), cosigner().verifier());
    let [(origin, keys)] = &witness.logs[..] else { panic!("{:?}", witness.logs) };
    assert_eq!((origin.as_str(), keys.len()), ("sumdb.two.example", 2), "keys of one name are of one log");
    assert!(world("").good().witness.is_none());
}

#[test]
fn what_a_witness_lacks_is_told() {
    check(WITNESS, &["a witness of nobody"]);
    check(&format!("{WITNESS}logs = [\"x\"]\n"), &["`x` is no key of a log"]);
    check(&format!("[witness]\nlogs = [\"{}\"]\n", log(1)), &["`` is no address to listen on", "a witness without a key"]);
    let text = format!("{WITNESS}logs = [\"{}\"]\n", log(1)).replace("witness.key", "sumdb.key");
    check(&text, &["/etc/sumdb.key holds no key that cosigns"]);
    let text = format!("{WITNESS}logs = [\"{}\"]\n", log(1));
    check(&text.replace("witness.key", "open.key"), &["/etc/open.key is open to everybody on this machine (mode 604)"]);
    check(&text.replace("127.0.0.1:8091", "localhost:8091"), &["`localhost:8091` is no address to listen on"]);
}

fn asking(private: &str, sites: &[(&str, &str)]) -> String {
    let site = |(url, key): &(&str, &str)| format!("[[sumdb.private.witness]]\nurl = \"{url}\"\nkey = \"{key}\"\n");
    format!("[sumdb.private]\n{private}\n{}", sites.iter().map(site).collect::<String>())
}

#[test]
fn witnesses_are_asked_where_they_are_said_to_be() {
    let (own, key) = ("key_file = \"/etc/sumdb.key\"\nrecords = \"all\"", cosigner().verifier().to_string());
    let good = asking(own, &[("http://two.example:8091/w", &key)]);
    let witnesses = world(&good).good().witnesses.expect("witnesses");
    assert_eq!((witnesses.quorum, witnesses.is_required, witnesses.sites.len()), (1, false, 1));
    assert_eq!((witnesses.sites[0].1.url.as_str(), &witnesses.sites[0].0), ("http://two.example:8091/w", &cosigner().verifier()));
    let twice = [("http://two.example", key.as_str()), ("http://three.example", key.as_str())];
    check(&asking(own, &twice), &["one.example/witness is here twice"]);
    check(&asking(own, &[("two.example", &key)]), &["no URL of a witness"]);
    check(&asking(own, &[("http://two.example", &log(1))]), &["no key of a witness"]);
    check(&asking(own, &[("http://mira:hush@two.example", &key)]), &["no URL of a witness"]);
    let greedy = asking(&format!("{own}\nwitness_quorum = 2"), &[("http://two.example", &key)]);
    check(&greedy, &["2 witnesses are wanted, and 1 are named"]);
    check(&asking("", &[("http://two.example", &key)]), &["witnesses of no checksum database of our own"]);
}
