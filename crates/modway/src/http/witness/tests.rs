use std::{
    net::Ipv4Addr,
    time::{Duration, Instant},
};

use gomod::sumdb::{
    checkpoint::Checkpoint,
    cosign::Cosigner,
    note::{self, SignerKey},
    tlog::{Hash, Tree},
};
use proxy::{clock::Clock, tlog::witness::WitnessSettings};
use store::log::memory::logs;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpSocket,
    task::JoinHandle,
};

use super::*;

const ORIGIN: &str = "sum.corp.test";

/// A line that the operator was told.
type Line = (&'static str, String, Value);

/// A witness at its door.
struct World {
    address: SocketAddr,
    phase: watch::Sender<Phase>,
    serving: JoinHandle<()>,
    told: Arc<Mutex<Vec<Line>>>,
}

fn key() -> SignerKey {
    SignerKey::from_seed(ORIGIN, &[7; 32]).expect("a key")
}

/// A submission of a tree of so many records, whose root is made of `fill`.
fn submission(old: u64, size: u64, fill: u8) -> String {
    let text = Checkpoint::new(ORIGIN, Tree { size, hash: Hash([fill; 32]) }).expect("a line").to_string();
    format!("old {old}\n\n{}", note::sign(&text, &[], &[&key()]).expect("a note"))
}

impl World {
    async fn start() -> Self {
        let cosigner = Cosigner::from_seed("w.test", &[3; 32]).expect("a key");
        let settings =
            WitnessSettings { cosigner, logs: vec![(ORIGIN.to_owned(), vec![key().verifier()])], holder: "one".to_owned() };
        let witness = Arc::new(Witness::new(settings, logs(Default::default(), Default::default()), Clock::system()));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("some port is free");
        let (address, told) = (listener.local_addr().expect("it is bound"), Arc::<Mutex<Vec<Line>>>::default());
        let lines = Arc::clone(&told);
        let alarm: Alarm = Arc::new(move |level, sentence, fields| {
            lines.lock().unwrap_or_else(PoisonError::into_inner).push((level, sentence.to_owned(), fields));
        });
        let (phase, watched) = watch::channel(Phase::Serving);
        Self { address, phase, serving: tokio::spawn(serve(witness, listener, watched, alarm)), told }
    }

    /// A connection from one of this machine's own addresses.
    async fn connect(&self, from: u8) -> TcpStream {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind((Ipv4Addr::new(127, 0, 0, from), 0).into()).expect("all of 127/8 is ours");
        socket.connect(self.address).await.expect("it listens")
    }

    /// Status, media type and body of the answer to a submission.
    async fn submit(&self, body: &str) -> (u16, String, String) {
        let head =
            format!("POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
        let (mut stream, mut answer) = (self.connect(1).await, String::new());
        stream.write_all(format!("{head}{body}").as_bytes()).await.expect("it listens");
        stream.read_to_string(&mut answer).await.expect("it answers");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        let media_type = head.lines().find_map(|line| line.strip_prefix("content-type: ")).expect("a type");
        (head[9..12].parse().expect("a status"), media_type.to_owned(), body.to_owned())
    }

    async fn ends(self, within: Duration) {
        timeout(within, self.serving).await.expect("it ends in time").expect("it does not panic");
    }
}

/// Asks and reads the answer, and keeps the connection; false if it is closed instead.
async fn is_answered(stream: &mut TcpStream) -> bool {
    let mut answer = [0; 1024];
    let asked = stream.write_all(b"GET /00/checkpoint HTTP/1.1\r\nHost: w\r\n\r\n").await.is_ok();
    asked && stream.read(&mut answer).await.is_ok_and(|count| count > 0)
}

#[tokio::test]
async fn whoever_holds_all_connections_does_not_keep_a_witness_from_stopping() {
    let world = World::start().await;
    let mut held = Vec::new();
    for number in 0..MAX_WITNESS_CONNECTIONS {
        let mut stream = world.connect(1 + (number / MAX_WITNESS_CONNECTIONS_PER_CLIENT) as u8).await;
        assert!(is_answered(&mut stream).await, "{number}");
        held.push(stream);
    }
    let _waiting = world.connect(99).await;
    world.phase.send_replace(Phase::Draining);
    world.ends(Duration::from_secs(2)).await;
}

#[tokio::test]
async fn a_submission_that_does_not_end_is_cut_by_the_second_signal() {
    let world = World::start().await;
    let mut stream = world.connect(1).await;
    assert!(is_answered(&mut stream).await);
    stream.write_all(b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 100\r\n\r\nold ").await.expect("it listens");
    // Answered behind it on another connection: the first one was read by then.
    assert!(is_answered(&mut world.connect(1).await).await);
    world.phase.send_replace(Phase::Draining);
    tokio::task::yield_now().await;
    world.phase.send_replace(Phase::Gone);
    world.ends(Duration::from_secs(2)).await;
}

#[tokio::test]
async fn one_client_leaves_room_for_others() {
    let world = World::start().await;
    let mut held = Vec::new();
    for _ in 0..MAX_WITNESS_CONNECTIONS_PER_CLIENT {
        let mut stream = world.connect(1).await;
        assert!(is_answered(&mut stream).await);
        held.push(stream);
    }
    assert!(!is_answered(&mut world.connect(1).await).await, "one more than it may have");
    assert!(is_answered(&mut world.connect(2).await).await);
    drop(held);
    let end = Instant::now() + Duration::from_secs(10);
    while !is_answered(&mut world.connect(1).await).await {
        assert!(Instant::now() < end, "room is made when connections end");
    }
}

#[tokio::test]
async fn each_refusal_has_the_status_of_the_specification() {
    let world = World::start().await;
    let check = async |body: &str, status: u16, media_type: &str, text: &str| {
        let answer = world.submit(body).await;
        assert_eq!((answer.0, answer.1.as_str(), answer.2.contains(text)), (status, media_type, true), "{body}: {answer:?}");
    };
    check("old", 400, TEXT_TYPE, "bad submission").await;
    check(&submission(6, 5, 1), 400, TEXT_TYPE, "bad submission").await;
    check(&submission(0, 5, 1).replacen(ORIGIN, "other", 1), 404, TEXT_TYPE, "other").await;
    check(&submission(0, 5, 1).replacen("\n5\n", "\n6\n", 1), 403, TEXT_TYPE, "not signed").await;
    check(&submission(0, 5, 1), 200, TEXT_TYPE, "— w.test ").await;
    check(&submission(0, 9, 2), 409, SIZE_TYPE, "5\n").await;
    check(&submission(5, 5, 1), 200, TEXT_TYPE, "— w.test ").await;
    assert_eq!(*world.told.lock().unwrap(), [], "nothing of this needs an operator");
    check(&submission(5, 5, 2), 409, SIZE_TYPE, "5\n").await;
    check(&submission(5, 9, 2), 422, TEXT_TYPE, "no proof").await;
    check(&"x".repeat(MAX_SUBMISSION_BYTES + 1), 413, TEXT_TYPE, "too large").await;
}

#[tokio::test]
async fn a_fork_is_an_error_with_its_evidence_and_what_anybody_can_bring_about_is_one_warning() {
    let world = World::start().await;
    assert_eq!(world.submit(&submission(0, 5, 1)).await.0, 200);
    for size in 6..46 {
        assert_eq!(world.submit(&submission(5, size, 2)).await.0, 422);
        assert_eq!(world.submit(&submission(5, 5, size as u8)).await.0, 409);
    }
    let told = world.told.lock().unwrap();
    let levels: Vec<_> = told.iter().map(|(level, ..)| *level).collect();
    assert_eq!(levels, ["warn", "error"], "{told:?}");
    let (_, sentence, fields) = &told[1];
    assert!(sentence.contains("sum.corp.test has signed two trees of 5 records"), "{sentence}");
    let evidence = fields["log.checkpoint"].as_str().expect("the note");
    assert!(note::open(evidence.as_bytes(), &[&key().verifier()]).is_ok(), "the log's own signature is the proof");
}
