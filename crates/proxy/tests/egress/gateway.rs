//! Children at the gateway: real git, and requests as other tools make them.

use std::process::Output;

use testkit::{
    faults::{Fault, Length, Play},
    random::noise,
    repos::GitServer,
    world::World,
};

use super::*;

/// git as a child is run: nothing of this machine's settings, and the gateway as its forward proxy.
async fn git(pass: &Pass, arguments: &[&str]) -> Output {
    let home = tempfile::tempdir().expect("a folder");
    let mut command = tokio::process::Command::new("git");
    command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").env("HOME", home.path());
    command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_TERMINAL_PROMPT", "0").env("http_proxy", pass.proxy());
    let fixed = ["-c", "http.followRedirects=false", "-c", "protocol.version=2"];
    command.args(fixed).args(arguments).output().await.expect("git runs")
}

/// The tags that git sees at the pass' remote; its complaint if it fails.
async fn ls_remote(pass: &Pass) -> Result<Vec<String>, String> {
    let output = git(pass, &["ls-remote", "--tags", "-q", "--end-of-options", pass.url()]).await;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let text = String::from_utf8(output.stdout).expect("text");
    Ok(text.lines().filter_map(|line| Some(line.split_once("refs/tags/")?.1.to_owned())).collect())
}

fn rule(server: &GitServer) -> (Access, tempfile::NamedTempFile) {
    let bundle = file(server.ca_pem());
    let ca_files = if server.ca_pem().is_empty() { Vec::new() } else { vec![bundle.path().to_owned()] };
    (Access { ca_files, ..here(&server.address().to_string()) }, bundle)
}

#[tokio::test]
async fn git_clones_over_https_with_a_login_and_knows_neither() {
    let server = GitServer::start(true, Some(("alice", "s3cret"))).await;
    let mut repository = server.make("team/lib");
    repository.write("go.mod", "module example.test/lib\n").write("big", noise(3 << 20)).commit(1_600_000_000);
    repository.tag("v1.0.0");
    let (rule, _bundle) = rule(&server);
    let credential = Credential::Fixed("alice".into(), secret("s3cret"));
    let egress = egress(vec![Access { credential, ..rule }]);
    let pass = egress.pass(&url(&format!("{}/team/lib", server.url()))).await.expect("a pass");
    assert_eq!(pass.url(), format!("http://{}/team/lib", server.address()));
    assert_eq!(ls_remote(&pass).await, Ok(vec!["v1.0.0".to_owned()]));
    let folder = tempfile::tempdir().expect("a folder");
    let target = folder.path().join("clone").display().to_string();
    let cloned = git(&pass, &["clone", "-q", "--bare", "--end-of-options", pass.url(), &target]).await;
    assert!(cloned.status.success() && pass.trouble().is_none(), "{cloned:?} {:?}", pass.trouble());
    let fields = server.requests();
    assert!(fields.len() >= 4 && fields.iter().all(|seen| seen.header("authorization") == Some(ALICE)));
    assert!(fields.iter().all(|seen| seen.headers.iter().all(|(name, _)| !name.starts_with("proxy-"))));
    assert!(fields.iter().any(|seen| seen.header("git-protocol") == Some("version=2")));
    assert!(server.connections() <= 2, "{} connections for one child after the other", server.connections());
}

#[tokio::test]
async fn a_large_chunked_and_zipped_request_of_git_arrives() {
    let server = GitServer::start(false, None).await;
    let repository = server.make("lib");
    // So many references that git asks for more than it likes to send at once.
    let mut stream = String::new();
    for n in 1..=3000 {
        let commit = format!("commit refs/heads/main\nmark :{n}\ncommitter C <c@example.test> {n} +0000\ndata 1\nx\n");
        stream.push_str(&format!("{commit}reset refs/tags/t{n}\nfrom :{n}\n\n"));
    }
    repository.import(format!("{stream}get-mark :1\n").as_bytes());
    let (rule, _bundle) = rule(&server);
    let pass = egress(vec![rule]).pass(&url(&format!("{}/lib", server.url()))).await.expect("a pass");
    let folder = tempfile::tempdir().expect("a folder");
    let target = folder.path().join("clone").display().to_string();
    let small = ["-c", "http.postBuffer=65600", "clone", "-q", "--bare", "--end-of-options", pass.url(), &target];
    let cloned = git(&pass, &small).await;
    assert!(cloned.status.success(), "{cloned:?} {:?}", pass.trouble());
    let length = |seen: Seen| seen.header("content-length").and_then(|length| length.parse::<usize>().ok());
    let longest = server.requests().into_iter().filter_map(length).max();
    assert!(longest > Some(65_600), "{longest:?}");
}

