//! Module versions made for a test: `.info`, go.mod and zip, good ones in Go's layout and bad ones as told.

use std::io::{self, Read, Write as _};

use bytes::Bytes;
use flate2::{Compression, Crc, write::DeflateEncoder};
use gomod::{
    dirhash::go_mod_h1,
    module::{ModulePath, Version},
    zip::create::{FileKind, SourceFile, create},
};

use crate::{faults::Play, random, world::World};

/// One version of a module with all its files.
#[derive(Clone, Debug)]
pub struct Module {
    /// The module path.
    pub path: String,
    /// The version.
    pub version: String,
    /// The go.mod.
    pub go_mod: String,
    /// The `.info` document.
    pub info: String,
    /// The module zip.
    pub zip: Bytes,
    /// The zip's h1.
    pub zip_h1: String,
    /// The go.mod's h1.
    pub mod_h1: String,
}

impl Module {
    /// A small one: a go.mod and one file.
    pub fn new(path: &str, version: &str) -> Self {
        Self::of(path, version, &[("m.go", format!("package m // {path} {version}\n").into_bytes())])
    }

    /// One whose zip is somewhat longer than `noise_bytes`, which do not compress.
    pub fn large(path: &str, version: &str, noise_bytes: usize) -> Self {
        Self::of(path, version, &[("noise.bin", random::noise(noise_bytes))])
    }

    /// One with these files besides its go.mod.
    pub fn of(path: &str, version: &str, files: &[(&str, Vec<u8>)]) -> Self {
        let go_mod = format!("module {path}\n");
        let own = Plain("go.mod".into(), go_mod.clone().into_bytes());
        let files: Vec<Plain> =
            [own].into_iter().chain(files.iter().map(|(name, bytes)| Plain((*name).into(), bytes.clone()))).collect();
        let files: Vec<&dyn SourceFile> = files.iter().map(|file| file as &dyn SourceFile).collect();
        let (module, parsed) = (ModulePath::parse(path).expect("a module path"), Version::parse(version).expect("a version"));
        let mut zip = Vec::new();
        let made = create(&files, &module, &parsed, &mut zip).expect("a zip");
        let info = format!("{{\"Version\":\"{version}\",\"Time\":\"2024-05-06T07:08:09Z\"}}\n");
        let mod_h1 = go_mod_h1(go_mod.as_bytes()).to_string();
        Self { path: path.into(), version: version.into(), go_mod, info, zip: zip.into(), zip_h1: made.h1.to_string(), mod_h1 }
    }

    /// The URL path of one of its files: `info`, `mod` or `zip`.
    pub fn url(&self, kind: &str) -> String {
        let (module, version) = (ModulePath::parse(&self.path), Version::parse(&self.version));
        format!("/{}/@v/{}.{kind}", module.expect("a module path").escaped(), version.expect("a version").escaped())
    }

    /// Serves all three files in `world`.
    pub fn serve(&self, world: &World) {
        world.on(&self.url("info"), [Play::ok(self.info.clone()).header("Content-Type", "application/json")]);
        world.on(&self.url("mod"), [Play::ok(self.go_mod.clone())]);
        world.on(&self.url("zip"), [Play::file(self.zip.clone(), &self.zip_h1)]);
    }

    /// A record with h1 sums of no files at all.
    pub fn record_of(path: &str, version: &str, salt: &str) -> String {
        let h1 = |what: &str| go_mod_h1(format!("{path} {version} {what} {salt}").as_bytes());
        format!("{path} {version} {}\n{path} {version}/go.mod {}\n", h1("zip"), h1("mod"))
    }

    /// The record of a checksum database for it.
    pub fn record(&self) -> String {
        let Self { path, version, zip_h1, mod_h1, .. } = self;
        format!("{path} {version} {zip_h1}\n{path} {version}/go.mod {mod_h1}\n")
    }
}

/// A zip of these entries under these very names, good or not. `claimed` is the size the zip tells of an entry, if it is not the right one.
pub fn any_zip(entries: &[(&str, &[u8], Option<u32>)]) -> Bytes {
    let (mut zip, mut directory) = (Vec::new(), Vec::new());
    for (name, content, claimed) in entries {
        let mut packer = DeflateEncoder::new(Vec::new(), Compression::default());
        packer.write_all(content).expect("memory");
        let packed = packer.finish().expect("memory");
        let mut crc = Crc::new();
        crc.update(content);
        let sizes = [crc.sum(), packed.len() as u32, claimed.unwrap_or(content.len() as u32)].map(u32::to_le_bytes).concat();
        let head = [&[20, 0, 0, 8, 8, 0, 0, 0, 0, 0][..], &sizes, &(name.len() as u16).to_le_bytes(), &[0, 0]].concat();
        let offset = (zip.len() as u32).to_le_bytes();
        directory.extend([b"PK\x01\x02\x14\0", &head[..], &[0; 10], &offset, name.as_bytes()].concat());
        zip.extend([b"PK\x03\x04", &head[..], name.as_bytes(), &packed].concat());
    }
    let (count, at, length) = (entries.len() as u16, zip.len() as u32, directory.len() as u32);
    zip.extend(directory);
    zip.extend([&b"PK\x05\x06\0\0\0\0"[..], &count.to_le_bytes(), &count.to_le_bytes()].concat());
    zip.extend([&length.to_le_bytes()[..], &at.to_le_bytes(), &[0, 0]].concat());
    zip.into()
}

struct Plain(String, Vec<u8>);

impl SourceFile for Plain {
    fn path(&self) -> &[u8] {
        self.0.as_bytes()
    }

    fn kind(&self) -> FileKind {
        FileKind::Regular
    }

    fn size_bytes(&self) -> u64 {
        self.1.len() as u64
    }

    fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(&self.1[..]))
    }
}
