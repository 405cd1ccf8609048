//! Each deadline passes as itself.

use plan::trouble::Deadline;
use testkit::{
    faults::{Fault, Length, Play},
    world::{Deaf, World},
};

use super::*;

const SHORT: Duration = Duration::from_millis(150);

fn passed(which: Deadline) -> Trouble {
    Trouble::Deadline(which, 150)
}

async fn world(play: Play) -> World {
    let world = World::start().await;
    world.on(LIST, [play.clone()]).on(ZIP, [play]);
    world
}

#[tokio::test]
async fn connect() {
    let deaf = Deaf::start().await;
    let upstream = ready(Hop { connect: SHORT, ..hop(&format!("http://{}", deaf.address)) });
    assert_eq!(trouble(&upstream, &list()).await, passed(Deadline::Connect));
}

#[tokio::test]
async fn tls() {
    let mute = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("https://{}", mute.local_addr().expect("bound"));
    let upstream = ready(Hop { tls: SHORT, ..hop(&url) });
    assert_eq!(trouble(&upstream, &list()).await, passed(Deadline::Tls));
}

#[tokio::test]
async fn first_byte() {
    let world = world(Play::ok("").fault(Fault::Mute)).await;
    let upstream = ready(Hop { first_byte: SHORT, ..hop(&world.url()) });
    assert_eq!(trouble(&upstream, &list()).await, passed(Deadline::FirstByte));
    assert_eq!(fetch(&upstream, &mut spool().0).await.0, Err(passed(Deadline::FirstByte).into()));
}

#[tokio::test]
async fn idle() {
    let world = world(Play::ok("v1.0.0\nv1.1.0\n").fault(Fault::StallAt(7))).await;
    let upstream = ready(Hop { idle: SHORT, ..hop(&world.url()) });
    assert_eq!(trouble(&upstream, &list()).await, passed(Deadline::Idle));
    let (end, bytes) = fetch(&upstream, &mut spool().0).await;
    assert_eq!((end, bytes), (Err(passed(Deadline::Idle).into()), b"v1.0.0\n".to_vec()));
}

#[tokio::test]
async fn total_ends_what_never_stalls_but_never_ends_either() {
    let drip = Play::ok("v1.0.0\n".repeat(1000)).fault(Fault::Drip(1, Duration::from_millis(10)));
    let world = world(drip.clone()).await;
    let upstream = ready(Hop { total: SHORT, total_zip: SHORT, ..hop(&world.url()) });
    assert_eq!(trouble(&upstream, &list()).await, passed(Deadline::Total));
    assert_eq!(fetch(&upstream, &mut spool().0).await.0, Err(passed(Deadline::Total).into()));
}

#[tokio::test]
async fn a_zip_has_its_own_total() {
    let world = world(Play::ok(noise(40)).fault(Fault::Drip(4, Duration::from_millis(10)))).await;
    let upstream = ready(Hop { total: SHORT, ..hop(&world.url()) });
    assert_eq!(fetch(&upstream, &mut spool().0).await, (Ok(()), noise(40)));
}

#[tokio::test]
async fn a_slow_text_of_a_refusal_costs_the_text_only() {
    let slow = Play::not_found("no such module").length(Length::Right).fault(Fault::StallAt(3));
    let world = world(slow).await;
    let upstream = ready(Hop { idle: SHORT, ..hop(&world.url()) });
    assert_eq!(ask(&upstream, &list()).await, Err(Failure::NotExist(String::new())));
}

#[tokio::test]
async fn connecting_takes_nothing_from_the_first_byte() {
    let deaf = Deaf::start().await;
    let hop = Hop { connect: SHORT, first_byte: Duration::from_millis(20), ..hop(&format!("http://{}", deaf.address)) };
    assert_eq!(trouble(&ready(hop), &list()).await, Trouble::Deadline(Deadline::Connect, 150));
}