#[tokio::test]
async fn git_finds_a_repository_that_moved_to_its_twin_or_another_host() {
    let (server, other) = (GitServer::start(false, None).await, GitServer::start(false, None).await);
    let (mut here, mut there) = (server.make("lib"), other.make("there/lib"));
    here.write("a", "a").commit(1_600_000_000);
    there.write("a", "a").commit(1_600_000_000);
    let refs = "info/refs?service=git-upload-pack";
    server.answer("/old/info/refs", 301, &[("location", &format!("/lib.git/{refs}"))], "");
    server.answer("/gone/info/refs", 302, &[("location", &format!("{}/there/lib/{refs}", other.url()))], "");
    let (rules, _bundles): (Vec<_>, Vec<_>) = [rule(&server), rule(&other)].into_iter().unzip();
    let egress = egress(rules);
    for path in ["old", "gone"] {
        let pass = egress.pass(&url(&format!("{}/{path}", server.url()))).await.expect("a pass");
        assert_eq!((ls_remote(&pass).await, pass.trouble()), (Ok(Vec::new()), None), "{path}");
    }
    let posted: Vec<_> = other.requests().iter().map(|seen| seen.target.clone()).collect();
    assert_eq!(posted, ["/there/lib/info/refs?service=git-upload-pack", "/there/lib/git-upload-pack"]);
}

#[tokio::test]
async fn what_the_host_refuses_is_said_with_the_login_that_was_used_or_missing() {
    async fn check(login: Option<(&str, &str)>, path: &str, credential: Credential, status: u16, want: &str) {
        let server = GitServer::start(false, login).await;
        let mut repository = server.make("lib");
        repository.write("a", "a").commit(1_600_000_000);
        let (rule, _bundle) = rule(&server);
        let egress = egress(vec![Access { credential, ..rule }]);
        let pass = egress.pass(&url(&format!("{}/{path}", server.url()))).await.expect("a pass");
        ls_remote(&pass).await.expect_err("it fails");
        let want = want.replace("HOST", &server.address().to_string());
        assert_eq!(pass.trouble(), Some(Trouble::Status(status, want)));
    }
    let fixed = |password: &str| Credential::Fixed("alice".into(), secret(password));
    let prompts = "could not read Username for 'http://HOST': terminal prompts disabled\nplace HOST has no credential; if it is private, add one";
    check(Some(("alice", "s3cret")), "lib", Credential::None, 401, prompts).await;
    let failed = "Authentication failed for 'http://HOST/lib'\nthe configured token of place HOST was sent; is it valid, and has it access?";
    check(Some(("alice", "s3cret")), "lib", fixed("wrong"), 401, failed).await;
    let missing = "repository 'http://HOST/none' not found\nplace HOST has no credential; if it is private, add one";
    check(None, "none", Credential::None, 404, missing).await;
    let absent =
        "repository 'http://HOST/none' not found\nthe configured token of place HOST was sent; is it valid, and has it access?";
    check(None, "none", fixed("s3cret"), 404, absent).await;
}

