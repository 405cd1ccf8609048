//! The fuzz targets' promises, kept for the inputs in `fuzz/seeds`: those that show the grammar, and every one that once broke a promise.

#[path = "../../../fuzz/src/lib.rs"]
#[expect(unreachable_pub, reason = "a library of its own for libFuzzer, a module here")]
mod promises;

use std::path::Path;

#[test]
fn every_target_keeps_its_promises_for_its_seeds() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds");
    for (name, keeps) in promises::TARGETS {
        let folder = seeds.join(name);
        let files: Vec<_> = folder.read_dir().unwrap_or_else(|error| panic!("{}: {error}", folder.display())).flatten().collect();
        assert!(!files.is_empty(), "{name} has no seeds");
        for file in files {
            let data = std::fs::read(file.path()).expect("it was just listed");
            if std::panic::catch_unwind(|| keeps(&data)).is_err() {
                panic!("{} breaks a promise", file.path().display());
            }
        }
    }
}

#[test]
fn every_target_has_its_program() {
    let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/fuzz_targets");
    let mut listed: Vec<String> = programs
        .read_dir()
        .expect("it is in the repository")
        .flatten()
        .map(|file| file.file_name().to_string_lossy().into_owned())
        .collect();
    let mut named: Vec<String> = promises::TARGETS.iter().map(|(name, _)| format!("{name}.rs")).collect();
    listed.sort();
    named.sort();
    assert_eq!(listed, named);
}
