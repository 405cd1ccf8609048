//! What an entry of GOPROXY can do wrong.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};
use testkit::{
    faults::{Fault, Play},
    modules::{Module, any_zip},
    tls::{Ca, Leaf},
    world::Deaf,
};

use super::super::{
    case::Case,
    worlds::{VERSION, Worlds},
};

const GET: &str = "mod download example.test/m@v1.0.0";

/// Those that take as long as the go command waits; they come first, so that others run beside them.
pub(crate) async fn slow(worlds: &Worlds) -> Vec<Case> {
    let deaf = Deaf::start().await;
    let address = deaf.address;
    worlds.keep(deaf);
    let module = Module::new("example.test/m", VERSION);
    let silent = worlds.serving("silent", &[&module]);
    worlds.proxy.on("/silent/example.test/m/@v/v1.0.0.zip", [Play::ok("").fault(Fault::Mute)]);
    vec![
        Case::new("no-answer", "get example.test/m@v1.0.0")
            .module("")
            .proxy(silent)
            .ended("ERROR: Job failed: execution took longer than 1h0m0s seconds"),
        Case::new("proxy-timeout", GET).proxy(format!("http://{address}")),
        // It waits for a request in the clear.
        Case::new("proxy-tls-timeout", GET).proxy(format!("https://{}", worlds.proxy.address())),
    ]
}

pub(crate) async fn all(worlds: &Worlds) -> Vec<Case> {
    let mut cases = statuses(worlds);
    cases.extend(answers(worlds));
    cases.extend(zips(worlds));
    cases.extend(ways(worlds).await);
    cases
}

fn statuses(worlds: &Worlds) -> Vec<Case> {
    let of = |(status, code): (u16, &'static str)| {
        let proxy = worlds.at(&format!("s{status}"), "v1.0.0.info", Play::status(status, "words of the server\nand more\n"));
        Case::new(code, GET).proxy(proxy).titled(&status.to_string())
    };
    let codes = [
        (404, "proxy-absent"),
        (410, "proxy-absent"),
        (401, "proxy-unauthorized"),
        (403, "proxy-forbidden"),
        (451, "proxy-forbidden"),
        (429, "proxy-too-many-requests"),
        (500, "proxy-trouble"),
        (502, "proxy-trouble"),
        (503, "proxy-trouble"),
        (504, "proxy-trouble"),
        (204, "proxy-odd-status"),
        (206, "proxy-odd-status"),
        (304, "proxy-odd-status"),
        (302, "proxy-odd-status"),
        (418, "proxy-odd-status"),
    ];
    codes.map(of).into()
}

fn answers(worlds: &Worlds) -> Vec<Case> {
    let info = |name: &str, play| worlds.at(name, "v1.0.0.info", play);
    let private = "not found: example.test/m@v1.0.0: invalid version: git ls-remote -q origin in /tmp/x: exit status 128:\n\tfatal: could not read \
        Username for 'https://example.test': terminal prompts disabled\nConfirm the import path was entered correctly.";
    worlds.at("empty", "list", Play::ok(""));
    let file = worlds.path("no-such-folder");
    vec![
        Case::new("proxy-cannot-see-it", GET).proxy(info("private", Play::status(404, private))),
        Case::new("proxy-not-a-proxy", GET).proxy(info("html", Play::login_page())),
        Case::new("proxy-wrong-version", GET)
            .proxy(info("other", Play::ok("{\"Version\":\"v1.0.1\",\"Time\":\"2024-01-01T00:00:00Z\"}"))),
        Case::new("no-matching-versions", "list -m example.test/m@latest")
            .proxy(format!("{}/empty", worlds.proxy.url()))
            .module(""),
        Case::new("proxy-absent", "get example.test/m").proxy(format!("{}/nothing", worlds.proxy.url())).module("").titled("get"),
        Case::new("proxy-absent", GET).proxy(format!("file://{file}")).titled("file"),
        Case::new("not-found-by-whom", GET).proxy(format!("{}/nothing", worlds.proxy.url())).elided(),
        Case::new("proxy-redirect-loop", GET).proxy(info("loop", Play::redirect(302, "/loop/example.test/m/@v/v1.0.0.info"))),
        Case::new("proxy-hangs-up", GET).proxy(info("close", Play::ok("").fault(Fault::Close))).titled("EOF"),
        Case::new("proxy-hangs-up", GET).proxy(info("reset", Play::ok("").fault(Fault::Reset))).titled("reset"),
        Case::new("proxy-hangs-up", GET)
            .proxy(info("cut", Play::ok("{\"Version\":\"v1.0.0\"}").fault(Fault::CutAt(5))))
            .titled("cut"),
    ]
}