#[tokio::test]
async fn without_a_pass_nobody_gets_out_and_a_pass_ends_with_its_owner() {
    let world = World::start().await;
    world.on("/lib/info/refs?service=git-upload-pack", [Play::ok("refs")]);
    let egress = egress(vec![at(&world)]);
    let remote = url(&format!("{}/lib", world.url()));
    let (pass, other) = (egress.pass(&remote).await.expect("a pass"), egress.pass(&remote).await.expect("another"));
    assert_ne!(pass.proxy(), other.proxy());
    let target = format!("{}/info/refs?service=git-upload-pack", pass.url());
    let (proxy, encode) = (url(pass.proxy()), |text: String| {
        format!("Basic {}", base64::Engine::encode(&base64::engine::general_purpose::STANDARD, text))
    });
    let (name, secret) = (proxy.username().to_owned(), proxy.password().expect("one").to_owned());
    for bad in [
        "Basic".to_owned(),
        "Bearer x".to_owned(),
        encode(String::new()),
        encode(name.clone()),
        encode(format!("{name}:")),
        encode(format!("{name}:{}", &secret[1..])),
        encode(format!("{}:{secret}", url(other.proxy()).username())),
        encode(format!(":{secret}")),
    ] {
        assert_eq!(child(&pass, "GET", &target, &[("Proxy-Authorization", &bad)], b"").await.0, 407, "{bad}");
    }
    assert_eq!((info_refs(&pass).await, world.seen().len()), (200, 1));
    let (port, kept) = (pass.port(), encode(format!("{name}:{secret}")));
    drop(pass);
    assert_eq!(port, other.port(), "one gateway for all");
    assert_eq!(child(&other, "GET", &target, &[("Proxy-Authorization", &kept)], b"").await.0, 407, "its owner is done");
}

#[tokio::test]
async fn a_pass_leads_to_its_own_remote_only() {
    let world = World::start().await;
    world.on("/other/info/refs", [Play::ok("refs")]);
    let egress = egress(vec![at(&world)]);
    for target in [
        "HOST/other/info/refs",
        "HOST/",
        "HOST/lib/../other/info/refs",
        "HOST/lib/%2e%2e/other/info/refs",
        "http://127.0.0.1:1/lib",
    ] {
        let pass = egress.pass(&url(&format!("{}/lib", world.url()))).await.expect("a pass");
        let (status, _) = child(&pass, "GET", &target.replace("HOST", &world.url()), &[], b"").await;
        assert_eq!(status, 502, "{target}");
        assert!(matches!(pass.trouble(), Some(Trouble::Refused(text)) if text.ends_with("which its pass does not cover")));
        assert_eq!(child(&pass, "CONNECT", &world.address().to_string(), &[], b"").await.0, 502);
    }
    assert_eq!(world.seen(), []);
}

#[tokio::test]
async fn what_is_the_connections_and_whoever_the_child_says_it_is_goes_no_further() {
    let world = World::start().await;
    let told =
        Play::ok("refs").header("Set-Cookie", "a=b").header("WWW-Authenticate", "Negotiate").header("Keep-Alive", "timeout=5");
    world.on("/lib", [told.header("X-Kept", "yes").header("Proxy-Authenticate", "Basic")]);
    let egress = egress(vec![at(&world)]);
    let pass = egress.pass(&url(&format!("{}/lib", world.url()))).await.expect("a pass");
    let fields = [
        ("Authorization", "Basic eDp5"),
        ("Cookie", "a=b"),
        ("TE", "trailers"),
        ("Proxy-Connection", "keep-alive"),
        ("X-Kept", "yes"),
        ("Git-Protocol", "version=2"),
    ];
    let (status, answer) = child(&pass, "GET", pass.url(), &fields, b"").await;
    let names: Vec<String> = world.seen()[0].headers.iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(status, 200);
    for gone in ["authorization", "cookie", "te", "proxy-connection", "proxy-authorization", "connection"] {
        assert!(!names.iter().any(|name| name == gone), "{gone}: {names:?}");
    }
    assert!(names.iter().any(|name| name == "x-kept") && names.iter().any(|name| name == "git-protocol"));
    let answer = answer.to_ascii_lowercase();
    assert!(answer.contains("x-kept: yes"));
    assert!(!["set-cookie", "www-authenticate", "keep-alive", "proxy-"].iter().any(|name| answer.contains(name)), "{answer}");
}

