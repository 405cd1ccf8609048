//! Our server, which fetches from the same repositories.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

/// A running `modway serve` of the binary under test.
pub(crate) struct Ours {
    child: Child,
    url: String,
}

impl Ours {
    /// Starts it below `home`. Names lead through `proxy`; `ca` is the certificate that `example.test` has. The places `open` may be reached
    /// over a scheme without TLS: `host:port` and scheme.
    pub(crate) fn start(home: &Path, proxy: &str, ca: &str, open: &[(String, &str)]) -> Self {
        let file = home.join("modway.toml");
        let mut text = format!(
            "[direct]\nrequests_per_minute = 100000\nconnections_per_origin = 64\n\n[[direct.access]]\nplace = \"example.test\"\nca_files = [\"{ca}\"]\nprivate_addresses = true\n\n[[direct.access]]\nplace = \"gopkg.in\"\nca_files = [\"{ca}\"]\n"
        );
        for (place, scheme) in open {
            text += &format!("\n[[direct.access]]\nplace = \"{place}\"\nschemes = [\"{scheme}\"]\nprivate_addresses = true\n");
        }
        std::fs::write(&file, text).expect("the folder is ours");
        let mut command = Command::new(env!("CARGO_BIN_EXE_modway"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--config"]).arg(file).arg("--store").arg(home.join("store"));
        command.env_clear().env("HOME", home).env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.envs([
            ("GOENV", "off"),
            ("GOSUMDB", "off"),
            ("GOVCS", "*:all"),
            ("GOPRIVATE", "example.test,gopkg.in"),
            ("HTTPS_PROXY", proxy),
            ("NO_PROXY", "127.0.0.1"),
        ]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the binary was built for this test");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
        let url = lines.by_ref().find_map(|line| line.strip_prefix("export GOPROXY=").map(str::to_owned));
        // The rest is the request log; somebody must read it.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, url: url.expect("the server prints the line to set") }
    }

    /// The value for GOPROXY that asks repositories themselves.
    pub(crate) fn direct(&self) -> String {
        format!("{}/@direct", self.url)
    }
}

impl Drop for Ours {
    fn drop(&mut self) {
        // The test is over either way.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
