//! What the go command prints of a break, as its own line.
//!
//! It is told exactly or not at all, but for places where `…` stands for what is not known here: the folder of git's in the module cache, the
//! server that was asked for a name, the address that did not answer. A login in GOPROXY is hidden whole, where Go shows the user.
//!
//! Source: `reportError` in `modget/query.go`, `modinfoError` in `modload/list.go`, `ModuleError` in `x/mod/module`, `versionError` in
//! `modfetch/proxy.go`, `modfetch/{coderepo,sumdb}.go`, Go 1.27. The real go command is asked in `tests/why/honest.rs`.

use gomod::{
    client::{Answer, Break, Command, ErrorClass, Failure, File, Found, Question, Server, SumdbPart},
    goimport::{Known, look_up},
    module::{canonical_version, escape_path},
};
use plan::{Trouble, trouble::Deadline};

use super::{first_line, last};
use crate::{
    render::terminal::harmless,
    why::{
        probe::{Evidence, Probed, detail_of, web_words},
        report::Report,
        words::of_tls,
    },
};

/// An error as Go builds it.
enum Said {
    /// It names module and version, or the module: Go's `ModuleError`.
    Named(String),
    /// It says its own part only.
    Bare(String),
}

/// What was to be said, and all that it is made of.
pub(super) struct Printing<'p> {
    pub(super) report: &'p Report,
    pub(super) broken: &'p Break,
    pub(super) probed: Option<&'p Probed>,
    /// Where the question was asked, without login.
    pub(super) url: &'p str,
}

