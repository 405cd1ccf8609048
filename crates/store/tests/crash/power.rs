//! Power cuts.

use std::{fs, io::Write as _};

use crate::{
    Dice,
    mount::{Mount, alone, skipped},
    rounds,
    writer::{Ledger, Writer, read_back},
};

const TOOLS: [&str; 3] = ["mkfs.ext4", "mkfs.xfs", "xfs_io"];

/// One file system sees so many cuts before it gives way to a fresh one.
const CUTS: usize = 5;

#[test]
fn a_power_cut_on_ext4_loses_nothing_that_was_told() {
    alone("power::a_power_cut_on_ext4_loses_nothing_that_was_told", &TOOLS, || check("ext4"));
}

#[test]
fn a_power_cut_on_xfs_loses_nothing_that_was_told() {
    alone("power::a_power_cut_on_xfs_loses_nothing_that_was_told", &TOOLS, || check("xfs"));
}

/// The control: if the rig lost nothing, the other tests would prove nothing.
#[test]
fn a_power_cut_loses_a_write_that_was_not_synced_and_no_other() {
    alone("power::a_power_cut_loses_a_write_that_was_not_synced_and_no_other", &TOOLS, || {
        control("ext4");
        control("xfs");
    });
}

fn check(kind: &'static str) {
    let mut dice = Dice::new();
    for _ in 0..rounds(1, 40) {
        let Ok(disk) = mount(kind) else { return };
        let (root, mut ledger) = (disk.path().join("store"), Ledger::default());
        for round in 0..CUTS {
            let mut writer = Writer::start(&root, round);
            writer.wait(dice.below(400), &mut ledger);
            disk.cut();
            writer.kill(&mut ledger);
            disk.again();
            read_back(&root, &ledger);
        }
        assert!(ledger.len() > 100, "only {} writes were told", ledger.len());
    }
}

fn control(kind: &'static str) {
    let Ok(disk) = mount(kind) else { return };
    let whole = [7; 10_000];
    let mut lost = 0;
    for round in 0..CUTS {
        let (synced, unsynced) = (disk.path().join(format!("synced {round}")), disk.path().join(format!("unsynced {round}")));
        let mut file = fs::File::create(&synced).unwrap();
        file.write_all(&whole).unwrap();
        file.sync_all().unwrap();
        fs::File::open(disk.path()).unwrap().sync_all().unwrap();
        fs::write(&unsynced, whole).unwrap();
        drop(file);
        disk.cut();
        disk.again();
        assert_eq!(fs::read(&synced).unwrap(), whole, "{kind}");
        lost += usize::from(fs::read(&unsynced).ok().as_deref() != Some(&whole[..]));
    }
    assert!(lost > 0, "{kind}: the rig lost nothing");
}

fn mount(kind: &'static str) -> Result<Mount, ()> {
    Mount::image(kind, 512 << 20, &[]).map_err(|reason| skipped(kind, &reason))
}
