//! The chains of the go command's settings.

use std::time::Duration;

use gomod::goproxy::{Entry, GoProxyList, InvalidGoProxy, Source};

use super::{Branch, Chain, Hop, Kind, Patience, Then, Tree, When, Whose, grow::Sprout};
use crate::{
    lang::Lang,
    machine::{Machine, Setting},
};

/// Why there is no tree.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NoTree {
    /// Go refuses GOPROXY, and with it every lookup.
    #[error("{1} ({0})")]
    List(String, InvalidGoProxy),
}

/// A module of GONOPROXY walks as if the list were this.
const PRIVATE: &str = "direct";

impl Tree {
    /// The chains of the go command with these settings: that of private modules, if any pattern is set, and that of all others.
    ///
    /// # Errors
    /// [`NoTree`] if Go refuses the list.
    pub fn of_go(machine: &Machine, lang: Lang) -> Result<Self, NoTree> {
        let goproxy = machine.setting("GOPROXY");
        let list = |text: &str| GoProxyList::parse(text).map_err(|cause| NoTree::List(goproxy.origin(lang), cause));
        let rest = list(&goproxy.value)?;
        let (patterns, gonoproxy) = machine.gonoproxy();
        // Whether GONOSUMDB covers what GONOPROXY names is only told for lists that are the same, as they are by GOPRIVATE.
        let (waived, proven) = (machine.gonosumdb().0, machine.setting("GOSUMDB").value != "off");
        let mut chains = Vec::new();
        if patterns.iter().next().is_some() {
            let proven = proven && patterns != waived;
            chains.push(Chain { matches: Some(patterns), proven, ..chain(&gonoproxy, &list(PRIVATE)?, lang) });
        }
        chains.push(Chain { proven, ..chain(&goproxy, &rest, lang) });
        Ok(Self { whose: Whose::Go, chains })
    }
}

fn chain(setting: &Setting, list: &GoProxyList, lang: Lang) -> Chain {
    let mut hops: Vec<Hop> = Vec::new();
    for (index, entry) in list.entries().iter().enumerate() {
        let after_trouble = hops.iter().any(gives_way_to_trouble);
        let answers = answers(entry).iter().map(|when| (*when, false)).collect();
        let branches = match entry.source {
            Source::Off => vec![off(after_trouble)],
            Source::Direct | Source::File(_) | Source::Proxy(_) => {
                Sprout { list, index, whose: &Whose::Go, answers, after_trouble }.branches()
            }
        };
        hops.push(Hop { name: entry.to_string(), url: None, kind: kind(entry), patience: patience(entry), branches });
    }
    Chain { name: setting.origin(lang), matches: None, list: super::words::list(list), hops, proven: true }
}

pub(super) fn gives_way_to_trouble(hop: &Hop) -> bool {
    let trouble = |when: &When| !matches!(when, When::Found | When::Absent);
    hop.branches.iter().any(|branch| matches!(branch.then, Then::Ask(..)) && branch.when.iter().any(trouble))
}

/// Where nobody is asked.
pub(super) fn off(after_trouble: bool) -> Branch {
    Branch { when: vec![When::Absent], then: if after_trouble { Then::OffUnlessTrouble } else { Then::Off } }
}

pub(super) const fn kind(entry: &Entry) -> Kind {
    match entry.source {
        Source::Proxy(_) => Kind::Proxy,
        Source::File(_) => Kind::File,
        Source::Direct => Kind::Direct,
        Source::Off => Kind::Off,
    }
}

/// What the go command can hear. It asks without an end of its own.
fn answers(entry: &Entry) -> &'static [When] {
    match entry.source {
        Source::Proxy(_) => &[
            When::Found,
            When::Absent,
            When::Dns,
            When::Connect,
            When::Tls,
            When::ForwardProxy,
            When::Broken,
            When::ServerErrors,
            When::OtherStatus,
            When::Body,
            When::Silence,
        ],
        Source::File(_) => &[When::Found, When::Absent, When::Body],
        Source::Direct => &[When::Found, When::Absent, When::Tool],
        Source::Off => &[],
    }
}

/// Source: `http.DefaultTransport` of Go 1.27 (`Dialer.Timeout`, `TLSHandshakeTimeout`); `cmd/go` sets no other deadline and tries once.
fn patience(entry: &Entry) -> Option<Patience> {
    let deadline = |seconds| matches!(entry.source, Source::Proxy(_)).then(|| Duration::from_secs(seconds));
    let patience = Patience {
        connect: deadline(30),
        tls: deadline(10),
        first_byte: None,
        idle: None,
        total: None,
        total_zip: None,
        retries: 0,
        breaker: None,
        step_down: Vec::new(),
    };
    (entry.source != Source::Off).then_some(patience)
}
