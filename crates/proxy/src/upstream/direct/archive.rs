//! From a repository's tree to a module zip in a spool, as it is made.

use std::{
    io::{self, Read, Write},
    mem,
    sync::Arc,
};

use bytes::{Bytes, BytesMut};
use gomod::{
    dirhash::H1,
    module::{ModulePath, Version},
    zip::{
        MAX_LICENSE_BYTES,
        create::{CreateError, Deflated, FileKind, SourceFile, create},
    },
};
use plan::Trouble;
use tokio::sync::mpsc;

use super::{
    coderepo::{Found, Refused},
    repo::{Content, Repo, Tree, TreeFile},
};
use crate::{limits, spool::SpoolWriter};

/// Writes the zip of a version into `spool`.
///
/// The zip is made where blocking harms nobody, and waits whenever the spool has [`limits::ZIP_FRAMES_AHEAD`] frames to write. When this is
/// dropped, the making ends at its next frame.
///
/// # Errors
/// [`Refused::Tree`] in Go's words for a tree that cannot be a module version.
pub async fn fetch(
    repo: &Arc<dyn Repo>,
    found: &Found,
    module: &ModulePath,
    version: &Version,
    spool: &mut SpoolWriter,
) -> Result<(), Refused> {
    let tree = repo.archive(&found.hash, &found.dir).await?;
    let license = license(repo, found, &tree).await?;
    let (frames, mut made) = mpsc::channel(limits::ZIP_FRAMES_AHEAD);
    let (module, version) = (module.clone(), version.clone());
    let making = tokio::task::spawn_blocking(move || make(&tree, license, &module, &version, frames));
    while let Some(frame) = made.recv().await {
        // The spool remembers what the disk said.
        spool.write(frame).await.map_err(|error| Refused::Trouble(Trouble::Broken(error.to_string())))?;
    }
    let h1 = making.await.map_err(|error| Refused::Trouble(Trouble::Vcs(error.to_string())))??;
    spool.made(h1);
    spool.announce(spool.written());
    Ok(())
}

/// The LICENSE of the repository's root, for a module in a directory that has none.
///
/// Source: `codeRepo.Zip` in Go's `coderepo.go`.
async fn license(repo: &Arc<dyn Repo>, found: &Found, tree: &Tree) -> Result<Option<Bytes>, Refused> {
    let has_one = || tree.files.iter().any(|file| file.path == b"LICENSE" && file.kind != FileKind::Directory);
    if found.dir.is_empty() || has_one() {
        return Ok(None);
    }
    match repo.read_file(&found.hash, "LICENSE", MAX_LICENSE_BYTES).await.map_err(Refused::from) {
        Err(Refused::NotExist(_)) => Ok(None),
        Err(Refused::Trouble(Trouble::TooLarge(limit))) => {
            let text = format!("create zip: LICENSE: LICENSE file too large (max size is {limit} bytes)");
            Err(Refused::Tree(text))
        }
        end => end,
    }
}

/// Makes the zip, and sends it in frames.
fn make(
    tree: &Tree,
    license: Option<Bytes>,
    module: &ModulePath,
    version: &Version,
    frames: mpsc::Sender<Bytes>,
) -> Result<H1, Refused> {
    let entries: Vec<Entry<'_>> = tree
        .files
        .iter()
        .filter(|file| file.kind != FileKind::Directory)
        .map(|file| Entry::InTree(tree, file))
        .chain(license.map(Entry::License))
        .collect();
    let files: Vec<&dyn SourceFile> = entries.iter().map(|entry| entry as &dyn SourceFile).collect();
    let mut out = Frames { frames, waiting: BytesMut::new() };
    let created = create(&files, module, version, &mut out).map_err(|error| refused(&error));
    created.and_then(|created| out.flush().map(|()| created.h1).map_err(|error| refused(&error.into())))
}

fn refused(error: &CreateError) -> Refused {
    match error {
        CreateError::Io(cause) => Refused::Trouble(Trouble::Vcs(format!("{error}: {cause}"))),
        CreateError::Pair(cause) => Refused::Tree(format!("{error}: {cause}")),
        CreateError::Invalid(_) | CreateError::Larger(_) | CreateError::TooLong => Refused::Tree(error.to_string()),
    }
}

/// A file of the module.
enum Entry<'a> {
    InTree(&'a Tree, &'a TreeFile),
    License(Bytes),
}

impl SourceFile for Entry<'_> {
    fn path(&self) -> &[u8] {
        match self {
            Self::InTree(_, file) => &file.path,
            Self::License(_) => b"LICENSE",
        }
    }

    fn kind(&self) -> FileKind {
        match self {
            Self::InTree(_, file) => file.kind,
            Self::License(_) => FileKind::Regular,
        }
    }

    fn size_bytes(&self) -> u64 {
        match self {
            Self::InTree(_, file) => file.size_bytes,
            Self::License(text) => text.len() as u64,
        }
    }

    fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        match self {
            Self::InTree(tree, file) => Ok(tree.open(file)?),
            Self::License(text) => Ok(Box::new(&text[..])),
        }
    }

    fn deflated(&self) -> Option<&Deflated> {
        match self {
            Self::InTree(_, TreeFile { content: Content::Deflated(deflated), .. }) => Some(deflated),
            Self::InTree(..) | Self::License(_) => None,
        }
    }
}

/// Collects what is written into frames of [`limits::FRAME_BYTES`], and sends them.
struct Frames {
    frames: mpsc::Sender<Bytes>,
    waiting: BytesMut,
}

impl Frames {
    fn send(&mut self) -> io::Result<()> {
        let frame = mem::take(&mut self.waiting).freeze();
        // Nobody reads any more: whoever asked went away.
        self.frames.blocking_send(frame).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

impl Write for Frames {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.waiting.is_empty() {
            // At once: to grow by doubling copies, and touches fresh memory twice.
            self.waiting.reserve(limits::FRAME_BYTES);
        }
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() >= limits::FRAME_BYTES {
            self.send()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.waiting.is_empty() { Ok(()) } else { self.send() }
    }
}
