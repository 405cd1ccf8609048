//! A module proxy of a case, and what it says.

use gomod::client::{Answer, Failure, File, Found, GoModFacts, InfoFacts, ZipFacts};
use gomod::list::VersionList;
use gomod::module::ModulePath;
use gomod::time::Time;

use crate::universe::{ABOVE, LEGACY, ROOTS, SUFFIXED, UPPER, Universe};

/// A module proxy.
#[derive(Clone, Debug)]
pub(crate) struct Hop {
    pub(crate) transport: Transport,
    /// What it says of what it does not know.
    pub(crate) unknown: u16,
    /// Whether it lists pseudo-versions, too.
    pub(crate) lists_pseudo: bool,
    /// Whether it gives an empty list of modules that it does not know.
    pub(crate) lists_unknown: bool,
    /// What it knows: module paths and versions.
    pub(crate) knows: Vec<(String, Vec<String>)>,
    /// One kind of file about which it is wrong.
    pub(crate) fault: Option<(Kind, Fault)>,
    /// What it says to `/supported`.
    pub(crate) supported: u16,
    /// Whether it wants a login.
    pub(crate) login: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    Http,
    Https,
    Untrusted,
    Refused,
    /// https asked of a server that speaks http.
    NotTls,
    /// A folder.
    File,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    List,
    Latest,
    Info,
    Mod,
    Zip,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Status(u16),
    Html,
    Cut,
    Reset,
    /// A redirect to http.
    Redirect,
    /// Another version in `.info`, another text in go.mod, another file in the zip.
    Other,
}

/// What a proxy says.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    Status(u16),
    Html,
    List(Vec<String>),
    Info(String, i64),
    Text(String),
    Zip(Vec<u8>),
    Cut(Vec<u8>),
    Reset,
    Redirect,
}

/// What stands where a document should be.
pub(crate) const HTML: &str = "<!DOCTYPE html><html><head><title>Log in</title></head><body>who?</body></html>\n";

impl Hop {
    /// What it says of a file of a module.
    pub(crate) fn reply(&self, universe: &Universe, module: &str, file: &File) -> Reply {
        let known = self.knows.iter().find(|(path, _)| path == module).map(|(_, versions)| versions);
        let Some(versions) = known else {
            // A folder has files of the modules that it knows, and no others.
            let is_list = matches!(file, File::List(_)) && self.transport != Transport::File;
            return if is_list && self.lists_unknown { Reply::List(Vec::new()) } else { Reply::Status(self.unknown) };
        };
        let (kind, honest) = match file {
            File::List(_) => {
                let tagged = versions.iter().filter(|version| self.lists_pseudo || !gomod::pseudo::is_pseudo_version(version));
                (Kind::List, Reply::List(tagged.cloned().collect()))
            }
            File::Latest => (Kind::Latest, self.info(universe, module, versions.last())),
            File::Info(rev) => {
                let is_branch = rev == "main";
                let version = versions.iter().find(|known| known == &rev || is_branch && gomod::pseudo::is_pseudo_version(known));
                (Kind::Info, self.info(universe, module, version))
            }
            File::Mod(version) | File::Zip(version) => {
                let is_mod = matches!(file, File::Mod(_));
                let content = universe.content(module, version).filter(|_| versions.contains(version));
                let reply = match content {
                    None => Reply::Status(self.unknown),
                    Some(content) if is_mod => Reply::Text(content.go_mod.clone()),
                    Some(content) => Reply::Zip(content.zip.clone()),
                };
                (if is_mod { Kind::Mod } else { Kind::Zip }, reply)
            }
        };
        match self.fault {
            Some((wrong, fault)) if wrong == kind => fault.spoil(honest, module, file),
            _ => honest,
        }
    }

    fn info(&self, universe: &Universe, module: &str, version: Option<&String>) -> Reply {
        match version.and_then(|version| universe.content(module, version).map(|content| (version, content))) {
            Some((version, content)) => Reply::Info(version.clone(), content.seconds),
            None => Reply::Status(self.unknown),
        }
    }
}

