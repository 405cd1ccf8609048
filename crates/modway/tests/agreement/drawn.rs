//! A random case.

use std::collections::BTreeMap;

use gomod::client::Command;
use testkit::sumdb::Lie;

use crate::case::{Case, Database, HOPS, Host, HostTls, Netrc, PageKind, RepositoryKind};
use crate::draw::Draw;
use crate::hop::{Fault, Hop, Kind, Transport, modules};
use crate::universe::{ABOVE, LEGACY, ROOTS, SUFFIXED, UPPER, Universe};

/// The case with this seed.
pub(crate) fn case(universe: &Universe, seed: u64) -> Case {
    let mut draw = Draw::new(seed, 0);
    let draw = &mut draw;
    let command = command(draw);
    let hops: Vec<Hop> = (0..1 + draw.below(HOPS)).map(|_| hop(universe, draw, &command)).collect();
    let goproxy = goproxy(draw, &hops);
    let mut case = Case {
        seed,
        settings: settings(draw),
        goproxy,
        host: host(draw),
        sumdb: database(draw),
        netrc: draw.pick(&[Netrc::None, Netrc::Fits, Netrc::NoPort]),
        git_trusts_all: draw.chance(40),
        has_git: draw.chance(94),
        hops,
        command,
    };
    if draw.chance(40) {
        calm(&mut case);
    }
    case
}

/// The case with this seed, with one kind of trouble and no other, about a module that there is.
pub(crate) fn with_one_trouble(universe: &Universe, seed: u64) -> Case {
    let wild = case(universe, seed);
    let mut one = wild.clone();
    calm(&mut one);
    let mut draw = Draw::new(seed, 2);
    let root = draw.pick(&ROOTS).to_owned();
    let query = draw.pick(&["v1.0.0", "v1.1.0", "latest"]).to_owned();
    one.command = match draw.below(4) {
        0 => Command::Get { path: root, query },
        1 => Command::Get { path: format!("{root}/pkg"), query },
        2 => Command::List { module: root, query },
        _ => Command::Download { module: root, query },
    };
    one.settings.retain(|variable, value| *variable == "GOSUMDB" && value.contains("sum.test/db"));
    one.settings.entry("GOSUMDB").or_insert_with(|| "off".into());
    one.has_git = true;
    match Draw::new(seed, 1).below(6) {
        0 => {
            one.hops = wild.hops;
            one.goproxy = wild.goproxy;
        }
        1 => one.host = wild.host,
        2 => one.sumdb = wild.sumdb,
        3 => one.has_git = wild.has_git,
        4 => {
            let gosumdb = one.settings["GOSUMDB"].clone();
            one.settings = wild.settings;
            one.settings.insert("GOSUMDB", gosumdb);
        }
        _ => {}
    }
    one
}

/// Takes most of the trouble out, so that more is seen of the ways that lead somewhere.
fn calm(case: &mut Case) {
    for hop in &mut case.hops {
        let is_odd = matches!(hop.transport, Transport::Untrusted | Transport::NotTls | Transport::Refused);
        hop.transport = if is_odd { Transport::Http } else { hop.transport };
        (hop.fault, hop.login, hop.unknown, hop.lists_unknown) = (None, false, 404, false);
        hop.supported = if hop.supported == 200 { 200 } else { 404 };
    }
    case.goproxy = case.goproxy.replace("https://user:secret@", "https://").replace("http://user:secret@", "http://");
    for (at, hop) in case.hops.iter().enumerate() {
        if hop.transport == Transport::Http {
            case.goproxy = case.goproxy.replace(&format!("https://{{{at}}}"), &format!("http://{{{at}}}"));
        }
    }
    case.host = Host { tls: HostTls::Good, page: PageKind::Git, repository: RepositoryKind::Open };
    case.sumdb = Database { lie: None, tls: HostTls::Good };
    for variable in ["GOVCS", "GOFLAGS", "GO111MODULE"] {
        case.settings.remove(variable);
    }
}

