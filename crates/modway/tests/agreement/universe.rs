//! The modules there are, the same in every case: their files, their repositories, and what a checksum database has of them.

use std::collections::BTreeMap;
use std::io::{self, Read};

use gomod::client::{Commit, GoModFacts, InfoFacts, ZipFacts};
use gomod::dirhash::go_mod_h1;
use gomod::module::{ModulePath, Version};
use gomod::time::Time;
use gomod::zip::create::{FileKind, SourceFile, create};
use testkit::repos::{Format, Repository};

/// The host whose modules are private where a pattern says so.
pub(crate) const PRIVATE_HOST: &str = "git.corp.test";

/// Another host, whose modules nobody hides.
pub(crate) const PUBLIC_HOST: &str = "open.test";

/// The modules that have a repository, each with its repository's root.
pub(crate) const ROOTS: [&str; 2] = ["git.corp.test/team/lib", "open.test/lib"];

/// The first root by its suffix, which go.mod does not know of.
pub(crate) const SUFFIXED: &str = "git.corp.test/team/lib.git";

/// A module that only proxies have, and that has no package but that of its root.
pub(crate) const ABOVE: &str = "git.corp.test/team";

/// A module that only proxies have, older than go.mod files.
pub(crate) const LEGACY: &str = "open.test/legacy";

/// A module that only proxies have, with capital letters.
pub(crate) const UPPER: &str = "open.test/Upper/Case";

/// The versions of a root with a tag, lowest first.
pub(crate) const TAGGED: [&str; 5] = ["v0.9.0", "v1.0.0", "v1.1.0", "v1.2.0", "v1.3.0-rc.1"];

/// All files of one version.
#[derive(Clone, Debug)]
pub(crate) struct Content {
    pub(crate) go_mod: String,
    pub(crate) zip: Vec<u8>,
    pub(crate) go_mod_h1: String,
    pub(crate) zip_h1: String,
    pub(crate) packages: Vec<String>,
    pub(crate) seconds: i64,
}

/// Everything that exists somewhere.
pub(crate) struct Universe {
    pub(crate) contents: BTreeMap<(String, String), Content>,
    /// By root.
    pub(crate) repositories: BTreeMap<&'static str, Repository>,
    /// The version that the newest commit of each root is.
    pub(crate) newest: BTreeMap<&'static str, String>,
}

impl Universe {
    pub(crate) fn new() -> Self {
        let mut universe = Universe { contents: BTreeMap::new(), repositories: BTreeMap::new(), newest: BTreeMap::new() };
        for root in ROOTS {
            universe.grow(root);
        }
        let newest = universe.newest[ROOTS[0]].clone();
        let suffixed = TAGGED.map(|version| (version.to_owned(), version)).into_iter().chain([(newest, "head")]);
        for (version, text) in suffixed {
            let content = Content::new_of(SUFFIXED, ROOTS[0], &version, &files(text), 1_600_000_000);
            universe.contents.insert((SUFFIXED.into(), version), content);
        }
        for version in ["v1.0.0", "v1.1.0", "v2.0.0+incompatible", "v3.0.0+incompatible"] {
            universe.add(LEGACY, version, &files(version), 1_600_000_000);
        }
        for version in ["v1.0.0-RC1", "v1.0.0"] {
            universe.add(UPPER, version, &files(version), 1_600_000_000);
        }
        universe.add(ABOVE, "v1.0.0", &[("m.go", "package m\n")], 1_600_000_000);
        universe
    }

    fn grow(&mut self, root: &'static str) {
        let mut repository = Repository::new(Format::Sha1);
        let mut seconds = 1_600_000_000;
        for version in TAGGED {
            self.commit(&mut repository, root, version, seconds);
            repository.tag(version);
            seconds += 1000;
        }
        let second = format!("{root}/v2");
        self.commit(&mut repository, &second, "v2.0.0", seconds);
        repository.tag("v2.0.0");
        let hash = write(&mut repository, root, "head", seconds + 1000);
        let time = Time::from_unix_seconds(seconds + 1000).expect("a time");
        let newest = gomod::pseudo::build("", "v1.3.0-rc.1", &time, &hash[..12]);
        self.add(root, &newest, &files("head"), seconds + 1000);
        self.newest.insert(root, newest);
        self.repositories.insert(root, repository);
    }

