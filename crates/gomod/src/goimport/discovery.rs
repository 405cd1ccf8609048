use super::hosts::check_wildcard;
use super::tags::{self, Fault, NoTag, Page, Tag};
use super::{NoRoot, RepoRoot, Source, Vcs};
use crate::goproxy::GoUrl;
use crate::module::ModulePath;
use crate::text::quote;

/// The way from a module path to its repository over `?go-get=1` pages: at most two.
///
/// The page of the path itself is asked first. If its tag speaks for a shorter path, that path's own page must say the same, so that nobody
/// can speak for others.
///
/// Source: `repoRootForImportDynamic` in Go's `cmd/go/internal/vcs/vcs.go`, 1.27. GOVCS is the caller's to ask.
#[derive(Clone, Debug)]
pub struct Discovery {
    module: ModulePath,
    /// The tag of the first page, and that page's URL.
    claim: Option<(Tag, String)>,
}

/// What follows a page.
#[derive(Clone, Debug)]
pub enum Step {
    /// Another page must be asked for.
    Ask(Discovery),
    /// The repository, which nobody has connected to yet.
    Found(RepoRoot),
}

impl Discovery {
    /// Begins with the module's own page.
    pub fn new(module: &ModulePath) -> Self {
        Discovery { module: module.clone(), claim: None }
    }

    /// The import path whose page is to be asked for: the module's, later that of the root.
    pub fn import_path(&self) -> &str {
        self.claim.as_ref().map_or(self.module.as_str(), |(tag, _)| &tag.prefix)
    }

    /// The page's URL, with `https`, or with `http` where GOINSECURE allows it.
    ///
    /// Shape: `https://example.com/lib?go-get=1`; for a bare host `https://example.com/?go-get=1`.
    pub fn url(&self, scheme: &str) -> String {
        format!("{scheme}:{}", self.without_scheme())
    }

    /// Takes the page that was asked for.
    ///
    /// Errors: [`NoRoot::Status`] and [`NoRoot::Page`].
    pub fn answer(self, page: &Page) -> Result<Step, NoRoot> {
        match &self.claim {
            None => self.first(page),
            Some((tag, first_url)) => {
                self.confirm(tag, first_url, page)?;
                self.found(tag, first_url).map(Step::Found)
            }
        }
    }

    /// Says in Go's words that the page could not be fetched, for this cause.
    ///
    /// Units and ranges: `insecure` is true if http was tried, too.
    pub fn unreachable(&self, insecure: bool, cause: &str) -> NoRoot {
        let why = match (&self.claim, insecure) {
            (None, false) => format!("https fetch: {cause}"),
            (None, true) => format!("http/https fetch: {cause}"),
            (Some((tag, _)), _) => format!("fetching {}: {cause}", tag.prefix),
        };
        NoRoot::Unreachable { path: self.module.as_str().into(), why }
    }

    fn first(&self, page: &Page) -> Result<Step, NoRoot> {
        let tags = self.tags(page, self.module.as_str())?;
        let tag = tags::find(tags, self.module.as_str()).map_err(|no| {
            self.bad(match no {
                NoTag::Several => format!("parse {}: {}", self.without_scheme(), self.several()),
                NoTag::Mismatch(others) => format!("parse {}: no go-import meta tags ({others})", page.url),
            })
        })?;
        if tag.prefix == self.module.as_str() {
            return self.found(tag, &page.url).map(Step::Found);
        }
        Ok(Step::Ask(Discovery { module: self.module.clone(), claim: Some((tag.clone(), page.url.clone())) }))
    }

    /// Checks that the root's own page says the same.
    fn confirm(&self, claim: &Tag, first_url: &str, page: &Page) -> Result<(), NoRoot> {
        let tags = self.tags(page, &page.url)?;
        if tags.is_empty() {
            return Err(self.bad(format!("fetching {}: no go-import meta tag found in {}", claim.prefix, page.url)));
        }
        match tags::find(tags, self.module.as_str()) {
            Ok(tag) if tag == claim => Ok(()),
            _ => {
                let (second, prefix) = (self.without_scheme(), &claim.prefix);
                Err(self.bad(format!("{first_url} and {second} disagree about go-import for {prefix}")))
            }
        }
    }

