//! Addresses of the inside, however they are spelled: no connection is made.

use tempfile::TempDir;

use super::{
    modway::{Answer, Modway},
    network::{self, Ears, PAGES, Page},
};

/// Hosts that are inside, or nowhere.
const SPELLINGS: [&str; 60] = [
    "127.0.0.1",
    "127.0.0.1.",
    "127.0.0.2",
    "127.1.2.3",
    "127.255.255.254",
    "127.1",
    "127.0.1",
    "0x7f.0.0.1",
    "0x7f.1",
    "0x7f000001",
    "0X7F000001",
    "0x7f.0x0.0x0.0x1",
    "0177.0.0.1",
    "0177.0.0.01",
    "017700000001",
    "2130706433",
    "00000177.1",
    "%31%32%37.0.0.1",
    "１２７.0.0.1",
    "127。0。0。1",
    "①②⑦.0.0.1",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "a.localhost",
    "a.LocalHost.",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "0.0.0.0",
    "0",
    "0x0",
    "[::]",
    "[::ffff:0.0.0.0]",
    "169.254.169.254",
    "0xa9.0xfe.0xa9.0xfe",
    "0xa9fea9fe",
    "2852039166",
    "0251.0376.0251.0376",
    "169.254.43518",
    "[::ffff:169.254.169.254]",
    "[64:ff9b::a9fe:a9fe]",
    "[fe80::1]",
    "[fe80::1%25lo]",
    "[fd00:ec2::254]",
    "10.0.0.1",
    "0xa.1",
    "012.1",
    "167772161",
    "172.16.0.1",
    "192.168.0.1",
    "192.168.1",
    "100.64.0.1",
    "198.18.0.1",
    "192.0.2.1",
];

/// The rule, as an answer names it; or that it is no host at all.
const RULES: [&str; 5] = ["private_addresses", "not connected to", "cannot be followed", "not usable", "invalid"];

#[track_caller]
fn check(answer: &Answer, about: &str, named: &mut usize) {
    answer.is_a_clear_refusal(about);
    assert!(RULES.iter().any(|rule| answer.body.contains(rule)), "{about}: {answer:?}");
    *named += usize::from(answer.body.contains("private_addresses"));
}

/// A page's address as page of pages: the number of the spelling is the end of the path.
fn host_of(path: &str) -> &'static str {
    let number = path.rsplit('/').next().and_then(|number| number.parse::<usize>().ok());
    number.and_then(|number| SPELLINGS.get(number)).copied().unwrap_or("127.0.0.1")
}

fn page(path: &str) -> Page {
    let host = host_of(path);
    match path.split('/').nth(1).unwrap_or_default() {
        "http" => Page::Redirect(format!("http://{host}/x?go-get=1")),
        "https" => Page::Redirect(format!("https://{host}/x?go-get=1")),
        "mod" => Page::Import(format!("{PAGES}{path} mod https://{host}/x")),
        vcs => Page::Import(format!("{PAGES}{path} {vcs} https://{host}/x")),
    }
}

#[test]
fn no_spelling_of_an_inner_address_is_connected_to() {
    if !network::enter("addresses::no_spelling_of_an_inner_address_is_connected_to") {
        return;
    }
    let home = TempDir::new().expect("a folder");
    let ears = Ears::new(&[22, 80, 443, 3690, 9418], page);
    let more = format!(
        "govcs = \"*:all\"\ngoinsecure = \"{PAGES}\"\n[[direct.access]]\nplace = \"{PAGES}\"\nprivate_addresses = true\n"
    );
    let modway = Modway::start(home.path(), &more, &[]);
    let mut named = 0;
    for (number, host) in SPELLINGS.iter().enumerate() {
        for way in ["http", "https", "mod", "git", "hg", "svn", "fossil"] {
            let answer = modway.ask(format!("/{PAGES}/{way}/{number}/@v/list"));
            // What is a name is resolved only when a tool comes along: the way out refuses it then.
            check(&answer, &format!("{way} {host}"), &mut named);
        }
        // As the module's own host, where that can be one.
        let answer = modway.ask(format!("/{}/latest/meta-data/@v/list", host.to_ascii_lowercase()));
        answer.is_a_clear_refusal(host);
        let own = host.contains('.') && host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') && !host.ends_with('.');
        if own {
            assert!(answer.body.contains("private_addresses"), "{host}: {answer:?}");
        }
    }
    assert_eq!(ears.heard(), Default::default(), "somebody was connected to");
    assert!(named >= 300, "the rule was named {named} times only");
    // Whoever listens hears: the same ways lead to the one place that may be inside.
    let open = "[[direct.access]]\nplace = \"127.0.0.1\"\nprivate_addresses = true\n";
    drop(modway);
    let modway = Modway::start(home.path(), &format!("{more}{open}"), &[]);
    for way in ["https", "mod"] {
        modway.ask(format!("/{PAGES}/{way}/0/@v/list")).is_a_clear_refusal("nobody answers there");
    }
    assert!(!ears.heard().is_empty(), "nobody hears");
}
