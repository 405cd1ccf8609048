//! What is told about one journey: values, in no language yet.

use std::time::Duration;

use gomod::{
    client::{Ask, Checksums, Command, Outcome, Question},
    goproxy::Separator,
    pattern::Miss,
};

use super::{
    fix::Fix,
    probe::{Probed, git::Trust},
};
use crate::{
    lang::Lang,
    machine::{Bundle, Note, Setting},
};

/// Everything that is known about one journey of the go command.
#[derive(Clone, Debug)]
pub struct Report {
    /// The command.
    pub command: Command,
    /// True if nobody was asked.
    pub is_dry: bool,
    /// The file that told of the machine, if it is not this one; what is asked is asked from here all the same.
    pub told_by: Option<String>,
    /// True if that file tells an environment only: what that machine's `go env -w` file and go.env say is then not known.
    pub is_partly_told: bool,
    /// What is odd in that file.
    pub notes: Vec<Note>,
    /// The settings that count, each with its layer.
    pub settings: Vec<Setting>,
    /// The module paths that Go tries, and which patterns match them.
    pub paths: Vec<Candidate>,
    /// Where Go goes, in order.
    pub hops: Vec<Hop>,
    /// What becomes of the checksums.
    pub sums: Sums,
    /// The two ways in which TLS is checked in direct mode.
    pub trust: TwoTrusts,
    /// Who hears which names.
    pub leaks: Vec<Leak>,
    /// How it ends, as far as is known.
    pub outcome: Outcome,
    /// What can be done, the best first.
    pub fixes: Vec<Fix>,
    /// From the first question to the last answer.
    pub took: Duration,
}

/// A text in both languages.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Text {
    en: String,
    zh: String,
}

/// A module path that may be the one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Candidate {
    /// The path.
    pub path: String,
    /// The variables that have patterns, and what they say of it.
    pub hits: Vec<Hit>,
}

/// What one list of patterns says of one path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hit {
    /// The variable that was read; GOPRIVATE stands for the two that it speaks for.
    pub variable: String,
    /// The pattern that matches.
    pub pattern: Option<String>,
    /// The patterns that just miss, if none matches.
    pub near: Vec<Near>,
}

/// A pattern that just misses.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Near {
    /// As it is written.
    pub pattern: String,
    /// What is in the way.
    pub why: Vec<Miss>,
    /// What was probably meant.
    pub meant: String,
}

/// A place where Go looks.
#[derive(Clone, Debug)]
pub struct Hop {
    /// Its number among the entries of GOPROXY, from 0; `None` for version control that GONOPROXY leads to past the list.
    pub index: Option<usize>,
    /// Its name, without a login.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// What stands behind it.
    pub separator: Separator,
    /// What is asked of it, with the answers.
    pub asked: Vec<Asked>,
    /// What became of it.
    pub state: State,
}

/// What a hop is.
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

/// What became of a hop.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// It had what was wanted.
    Served,
    /// It had not, and Go went on.
    GaveWay,
    /// The journey ends here.
    Broke,
    /// It is not known what it says.
    Unknown,
    /// Go does not come here.
    NotReached,
    /// These modules are private: GONOPROXY leads them past it.
    Passed,
}

/// One ask, and what was found out.
#[derive(Clone, Debug)]
pub struct Asked {
    /// What.
    pub ask: Ask,
    /// `None` where nobody was asked, because it was a dry run or because it did not come to that.
    pub probed: Option<Probed>,
}

/// What becomes of the checksums.
#[derive(Clone, Debug)]
pub struct Sums {
    /// Whether a database is asked, by the settings and by what happened.
    pub checksums: Checksums,
    /// The database's name; empty if GOSUMDB cannot be read, or is off.
    pub database: String,
    /// The URL in GOSUMDB, past all proxies.
    pub url: Option<String>,
    /// What is asked of it, with the answers.
    pub asked: Vec<Asked>,
}

/// The two switches of TLS in direct mode.
#[derive(Clone, Debug)]
pub struct TwoTrusts {
    /// The pattern of GOINSECURE by which Go believes anybody.
    pub go_insecure: Option<String>,
    /// The file of Go's certificates.
    pub go: Option<Bundle>,
    /// The certificates of git for the repository, and the repository; `None` as long as that is not known.
    pub git: Option<(String, Trust)>,
}

/// Somebody who hears names of modules.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Leak {
    /// Who.
    pub who: String,
    /// True for the public proxy and the public database of Go's defaults.
    pub is_public: bool,
    /// The names.
    pub names: Vec<String>,
    /// True if it was asked; false if it would be.
    pub was_asked: bool,
}

impl Text {
    /// A text in both languages.
    pub fn new(en: impl Into<String>, zh: impl Into<String>) -> Self {
        Self { en: en.into(), zh: zh.into() }
    }

    /// The one in this language.
    pub fn get(&self, lang: Lang) -> &str {
        lang.pick(&self.en, &self.zh)
    }

    /// True if there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.en.is_empty()
    }
}

impl Report {
    /// The hop at which a question is asked; `None` for one of a checksum database.
    pub fn hop_of(&self, question: &Question) -> Option<&Hop> {
        self.hops.iter().find(|hop| hop.asked.iter().any(|asked| asked.ask.question == *question))
    }

    /// What was found out about a question.
    pub fn probed(&self, question: &Question) -> Option<&Probed> {
        let all = self.hops.iter().flat_map(|hop| &hop.asked).chain(&self.sums.asked);
        all.filter(|asked| asked.ask.question == *question).find_map(|asked| asked.probed.as_ref())
    }
}
