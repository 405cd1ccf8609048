//! One case: settings, a world, a command; and what everybody in that world answers. The servers and the model read the same [`Reply`].

use std::collections::BTreeMap;

use gomod::client::{
    Answer, Ask, Command, Failure, Found, PageWay, Question, Record, Refs, RepoPart, Server, SumdbPart, Through, TlsFailure,
    ToolFailure,
};
use gomod::goenv::Settings;
use gomod::goimport::Page;
use gomod::goproxy::GoProxyList;
use testkit::sumdb::Lie;

use crate::hop::{HTML, Hop, Reply, Transport, in_folder};
use crate::universe::{ROOTS, TAGGED, Universe};

/// The most entries of GOPROXY that are proxies.
pub(crate) const HOPS: usize = 4;

#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) seed: u64,
    /// All variables but GOPROXY.
    pub(crate) settings: BTreeMap<&'static str, String>,
    /// GOPROXY, where `{0}` stands for host and port of the first hop.
    pub(crate) goproxy: String,
    pub(crate) hops: Vec<Hop>,
    pub(crate) host: Host,
    pub(crate) sumdb: Database,
    pub(crate) netrc: Netrc,
    /// Whether git trusts the certificate that Go does not.
    pub(crate) git_trusts_all: bool,
    /// Whether there is git on this machine.
    pub(crate) has_git: bool,
    pub(crate) command: Command,
}