#[tokio::test]
async fn tools_of_all_four_kinds_get_their_methods_and_long_heads_through() {
    let world = World::start().await;
    let egress = egress(vec![at(&world)]);
    let pass = egress.pass(&url(&format!("{}/repo/trunk", world.url()))).await.expect("a pass");
    for path in ["/repo/trunk", "/repo/!svn/me", "/repo/trunk?cmd=batch", "/repo/trunk/xfer"] {
        world.on(path, [Play::ok("fine")]);
    }
    let base = world.url();
    let arguments: Vec<(String, String)> = (1..=300).map(|n| (format!("X-HgArg-{n}"), "a".repeat(1000))).collect();
    let long: Vec<(&str, &str)> = arguments.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    for (method, path, fields, body) in [
        ("OPTIONS", "/repo/trunk", &[][..], &b"<xml/>"[..]),
        ("PROPFIND", "/repo/!svn/me", &[("Depth", "0")], b"<xml/>"),
        ("REPORT", "/repo/!svn/me", &[], b"<xml/>"),
        ("GET", "/repo/trunk?cmd=batch", &long, b""),
        ("POST", "/repo/trunk/xfer", &[("Content-Type", "application/x-fossil")], b"cards"),
    ] {
        let (status, answer) = child(&pass, method, &format!("{base}{path}"), fields, body).await;
        assert!(status == 200 && answer.ends_with("fine"), "{method} {path}: {answer} {:?}", pass.trouble());
    }
    assert_eq!(world.seen()[3].headers.iter().filter(|(name, _)| name.starts_with("x-hgarg-")).count(), 300);
}

#[tokio::test]
async fn bodies_go_through_whole_however_they_are_framed() {
    let body = noise(3 << 20);
    for length in [Length::Right, Length::Chunked, Length::Close] {
        let world = World::start().await;
        world.on("/lib/pack", [Play::ok(body.clone()).length(length)]);
        let egress = egress(vec![at(&world)]);
        let pass = egress.pass(&url(&format!("{}/lib", world.url()))).await.expect("a pass");
        let proxied = fetched(&pass, &format!("{}/pack", pass.url())).await;
        assert!(proxied == body, "{length:?}: {} bytes", proxied.len());
    }
}

#[tokio::test]
async fn a_request_body_goes_through_whole_in_chunks_or_not() {
    let echo = Echo::start().await;
    let egress = egress(vec![here(&echo.address)]);
    let pass = egress.pass(&url(&format!("http://{}/lib", echo.address))).await.expect("a pass");
    let target = format!("{}/git-upload-pack", pass.url());
    for size in [0, 1, 5000, (1 << 20) + 1, 5 << 20] {
        let body = noise(size);
        assert!(child(&pass, "POST", &target, &[], &body).await.1.ends_with(&format!("got {size} {}", sum(&body))), "{size}");
        let mut chunked: Vec<u8> = Vec::new();
        for piece in body.chunks(100_000) {
            chunked.extend(format!("{:x}\r\n", piece.len()).bytes());
            chunked.extend(piece);
            chunked.extend(b"\r\n");
        }
        chunked.extend(b"0\r\n\r\n");
        let (_, answer) =
            child(&pass, "POST", &target, &[("Transfer-Encoding", "chunked"), ("Content-Encoding", "gzip")], &chunked).await;
        assert!(answer.ends_with(&format!("got {size} {}", sum(&body))), "{size} in chunks: {answer:.200}");
    }
}

#[tokio::test]
async fn deadlines_and_breaks_are_told_as_themselves() {
    async fn check(play: Play, bend: fn(&mut Hop), want: impl Fn(&Trouble) -> bool) {
        let world = World::start().await;
        world.on("/lib/info/refs?service=git-upload-pack", [play]);
        let mut settings = direct(vec![at(&world)]);
        bend(&mut settings.patience);
        let pass = ready(&settings).pass(&url(&format!("{}/lib", world.url()))).await.expect("a pass");
        info_refs(&pass).await;
        let trouble = pass.trouble().expect("trouble");
        assert!(want(&trouble), "{trouble:?}");
    }
    use plan::trouble::Deadline::{FirstByte, Idle};
    check(
        Play::ok("").fault(Fault::Mute),
        |hop| hop.first_byte = Duration::from_millis(200),
        |t| *t == Trouble::Deadline(FirstByte, 200),
    )
    .await;
    let stalled = Play::ok("0123456789").fault(Fault::StallAt(5));
    check(stalled, |hop| hop.idle = Duration::from_millis(200), |t| *t == Trouble::Deadline(Idle, 200)).await;
    let cut = Play::ok("0123456789").fault(Fault::CutAt(5));
    check(cut, |_| {}, |t| matches!(t, Trouble::Broken(_))).await;
    check(Play::ok("").fault(Fault::Reset), |_| {}, |t| matches!(t, Trouble::Broken(_))).await;
    check(Play::status(500, ""), |_| {}, |t| *t == Trouble::Status(500, String::new())).await;
}

