use std::collections::HashMap;

use super::answer::Answer;
use super::ask::{Ask, Question};
use super::outcome::Outcome;
use super::setup::{Command, Setup};

/// The way of one go command under some settings, as far as its answers are known.
///
/// Shape: a value without a thread of its own. It is told from the beginning whenever one looks: the same settings, command and answers
/// always give the same next step.
///
/// ```
/// # use gomod::{client::{Answer, Command, Journey, Setup, Step}, goenv::Settings};
/// # let environment = [("GOPROXY", "https://a.test,off"), ("GOSUMDB", "off")];
/// # let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
/// let setup = Setup::of(&Settings::new(environment.into(), None, None));
/// let command = Command::Download { module: "example.com/lib".into(), query: "v1.0.0".into() };
/// let mut journey = Journey::new(&setup, &command);
/// while let Step::Ask(asks) = journey.step() {
///     for ask in asks {
///         println!("{}", ask.url);
///         journey.answer(ask, Answer::status(404));
///     }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Journey {
    setup: Setup,
    command: Command,
    turns: Vec<Turn>,
    known: HashMap<Question, usize>,
}

/// An ask and its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// What was asked.
    pub ask: Ask,
    /// What was answered.
    pub answer: Answer,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// These are asked, side by side; never empty. Not all of them have to be answered before looking again.
    Ask(Vec<Ask>),
    /// The journey is over.
    Over(Outcome),
}

/// A whole journey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Story {
    /// Every ask with its answer, in an order in which they may have happened.
    pub turns: Vec<Turn>,
    /// How it ended.
    pub outcome: Outcome,
}

impl Journey {
    /// The beginning.
    pub fn new(setup: &Setup, command: &Command) -> Self {
        Journey { setup: setup.clone(), command: command.clone(), turns: Vec::new(), known: HashMap::new() }
    }

    /// What comes next, given the answers so far.
    pub fn step(&self) -> Step {
        super::commands::tell(&self.setup, &self.command, self)
    }

    /// Takes an answer. A question that has one already keeps it.
    pub fn answer(&mut self, ask: Ask, answer: Answer) {
        if !self.known.contains_key(&ask.question) {
            self.known.insert(ask.question.clone(), self.turns.len());
            self.turns.push(Turn { ask, answer });
        }
    }

    /// What was asked and answered so far, in the order of the answers.
    pub fn turns(&self) -> &[Turn] {
        &self.turns
    }

    /// The answer to a question, if it has one.
    pub(super) fn known(&self, question: &Question) -> Option<&Answer> {
        self.known.get(question).and_then(|at| self.turns.get(*at)).map(|turn| &turn.answer)
    }
}

/// Walks a journey to its end.
///
/// Shape: `world` answers one ask after the other, also those that the go command asks side by side.
pub fn walk(setup: &Setup, command: &Command, world: &mut dyn FnMut(&Ask) -> Answer) -> Story {
    let mut journey = Journey::new(setup, command);
    loop {
        match journey.step() {
            Step::Ask(asks) => {
                for ask in asks {
                    let answer = world(&ask);
                    journey.answer(ask, answer);
                }
            }
            Step::Over(outcome) => return Story { turns: journey.turns, outcome },
        }
    }
}
