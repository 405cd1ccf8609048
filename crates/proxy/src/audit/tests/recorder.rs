//! What the task that writes lines does when much comes, or the log fails.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_burst_is_written_as_it_comes() {
    let (world, count) = (World::new(), 100_000);
    let running = world.start("one", None).await;
    for number in 0..count {
        running.audit.note(&asked(number));
        // Whoever writes lines has time, and no clock goes on as long as somebody works.
        let turns = if number % 8192 == 8191 { 100_000 } else { 0 };
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
    running.audit.note(&asked(0));
    running.stop().await;
    let lines = world.lines().await;
    assert!(matches!(&lines[..], [Line::Start { .. }, Line::Asked(_), Line::Stop { .. }]), "{lines:?}");
}

#[tokio::test(start_paused = true)]
async fn where_it_is_required_nobody_is_admitted_while_it_takes_no_lines_and_whoever_was_has_a_line() {
    let world = World { is_required: true, ..World::new() };
    let (audit, recorder, sequencer) = world.quiet("one", None).await;
    assert!(audit.admits());
    let refused = |number| Asked { decision: Decision::Failed, status: 503, ..asked(number) };
    let count = (0..).find(|number| {
        audit.note(&refused(*number));
        !audit.admits()
    });
    audit.note(&refused(0));
    assert_eq!(audit.counts().lost, 1, "of what was refused there may be no line");
    audit.note(&asked(7));
    assert_eq!(audit.counts().lost, 1, "of what was admitted before there is one");
    let running = Running { audit, recorder: tokio::spawn(recorder.run()), sequencer };
    until(|| running.audit.counts().recorded > count.expect("it is bounded")).await;
    assert!(running.audit.admits(), "once there is room again");
    world.faults.then(Some(Fault::NotStored));
    running.audit.note(&asked(1));
    until(|| running.audit.counts().unsure > 0).await;
    assert!(!running.audit.admits(), "the last line could not be written");
    world.faults.then(None);
    running.audit.note(&refused(2));
    until(|| running.audit.admits()).await;
    let lost = running.audit.counts();
    running.stop().await;
    let lines = world.lines().await;
    assert!(lines.contains(&Line::Asked(asked(7))) && lost.lost == 1 && lost.unsure == 1, "{lost:?}");
}

