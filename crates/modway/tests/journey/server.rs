//! The `modway` binary as a child of a test, on a free port, ended with the test.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

/// A running `modway serve`.
pub(crate) struct Server {
    child: Child,
    url: String,
}

impl Server {
    /// Starts it over `store` with no configuration file and only these settings of the go command.
    pub(crate) fn start(store: &Path, settings: &[(&str, &str)]) -> Self {
        Self::run(Self::command(store, settings))
    }

    /// Starts it with this configuration file besides.
    pub(crate) fn configured(store: &Path, file: &Path, settings: &[(&str, &str)]) -> Self {
        let mut command = Self::command(store, settings);
        command.arg("--config").arg(file);
        Self::run(command)
    }

    fn command(store: &Path, settings: &[(&str, &str)]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_modway"));
        std::fs::create_dir_all(store).expect("a folder for the store");
        command.stderr(tempfile::tempfile().expect("a temporary file for the request log"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--store"]).arg(store);
        command.env_clear().env("HOME", store).env("GOENV", "off").envs(settings.iter().copied());
        for kept in ["PATH", "SSL_CERT_FILE", "SSL_CERT_DIR"] {
            if let Some(value) = std::env::var_os(kept) {
                command.env(kept, value);
            }
        }
        command
    }

    /// Starts `command`, a `modway serve` that listens on some port of loopback.
    pub(crate) fn run(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("the binary was built for this test");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
        let url = lines.by_ref().find_map(|line| line.strip_prefix("export GOPROXY=").map(str::to_owned));
        let url = url.expect("the server prints the line to set");
        // The request log goes on; somebody must read it.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, url }
    }

    /// Has it read its configuration again; it says in its log when it has.
    pub(crate) fn hang_up(&self) {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), rustix::process::Signal::HUP)
            .expect("it lives");
    }

    /// Where it listens, `127.0.0.1:PORT`.
    pub(crate) fn address(&self) -> String {
        self.url.trim_start_matches("http://").to_owned()
    }

    /// The value for GOPROXY.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Best effort: the test is over either way.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
