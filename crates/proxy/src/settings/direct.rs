//! Version control itself: what `direct` and `/@direct/` may do, and who we are to whom.

use std::{path::PathBuf, time::Duration};

use gomod::pattern::Patterns;

use super::{Hop, Secret};

/// Everything the direct mode is told.
#[derive(Clone, Debug)]
pub struct Direct {
    /// Deadlines, retries, step-downs and breaker; its URL is empty. `total` bounds a small question, `total_zip` a fetch of a repository.
    pub patience: Hop,
    /// GOPRIVATE: what the words `private` and `public` of GOVCS mean.
    pub private: Patterns,
    /// GOINSECURE: discovery over TLS that is not verified, or over plain http; insecure schemes are tried for paths with a suffix.
    pub insecure: Patterns,
    /// GOVCS, as text that was checked; empty for Go's default `private:all,public:git|hg`.
    pub govcs: String,
    /// Rules for hosts, in order; the first whose place fits a URL applies. A host without rule is public: https, no login.
    pub access: Vec<Access>,
    /// The folder of the repositories and temporary trees. Made if it is not there.
    pub folder: PathBuf,
    /// How long a remote's references are believed.
    pub refs_fresh: Duration,
    /// Where the programs are looked for, as PATH: `git`, `hg`, `svn`, `fossil`, `ssh`.
    pub path: String,
    /// Who to turn to about our requests: part of the User-Agent. May be empty.
    pub contact: String,
    /// Connections to one origin at once, children's included. Positive.
    pub connections_per_origin: usize,
    /// Requests to one origin per minute that ask for something not known yet. Positive.
    pub requests_per_minute: u32,
    /// Children at once. Positive.
    pub children: usize,
    /// Bytes that one repository may take on disk.
    pub repository_bytes: u64,
}

/// How one host, or a part of it, is reached.
#[derive(Clone, Debug)]
pub struct Access {
    /// The text of a [`super::Place`]: `host`, `host:port` or either with a path prefix, `gitlab.corp/team`; compared element by element, host in
    /// lower case. Without a port it means the default one of the URL's scheme. `*` is every host; then the credential is none, netrc or a helper, which tell hosts apart.
    pub place: String,
    /// Who we are there.
    pub credential: Credential,
    /// PEM bundles trusted besides the system's.
    pub ca_files: Vec<PathBuf>,
    /// The name in SNI and in the certificate, if it is not the URL's host.
    pub server_name: Option<String>,
    /// A client certificate: PEM files of the chain and of the key.
    pub client_certificate: Option<(PathBuf, PathBuf)>,
    /// True if the host may have a private, loopback or link-local address.
    pub private_addresses: bool,
    /// Schemes besides `https` that may be used: `http`, `ssh`, `git`, `svn`.
    pub schemes: Vec<String>,
    /// The forge's API, for modules whose discovery needs a login.
    pub forge: Option<Forge>,
}

/// Which forge a host is, so that its API can be asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Forge {
    /// GitLab.
    Gitlab,
    /// GitHub Enterprise, or GitHub.
    Github,
    /// Forgejo or Gitea.
    Forgejo,
}

/// Who we are. Files, variables and helpers are read when they are needed, so that a rotation needs no restart.
#[derive(Clone, Debug, Default)]
pub enum Credential {
    /// Nobody.
    #[default]
    None,
    /// A netrc file's entry for the host.
    Netrc(PathBuf),
    /// User and password or token, fixed: from the environment.
    Fixed(String, Secret),
    /// A user, and the file whose first line is the password or token.
    File(String, PathBuf),
    /// A `GOAUTH`-style command, split into words: called with the URL, answers headers.
    Helper(Vec<String>),
    /// An ssh key file and the known_hosts file in which the host's keys are pinned.
    Ssh(PathBuf, PathBuf),
    /// A GitHub App: its id, and the file of its PEM key. The API's base URL.
    GithubApp(u64, PathBuf, String),
}
