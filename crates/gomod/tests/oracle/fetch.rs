//! Settings that say where to fetch, and the walk along them.

use gomod::goenv::{Netrc, SumdbSetting};
use gomod::goproxy::{GoProxyList, GoUrl, Outcome, Place, Privacy, Separator, Source};
use gomod::info::{Info, Origin};
use gomod::list::VersionList;
use gomod::sumdb::note::VerifierKey;
use serde_json::{Value, json};

use crate::compare::{agree, anything, either, pack, refused, unpack};
use crate::random::{Bend as _, Random};

const LISTS: &[&str] = &[
    "https://proxy.example,direct",
    "https://a.test|https://b.test/base/,off",
    "a.test,b.test:8080|c/d,direct",
    "file:///var/proxy|http://localhost:3000",
    "https://user:secret@h.test/p%2Fq?x=1#f",
    " direct ",
    "off,nonsense://x",
    ",,|a.test",
    "ftp://x",
    "foo",
    "http://[::1]:80/x,https://[fe80::1%25en0]/",
    "/abs/path",
    "file:/x",
    "C:\\x",
    "http:opaque",
    "https://h:port/",
    "http://a b/",
];

const LIST_TOKENS: &[&str] = &[
    ",", "|", " ", "\t", "direct", "off", "https://", "http://", "file://", ":", "/", "//", "?", "#", "@", "%", "%41", "%2F",
    "[", "]", "\u{a0}", "é", ".", ":0",
];

#[test]
fn goproxy_lists_are_read_as_go_does() {
    agree(
        "goproxy",
        |random| vec![random.bent(LISTS, LIST_TOKENS), String::new()],
        |question| {
            let read = GoProxyList::parse(&question[0]).map(|list| {
                list.entries().iter().map(|e| json!([place(&e.source), e.separator == Separator::Bar])).collect::<Value>()
            });
            // Go shows passwords where it cannot parse a URL; ours never does. Of a bad IPv6 address only the beginning is promised.
            vec![if question[0].contains(['@', '[']) || is_printed_otherwise(&question[0]) {
                refused(read)
            } else {
                either(read)
            }]
        },
    );
}

/// A departure: a path that begins with an escaped slash or colon is not printed in Go's roundabout way.
fn is_printed_otherwise(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.contains("%2f") || text.contains("%3a")
}

fn place(source: &Source) -> &str {
    match source {
        Source::Proxy(url) | Source::File(url) => url.as_str(),
        Source::Direct => "direct",
        Source::Off => "off",
    }
}

const URLS: &[&str] = &[
    "https://proxy.example/a/b",
    "http://user:secret@h.test:8080/p%2Fq/%41?x=1&y#frag",
    "file:///var/proxy",
    "//host/path",
    "mailto:x@y",
    "http://[::1]:80/x",
    "/just/path",
    "a:b:c",
    "http://h/%zz",
    "http://%41.test/",
    "https://h.test?q",
    "http://us%40er:pa%3Ass@h/",
];

#[test]
fn urls_are_read_as_go_does() {
    agree(
        "parseurl",
        |random| vec![random.bent(URLS, LIST_TOKENS)],
        |question| {
            let text = question[0].as_str();
            match GoUrl::parse(text) {
                Ok(url) => {
                    let (user, password) = url.credentials().unwrap_or_default();
                    let login = json!([pack(&user), pack(&password.unwrap_or_default())]);
                    let printed = if is_printed_otherwise(text) { anything() } else { json!(url.to_string()) };
                    // A departure: an escape in a host that is no UTF-8 stays as written.
                    let host = if url.host().contains('%') { anything() } else { json!(url.host()) };
                    vec![printed, json!(url.scheme()), host, json!(pack(&url.path())), login]
                }
                // Passwords are hidden here, and of an IPv6 address only the beginning of Go's text is promised.
                error @ Err(_) => {
                    vec![if text.contains(['@', '[']) { refused(error.map(|_| ())) } else { either(error.map(|_| ())) }]
                }
            }
        },
    );
}

