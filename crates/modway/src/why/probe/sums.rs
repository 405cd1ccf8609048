//! Asking a checksum database, directly or through a proxy.

use std::path::Path;

use gomod::{
    client::{Answer, Ask, Failure, Found, Record, SumdbPart},
    sumdb::{
        note::{self, VerifierKey},
        tlog,
    },
};
use proxy::{client::look::Looker, settings::Login};

use super::{Evidence, Guess, web};

/// Asks. A record's signature is checked; that it is in the tree is not, which is told.
pub(super) async fn ask(looker: &Looker, ask: &Ask, login: Login, part: &SumdbPart, key: &str) -> (Answer, Evidence) {
    if matches!(part, SumdbPart::Tiles { .. }) {
        return (Answer::Found(Found::Yes), Evidence::Guessed(Guess::Tiles));
    }
    if is_of_unknown_version(part) {
        return (Answer::Unknown, Evidence::Guessed(Guess::Version));
    }
    let exchanges = web::follow(looker, &ask.url, login, true, matches!(part, SumdbPart::Supported)).await;
    (web::answer(&exchanges, |body| read(body, part, key)), Evidence::Web(exchanges))
}

/// Reads what a file proxy has of a database.
pub(super) fn file(folder: &Path, url: &str, part: &SumdbPart, key: &str) -> Answer {
    let Some(below) = url.find("/sumdb/").and_then(|at| url.get(at + 1..)) else { return Answer::Failed(Failure::NoFile) };
    match std::fs::read(folder.join(below)) {
        Ok(body) => read(&body, part, key),
        Err(_) => Answer::Failed(Failure::NoFile),
    }
}

fn is_of_unknown_version(part: &SumdbPart) -> bool {
    matches!(part, SumdbPart::Lookup { version, .. } if version.is_empty())
}

fn read(body: &[u8], part: &SumdbPart, key: &str) -> Answer {
    match part {
        SumdbPart::Supported | SumdbPart::Tiles { .. } => Answer::Found(Found::Yes),
        SumdbPart::Lookup { module, version } => match record(body, key) {
            Ok(text) => {
                let has = |line: String| text.lines().any(|known| known.starts_with(&line));
                let is_missing = !has(format!("{module} {version} ")) || !has(format!("{module} {version}/go.mod "));
                Answer::Found(Found::Record(Record { is_missing, ..Record::default() }))
            }
            Err(words) => Answer::Failed(Failure::Dishonest(words)),
        },
    }
}

/// The text of a record whose tree head is signed by the database.
fn record(body: &[u8], key: &str) -> Result<String, String> {
    let key = VerifierKey::parse(key).map_err(|error| error.to_string())?;
    let (_, text, head) = tlog::parse_record(body).map_err(|error| error.to_string())?;
    note::open(head, &[&key]).map_err(|error| error.to_string())?;
    Ok(text.to_owned())
}
