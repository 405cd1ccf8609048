//! Texts and pictures that are kept in the repository and made by the tool.

use std::{fs, path::Path};

/// The file at `path` from the root of the repository; empty if there is none.
pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)).unwrap_or_default()
}

/// Each file, by its path from the root of the repository, is what was made.
#[track_caller]
pub(crate) fn check(files: &[(String, String)]) {
    let differs = |(path, made): &&(String, String)| read(path) != *made;
    let mut stale = Vec::new();
    for (path, made) in files.iter().filter(differs) {
        let beside = Path::new(env!("CARGO_TARGET_TMPDIR")).join(path.replace('/', "+"));
        fs::write(&beside, made).expect("the folder for temporary files is there");
        stale.push(format!("{path} is not what the tool makes, which is now in {}", beside.display()));
    }
    assert!(stale.is_empty(), "{}", stale.join("\n"));
}
