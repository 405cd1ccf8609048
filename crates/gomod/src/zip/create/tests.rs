use std::io::{self, Cursor, Read};

use sha2::{Digest as _, Sha256};

use super::super::check::check_zip;
use super::{Deflated, Deflater, FileKind, SourceFile, check_files, create};
use crate::module::{ModulePath, Version};

struct File<'a> {
    path: &'a [u8],
    kind: FileKind,
    size_bytes: u64,
    content: &'a [u8],
}

impl SourceFile for File<'_> {
    fn path(&self) -> &[u8] {
        self.path
    }

    fn kind(&self) -> FileKind {
        self.kind
    }

    fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(self.content))
    }
}

fn file<'a>(path: &'a str, content: &'a [u8]) -> File<'a> {
    File { path: path.as_bytes(), kind: FileKind::Regular, size_bytes: content.len() as u64, content }
}

fn refs<'a>(files: &'a [File<'a>]) -> Vec<&'a dyn SourceFile> {
    files.iter().map(|file| file as &dyn SourceFile).collect()
}

/// Says of each path `+` if it comes into the zip, `-` if it is left out, `!` if it is invalid. A path may end in ` ->` for a
/// symbolic link or in `/` for a directory; `go.mod` has the text given.
#[track_caller]
fn check(go_mod: &str, paths: &[&str], want: &str) {
    let files: Vec<File> = paths
        .iter()
        .map(|path| match (path.strip_suffix(" ->"), path.strip_suffix('/')) {
            (Some(link), _) => File { kind: FileKind::Symlink, ..file(link, b"") },
            (_, Some(dir)) => File { kind: FileKind::Directory, ..file(dir, b"") },
            _ => file(path, if *path == "go.mod" { go_mod.as_bytes() } else { b"" }),
        })
        .collect();
    let report = check_files(&refs(&files));
    let verdict = |file: &File| {
        let path = String::from_utf8_lossy(file.path).into_owned();
        let is_in = |list: &[super::super::FileError]| list.iter().any(|error| error.path == path);
        match (report.valid.contains(&path), is_in(&report.omitted), is_in(&report.invalid)) {
            (true, false, false) => '+',
            (false, true, false) => '-',
            (false, false, true) => '!',
            other => panic!("{path}: {other:?}"),
        }
    };
    assert_eq!(files.iter().map(verdict).collect::<String>(), want, "{report:?}");
}

#[test]
fn other_modules_vendored_packages_and_links_are_left_out() {
    check("", &["a.go", "go.mod", "sub/go.mod", "sub/x/y.go", "subs/x.go", "link ->", "dir/", ".hg_archival.txt"], "++--+---");
    check("", &["a/GO.MOD", "a/b", "x/go.mod ->", "x/y"], "---+");
    check("", &["x/.hg_archival.txt", ".git/config", "a/.gitignore"], "+++");
}

#[test]
fn the_vendor_rule_follows_the_go_line() {
    let paths = ["go.mod", "vendor/modules.txt", "vendor/a/b.go", "pkg/vendor/v.go"];
    for old in ["", "module m\n", "go 1.23\n", "go 1.23.9\n", "nonsense {\n"] {
        check(old, &paths, "++--");
    }
    for new in ["go 1.24\n", "module m\n\ngo 1.24.1 // yes\n", "go 1.24rc1\n", "go 2.0\n"] {
        check(new, &paths, "+--+");
    }
}

#[test]
fn bad_names_are_harmless_only_where_they_are_left_out_before() {
    check("", &["vendor/a/con", "sub/go.mod", "sub/a*b", "a'b"], "---!");
    check("", &["con ->"], "!");
    check("", &["a", "A ->"], "+!");
    check("", &["a ->", "A"], "-!");
    check("", &["Go.mod", "a//b", "/a", "../a", "a/"], "!!!!-");
    check("", &["a", "a/b"], "+!");
}

#[test]
fn of_several_faults_of_one_path_the_first_is_told() {
    let report = check_files(&[&file("con", b""), &file("con", b""), &file("a//b", b""), &file("a//b", b"")]);
    assert_eq!(report.invalid.len(), 2);
    let report = check_files(&[&file("vendor/a/b", b""), &file("vendor/a/b", b"")]);
    assert_eq!(report.omitted.len(), 1);
}

#[test]
fn a_name_that_is_not_utf_8_is_invalid_in_the_module_and_harmless_elsewhere() {
    let (bad, vendored) = (File { path: b"a\xff", ..file("", b"") }, File { path: b"vendor/a/\xff", ..file("", b"") });
    let report = check_files(&[&bad, &vendored]);
    assert_eq!(report.fault().unwrap(), "a\u{fffd}: malformed file path \"a\\xff\": invalid UTF-8");
    assert_eq!(report.omitted.len(), 1);
}

#[test]
fn sizes_have_gos_limits() {
    let sized = |path, size_bytes| File { size_bytes, ..file(path, b"") };
    let fault = |files: &[File]| check_files(&refs(files)).fault().unwrap_or_default();
    assert_eq!(fault(&[sized("a", 500 << 20)]), "");
    assert_eq!(fault(&[sized("a", 500 << 20), sized("b", 1)]), "module source tree too large (max size is 524288000 bytes)");
    assert_eq!(fault(&[sized("vendor/a/a", 500 << 20), sized("b", 1)]), "");
    assert_eq!(fault(&[sized("go.mod", (16 << 20) + 1)]), "go.mod: go.mod file too large (max size is 16777216 bytes)");
    assert_eq!(fault(&[sized("LICENSE", (16 << 20) + 1)]), "LICENSE: LICENSE file too large (max size is 16777216 bytes)");
    assert_eq!(fault(&[sized("sub/LICENSE", (16 << 20) + 1)]), "");
}

/// Makes the zip of example.com/m@v1.0.0.
fn zip(files: &[File]) -> (Result<super::Created, String>, Vec<u8>) {
    let mut out = Vec::new();
    let (module, version) = (ModulePath::parse("example.com/m").unwrap(), Version::parse("v1.0.0").unwrap());
    let created = create(&refs(files), &module, &version, &mut out).map_err(|error| error.to_string());
    (created, out)
}

#[test]
fn the_h1_and_the_names_are_those_go_gives_the_same_files() {
    let files = [file("go.mod", b"module example.com/m\n"), file("x~é.go", b""), file("sub/a.go", b"package a\n")];
    let (created, out) = zip(&files);
    let created = created.unwrap();
    // As `dirhash.HashZip` of Go 1.27.3 has it for what its `zip.Create` makes of these files.
    assert_eq!(created.h1.to_string(), "h1:j7PQBSSD1eD4oJhrFULmK/VTzvWMxndRHM5fC7FlXW4=");
    assert_eq!((created.zip_bytes, created.report.h1), (out.len() as u64, Some(created.h1)));
}

#[test]
fn the_container_is_laid_out_as_gos() {
    let (_, out) = zip(&[file("~", b"")]);
    let name = b"example.com/m@v1.0.0/~";
    let local = [b"PK\x03\x04\x14\0\x08\x08\x08\0", &[0; 16][..], &[22, 0, 0, 0], name, &[3, 0]].concat();
    let descriptor = b"PK\x07\x08\0\0\0\0\x02\0\0\0\0\0\0\0";
    let head = b"PK\x01\x02\x14\0\x14\0\x08\x08\x08\0\0\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0\x16\0";
    let central = [&head[..], &[0; 16], name].concat();
    let end = b"PK\x05\x06\0\0\0\0\x01\0\x01\0\x44\0\0\0\x46\0\0\0\0\0";
    assert_eq!(out, [&local[..], descriptor, &central, end].concat());
}

#[test]
fn what_is_created_passes_the_check() {
    let big = (0..200_000u32).flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes()).collect::<Vec<u8>>();
    let files = [file("a/b/é", &big), file("vendor/x/y", b"left out"), file("LICENSE", b"free\n"), file("go.mod", b"")];
    let (created, out) = zip(&files);
    let (module, version) = (ModulePath::parse("example.com/m").unwrap(), Version::parse("v1.0.0").unwrap());
    let report = check_zip(&mut Cursor::new(out), &module, &version).unwrap();
    assert_eq!((report.h1, report.fault()), (Some(created.unwrap().h1), None));
    assert_eq!(report.valid, ["a/b/é", "LICENSE", "go.mod"].map(|name| format!("example.com/m@v1.0.0/{name}")));
}