#[test]
fn the_walk_asks_and_ends_as_go_does() {
    let question = |random: &mut Random| {
        let mut list = String::new();
        for number in 0..random.below(5) {
            let entry = if random.one_in(6) {
                random.pick(&["off", "direct", " ", "", "bad"]).to_owned()
            } else {
                format!("http://p{number}")
            };
            list = format!("{list}{entry}{}", random.pick(&[",", "|", ",", "|", ""]));
        }
        let digits = (0..6).map(|_| random.pick(&["2", "4", "4", "4", "5", "5", "5"])).collect();
        vec![list, String::new(), digits]
    };
    agree("walk", question, |question| walked(&question[0], &question[2]).into());
}

/// Who was asked, whose answer is shown, and which.
fn walked(list: &str, digits: &str) -> [Value; 3] {
    let list = match GoProxyList::parse(list) {
        Ok(list) => list,
        Err(error) => return [json!([]), json!(-1), json!(error.to_string())],
    };
    let mut walk = list.walk(Privacy::Public);
    let mut asked = Vec::new();
    while let Some(entry) = walk.here() {
        asked.push(place(&entry.source));
        walk.answer(match digits.as_bytes().get(asked.len() - 1) {
            Some(b'2') => Outcome::Found,
            Some(b'4') | None => Outcome::NotExist,
            Some(_) => Outcome::Failed,
        });
    }
    match walk.shown() {
        Some((Place::Entry(index), outcome)) => [json!(asked), json!(index), json!(word(outcome))],
        other => [json!(asked), json!(null), json!(format!("{other:?}"))],
    }
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Found => "found",
        Outcome::NotExist => "does not exist",
        Outcome::Failed => "trouble",
    }
}

const SUMDBS: &[&str] = &[
    "sum.golang.org",
    "sum.golang.google.cn",
    "off",
    "sum.golang.org https://mirror.example/sumdb",
    "localhost.localdev/sumdb+00000c67+AcTrnkbUA+TU4heY3hkjiSES/DSQniBqIeQ/YppAUtK6",
    "localhost.localdev/sumdb+00000c67+AcTrnkbUA+TU4heY3hkjiSES/DSQniBqIeQ/YppAUtK6 http://h:1/x",
    "other.example",
    " a b c",
];

#[test]
fn gosumdb_is_read_as_go_does() {
    agree(
        "gosumdb",
        |random| vec![random.bent(SUMDBS, &[" ", "+", "\t", "off", "https://", "/", "sum.golang.org", "\u{a0}", "A"])],
        |question| {
            let read = SumdbSetting::parse(&question[0]);
            let answer = match read {
                Ok(SumdbSetting::Off) => Err("checksum database disabled by GOSUMDB=off".to_owned()),
                // Hash and algorithm are looked at by whoever uses the key.
                Ok(SumdbSetting::Database { name, key, url }) => match VerifierKey::parse(&key) {
                    Ok(_) => Ok(json!([name, url.map(|url| url.as_str().to_owned()).unwrap_or_default()])),
                    Err(error) => Err(format!("invalid GOSUMDB: {error}")),
                },
                Err(error) => Err(error.to_string()),
            };
            vec![if question[0].contains('+') { refused(answer) } else { either(answer) }]
        },
    );
}

const NETRCS: &[&str] = &[
    "machine a.test login user password secret\n",
    "machine a.test\nlogin user\n  password secret\n\nmachine b.test:8443 login x password y",
    "default login d password d\n",
    "machine a.test login u password p default\nmachine b.test:8443 login x password y\n",
    "macdef init\nmachine a.test login no password no\n\nmachine a.test/base login in password base\n",
    "machine a.test account z login u password p machine a.test login second password second",
    "machine https://a.test/ login u password p\n",
];

const NETRC_TOKENS: &[&str] = &[
    "machine ",
    "login ",
    "password ",
    "default",
    "macdef m\n",
    "\n",
    "\n\n",
    " ",
    "\t",
    "a.test",
    "account x",
    "/",
    "https://",
    "\r",
    "\u{a0}",
    "\u{85}",
];

