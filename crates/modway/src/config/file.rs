//! The shape of the configuration file: every key, its default, and what it means to an operator.
//!
//! The doc comments here are the documentation: `modway config schema`, the checks and docs/configuration.md are made from them.
//! An empty text means "not set".

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::units::{Period, Size};

mod audit;
mod sumdb;

pub(crate) use audit::Audit;
pub(crate) use sumdb::{Auditor, Private, Sumdb, Witness, WitnessSite};

/// The configuration of modway.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct File {
    /// Where modway listens, how it stops, and where it writes its log.
    pub(crate) server: Server,
    /// Where modules are kept.
    pub(crate) store: Store,
    /// The upstreams that routes name, one table each: `[upstream.NAME]`. NAME is of letters, digits, `-` and `_`. `[upstream.direct]` has no
    /// `url`, no login and no `ca_files`: it sets the patience with version control itself, for the entry `direct`, and its `forward_proxy`.
    pub(crate) upstream: BTreeMap<String, Upstream>,
    /// Which upstreams serve which modules, in order: the first `[[route]]` whose `match` fits serves a module. The last one must match
    /// everything. Without any, the machine's own Go settings (GOPROXY, GONOPROXY, GOPRIVATE) make the routes.
    pub(crate) route: Vec<Route>,
    /// Version control itself, for the entry `direct` of a list and for the prefix `/@direct/`. Modules are fetched from their own
    /// repositories by git, hg, svn and fossil. The patience with it stands in `[upstream.direct]`.
    pub(crate) direct: Direct,
    /// Checksum databases: the one that vouches for public modules, others that are served on, and one of our own.
    pub(crate) sumdb: Sumdb,
    /// The audit log: who asked for what and was answered how, in a signed log of its own.
    pub(crate) audit: Audit,
    /// Being a witness for the logs of others, such as another site's checksum database: docs/witness.md.
    pub(crate) witness: Witness,
    /// How long answers that may change are kept: lists of versions, `@latest`, branches.
    pub(crate) freshness: Freshness,
}

/// Where modway listens, how it stops, and where it writes its log.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Server {
    /// The addresses to listen on, each an IP address and a port. Port 0 takes a free one.
    pub(crate) listen: Vec<String>,
    /// The certificate chain in PEM, for https. Set together with `tls_key_file`.
    pub(crate) tls_cert_file: String,
    /// The private key in PEM, for https.
    pub(crate) tls_key_file: String,
    /// Connections open at a time; further ones wait to be accepted.
    pub(crate) max_connections: u32,
    /// Connections open at a time from one address; further ones are closed.
    pub(crate) max_connections_per_client: u32,
    /// How long a client may take for its TLS handshake.
    pub(crate) handshake_timeout: Period,
    /// How long a client may take for a request's header.
    pub(crate) header_timeout: Period,
    /// How long a connection may rest between two requests.
    pub(crate) idle_timeout: Period,
    /// How long a client may take no byte of an answer that waits for it.
    pub(crate) write_timeout: Period,
    /// How long running requests may go on after the order to stop.
    pub(crate) shutdown: Period,
    /// Memory for small answers that were just given.
    pub(crate) hot: Size,
    /// Finished requests remembered for `/-/why/REQUEST-ID`.
    pub(crate) records: u32,
    /// Where the log goes, one JSON object a line: `stderr`, `stdout`, `off`, or a file that lines are appended to (opened again on SIGHUP).
    pub(crate) log: String,
}

/// Where modules are kept.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Store {
    /// The folder of the store. Not set: `modway` in the user's data folder ($XDG_DATA_HOME, or ~/.local/share).
    pub(crate) path: String,
    /// Room left free on the store's disk: below it nothing more is kept, and what is kept is still served.
    pub(crate) reserve: Size,
}

/// One upstream, and how patient modway is with it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Upstream {
    /// The base URL of a module proxy: http, https or file. Without user and password; those have keys of their own.
    pub(crate) url: String,
    /// The longest wait for a TCP connection.
    pub(crate) connect: Period,
    /// The longest TLS handshake; a longer one counts as failed.
    pub(crate) tls: Period,
    /// The longest wait from the request to the first byte of the answer.
    pub(crate) first_byte: Period,
    /// The longest wait between two pieces of a body.
    pub(crate) idle: Period,
    /// The longest time for a small document (`.info`, `.mod`, a list), retries included.
    pub(crate) total: Period,
    /// The longest time for a whole zip, retries included.
    pub(crate) total_zip: Period,
    /// How often the same question is asked again after trouble that may pass. 0: never.
    #[schemars(range(min = 0, max = 10))]
    pub(crate) retries: u32,
    /// Trouble that gives way to the next entry of a list although a comma follows: statuses such as `"429"`, all server errors as `"5xx"`,
    /// or a kind: `timeout`, `tls`, `connect`, `dns`, `broken`, `body`, `forward-proxy`. After `|` everything gives way.
    pub(crate) step_down: Vec<String>,
    /// When to stop asking for a while.
    pub(crate) breaker: Breaker,
    /// The user name for this upstream; with `password_file` or `password_env`.
    pub(crate) user: String,
    /// The file that holds the password.
    pub(crate) password_file: String,
    /// The environment variable that holds the password.
    pub(crate) password_env: String,
    /// The file that holds a token, sent as `Authorization: Bearer`.
    pub(crate) token_file: String,
    /// The environment variable that holds a token, sent as `Authorization: Bearer`.
    pub(crate) token_env: String,
    /// True: user and password come from the netrc file ($NETRC, or ~/.netrc) as the go command reads it.
    pub(crate) netrc: bool,
    /// PEM files with certificates that are trusted besides the system's, for this upstream only.
    pub(crate) ca_files: Vec<String>,
    /// How to reach it: `env` (as HTTPS_PROXY, HTTP_PROXY and NO_PROXY say), `direct`, or `http://host:port`.
    pub(crate) forward_proxy: String,
    /// The file that holds the forward proxy's URL, when that has a user and a password.
    pub(crate) forward_proxy_file: String,
}

