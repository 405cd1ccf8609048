//! What the task that writes lines does when much comes, or the log fails.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_burst_is_written_as_it_comes() {
    let (world, count) = (World::new(), 3 * limits::AUDIT_WAITING as u64);
    let running = world.start("one", None).await;
    for number in 0..count {
        running.audit.note(asked(number));
        // Whoever writes lines has time, and no clock goes on as long as somebody works.
        let turns = if number % 1024 == 1023 { 100_000 } else { 0 };
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
    }
    running.stop().await;
    let lines = world.lines().await;
    assert_eq!(lines.iter().filter(|line| matches!(line, Line::Asked(_))).count() as u64, count);
    assert!(!lines.iter().any(|line| matches!(line, Line::Gap(_))));
}

#[tokio::test(start_paused = true)]
async fn a_start_that_could_not_be_written_is_written_later() {
    let world = World::new();
    let (audit, recorder, sequencer) = world.quiet("one", None).await;
    world.faults.then(Some(Fault::NotStored));
    let running = Running { audit, recorder: tokio::spawn(recorder.run()), sequencer };
    tokio::time::sleep(limits::AUDIT_PAUSE).await;
    world.faults.then(None);
    running.audit.note(asked(0));
    running.stop().await;
    let lines = world.lines().await;
    assert!(matches!(&lines[..], [Line::Start { .. }, Line::Asked(_), Line::Stop { .. }]), "{lines:?}");
}
