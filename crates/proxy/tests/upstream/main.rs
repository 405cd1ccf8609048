//! Upstreams against servers that misbehave as told.

mod answers;
mod conditions;
mod deadlines;
mod directories;
mod forward_proxies;
mod redirects;
mod retries;
mod secrets;
mod tls;
mod zips;

use std::{sync::Arc, time::Duration, time::Instant};

use gomod::module::{ModulePath, Rev, Version};
use plan::{Event, Trouble, trace::AskEnd};
use proxy::{
    client::Roots,
    journey::Journey,
    settings::{Breaker, ForwardProxy, Hop, Login},
    spool::SpoolWriter,
    upstream::{Failure, Known, Question, Reply, Upstream, http::HttpUpstream},
};
use store::{Stage, blobs::TempPath};
use testkit::{random::noise, world::World};

/// Where the documents of module `example.test/m` are.
const LIST: &str = "/example.test/m/@v/list";
const LATEST: &str = "/example.test/m/@latest";
const INFO: &str = "/example.test/m/@v/v1.0.0.info";
const GO_MOD: &str = "/example.test/m/@v/v1.0.0.mod";
const ZIP: &str = "/example.test/m/@v/v1.0.0.zip";

/// Patient in every respect, so that a test shortens the one thing it is about.
fn hop(url: &str) -> Hop {
    let patient = Duration::from_secs(20);
    Hop {
        name: "there".to_owned(),
        url: url.to_owned(),
        connect: patient,
        tls: patient,
        first_byte: patient,
        idle: patient,
        total: patient,
        total_zip: patient,
        retries: 0,
        step_down: Vec::new(),
        breaker: Breaker { failures: 0, pause: patient },
        login: Login::None,
        ca_files: Vec::new(),
        forward_proxy: ForwardProxy::Direct,
    }
}

fn ready(hop: Hop) -> HttpUpstream {
    HttpUpstream::new(hop, &Roots::Files(Vec::new())).expect("a hop that can work")
}

fn to(world: &World) -> HttpUpstream {
    ready(hop(&world.url()))
}

fn module() -> ModulePath {
    ModulePath::parse("example.test/m").expect("a module path")
}

fn version() -> Version {
    Version::parse("v1.0.0").expect("a version")
}

fn list() -> Question {
    Question::List(module())
}

fn latest() -> Question {
    Question::Latest(module())
}

fn info() -> Question {
    Question::Stat(module(), Rev::parse("v1.0.0").expect("a revision"))
}

fn go_mod() -> Question {
    Question::GoMod(module(), version())
}

async fn ask(upstream: &dyn Upstream, question: &Question) -> Result<Reply, Failure> {
    upstream.ask(question, &Known::default(), &Journey::new(Instant::now())).await
}

/// The body of the answer to `question`.
async fn body(upstream: &dyn Upstream, question: &Question) -> String {
    match ask(upstream, question).await {
        Ok(Reply::Found { body, .. }) => String::from_utf8(body.to_vec()).expect("text"),
        other => panic!("no document: {other:?}"),
    }
}

/// The trouble that asking `question` makes.
async fn trouble(upstream: &dyn Upstream, question: &Question) -> Trouble {
    match ask(upstream, question).await {
        Err(Failure::Trouble(trouble)) => trouble,
        other => panic!("no trouble: {other:?}"),
    }
}

/// A spool in a file of its own; the second half keeps the file.
fn spool() -> (SpoolWriter, Stage) {
    let (file, path) = tempfile::NamedTempFile::new().expect("a file").keep().expect("kept");
    let stage = Stage { file: Arc::new(file), path: TempPath::new(path) };
    (SpoolWriter::new(&stage), stage)
}

/// What a zip's fetch left: its end, and the bytes in the spool.
async fn fetch(upstream: &dyn Upstream, spool: &mut SpoolWriter) -> (Result<(), Failure>, Vec<u8>) {
    let end = upstream.zip(&module(), &version(), spool, &Journey::new(Instant::now())).await;
    (end, spooled(spool))
}

fn spooled(spool: &SpoolWriter) -> Vec<u8> {
    use std::os::unix::fs::FileExt as _;
    let mut bytes = vec![0; usize::try_from(spool.written()).expect("small")];
    spool.reader().file().read_exact_at(&mut bytes, 0).expect("all that was written");
    bytes
}

/// The one `Asked` in a journey: what, attempts, end.
fn asked(journey: &Journey) -> (String, u32, AskEnd) {
    let mut all = journey.trace().events.into_iter().filter_map(|(_, event)| match event {
        Event::Asked { upstream, what, attempts, end, .. } => {
            assert_eq!(upstream, "there");
            Some((what, attempts, end))
        }
        _ => None,
    });
    let first = all.next().expect("asked once");
    assert_eq!(all.next(), None, "asked once only");
    first
}
