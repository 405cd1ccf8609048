use std::sync::Arc;

use gomod::module::{ModulePath, Version};
use plan::Trouble;
use proxy::{
    spool::SpoolWriter,
    upstream::direct::{
        archive,
        coderepo::{CodeRepo, Memory, Refused},
        repo::Repo,
    },
};
use store::{Blobs as _, FileAt, memory::MemoryBlobs};

use crate::{
    fake::{Fake, refusal, root},
    list::runtime,
};

/// The names in the zip of a version, without `M@V/`; or the refusal.
#[track_caller]
fn check(repo: Fake, path: &str, version: &str, want: &str) {
    let end = runtime().block_on(names(Arc::new(repo), path, version));
    assert_eq!(end.unwrap_or_else(|why| refusal(&why)), want);
}

async fn names(repo: Arc<dyn Repo>, path: &str, version: &str) -> Result<String, Refused> {
    let (module, version) = (ModulePath::parse(path).unwrap(), Version::parse(version).unwrap());
    let code = CodeRepo::new(Arc::clone(&repo), &root("example.com/m", ""), module.clone(), Memory::default())?;
    let found = code.version(&version).await?;
    let stage = MemoryBlobs::default().stage().expect("a file");
    let mut spool = SpoolWriter::new(&stage);
    archive::fetch(&repo, &found, &module, &version, &mut spool).await?;
    let size_bytes = spool.written();
    assert_eq!(spool.reader().state().length, Some(size_bytes));
    let report = gomod::zip::check::check_zip(&mut FileAt::new(&stage.file, size_bytes), &module, &version).expect("a zip");
    assert!(report.h1.is_some(), "{report:?}");
    let front = format!("{}@{}/", module.as_str(), version.as_str());
    let names = report.valid.iter().map(|name| name.strip_prefix(&front).unwrap_or(name));
    Ok(names.collect::<Vec<_>>().join(" "))
}

const GO_MOD: (&str, &str) = ("go.mod", "module example.com/m\n");
const SUB: (&str, &str) = ("sub/go.mod", "module example.com/m/sub\n");

#[test]
fn a_zip_has_the_files_of_the_module_and_no_others() {
    let files = [
        GO_MOD,
        ("a.go", "package a\n"),
        ("empty", ""),
        ("dir", "/"),
        ("link", "-> a.go"),
        SUB,
        ("sub/b.go", "package b\n"),
        ("vendor/x/y.go", ""),
    ];
    check(Fake::default().commit("v1.0.0", &files), "example.com/m", "v1.0.0", "go.mod a.go empty");
    check(Fake::default().commit("sub/v1.0.0", &files), "example.com/m/sub", "v1.0.0", "go.mod b.go");
}

#[test]
fn a_module_below_the_root_gets_the_roots_license_if_it_has_none() {
    let license = ("LICENSE", "do what you like\n");
    let repo = |more: &[(&str, &str)]| Fake::default().commit("sub/v1.0.0 v1.0.0", &[&[GO_MOD, SUB][..], more].concat());
    check(repo(&[license]), "example.com/m/sub", "v1.0.0", "go.mod LICENSE");
    check(repo(&[("sub/LICENSE", "mine\n"), license]), "example.com/m/sub", "v1.0.0", "go.mod LICENSE");
    check(repo(&[("LICENSE.txt", "")]), "example.com/m/sub", "v1.0.0", "go.mod");
    check(repo(&[license]), "example.com/m", "v1.0.0", "go.mod LICENSE");
    // A link of that name is left out, and so is the root's.
    check(repo(&[("sub/LICENSE", "-> ../LICENSE"), license]), "example.com/m/sub", "v1.0.0", "go.mod");
}

#[test]
fn a_tree_that_cannot_be_a_module_is_refused_in_gos_words() {
    let check = |file: &str, want: &str| {
        check(Fake::default().commit("v1.0.0", &[GO_MOD, (file, ""), ("README", "")]), "example.com/m", "v1.0.0", want);
    };
    check(
        "con.txt",
        "tree: create zip: con.txt: malformed file path \"con.txt\": \"con\" disallowed as path element component on Windows",
    );
    check("readme", "tree: create zip: README: case-insensitive file name collision: \"readme\" and \"README\"");
    check("a*b", "tree: create zip: a*b: malformed file path \"a*b\": invalid char '*'");
}

#[test]
fn trouble_with_the_tree_is_trouble() {
    let repo = Fake::default().commit("v1.0.0", &[GO_MOD]).fails("archive", Trouble::Connect("refused".to_owned()));
    check(repo, "example.com/m", "v1.0.0", "trouble: cannot connect: refused");
}
