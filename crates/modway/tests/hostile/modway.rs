//! `modway serve` in a home of its own, and a client that sends any bytes.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

/// A running server.
pub(crate) struct Modway {
    child: Child,
    address: String,
    pub(crate) home: PathBuf,
    environment: Vec<(String, String)>,
}

/// What came for a request.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

/// The beginning of every configuration here: nothing is kept for long, nobody is asked to wait.
pub(crate) const BASE: &str = "[server]\nlog = \"log\"\n[sumdb]\ngosumdb = \"off\"\n[freshness]\nabsent = \"1ms\"\nfresh = \"1ms\"\nrevalidate = \"1ms\"\n\
     [upstream.direct]\nbreaker = { failures = 0 }\n[[route]]\nmatch = \"*\"\nupstreams = \"direct\"\n\
     [direct]\nrequests_per_minute = 100000\nconnections_per_origin = 64\nrefs_fresh = \"1h\"\n";

impl Modway {
    /// Starts it in `home` with [`BASE`] and `more` as its configuration, and with `environment` besides PATH.
    pub(crate) fn start(home: &Path, more: &str, environment: &[(&str, &str)]) -> Self {
        let config = home.join("modway.toml");
        fs::write(&config, format!("{BASE}{more}")).expect("the folder is ours");
        let mut all = vec![("PATH".to_owned(), path()), ("GOENV".to_owned(), "off".to_owned())];
        all.push(("HOME".to_owned(), home.display().to_string()));
        all.extend(environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let mut command = Command::new(env!("CARGO_BIN_EXE_modway"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--config"]).arg(&config).arg("--store").arg(home.join("store"));
        command.env_clear().envs(all.iter().cloned()).stdin(Stdio::null()).stdout(Stdio::piped());
        command.stderr(fs::File::create(home.join("stderr")).expect("the folder is ours"));
        let mut child = command.spawn().expect("the binary was built for this test");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
        let url = lines.by_ref().find_map(|line| line.strip_prefix("export GOPROXY=http://").map(str::to_owned));
        let said = || fs::read_to_string(home.join("stderr")).unwrap_or_default();
        let address = url.unwrap_or_else(|| panic!("it does not start: {}", said()));
        let mut rest = fs::File::create(home.join("stdout")).expect("the folder is ours");
        std::thread::spawn(move || lines.for_each(|line| drop(writeln!(rest, "{line}"))));
        Self { child, address, home: home.to_owned(), environment: all }
    }

    /// Asks for `path`, whatever bytes are in it.
    pub(crate) fn ask(&self, path: impl AsRef<[u8]>) -> Answer {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        stream.set_read_timeout(Some(Duration::from_secs(120))).expect("a timeout");
        let request = [b"GET ", path.as_ref(), b" HTTP/1.1\r\nHost: modway\r\nConnection: close\r\n\r\n"].concat();
        // It may hang up in the middle of a request that it does not like.
        let _ = stream.write_all(&request);
        let mut said = Vec::new();
        let _ = stream.read_to_end(&mut said);
        let said = String::from_utf8_lossy(&said).into_owned();
        let (head, body) = said.split_once("\r\n\r\n").unwrap_or((&said, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
        Answer { status, head: head.to_owned(), body: body.to_owned() }
    }

    /// How many children were started, of all tools, as the metrics say.
    pub(crate) fn children(&self) -> u64 {
        let metrics = self.ask("/-/metrics").body;
        let counts = metrics.lines().filter(|line| line.starts_with("modway_children_total"));
        counts.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
    }

    /// Runs another command of the binary over the same configuration and environment.
    pub(crate) fn command(&self, words: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_modway"));
        command.args(words).env_clear().envs(self.environment.iter().cloned()).current_dir(&self.home);
        command.output().expect("it runs")
    }
}

impl Answer {
    /// The id of the request, for `/-/why/`.
    pub(crate) fn id(&self) -> &str {
        self.head.lines().find_map(|line| line.strip_prefix("x-request-id: ")).expect("every answer has an id")
    }

    /// A refusal as it must be: plain text, short, a reason in it.
    #[track_caller]
    pub(crate) fn is_a_clear_refusal(&self, about: &str) {
        assert!((400..600).contains(&self.status), "{about}: {self:?}");
        let head = self.head.to_ascii_lowercase();
        assert!(head.contains("content-type: text/plain"), "{about}: {self:?}");
        assert!(self.body.lines().count() <= 8 && self.body.len() <= 640, "{about}: {self:?}");
        assert!(self.body.lines().all(|line| !line.trim().is_empty()) && !self.body.is_empty(), "{about}: {self:?}");
        assert!(!self.body.chars().any(|c| c.is_control() && c != '\n'), "{about}: {self:?}");
    }
}

impl Drop for Modway {
    fn drop(&mut self) {
        // The test is over either way.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits for a condition; fails after a long while.
#[track_caller]
pub(crate) fn until(mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < deadline, "waited for too long");
        std::thread::yield_now();
    }
}

/// The PATH of the test.
pub(crate) fn path() -> String {
    std::env::var("PATH").expect("tests have a PATH")
}
