//! Asking both sides the same and comparing.

use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use base64::Engine as _;
use serde_json::{Value, json};
use testkit::oracle::{Answer, Oracle, Question};

use crate::random::Random;

/// How many questions all areas ask together.
pub(crate) const DEFAULT_CASES: u64 = 1_400_000;

/// What the shares in [`AREAS`] are parts of.
pub(crate) const PARTS: u32 = 1402;

/// Every area with its part of the questions: more where a question is cheap and the grammar is rich.
pub(crate) const AREAS: &[(&str, u32)] = &[
    ("path", 150),
    ("version", 100),
    ("compare", 60),
    ("check", 70),
    ("pseudo", 40),
    ("patterns", 100),
    ("quote", 20),
    ("gomod", 90),
    ("gowork", 10),
    ("goproxy", 50),
    ("parseurl", 50),
    ("walk", 60),
    ("gosumdb", 20),
    ("netrc", 40),
    ("list", 20),
    ("info", 60),
    ("known", 60),
    ("goimports", 80),
    ("discover", 20),
    ("govcs", 20),
    ("writeinfo", 10),
    ("sums", 10),
    ("verifier", 20),
    ("note", 40),
    ("tree", 20),
    ("record", 20),
    ("tile", 40),
    ("storedhashes", 2),
    ("newtiles", 2),
    ("proverecord", 4),
    ("provetree", 4),
    ("checkrecord", 15),
    ("checktree", 15),
    ("zip", 24),
    ("files", 40),
    ("create", 16),
];

/// Questions go over in batches of this size: large enough for throughput, small enough for memory.
const BATCH: usize = 5_000;

/// How many disagreements are shown, the shortest first.
const SHOWN: usize = 8;

/// Asks the area's share of questions and fails with the shortest ones that the two sides answer differently.
#[track_caller]
pub(crate) fn agree(area: &str, make: impl Fn(&mut Random) -> Vec<String>, ours: impl Fn(&[String]) -> Answer) {
    let (seed, cases) = (seed(), cases(area));
    let mut random = Random::new(seed ^ area.bytes().fold(0, |sum: u64, byte| sum.wrapping_mul(257).wrapping_add(byte.into())));
    let (mut oracle, started, mut found) = (Oracle::start(), Instant::now(), Vec::new());
    let mut left = cases;
    while left > 0 && found.len() < 100 * SHOWN {
        let questions: Vec<Question> =
            (0..left.min(BATCH)).map(|_| [vec![area.to_owned()], make(&mut random)].concat()).collect();
        left -= questions.len();
        let theirs = oracle.ask(&questions);
        found.extend(questions.into_iter().zip(theirs).filter_map(|(question, go)| difference(question, go, &ours)));
    }
    say(&format!(
        "oracle: {area}: {} questions, {} disagreements, seed {seed}, {:.1?}",
        cases - left,
        found.len(),
        started.elapsed()
    ));
    found.sort_by_key(|disagreement| disagreement.question.iter().map(String::len).sum::<usize>());
    let shown: String = found.iter().take(SHOWN).map(Disagreement::shown).collect();
    assert!(found.is_empty(), "{area}: {} disagreements with Go, MODWAY_ORACLE_SEED={seed}; the shortest:\n{shown}", found.len());
}

struct Disagreement {
    question: Question,
    go: Answer,
    ours: Answer,
}

impl Disagreement {
    /// The question and the first answer that differs.
    fn shown(&self) -> String {
        let differs = self.go.iter().zip(&self.ours).position(|(go, ours)| !alike(go, ours)).unwrap_or(0);
        let nothing = Value::Null;
        let at = |answer: &Answer| answer.get(differs).unwrap_or(&nothing).to_string();
        format!("  {:?}\n    answer {differs}\n    go:   {}\n    ours: {}\n", self.question, at(&self.go), at(&self.ours))
    }
}

fn difference(question: Question, go: Answer, ours: impl Fn(&[String]) -> Answer) -> Option<Disagreement> {
    let ours = catch_unwind(AssertUnwindSafe(|| ours(&question[1..]))).unwrap_or_else(|_| vec![json!({ "panic": "ours" })]);
    let same = go.len() == ours.len() && go.iter().zip(&ours).all(|(go, ours)| alike(go, ours));
    (!same).then_some(Disagreement { question, go, ours })
}

/// Equal; or both an error, where ours ([`refused`]) does not promise Go's words; or of no concern ([`anything`]).
fn alike(go: &Value, ours: &Value) -> bool {
    go == ours || *ours == anything() || (ours.get("error") == Some(&Value::Null) && go.get("error").is_some())
}

/// A value or an error in Go's own words.
pub(crate) fn either<T: Into<Value>, E: std::fmt::Display>(result: Result<T, E>) -> Value {
    result.map_or_else(|error| json!({ "error": error.to_string() }), Into::into)
}

/// A value or an error whose words are our own.
pub(crate) fn refused<T: Into<Value>, E>(result: Result<T, E>) -> Value {
    result.map_or_else(|_| json!({ "error": null }), Into::into)
}

/// Fits whatever Go says, where we promise nothing.
pub(crate) fn anything() -> Value {
    json!({ "anything": true })
}

/// Nothing or an error in Go's own words.
pub(crate) fn verdict<E: std::fmt::Display>(result: Result<(), E>) -> Value {
    either(result.map(|()| true))
}

/// Bytes as they travel.
pub(crate) fn pack(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// The bytes of an argument that travels as base64.
pub(crate) fn unpack(argument: &str) -> Vec<u8> {
    base64::engine::general_purpose::STANDARD.decode(argument).expect("made by pack")
}

fn cases(area: &str) -> usize {
    let all = number("MODWAY_ORACLE_CASES").unwrap_or(DEFAULT_CASES);
    let (_, parts) = AREAS.iter().find(|(name, _)| *name == area).expect("every area has its share in AREAS");
    (all * u64::from(*parts) / u64::from(PARTS)).max(1) as usize
}

/// Another one in every run, so that time finds more; printed, so that a finding can be repeated.
fn seed() -> u64 {
    use std::hash::{BuildHasher as _, Hasher as _};
    number("MODWAY_ORACLE_SEED").unwrap_or_else(|| std::hash::RandomState::new().build_hasher().finish() >> 1)
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().expect("a number"))
}

/// Past the test runner, which hides what passing tests print.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