/// A file whose content was deflated ahead, and cannot be opened.
struct Ahead<'a>(File<'a>, Deflated);

impl SourceFile for Ahead<'_> {
    fn path(&self) -> &[u8] {
        self.0.path
    }

    fn kind(&self) -> FileKind {
        self.0.kind
    }

    fn size_bytes(&self) -> u64 {
        self.0.size_bytes
    }

    fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn deflated(&self) -> Option<&Deflated> {
        Some(&self.1)
    }
}

#[test]
fn a_content_deflated_ahead_makes_the_same_zip() {
    let big = (0..100_000u32).flat_map(|number| (number % 977).to_le_bytes()).collect::<Vec<u8>>();
    let plain = || [file("LICENSE", b""), file("a/b.go", &big), file("c.go", b"package c\n")];
    let mut deflater = Deflater::default();
    let ahead = plain().map(|file| {
        let deflated = deflater.ahead(file.content, Sha256::digest(file.content).into());
        Ahead(file, deflated)
    });
    let refs: Vec<&dyn SourceFile> = ahead.iter().map(|file| file as &dyn SourceFile).collect();
    let mut out = Vec::new();
    let (module, version) = (ModulePath::parse("example.com/m").unwrap(), Version::parse("v1.0.0").unwrap());
    let created = create(&refs, &module, &version, &mut out).unwrap();
    let (want, bytes) = zip(&plain());
    assert_eq!((created.h1, out), (want.unwrap().h1, bytes));
}

