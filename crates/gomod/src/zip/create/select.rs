//! Which files of a source tree belong into its module zip.
//!
//! Source: `checkFiles` in `golang.org/x/mod/zip`, Go 1.27.3, in its order of tests.

use std::collections::HashSet;
use std::io::Read as _;

use super::super::check::Report;
use super::super::files::{Collisions, FileError, FileFault, MAX_GO_MOD_BYTES, MAX_ZIP_BYTES, SizeError, check_size, is_clean};
use super::vendored::{Boundary, is_vendored};
use super::{FileKind, SourceFile};
use crate::{modfile, module};

/// The report, and for each valid path where its file stands in the list.
pub(super) struct Selection {
    pub(super) report: Report,
    pub(super) places: Vec<usize>,
}

/// Whether a file is left out or makes the zip invalid.
enum Verdict {
    Omit(FileFault),
    Refuse(FileFault),
}

impl From<FileFault> for Verdict {
    fn from(fault: FileFault) -> Self {
        Self::Refuse(fault)
    }
}

/// What must be known of all files before the first is judged.
struct Tree<'a> {
    modules: HashSet<&'a [u8]>,
    boundary: Boundary,
}

pub(super) fn select(files: &[&dyn SourceFile]) -> Selection {
    let tree = Tree::survey(files);
    let mut selection = Selection { report: Report::default(), places: Vec::new() };
    let (mut collisions, mut judged, mut left) = (Collisions::default(), HashSet::new(), MAX_ZIP_BYTES);
    for (place, file) in files.iter().enumerate() {
        let path = String::from_utf8_lossy(file.path()).into_owned();
        let verdict = tree.judge(*file, &mut collisions).and_then(|path| {
            match left.checked_sub(file.size_bytes()) {
                Some(rest) => left = rest,
                None => selection.report.size_error = Some(SizeError::Source),
            }
            check_size(path, file.size_bytes()).map_err(Verdict::Refuse)
        });
        let list = match &verdict {
            Ok(()) => {
                selection.report.valid.push(path);
                selection.places.push(place);
                continue;
            }
            Err(Verdict::Omit(_)) => &mut selection.report.omitted,
            Err(Verdict::Refuse(_)) => &mut selection.report.invalid,
        };
        // Of several faults of one path only the first is told.
        if let Err(Verdict::Omit(why) | Verdict::Refuse(why)) = verdict
            && judged.insert(file.path())
        {
            list.push(FileError { path, why });
        }
    }
    selection
}

impl<'a> Tree<'a> {
    /// Finds the directories of other modules, and the go version in the root's go.mod.
    fn survey(files: &[&'a dyn SourceFile]) -> Self {
        let mut tree = Self { modules: HashSet::new(), boundary: Boundary::Old };
        for file in files.iter().filter(|file| file.kind() == FileKind::Regular) {
            let (directory, base) = split(file.path());
            if base.eq_ignore_ascii_case(b"go.mod") {
                tree.modules.insert(directory);
            }
            if file.path() == b"go.mod" {
                tree.boundary = Boundary::of(go_version(*file).as_deref());
            }
        }
        tree
    }

    fn judge<'b>(&self, file: &'b dyn SourceFile, collisions: &mut Collisions<'b>) -> Result<&'b str, Verdict> {
        let path = file.path();
        if !is_clean(path) {
            return Err(FileFault::NotClean.into());
        }
        if path.starts_with(b"/") {
            return Err(FileFault::NotRelative.into());
        }
        if is_vendored(path, self.boundary) {
            return Err(Verdict::Omit(FileFault::Vendored));
        }
        if self.is_in_other_module(path) {
            return Err(Verdict::Omit(FileFault::OtherModule));
        }
        if path == b".hg_archival.txt" {
            return Err(Verdict::Omit(FileFault::HgArchival));
        }
        let path = module::check_file_path_bytes(path).map_err(FileFault::Path)?;
        if path != "go.mod" && path.eq_ignore_ascii_case("go.mod") {
            return Err(FileFault::GoModCase.into());
        }
        collisions.check(path, file.kind() == FileKind::Directory)?;
        match file.kind() {
            FileKind::Regular => Ok(path),
            FileKind::Symlink => Err(Verdict::Omit(FileFault::Symlink)),
            FileKind::Directory | FileKind::Other => Err(Verdict::Omit(FileFault::NotRegular)),
        }
    }

    /// Whether a directory above the file, the root excepted, has a go.mod.
    fn is_in_other_module(&self, path: &[u8]) -> bool {
        let slashes = path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
        slashes.map(|(slash, _)| &path[..=slash]).any(|directory| self.modules.contains(directory))
    }
}

/// The directory with its slash, and the last element.
fn split(path: &[u8]) -> (&[u8], &[u8]) {
    let base = path.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
    path.split_at(base)
}

/// The go version of a go.mod; none if it cannot be read or parsed, as in Go.
fn go_version(file: &dyn SourceFile) -> Option<String> {
    let mut content = Vec::new();
    file.open().ok()?.take(MAX_GO_MOD_BYTES).read_to_end(&mut content).ok()?;
    modfile::parse_lax("go.mod", &content).ok()?.go
}
