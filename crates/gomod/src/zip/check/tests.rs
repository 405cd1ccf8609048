use std::io::Cursor;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::super::testzip::Parts;
use super::{Report, Unread, check_zip};
use crate::module::{ModulePath, Version};

/// What `zip.Create` of Go 1.27.3 made of go.mod, `x~é.go` (empty) and sub/a.go; its h1 is `dirhash.HashZip`'s.
const GO_ZIP: &str = "UEsDBBQACAAIAAAAAAAAAAAAAAAAAAAAAAAbAAAAZXhhbXBsZS5jb20vbUB2MS4wLjAvZ28ubW9kABUA6v9tb2R1bGUgZXhhbXBsZS5jb20v\
    bQoDAFBLBwiwcUGPHAAAABUAAABQSwMEFAAICAgAAAAAAAAAAAAAAAAAAAAAABwAAABleGFtcGxlLmNvbS9tQHYxLjAuMC94fsOpLmdvAwBQSwcIAAAAAAIA\
    AAAAAAAAUEsDBBQACAAIAAAAAAAAAAAAAAAAAAAAAAAdAAAAZXhhbXBsZS5jb20vbUB2MS4wLjAvc3ViL2EuZ28ACgD1/3BhY2thZ2UgYQoDAFBLBwjFQjLJ\
    EQAAAAoAAABQSwECFAAUAAgACAAAAAAAsHFBjxwAAAAVAAAAGwAAAAAAAAAAAAAAAAAAAAAAZXhhbXBsZS5jb20vbUB2MS4wLjAvZ28ubW9kUEsBAhQAFAAI\
    CAgAAAAAAAAAAAACAAAAAAAAABwAAAAAAAAAAAAAAAAAZQAAAGV4YW1wbGUuY29tL21AdjEuMC4wL3h+w6kuZ29QSwECFAAUAAgACAAAAAAAxUIyyREAAAAK\
    AAAAHQAAAAAAAAAAAAAAAACxAAAAZXhhbXBsZS5jb20vbUB2MS4wLjAvc3ViL2EuZ29QSwUGAAAAAAMAAwDeAAAADQEAAAAA";

fn report(mut zip: Cursor<Vec<u8>>, module: &str, version: &str) -> Result<Report, String> {
    let (module, version) = (ModulePath::parse(module).unwrap(), Version::parse(version).unwrap());
    check_zip(&mut zip, &module, &version).map_err(|error| error.to_string())
}

/// What is said against a zip of files of example.com/m@v1.0.0, named from the module's root, with a byte in each file.
#[track_caller]
fn check(names: &[&str], want: &[&str]) {
    let names: Vec<String> = names.iter().map(|name| format!("example.com/m@v1.0.0/{name}")).collect();
    let files: Vec<(&str, &[u8])> =
        names.iter().map(|name| (&name[..], if name.ends_with('/') { &b""[..] } else { b"x" })).collect();
    let report = report(Parts::new(&files).join(), "example.com/m", "v1.0.0").unwrap();
    let said: Vec<String> = report.invalid.iter().map(|error| error.to_string().replace("example.com/m@v1.0.0/", "")).collect();
    assert_eq!(said, want);
    assert_eq!(report.h1.is_some(), want.is_empty());
}

#[test]
fn a_zip_that_go_made_has_the_h1_that_go_says() {
    let report = report(Cursor::new(BASE64_STANDARD.decode(GO_ZIP).unwrap()), "example.com/m", "v1.0.0").unwrap();
    let names = ["go.mod", "x~é.go", "sub/a.go"].map(|name| format!("example.com/m@v1.0.0/{name}"));
    assert_eq!(report.valid, names);
    assert_eq!(report.h1.unwrap().to_string(), "h1:j7PQBSSD1eD4oJhrFULmK/VTzvWMxndRHM5fC7FlXW4=");
    assert_eq!(report.fault(), None);
}

