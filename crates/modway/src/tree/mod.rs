//! The decision tree of a chain: who is asked, how long he is waited for, and where each answer leads. `modway why --tree`.
//!
//! The chain is that of the go command's present settings, or of a server's configuration. Where an answer leads is not written down here a second
//! time: the walk of [`gomod::goproxy`] is led into each answer ([`grow`]) and looked at.

mod grow;
mod of_go;
mod of_server;

mod chart;
mod json;
mod picture;
mod text;
mod words;

use std::time::Duration;

use gomod::pattern::Patterns;

pub use of_go::NoTree;

use crate::{lang::Lang, render::terminal::Terminal};

/// All chains of one machine or server, in the order in which they are tried on a module path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tree {
    /// Whose.
    pub whose: Whose,
    /// The chains; the first that matches a module path serves it.
    pub chains: Vec<Chain>,
}

/// Whose chains these are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Whose {
    /// The go command's. It has no deadlines that anybody could set.
    Go,
    /// A modway server's.
    Server,
}

/// One chain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Chain {
    /// Its name: that of a route, or the setting that it comes from.
    pub name: String,
    /// The module paths that it serves, unless an earlier one does; `None` is everything.
    pub matches: Option<Patterns>,
    /// The list as it was written, passwords hidden.
    pub list: String,
    /// Its entries in order; never empty.
    pub hops: Vec<Hop>,
    /// Whether what it brings is proven by a checksum database.
    pub proven: bool,
}

/// One entry of a chain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hop {
    /// Its name.
    pub name: String,
    /// Its URL without credentials, if that is not its name.
    pub url: Option<String>,
    /// What it is.
    pub kind: Kind,
    /// How long it is waited for; `None` for `off`, where nobody is asked.
    pub patience: Option<Patience>,
    /// Where its answers lead; each answer stands once.
    pub branches: Vec<Branch>,
}

/// What an entry is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A module proxy.
    Proxy,
    /// A folder laid out as one.
    File,
    /// Version control.
    Direct,
    /// The end.
    Off,
}

/// How long somebody is waited for, and how often he is asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Patience {
    /// For a TCP connection.
    pub connect: Option<Duration>,
    /// For the TLS handshake.
    pub tls: Option<Duration>,
    /// For the first byte of an answer.
    pub first_byte: Option<Duration>,
    /// Between two pieces of it.
    pub idle: Option<Duration>,
    /// For a small document, with all retries.
    pub total: Option<Duration>,
    /// For a whole zip, with all retries.
    pub total_zip: Option<Duration>,
    /// How often the same question is asked again after trouble that may pass.
    pub retries: u32,
    /// After so many failures in a row it is skipped for so long, where the list allows it.
    pub breaker: Option<(u32, Duration)>,
    /// Trouble that gives way although a comma follows, as it was written.
    pub step_down: Vec<String>,
}

/// Answers, and what follows from them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Branch {
    /// Any of these.
    pub when: Vec<When>,
    /// What happens.
    pub then: Then,
}

/// What can come of asking an entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum When {
    /// It has it.
    Found,
    /// It says that it does not exist: 404 or 410.
    Absent,
    /// It kept failing and is not asked.
    Skipped,
    /// Its name has no address.
    Dns,
    /// No connection, or too late.
    Connect,
    /// No handshake, or too late, or a certificate that is not believed.
    Tls,
    /// The forward proxy failed.
    ForwardProxy,
    /// A deadline passed.
    Timeout,
    /// The connection ended too soon.
    Broken,
    /// 5xx.
    ServerErrors,
    /// This status.
    Status(u16),
    /// Another status, such as 401 or 403.
    OtherStatus,
    /// What came is not what was asked for, such as a login page.
    Body,
    /// A version control tool failed.
    Tool,
    /// What came has not the checksum that it must have.
    Unproven,
    /// It takes the question and never answers.
    Silence,
}

/// What follows from an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Then {
    /// It is used; if the chain is proven, once its checksum is.
    Use,
    /// The entry with this index is asked; because of this.
    Ask(usize, Because),
    /// The walk ends: it does not exist.
    Absent,
    /// The walk ends: it does not exist, unless an entry before was in trouble; then that trouble is the end.
    AbsentUnlessTrouble,
    /// The walk ends with this trouble.
    Trouble,
    /// The walk ends: the list forbids it.
    Off,
    /// The same, unless an entry before was in trouble; then that trouble is the end.
    OffUnlessTrouble,
    /// Nothing happens any more.
    Waits,
}

/// Why the next entry is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Because {
    /// Absence always gives way.
    Absent,
    /// A bar follows.
    Bar,
    /// The entry's `step_down` says so.
    StepDown,
}

/// How a tree is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Format {
    /// For a terminal.
    Text,
    /// A diagram that forges and wikis draw.
    Mermaid,
    /// A picture.
    Svg,
    /// For programs.
    Json,
}

impl Tree {
    /// The tree, written so.
    pub fn write(&self, format: Format, lang: Lang, terminal: Terminal) -> String {
        match format {
            Format::Text => text::write(self, lang, terminal),
            Format::Mermaid => chart::write(self, lang),
            Format::Svg => picture::write(self, lang),
            Format::Json => format!("{:#}\n", json::write(self)),
        }
    }

    /// The tree with only the chain that serves `module`.
    pub fn serving(mut self, module: &str) -> Self {
        let serves = |chain: &Chain| chain.matches.as_ref().is_none_or(|patterns| patterns.find(module).is_some());
        self.chains = self.chains.into_iter().find(serves).into_iter().collect();
        self
    }
}

impl Chain {
    /// The longest time until a small document came or was given up, and the same for a zip; `None` where nothing bounds it.
    pub fn longest(&self) -> (Option<Duration>, Option<Duration>) {
        let leads_on = |hop: &&Hop| hop.branches.iter().any(|branch| matches!(branch.then, Then::Ask(..)));
        let asked = 1 + self.hops.iter().take_while(leads_on).count();
        let patience = || self.hops.iter().take(asked).filter_map(|hop| hop.patience.as_ref());
        (patience().map(|patience| patience.total).sum(), patience().map(|patience| patience.total_zip).sum())
    }
}
