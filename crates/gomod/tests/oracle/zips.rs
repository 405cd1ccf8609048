//! Module zips: which are good, what is in them, and what h1 they have; and which files make one.

use std::io::{self, Cursor, Read};

use gomod::module::{ModulePath, Version};
use gomod::zip::check::{CheckError, Report, check_zip};
use gomod::zip::create::{CreateError, FileKind, SourceFile, check_files, create};
use serde_json::{Value, json};

use crate::compare::{agree, anything, either, pack, unpack, verdict};
use crate::random::{Bend as _, Random};

const NAMES: &[&str] = &[
    "go.mod",
    "GO.MOD",
    "LICENSE",
    "a.go",
    "A.go",
    "pkg/b.go",
    "Pkg/b.go",
    "pkg/go.mod",
    "pkg/Go.Mod",
    "pkg",
    "vendor/x/y.go",
    "vendor/modules.txt",
    "pkg/vendor/v.go",
    "pkg/vendor/modules.txt",
    "pkg/vendor/x/y.go",
    ".hg_archival.txt",
    "sub/.hg_archival.txt",
    "é.txt",
    "É.txt",
    "aux.txt",
    "con",
    "K",
    "k",
    "\u{212a}",
    "ſ",
    "s",
    "deep/er/and/deeper/file",
    "with space/x y",
    "a'b",
    "..",
    "x/../y",
    "/abs",
    "./x",
    "x//y",
    "x/",
    "",
];

const NAME_TOKENS: &[&str] = &[
    "/", "//", "..", ".", "vendor/", "/vendor/", "go.mod", "LICENSE", "\\", ":", "*", " ", "aux", "\u{301}", "ǅ", "ς", "Σ", "\n",
];

/// A name, most of the time one of few, so that they meet.
fn name(random: &mut Random) -> String {
    if random.one_in(3) { random.bent(NAMES, NAME_TOKENS) } else { random.pick(NAMES).to_owned() }
}

const GO_MODS: &[&str] = &[
    "module example.com/m\n",
    "module example.com/m\ngo 1.24\n",
    "module example.com/m\ngo 1.23\n",
    "go 1.9999999\n",
    "go \"1.24\"\n",
    "bad \"\n",
];

fn content(random: &mut Random, name: &str) -> Vec<u8> {
    if name.ends_with("go.mod") {
        return random.pick(GO_MODS).as_bytes().to_vec();
    }
    (0..random.size(7)).map(|_| random.number() as u8 & 15).collect()
}

const PAIRS: &[(&str, &str)] =
    &[("example.com/m", "v1.0.0"), ("example.com/m/v2", "v2.1.0"), ("gopkg.in/x.v3", "v3.0.0-rc.1"), ("example.com/m", "v2.0.0")];

fn pair(random: &mut Random) -> (&'static str, &'static str) {
    if random.one_in(10) { PAIRS[random.below(PAIRS.len())] } else { PAIRS[0] }
}

fn parsed(question: &[String]) -> (ModulePath, Version) {
    (ModulePath::parse(&question[0]).expect("a good path"), Version::parse(&question[1]).expect("a good version"))
}