/// When to stop asking an upstream for a while.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Breaker {
    /// Failures in a row after which the upstream is skipped where the list allows it. 0: never.
    pub(crate) failures: u32,
    /// How long it is skipped; then one request tries it.
    pub(crate) pause: Period,
}

/// Which upstreams serve which modules.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Route {
    /// The name in traces and logs.
    pub(crate) name: String,
    /// Patterns of module paths as in GOPRIVATE, separated by commas: `*.corp.example,github.com/acme`. `*` matches everything.
    pub(crate) r#match: String,
    /// A GOPROXY list: names of upstreams, URLs, `direct` and `off`. After `,` the next is asked if a module does not exist here, after `|`
    /// on any trouble.
    pub(crate) upstreams: String,
    /// True: the modules are private. Their names reach these upstreams and nobody else, no checksum database of others either; with one of our
    /// own they get records there. Not set: true, unless the route matches everything, or has an upstream of the route that does, or Go's own
    /// proxy. Modules that `gonosumdb` names are private whatever stands here.
    #[schemars(with = "bool")]
    pub(crate) private: Option<bool>,
}

/// Version control itself.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Direct {
    /// The folder of the repositories that were fetched, one for each remote, and of what is unpacked for a moment. It can be deleted while
    /// modway is stopped. Not set: `vcs` in the folder of the store.
    pub(crate) folder: String,
    /// So long the tags and branches of a repository are believed without asking again.
    pub(crate) refs_fresh: Period,
    /// As GOPRIVATE: what the words `private` and `public` in `govcs` mean. Where `gonosumdb` in `[sumdb]` is not set, these modules are private to
    /// checksum databases, too. Not set: the machine's GOPRIVATE.
    pub(crate) goprivate: String,
    /// As GOINSECURE: modules that are looked for with certificates nobody checked, or over plain http. Not set: the machine's GOINSECURE.
    pub(crate) goinsecure: String,
    /// As GOVCS: which version control systems may be used for which modules. Not set: the machine's GOVCS, else
    /// `public:git|hg,private:all`.
    pub(crate) govcs: String,
    /// Where git, hg, svn, fossil and ssh are looked for, as PATH. Not set: the PATH that modway was started with.
    pub(crate) path: String,
    /// Whom to turn to about our requests, such as `https://go.example.com/` or `mailto:go@example.com`: part of the User-Agent.
    pub(crate) contact: String,
    /// Processes of version control that run at once.
    #[schemars(range(min = 1, max = 256))]
    pub(crate) children: u32,
    /// Connections to one host at once.
    #[schemars(range(min = 1, max = 256))]
    pub(crate) connections_per_origin: u32,
    /// Requests to one host in a minute.
    #[schemars(range(min = 1, max = 100_000))]
    pub(crate) requests_per_minute: u32,
    /// The most that one repository may take on the disk; a larger one is refused.
    pub(crate) repository: Size,
    /// How hosts are reached that need a login, have a private address, or are in need of anything else. In order: the first `[[direct.access]]`
    /// whose `place` fits counts. A host without any is public: https, no login. Without a single one, the hosts that GOPRIVATE names in full
    /// may have private addresses, and logins come from where GOAUTH says: the netrc file, or a command.
    pub(crate) access: Vec<Access>,
}

