//! One run of the real go command in a case's world.

use std::path::Path;

use gomod::client::{Command, ErrorClass};
use testkit::go::Go;

use crate::case::{Case, Netrc, Places};
use crate::server::{Servers, Trust};

/// What is seen of a run.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) log: Vec<String>,
    pub(crate) exit: i32,
    /// None of a success; the words where they are of no known class.
    pub(crate) class: Option<Result<ErrorClass, String>>,
    /// The version that a success says, if it does.
    pub(crate) version: Option<String>,
    pub(crate) text: String,
}

/// Everything a run needs besides its case.
pub(crate) struct Runner<'a> {
    pub(crate) go: &'a Go,
    pub(crate) servers: &'a Servers,
    /// A folder with `good.pem`, the authority that everybody trusts.
    pub(crate) certificates: &'a Path,
    pub(crate) cache: &'a Path,
}

pub(crate) fn write_certificates(folder: &Path, trust: &Trust) {
    std::fs::write(folder.join("good.pem"), trust.good.pem()).expect("the folder is ours");
}

impl Runner<'_> {
    pub(crate) fn run(&self, case: &Case, places: &Places) -> Seen {
        let home = home();
        self.lay(case, places, home.path());
        self.run_in(case, home.path(), &self.environment(case, places, home.path()))
    }

    /// Runs the command in a home that is laid, with this environment.
    pub(crate) fn run_in(&self, case: &Case, home: &Path, environment: &[(String, String)]) -> Seen {
        let mut command = std::process::Command::new(self.go.path());
        command.env_clear().envs(environment.iter().map(|(name, value)| (name, value))).current_dir(home.join("work"));
        match &case.command {
            Command::Get { path, query } if query == "upgrade" => command.args(["get", path]),
            Command::Get { path, query } => command.args(["get", &format!("{path}@{query}")]),
            Command::Download { module, query } => command.args(["mod", "download", &format!("{module}@{query}")]),
            Command::List { module, query } => command.args(["list", "-m", &format!("{module}@{query}")]),
            Command::Versions { module } => command.args(["list", "-m", "-versions", module]),
        };
        let output = command.output().expect("go starts");
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let exit = output.status.code().unwrap_or(-1);
        let class = (exit != 0).then(|| classify(&text).ok_or_else(|| text.clone()));
        Seen { log: self.servers.log(), exit, class, version: version(case, &text), text }
    }

    /// Lays out a home: a netrc file, and a module for the commands that want one.
    pub(crate) fn lay(&self, case: &Case, places: &Places, home: &Path) {
        std::fs::write(home.join("netrc"), netrc(case, places)).expect("the folder is ours");
        // Go passes over a go.mod at the root of temporary files.
        let module = home.join("work");
        std::fs::create_dir(&module).expect("the folder is ours");
        if matches!(case.command, Command::Get { .. }) {
            std::fs::write(module.join("go.mod"), "module main.test\n\ngo 1.21\n").expect("the folder is ours");
        }
    }

    /// The whole environment of a command.
    pub(crate) fn environment(&self, case: &Case, places: &Places, home: &Path) -> Vec<(String, String)> {
        let command = self.go.command(home);
        let text = |text: &std::ffi::OsStr| text.to_string_lossy().into_owned();
        let plain = command.get_envs().filter_map(|(name, value)| Some((text(name), text(value?))));
        let mut environment: std::collections::BTreeMap<String, String> = plain.collect();
        let mut set = |name: &str, value: String| drop(environment.insert(name.to_owned(), value));
        let forward = format!("http://{}", self.servers.forward);
        let good = self.certificates.join("good.pem").display().to_string();
        set("GOCACHE", self.cache.display().to_string());
        set("GOMAXPROCS", "2".into());
        set("GOAUTH", "netrc".into());
        set("NETRC", home.join("netrc").display().to_string());
        set("SSL_CERT_FILE", good.clone());
        set("GIT_SSL_CAINFO", good);
        for name in ["HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"] {
            set(name, forward.clone());
        }
        for (name, value) in [("GIT_SSH_COMMAND", "false"), ("GIT_PROXY_COMMAND", "false"), ("GIT_CONFIG_NOSYSTEM", "1")] {
            set(name, value.into());
        }
        if !case.has_git {
            set("PATH", home.display().to_string());
        }
        if case.git_trusts_all {
            set("GIT_SSL_NO_VERIFY", "1".into());
        }
        environment.extend(case.settings(places, &format!("http://{}", self.servers.database)));
        environment.into_iter().collect()
    }
}

/// A folder that is gone with its owner.
pub(crate) fn home() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a temporary folder can be made")
}

fn netrc(case: &Case, places: &Places) -> String {
    let machine = |place: &String| match case.netrc {
        Netrc::None => String::new(),
        Netrc::Fits => format!("machine {place} login user password secret\n"),
        Netrc::NoPort => "machine 127.0.0.1 login user password secret\n".into(),
    };
    places.iter().map(machine).collect()
}