impl Printing<'_> {
    /// The line, and those that belong to it; `None` if it is not known to the letter, or if Go prints nothing.
    pub(super) fn line(&self) -> Option<String> {
        if let Some(line) = self.before_anything() {
            return line;
        }
        let said = self.said()?;
        Some(match &self.report.command {
            Command::Get { path, query } if self.is_of_graph() => self.required(path, query, &said),
            Command::Get { path, query } => as_get_reports(path, query, said.text()),
            Command::Versions { .. } => format!("go: {}", said.text()),
            Command::Download { module, query } | Command::List { module, query } => match said {
                Said::Bare(text) if self.broken.class == ErrorClass::NoMatchingVersion => format!("go: module {module}: {text}"),
                Said::Bare(text) => format!("go: {module}@{query}: {text}"),
                Said::Named(text) => format!("go: {text}"),
            },
        })
    }

    /// What ends a command before it does anything; the inner `None` for a line that is not known.
    fn before_anything(&self) -> Option<Option<String>> {
        let words = &self.broken.words;
        let lists = matches!(self.report.command, Command::List { .. } | Command::Versions { .. });
        Some(match self.broken.class {
            ErrorClass::ModulesOff if lists => Some("go: list -m cannot be used with GO111MODULE=off".to_owned()),
            ErrorClass::ModulesOff => Some("go: modules disabled by GO111MODULE=off; see 'go help modules'".to_owned()),
            ErrorClass::InvalidGoflags | ErrorClass::InsecureFlag => Some(format!("go: {}", harmless(words))),
            _ => return None,
        })
    }

    fn said(&self) -> Option<Said> {
        use ErrorClass as E;
        let Break { class, module, version, words, .. } = self.broken;
        let words = harmless(words);
        let bare = |words: String| (!words.is_empty()).then_some(Said::Bare(words));
        match class {
            E::ProxyOff
            | E::InvalidGoproxy
            | E::NoMatchingVersion
            | E::NoPackage
            | E::NoPatchBase
            | E::InvalidPath
            | E::VendorMode
            | E::NoProtocol
            | E::BadImportPath => bare(words),
            E::InvalidVersion if words.contains(" in range ") => bare(words),
            E::GovcsDisallows | E::InvalidGovcs => bare(self.of_import(&words)),
            // This remark on Bazaar is ours.
            E::PageUseless => bare(words.replace(" (Go no longer supports Bazaar)", "")),
            E::PageStatus => bare(self.of_import(&self.of_web()?)),
            E::PageUnreachable => bare(self.of_import(&format!("{} fetch: {}", self.schemes(), self.of_web()?))),
            E::DisallowedVersion => Some(self.of_version("disallowed version string")),
            // Where no page was read, the tool is missing for each scheme, and this is the end of it.
            E::ToolMissing if !words.is_empty() => bare(words),
            E::ToolMissing => bare(
                "unable to resolve git version: failed to execute git version: exec: \"git\": executable file not found in $PATH"
                    .into(),
            ),
            E::RepositoryLogin | E::RepositoryCertificate | E::RepositoryUnreachable | E::RepositoryFailed | E::NoRepository => {
                Some(self.of_repository(&self.of_git()?))
            }
            E::UnknownRevision if !words.is_empty() => Some(self.of_repository(&words)),
            E::SumdbAbsent | E::SumdbStatus | E::SumdbUnreachable => self.of_sums(module, version),
            E::OtherVersion => Some(self.of_version(&format!(
                "proxy returned info for version {} instead of requested version",
                harmless(&self.other_version()?)
            ))),
            E::Absent | E::Status | E::InvalidResponse | E::Unreachable | E::Certificate | E::ForwardProxy | E::Handshake => {
                self.of_proxy()
            }
            _ => None,
        }
    }

    /// What a proxy does wrong: with the version, if one was asked for.
    fn of_proxy(&self) -> Option<Said> {
        let Some(Question::Proxy { module, file, .. }) = &self.broken.at else { return None };
        let words = match self.probed.map(|probed| &probed.answer) {
            Some(Answer::Failed(Failure::Unreadable(words))) => {
                format!("invalid response from proxy {:?}: {}", self.base(module)?, harmless(words))
            }
            _ => self.of_web()?,
        };
        Some(match file {
            File::List(_) | File::Latest => Said::Named(format!("module {module}: {words}")),
            File::Info(_) | File::Mod(_) | File::Zip(_) => self.of_version(&words),
        })
    }

    /// Go says of what is no canonical version that the version is invalid.
    fn of_version(&self, words: &str) -> Said {
        let Break { module, version, .. } = self.broken;
        let invalid = if canonical_version(version) == *version { "" } else { "invalid version: " };
        Said::Named(format!("{module}@{version}: {invalid}{words}"))
    }

    /// What goes wrong with a repository, when it is asked for a revision, or for its versions.
    fn of_repository(&self, words: &str) -> Said {
        let module = &self.broken.module;
        let query = self.report.command.query();
        Said::Named(match query.filter(|_| self.report.command.names_revision()) {
            Some(query) => format!("{module}@{query}: invalid version: {words}"),
            None => format!("module {module}: {words}"),
        })
    }

    /// What is found out by a page is told of the import path; what the path says by itself is not.
    fn of_import(&self, words: &str) -> String {
        let module = &self.broken.module;
        if matches!(look_up(module), Ok(Known::Page)) {
            format!("unrecognized import path {module:?}: {words}")
        } else {
            words.to_owned()
        }
    }

    /// `go get` proves the zip first, the other commands go.mod.
    fn of_sums(&self, module: &str, version: &str) -> Option<Said> {
        let Some(Question::Sumdb { part, .. }) = &self.broken.at else { return None };
        if matches!(part, SumdbPart::Tiles { .. }) {
            return None;
        }
        let (noun, below) = match self.report.command {
            Command::Get { .. } => ("module", ""),
            Command::Download { .. } | Command::List { .. } | Command::Versions { .. } => ("go.mod", "/go.mod"),
        };
        let words = self.of_web()?;
        Some(Said::Named(format!("{module}@{version}: verifying {noun}: {module}@{version}{below}: {words}")))
    }

    fn of_web(&self) -> Option<String> {
        let url = self.with_login();
        if matches!(self.probed.map(|probed| &probed.evidence), Some(Evidence::File)) {
            return (self.broken.class == ErrorClass::Absent).then(|| format!("reading {url}: no such file or directory"));
        }
        match &last(self.probed?)?.end {
            Ok(told) if told.status != 200 => {
                let detail = harmless(first_line(&detail_of(told)));
                let detail = if detail.is_empty() { detail } else { format!("\n\tserver response: {detail}") };
                Some(format!("reading {url}: {}{detail}", web_words(told.status)))
            }
            Ok(_) => None,
            Err(trouble) => Some(format!("Get {url:?}: {}", in_gos_words(trouble)?)),
        }
    }

    fn of_git(&self) -> Option<String> {
        let Evidence::Git(seen) = &self.probed?.evidence else { return None };
        let lines: String = seen.words.lines().map(|line| format!("\n\t{}", harmless(line))).collect();
        (!lines.is_empty()).then(|| format!("git ls-remote -q --end-of-options {} in …: exit status 128:{lines}", seen.url))
    }

    /// The URL with a trace of the login that GOPROXY has for it.
    fn with_login(&self) -> String {
        let name = self.entry().map_or("", |hop| hop.name.as_str());
        match (name.split_once("://xxxxx@"), self.url.split_once("://")) {
            (Some(_), Some((scheme, rest))) => format!("{scheme}://xxxxx@{rest}"),
            _ => self.url.to_owned(),
        }
    }

    /// The proxy, as Go names it.
    fn base(&self, module: &str) -> Option<String> {
        let below = format!("/{}/@", escape_path(module).ok()?);
        let url = self.with_login();
        url.split_once(&below).map(|(base, _)| base.to_owned())
    }

    fn entry(&self) -> Option<&crate::why::report::Hop> {
        match &self.broken.at {
            Some(Question::Proxy { server: Server::Entry(index), .. }) => {
                self.report.hops.iter().find(|hop| hop.index == Some(*index))
            }
            _ => None,
        }
    }

    /// How a page was asked for.
    fn schemes(&self) -> &'static str {
        if self.report.trust.go_insecure.is_some() { "http/https" } else { "https" }
    }

    fn other_version(&self) -> Option<String> {
        match &self.probed?.answer {
            Answer::Found(Found::Info(info)) => Some(info.version.clone()),
            Answer::Found(_) | Answer::Failed(_) | Answer::Unknown => None,
        }
    }

    /// True for what breaks after the version is chosen, when `go get` reads what that requires.
    fn is_of_graph(&self) -> bool {
        matches!(&self.broken.at, Some(Question::Proxy { file: File::Mod(_), .. }))
    }

    /// What `go get` says of what it chose.
    fn required(&self, path: &str, query: &str, said: &Said) -> String {
        let Break { module, version, .. } = self.broken;
        let typed = typed(path, query);
        let chosen = match (path == module, query == version) {
            (true, true) => typed,
            (true, false) => format!("{path}@{query} ({version})"),
            (false, true) => format!("{module}@{version} (matching {typed})"),
            (false, false) => format!("{module}@{version} (matching {path}@{query})"),
        };
        let text = said.text().strip_prefix(&format!("{module}@{version}: ")).unwrap_or(said.text());
        format!("go: {chosen} requires {module}@{version}: {text}")
    }
}

