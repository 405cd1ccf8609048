//! All combinations of the settings that decide how a private module comes, and what each leads to. `modway matrix`.
//!
//! What each combination leads to is not a table of ours: it is [`gomod::client`]'s journey through an imagined world, in which a host with
//! a certificate of its own has the module, a proxy does not know it, and neither does the checksum database. `--observe` builds that world
//! on loopback ([`world`]) and lets the real go command walk through it.

mod axes;
mod imagined;

mod prediction;
mod present;

mod mend;

pub mod observe;
mod world;

mod columns;
mod words;

mod csv;
mod json;
mod markdown;
mod picture;
mod text;

use std::{collections::BTreeMap, rc::Rc};

pub use axes::{Combination, GoProxy};
pub use imagined::{Imagined, ProxySays, Subject, Unusable};
pub use mend::{Change, Mend};
pub use prediction::{Ear, Prediction, Stop, Tls};
pub use present::Present;

use crate::{lang::Lang, render::terminal::Terminal};
use observe::Observation;

/// The matrix of one module in one imagined world.
#[derive(Clone, Debug)]
pub struct Matrix {
    /// The module, and what names it.
    pub subject: Subject,
    /// The world.
    pub imagined: Imagined,
    /// One row for each combination.
    pub rows: Vec<Row>,
    /// The present settings, as far as they are one of the combinations.
    pub present: Option<Present>,
    /// True with the axes of `--full`.
    pub full: bool,
}

/// One combination and where it leads.
#[derive(Clone, Debug)]
pub struct Row {
    /// From 1.
    pub number: usize,
    /// The settings.
    pub combination: Combination,
    /// Where they lead.
    pub prediction: Rc<Prediction>,
    /// Where they lead once git alone trusts the host; `None` where that is a row of its own.
    pub if_git_trusts: Option<Rc<Prediction>>,
    /// Where they lead once the host's certificate is believed by all: whether the checksum database will be asked then, and who hears the name.
    pub beyond: Rc<Prediction>,
    /// The cheapest changes that make it succeed; `None` if it does, or if nothing on this machine helps.
    pub mend: Option<Mend>,
    /// What the real go command did; `None` if it was not asked.
    pub observed: Option<Observation>,
    /// The same once git alone trusts the host.
    pub observed_if_git_trusts: Option<Observation>,
    /// True for the row of the present settings.
    pub is_present: bool,
}

/// How a matrix is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Format {
    /// For a terminal.
    Text,
    /// For a page.
    Markdown,
    /// For programs.
    Json,
    /// For tables.
    Csv,
    /// A picture.
    Svg,
}

impl Matrix {
    /// The matrix of `subject` in `imagined`; of 16 rows, or with the further axes if `full`. `present` marks its row, and gets one of its own
    /// if it is none of the 16.
    pub fn new(subject: Subject, imagined: Imagined, full: bool, present: Option<Present>) -> Self {
        let mut walks = Walks { subject: &subject, walked: BTreeMap::new() };
        let mut combinations = if full { Combination::full() } else { Combination::sixteen() };
        let combination = present.as_ref().and_then(|present| present.combination.clone());
        combinations.extend(combination.clone().filter(|present| !combinations.contains(present)));
        let rows = combinations.into_iter().zip(1..).map(|(one, number)| Row {
            number,
            prediction: walks.walk(&one, imagined),
            if_git_trusts: (!full).then(|| walks.walk(&Combination { git_trusts: true, ..one.clone() }, imagined)),
            beyond: walks.walk(&one, Imagined { go_trusts: true, git_trusts: true, ..imagined }),
            mend: mend::find(&one, imagined, &mut walks),
            observed: None,
            observed_if_git_trusts: None,
            is_present: combination.as_ref() == Some(&one),
            combination: one,
        });
        let rows = rows.collect();
        Self { subject, imagined, rows, present, full }
    }

    /// Where `combination` leads in another world of the same subject.
    pub fn predict(&self, combination: &Combination, imagined: Imagined) -> Prediction {
        Prediction::of(combination, &self.subject, imagined)
    }

    /// True if every row that was observed is as it was predicted.
    pub fn agrees(&self) -> bool {
        let observations = self.rows.iter().flat_map(|row| [&row.observed, &row.observed_if_git_trusts]).flatten();
        observations.into_iter().all(|observation| observation.differs.is_empty())
    }

    /// The matrix, written so.
    pub fn write(&self, format: Format, lang: Lang, terminal: Terminal) -> String {
        match format {
            Format::Text => text::write(self, lang, terminal),
            Format::Markdown => markdown::write(self, lang),
            Format::Json => format!("{:#}\n", json::write(self, lang)),
            Format::Csv => csv::write(self, lang),
            Format::Svg => picture::write(self, lang),
        }
    }
}

/// Predictions, each made once.
struct Walks<'a> {
    subject: &'a Subject,
    walked: BTreeMap<(Combination, Imagined), Rc<Prediction>>,
}

impl Walks<'_> {
    fn walk(&mut self, combination: &Combination, imagined: Imagined) -> Rc<Prediction> {
        let key = (combination.clone(), imagined);
        let subject = self.subject;
        Rc::clone(self.walked.entry(key).or_insert_with(|| Rc::new(Prediction::of(combination, subject, imagined))))
    }
}
