//! From a query to a version of one module: `Query`, and the retractions that bear on it.

use super::answer::InfoFacts;
use super::ask::Purpose;
use super::fetch::Repo;
use super::outcome::ErrorClass;
use super::process::{Hop, Process, Rank, Stop, Told, fault};
use crate::modfile::Retract;
use crate::module::{canonical_version, check_path, check_path_major, split_path_version};
use crate::semver;

/// Which versions a query may choose: Go's `AllowedFunc`.
#[derive(Clone, Debug)]
pub(super) enum Allowed {
    /// Any.
    All,
    /// Those that are not retracted, and this one, which was typed.
    NotRetracted { typed: String },
}

/// A query, read: `queryMatcher`.
struct Matcher {
    prefix: String,
    bound: Option<(Bound, String)>,
    prefer_lower: bool,
    may_use_latest: bool,
    prefer_incompatible: bool,
}

#[derive(Clone, Copy)]
enum Bound {
    Below,
    AtMost,
    AtLeast,
    Above,
}

enum Kind {
    /// To be asked for as it is.
    Stat,
    /// To be chosen from the list.
    Choose(Matcher),
}

impl Process<'_> {
    /// `modload.Query`.
    pub(super) fn query(&mut self, module: &str, query: &str, allowed: &Allowed, purpose: Purpose) -> Told<InfoFacts> {
        self.walk(&[module], &mut |process, hop| process.query_at(hop, module, query, allowed, purpose))
    }

    /// `queryProxy`.
    pub(super) fn query_at(
        &mut self,
        hop: &Hop,
        module: &str,
        query: &str,
        allowed: &Allowed,
        purpose: Purpose,
    ) -> Told<InfoFacts> {
        if self.has_flag("-mod=vendor") && !self.ignores_mod {
            return Err(fault(ErrorClass::VendorMode, module, query, None, "cannot query module due to -mod=vendor"));
        }
        if let Err(why) = check_path(module) {
            return Err(fault(ErrorClass::InvalidPath, module, query, None, &why.to_string()).ranked(Rank::InvalidPath));
        }
        let kind = read(module, query)?;
        let repo = Repo { module, hop };
        match kind {
            Kind::Stat => self.stat_query(&repo, query, allowed, purpose),
            Kind::Choose(matcher) => self.choose(&repo, query, &matcher, allowed, purpose),
        }
    }

    fn stat_query(&mut self, repo: &Repo<'_>, query: &str, allowed: &Allowed, purpose: Purpose) -> Told<InfoFacts> {
        let canonical = canonical_version(query);
        let info = match self.stat(repo, query, purpose) {
            Err(Stop::Fault(first)) if !canonical.is_empty() && canonical != query => {
                match self.stat(repo, &canonical, purpose) {
                    Err(Stop::Fault(second)) if second.told.is_absence => return Err(Stop::Fault(first)),
                    told => told?,
                }
            }
            told => told?,
        };
        if self.is_disallowed(repo.module, &info.version, allowed)? {
            let words = "retracted by module author";
            let stop = fault(ErrorClass::Retracted, repo.module, &info.version, None, words);
            return Err(stop.ranked(Rank::Disallowed));
        }
        Ok(info)
    }

    fn choose(
        &mut self,
        repo: &Repo<'_>,
        query: &str,
        matcher: &Matcher,
        allowed: &Allowed,
        purpose: Purpose,
    ) -> Told<InfoFacts> {
        let versions = self.versions(repo, &matcher.prefix, purpose)?;
        let (releases, prereleases) = self.filter(repo.module, &versions, matcher, allowed)?;
        let pick = |list: &[String]| if matcher.prefer_lower { list.first().cloned() } else { list.last().cloned() };
        if let Some(version) = pick(&releases).or_else(|| pick(&prereleases)) {
            return self.stat(repo, &version, purpose);
        }
        if matcher.may_use_latest {
            match self.latest(repo, purpose) {
                Ok(latest) => {
                    if matcher.fits(&latest.version) && !self.is_disallowed(repo.module, &latest.version, allowed)? {
                        return Ok(latest);
                    }
                }
                Err(Stop::Fault(fault)) if fault.told.is_absence => {}
                Err(stop) => return Err(stop),
            }
        }
        let words = format!("no matching versions for query {}", crate::text::quote(query));
        Err(fault(ErrorClass::NoMatchingVersion, repo.module, query, None, &words).ranked(Rank::NoVersion))
    }

    /// `filterVersions`.
    fn filter(
        &mut self,
        module: &str,
        versions: &[String],
        matcher: &Matcher,
        allowed: &Allowed,
    ) -> Told<(Vec<String>, Vec<String>)> {
        let (mut releases, mut prereleases) = (Vec::new(), Vec::new());
        let mut needs_incompatible = matcher.prefer_incompatible;
        let mut last_compatible: Option<&String> = None;
        for version in versions {
            if !matcher.fits(version) || self.is_disallowed(module, version, allowed)? {
                continue;
            }
            if !needs_incompatible {
                match last_compatible {
                    _ if !version.ends_with("+incompatible") => last_compatible = Some(version),
                    Some(compatible) => {
                        if !self.go_mod(module, compatible, Purpose::Version)?.synthetic {
                            break;
                        }
                        needs_incompatible = true;
                    }
                    None => {}
                }
            }
            let list = if semver::prerelease(version).is_empty() { &mut releases } else { &mut prereleases };
            list.push(version.clone());
        }
        Ok((releases, prereleases))
    }

    /// Whether a version is retracted. That it cannot be found out disallows nothing.
    fn is_disallowed(&mut self, module: &str, version: &str, allowed: &Allowed) -> Told<bool> {
        match allowed {
            Allowed::All => Ok(false),
            Allowed::NotRetracted { typed } if typed == version => Ok(false),
            Allowed::NotRetracted { .. } => match self.retractions(module) {
                Ok(retract) => Ok(covers(&retract, version)),
                Err(Stop::Fault(_)) => Ok(false),
                Err(stop) => Err(stop),
            },
        }
    }

    /// What go.mod of the latest version retracts: `CheckRetractions`.
    pub(super) fn retractions(&mut self, module: &str) -> Told<Vec<Retract>> {
        let latest = self.query(module, "latest", &Allowed::All, Purpose::Retractions)?;
        let facts = self.go_mod(module, &latest.version, Purpose::Retractions)?;
        match &facts.fault {
            Some(words) => Err(fault(ErrorClass::BadGoMod, module, &latest.version, None, words)),
            None => Ok(facts.retract),
        }
    }
}