impl Fault {
    fn spoil(self, honest: Reply, module: &str, file: &File) -> Reply {
        match self {
            Fault::Status(status) => Reply::Status(status),
            Fault::Html => Reply::Html,
            Fault::Reset => Reply::Reset,
            Fault::Redirect => Reply::Redirect,
            Fault::Cut => Reply::Cut(honest.body()),
            Fault::Other => match honest {
                Reply::Info(_, seconds) => Reply::Info("v1.9.9".into(), seconds),
                Reply::Text(text) => Reply::Text(text + "// forged\n"),
                Reply::Zip(_) => Reply::Zip(forged_zip(module, file)),
                other => other,
            },
        }
    }
}

/// What a folder cannot say is not in it.
pub(crate) fn in_folder(answer: Answer) -> Answer {
    match answer {
        Answer::Failed(Failure::Status(_) | Failure::Cut | Failure::Redirect) => Answer::Failed(Failure::NoFile),
        answer => answer,
    }
}

/// A zip whose one file no record knows.
fn forged_zip(module: &str, file: &File) -> Vec<u8> {
    let File::Zip(version) = file else { return Vec::new() };
    testkit::modules::Module::of(module, version, &[("m.go", b"package m // forged\n".to_vec())]).zip.to_vec()
}

impl Reply {
    /// The body of an answer with status 200.
    pub(crate) fn body(&self) -> Vec<u8> {
        match self {
            Reply::Status(_) => b"no\n".to_vec(),
            Reply::Html => HTML.into(),
            Reply::List(versions) => versions.iter().map(|version| format!("{version}\n")).collect::<String>().into_bytes(),
            Reply::Info(version, seconds) => {
                let time = Time::from_unix_seconds(*seconds).expect("a time");
                format!("{{\"Version\":\"{version}\",\"Time\":\"{time}\"}}\n").into_bytes()
            }
            Reply::Text(text) => text.clone().into_bytes(),
            Reply::Zip(bytes) | Reply::Cut(bytes) => bytes.clone(),
            Reply::Reset | Reply::Redirect => Vec::new(),
        }
    }

    /// The same for the model.
    pub(crate) fn answer(&self, module: &str, file: &File) -> Answer {
        let unreadable = || Answer::Failed(Failure::Unreadable("invalid character '<' looking for beginning of value".into()));
        match (self, file) {
            (Reply::Status(status), _) => Answer::status(*status),
            (Reply::Cut(_) | Reply::Reset, _) => Answer::Failed(Failure::Cut),
            (Reply::Redirect, _) => Answer::Failed(Failure::Redirect),
            (Reply::Info(version, seconds), _) => {
                let time = Time::from_unix_seconds(*seconds).expect("a time");
                Answer::Found(Found::Info(InfoFacts { version: version.clone(), time }))
            }
            (Reply::Zip(bytes), _) => Answer::Found(Found::Zip(zip_facts(module, file, bytes))),
            (Reply::List(_) | Reply::Html, File::List(_)) => Answer::Found(Found::List(VersionList::parse(&self.body()))),
            (Reply::Html, File::Zip(_)) => {
                let fault = Some("zip: not a valid zip file".into());
                Answer::Found(Found::Zip(ZipFacts { fault, ..ZipFacts::default() }))
            }
            (Reply::Text(_) | Reply::Html, File::Mod(_)) => {
                let path = ModulePath::parse(module).expect("a module path");
                let h1 = Some(gomod::dirhash::go_mod_h1(&self.body()).to_string());
                Answer::Found(Found::GoMod(GoModFacts { h1, ..GoModFacts::read(&path, &self.body()) }))
            }
            (Reply::Html | Reply::List(_) | Reply::Text(_), _) => unreadable(),
        }
    }
}

fn zip_facts(module: &str, file: &File, bytes: &[u8]) -> ZipFacts {
    let File::Zip(version) = file else { return ZipFacts::default() };
    let content = crate::UNIVERSE.get().and_then(|universe| universe.content(module, version));
    match content.filter(|content| content.zip == bytes) {
        Some(content) => content.zip_facts(),
        None => ZipFacts { packages: Some(vec![String::new()]), fault: None, h1: Some("forged".into()) },
    }
}

/// Every module path that a proxy may know.
pub(crate) fn modules() -> [&'static str; 8] {
    [LEGACY, UPPER, ROOTS[0], "git.corp.test/team/lib/v2", ROOTS[1], "open.test/lib/v2", ABOVE, SUFFIXED]
}
