//! Where a repository rests between its fetches.

use std::{
    fs::{self, File},
    io::{self, BufReader, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use plan::Trouble;
use rustix::fs::{FlockOperation, flock};

use super::refs::Refs;

/// The attributes that stand above all those in a tree: archives hold what was committed, and no filter runs.
///
/// Source: `ensureGitAttributes` in Go's `codehost/git.go`, 1.27. It says nothing of filters, which have no programs here anyway.
const ATTRIBUTES: &str = "* -export-subst -export-ignore -filter\n";

/// The folder of one repository, ours alone while this lives.
///
/// ```text
/// remote    what it is a copy of
/// lock      held while a process uses the folder
/// refs      what `git ls-remote` printed last, with a last line that says when: without it, it is not whole
/// full      the sum of the references with which everything was fetched
/// git/      the bare repository
/// ```
///
/// Nothing in it cannot be fetched again; whatever is odd is thrown away and made anew.
#[derive(Debug)]
pub(super) struct WorkDir {
    path: PathBuf,
    _lock: File,
}

impl WorkDir {
    /// Opens, or makes, the folder at `path` for the remote `key`. Lock files of a git that was killed are removed: nobody else may be here.
    ///
    /// # Errors
    /// [`Trouble::Refused`] if another process uses it; what the disk says.
    pub(super) fn open(path: &Path, key: &str) -> Result<Self, Trouble> {
        Self::opened(path, key).map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock => {
                Trouble::Refused(format!("{} is used by another process; give each its own folder", path.display()))
            }
            _ => disk(&error),
        })
    }

    fn opened(path: &Path, key: &str) -> io::Result<Self> {
        fs::create_dir_all(path)?;
        let lock = File::create(path.join("lock"))?;
        locked(&lock)?;
        let dir = Self { path: path.to_owned(), _lock: lock };
        if fs::read(dir.path.join("remote")).is_ok_and(|remote| remote == key.as_bytes()) {
            dir.tidy();
            absent(fs::remove_file(dir.path.join("refs.new")))?;
        } else {
            dir.forget()?;
            fs::write(dir.path.join("remote"), key)?;
        }
        Ok(dir)
    }

    /// The folder.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// True if nothing was ever fetched, nor asked for.
    pub(super) fn is_new(&self) -> bool {
        !self.path.join("refs").exists() && !self.git_dir().exists()
    }

    /// The bare repository, whether it is there or not.
    pub(super) fn git_dir(&self) -> PathBuf {
        self.path.join("git")
    }

    /// Makes the bare repository if there is none, or if it is of the other format, and tells whether it did. Without a child: these few files are git's documented
    /// layout (`gitrepository-layout`, `gitformat-*`).
    ///
    /// # Errors
    /// What the disk says.
    pub(super) fn init(&self, sha256: bool) -> Result<bool, Trouble> {
        let config = if sha256 {
            "[core]\n\trepositoryformatversion = 1\n\tbare = true\n[extensions]\n\tobjectformat = sha256\n"
        } else {
            "[core]\n\trepositoryformatversion = 0\n\tbare = true\n"
        };
        let git = self.git_dir();
        if fs::read_to_string(git.join("config")).is_ok_and(|there| there == config) && git.join("HEAD").exists() {
            return Ok(false);
        }
        let make = || {
            self.forget()?;
            for folder in ["objects/pack", "objects/info", "refs/heads", "refs/tags", "info"] {
                fs::create_dir_all(git.join(folder))?;
            }
            fs::write(git.join("info/attributes"), ATTRIBUTES)?;
            fs::write(git.join("config"), config)?;
            // Last: without it git takes the folder for no repository, and so do we.
            fs::write(git.join("HEAD"), "ref: refs/heads/modway-none\n")
        };
        make().map(|()| true).map_err(|error| disk(&error))
    }

    /// Throws the repository away; what the remote said last stays.
    ///
    /// # Errors
    /// What the disk says.
    pub(super) fn forget(&self) -> io::Result<()> {
        absent(fs::remove_file(self.path.join("full")))?;
        absent(fs::remove_dir_all(self.git_dir()))
    }

    /// What the remote said last, if it was kept whole.
    pub(super) fn refs(&self) -> Option<Refs> {
        let mut file = File::open(self.path.join("refs")).ok()?;
        let length = file.metadata().ok()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(40))).ok()?;
        let mut end = String::new();
        file.read_to_string(&mut end).ok()?;
        let asked = end.lines().last()?.strip_prefix("# asked ")?.parse().ok()?;
        if !end.ends_with('\n') {
            return None;
        }
        file.seek(SeekFrom::Start(0)).ok()?;
        Refs::read(BufReader::with_capacity(1 << 16, file), asked).ok()
    }

    /// A file for what a remote says; nobody sees it before [`WorkDir::keep_refs`].
    ///
    /// # Errors
    /// What the disk says.
    pub(super) fn new_refs(&self) -> Result<File, Trouble> {
        let path = self.path.join("refs.new");
        File::options().create(true).truncate(true).read(true).write(true).open(path).map_err(|error| disk(&error))
    }

    /// Reads what a remote said into `file` at `asked`, and keeps it for the next start.
    ///
    /// # Errors
    /// As for [`Refs::read`]; what the disk says.
    pub(super) fn keep_refs(&self, mut file: File, asked: i64) -> Result<Refs, Trouble> {
        file.seek(SeekFrom::Start(0)).map_err(|error| disk(&error))?;
        let refs = Refs::read(BufReader::with_capacity(1 << 16, &file), asked)?;
        let mut keep = || {
            file.seek(SeekFrom::End(0))?;
            writeln!(file, "# asked {asked}")?;
            fs::rename(self.path.join("refs.new"), self.path.join("refs"))
        };
        keep().map_err(|error: io::Error| disk(&error))?;
        Ok(refs)
    }

    /// True if everything that `refs` name was fetched, with all that led to it.
    pub(super) fn is_full(&self, refs: &Refs) -> bool {
        fs::read_to_string(self.path.join("full")).is_ok_and(|sum| sum == hex(&refs.sum))
    }

    /// True if all of history was here once.
    pub(super) fn was_full(&self) -> bool {
        self.path.join("full").exists()
    }

    /// Notes that everything that `refs` name is here.
    ///
    /// # Errors
    /// What the disk says.
    pub(super) fn set_full(&self, refs: &Refs) -> Result<(), Trouble> {
        fs::write(self.path.join("full"), hex(&refs.sum)).map_err(|error| disk(&error))
    }

    /// True if history was cut off somewhere.
    pub(super) fn is_shallow(&self) -> bool {
        self.git_dir().join("shallow").exists()
    }

    /// How many packs there are, and how many bytes they take.
    pub(super) fn packs(&self) -> (usize, u64) {
        let Ok(entries) = fs::read_dir(self.git_dir().join("objects/pack")) else { return (0, 0) };
        let packs = entries.flatten().filter_map(|entry| {
            let is_pack = entry.path().extension().is_some_and(|extension| extension == "pack");
            Some((usize::from(is_pack), entry.metadata().ok()?.len()))
        });
        packs.fold((0, 0), |(count, bytes), (one, more)| (count + one, bytes + more))
    }

    /// Removes what a killed git left: locks, half packs.
    pub(super) fn tidy(&self) {
        let git = self.git_dir();
        let half = |name: &str| name.ends_with(".lock") || name.starts_with("tmp_") || name.starts_with(".tmp-");
        for folder in ["", "objects/pack", "info"] {
            remove_if(&git.join(folder), &half);
        }
        remove_locks_below(&git.join("refs"), 0);
    }
}

