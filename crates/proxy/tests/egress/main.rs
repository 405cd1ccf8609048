//! The one way out of direct mode, against servers that misbehave as told.

mod addresses;
mod apps;
mod gateway;
mod helpers;
mod logins;
mod places;
mod politeness;
mod redirects;
mod secrets;
mod ssh;
mod tls;

#[path = "../direct/settings.rs"]
mod settings;

use std::{
    collections::HashMap,
    io::{self, Write as _},
    net::IpAddr,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use http::{HeaderMap, StatusCode};
use plan::Trouble;
use proxy::{
    client::{Resolve, Resolving, Roots},
    egress::{Egress, Pass},
    settings::{Access, Credential, Direct, ForwardProxy, Hop, Secret},
};
use testkit::world::{Seen, World};
use url::Url;

use self::settings::{access, here};

/// Rules for these places.
fn direct(access: Vec<Access>) -> Direct {
    settings::direct(access, Path::new("/nowhere"))
}

/// A rule for a scripted server.
fn at(world: &World) -> Access {
    here(&world.address().to_string())
}

/// The same, with a login.
fn as_alice(place: &str) -> Access {
    Access { credential: Credential::Fixed("alice".to_owned(), secret("s3cret")), ..here(place) }
}

const ALICE: &str = "Basic YWxpY2U6czNjcmV0";

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

fn egress(access: Vec<Access>) -> Egress {
    ready(&direct(access))
}

fn ready(direct: &Direct) -> Egress {
    Egress::new(direct, &Roots::Files(Vec::new())).expect("settings that can work")
}

fn url(text: &str) -> Url {
    Url::parse(text).expect("a URL")
}

/// GETs `target`; its status and its body.
async fn get(egress: &Egress, target: &str) -> Result<(u16, String), Trouble> {
    let mut answer = egress.get(&url(target), &HeaderMap::new(), false).await?;
    let body = answer.read(1 << 20).await?;
    Ok((answer.status.as_u16(), String::from_utf8(body.to_vec()).expect("text")))
}

/// A request of a child, as its forward proxy gets it.
async fn child(pass: &Pass, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> (u16, String) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let proxy = url(pass.proxy());
    let mut wire = tokio::net::TcpStream::connect(("127.0.0.1", pass.port())).await.expect("the gateway");
    let login = base64::Engine::encode(
        &base64::engine::general_purpose::STANDARD,
        format!("{}:{}", proxy.username(), proxy.password().unwrap_or_default()),
    );
    let host = url(pass.url()).host_str().unwrap_or_default().to_owned();
    let mut head = format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
    if !headers.iter().any(|(name, _)| *name == "Proxy-Authorization") {
        head.push_str(&format!("Proxy-Authorization: Basic {login}\r\n"));
    }
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() && !headers.iter().any(|(name, _)| *name == "Transfer-Encoding") {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    wire.write_all(format!("{head}\r\n").as_bytes()).await.expect("sent");
    // A refusal may come, and the connection go, before the body is all there.
    let _ = wire.write_all(body).await;
    let mut answer = Vec::new();
    // No answer in these tests is longer, and one without end must not fill the machine.
    let _ = wire.take(16 << 20).read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    (status, answer)
}

/// The child's first question of a git remote.
async fn info_refs(pass: &Pass) -> u16 {
    child(pass, "GET", &format!("{}/info/refs?service=git-upload-pack", pass.url()), &[], b"").await.0
}

/// Per request: the target, and whether alice's login came along.
fn logins(world: &World) -> Vec<(String, bool)> {
    let known = |seen: Seen| {
        let login = seen.header("authorization").inspect(|&value| assert_eq!(value, ALICE));
        (seen.target.clone(), login.is_some())
    };
    world.seen().into_iter().map(known).collect()
}

fn owned(list: &[(&str, bool)]) -> Vec<(String, bool)> {
    list.iter().map(|(target, sent)| ((*target).to_owned(), *sent)).collect()
}

/// A file with this content.
fn file(content: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(content.as_bytes()).expect("written");
    file
}

/// Names that have the addresses they are told to have; each look takes the next answer, the last one stays.
#[derive(Default)]
struct Names {
    answers: Mutex<HashMap<String, Vec<Vec<IpAddr>>>>,
    looks: AtomicUsize,
}

impl Names {
    fn new(names: &[(&str, &[&[&str]])]) -> Arc<Self> {
        let parsed = |answer: &&[&str]| answer.iter().map(|ip| ip.parse().expect("an address")).collect();
        let answers = names.iter().map(|(name, answers)| ((*name).to_owned(), answers.iter().map(parsed).collect()));
        Arc::new(Self { answers: Mutex::new(answers.collect()), looks: AtomicUsize::new(0) })
    }

    fn looks(&self) -> usize {
        self.looks.load(Ordering::SeqCst)
    }
}

impl Resolve for Names {
    fn resolve(&self, host: &str) -> Resolving {
        self.looks.fetch_add(1, Ordering::SeqCst);
        let mut answers = self.answers.lock().expect("not poisoned");
        let answer = answers.get_mut(host).map(|queue| if queue.len() > 1 { queue.remove(0) } else { queue[0].clone() });
        Box::pin(async move { answer.ok_or_else(|| io::Error::other("no such name in this test")) })
    }
}

fn resolving(direct: &Direct, names: &Arc<Names>) -> Egress {
    let names: Arc<dyn Resolve> = Arc::clone(names) as _;
    Egress::with_resolver(direct, &Roots::Files(Vec::new()), names).expect("settings that can work")
}
