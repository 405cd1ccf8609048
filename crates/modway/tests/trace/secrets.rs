//! Logins reach the server they are for, as they did, and are in nothing that is written.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use testkit::{faults::Play, tls::Ca, world::World};

use crate::{
    proxies::serve,
    stage::{Stage, Told, manners},
};

const CANARY: &str = "canary-5a11d0";

/// Neither the canary nor what an Authorization field makes of it is in any form of the trace, nor in what the command says.
#[track_caller]
fn check_unseen(told: &Told) {
    let encoded = STANDARD.encode(format!("ci:{CANARY}"));
    for (form, text) in &told.forms {
        assert!(!text.contains(CANARY) && !text.contains(&encoded), "{form}:\n{text}");
    }
    assert!(!format!("{:?}", told.left).contains(CANARY));
}

#[tokio::test(flavor = "multi_thread")]
async fn logins_of_netrc_and_of_urls_reach_their_proxy_and_nothing_else() {
    let ca = Ca::new();
    let secure = World::with_tls(ca.leaf(&["127.0.0.1"]).server(&["http/1.1"])).await;
    let other = World::start().await;
    serve(&secure);
    let moved = format!("{}/stolen", other.url().replace("127.0.0.1", "localhost"));
    secure.on("/example.test/lib/@v/v1.1.0.mod", [Play::status(401, "who are you?")]);
    let netrc = format!("machine {} login ci password {CANARY}\n", secure.address());
    let in_url = secure.url().replace("https://", &format!("https://ci:{CANARY}@"));
    let with = |list: &str, goauth: &str| {
        let settings = [("GOPROXY", list), ("GOAUTH", goauth), ("NETRC", "$HOME/netrc"), ("SSL_CERT_FILE", "$HOME/ca.pem")];
        Stage::new(&settings).file("ca.pem", ca.pem()).file("netrc", netrc.clone())
    };
    let words = ["mod", "download", "-json", "example.test/lib@v1.0.0", "example.test/lib@v1.1.0"];
    for (list, goauth, known) in [
        (secure.url(), "netrc", true),
        (secure.url(), "off", false),
        (in_url.clone(), "off", true),
        (format!("{in_url}|{}", other.url()), "netrc", true),
    ] {
        let start = secure.seen().len();
        let stage = with(&list, goauth);
        let plain = stage.plain(&words);
        let middle = secure.seen().len();
        let told = stage.traced(&words);
        assert_eq!(told.left, plain);
        let seen = secure.seen();
        assert_eq!(manners(&seen[middle..]), manners(&seen[start..middle]));
        assert_eq!(seen[middle..].iter().all(|seen| seen.header("authorization").is_some()), known);
        assert!(other.seen().iter().all(|seen| seen.header("authorization").is_none()));
        check_unseen(&told);
    }
    assert!(moved.contains("localhost"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_takes_no_login_to_another_host() {
    let ca = Ca::new();
    let leaf = ca.leaf(&["127.0.0.1", "localhost"]);
    let (home, far) = (World::with_tls(leaf.server(&["http/1.1"])).await, World::with_tls(leaf.server(&["http/1.1"])).await);
    serve(&home);
    serve(&far);
    let to = format!("{}/example.test/lib/@v/v1.0.0.zip", far.url().replace("127.0.0.1", "localhost"));
    home.on("/example.test/lib/@v/v1.0.0.zip", [Play::redirect(302, &to)]);
    let list = home.url().replace("https://", &format!("https://ci:{CANARY}@"));
    let stage = Stage::new(&[("GOPROXY", &list), ("SSL_CERT_FILE", "$HOME/ca.pem")]).file("ca.pem", ca.pem());
    let words = ["mod", "download", "example.test/lib@v1.0.0"];
    let (plain, told) = (stage.plain(&words), stage.traced(&words));
    assert_eq!((&told.left, plain.code), (&plain, Some(0)), "{}", plain.stderr);
    assert_eq!(far.seen().len(), 2);
    assert!(far.seen().iter().all(|seen| seen.header("authorization").is_none()));
    check_unseen(&told);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_goauth_command_is_still_gos_to_run() {
    let ca = Ca::new();
    let secure = World::with_tls(ca.leaf(&["127.0.0.1"]).server(&["http/1.1"])).await;
    serve(&secure);
    let helper = format!("#!/bin/sh\nprintf '%s\\n\\nAuthorization: Bearer {CANARY}\\n\\n' {}\n", secure.url());
    let settings =
        [("GOPROXY", secure.url()), ("GOAUTH", "sh $HOME/helper".to_owned()), ("SSL_CERT_FILE", "$HOME/ca.pem".to_owned())];
    let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let stage = Stage::new(&settings).file("ca.pem", ca.pem()).file("helper", helper);
    let words = ["mod", "download", "example.test/lib@v1.0.0"];
    let plain = stage.plain(&words);
    let middle = secure.seen().len();
    let told = stage.traced(&words);
    assert_eq!((&told.left, plain.code), (&plain, Some(0)), "{}", plain.stderr);
    assert_eq!(secure.seen().len(), 2 * middle);
    assert!(secure.seen().iter().all(|seen| seen.header("authorization") == Some(&format!("Bearer {CANARY}"))));
    assert!(told.terminal().contains("GOAUTH runs a command"), "{}", told.terminal());
    check_unseen(&told);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_no_token_is_not_let_through_our_doors() {
    let world = World::start().await;
    serve(&world);
    let stage = Stage::new(&[("GOPROXY", &world.url())]);
    let home = tempfile::tempdir().expect("a temporary folder");
    std::fs::create_dir(home.path().join("main")).expect("the folder is ours");
    let like = stage.command(home.path(), &[], &[]);
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_modway"));
    command.env_clear().envs(like.get_envs().filter_map(|(name, value)| Some((name, value?)))).current_dir(home.path());
    let script = "printf '%s %s' \"$GOPROXY\" \"$HTTP_PROXY\" > new && mv new doors && read line";
    command.args(["trace", "--quiet", "--", "sh", "-c", script]).stdin(std::process::Stdio::piped());
    let mut child = command.spawn().expect("modway runs");
    let doors = loop {
        match std::fs::read_to_string(home.path().join("doors")) {
            Ok(doors) => break doors,
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(5)).await,
        }
    };
    let (hops, forward) = doors.split_once(' ').expect("two doors");
    let port = |url: &str| url.rsplit(':').next().and_then(|rest| rest.split('/').next()).expect("a port").to_owned();
    let (path, file) = (hops.splitn(4, '/').nth(3).expect("a path"), "example.test/lib/@v/list");
    assert_eq!(knock(&port(hops), &format!("/{path}/{file}"), "").await, 200);
    for stranger in [format!("/{}0/{file}", "0".repeat(32)), format!("/0/{file}"), format!("/{file}"), "/".to_owned()] {
        assert_eq!(knock(&port(hops), &stranger, "").await, 404, "{stranger}");
    }
    let there = format!("{}/{file}", world.url());
    let login = forward.split_once("://").and_then(|(_, rest)| rest.split_once('@')).expect("a login").0;
    let field = |login: &str| format!("Proxy-Authorization: Basic {}\r\n", STANDARD.encode(login));
    assert_eq!(knock(&port(forward), &there, &field(login)).await, 200);
    for fields in [String::new(), field("modway:"), field("x:y"), "Proxy-Authorization: Basic\r\n".to_owned()] {
        assert_eq!(knock(&port(forward), &there, &fields).await, 407, "{fields}");
    }
    drop(child.stdin.take());
    child.wait().await.expect("it ends");
    assert_eq!(world.seen().len(), 2);
    assert!(world.seen().iter().all(|seen| seen.header("proxy-authorization").is_none()));
}

/// The status of the answer to a request at a port of loopback.
async fn knock(port: &str, target: &str, fields: &str) -> u16 {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(format!("127.0.0.1:{port}")).await.expect("a door");
    let request = format!("GET {target} HTTP/1.1\r\nHost: x\r\n{fields}Connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("it listens");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("it answers");
    String::from_utf8_lossy(&answer).split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status")
}
