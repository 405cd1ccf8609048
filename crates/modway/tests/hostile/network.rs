//! A network of the test's own, in which all the addresses of the inside are this machine, and somebody listens at each of them.

use std::{
    collections::BTreeMap,
    io::{self, BufRead as _, BufReader, Write as _},
    net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener, TcpStream},
    process::Command,
    sync::{Arc, Mutex, PoisonError},
};

/// Set for a test that runs inside.
const INSIDE: &str = "MODWAY_TEST_INSIDE";

/// Addresses that nobody may come to, besides those of `lo`.
const ADDRESSES: [&str; 15] = [
    "10.0.0.1/32",
    "172.16.0.1/32",
    "192.168.0.1/32",
    "100.64.0.1/32",
    "169.254.169.254/32",
    "198.18.0.1/32",
    "192.0.2.1/32",
    "203.0.113.1/32",
    // One of the outside, which roots of forbidden schemes name.
    "11.22.33.44/32",
    "fd00:ec2::254/128",
    "64:ff9b::7f00:1/128",
    "64:ff9b::a9fe:a9fe/128",
    "2002:7f00:1::/128",
    "2001:db8::1/128",
    "fe80::1/64",
];

/// Where pages come from: the one address that may be connected to.
pub(crate) const PAGES: &str = "127.0.0.9";

/// Runs the test `name` again with a network of its own, and answers true in there. Says `skipped:` where there is
/// neither root nor the right to make user namespaces.
#[track_caller]
pub(crate) fn enter(name: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        run(Command::new("ip").args(["link", "set", "lo", "up"]));
        for address in ADDRESSES {
            run(Command::new("ip").args(["address", "add", address, "dev", "lo"]));
        }
        return true;
    }
    let ways: [&[&str]; 2] = [&["--net", "--"], &["--user", "--map-root-user", "--net", "--"]];
    let may = |way: &&[&str]| Command::new("unshare").args(*way).arg("true").status().is_ok_and(|status| status.success());
    let Some(way) = ways.into_iter().find(may) else {
        testkit::mount::skipped(name, "needs root, or user namespaces, and `unshare` of util-linux");
        return false;
    };
    let own = std::env::current_exe().expect("a test knows what it is");
    let again = Command::new("unshare").args(way).arg(own).args(["--exact", name, "--nocapture"]).env(INSIDE, "1").output();
    let again = again.expect("it just ran");
    let said = String::from_utf8_lossy(&again.stdout).into_owned() + &String::from_utf8_lossy(&again.stderr);
    assert!(again.status.success() && said.contains("1 passed"), "{said}");
    false
}

#[track_caller]
fn run(command: &mut Command) {
    let output = command.output().expect("`ip` of iproute2 is installed");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Listeners on every address of this network, at the ports of all schemes. They hang up, and remember.
pub(crate) struct Ears {
    came: Arc<Mutex<BTreeMap<SocketAddr, usize>>>,
}

impl Ears {
    /// Listens at `ports` of every address. At [`PAGES`] it answers, port 80, with what `say` says for a path, and remembers nobody.
    pub(crate) fn new(ports: &[u16], say: impl Fn(&str) -> Page + Send + Sync + 'static) -> Self {
        let (came, say) = (Arc::new(Mutex::new(BTreeMap::new())), Arc::new(say));
        for port in ports {
            let listener = TcpListener::bind((Ipv6Addr::UNSPECIFIED, *port)).expect("the network is ours");
            let (came, say) = (Arc::clone(&came), Arc::clone(&say));
            std::thread::spawn(move || {
                for stream in listener.incoming().map_while(Result::ok) {
                    let Ok(at) = stream.local_addr() else { continue };
                    let at = SocketAddr::new(at.ip().to_canonical(), at.port());
                    if at.ip() != PAGES.parse::<IpAddr>().expect("an address") {
                        *came.lock().unwrap_or_else(PoisonError::into_inner).entry(at).or_default() += 1;
                    } else if at.port() == 80 {
                        let say = Arc::clone(&say);
                        std::thread::spawn(move || answer(&stream, &*say));
                    }
                }
            });
        }
        Self { came }
    }

    /// Who came where until now.
    pub(crate) fn heard(&self) -> BTreeMap<SocketAddr, usize> {
        self.came.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn answer(mut stream: &TcpStream, say: &dyn Fn(&str) -> Page) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut line = String::new();
    while reader.read_line(&mut line)? > 2 {
        line.clear();
    }
    let target = first.split(' ').nth(1).unwrap_or_default();
    let (head, body) = match say(target.split('?').next().unwrap_or_default()) {
        Page::Import(tag) => ("200 OK\r\nContent-Type: text/html".to_owned(), html(&tag)),
        Page::Redirect(to) => (format!("302 Found\r\nLocation: {to}"), String::new()),
    };
    let length = body.len();
    write!(stream, "HTTP/1.1 {head}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
}

/// What a path answers.
pub(crate) enum Page {
    /// A page with this go-import tag.
    Import(String),
    /// Go there.
    Redirect(String),
}

/// A page with a go-import tag.
pub(crate) fn html(tag: &str) -> String {
    let tag: String = tag
        .chars()
        .map(|c| if matches!(c, '"' | '&' | '<' | '>' | '\0'..' ') { format!("&#{};", u32::from(c)) } else { c.to_string() })
        .collect();
    format!("<!DOCTYPE html><html><head><meta name=\"go-import\" content=\"{tag}\"></head></html>\n")
}