#[tokio::test(start_paused = true)]
async fn that_lines_are_missing_is_told_when_it_begins_and_when_it_is_over() {
    let world = World::new();
    let (audit, recorder, sequencer) = world.quiet("one", None).await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let teller = {
        let (audit, told) = (Arc::clone(&audit), Arc::clone(&told));
        let tell = move |missing| told.lock().unwrap().push(missing);
        tokio::spawn(async move { audit.tell_missing(&tell).await })
    };
    fill(&audit);
    (0..10).for_each(|number| audit.note(&asked(number)));
    let running = Running { audit, recorder: tokio::spawn(recorder.run()), sequencer };
    until(|| told.lock().unwrap().len() == 2).await;
    assert!(matches!(told.lock().unwrap()[..], [Missing::Begins(None), Missing::Over { lost: 11, unsure: 0 }]));
    world.faults.then(Some(Fault::NotStored));
    for number in 0..5 {
        running.audit.note(&asked(number));
        until(|| running.audit.counts().unsure > number).await;
    }
    // As long as no line can tell of it, it is not over.
    tokio::time::sleep(5 * limits::AUDIT_QUIET).await;
    assert!(matches!(told.lock().unwrap()[2..], [Missing::Begins(Some(_))]), "once, however often it fails");
    world.faults.then(None);
    running.audit.note(&asked(6));
    until(|| told.lock().unwrap().len() == 4).await;
    assert!(matches!(told.lock().unwrap()[3], Missing::Over { lost: 0, unsure: 5 }));
    teller.abort();
    assert!(teller.await.unwrap_err().is_cancelled());
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_comes_after_the_end_is_in_the_last_count() {
    let world = World::new();
    let (audit, recorder, sequencer) = world.quiet("one", None).await;
    audit.close();
    audit.note(&asked(0));
    Running { audit, recorder: tokio::spawn(recorder.run()), sequencer }.stop().await;
    let lines = world.lines().await;
    assert!(
        matches!(&lines[..], [Line::Start { .. }, Line::Gap(Gap { lost: 1, unsure: 0, .. }), Line::Stop { .. }]),
        "{lines:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn of_a_log_that_was_closed_it_is_sure_that_no_more_lines_are_in_it() {
    let world = World::new();
    let running = world.start("one", None).await;
    running.audit.note(&asked(0));
    until(|| running.audit.counts().recorded == 1).await;
    // What is read back before the next line is another record: the log takes none from then on.
    for width in 1..=2 {
        world.files.damage("audit", &format!("tile/8/data/000.p/{width}"), Some("other\n\n".into()));
    }
    running.audit.note(&asked(1));
    until(|| running.audit.log().refusal().is_some()).await;
    let unsure = running.audit.counts().unsure;
    running.audit.note(&asked(2));
    until(|| running.audit.counts().lost == 1).await;
    assert_eq!(running.audit.counts().unsure, unsure);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn it_is_not_over_while_lines_go_on_to_be_missing() {
    let world = World::new();
    let running = world.start("one", None).await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let teller = {
        let (audit, told) = (Arc::clone(&running.audit), Arc::clone(&told));
        let tell = move |missing| told.lock().unwrap().push(missing);
        tokio::spawn(async move { audit.tell_missing(&tell).await })
    };
    for number in 0..8 {
        world.faults.then(Some(Fault::NotStored));
        running.audit.note(&asked(number));
        until(|| running.audit.counts().unsure > number).await;
        world.faults.then(None);
        // It goes in, and with it a line of what is missing.
        running.audit.note(&asked(number));
        until(|| running.audit.counts().recorded > number).await;
        tokio::time::sleep(limits::AUDIT_QUIET / 2).await;
    }
    assert!(matches!(told.lock().unwrap()[..], [Missing::Begins(_)]), "{:?}", told.lock().unwrap());
    until(|| told.lock().unwrap().len() == 2).await;
    assert!(matches!(told.lock().unwrap()[1], Missing::Over { lost: 0, unsure: 8 }));
    teller.abort();
    assert!(teller.await.unwrap_err().is_cancelled());
    running.stop().await;
}

/// Waits until something is so, on a clock that stands still while anybody works.
async fn until(is_so: impl Fn() -> bool) {
    let patience = 1000;
    for _ in 0..patience {
        if is_so() {
            return;
        }
        tokio::time::sleep(limits::AUDIT_PAUSE).await;
    }
    panic!("it never is so");
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_into_the_queue_is_counted_and_the_count_is_a_line() {
    let world = World::new();
    let (audit, recorder, sequencer) = world.quiet("one", None).await;
    let fit = fill(&audit);
    (fit + 1..fit + 100).for_each(|number| audit.note(&asked(number)));
    assert_eq!(audit.counts(), Counts { recorded: 0, lost: 100, unsure: 0 });
    assert!(audit.admits(), "it is not required");
    Running { audit, recorder: tokio::spawn(recorder.run()), sequencer }.stop().await;
    let lines = world.lines().await;
    let gaps: Vec<&Gap> = lines.iter().filter_map(|line| if let Line::Gap(gap) = line { Some(gap) } else { None }).collect();
    let first = 1_000_000 + fit as i64;
    assert_eq!(gaps, [&Gap { from_ms: first, to_ms: first + 99, lost: 100, unsure: 0 }]);
    assert_eq!(lines.len() as u64, fit + 3);
}

/// Notes lines until one does not fit; how many did.
fn fill(audit: &Audit) -> u64 {
    let fit = (0..).find(|number| {
        audit.note(&asked(*number));
        audit.counts().lost > 0
    });
    let bytes = Line::Asked(asked(10_000)).print().len();
    let fit = fit.expect("it is bounded");
    assert!(fit.abs_diff((limits::AUDIT_WAITING_BYTES / bytes) as u64) < fit / 50, "{fit} lines of {bytes} bytes");
    fit
}