/// All hosts of repositories and their pages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Host {
    pub(crate) tls: HostTls,
    pub(crate) page: PageKind,
    pub(crate) repository: RepositoryKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HostTls {
    Good,
    Untrusted,
    /// Only http is spoken.
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PageKind {
    /// The tag names the repository over https.
    Git,
    /// Over http.
    GitPlain,
    Missing,
    Login,
    NoTags,
    Twice,
    /// The tag names a tool that Go does not know any more.
    Bzr,
    /// The tag names the repository by ssh, which always fails.
    Ssh,
    /// The page of the root says another thing.
    Disagree,
    /// The tag names the first hop as a module proxy.
    Mod,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RepositoryKind {
    Open,
    Login,
    Missing,
}

/// The checksum database.
#[derive(Clone, Debug)]
pub(crate) struct Database {
    pub(crate) lie: Option<Lie>,
    /// What is met at its own name.
    pub(crate) tls: HostTls,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Netrc {
    None,
    /// With the ports of the hops.
    Fits,
    /// Without.
    NoPort,
}

/// Host and port of each hop.
pub(crate) type Places = Vec<String>;

impl Case {
    /// GOPROXY as it is set.
    pub(crate) fn goproxy(&self, places: &Places) -> String {
        let put = |text: String, (at, place): (usize, &String)| text.replace(&format!("{{{at}}}"), place);
        places.iter().enumerate().fold(self.goproxy.clone(), put)
    }

    /// GOSUMDB in its URL form names the place of the database.
    pub(crate) fn settings(&self, places: &Places, sumdb: &str) -> BTreeMap<String, String> {
        let mut settings: BTreeMap<String, String> =
            self.settings.iter().map(|(name, value)| ((*name).to_owned(), value.replace("{sumdb}", sumdb))).collect();
        settings.insert("GOPROXY".into(), self.goproxy(places));
        settings
    }

    pub(crate) fn as_go_reads_it(&self, places: &Places, sumdb: &str) -> Settings {
        Settings::new(self.settings(places, sumdb), None, None)
    }

    /// The hop that an entry of GOPROXY is.
    pub(crate) fn hop_of(&self, places: &Places, server: &Server) -> Option<usize> {
        let url = match server {
            Server::Tagged { base, .. } => base.clone(),
            Server::Entry(index) => GoProxyList::parse(&self.goproxy(places)).ok()?.entries().get(*index)?.to_string(),
        };
        places.iter().position(|place| url.contains(place.as_str()))
    }

    /// The model's world.
    pub(crate) fn answer(&self, universe: &Universe, places: &Places, ask: &Ask) -> Answer {
        match &ask.question {
            Question::Proxy { server, module, file } => match self.hop_of(places, server) {
                None => Answer::status(404),
                Some(at) => match self.transport(at) {
                    Some(failure) => Answer::Failed(failure),
                    None if !self.may_enter(at, &self.url_of(places, server)) => Answer::status(401),
                    None if self.hops[at].transport == Transport::File => {
                        in_folder(self.hops[at].reply(universe, module, file).answer(module, file))
                    }
                    None => match self.hops[at].reply(universe, module, file) {
                        // Who was asked over http may be sent there; nobody is there.
                        Reply::Redirect if self.hops[at].transport == Transport::Http => Answer::Failed(Failure::NoConnection),
                        reply => reply.answer(module, file),
                    },
                },
            },
            Question::Page { path, way, .. } => self.page_answer(path, *way, places),
            Question::Ping { url, .. } => match self.reach(url) {
                Ok(_) => Answer::Found(Found::Yes),
                Err(failure) => Answer::Failed(Failure::Tool(failure)),
            },
            Question::Repo { url, part, .. } => self.repository_answer(universe, url, part),
            Question::Sumdb { through, part } => self.sumdb_answer(universe, places, *through, part),
        }
    }

    fn url_of(&self, places: &Places, server: &Server) -> String {
        match server {
            Server::Tagged { base, .. } => base.clone(),
            Server::Entry(index) => match GoProxyList::parse(&self.goproxy(places)) {
                Ok(list) => match list.entries().get(*index).map(|entry| &entry.source) {
                    Some(gomod::goproxy::Source::Proxy(url)) => url.as_str().to_owned(),
                    _ => String::new(),
                },
                Err(_) => String::new(),
            },
        }
    }

    /// Whether a request that Go makes has the login that the hop wants.
    fn may_enter(&self, at: usize, url: &str) -> bool {
        let hop = &self.hops[at];
        !hop.login
            || hop.transport == Transport::File
            || hop.transport == Transport::Https && (url.contains('@') || self.netrc == Netrc::Fits)
    }

    /// Why nothing at all comes from a hop.
    fn transport(&self, at: usize) -> Option<Failure> {
        match self.hops[at].transport {
            Transport::Http | Transport::Https | Transport::File => None,
            Transport::Untrusted => Some(Failure::Tls(TlsFailure::UnknownAuthority)),
            Transport::Refused => Some(Failure::NoConnection),
            Transport::NotTls => Some(Failure::Tls(TlsFailure::Handshake)),
        }
    }

    fn page_answer(&self, path: &str, way: PageWay, places: &Places) -> Answer {
        match (self.host.tls, way) {
            (HostTls::Good, _) | (HostTls::Untrusted, PageWay::Unverified) | (_, PageWay::Plain) => {}
            (HostTls::Untrusted, PageWay::Verified) => return Answer::Failed(Failure::Tls(TlsFailure::UnknownAuthority)),
            (HostTls::None, _) => return Answer::Failed(Failure::Gateway),
        }
        let (status, body) = self.page(path, places);
        let line = match status {
            200 => "200 OK",
            401 => "401 Unauthorized",
            _ => "404 Not Found",
        };
        let scheme = if way == PageWay::Plain { "http" } else { "https" };
        let page = Page::read(&format!("{scheme}://{path}?go-get=1"), line, "", body.as_bytes());
        Answer::Found(Found::Page(page))
    }

    /// The page of an import path, with its status.
    pub(crate) fn page(&self, path: &str, places: &Places) -> (u16, String) {
        let Some(root) = ROOTS.iter().find(|root| path == **root || path.starts_with(&format!("{root}/"))) else {
            return (404, "nothing here\n".into());
        };
        let (host, _) = root.split_once('/').unwrap_or((root, ""));
        let tag = |rest: &str| format!("<meta name=\"go-import\" content=\"{root} {rest}\">");
        let tags = match self.host.page {
            PageKind::Git => tag(&format!("git https://{host}/repo/lib")),
            PageKind::Disagree if path == *root => tag(&format!("git https://{host}/other/lib")),
            PageKind::Disagree => tag(&format!("git https://{host}/repo/lib")),
            PageKind::Ssh => tag(&format!("git ssh://{host}/repo/lib")),
            PageKind::GitPlain => tag(&format!("git http://{host}/repo/lib")),
            PageKind::Missing => return (404, "nothing here\n".into()),
            PageKind::Login => return (401, HTML.into()),
            PageKind::NoTags => return (200, HTML.into()),
            PageKind::Twice => tag(&format!("git https://{host}/repo/lib")) + &tag(&format!("hg https://{host}/repo/lib")),
            PageKind::Bzr => tag(&format!("bzr https://{host}/repo/lib")),
            PageKind::Mod => tag(&format!("mod {}", places.first().map_or(String::new(), |place| self.hop_url(0, place)))),
        };
        (200, format!("<!DOCTYPE html><html><head>{tags}</head></html>\n"))
    }

    pub(crate) fn hop_url(&self, at: usize, place: &str) -> String {
        match self.hops.get(at).map(|hop| hop.transport) {
            Some(Transport::Http | Transport::Refused) | None => format!("http://{place}"),
            Some(Transport::File) => format!("file://{place}"),
            Some(Transport::Https | Transport::Untrusted | Transport::NotTls) => format!("https://{place}"),
        }
    }

    /// Which root's repository a git URL leads to, or how git fails.
    fn reach(&self, url: &str) -> Result<&'static str, ToolFailure> {
        let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
        if !self.has_git {
            return Err(ToolFailure::Missing);
        }
        match (scheme, self.host.tls) {
            ("https", HostTls::Good) | ("http", _) => {}
            ("https", HostTls::Untrusted) if self.git_trusts_all => {}
            ("https", HostTls::Untrusted) => return Err(ToolFailure::Certificate),
            ("ssh", _) => return Err(ToolFailure::Other),
            _ => return Err(ToolFailure::Unreachable),
        }
        let host = rest.split('/').next().unwrap_or(rest);
        let root = ROOTS.iter().find(|root| rest == **root || root.starts_with(host) && rest == format!("{host}/repo/lib"));
        match (root, self.host.repository) {
            (Some(root), RepositoryKind::Open) => Ok(root),
            (Some(_), RepositoryKind::Login) => Err(ToolFailure::Login),
            (Some(_), RepositoryKind::Missing) | (None, _) => Err(ToolFailure::NoRepository),
        }
    }

    fn repository_answer(&self, universe: &Universe, url: &str, part: &RepoPart) -> Answer {
        let root = match self.reach(url) {
            Ok(root) => root,
            Err(failure) => return Answer::Failed(Failure::Tool(failure)),
        };
        match part {
            RepoPart::Refs => {
                let tags = TAGGED.iter().chain(&["v2.0.0"]).map(|tag| (*tag).to_owned()).collect();
                Answer::Found(Found::Refs(Refs { tags, has_head: true }))
            }
            RepoPart::Commit { module, rev } => {
                let version = match rev.as_str() {
                    "HEAD" | "main" => universe.newest[root].clone(),
                    rev => rev.to_owned(),
                };
                // Whether the suffix may stand there, Go asks itself.
                let plain = version.trim_end_matches("+incompatible");
                let version = if universe.content(module, plain).is_some() { plain.to_owned() } else { version };
                let is_tagged = matches!(rev.as_str(), "HEAD" | "main")
                    || TAGGED.contains(&rev.as_str())
                    || rev.trim_end_matches("+incompatible") == "v2.0.0";
                match universe.content(module, &version) {
                    Some(content) => Answer::Found(Found::Commit(Box::new(content.as_commit(module, &version)))),
                    None if is_tagged => Answer::Failed(Failure::Misfit(String::new())),
                    None => Answer::Failed(Failure::NoRevision(format!("unknown revision {rev}"))),
                }
            }
        }
    }

    fn sumdb_answer(&self, universe: &Universe, places: &Places, through: Through, part: &SumdbPart) -> Answer {
        match through {
            Through::Entry(index) => {
                let server = Server::Entry(index);
                let Some(at) = self.hop_of(places, &server) else { return Answer::status(404) };
                if let Some(failure) = self.transport(at) {
                    return Answer::Failed(failure);
                }
                if !self.may_enter(at, &self.url_of(places, &server)) {
                    return Answer::status(401);
                }
                if *part == SumdbPart::Supported {
                    return match self.hops[at].supported {
                        _ if self.hops[at].transport == Transport::File => Answer::Failed(Failure::NoFile),
                        200 => Answer::Found(Found::Yes),
                        status => Answer::status(status),
                    };
                }
            }
            Through::Itself if !self.settings.get("GOSUMDB").is_some_and(|value| value.contains("{sumdb}")) => {
                match self.sumdb.tls {
                    HostTls::Good => {}
                    HostTls::Untrusted => return Answer::Failed(Failure::Tls(TlsFailure::UnknownAuthority)),
                    HostTls::None => return Answer::Failed(Failure::Gateway),
                }
            }
            Through::Itself => {}
        }
        let SumdbPart::Lookup { module, version } = part else {
            return if self.sumdb.lie == Some(Lie::NoTiles) { Answer::status(404) } else { Answer::Found(Found::Yes) };
        };
        let dishonest = || Answer::Failed(Failure::Dishonest(String::new()));
        match (&self.sumdb.lie, universe.content(module, version)) {
            (Some(Lie::Status(status)), _) => Answer::status(*status),
            (Some(Lie::Record(_)), _) => Answer::Found(Found::Record(Record { is_missing: true, ..Record::default() })),
            (Some(Lie::Body(_)), _) => dishonest(),
            (_, None) => Answer::status(404),
            (None | Some(Lie::NoTiles), Some(content)) => {
                let (go_mod, zip) = (Some(content.go_mod_h1.clone()), Some(content.zip_h1.clone()));
                Answer::Found(Found::Record(Record { go_mod, zip, is_missing: false }))
            }
            (Some(_), Some(_)) => dishonest(),
        }
    }
}