#[test]
fn a_content_deflated_ahead_that_is_longer_than_its_file_makes_no_zip() {
    let ahead =
        Ahead(File { size_bytes: 2, ..file("a", b"xyz") }, Deflater::default().ahead(b"xyz", Sha256::digest(b"xyz").into()));
    let (module, version) = (ModulePath::parse("example.com/m").unwrap(), Version::parse("v1.0.0").unwrap());
    let error = create(&[&ahead], &module, &version, &mut Vec::new()).unwrap_err();
    assert_eq!(error.to_string(), r#"create zip: file "a" is larger than declared size"#);
}

#[test]
fn more_entries_than_the_plain_end_can_count_are_counted() {
    let names: Vec<String> = (0..65_535).map(|number| number.to_string()).collect();
    let files: Vec<File> = names.iter().map(|name| file(name, b"")).collect();
    let (created, out) = zip(&files);
    let (module, version) = (ModulePath::parse("example.com/m").unwrap(), Version::parse("v1.0.0").unwrap());
    let report = check_zip(&mut Cursor::new(out), &module, &version).unwrap();
    assert_eq!((report.h1, report.valid.len()), (Some(created.unwrap().h1), 65_535));
}

#[test]
fn invalid_files_and_growing_ones_make_no_zip() {
    let (created, _) = zip(&[file("con", b""), file("a", b""), file("a:", b"")]);
    let want = "create zip: con: malformed file path \"con\": \"con\" disallowed as path element component on Windows\n\
        a:: malformed file path \"a:\": invalid char ':'";
    assert_eq!(created.unwrap_err(), want);
    let (created, _) = zip(&[File { size_bytes: 2, ..file("a", b"xyz") }]);
    assert_eq!(created.unwrap_err(), r#"create zip: file "a" is larger than declared size"#);
    assert!(zip(&[File { size_bytes: 4, ..file("a", b"xyz") }]).0.is_ok());
}