#[tokio::test]
async fn a_remote_that_sends_for_ever_is_cut_at_its_bound() {
    let world = World::start().await;
    world.on("/lib/git-upload-pack", [Play::ok(vec![0; 64 << 10]).length(Length::Close).fault(Fault::Endless)]);
    let egress = ready(&Direct { repository_bytes: 3 << 20, ..direct(vec![at(&world)]) });
    let pass = egress.pass(&url(&format!("{}/lib", world.url()))).await.expect("a pass");
    let (_, answer) = child(&pass, "POST", &format!("{}/git-upload-pack", pass.url()), &[], b"want").await;
    assert!(answer.len() <= (3 << 20) + (64 << 10), "{} bytes", answer.len());
    assert_eq!(pass.trouble(), Some(Trouble::TooLarge(3 << 20)));
}

#[tokio::test]
async fn a_port_of_ours_leads_to_a_remote_that_is_not_spoken_to_over_http() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    let server = tokio::spawn(async move {
        let (mut wire, _) = listener.accept().await.expect("a client");
        let mut heard = Vec::new();
        wire.write_all(b"( success ( 2 2 ( ) ) )").await.expect("sent");
        wire.read_to_end(&mut heard).await.expect("heard");
        heard
    });
    let rule = Access { schemes: vec!["svn".into()], ..here(&address.to_string()) };
    let pass = egress(vec![rule]).pass(&url(&format!("svn://{address}/repo/trunk"))).await.expect("a pass");
    assert_eq!(pass.url(), format!("svn://127.0.0.1:{}/repo/trunk", pass.port()));
    let mut wire = tokio::net::TcpStream::connect(("127.0.0.1", pass.port())).await.expect("our port");
    let mut greeting = vec![0; 23];
    wire.read_exact(&mut greeting).await.expect("greeted");
    wire.write_all(b"( 2 ( edit-pipeline ) )").await.expect("sent");
    wire.shutdown().await.expect("done");
    assert_eq!(server.await.expect("served"), b"( 2 ( edit-pipeline ) )");
    assert_eq!((greeting, pass.trouble()), (b"( success ( 2 2 ( ) ) )".to_vec(), None));
}

/// The body of an answer, as a tool would read it.
async fn fetched(pass: &Pass, target: &str) -> Vec<u8> {
    let proxy = url(pass.proxy());
    let wire = tokio::net::TcpStream::connect(("127.0.0.1", pass.port())).await.expect("the gateway");
    let (mut sender, connection) = hyper::client::conn::http1::handshake(hyper_util::rt::TokioIo::new(wire)).await.expect("http");
    let _task = tokio::spawn(connection);
    let login = format!("{}:{}", proxy.username(), proxy.password().expect("one"));
    let login = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, login);
    let request = http::Request::get(target).header("Proxy-Authorization", format!("Basic {login}"));
    let body = http_body_util::Empty::<bytes::Bytes>::new();
    let response = sender.send_request(request.body(body).expect("a request")).await.expect("an answer");
    let whole = http_body_util::BodyExt::collect(response.into_body()).await;
    assert_eq!(pass.trouble(), None);
    whole.expect("a body").to_bytes().to_vec()
}

/// Says how much it got.
struct Echo {
    address: String,
    task: tokio::task::JoinHandle<()>,
}

impl Echo {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound").to_string();
        let service = hyper::service::service_fn(|request: http::Request<hyper::body::Incoming>| async move {
            let body = http_body_util::BodyExt::collect(request.into_body()).await?.to_bytes();
            let said = format!("got {} {}", body.len(), sum(&body));
            Ok::<_, hyper::Error>(http::Response::new(http_body_util::Full::new(bytes::Bytes::from(said))))
        });
        let task = tokio::spawn(async move {
            while let Ok((wire, _)) = listener.accept().await {
                let io = hyper_util::rt::TokioIo::new(wire);
                tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(io, service));
            }
        });
        Self { address, task }
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn sum(bytes: &[u8]) -> u64 {
    bytes.iter().enumerate().fold(0, |sum, (at, byte)| sum ^ (u64::from(*byte) << (at % 56)))
}