fn zips(worlds: &Worlds) -> Vec<Case> {
    let module = Module::new("example.test/m", VERSION);
    let with = |name: &str, code, zip: bytes::Bytes| {
        let bent = Module { zip, ..module.clone() };
        Case::new(code, GET).proxy(worlds.serving(name, &[&bent])).titled(name)
    };
    let named = |names: &[&str]| any_zip(&names.iter().map(|name| (*name, &b"x"[..], None)).collect::<Vec<_>>());
    vec![
        with("no-zip", "zip-broken", bytes::Bytes::from_static(b"<html>")),
        with("prefix", "zip-broken", named(&["other.test/m@v1.0.0/go.mod"])),
        with("names", "zip-bad-names", named(&["example.test/m@v1.0.0/a*b"])),
        with("case", "zip-bad-names", named(&["example.test/m@v1.0.0/a", "example.test/m@v1.0.0/A"])),
        Case::new("zip-too-large", GET).proxy(huge(worlds, &module)).env("GOMODCACHE", worlds.path("huge")),
        with("nested", "zip-bad-names", named(&["example.test/m@v1.0.0/x/go.mod"])),
    ]
}

/// A proxy whose zip is larger than 500 MiB once the go command has undone its `Content-Encoding`; only that many kilobytes travel.
fn huge(worlds: &Worlds, module: &Module) -> String {
    let mut member = GzEncoder::new(Vec::new(), Compression::best());
    member.write_all(&vec![0; 1 << 20]).expect("memory takes it");
    let zip = member.finish().expect("memory takes it").repeat(501);
    let proxy = worlds.serving("huge", &[module]);
    worlds.proxy.on(&format!("/huge{}", module.url("zip")), [Play::ok(zip).header("Content-Encoding", "gzip")]);
    proxy
}

/// How it is reached.
async fn ways(worlds: &Worlds) -> Vec<Case> {
    let names = ["127.0.0.1"];
    let (_, unknown) = worlds.with_certificate(&Leaf::self_signed(&names)).await;
    let ca = Ca::new();
    let file = worlds.path("own-ca.pem");
    std::fs::write(&file, ca.pem()).expect("the folder is ours");
    let (_, expired) = worlds.with_certificate(&ca.expired(&names)).await;
    let (_, nameless) = worlds.with_certificate(&ca.leaf(&["other.test"])).await;
    let (misnamed, _) = worlds.with_certificate(&ca.leaf(&["other.test"])).await;
    let mut other_name = worlds.leading_to(misnamed, None).await;
    other_name.extend([("SSL_CERT_FILE", file.clone()), ("GOPROXY", "https://proxy.test".into())]);
    let mut refusing = worlds.leading_to(worlds.closed, Some("502 Bad Gateway")).await;
    refusing.push(("GOPROXY", "https://proxy.test".into()));
    let mut asking = worlds.leading_to(worlds.closed, Some("407 Proxy Authentication Required")).await;
    asking.push(("GOPROXY", "https://proxy.test".into()));
    let plain = worlds.saying(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
    let babble = worlds.saying(b"220 mail.example.test ESMTP ready\r\n");
    worlds.secure.on("/down/example.test/m/@v/v1.0.0.info", [Play::redirect(302, &format!("{}/x", worlds.proxy.url()))]);
    let elsewhere = format!("http://{}/elsewhere", worlds.closed);
    worlds.proxy.on("/away/example.test/m/@v/v1.0.0.info", [Play::redirect(302, &elsewhere)]);
    vec![
        Case::new("proxy-tls-authority", GET).proxy(unknown),
        Case::new("proxy-tls-expired", GET).proxy(expired).env("SSL_CERT_FILE", &file),
        Case::new("proxy-tls-name", GET).proxy(nameless).env("SSL_CERT_FILE", &file).titled("address"),
        Case::new("proxy-tls-name", GET).envs(&other_name).titled("name"),
        Case::new("proxy-not-tls", GET).proxy(format!("https://{plain}")).titled("http"),
        Case::new("proxy-not-tls", GET).proxy(format!("https://{babble}")).titled("babble"),
        Case::new("proxy-failed", GET).proxy(format!("http://{babble}")),
        Case::new("proxy-insecure-redirect", GET)
            .proxy(format!("{}/down", worlds.secure.url()))
            .env("SSL_CERT_FILE", worlds.ca()),
        Case::new("proxy-refuses-connection", GET).proxy(format!("http://{}", worlds.closed)),
        Case::new("proxy-refuses-connection", GET).proxy(format!("{}/away", worlds.proxy.url())).titled("redirect"),
        // Not even a resolver is asked for a name that cannot be one.
        Case::new("proxy-no-such-host", GET).proxy("http://bad-.test"),
        Case::new("forward-proxy", GET)
            .proxy("https://proxy.test")
            .env("HTTPS_PROXY", format!("http://{}", worlds.closed))
            .titled("dead"),
        Case::new("forward-proxy", GET).envs(&refusing).titled("502"),
        Case::new("forward-proxy", GET).envs(&asking).titled("407"),
    ]
}