/// Takes the lock. A repository of ours that was just let go may hold it for a moment.
fn locked(lock: &File) -> io::Result<()> {
    let mut tries = 0;
    loop {
        match flock(lock, FlockOperation::NonBlockingLockExclusive) {
            Err(rustix::io::Errno::WOULDBLOCK) if tries < crate::limits::LOCK_TRIES => {
                tries += 1;
                std::thread::sleep(crate::limits::LOCK_PAUSE);
            }
            other => return Ok(other?),
        }
    }
}

fn remove_if(folder: &Path, odd: &dyn Fn(&str) -> bool) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        if entry.file_name().to_str().is_some_and(odd) {
            // What cannot be removed makes the next fetch fail, and the repository is made anew.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Names of references may hold slashes, so their files lie deep; no deeper than a path may be long.
fn remove_locks_below(folder: &Path, depth: usize) {
    remove_if(folder, &|name| name.ends_with(".lock"));
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
        if depth < 64 {
            remove_locks_below(&entry.path(), depth + 1);
        }
    }
}

/// What is not there need not be removed.
fn absent(removed: io::Result<()>) -> io::Result<()> {
    removed.or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

pub(super) fn disk(error: &io::Error) -> Trouble {
    Trouble::Vcs(format!("the repository's folder: {error}"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