/// How one host, or a part of it, is reached. Who we are there is said once at most: user and password, netrc, helper, ssh key, or GitHub App.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Access {
    /// The host, with its port if it is not the scheme's, and perhaps the beginning of a path: `gitlab.example.com`, `git.example.com:8443/team`. `*`
    /// is every host, for netrc and helpers.
    pub(crate) place: String,
    /// The user name; with `password_file` or `password_env`. Not set: what the `forge` wants beside a token (`oauth2`, `x-access-token`).
    pub(crate) user: String,
    /// The file that holds the password or token. It is read at every use, so that it can be exchanged at any time.
    pub(crate) password_file: String,
    /// The environment variable that holds the password or token.
    pub(crate) password_env: String,
    /// True: user and password come from the netrc file ($NETRC, or ~/.netrc), read at every use.
    pub(crate) netrc: bool,
    /// A command, word by word, as in GOAUTH: it is called with the URL and prints headers. It stands here as it is; no secret belongs into it.
    pub(crate) helper: Vec<String>,
    /// The private key for ssh; with `known_hosts_file`, and with `ssh` among the schemes.
    pub(crate) ssh_key_file: String,
    /// The known_hosts file with the keys of the host: no other key is accepted, and none is added.
    pub(crate) known_hosts_file: String,
    /// The id of a GitHub App; with `github_app_key_file`. Its tokens live for an hour and are made when they are needed. 0: none.
    pub(crate) github_app: u32,
    /// The private key of the GitHub App, in PEM.
    pub(crate) github_app_key_file: String,
    /// The base URL of GitHub's API for the GitHub App. Not set: `https://api.github.com`, or `/api/v3` of the place's host.
    pub(crate) github_api: String,
    /// PEM files with certificates that are trusted besides the system's, for this place only.
    pub(crate) ca_files: Vec<String>,
    /// The name that the host's certificate has, if it is another one than in the URL. It is sent as SNI, too.
    pub(crate) server_name: String,
    /// The certificate that we show to the host, in PEM. Set together with `client_key_file`.
    pub(crate) client_cert_file: String,
    /// Its private key, in PEM.
    pub(crate) client_key_file: String,
    /// True: the host may have an address of a private network, of this machine, or a link-local one. Otherwise no connection is made to such.
    pub(crate) private_addresses: bool,
    /// Schemes that may be used besides https: `http`, `ssh`, `git`, `svn`.
    pub(crate) schemes: Vec<String>,
    /// What the host is, if modules there are found through its API with our login: `gitlab`, `github` or `forgejo`.
    pub(crate) forge: String,
}

/// How long answers that may change are kept.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Freshness {
    /// So long a kept answer is served without asking.
    pub(crate) fresh: Period,
    /// So long after that it is served at once, while it is asked for again.
    pub(crate) revalidate: Period,
    /// So long it is served when the upstreams are in trouble.
    pub(crate) stale: Period,
    /// So long "does not exist" is kept. Trouble is never kept.
    pub(crate) absent: Period,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: vec!["127.0.0.1:8080".to_owned()],
            tls_cert_file: String::new(),
            tls_key_file: String::new(),
            max_connections: 10_000,
            max_connections_per_client: 4_000,
            handshake_timeout: Period::seconds(10),
            header_timeout: Period::seconds(10),
            idle_timeout: Period::seconds(60),
            write_timeout: Period::seconds(30),
            shutdown: Period::seconds(30),
            hot: Size(64 << 20),
            records: 10_000,
            log: "stderr".to_owned(),
        }
    }
}

impl Default for Store {
    fn default() -> Self {
        Self { path: String::new(), reserve: Size(256 << 20) }
    }
}

/// The go command itself waits 30 s for a connection and 10 s for a handshake, and for ever after that (`net/http`'s default transport).
/// A server in the middle must answer before its client gives up, so its own patience is shorter.
impl Default for Upstream {
    fn default() -> Self {
        Self {
            url: String::new(),
            connect: Period::seconds(5),
            tls: Period::seconds(5),
            first_byte: Period::seconds(20),
            idle: Period::seconds(30),
            total: Period::seconds(30),
            total_zip: Period::seconds(600),
            retries: 2,
            step_down: Vec::new(),
            breaker: Breaker::default(),
            user: String::new(),
            password_file: String::new(),
            password_env: String::new(),
            token_file: String::new(),
            token_env: String::new(),
            netrc: false,
            ca_files: Vec::new(),
            forward_proxy: "env".to_owned(),
            forward_proxy_file: String::new(),
        }
    }
}

impl Default for Breaker {
    fn default() -> Self {
        Self { failures: 5, pause: Period::seconds(30) }
    }
}

/// References are believed as long as `freshness.fresh` believes an answer made of them, so that the list, the latest version and the
/// `.info`s of one `go get` cost a repository one question. Eight children fill a small machine while most of them wait for the network. Four
/// connections are what a browser of the careful kind opens to a host; ten requests a second let a cold build of a hundred modules of one forge
/// through and still end a flood of made-up versions. The largest public Go repositories take 1 to 2 GiB.
impl Default for Direct {
    fn default() -> Self {
        Self {
            folder: String::new(),
            refs_fresh: Period::seconds(60),
            goprivate: String::new(),
            goinsecure: String::new(),
            govcs: String::new(),
            path: String::new(),
            contact: String::new(),
            children: 8,
            connections_per_origin: 4,
            requests_per_minute: 600,
            repository: Size(4 << 30),
            access: Vec::new(),
        }
    }
}

impl Default for Freshness {
    fn default() -> Self {
        Self {
            fresh: Period::seconds(60),
            revalidate: Period::seconds(600),
            stale: Period::seconds(7 * 86_400),
            absent: Period::seconds(30),
        }
    }
}
