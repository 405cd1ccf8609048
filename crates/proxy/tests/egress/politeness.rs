//! How much is asked of one origin, and when it is left alone.

use testkit::{
    faults::{Fault, Play},
    world::World,
};

use super::*;

#[tokio::test]
async fn an_origin_that_asks_us_to_wait_is_asked_no_more_by_anybody() {
    let world = World::start().await;
    world.on("/x", [Play::status(429, "").header("Retry-After", "120")]).on("/y", [Play::ok("")]);
    let egress = egress(vec![at(&world)]);
    assert_eq!(get(&egress, &format!("{}/x", world.url())).await.map(|answer| answer.0), Ok(429));
    assert_eq!(get(&egress, &format!("{}/y", world.url())).await, Err(Trouble::Wait(429, 120)));
    let pass = egress.pass(&url(&format!("{}/lib", world.url()))).await;
    assert_eq!(pass.err(), Some(Trouble::Wait(429, 120)));
    assert_eq!(world.seen().len(), 1);
}

#[tokio::test]
async fn a_child_learns_that_it_must_wait_and_so_do_those_after_it() {
    let world = World::start().await;
    world.on("/lib/info/refs?service=git-upload-pack", [Play::status(503, "").header("Retry-After", "30")]);
    let egress = egress(vec![at(&world)]);
    let pass = egress.pass(&url(&format!("{}/lib", world.url()))).await.expect("a pass");
    assert_eq!((info_refs(&pass).await, pass.trouble()), (503, Some(Trouble::Wait(503, 30))));
    assert!(matches!(egress.pass(&url(&format!("{}/other", world.url()))).await, Err(Trouble::Wait(503, _))));
}

#[tokio::test]
async fn a_child_learns_that_it_must_wait_until_a_date() {
    let world = World::start().await;
    let date = Play::status(503, "").header("Retry-After", "Sat, 06 Nov 2094 08:49:37 GMT");
    world.on("/lib/info/refs?service=git-upload-pack", [date]);
    let egress = egress(vec![at(&world)]);
    let pass = egress.pass(&url(&format!("{}/lib", world.url()))).await.expect("a pass");
    assert_eq!(info_refs(&pass).await, 503);
    assert!(matches!(pass.trouble(), Some(Trouble::Wait(503, 1..))), "{:?}", pass.trouble());
}

#[tokio::test]
async fn questions_per_minute_are_bounded_per_origin() {
    let (world, other) = (World::start().await, World::start().await);
    world.on("/x", [Play::ok("")]);
    other.on("/x", [Play::ok("")]);
    let egress = ready(&Direct { requests_per_minute: 2, ..direct(vec![at(&world), at(&other)]) });
    let target = format!("{}/x", world.url());
    assert!(get(&egress, &target).await.is_ok());
    let pass = egress.pass(&url(&format!("{}/lib", world.url()))).await.expect("the second");
    let refused = get(&egress, &target).await;
    assert!(
        matches!(&refused, Err(Trouble::Refused(text)) if text.contains("(requests_per_minute); try again in ")),
        "{refused:?}"
    );
    assert!(get(&egress, &format!("{}/x", other.url())).await.is_ok());
    // What belongs to a question that was granted goes on.
    world.on("/lib/info/refs?service=git-upload-pack", [Play::ok("")]).on("/lib/git-upload-pack", [Play::ok("")]);
    assert_eq!(info_refs(&pass).await, 200);
    assert_eq!(child(&pass, "POST", &format!("{}/git-upload-pack", pass.url()), &[], b"want").await.0, 200);
}

#[tokio::test]
async fn exchanges_with_one_origin_are_bounded_ours_and_childrens_together() {
    let world = World::start().await;
    world.on("/slow", [Play::ok("all of it").fault(Fault::StallAt(3))]).on("/x", [Play::ok("")]);
    let mut settings = Direct { connections_per_origin: 1, ..direct(vec![at(&world)]) };
    (settings.patience.total, settings.patience.total_zip) = (Duration::from_millis(200), Duration::from_millis(300));
    let egress = ready(&settings);
    let answer = egress.get(&url(&format!("{}/slow", world.url())), &HeaderMap::new(), false).await.expect("a head");
    let late = |millis| Trouble::Deadline(plan::trouble::Deadline::Total, millis);
    assert_eq!(get(&egress, &format!("{}/x", world.url())).await, Err(late(200)), "a question of ours");
    let pass = egress.pass(&url(&format!("{}/lib", world.url()))).await.expect("a pass");
    assert_eq!(info_refs(&pass).await, 502);
    assert_eq!(pass.trouble(), Some(late(300)), "a child");
    assert_eq!(world.seen().len(), 1);
    drop(answer);
    assert_eq!(get(&egress, &format!("{}/x", world.url())).await.map(|answer| answer.0), Ok(200));
}
