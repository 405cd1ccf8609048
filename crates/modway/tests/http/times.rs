//! Clients that are slow, idle or many, and the server's own end.

use std::time::Duration;

use modway::http::{DoorLimits, Phase};
use proxy::answer::{Caching, Media};
use tokio::{
    net::TcpSocket,
    time::{Instant, sleep, timeout},
};

use crate::support::{Client, DEADLINE, Script, Server, memory};

const PATH: &str = "/example.com/m/@v/list";
const BRIEF: Duration = Duration::from_millis(300);

fn script() -> Script {
    Script::default().with(PATH, Ok(memory("v1.0.0\n", Media::Text, Caching::Revalidate)))
}

async fn server(limits: DoorLimits) -> Server {
    Server::start_with(script(), limits, None).await
}

#[tokio::test]
async fn connections_that_bring_no_request_are_closed() {
    let server = server(DoorLimits { header: BRIEF, ..DoorLimits::default() }).await;
    for start in ["", "P", "PRI * HTTP/2.0\r\n", "G", "GET / HTTP/1.1\r\nHost: te", "GET / HTTP/1.1\r\nHost: test\r\n"] {
        let (mut client, began) = (server.connect().await, Instant::now());
        client.send(start).await;
        client.rest().await;
        assert!(began.elapsed() >= BRIEF, "{start:?}: not before its time");
    }
}

#[tokio::test]
async fn a_dribbled_header_is_closed_after_its_time_in_all() {
    let server = server(DoorLimits { header: BRIEF, ..DoorLimits::default() }).await;
    let mut client = server.connect().await;
    assert_eq!(client.ask("GET", PATH, "").await.status, 200, "the second header on a connection is bound, too");
    let began = Instant::now();
    client.send("GET / HTTP/1.1\r\n").await;
    while timeout(BRIEF / 6, client.more()).await != Ok(0) {
        client.send("X: y\r\n").await;
        assert!(began.elapsed() < DEADLINE);
    }
    assert!(began.elapsed() >= BRIEF);
}

#[tokio::test]
async fn an_idle_connection_is_closed_and_a_used_one_is_not() {
    let server = server(DoorLimits { idle: BRIEF, ..DoorLimits::default() }).await;
    let (mut client, began) = (server.connect().await, Instant::now());
    while began.elapsed() < BRIEF * 3 {
        assert_eq!(client.ask("GET", PATH, "").await.status, 200);
        sleep(BRIEF / 4).await;
    }
    let idle = Instant::now();
    assert!(client.rest().await.is_empty());
    assert!(idle.elapsed() >= BRIEF / 2);
}

#[tokio::test]
async fn a_request_that_takes_long_is_not_idle() {
    let script = Script { gated: vec![PATH.to_owned()], ..script() };
    let server = Server::start_with(script, DoorLimits { idle: BRIEF, header: BRIEF, ..DoorLimits::default() }, None).await;
    let mut client = server.connect().await;
    client.send(format!("GET {PATH} HTTP/1.1\r\nHost: test\r\n\r\n")).await;
    server.script.arrived.notified().await;
    sleep(BRIEF * 3).await;
    server.script.open.notify_one();
    assert_eq!(client.response(false).await.unwrap().status, 200);
}

const LARGE: usize = 24 << 20;

/// A server with a large answer, and a client with a receive window much smaller than it, which has asked for it.
async fn slow_reader(stall: Duration) -> (Server, Client<tokio::net::TcpStream>) {
    let script = Script::default().with("/example.com/m/@v/v1.0.0.zip", Ok(memory(vec![7; LARGE], Media::Zip, Caching::Never)));
    let server = Server::start_with(script, DoorLimits { write_stall: stall, ..DoorLimits::default() }, None).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(512 << 10).unwrap();
    let mut client = Client { stream: socket.connect(server.address).await.unwrap(), read: Vec::new() };
    client.send("GET /example.com/m/@v/v1.0.0.zip HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").await;
    (server, client)
}

#[tokio::test]
async fn a_slow_reader_that_moves_gets_everything() {
    let stall = BRIEF * 3;
    let (server, mut client) = slow_reader(stall).await;
    let began = Instant::now();
    let mut total = 0;
    // Slow until three times the stall time has passed, then as fast as it can. TCP shows this reader's moves about every 300 ms.
    loop {
        let read = client.more().await;
        total += read;
        client.read.clear();
        if read == 0 {
            break;
        }
        if began.elapsed() < stall * 3 {
            sleep(BRIEF / 10).await;
        }
    }
    assert!(total > LARGE, "only {total} bytes came");
    assert_eq!(server.log()[0]["end"], "whole");
}