#[test]
fn netrc_gives_the_login_that_go_sends() {
    let urls = &[
        "https://a.test/x/y",
        "https://a.test/",
        "https://a.test",
        "https://b.test:8443/base/m/@v/list",
        "https://b.test/x",
        "https://a.test/base/x",
    ];
    agree(
        "netrc",
        |random| vec![random.bent(NETRCS, NETRC_TOKENS), random.pick(urls).to_owned()],
        |question| {
            let netrc = Netrc::parse(&question[0]);
            vec![netrc.find(&question[1]).map_or(Value::Null, |login| json!(format!("{}:{}", login.login, login.password)))]
        },
    );
}

const INFOS: &[&str] = &[
    r#"{"Version":"v1.0.0","Time":"2026-11-23T06:27:34Z"}"#,
    r#"{"Version":"v1.0.0","Time":"2019-02-11T17:34:43.123456789+02:00","Origin":{"VCS":"git","URL":"https://x.test/y","Hash":"abc","Ref":"refs/tags/v1.0.0"}}"#,
    r#" {"version" : "v2", "TIME":null, "Name":1, "Short":[{}], "Origin":null, "x":{"y":[1,2.5e-3,true,false,null,"\u00e9\n\ud83d\ude00"]}} "#,
    r#"{"Version":"a","Version":"b","Origin":{"TagSum":"t1:x","TagPrefix":"p","Subdir":"s","RepoSum":"r1:"}}"#,
    "<!DOCTYPE html><title>Log in</title>",
    "null",
    "[]",
    "\"v1.0.0\"",
    "{}",
    "",
];

const INFO_TOKENS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "\\u00",
    "\\ud800",
    "\\n",
    "null",
    "true",
    "fals",
    "0",
    "-",
    "1e",
    "01",
    ".5",
    " ",
    "\n",
    "Version",
    "\"Version\":",
    "Time",
    "\"Origin\":{",
    "\"Time\":\"2024-02-30T00:00:00Z\"",
    "T24:00:00Z",
    "+25:00",
    "ſ",
    "\u{212a}",
    "//",
    "'",
    "\u{feff}",
];

#[test]
fn info_documents_are_read_as_go_does() {
    agree(
        "info",
        |random| vec![pack(&random.bent_bytes(INFOS, INFO_TOKENS))],
        |question| {
            let document = unpack(&question[0]);
            let read = Info::parse(&document);
            let read = read.map(|info| {
                json!([info.version(), info.time().unix_seconds(), info.time().nanoseconds(), info.origin().map(origin)])
            });
            // Go's messages quote the single byte that is no UTF-8.
            vec![if str::from_utf8(&document).is_ok() { either(read) } else { refused(read) }]
        },
    );
}

fn origin(origin: &Origin) -> Value {
    json!([
        origin.vcs,
        origin.url,
        origin.subdir,
        origin.hash,
        origin.tag_prefix,
        origin.tag_sum,
        origin.reference,
        origin.repo_sum
    ])
}

const VERSION_LISTS: &[&str] = &[
    "v1.0.0\nv1.1.0\nv0.9.0\n",
    "v1.2.3 2024-01-01T00:00:00Z extra\r\nv1.2\nmaster\n\n  v2.0.0+incompatible\nv1.0.0-rc.1\nv1.0.0-20060102150405-abcdef123456\n",
    "<html>\nv1\n",
    "v1.0.0+b\nv1.0.0+a\nv1.0.0\n",
];

#[test]
fn version_lists_are_read_as_go_does() {
    agree(
        "list",
        |random| {
            vec![pack(
                &random.bent_bytes(VERSION_LISTS, &["\n", "\r\n", " ", "\t", "v1.0.0", "\u{a0}", "\u{85}", "+x", "-0.", "\0"]),
            )]
        },
        |question| vec![json!(VersionList::parse(&unpack(&question[0])).versions())],
    );
}