impl Said {
    fn text(&self) -> &str {
        match self {
            Said::Named(text) | Said::Bare(text) => text,
        }
    }
}

/// The argument as it was typed.
fn typed(path: &str, query: &str) -> String {
    if query == "upgrade" { path.to_owned() } else { format!("{path}@{query}") }
}

/// Go puts the argument in front of an error that does not mention all of it.
fn as_get_reports(path: &str, query: &str, error: &str) -> String {
    let is_named = mentions(error, path, " \t(\"`", " @:;)\"`");
    let is_typed = query == "upgrade" || mentions(error, query, " @(\"`", " :;)\"`");
    if is_named && is_typed { format!("go: {error}") } else { format!("go: {}: {error}", typed(path, query)) }
}

/// Whether a line has `word` between one of `before`, or its begin, and one of `after`, or its end.
fn mentions(text: &str, word: &str, before: &str, after: &str) -> bool {
    text.lines().any(|line| {
        line.match_indices(word).any(|(at, _)| {
            line[..at].chars().next_back().is_none_or(|c| before.contains(c))
                && line[at + word.len()..].chars().next().is_none_or(|c| after.contains(c))
        })
    })
}

/// What Go says for it; `None` where Go would just wait, or where it depends on more than is known.
fn in_gos_words(trouble: &Trouble) -> Option<String> {
    let strip = |text: &str| of_tls(text).to_owned();
    Some(match trouble {
        Trouble::Dns(text) => format!("dial tcp: lookup {} on …: no such host", text.split(':').next().unwrap_or_default()),
        Trouble::Connect(text) if text.contains("refused") => {
            format!("dial tcp {}: connect: connection refused", text.split(": ").next().unwrap_or_default())
        }
        Trouble::Connect(text) => {
            let (place, why) = text.split_once(": ")?;
            format!("dial tcp {place}: connect: {}", why.split(" (os error").next().unwrap_or_default().to_lowercase())
        }
        Trouble::Deadline(Deadline::Connect, _) => "dial tcp …: i/o timeout".to_owned(),
        Trouble::Tls(text) if text.contains("x509:") => format!("tls: failed to verify certificate: {}", strip(text)),
        Trouble::ForwardProxy(text) if text.contains("refused") => {
            let place = text.split(": ").next().unwrap_or_default();
            format!("proxyconnect tcp: dial tcp {place}: connect: connection refused")
        }
        // The status is all that Go shows of a forward proxy's refusal.
        Trouble::ForwardProxy(text) => text.split_once("answered CONNECT with HTTP/1.1 ")?.1.split_once(' ')?.1.to_owned(),
        Trouble::Broken(_) => "EOF".to_owned(),
        Trouble::Deadline(Deadline::Tls, _) => "net/http: TLS handshake timeout".to_owned(),
        _ => return None,
    })
}
