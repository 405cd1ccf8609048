//! The real go command, in an environment of its own.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The Go release that all tests speak of.
pub const RELEASE: &str = "go1.27.3";

/// The go command of [`RELEASE`], with its sources and test data beside it.
///
/// Shape: found once per process, from `MODWAY_TEST_GO` or where `scripts/env` looks.
#[derive(Debug, Clone)]
pub struct Go {
    command: PathBuf,
}

impl Go {
    /// Finds the go command.
    ///
    /// # Panics
    /// When there is none, with the command that installs one: a test that needs Go and cannot have it has failed.
    pub fn find() -> Self {
        static FOUND: OnceLock<Go> = OnceLock::new();
        FOUND.get_or_init(|| Self { command: located() }).clone()
    }

    /// Returns the path of the go command.
    pub fn path(&self) -> &Path {
        &self.command
    }

    /// Returns the root of the Go tree. Read it; nothing may be written there.
    pub fn root(&self) -> PathBuf {
        let bin = self.command.parent().expect("located() returns a path with a folder");
        bin.parent().map(Path::to_path_buf).unwrap_or_default()
    }

    /// Prepares a go command that sees nothing of this machine's settings and leaves all its traces under `home`.
    ///
    /// Shape: GOPROXY is `off` and GOSUMDB is `off` until the caller says otherwise; the module cache is writable, so that a temporary
    /// folder can be removed.
    pub fn command(&self, home: &Path) -> Command {
        let mut command = Command::new(&self.command);
        command.env_clear().envs(self.environment(home)).current_dir(home);
        command
    }

    fn environment(&self, home: &Path) -> Vec<(&'static str, OsString)> {
        let under = |name: &str| home.join(name).into_os_string();
        vec![
            ("HOME", home.into()),
            ("PATH", std::env::var_os("PATH").unwrap_or_default()),
            ("GOROOT", self.root().into()),
            ("GOPATH", under("gopath")),
            ("GOMODCACHE", under("modcache")),
            ("GOCACHE", under("gocache")),
            ("GOTMPDIR", home.into()),
            ("TMPDIR", home.into()),
            ("GOENV", "off".into()),
            ("GOFLAGS", "-modcacherw".into()),
            ("GOTOOLCHAIN", "local".into()),
            ("GOTELEMETRY", "off".into()),
            ("GOAUTH", "off".into()),
            ("GOPROXY", "off".into()),
            ("GOSUMDB", "off".into()),
        ]
    }
}

/// Returns the folder of the workspace, where `scripts/` is.
pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn located() -> PathBuf {
    if let Some(named) = std::env::var_os("MODWAY_TEST_GO") {
        return named.into();
    }
    let asked = Command::new(workspace().join("scripts/env")).output().expect("scripts/env is a bash script of this workspace");
    let settings = String::from_utf8_lossy(&asked.stdout);
    match settings.lines().find_map(|line| line.strip_prefix("export MODWAY_TEST_GO=")) {
        Some(path) => path.into(),
        None => panic!("no {RELEASE} on this machine: {}", String::from_utf8_lossy(&asked.stderr).trim()),
    }
}
