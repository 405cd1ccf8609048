//! Version control: from a module path to its repository, and what is asked of that.

use super::answer::{Answer, Commit, Failure, Found, InfoFacts, Refs, ToolFailure};
use super::ask::{PageWay, Purpose, Question, Reason, RepoPart, Server, Visit};
use super::fetch::{Access, class_of};
use super::outcome::ErrorClass;
use super::process::{Fault, Process, Rank, Stop, Told, fault};
use crate::goimport::{Discovery, Known, NoRoot, RepoRoot, Source, Step, Suffix, Vcs, look_up};
use crate::goproxy::GoUrl;
use crate::module::{ModulePath, canonical_version, match_path_major, split_path_version};
use crate::{pseudo, semver};

/// A repository that a module path led to.
#[derive(Clone, Debug)]
pub(super) struct Repository {
    vcs: Vcs,
    url: String,
    /// What tags of this module begin with, `sub/`.
    tag_prefix: String,
    path_major: String,
    /// Its references, or why it did not show them. Go says so only when something is wanted of it.
    refs: Result<Refs, Box<Fault>>,
    because: Vec<Reason>,
}

impl Process<'_> {
    /// `lookupDirect`: whatever keeps a path from leading to a repository counts as an absence.
    pub(super) fn repository(&mut self, module: &str, again: bool, because: Vec<Reason>) -> Told<Access> {
        let root = match self.root(module, again, &because) {
            Ok(root) => root,
            Err(stop) => return Err(stop.absent()),
        };
        let mut because = because;
        because.insert(0, Reason::Led { from: root.root.clone() });
        match root.source {
            Source::Proxy => match GoUrl::parse(&root.url) {
                Ok(base) => Ok(Access::Proxy { server: Server::Tagged { base: base.to_string(), again }, base, because }),
                Err(why) => Err(fault(ErrorClass::PageUseless, module, "", None, &why.to_string())),
            },
            Source::Vcs(vcs) => self.code_repo(module, &root, vcs, because).map(Access::Repository),
        }
    }

    /// `RepoRootForImportPath`.
    fn root(&mut self, module: &str, again: bool, because: &[Reason]) -> Told<RepoRoot> {
        let known = look_up(module).map_err(|no| fault(ErrorClass::BadImportPath, module, "", None, &no.to_string()))?;
        match known {
            Known::Root(root) => self.check_govcs(module, &root.source, &root.root).map(|()| root),
            Known::Suffix(suffix) => {
                self.check_govcs(module, &Source::Vcs(suffix.vcs), &suffix.root)?;
                self.try_schemes(module, &suffix, again, because)
            }
            Known::Page => {
                let root = self.discover(module, again, because)?;
                self.check_govcs(module, &root.source, &root.root).map(|()| root)
            }
        }
    }

    fn check_govcs(&self, module: &str, source: &Source, root: &str) -> Told<()> {
        let Source::Vcs(vcs) = source else { return Ok(()) };
        match &self.rules.govcs {
            Err(why) => Err(fault(ErrorClass::InvalidGovcs, module, "", None, &why.to_string())),
            Ok(govcs) => match govcs.check(*vcs, root, &self.rules.goprivate) {
                Ok(_) => Ok(()),
                Err(no) => Err(fault(ErrorClass::GovcsDisallows, module, "", None, &no.to_string())),
            },
        }
    }

    /// The first scheme under which a repository answers. Why the others did not, Go does not say, but that the tool is missing.
    fn try_schemes(&mut self, module: &str, suffix: &Suffix, again: bool, because: &[Reason]) -> Told<RepoRoot> {
        let insecure = self.insecure(module);
        let (mut last, mut class) = (None, ErrorClass::NoProtocol);
        for scheme in suffix.vcs.schemes(insecure.is_some()) {
            let root = suffix.at(scheme);
            let mut because = because.to_vec();
            because.extend(insecure.clone());
            let question = Question::Ping { vcs: suffix.vcs, url: root.url.clone(), again };
            match self.ask(question.clone(), root.url.clone(), Purpose::Version, because)? {
                Ok(_) => return Ok(root),
                Err(Failure::Tool(ToolFailure::Missing)) => (last, class) = (Some(question), ErrorClass::ToolMissing),
                Err(_) => last = Some(question),
            }
        }
        let words = NoRoot::NoProtocol { insecure_too: insecure.is_some() }.to_string();
        Err(fault(class, module, "", last, &words))
    }

    /// `repoRootForImportDynamic`.
    fn discover(&mut self, module: &str, again: bool, because: &[Reason]) -> Told<RepoRoot> {
        let Ok(path) = ModulePath::parse(module) else {
            return Err(fault(ErrorClass::InvalidPath, module, "", None, "malformed module path").ranked(Rank::InvalidPath));
        };
        let mut discovery = Discovery::new(&path);
        loop {
            let visit = match again {
                _ if discovery.import_path() != module => Visit::Confirm,
                true => Visit::Again,
                false => Visit::First,
            };
            let (page, at) = self.page(module, &discovery, visit, because)?;
            match discovery.answer(&page) {
                Ok(Step::Ask(further)) => discovery = further,
                Ok(Step::Found(root)) => return Ok(root),
                Err(no) => {
                    let class = match no {
                        NoRoot::Status { .. } => ErrorClass::PageStatus,
                        NoRoot::Path(_)
                        | NoRoot::Wildcard(_)
                        | NoRoot::NoProtocol { .. }
                        | NoRoot::Page { .. }
                        | NoRoot::Unreachable { .. } => ErrorClass::PageUseless,
                    };
                    return Err(fault(class, module, "", Some(at), &no.to_string()));
                }
            }
        }
    }

    /// Asks for a page, over https, and where GOINSECURE allows it over http if nothing at all came.
    fn page(
        &mut self,
        module: &str,
        discovery: &Discovery,
        visit: Visit,
        because: &[Reason],
    ) -> Told<(crate::goimport::Page, Question)> {
        let insecure = self.insecure(module);
        let ways: &[PageWay] = if insecure.is_some() { &[PageWay::Unverified, PageWay::Plain] } else { &[PageWay::Verified] };
        let mut because = because.to_vec();
        because.extend(insecure);
        let mut failed = None;
        for way in ways {
            let scheme = if *way == PageWay::Plain { "http" } else { "https" };
            let question = Question::Page { path: discovery.import_path().into(), way: *way, visit };
            match self.ask(question.clone(), discovery.url(scheme), Purpose::Version, because.clone())? {
                Ok(Found::Page(page)) => return Ok((page, question)),
                Ok(_) => return Err(fault(ErrorClass::PageUseless, module, "", Some(question), "")),
                Err(_) => failed = Some(question),
            }
        }
        // What came instead, whoever was asked can tell: here are no words for it.
        Err(fault(ErrorClass::PageUnreachable, module, "", failed, ""))
    }

    /// By which pattern of GOINSECURE pages may come unverified or in the clear, and schemes without protection be tried. It reaches no
    /// further: proxies, checksum databases and the tools stay as strict as they are.
    fn insecure(&self, module: &str) -> Option<Reason> {
        let pattern = self.rules.goinsecure.find(module)?;
        Some(Reason::Matches { variable: self.rules.setup.goinsecure.variable.clone(), pattern: pattern.into() })
    }

    /// `NewRepo` and `newCodeRepo`. That a repository does not answer is no absence.
    fn code_repo(&mut self, module: &str, root: &RepoRoot, vcs: Vcs, because: Vec<Reason>) -> Told<Repository> {
        let question = Question::Repo { vcs, url: root.url.clone(), part: RepoPart::Refs };
        let url = shown(&root.url);
        let refs = match self.ask(question.clone(), url, Purpose::Version, because.clone())? {
            Ok(Found::Refs(refs)) => Ok(refs),
            Ok(_) => fault_of(fault(ErrorClass::RepositoryFailed, module, "", Some(question), "")),
            Err(failure) => {
                let stop = repository_fault(&failure, module, "", question);
                if failure == Failure::Tool(ToolFailure::Missing) {
                    return Err(stop);
                }
                fault_of(stop)
            }
        };
        let (prefix, path_major) = split_path_version(module).unwrap_or((module, ""));
        let below = prefix.strip_prefix(root.root.trim_end_matches('/')).unwrap_or_default();
        // No page leads out of its repository: such a directory is refused when the page is read.
        let folder = root.folder(below).unwrap_or_default();
        let tag_prefix = if folder.is_empty() { folder } else { folder + "/" };
        Ok(Repository { vcs, url: root.url.clone(), tag_prefix, path_major: path_major.into(), refs, because })
    }

    /// The versions that tags are.
    ///
    /// Source: `codeRepo.Versions`.
    pub(super) fn tagged(&mut self, repository: &Repository, module: &str, prefix: &str, purpose: Purpose) -> Told<Vec<String>> {
        let Repository { tag_prefix, path_major, .. } = repository;
        let refs = repository.refs.as_ref().map_err(|fault| Stop::Fault(fault.clone()))?;
        let names = refs.tags.iter().filter_map(|tag| tag.strip_prefix(tag_prefix.as_str()));
        let names = names
            .filter(|name| name.starts_with(prefix) && semver::canonical(name) == **name && !pseudo::is_pseudo_version(name));
        let (mut fitting, others): (Vec<String>, Vec<String>) =
            names.map(str::to_owned).partition(|name| match_path_major(name, path_major));
        semver::sort(&mut fitting);
        if tag_prefix.is_empty() && path_major.is_empty() && !others.is_empty() {
            fitting.extend(self.incompatible(repository, module, fitting.last().cloned(), others, purpose)?);
            semver::sort(&mut fitting);
        }
        Ok(fitting)
    }

    /// `appendIncompatibleVersions`: tags of later major versions count where nothing says that the author knows of modules.
    fn incompatible(
        &mut self,
        repository: &Repository,
        module: &str,
        highest: Option<String>,
        mut others: Vec<String>,
        purpose: Purpose,
    ) -> Told<Vec<String>> {
        if let Some(highest) = highest
            && !self.commit(repository, module, &highest, purpose)?.go_mod.synthetic
        {
            return Ok(Vec::new());
        }
        semver::sort(&mut others);
        let mut kept: Vec<String> = Vec::new();
        while let Some(last) = others.last().cloned() {
            let major = semver::major(&last).to_owned();
            let of_major = others.iter().filter(|other| semver::major(other) == major).map(|v| format!("{v}+incompatible"));
            let of_major: Vec<String> = of_major.collect();
            others.retain(|other| semver::major(other) != major);
            let highest = format!("{last}+incompatible");
            if self.commit(repository, module, &highest, purpose).is_ok_and(|commit| commit.go_mod.synthetic) {
                kept.extend(of_major);
            } else if !self.pending.is_empty() {
                return Err(Stop::Pending);
            }
        }
        Ok(kept)
    }

    /// `codeRepo.Stat`.
    pub(super) fn stat_commit(&mut self, repository: &Repository, module: &str, rev: &str, purpose: Purpose) -> Told<InfoFacts> {
        let is_tag_name = canonical_version(rev) == rev && !pseudo::is_pseudo_version(rev);
        let tag = format!("{}{}", repository.tag_prefix, rev.strip_suffix("+incompatible").unwrap_or(rev));
        let refs = repository.refs.as_ref().map_err(|fault| Stop::Fault(fault.clone()).ranked(Rank::InvalidVersion))?;
        if is_tag_name && !refs.tags.contains(&tag) {
            let at = Question::Repo { vcs: repository.vcs, url: repository.url.clone(), part: RepoPart::Refs };
            let words = format!("unknown revision {tag}");
            return Err(fault(ErrorClass::UnknownRevision, module, rev, Some(at), &words).absent());
        }
        let commit = self.commit(repository, module, rev, purpose).map_err(|stop| stop.ranked(Rank::InvalidVersion))?;
        let compatible = rev.strip_suffix("+incompatible").filter(|rev| match_path_major(rev, &repository.path_major));
        if let Some(compatible) = compatible {
            let words = format!("+incompatible suffix not allowed: major version {} is compatible", semver::major(compatible));
            return Err(fault(ErrorClass::ModuleMisfit, module, rev, None, &words).ranked(Rank::InvalidVersion));
        }
        Ok(commit.info)
    }

    /// `codeRepo.Latest`.
    pub(super) fn newest_commit(&mut self, repository: &Repository, module: &str, purpose: Purpose) -> Told<InfoFacts> {
        let refs = repository.refs.as_ref().map_err(|fault| Stop::Fault(fault.clone()))?;
        if !refs.has_head {
            return Err(fault(ErrorClass::NoMatchingVersion, module, "", None, "no commits").absent());
        }
        Ok(self.commit(repository, module, "HEAD", purpose)?.info)
    }

    /// A revision as a version of the module; what it was resolved to is known by that name, too.
    pub(super) fn commit(&mut self, repository: &Repository, module: &str, rev: &str, purpose: Purpose) -> Told<Commit> {
        if let Some(commit) = self.commits.get(&(module.to_owned(), rev.to_owned())) {
            return Ok(commit.clone());
        }
        let part = RepoPart::Commit { module: module.into(), rev: rev.into() };
        let question = Question::Repo { vcs: repository.vcs, url: repository.url.clone(), part };
        let commit = match self.ask(question.clone(), shown(&repository.url), purpose, repository.because.clone())? {
            Ok(Found::Commit(commit)) => *commit,
            Ok(_) => return Err(fault(ErrorClass::RepositoryFailed, module, rev, Some(question), "")),
            Err(failure) => return Err(repository_fault(&failure, module, rev, question)),
        };
        self.commits.insert((module.to_owned(), commit.info.version.clone()), commit.clone());
        Ok(commit)
    }
}

