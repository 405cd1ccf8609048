//! What go.sum and the checksum database can say.

use testkit::{
    faults::Play,
    modules::Module,
    sumdb::{self, Lie, Sumdb},
    tls::Leaf,
};

use super::super::{
    case::Case,
    worlds::{VERSION, Worlds},
};

const GET: &str = "mod download example.test/m@v1.0.0";

pub(crate) async fn all(worlds: &Worlds) -> Vec<Case> {
    let module = Module::new("example.test/m", VERSION);
    let proxy = worlds.serving("sums", &[&module]);
    let mut cases = lies(worlds, &module, &proxy).await;
    cases.extend(files(&proxy));
    cases.extend(settings(&proxy));
    cases.extend(ways(worlds, &module, &proxy).await);
    cases
}

async fn lies(worlds: &Worlds, module: &Module, proxy: &str) -> Vec<Case> {
    let others = Module { zip_h1: module.mod_h1.clone(), mod_h1: module.zip_h1.clone(), ..module.clone() };
    let half = Sumdb::start(3, &[]).await;
    half.add(&format!("example.test/m v1.0.0 {}\n", module.zip_h1));
    let mut cases = vec![Case::new("sumdb-lacks-line", GET).proxy(proxy).env("GOSUMDB", half.setting())];
    worlds.keep(half);
    let wrong = Sumdb::start(3, &[&others]).await;
    cases.push(Case::new("sumdb-mismatch", GET).proxy(proxy).env("GOSUMDB", wrong.setting()));
    worlds.keep(wrong);
    let bad = [
        ("page", Lie::Body("<html>Please sign in</html>".into())),
        ("signature", Lie::BadSignature),
        ("key", Lie::WrongKey),
        ("stranger", Lie::Stranger),
        ("beyond", Lie::BeyondTree),
        ("narrow", Lie::Narrow),
        ("flipped", Lie::Flipped("tile/8/0/000.p/41".into())),
    ];
    for (name, lie) in bad {
        let setting = worlds.lying(lie, &[module]).await;
        cases.push(Case::new("sumdb-bad-answer", GET).proxy(proxy).env("GOSUMDB", setting).titled(name));
    }
    let other = worlds.lying(Lie::Record(1), &[module]).await;
    cases.push(Case::new("sumdb-lacks-line", GET).proxy(proxy).env("GOSUMDB", other).titled("another record"));
    for (code, status) in [("sumdb-absent", 404), ("sumdb-absent", 410), ("sumdb-trouble", 500), ("sumdb-trouble", 403)] {
        let setting = worlds.lying(Lie::Status(status), &[module]).await;
        cases.push(Case::new(code, GET).proxy(proxy).env("GOSUMDB", setting).titled(&status.to_string()));
    }
    cases
}

fn files(proxy: &str) -> Vec<Case> {
    let zeros = "h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let sums = format!("example.test/m v1.0.0 {zeros}\nexample.test/m v1.0.0/go.mod {zeros}\n");
    let with = |args: &str| {
        Case::new("go-sum-mismatch", args)
            .proxy(proxy)
            .module("require example.test/m v1.0.0")
            .file("go.sum", sums.clone())
            .titled(args)
    };
    vec![with("mod download"), with("list -m all"), with("mod verify")]
}

fn settings(proxy: &str) -> Vec<Case> {
    let with = |code, value: &str| Case::new(code, GET).proxy(proxy).env("GOSUMDB", value).titled(value);
    vec![
        with("gosumdb-malformed", "a b c"),
        with("gosumdb-malformed", "sum.test"),
        with("gosumdb-malformed", "sum.test+00000000+AAAA"),
        with("gosumdb-malformed", &format!("{} ://x", sumdb::key().verifier())),
    ]
}

async fn ways(worlds: &Worlds, module: &Module, proxy: &str) -> Vec<Case> {
    let key = sumdb::key().verifier().to_string();
    let (_, unknown) = worlds.with_certificate(&Leaf::self_signed(&["127.0.0.1"])).await;
    let refusing = worlds.serving("refusing", &[module]);
    worlds.proxy.on(&format!("/refusing/sumdb/{}/supported", sumdb::NAME), [Play::status(403, "not for you")]);
    let passing = worlds.serving("passing", &[module]);
    worlds.proxy.on(&format!("/passing/sumdb/{}/supported", sumdb::NAME), [Play::ok("")]);
    let other = Module::new("example.test/other", VERSION);
    let both = worlds.serving("forked", &[module, &other]);
    let forked = Sumdb::start(40, &[module, &other]).await;
    let (setting, honest) = (forked.setting(), [module.clone(), other]);
    let mut refused = worlds.leading_to(worlds.closed, Some("502 Bad Gateway")).await;
    refused.retain(|(name, _)| *name != "GOPROXY");
    let turn = forked.clone();
    worlds.keep(forked.clone());
    vec![
        Case::new("sumdb-unreachable", GET).proxy(proxy).env("GOSUMDB", format!("{key} http://{}", worlds.closed)),
        Case::new("sumdb-unreachable", GET)
            .proxy(proxy)
            .env("GOSUMDB", &key)
            .env("HTTPS_PROXY", format!("http://{}", worlds.closed))
            .titled("itself"),
        Case::new("sumdb-unreachable", GET).proxy(proxy).env("GOSUMDB", &key).envs(&refused).titled("forward proxy"),
        Case::new("sumdb-unreachable", GET)
            .proxy(proxy)
            .env("GOSUMDB", format!("{key} https://{}", worlds.proxy.address()))
            .titled("http"),
        Case::new("sumdb-tls-authority", GET).proxy(proxy).env("GOSUMDB", format!("{key} {unknown}")),
        Case::new("sumdb-fork", "mod download example.test/other@v1.0.0")
            .proxy(both)
            .env("GOSUMDB", setting)
            .after(GET, move || drop(turn.fork("another history", &honest.each_ref()))),
        Case::new("sumdb-supported", GET).proxy(refusing).env("GOSUMDB", &key),
        Case::new("sumdb-absent", GET).proxy(passing).env("GOSUMDB", &key).titled("through a proxy"),
    ]
}
