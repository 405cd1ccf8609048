//! A module proxy that is a directory.

use std::{fs, path::Path};

use proxy::upstream::{Files, file::FileUpstream};

use super::*;

/// A directory with these files, and the upstream that it is.
fn directory(files: &[(&str, &[u8])]) -> (tempfile::TempDir, FileUpstream) {
    let root = tempfile::tempdir().expect("a directory");
    for (path, bytes) in files {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().expect("below the root")).expect("made");
        fs::write(path, bytes).expect("written");
    }
    let upstream = at(root.path());
    (root, upstream)
}

fn at(root: &Path) -> FileUpstream {
    FileUpstream::new(hop(&format!("file://{}", root.display()))).expect("an absolute path")
}

#[tokio::test]
async fn documents_are_read_from_escaped_paths() {
    let (_root, upstream) = directory(&[
        ("example.test/m/@v/list", b"v1.0.0\n"),
        ("example.test/!up/@v/v1.0.0-!r.mod", b"module example.test/Up\n"),
        ("sumdb/sum.test/lookup/example.test/!up@v1.0.0", b"lookup"),
    ]);
    assert_eq!(body(&upstream, &list()).await, "v1.0.0\n");
    let shout = ModulePath::parse("example.test/Up").expect("a module path");
    let question = Question::GoMod(shout, Version::parse("v1.0.0-R").expect("a version"));
    assert_eq!(body(&upstream, &question).await, "module example.test/Up\n");
    let journey = Journey::new(Instant::now());
    let lookup = "sumdb/sum.test/lookup/example.test/!up@v1.0.0";
    assert_eq!(upstream.get(lookup, 100, &journey).await.expect("there"), "lookup");
    assert_eq!(asked(&journey), (lookup.to_owned(), 1, AskEnd::Found(6)));
    assert_eq!(upstream.get(lookup, 5, &Journey::new(Instant::now())).await, Err(Trouble::TooLarge(5).into()));
    let refused = upstream.get("sumdb/../../secret", 5, &Journey::new(Instant::now())).await;
    assert_eq!(refused, Err(Trouble::Refused("path not usable: sumdb/../../secret".to_owned()).into()));
}

#[tokio::test]
async fn a_missing_file_does_not_exist_and_anything_else_is_trouble() {
    let (root, upstream) = directory(&[("example.test/m/@v/v1.0.0.info", b"<html>"), ("example.test/m/@latest/x", b"")]);
    let url = format!("file://{}", root.path().display());
    let missing = |path: &str| Err(Failure::NotExist(format!("reading {url}/{path}: no such file or directory")));
    assert_eq!(ask(&upstream, &list()).await, missing("example.test/m/@v/list"));
    assert_eq!(fetch(&upstream, &mut spool().0).await.0, missing("example.test/m/@v/v1.0.0.zip").map(|_: Reply| ()));
    let folder = Trouble::Refused(format!("reading {url}/example.test/m/@latest: not a regular file"));
    assert_eq!(trouble(&upstream, &latest()).await, folder);
    let page = Trouble::Body("invalid character '<' looking for beginning of value".to_owned());
    assert_eq!(trouble(&upstream, &info()).await, page);
    assert_eq!(ask(&at(Path::new("/no/such/root")), &list()).await.map_err(|end| matches!(end, Failure::NotExist(_))), Err(true));
}

#[tokio::test]
async fn a_zip_is_copied_and_gone_on_with() {
    let bytes = noise(600_000);
    let (root, upstream) = directory(&[("example.test/m/@v/v1.0.0.zip", &bytes)]);
    let (mut first, _stage) = spool();
    let (end, copied) = fetch(&upstream, &mut first).await;
    assert!(end == Ok(()) && copied == bytes);
    assert_eq!(first.reader().state().length, Some(600_000));

    let (mut second, _stage) = spool();
    second.write(bytes::Bytes::copy_from_slice(&bytes[..300_000])).await.expect("written");
    let (end, copied) = fetch(&upstream, &mut second).await;
    assert!(end == Ok(()) && copied == bytes);

    let (mut other, _stage) = spool();
    other.write(bytes::Bytes::from_static(b"other bytes")).await.expect("written");
    let changed = Trouble::Body("the zip changed while it was fetched".to_owned());
    assert_eq!(fetch(&upstream, &mut other).await.0, Err(changed.into()));

    let zip = fs::File::options().write(true).open(root.path().join("example.test/m/@v/v1.0.0.zip")).expect("there");
    zip.set_len((500 << 20) + 1).expect("sparse");
    assert_eq!(fetch(&upstream, &mut spool().0).await.0, Err(Trouble::TooLarge(500 << 20).into()));
}

#[tokio::test]
async fn only_an_absolute_path_is_a_directory() {
    for url in ["file:/x", "file://host/x", "file:///x?y", "file:///x#y", "file://", "http://x", "/x"] {
        let refused = FileUpstream::new(hop(url)).err();
        assert_eq!(refused, Some(Trouble::Refused("invalid file:// proxy URL with non-path elements".to_owned())), "{url}");
    }
    assert_eq!(Files::name(&at(Path::new("/a%20b"))), "there");
}
