//! git with nothing of the machine in it.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::upstream::child::{Bounds, Children, Command, Passage, Tool};

/// All of git's configuration that is ever read, in place of the user's and the system's. What is on disk of a repository says only its format.
///
/// * Nothing runs but git itself: no hooks, no filters, no helpers, no askpass, no maintenance behind our back.
/// * Nothing is reached but the one remote: no other protocols, no redirects, no bundles from elsewhere, no submodules.
/// * Archives are the same everywhere: line ends as Go asks for, no attributes of the machine.
/// * `fsckObjects` is off. It guards work trees, of which there is none, and refuses repositories with old, harmless faults that Go takes. That a
///   pack is well made and every object is what its name says (with collisions of SHA-1 found) is always checked by `index-pack`.
/// * Packs stay packs (`unpackLimit`): one file for a thousand objects. Deltas and maps are bounded for the child's address space.
const CONFIG: &str = "\
[core]
	hooksPath = /dev/null
	attributesFile = /dev/null
	excludesFile = /dev/null
	askPass =
	fsmonitor = false
	autocrlf = input
	eol = lf
	packedGitWindowSize = 32m
	packedGitLimit = 1g
	commitGraph = false
	multiPackIndex = false
	logAllRefUpdates = false
[safe]
	bareRepository = explicit
	directory = *
[credential]
	helper =
	interactive = false
[protocol]
	version = 2
	allow = never
[http]
	followRedirects = false
	lowSpeedLimit = 1
	lowSpeedTime = 60
[transfer]
	bundleURI = false
	fsckObjects = false
	credentialsInUrl = die
	unpackLimit = 1
[fetch]
	unpackLimit = 1
	fsckObjects = false
	recurseSubmodules = false
	writeCommitGraph = false
	showForcedUpdates = false
[submodule]
	recurse = false
[gc]
	auto = 0
[maintenance]
	auto = false
[log]
	showSignature = false
[advice]
	detachedHead = false
[init]
	defaultBranch = main
[pack]
	threads = 2
";

/// git as it is run here: which configuration, which bounds.
#[derive(Clone, Debug)]
pub(super) struct Git {
    pub(super) children: Children,
    config: PathBuf,
    nowhere: PathBuf,
    answer: Duration,
    fetch: Duration,
    repository_bytes: u64,
}

impl Git {
    /// Writes the configuration below `folder`.
    ///
    /// # Errors
    /// What the disk says.
    pub(super) fn new(children: Children, folder: &Path, direct: &crate::settings::Direct) -> io::Result<Self> {
        let config = folder.join("gitconfig");
        let nowhere = folder.join("nowhere");
        fs::create_dir_all(&nowhere)?;
        fs::write(&config, CONFIG)?;
        let (answer, fetch) = (direct.patience.total, direct.patience.total_zip);
        Ok(Self { children, config, nowhere, answer, fetch, repository_bytes: direct.repository_bytes })
    }

    /// A question to no repository, such as the version.
    pub(super) fn outside(&self) -> Command {
        self.prepared(&self.nowhere, &self.nowhere.join("none"), Bounds::small(self.answer))
    }

    /// A question to a remote, answered into a file in `folder`. No repository takes part.
    pub(super) fn remote(&self, folder: &Path, most_bytes: u64) -> Command {
        let bounds = Bounds { wall: self.answer, stdout_bytes: 0, file_bytes: most_bytes };
        self.prepared(folder, &self.nowhere.join("none"), bounds)
    }

    /// A question to the repository in `git_dir`, which lies in `folder`.
    pub(super) fn local(&self, folder: &Path, git_dir: &Path) -> Command {
        self.prepared(folder, git_dir, Bounds::small(self.answer))
    }

    /// Work that may be long and write much: a fetch, an archive.
    pub(super) fn work(&self, folder: &Path, git_dir: &Path) -> Command {
        let bounds = Bounds { wall: self.fetch, stdout_bytes: 1 << 20, file_bytes: self.repository_bytes };
        self.prepared(folder, git_dir, bounds)
    }

    fn prepared(&self, folder: &Path, git_dir: &Path, bounds: Bounds) -> Command {
        Command::new(Tool::Git, folder, bounds)
            .reads(&self.config)
            .reads(&self.nowhere)
            .variable("GIT_DIR", git_dir)
            .variable("GIT_CONFIG_GLOBAL", &self.config)
            .variable("GIT_CONFIG_NOSYSTEM", "1")
            .variable("GIT_ATTR_NOSYSTEM", "1")
            .variable("GIT_TERMINAL_PROMPT", "0")
            .variable("GIT_ASKPASS", "")
            .variable("SSH_ASKPASS", "")
            .variable("GCM_INTERACTIVE", "never")
            .variable("GIT_NO_LAZY_FETCH", "1")
            .variable("GIT_NO_REPLACE_OBJECTS", "1")
            .variable("GIT_LITERAL_PATHSPECS", "1")
            .variable("GIT_OPTIONAL_LOCKS", "0")
            .variable("GIT_PROTOCOL_FROM_USER", "0")
            .variable("GIT_ALLOW_PROTOCOL", "none")
    }
}

/// `command` with the way to its remote: the one protocol, the gateway as its proxy.
pub(super) fn on_its_way(command: Command, passage: &dyn Passage) -> Command {
    let scheme = passage.url().split("://").next().unwrap_or_default().to_owned();
    let mut command = command.variable("GIT_ALLOW_PROTOCOL", scheme);
    if !passage.proxy().is_empty() {
        // In the environment and not in a flag: the proxy's token is for this child only, and command lines are for everyone to read.
        command = command.variable("http_proxy", passage.proxy()).variable("no_proxy", "");
    }
    for (name, value) in passage.variables() {
        command = command.variable(name, value);
    }
    let command = passage.reads().iter().fold(command, |command, file| command.reads(file));
    passage.ports().into_iter().fold(command, Command::connects)
}
