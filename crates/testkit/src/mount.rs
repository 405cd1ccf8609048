//! File systems of our own, in a mount namespace of our own: when the process ends, however it ends, the kernel takes down the mounts, and
//! with them the loop devices.

use std::{
    fs::File,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

const INSIDE: &str = "MODWAY_TEST_INSIDE_NAMESPACE";

/// Runs `body` in a process of its own with a mount namespace of its own: the test named `test` runs again there.
///
/// Says `skipped:` on standard error where that cannot be, or where one of the `tools` is missing.
pub fn alone(test: &str, tools: &[&str], body: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        return body();
    }
    if !rustix::process::geteuid().is_root() {
        return skipped(test, "needs root to mount file systems");
    }
    if !succeeds(Command::new("unshare").args(["--mount", "--propagation", "private", "--", "true"])) {
        return skipped(test, "needs the right to make a mount namespace");
    }
    if let Some(tool) = tools.iter().find(|tool| !is_there(tool)) {
        return skipped(test, &format!("needs {tool}"));
    }
    let mut again = Command::new("unshare");
    again.args(["--mount", "--propagation", "private", "--"]).arg(std::env::current_exe().unwrap());
    let status = again.args([test, "--exact", "--nocapture"]).env(INSIDE, "1").status().unwrap();
    assert!(status.success(), "{test} failed in its namespace");
}

/// Past the test harness, which keeps back what a passing test prints.
pub fn skipped(test: &str, reason: &str) {
    let _ = writeln!(std::io::stderr(), "skipped: {test}: {reason}");
}

/// A mounted file system; unmounted when dropped.
pub struct Mount {
    home: tempfile::TempDir,
    kind: &'static str,
    options: String,
}

impl Mount {
    /// A memory file system with these mount options.
    pub fn memory(options: &str) -> Result<Self, String> {
        let mount = Self { home: tempfile::tempdir().unwrap(), kind: "tmpfs", options: options.to_owned() };
        mount.mount()?;
        Ok(mount)
    }

    /// A file system of this kind on a loop device over a sparse file, made by `mkfs.KIND` with `arguments`.
    pub fn image(kind: &'static str, size_bytes: u64, arguments: &[&str]) -> Result<Self, String> {
        let mount = Self { home: tempfile::tempdir().unwrap(), kind, options: "loop".to_owned() };
        File::create(mount.device()).and_then(|file| file.set_len(size_bytes)).unwrap();
        told(Command::new(format!("mkfs.{kind}")).arg("-q").args(arguments).arg(mount.device()))?;
        mount.mount()?;
        Ok(mount)
    }

    /// The directory it is mounted on.
    pub fn path(&self) -> PathBuf {
        self.home.path().join("mount")
    }

    /// Cuts the power: whatever was not synced is lost, and every later write fails until [`Mount::again`].
    pub fn cut(&self) {
        told(Command::new("xfs_io").args(["-x", "-c", "shutdown"]).arg(self.path())).unwrap();
    }

    /// Mounts it again, as after a power cut. Nobody may have a file open in it.
    pub fn again(&self) {
        told(Command::new("umount").arg(self.path())).unwrap();
        self.mount().unwrap();
    }

    fn mount(&self) -> Result<(), String> {
        std::fs::create_dir_all(self.path()).unwrap();
        told(Command::new("mount").args(["-t", self.kind, "-o", &self.options]).arg(self.device()).arg(self.path()))
    }

    fn device(&self) -> PathBuf {
        self.home.path().join("image")
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = told(Command::new("umount").arg("--lazy").arg(self.path()));
    }
}

fn told(command: &mut Command) -> Result<(), String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("{command:?}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(()) } else { Err(format!("{command:?}: {}", said.trim())) }
}

fn succeeds(command: &mut Command) -> bool {
    told(command).is_ok()
}

fn is_there(tool: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|directory| is_file(&directory.join(tool))))
}

fn is_file(path: &Path) -> bool {
    path.is_file()
}