    fn tags<'p>(&self, page: &'p Page, name: &str) -> Result<&'p [Tag], NoRoot> {
        match &page.tags {
            Ok(tags) => Ok(tags),
            Err(Fault::Status(why)) => {
                Err(NoRoot::Status { path: self.module.as_str().into(), why: self.with_hint(why.clone()) })
            }
            Err(Fault::Syntax(fault)) => Err(self.bad(format!("parsing {name}: {fault}"))),
        }
    }

    fn found(&self, tag: &Tag, url: &str) -> Result<RepoRoot, NoRoot> {
        let bad_root =
            |why: &str| self.bad(format!("{url}: invalid repo root {}: {why}", quote(&without_password(&tag.repo_root))));
        check_subdir(&tag.subdir)
            .map_err(|why| self.bad(format!("{url}: invalid subdirectory {}: {why}", quote(&tag.subdir))))?;
        check_repo_root(&tag.repo_root).map_err(|why| bad_root(&why))?;
        let source = match (tag.vcs.as_str(), Vcs::named(&tag.vcs)) {
            ("mod", _) => Source::Proxy,
            (_, Some(vcs)) => Source::Vcs(vcs),
            (name, None) => return Err(self.bad(format!("{url}: unknown vcs {}{}", quote(name), gone(name == "bzr")))),
        };
        check_wildcard(self.module.as_str(), &tag.prefix)?;
        Ok(RepoRoot { root: tag.prefix.clone(), source, url: tag.repo_root.clone(), subdir: tag.subdir.clone() })
    }

    fn bad(&self, why: String) -> NoRoot {
        NoRoot::Page { path: self.module.as_str().into(), why: self.with_hint(why) }
    }

    /// Paths that led to a Bazaar repository once look like any other now, and fail for reasons that do not tell.
    fn with_hint(&self, why: String) -> String {
        let path = self.module.as_str();
        let was_bazaar = path.split('/').any(|element| element.ends_with(".bzr")) || path.starts_with("launchpad.net/");
        format!("{why}{}", gone(was_bazaar))
    }

    fn several(&self) -> String {
        format!("multiple meta tags match import path {}", quote(self.module.as_str()))
    }

    /// As Go prints the URL before it has chosen a scheme. A module path has no character that would have to be escaped.
    fn without_scheme(&self) -> String {
        let path = self.import_path();
        format!("//{path}{}?go-get=1", if path.contains('/') { "" } else { "/" })
    }
}

/// Our own addition to Go's words.
fn gone(was_bazaar: bool) -> &'static str {
    if was_bazaar { " (Go no longer supports Bazaar)" } else { "" }
}

/// Source: `validateRepoSubDir`. Departs from Go, which finds no go.mod there later, in refusing elements that lead out of the repository.
fn check_subdir(subdir: &str) -> Result<(), String> {
    match subdir.bytes().next() {
        Some(b'/') => Err("leading slash".into()),
        Some(b'-') => Err("leading hyphen".into()),
        _ if subdir.split('/').any(|element| element == "..") => Err("path outside of the repository".into()),
        _ => Ok(()),
    }
}

/// Source: `validateRepoRoot`.
fn check_repo_root(repo_root: &str) -> Result<(), String> {
    let url = GoUrl::parse(repo_root).map_err(|error| error.to_string())?;
    match url.scheme() {
        "" => Err("no scheme".into()),
        "file" => Err("file scheme disallowed".into()),
        _ => Ok(()),
    }
}

/// A URL of a page with what may be a password as `xxxxx`, whether Go could parse it or not.
fn without_password(url: &str) -> String {
    let Some((user, rest)) = url.rsplit_once('@') else { return url.into() };
    let from = user.find("//").map_or(0, |at| at + 2);
    match user.get(from..).and_then(|user| user.find(':')) {
        Some(colon) => format!("{}:xxxxx@{rest}", &user[..from + colon]),
        None => url.into(),
    }
}

#[cfg(test)]
mod tests;
