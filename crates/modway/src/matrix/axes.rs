//! The axes of the matrix, and their values as settings.

use std::collections::BTreeMap;

use gomod::{client::Setup, goenv::Settings};

use super::imagined::Subject;

/// The name of the proxy of the imagined world.
pub(super) const PROXY: &str = "proxy.test";

/// One combination of settings.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Combination {
    /// GOPRIVATE matches the module.
    pub private: bool,
    /// GOINSECURE matches it.
    pub insecure: bool,
    /// GOPROXY.
    pub goproxy: GoProxy,
    /// GONOPROXY is `none`: nothing is kept from the proxy, whatever GOPRIVATE says.
    pub gonoproxy_none: bool,
    /// GONOSUMDB is `none`: nothing is kept from the checksum database.
    pub gonosumdb_none: bool,
    /// git was told to trust the host's certificate.
    pub git_trusts: bool,
}

/// A value of GOPROXY.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum GoProxy {
    /// The proxy alone.
    Proxy,
    /// The proxy, then version control if it does not know the module.
    ProxyDirect,
    /// The proxy, then version control whatever goes wrong.
    ProxyBarDirect,
    /// Version control.
    Direct,
    /// Nothing.
    Off,
}

impl GoProxy {
    /// With its proxy named `proxy`.
    pub fn value(self, proxy: &str) -> String {
        match self {
            Self::Proxy => proxy.to_owned(),
            Self::ProxyDirect => format!("{proxy},direct"),
            Self::ProxyBarDirect => format!("{proxy}|direct"),
            Self::Direct => "direct".to_owned(),
            Self::Off => "off".to_owned(),
        }
    }
}

impl Combination {
    /// The 16 of GOPRIVATE, GOINSECURE and the four everyday values of GOPROXY.
    pub fn sixteen() -> Vec<Self> {
        let values = [GoProxy::Proxy, GoProxy::ProxyDirect, GoProxy::Direct, GoProxy::Off];
        all(&[false, true], &values, &[(false, false)], &[false])
    }

    /// All of them, with `|`, GONOPROXY=none, GONOSUMDB=none and git's trust. Without GOPRIVATE `none` has nothing to take back, and is left out.
    pub fn full() -> Vec<Self> {
        let values = [GoProxy::Proxy, GoProxy::ProxyDirect, GoProxy::ProxyBarDirect, GoProxy::Direct, GoProxy::Off];
        let nones = [(false, false), (true, false), (false, true), (true, true)];
        let mut rows = all(&[false], &values, &nones[..1], &[false, true]);
        rows.extend(all(&[true], &values, &nones, &[false, true]));
        rows
    }

    /// The variables that are set, for a module of `subject`.
    pub fn variables(&self, subject: &Subject) -> Vec<(&'static str, String)> {
        let pattern = || subject.pattern.clone();
        let none = || "none".to_owned();
        let set = [
            self.private.then(|| ("GOPRIVATE", pattern())),
            self.insecure.then(|| ("GOINSECURE", pattern())),
            Some(("GOPROXY", self.goproxy.value(&format!("https://{PROXY}")))),
            self.gonoproxy_none.then(|| ("GONOPROXY", none())),
            self.gonosumdb_none.then(|| ("GONOSUMDB", none())),
        ];
        set.into_iter().flatten().collect()
    }

    /// The same as the journey reads it; everything else is at Go's default.
    pub(super) fn setup(&self, subject: &Subject) -> Setup {
        let variables: BTreeMap<String, String> =
            self.variables(subject).into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Setup::of(&Settings::new(variables, None, None))
    }
}

fn all(privates: &[bool], goproxies: &[GoProxy], nones: &[(bool, bool)], trusts: &[bool]) -> Vec<Combination> {
    let mut rows = Vec::new();
    for &git_trusts in trusts {
        for &(gonoproxy_none, gonosumdb_none) in nones {
            for &private in privates {
                for insecure in [false, true] {
                    rows.extend(goproxies.iter().map(|&goproxy| Combination {
                        private,
                        insecure,
                        goproxy,
                        gonoproxy_none,
                        gonosumdb_none,
                        git_trusts,
                    }));
                }
            }
        }
    }
    rows
}
