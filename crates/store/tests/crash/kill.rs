//! kill -9.

use crate::{
    dice, rounds,
    writer::{Ledger, Writer, read_back},
};

#[test]
fn a_killed_writer_leaves_all_that_it_was_told_and_nothing_wrong() {
    let home = tempfile::tempdir().unwrap();
    let (mut dice, mut ledger) = (dice(), Ledger::default());
    for round in 0..rounds(24, 500) {
        let mut writer = Writer::start(home.path(), round);
        // Now and then while it still opens the store.
        let writes = if round % 8 == 7 { 0 } else { dice.below(60) };
        writer.wait(writes, &mut ledger);
        writer.kill(&mut ledger);
        read_back(home.path(), &ledger);
    }
    assert!(ledger.len() > 100, "only {} writes were told", ledger.len());
}