    fn commit(&mut self, repository: &mut Repository, module: &str, version: &str, seconds: i64) {
        write(repository, module, version, seconds);
        self.add(module, version, &files(version), seconds);
    }

    fn add(&mut self, module: &str, version: &str, files: &[(&str, &str)], seconds: i64) {
        let content = Content::new(module, version, files, seconds);
        self.contents.insert((module.into(), version.into()), content);
    }

    pub(crate) fn content(&self, module: &str, version: &str) -> Option<&Content> {
        self.contents.get(&(module.to_owned(), version.to_owned()))
    }

    /// The records of a checksum database for all of it.
    pub(crate) fn records(&self) -> Vec<String> {
        let record = |((module, version), content): (&(String, String), &Content)| {
            format!("{module} {version} {}\n{module} {version}/go.mod {}\n", content.zip_h1, content.go_mod_h1)
        };
        self.contents.iter().map(record).collect()
    }
}

/// What go.mod of a version says. One retracts itself and an older one.
fn go_mod(module: &str, version: &str) -> String {
    if module == LEGACY {
        return format!("module {module}\n");
    }
    let retract = if version == "v1.2.0" { "\nretract [v1.0.0, v1.0.0]\n\nretract v1.2.0 // broken\n" } else { "" };
    format!("module {module}\n\ngo 1.21\n{retract}")
}

fn files(version: &str) -> [(&'static str, &str); 2] {
    [("m.go", version), ("pkg/p.go", version)]
}

fn source(path: &str, version: &str) -> String {
    format!("package {} // {version}\n", if path == "m.go" { "m" } else { "pkg" })
}

fn write(repository: &mut Repository, module: &str, version: &str, seconds: i64) -> String {
    repository.write("go.mod", go_mod(module, version));
    for (path, version) in files(version) {
        repository.write(path, source(path, version));
    }
    repository.commit(seconds)
}

impl Content {
    fn new(module: &str, version: &str, files: &[(&str, &str)], seconds: i64) -> Self {
        Content::new_of(module, module, version, files, seconds)
    }

    fn new_of(module: &str, declared: &str, version: &str, files: &[(&str, &str)], seconds: i64) -> Self {
        let go_mod = go_mod(declared, if version.len() > 20 { "head" } else { version });
        let own = Plain("go.mod".into(), go_mod.clone());
        let sources = files.iter().map(|(path, version)| Plain((*path).into(), source(path, version)));
        let plain: Vec<Plain> = [own].into_iter().chain(sources).collect();
        let plain: Vec<&dyn SourceFile> = plain.iter().map(|file| file as &dyn SourceFile).collect();
        let (path, parsed) = (ModulePath::parse(module).expect("a module path"), Version::parse(version).expect("a version"));
        let mut zip = Vec::new();
        let made = create(&plain, &path, &parsed, &mut zip).expect("a zip");
        let packages = files.iter().map(|(path, _)| path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned());
        Content {
            go_mod_h1: go_mod_h1(go_mod.as_bytes()).to_string(),
            go_mod,
            zip,
            zip_h1: made.h1.to_string(),
            packages: packages.collect(),
            seconds,
        }
    }

    pub(crate) fn info(&self, version: &str) -> InfoFacts {
        InfoFacts { version: version.into(), time: Time::from_unix_seconds(self.seconds).expect("a time") }
    }

    pub(crate) fn go_mod_facts(&self, module: &str) -> GoModFacts {
        let path = ModulePath::parse(module).expect("a module path");
        GoModFacts { h1: Some(self.go_mod_h1.clone()), ..GoModFacts::read(&path, self.go_mod.as_bytes()) }
    }

    pub(crate) fn zip_facts(&self) -> ZipFacts {
        ZipFacts { packages: Some(self.packages.clone()), fault: None, h1: Some(self.zip_h1.clone()) }
    }

    pub(crate) fn as_commit(&self, module: &str, version: &str) -> Commit {
        Commit { info: self.info(version), go_mod: self.go_mod_facts(module), zip: self.zip_facts() }
    }
}

struct Plain(String, String);

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
        Ok(Box::new(self.1.as_bytes()))
    }
}