/// The version that the command says it chose.
fn version(case: &Case, text: &str) -> Option<String> {
    let line = match &case.command {
        Command::Get { .. } => text.lines().find_map(|line| line.strip_prefix("go: added ")),
        Command::List { .. } => text.lines().next(),
        Command::Download { .. } | Command::Versions { .. } => None,
    }?;
    line.split_once(' ').map(|(_, version)| version.to_owned())
}

/// The class of an error by the words of the go command.
pub(crate) fn classify(text: &str) -> Option<ErrorClass> {
    let has = |words: &str| text.contains(words);
    let class = if has("GO111MODULE=off") {
        ErrorClass::ModulesOff
    } else if has("-insecure flag is no longer supported") {
        ErrorClass::InsecureFlag
    } else if has("parsing $GOFLAGS") || has("$GOFLAGS") {
        ErrorClass::InvalidGoflags
    } else if has("-mod=vendor") || has("using the vendor directory") {
        ErrorClass::VendorMode
    } else if has("GOPROXY list is not") || has("invalid proxy URL") || has("invalid file:// proxy") || has("first path segment")
    {
        ErrorClass::InvalidGoproxy
    } else if has("GOSUMDB") && !has("GOSUMDB=off") {
        ErrorClass::InvalidGosumdb
    } else if has("verifying ") {
        return Some(classify_proof(text));
    } else if has("refusing to pass credentials") {
        ErrorClass::InsecureLogin
    } else if has("protocol found for repository") {
        ErrorClass::NoProtocol
    } else if has("GOVCS disallows") {
        ErrorClass::GovcsDisallows
    } else if has("in GOVCS") {
        ErrorClass::InvalidGovcs
    } else if has("unrecognized import path") {
        match () {
            () if has("https fetch: ") || has("fetching ") && has("Get \"") => ErrorClass::PageUnreachable,
            () if has("reading http") => ErrorClass::PageStatus,
            () => ErrorClass::PageUseless,
        }
    } else {
        return classify_other(text);
    };
    Some(class)
}

fn classify_proof(text: &str) -> ErrorClass {
    let has = |words: &str| text.contains(words);
    match () {
        () if has("checksum mismatch") => ErrorClass::ChecksumMismatch,
        () if has("checksum missing") => ErrorClass::ChecksumMissing,
        () if has("reading http") && (has(": 404 ") || has(": 410 ")) => ErrorClass::SumdbAbsent,
        () if has("reading http") => ErrorClass::SumdbStatus,
        () if has("refusing to pass credentials") => ErrorClass::InsecureLogin,
        () if has("Get \"") => ErrorClass::SumdbUnreachable,
        () => ErrorClass::SumdbDishonest,
    }
}

fn classify_other(text: &str) -> Option<ErrorClass> {
    let has = |words: &str| text.contains(words);
    let table: &[(&str, ErrorClass)] = &[
        ("module lookup disabled by GOPROXY=off", ErrorClass::ProxyOff),
        ("no matching versions for query", ErrorClass::NoMatchingVersion),
        ("does not contain package", ErrorClass::NoPackage),
        ("declares its path as", ErrorClass::OtherPath),
        ("retracted by module author", ErrorClass::Retracted),
        ("executable file not found", ErrorClass::ToolMissing),
        ("redirected from secure URL", ErrorClass::Redirect),
        ("Could not read from remote repository", ErrorClass::RepositoryFailed),
        ("unknown revision", ErrorClass::UnknownRevision),
        ("no such file or directory", ErrorClass::Absent),
        ("disallowed version string", ErrorClass::DisallowedVersion),
        ("malformed module path", ErrorClass::InvalidPath),
        ("proxy returned info for version", ErrorClass::OtherVersion),
        ("invalid response from proxy", ErrorClass::InvalidResponse),
        ("not a valid zip file", ErrorClass::BadZip),
        ("invalid semantic version", ErrorClass::InvalidVersion),
        ("ambiguous semantic version", ErrorClass::InvalidVersion),
        ("no existing version is required", ErrorClass::NoPatchBase),
        ("server certificate verification failed", ErrorClass::RepositoryCertificate),
        ("SSL certificate problem", ErrorClass::RepositoryCertificate),
        ("could not read Username", ErrorClass::RepositoryLogin),
        ("' not found", ErrorClass::NoRepository),
        ("unable to access", ErrorClass::RepositoryUnreachable),
        ("suffix not allowed", ErrorClass::ModuleMisfit),
        ("go.mod has ", ErrorClass::ModuleMisfit),
        ("/go.mod at revision", ErrorClass::ModuleMisfit),
        ("x509: ", ErrorClass::Certificate),
        ("HTTP response to HTTPS client", ErrorClass::Handshake),
        ("does not look like a TLS", ErrorClass::Handshake),
        ("Bad Gateway", ErrorClass::ForwardProxy),
        ("connection refused", ErrorClass::Unreachable),
        ("EOF", ErrorClass::Unreachable),
        ("connection reset", ErrorClass::Unreachable),
        ("parsing go.mod", ErrorClass::BadGoMod),
    ];
    if has("reading http") {
        let is_absent = has(": 404 ") || has(": 410 ");
        return Some(if is_absent { ErrorClass::Absent } else { ErrorClass::Status });
    }
    table.iter().find(|(words, _)| has(words)).map(|(_, class)| *class)
}
