//! The cheapest changes that make a row succeed: not a table, but the nearest combination that the journey says succeeds.

use super::{
    Walks,
    axes::{Combination, GoProxy},
    imagined::{Imagined, Subject},
};

/// Changes, all of which are needed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mend {
    /// In the order in which one would make them.
    pub changes: Vec<Change>,
    /// The settings after them.
    pub to: Combination,
    /// The world after them.
    pub world: Imagined,
}

/// One change on this machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// Name the host in GOPRIVATE.
    Private,
    /// Take GONOPROXY back.
    NoProxyBack,
    /// Take GONOSUMDB back.
    NoSumdbBack,
    /// Set GOPROXY.
    GoProxy(GoProxy),
    /// Put the host's authority into the system's store, for Go and git both.
    Authority,
    /// Let git alone trust the host.
    GitTrust,
    /// Let Go ask the host without looking at its certificate.
    Insecure,
}

impl Change {
    /// How much is asked of who does it, and risked by it.
    const fn cost(self) -> u32 {
        match self {
            Self::Private | Self::NoProxyBack | Self::NoSumdbBack | Self::GitTrust => 2,
            Self::GoProxy(_) | Self::Authority => 3,
            Self::Insecure => 7,
        }
    }

    /// What to type. `CA.pem` stands for the certificate of the host's authority.
    pub fn command(self, subject: &Subject) -> String {
        let Subject { pattern, host, .. } = subject;
        match self {
            Self::Private => format!("go env -w GOPRIVATE={pattern}"),
            Self::NoProxyBack => "go env -u GONOPROXY".to_owned(),
            Self::NoSumdbBack => "go env -u GONOSUMDB".to_owned(),
            Self::GoProxy(goproxy) => format!("go env -w GOPROXY={}", quoted(&goproxy.value("https://PROXY"))),
            Self::Authority => {
                "sudo cp CA.pem /usr/local/share/ca-certificates/corp.crt && sudo update-ca-certificates".to_owned()
            }
            Self::GitTrust => format!("git config --global http.https://{host}/.sslCAInfo \"$HOME/CA.pem\""),
            Self::Insecure => format!("go env -w GOINSECURE={pattern}"),
        }
    }

    /// A stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Private => "goprivate",
            Self::NoProxyBack => "unset-gonoproxy",
            Self::NoSumdbBack => "unset-gonosumdb",
            Self::GoProxy(_) => "goproxy",
            Self::Authority => "system-ca",
            Self::GitTrust => "git-ca",
            Self::Insecure => "goinsecure",
        }
    }
}

fn quoted(value: &str) -> String {
    if value.contains('|') { format!("'{value}'") } else { value.to_owned() }
}

/// The cheapest changes; `None` if none are needed, or none help.
pub(super) fn find(from: &Combination, imagined: Imagined, walks: &mut Walks<'_>) -> Option<Mend> {
    if walks.walk(from, imagined).succeeds() {
        return None;
    }
    let mut candidates = candidates(from, imagined);
    candidates.sort_by_key(|mend| mend.changes.iter().map(|change| change.cost()).sum::<u32>());
    candidates.into_iter().find(|mend| walks.walk(&mend.to, mend.world).succeeds())
}

/// Every combination that can be reached.
fn candidates(from: &Combination, imagined: Imagined) -> Vec<Mend> {
    let start = Mend { changes: Vec::new(), to: from.clone(), world: imagined };
    let goproxies = [GoProxy::ProxyDirect, GoProxy::Direct].map(Change::GoProxy);
    let steps: [&[Change]; 7] = [
        &[Change::Private],
        &[Change::NoProxyBack],
        &[Change::NoSumdbBack],
        &goproxies,
        &[Change::Authority],
        &[Change::GitTrust],
        &[Change::Insecure],
    ];
    steps.iter().fold(vec![start], |reached, changes| {
        let further = reached.iter().flat_map(|mend| changes.iter().filter_map(|change| mend.with(*change)));
        let further: Vec<Mend> = further.collect();
        reached.into_iter().chain(further).collect()
    })
}

impl Mend {
    /// With one change more; `None` if it changes nothing.
    fn with(&self, change: Change) -> Option<Self> {
        let mut next = self.clone();
        match change {
            Change::Private => next.to.private = true,
            Change::NoProxyBack => next.to.gonoproxy_none = false,
            Change::NoSumdbBack => next.to.gonosumdb_none = false,
            Change::GoProxy(goproxy) => next.to.goproxy = goproxy,
            Change::Authority => (next.world.go_trusts, next.world.git_trusts) = (true, true),
            Change::GitTrust => next.to.git_trusts = true,
            Change::Insecure => next.to.insecure = true,
        }
        next.changes.push(change);
        (next.to != self.to || next.world != self.world).then_some(next)
    }
}