#[tokio::test]
async fn a_reader_that_does_not_move_is_cut() {
    let (server, mut client) = slow_reader(BRIEF).await;
    let deadline = Instant::now() + DEADLINE;
    while server.log().is_empty() {
        assert!(Instant::now() < deadline, "the request ends");
        sleep(BRIEF / 10).await;
    }
    assert_eq!(server.log()[0]["end"], "client-left");
    assert!(client.rest().await.len() < LARGE);
}

#[tokio::test]
async fn more_connections_than_a_client_may_have_are_closed() {
    let server = server(DoorLimits { max_connections_per_client: 2, ..DoorLimits::default() }).await;
    let (mut one, mut two) = (server.connect().await, server.connect().await);
    assert_eq!((one.ask("GET", PATH, "").await.status, two.ask("GET", PATH, "").await.status), (200, 200));
    assert!(server.connect().await.ask_maybe(PATH).await.is_none(), "the third is closed without a word");
    drop(one);
    let deadline = Instant::now() + DEADLINE;
    while server.connect().await.ask_maybe(PATH).await.is_none() {
        assert!(Instant::now() < deadline, "a place becomes free when a connection ends");
    }
}

#[tokio::test]
async fn more_connections_than_there_is_room_for_wait() {
    let server = server(DoorLimits { max_connections: 1, ..DoorLimits::default() }).await;
    let mut one = server.connect().await;
    assert_eq!(one.ask("GET", PATH, "").await.status, 200);
    let mut two = server.connect().await;
    two.send(format!("GET {PATH} HTTP/1.1\r\nHost: test\r\n\r\n")).await;
    assert!(two.is_silent().await);
    drop(one);
    assert_eq!(two.response(false).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_crowd_that_comes_at_once_need_not_come_again() {
    // Nobody is let in, so all of them stand in the kernel's queue.
    let server = server(DoorLimits { max_connections: 0, ..DoorLimits::default() }).await;
    let crowd = timeout(DEADLINE / 2, async {
        let mut crowd = Vec::new();
        for _ in 0..300 {
            crowd.push(server.connect().await);
        }
        crowd
    });
    assert_eq!(crowd.await.expect("every connection is made").len(), 300);
}

#[tokio::test]
async fn a_graceful_stop_loses_no_answer() {
    let script = Script { gated: vec![PATH.to_owned()], ..script() };
    let mut server = Server::start(script).await;
    let (mut busy, mut idle, mut silent) = (server.connect().await, server.connect().await, server.connect().await);
    assert_eq!(idle.ask("GET", "/-/health", "").await.status, 200);
    busy.send(format!("GET {PATH} HTTP/1.1\r\nHost: test\r\n\r\n")).await;
    server.script.arrived.notified().await;
    server.phase.send(Phase::Draining).unwrap();
    assert!(idle.rest().await.is_empty() && silent.rest().await.is_empty(), "idle connections are closed at once");
    assert!(tokio::net::TcpStream::connect(server.address).await.is_err(), "nobody new comes in");
    assert!(!server.task.is_finished());
    server.script.open.notify_one();
    let response = busy.response(false).await.unwrap();
    assert_eq!((response.status, response.text(), response.header("connection")), (200, "v1.0.0\n", "close"));
    timeout(DEADLINE, &mut server.task).await.expect("it stops once nothing is in flight").unwrap();
}

#[tokio::test]
async fn a_stop_ends_at_its_deadline_or_at_the_second_word() {
    for (stop, second) in [(BRIEF, false), (DEADLINE, true)] {
        let script = Script { gated: vec![PATH.to_owned()], ..script() };
        let mut server = Server::start_with(script, DoorLimits { stop, ..DoorLimits::default() }, None).await;
        let mut client = server.connect().await;
        client.send(format!("GET {PATH} HTTP/1.1\r\nHost: test\r\n\r\n")).await;
        server.script.arrived.notified().await;
        server.phase.send(Phase::Draining).unwrap();
        if second {
            server.phase.send(Phase::Gone).unwrap();
        }
        timeout(DEADLINE / 2, &mut server.task).await.expect("it stops").unwrap();
        assert!(client.response(false).await.is_none());
        let line = server.log().pop().expect("even this request is logged");
        assert_eq!((line["end"].as_str(), line["status"].as_u64()), (Some("client-left"), Some(0)));
    }
}

#[tokio::test]
async fn a_door_with_threads_of_its_own_answers_on_all_of_them_and_stops() {
    let server = server(DoorLimits { workers: 3, ..DoorLimits::default() }).await;
    let mut clients = Vec::new();
    for _ in 0..7 {
        clients.push(server.connect().await);
    }
    for client in &mut clients {
        assert_eq!(client.ask("GET", PATH, "").await.status, 200);
    }
    server.phase.send_replace(Phase::Draining);
    for mut client in clients {
        assert!(client.rest().await.is_empty(), "the connection is closed");
    }
}
