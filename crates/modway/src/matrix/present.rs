//! Which row the present settings are.

use gomod::{
    goproxy::{Entry, GoProxyList, Separator, Source},
    pattern::Patterns,
};

use super::{
    axes::{Combination, GoProxy},
    imagined::Subject,
};
use crate::machine::{Machine, masked};

/// The present settings, seen from one module.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Present {
    /// The combination that they come to for this module; `None` if their GOPROXY is none of the matrix' values.
    pub combination: Option<Combination>,
    /// GOPROXY as it is, passwords hidden.
    pub goproxy: String,
}

impl Present {
    /// Reads `machine`'s settings for the module of `subject`. They are the combination that does the same: whether GOPRIVATE matches, or GONOPROXY
    /// and GONOSUMDB in its place. What git trusts is not looked at.
    pub fn of(machine: &Machine, subject: &Subject) -> Self {
        let hits = |patterns: &Patterns| patterns.find(&subject.module).is_some();
        let (goproxy, noproxy, nosumdb) =
            (machine.setting("GOPROXY"), hits(&machine.gonoproxy().0), hits(&machine.gonosumdb().0));
        let private = noproxy || nosumdb;
        // Where the list is passed by, its shape does not matter.
        let any = (noproxy && nosumdb).then_some(GoProxy::ProxyDirect);
        let list = GoProxyList::parse(&goproxy.value).ok();
        let combination = list.and_then(|list| shape(list.entries()).or(any)).map(|goproxy| Combination {
            private,
            insecure: hits(&machine.goinsecure().0),
            goproxy,
            gonoproxy_none: private && !noproxy,
            gonosumdb_none: private && !nosumdb,
            git_trusts: false,
        });
        Self { combination, goproxy: masked(&goproxy.value) }
    }
}

/// The value of the matrix that has this shape, with however many proxies in place of one.
fn shape(entries: &[Entry]) -> Option<GoProxy> {
    let (last, before) = entries.split_last()?;
    let all = |separator: Separator| before.iter().all(|entry| entry.separator == separator);
    match (&last.source, before) {
        (Source::Direct, []) => Some(GoProxy::Direct),
        (Source::Off, []) => Some(GoProxy::Off),
        (Source::Direct, _) if all(Separator::Comma) => Some(GoProxy::ProxyDirect),
        (Source::Direct, _) if all(Separator::Bar) => Some(GoProxy::ProxyBarDirect),
        (Source::Proxy(_) | Source::File(_), _) => Some(GoProxy::Proxy),
        (Source::Direct | Source::Off, _) => None,
    }
}