fn repository_fault(failure: &Failure, module: &str, rev: &str, question: Question) -> Stop {
    let class = match class_of(failure) {
        ErrorClass::Absent => ErrorClass::NoRepository,
        ErrorClass::Status => ErrorClass::RepositoryFailed,
        ErrorClass::Unreachable => ErrorClass::RepositoryUnreachable,
        ErrorClass::Certificate => ErrorClass::RepositoryCertificate,
        class => class,
    };
    let words = match failure {
        Failure::NoRevision(words) | Failure::Misfit(words) => words.as_str(),
        _ => "",
    };
    let stop = fault(class, module, rev, Some(question), words);
    if failure.is_absence() && !matches!(failure, Failure::Status(_) | Failure::NoFile) { stop.absent() } else { stop }
}

/// The fault in a stop that has one.
fn fault_of(stop: Stop) -> Result<Refs, Box<Fault>> {
    match stop {
        Stop::Fault(fault) => Err(fault),
        Stop::Pending | Stop::Unknown(_) => Ok(Refs::default()),
    }
}

/// A repository's URL without credentials.
fn shown(url: &str) -> String {
    GoUrl::parse(url).map_or_else(|_| url.into(), |url| url.to_string())
}

impl Answer {
    /// A repository with these tags and a commit.
    pub fn refs(tags: &[&str]) -> Self {
        Answer::Found(Found::Refs(Refs { tags: tags.iter().map(|tag| (*tag).to_owned()).collect(), has_head: true }))
    }

    /// A revision that is this version of a module, with a go.mod file that fits.
    pub fn commit(module: &str, version: &str) -> Self {
        let info = InfoFacts { version: version.into(), ..InfoFacts::default() };
        let go_mod = super::answer::GoModFacts::of(module);
        Answer::Found(Found::Commit(Box::new(Commit { info, go_mod, ..Commit::default() })))
    }
}