fn command(draw: &mut Draw) -> Command {
    let module = draw.pick(&[
        ROOTS[0],
        ROOTS[0],
        ROOTS[0],
        ROOTS[0],
        ROOTS[0],
        ROOTS[1],
        ROOTS[1],
        "git.corp.test/team/lib/v2",
        SUFFIXED,
        "git.corp.test/team/none",
        LEGACY,
        LEGACY,
        UPPER,
        ABOVE,
    ]);
    let query = draw
        .pick(&[
            "v1.0.0",
            "v1.0.0",
            "v1.0.0",
            "v1.1.0",
            "v1.1.0",
            "v1.2.0",
            "v1.2.0",
            "v0.9.0",
            "v1.3.0-rc.1",
            "latest",
            "upgrade",
            "v2.0.0",
            "v1.9.0",
            "latest",
            "latest",
            "upgrade",
            "v1",
            "v1.1",
            "v0",
            ">=v1.0.0",
            "<v1.1.0",
            "<=v1",
            ">v1.2.0",
            "main",
            "feature/x",
            "patch",
            "<vx",
            "v2",
            "v1.0.0+meta",
            "0123456789ab",
            ">=v2",
            "v2.0.0+incompatible",
            "v1.0.0-RC1",
            "<v2.0.0",
        ])
        .to_owned();
    let module = module.to_owned();
    match draw.below(10) {
        0..4 => {
            let path = if draw.chance(40) { format!("{module}/{}", draw.pick(&["pkg", "none"])) } else { module };
            Command::Get { path, query }
        }
        4..7 => Command::Download { module, query: typed(query) },
        7..9 => Command::List { module, query: typed(query) },
        _ => Command::Versions { module },
    }
}

/// `upgrade` and `patch` are for modules that somebody requires.
fn typed(query: String) -> String {
    if query == "upgrade" || query == "patch" { "latest".into() } else { query }
}

fn goproxy(draw: &mut Draw, hops: &[Hop]) -> String {
    let mut list = String::new();
    for (at, hop) in hops.iter().enumerate() {
        let scheme = match hop.transport {
            Transport::Http | Transport::Refused => "http",
            Transport::File => "file",
            Transport::Https | Transport::Untrusted | Transport::NotTls => "https",
        };
        let login = if draw.chance(5) && hop.transport != Transport::File { "user:secret@" } else { "" };
        let space = if draw.chance(5) { " " } else { "" };
        list += &format!("{space}{scheme}://{login}{{{at}}}{space}{}", draw.pick(&[",", ",", ",", ",", "|", "|", "|", ",,"]));
    }
    let list = list.trim_end_matches([',', '|']).to_owned();
    let separator = draw.pick(&[",", ",", "|"]);
    match draw.below(20) {
        0..7 => list,
        7..14 => format!("{list}{separator}direct"),
        14..16 => format!("{list}{separator}off"),
        16..18 => "direct".into(),
        18 if draw.chance(50) => format!("{list}{separator}{}", list.split([',', '|']).next().unwrap_or_default()),
        18 => draw.pick(&["off", "off", "direct,{0}", ",", "DIRECT", "ftp://{0}"]).to_owned(),
        _ => format!("{list}{separator}direct,nonsense"),
    }
}

fn hop(universe: &Universe, draw: &mut Draw, command: &Command) -> Hop {
    let transport = match draw.below(20) {
        0..9 => Transport::Http,
        9..15 => Transport::Https,
        15 => Transport::Untrusted,
        16 => Transport::NotTls,
        17 => Transport::Refused,
        18 => Transport::File,
        _ => Transport::Http,
    };
    let mut knows = Vec::new();
    for module in modules() {
        let is_wanted = command.path().starts_with(module);
        if draw.chance(if is_wanted && module != ABOVE { 80 } else { 15 }) {
            knows.push((module.to_owned(), versions(universe, draw, module)));
        }
    }
    let fault = draw.chance(20).then(|| {
        let kind = draw.pick(&[Kind::List, Kind::Latest, Kind::Info, Kind::Mod, Kind::Zip]);
        let fault = draw.pick(&[
            Fault::Status(404),
            Fault::Status(403),
            Fault::Status(500),
            Fault::Status(204),
            Fault::Html,
            Fault::Cut,
            Fault::Reset,
            Fault::Redirect,
            Fault::Status(302),
            Fault::Other,
            Fault::Other,
        ]);
        (kind, fault)
    });
    Hop {
        transport,
        unknown: draw.pick(&[404, 404, 404, 410, 410, 403, 401, 500, 502, 429]),
        lists_pseudo: draw.chance(20),
        lists_unknown: draw.chance(10),
        knows,
        fault,
        supported: draw.pick(&[200, 200, 404, 404, 410, 403, 500]),
        login: draw.chance(5),
    }
}