/// Whether one of these retracts a version.
pub(super) fn covers(retract: &[Retract], version: &str) -> bool {
    let covers = |r: &Retract| semver::compare(&r.low, version).is_le() && semver::compare(version, &r.high).is_le();
    retract.iter().any(covers)
}

/// `newQueryMatcher`, where nothing is required yet.
fn read(module: &str, query: &str) -> Told<Kind> {
    let mut matcher =
        Matcher { prefix: String::new(), bound: None, prefer_lower: false, may_use_latest: false, prefer_incompatible: false };
    let fits_major =
        |version: &str| split_path_version(module).is_some_and(|(_, path_major)| check_path_major(version, path_major).is_ok());
    let bounds = [("<=", Bound::AtMost), ("<", Bound::Below), (">=", Bound::AtLeast), (">", Bound::Above)];
    if query == "latest" || query == "upgrade" {
        matcher.may_use_latest = true;
    } else if query == "patch" {
        let words = format!("can't query version \"patch\" of module {module}: no existing version is required");
        return Err(fault(ErrorClass::NoPatchBase, module, query, None, &words).ranked(Rank::NoPatchBase));
    } else if let Some((version, bound)) = bounds.iter().find_map(|(sign, bound)| Some((query.strip_prefix(sign)?, *bound))) {
        let of_range = |what: &str| {
            let words = format!("{what} semantic version {} in range {}", crate::text::quote(version), crate::text::quote(query));
            Err(fault(ErrorClass::InvalidVersion, module, query, None, &words))
        };
        if !semver::is_valid(version) {
            return of_range("invalid");
        }
        if is_prefix(version) && matches!(bound, Bound::AtMost | Bound::Above) {
            return of_range("ambiguous");
        }
        matcher.prefer_lower = matches!(bound, Bound::AtLeast | Bound::Above);
        matcher.prefer_incompatible = !fits_major(version);
        matcher.bound = Some((bound, version.into()));
    } else if semver::is_valid(query) && is_prefix(query) {
        matcher.prefix = format!("{query}.");
        matcher.bound = Some((Bound::AtLeast, query.into()));
        matcher.prefer_incompatible = !fits_major(query);
    } else {
        return Ok(Kind::Stat);
    }
    Ok(Kind::Choose(matcher))
}

/// True for `v1` and `v1.2`.
fn is_prefix(version: &str) -> bool {
    version.split(['-', '+']).next().unwrap_or_default().matches('.').count() < 2
}

/// True for a query that names a revision and does not choose from a list: `IsRevisionQuery`.
pub(super) fn is_revision(query: &str) -> bool {
    let chooses = matches!(query, "latest" | "upgrade" | "patch") || query.starts_with(['<', '>']);
    !(chooses || semver::is_valid(query) && is_prefix(query))
}

impl Matcher {
    fn fits(&self, version: &str) -> bool {
        let in_bound = match &self.bound {
            None => true,
            Some((Bound::Below, bound)) => semver::compare(version, bound).is_lt(),
            Some((Bound::AtMost, bound)) => semver::compare(version, bound).is_le(),
            Some((Bound::AtLeast, bound)) => semver::compare(version, bound).is_ge(),
            Some((Bound::Above, bound)) => semver::compare(version, bound).is_gt(),
        };
        version.starts_with(&self.prefix) && in_bound
    }
}