/// A zip as plain as can be: everything stored, nothing between the entries. Any name, any number of times.
fn plain_zip(entries: &[(String, Vec<u8>)]) -> Vec<u8> {
    let (mut zip, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in entries {
        let mut crc = flate2::Crc::new();
        crc.update(content);
        let (offset, size) = (zip.len() as u32, content.len() as u32);
        // Version 2.0, names in UTF-8, stored, no time.
        let mut common = vec![20, 0, 0, 8, 0, 0, 0, 0, 0, 0];
        common.extend([crc.sum(), size, size].iter().flat_map(|number| number.to_le_bytes()));
        common.extend((name.len() as u16).to_le_bytes());
        common.extend([0, 0]);
        zip.extend([b"PK\x03\x04", &common[..], name.as_bytes(), content].concat());
        let place = [&[0; 10], &offset.to_le_bytes()[..]].concat();
        directory.extend([b"PK\x01\x02\x14\x00", &common[..], &place, name.as_bytes()].concat());
    }
    let count = (entries.len() as u16).to_le_bytes();
    let places = [(directory.len() as u32).to_le_bytes(), (zip.len() as u32).to_le_bytes()].concat();
    [&zip[..], &directory, b"PK\x05\x06\0\0\0\0", &count, &count, &places, &[0, 0]].concat()
}

fn plain(random: &mut Random, (path, version): (&str, &str)) -> Vec<u8> {
    let entries: Vec<(String, Vec<u8>)> = (0..random.below(6))
        .map(|_| {
            let name = name(random);
            let content = if name.ends_with('/') { Vec::new() } else { content(random, &name) };
            let prefix = if random.one_in(40) { "other@v1/".to_owned() } else { format!("{path}@{version}/") };
            (format!("{prefix}{name}"), content)
        })
        .collect();
    plain_zip(&entries)
}

/// A zip that we made ourselves, if its files make one.
fn ours(random: &mut Random, (path, version): (&str, &str)) -> Option<Vec<u8>> {
    let list = sources(random);
    let mut zip = Vec::new();
    let files: Vec<File> = files(&list).collect();
    let files: Vec<&dyn SourceFile> = files.iter().map(|file| file as &dyn SourceFile).collect();
    create(&files, &ModulePath::parse(path).ok()?, &Version::parse(version).ok()?, &mut zip).ok().map(|_| zip)
}

#[test]
fn module_zips_are_judged_and_hashed_as_go_does() {
    let question = |random: &mut Random| {
        let pair = pair(random);
        let made = if random.one_in(2) { ours(random, pair) } else { None };
        let mut zip = made.unwrap_or_else(|| plain(random, pair));
        let bends = if random.one_in(2) { 0 } else { random.below(4) };
        (0..bends).for_each(|_| random.bend_bytes(&mut zip));
        vec![pair.0.to_owned(), pair.1.to_owned(), pack(&zip)]
    };
    agree("zip", question, |question| {
        let (module, version) = parsed(question);
        match check_zip(&mut Cursor::new(unpack(&question[2])), &module, &version) {
            Ok(report) => judged(&report),
            Err(CheckError::Pair(error)) => vec![anything(), either(Err::<Value, _>(error)), anything(), json!(false)],
            // We refuse whatever two readers could read differently; what Go makes of such a zip does not matter.
            Err(CheckError::Zip(_)) => vec![anything(), anything(), anything(), anything()],
        }
    });
}

fn judged(report: &Report) -> Vec<Value> {
    let verdict = verdict(report.fault().map_or(Ok(()), Err));
    // Of a zip with faults nobody wants the h1.
    let h1 = report.h1.map_or(anything(), |h1| json!(h1.to_string()));
    vec![listed(report), verdict, h1, json!(report.fault().is_none())]
}

fn listed(report: &Report) -> Value {
    let reasons =
        |list: &[gomod::zip::FileError]| list.iter().map(|file| json!([file.path, file.why.to_string()])).collect::<Value>();
    let size = report.size_error.map(|error| error.to_string()).unwrap_or_default();
    json!([report.valid, reasons(&report.omitted), reasons(&report.invalid), size])
}

#[test]
fn the_plain_zips_of_these_tests_are_zips() {
    let entries = [("example.com/m@v1.0.0/go.mod".to_owned(), b"module example.com/m\n".to_vec())];
    let (module, version) = parsed(&["example.com/m".to_owned(), "v1.0.0".to_owned()]);
    let report = check_zip(&mut Cursor::new(plain_zip(&entries)), &module, &version).expect("as Go reads it");
    assert_eq!((report.fault(), report.valid.len(), report.h1.is_some()), (None, 1, true));
}

/// One file of a source tree, from three arguments of a question: path, kind, content.
struct File {
    path: String,
    kind: FileKind,
    size_bytes: u64,
    content: Vec<u8>,
}

impl SourceFile for File {
    fn path(&self) -> &[u8] {
        self.path.as_bytes()
    }

    fn kind(&self) -> FileKind {
        self.kind
    }

    fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(&self.content[..]))
    }
}

fn files(arguments: &[String]) -> impl Iterator<Item = File> {
    arguments.chunks_exact(3).map(|file| {
        let content = unpack(&file[2]);
        let claimed = file[1].strip_prefix("size:").map(|size| size.parse().expect("a number"));
        let kind = match file[1].as_str() {
            "symlink" => FileKind::Symlink,
            "dir" => FileKind::Directory,
            "device" => FileKind::Other,
            _ => FileKind::Regular,
        };
        File { path: file[0].clone(), kind, size_bytes: claimed.unwrap_or(content.len() as u64), content }
    })
}

fn sources(random: &mut Random) -> Vec<String> {
    const SIZES: &[u64] = &[0, 1, 3, 16 << 20, (16 << 20) + 1, 499 << 20, 500 << 20, (500 << 20) + 1];
    let mut list = Vec::new();
    for _ in 0..random.below(7) {
        let name = name(random);
        let content = content(random, &name);
        let kind = match random.below(16) {
            0 => "symlink".to_owned(),
            1 => "dir".to_owned(),
            2 => "device".to_owned(),
            3 => format!("size:{}", SIZES[random.below(SIZES.len())]),
            _ => "file".to_owned(),
        };
        list.extend([name, kind, pack(&content)]);
    }
    list
}

#[test]
fn files_are_chosen_for_a_zip_as_go_does() {
    agree("files", sources, |question| {
        let files: Vec<File> = files(question).collect();
        let report = check_files(&files.iter().map(|file| file as &dyn SourceFile).collect::<Vec<_>>());
        vec![listed(&report), verdict(report.fault().map_or(Ok(()), Err))]
    });
}

#[test]
fn a_zip_is_made_with_the_h1_of_go() {
    let question = |random: &mut Random| {
        let (path, version) = pair(random);
        [vec![path.to_owned(), version.to_owned()], sources(random)].concat()
    };
    agree("create", question, |question| {
        let (module, version) = parsed(question);
        let files: Vec<File> = files(&question[2..]).collect();
        let files: Vec<&dyn SourceFile> = files.iter().map(|file| file as &dyn SourceFile).collect();
        let made = create(&files, &module, &version, &mut io::sink());
        vec![either(made.map(|made| made.h1.to_string()).map_err(whole))]
    });
}

/// The error with its causes, as Go joins them.
fn whole(error: CreateError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