#[test]
fn an_empty_zip_passes() {
    check(&[], &[]);
    let report = report(Parts::new(&[]).join(), "example.com/m", "v1.0.0").unwrap();
    assert_eq!(report.h1.unwrap().to_string(), "h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
}

#[test]
fn directories_are_legal_but_change_the_h1() {
    check(&["", "a/", "a/b"], &[]);
    let h1 = |names: &[&str]| {
        let files: Vec<(&str, &[u8])> = names.iter().map(|name| (*name, &b""[..])).collect();
        report(Parts::new(&files).join(), "example.com/m", "v1.0.0").unwrap().h1
    };
    let (bare, with) = (["example.com/m@v1.0.0/a/b"], ["example.com/m@v1.0.0/a/", "example.com/m@v1.0.0/a/b"]);
    assert_ne!(h1(&bare), h1(&with));
}

#[test]
fn files_outside_the_module_are_invalid() {
    for (module, version) in [("example.com/n", "v1.0.0"), ("example.com/m", "v1.0.1"), ("example.com/m/v2", "v2.0.0")] {
        let said = report(Parts::new(&[("example.com/m@v1.0.0/a", b"")]).join(), module, version).unwrap();
        let want = format!(r#"example.com/m@v1.0.0/a: path does not have prefix "{module}@{version}/""#);
        assert_eq!((said.fault(), said.h1), (Some(want), None));
    }
}

#[test]
fn a_version_must_belong_to_its_path() {
    let said = report(Parts::new(&[]).join(), "example.com/m", "v2.0.0").unwrap_err();
    assert!(said.contains("should be v0 or v1, not v2"), "{said}");
}

#[test]
fn names_that_go_refuses_are_invalid() {
    check(&["../a"], &[r#"../a: malformed file path "../a": invalid path element "..""#]);
    check(
        &["a//b", "./a", "a/../b", "/"],
        &[
            "a//b: file path is not clean",
            "./a: file path is not clean",
            "a/../b: file path is not clean",
            "/: file path is not clean",
        ],
    );
    check(&["/a"], &[r#"/a: malformed file path "/a": empty path element"#]);
    check(&["a\\b"], &[r#"a\b: malformed file path "a\\b": invalid char '\\'"#]);
    check(&["con.go"], &[r#"con.go: malformed file path "con.go": "con" disallowed as path element component on Windows"#]);
    check(&["a\0"], &["a\0: malformed file path \"a\\x00\": invalid char '\\x00'"]);
    check(&["é/日本.go", ".a", "a b", "a~1"], &[]);
}

#[test]
fn names_that_collide_are_invalid() {
    check(&["a/b", "A/c"], &[r#"A/c: case-insensitive file name collision: "a" and "A""#]);
    check(&["a", "a/b"], &[r#"a/b: entry "a" is both a file and a directory"#]);
    check(&["a", "a/"], &[r#"a/: entry "a" is both a file and a directory"#]);
}

#[test]
fn go_mod_is_lower_case_and_in_the_root() {
    check(&["go.mod", "go.mod.orig", "xgo.mod"], &[]);
    check(&["GO.MOD"], &["GO.MOD: go.mod files must have lowercase names"]);
    check(
        &["sub/go.mod", "sub/Go.Mod"],
        &[
            "sub/go.mod: go.mod file not in module root directory",
            r#"sub/Go.Mod: case-insensitive file name collision: "sub/go.mod" and "sub/Go.Mod""#,
        ],
    );
    check(&["go.mod/a"], &[]);
    check(&["sub/GO.mod"], &["sub/GO.mod: go.mod file not in module root directory"]);
}

/// What is said of a zip whose entries claim these sizes, though nothing is in them; so nothing can have been read.
#[track_caller]
fn check_sizes(sizes: &[(&str, u32)], want: Option<&str>) {
    let names: Vec<String> = sizes.iter().map(|(name, _)| format!("example.com/m@v1.0.0/{name}")).collect();
    let mut parts = Parts::new(&names.iter().map(|name| (&name[..], &b""[..])).collect::<Vec<_>>());
    for (piece, (_, size)) in parts.pieces.iter_mut().zip(sizes) {
        piece.central[24..28].copy_from_slice(&size.to_le_bytes());
    }
    let said = report(parts.join(), "example.com/m", "v1.0.0");
    assert_eq!(said.map(|report| report.fault()), Ok(want.map(str::to_owned)));
}

#[test]
fn sizes_have_gos_limits() {
    let contents = "total uncompressed size of module contents too large (max size is 524288000 bytes)";
    check_sizes(&[("a", 500 << 20), ("b", 1)], Some(contents));
    check_sizes(&[("a", u32::MAX)], Some(contents));
    check_sizes(
        &[("go.mod", (16 << 20) + 1)],
        Some("example.com/m@v1.0.0/go.mod: go.mod file too large (max size is 16777216 bytes)"),
    );
    check_sizes(
        &[("LICENSE", (16 << 20) + 1)],
        Some("example.com/m@v1.0.0/LICENSE: LICENSE file too large (max size is 16777216 bytes)"),
    );
    check_sizes(&[("a", 0), ("LICENSE", 0)], None);
}

#[test]
fn contents_that_are_not_as_declared_are_an_error() {
    let mut parts = Parts::new(&[("example.com/m@v1.0.0/a", b"x")]);
    parts.pieces[0].central[24] = 2;
    parts.pieces[0].descriptor[12] = 2;
    let said = report(parts.join(), "example.com/m", "v1.0.0");
    assert_eq!(said, Err(r#"zip: corrupt content in "example.com/m@v1.0.0/a""#.to_owned()));
}

#[test]
fn a_zip_of_nothing_but_faults_has_a_short_report() {
    let names: Vec<String> = (0..2000).map(|number| format!("{number}:")).collect();
    let files: Vec<(&str, &[u8])> = names.iter().map(|name| (&name[..], &b""[..])).collect();
    let report = report(Parts::new(&files).join(), "example.com/m", "v1.0.0").unwrap();
    assert_eq!(report.invalid.len(), super::MAX_INVALID);
}

/// What comes out if shares of `least_bytes` are hashed, the last one first; and how many they were.
fn shared_out(mut zip: Cursor<Vec<u8>>, least_bytes: u64) -> (Result<Report, String>, usize) {
    let (module, version) = (ModulePath::parse("example.com/m").unwrap(), Version::parse("v1.0.0").unwrap());
    let unread = Unread::open(&mut zip, &module, &version).unwrap();
    let shares = unread.shares(least_bytes);
    let count = shares.len();
    let mut hashed: Vec<_> = shares.into_iter().rev().map(|share| unread.hash(share, &mut zip)).collect();
    hashed.reverse();
    let hashed = hashed.into_iter().collect::<Result<Vec<_>, _>>().map_err(|error| error.to_string());
    (hashed.map(|hashed| unread.finish(hashed)), count)
}

#[test]
fn however_a_zip_is_shared_out_its_report_is_the_same() {
    let names: Vec<String> = (0..10).map(|number| format!("example.com/m@v1.0.0/{number}.go")).collect();
    let contents: Vec<Vec<u8>> = (0..10).map(|number| vec![number; usize::from(number) * 1000]).collect();
    let files: Vec<(&str, &[u8])> = names.iter().zip(&contents).map(|(name, content)| (&name[..], &content[..])).collect();
    let zip = Parts::new(&files);
    let whole = report(zip.join(), "example.com/m", "v1.0.0");
    assert!(whole.as_ref().unwrap().h1.is_some());
    // 45 kB of contents and a KiB for each entry.
    for (least_bytes, shares) in [(0, 10), (10 << 10, 4), (45_216, 2), (45_217, 1), (u64::MAX, 1)] {
        assert_eq!(shared_out(zip.join(), least_bytes), (whole.clone(), shares), "{least_bytes}");
    }
    let mut damaged = zip.clone();
    for number in [4, 8] {
        damaged.pieces[number].central[16] ^= 1;
        damaged.pieces[number].descriptor[4] ^= 1;
    }
    let first = Err(r#"zip: checksum error in "example.com/m@v1.0.0/4.go""#.to_owned());
    for least_bytes in [0, 10 << 10, u64::MAX] {
        assert_eq!(shared_out(damaged.join(), least_bytes).0, first, "{least_bytes}");
    }
    assert_eq!(shared_out(Parts::new(&[]).join(), 0), (report(Parts::new(&[]).join(), "example.com/m", "v1.0.0"), 0));
    let stranger = Parts::new(&[("elsewhere", b"x")]);
    assert_eq!(shared_out(stranger.join(), 0), (report(stranger.join(), "example.com/m", "v1.0.0"), 0));
}

#[test]
fn a_share_that_nobody_hashed_leaves_no_h1() {
    let mut zip = Parts::new(&[("example.com/m@v1.0.0/a", b"1"), ("example.com/m@v1.0.0/b", b"2")]).join();
    let (module, version) = (ModulePath::parse("example.com/m").unwrap(), Version::parse("v1.0.0").unwrap());
    let unread = Unread::open(&mut zip, &module, &version).unwrap();
    let first = unread.shares(0).swap_remove(0);
    let hashed = unread.hash(first, &mut zip).unwrap();
    assert_eq!(unread.finish(vec![hashed]).h1, None);
}