fn versions(universe: &Universe, draw: &mut Draw, module: &str) -> Vec<String> {
    let all = universe.contents.keys().filter(|(path, _)| path == module).map(|(_, version)| version.clone());
    let keep = draw.pick(&[100, 100, 100, 80, 30, 0]);
    let mut kept: Vec<String> = all.filter(|_| draw.chance(keep)).collect();
    gomod::semver::sort(&mut kept);
    kept
}

fn settings(draw: &mut Draw) -> BTreeMap<&'static str, String> {
    let mut settings = BTreeMap::new();
    let patterns = [
        "git.corp.test",
        "*.corp.test",
        "git.corp.test/team",
        "git.corp.test/team/lib",
        "corp.test",
        "git.corp.test, open.test",
        "*",
        "none",
        "open.test",
        "git.corp.test/team/lib.git",
        "https://git.corp.test",
        "git.corp.test/*/lib/",
    ];
    let mut set = |name: &'static str, percent: usize, draw: &mut Draw, values: &[&str]| {
        if draw.chance(percent) {
            settings.insert(name, draw.pick(values).to_owned());
        }
    };
    set("GOPRIVATE", 35, draw, &patterns);
    set("GONOPROXY", 15, draw, &patterns);
    set("GONOSUMDB", 15, draw, &patterns);
    set("GOINSECURE", 30, draw, &patterns);
    set("GOVCS", 12, draw, &["public:git,private:all", "*:off", "git.corp.test:hg", "private:git", "public:off", "git", "*:all"]);
    set("GO111MODULE", 4, draw, &["on", "auto", "off"]);
    set(
        "GOFLAGS",
        5,
        draw,
        &["-modcacherw -mod=mod", "-modcacherw -insecure", "-modcacherw -mod=vendor", "-modcacherw -x=1 -nosuch"],
    );
    let key = testkit::sumdb::key().verifier().to_string();
    let sumdb = match draw.below(20) {
        0..7 => "off".to_owned(),
        7..13 => key,
        13..18 => format!("{key} {{sumdb}}"),
        18 => "sum.test".into(),
        _ => draw.pick(&["sum.test+00000000+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8", "a b c", "off "]).to_owned(),
    };
    settings.insert("GOSUMDB", sumdb);
    settings
}

fn host(draw: &mut Draw) -> Host {
    Host {
        tls: draw.pick(&[HostTls::Good, HostTls::Good, HostTls::Good, HostTls::Untrusted, HostTls::Untrusted, HostTls::None]),
        page: draw.pick(&[
            PageKind::Git,
            PageKind::Git,
            PageKind::Git,
            PageKind::Git,
            PageKind::Git,
            PageKind::GitPlain,
            PageKind::Missing,
            PageKind::Login,
            PageKind::NoTags,
            PageKind::Twice,
            PageKind::Bzr,
            PageKind::Ssh,
            PageKind::Disagree,
            PageKind::Mod,
        ]),
        repository: draw.pick(&[
            RepositoryKind::Open,
            RepositoryKind::Open,
            RepositoryKind::Open,
            RepositoryKind::Open,
            RepositoryKind::Login,
            RepositoryKind::Missing,
        ]),
    }
}

fn database(draw: &mut Draw) -> Database {
    let lie = draw.chance(25).then(|| {
        draw.pick_of(vec![
            Lie::Status(404),
            Lie::Status(404),
            Lie::Status(500),
            Lie::Status(403),
            Lie::BadSignature,
            Lie::WrongKey,
            Lie::Stranger,
            Lie::Record(0),
            Lie::NoTiles,
            Lie::Body("<html>log in</html>".into()),
        ])
    });
    Database { lie, tls: draw.pick(&[HostTls::Good, HostTls::Good, HostTls::Good, HostTls::Untrusted, HostTls::None]) }
}
