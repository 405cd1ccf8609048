//! A lookup in the checksum database, proved without IO: it says what it needs, is fed, and ends in a proof or a named lie.
//!
//! Source: `golang.org/x/mod/sumdb` (`client.go`) and `modfetch/sumdb.go` as vendored in Go 1.27.3, as they are after
//! CVE-2026-56864 (lines outside the signed text), CVE-2026-56865 (unproven tiles) and CVE-2026-42501 (no line at all).

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::client::{Fork, Head, HeadError, Merge, MergeError};
use super::note::VerifierKey;
use super::record::checksum;
use super::tile::{Tile, TileError, VerifiedTiles};
use super::tlog::{TextError, parse_record, record_hash, stored_hash_index};
use crate::dirhash::H1;
use crate::module::{ModulePath, Version};

/// The longest answer to a lookup that is looked at, in bytes. Ours; a real one has less than a thousand.
pub const MAX_LOOKUP_BYTES: usize = 1 << 20;

/// One lookup under way. Drive it with [`Lookup::step`] until that returns [`Step::Proved`] or an error.
///
/// Memory: one answer, and the tiles of one proof, at most some two dozen of 8 KiB each.
#[derive(Clone, Debug)]
pub struct Lookup {
    key: VerifierKey,
    known: Head,
    module: String,
    version: String,
    path: String,
    state: State,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Fetch this, feed it, and step again.
    Need(Need),
    /// Everything is proven; nothing more will be asked.
    Proved(Box<Proved>),
}

/// What a lookup must be fed before it can go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// The body at this path below the database's URL, `/lookup/example.com/m@v1.0.0`; for [`Lookup::feed_lookup`].
    Lookup(String),
    /// The bodies of these tiles, at `/` and what each prints as; for [`Lookup::feed_tile`], in any order.
    Tiles(Vec<Tile>),
}

/// What the database has vouched for, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proved {
    /// The h1 of the module's zip.
    pub zip_h1: H1,
    /// The h1 of its go.mod.
    pub mod_h1: H1,
    /// The record's number in the log.
    pub record_id: u64,
    /// The size of the tree that has been shown to hold the record.
    pub tree_size: u64,
    /// The newest tree head now known, a signed note; keep it, and give it to the next lookup.
    pub latest: String,
    /// The tiles that took part, all proven; they may be kept for the next lookup.
    pub tiles: Vec<(Tile, Vec<u8>)>,
}

/// Why a lookup proved nothing. Every variant but the first is the database's doing, or its proxy's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LookupError {
    /// The tree head given as known is unusable: another database's, or a damaged file.
    #[error("initializing sumdb.Client")]
    Known(#[source] HeadError),
    /// The answer is no record, an error page for instance.
    #[error(transparent)]
    Record(#[from] TextError),
    /// The answer's tree head is not to be believed.
    #[error(transparent)]
    Head(#[from] HeadError),
    /// A tile is misshapen or does not fit the tree head.
    #[error(transparent)]
    Tile(#[from] TileError),
    /// The database has signed two histories.
    #[error(transparent)]
    Fork(Box<Fork>),
    /// The record's number lies beyond the newest tree.
    #[error("cannot validate record {id} in tree of size {size}")]
    BeyondTree {
        /// The record's number, as the answer has it.
        id: u64,
        /// The size of the newest tree.
        size: u64,
    },
    /// The record is not the one the log has under this number.
    #[error("cannot authenticate record data in server response")]
    NotAuthentic,
    /// The log's record has no checksum for what was asked.
    #[error("checksum missing from sumdb response")]
    Missing {
        /// How the line would have begun, `M V` or `M V/go.mod`.
        line: String,
    },
    /// The log's record has a checksum for what was asked that is none, or two different ones.
    #[error("malformed checksum in sumdb response for {line}")]
    Malformed {
        /// How the line begins, `M V` or `M V/go.mod`.
        line: String,
    },
}

impl From<MergeError> for LookupError {
    fn from(error: MergeError) -> Self {
        match error {
            MergeError::Tile(tile) => Self::Tile(tile),
            MergeError::Fork(fork) => Self::Fork(fork),
        }
    }
}

#[derive(Clone, Debug)]
enum State {
    Asking,
    Proving(Box<Answer>),
    Over(Result<Box<Proved>, LookupError>),
}

/// An answer that is well formed, and the tiles still to prove it.
#[derive(Clone, Debug)]
struct Answer {
    id: u64,
    record: String,
    merge: Merge,
    bodies: BTreeMap<Tile, Vec<u8>>,
}

impl Lookup {
    /// Begins the lookup of `module` at `version` in the database of `key`.
    ///
    /// `latest` is the newest tree head known, [`Proved::latest`] of an earlier lookup; without it any history will do, and a
    /// database can tell each newcomer another.
    ///
    /// Errors: [`LookupError::Known`].
    pub fn new(key: &VerifierKey, latest: Option<&str>, module: &ModulePath, version: &Version) -> Result<Self, LookupError> {
        let known = match latest {
            Some(note) => Head::open(key, note.as_bytes()).map_err(LookupError::Known)?,
            None => Head::empty(),
        };
        Ok(Self {
            key: key.clone(),
            known,
            module: module.as_str().to_owned(),
            version: version.as_str().to_owned(),
            path: format!("/lookup/{}@{}", module.escaped(), version.escaped()),
            state: State::Asking,
        })
    }

    /// Says what is needed next, or how the lookup ended. Without new food it says the same again.
    ///
    /// Errors: [`LookupError`]; trying again may help only if the source of the bodies is another.
    pub fn step(&mut self) -> Result<Step, LookupError> {
        let end = match &self.state {
            State::Asking => return Ok(Step::Need(Need::Lookup(self.path.clone()))),
            State::Proving(answer) => match answer.missing() {
                missing if missing.is_empty() => answer.clone().prove(&self.module, &self.version).map(Box::new),
                missing => return Ok(Step::Need(Need::Tiles(missing))),
            },
            State::Over(end) => end.clone(),
        };
        self.state = State::Over(end.clone());
        end.map(Step::Proved)
    }

    /// Takes the body of [`Need::Lookup`]. Nothing happens if that was not the need.
    pub fn feed_lookup(&mut self, body: &[u8]) {
        if !matches!(self.state, State::Asking) {
            return;
        }
        self.state = match Answer::read(body, &self.key, self.known.clone()) {
            Ok(answer) => State::Proving(Box::new(answer)),
            Err(error) => State::Over(Err(error)),
        };
    }

    /// Takes the body of one tile of [`Need::Tiles`], or of the full tile in its place if the database has no partial one.
    ///
    /// A tile nobody asked for changes nothing. A misshapen one is the caller's to ask for elsewhere, or to end with.
    ///
    /// Errors: [`TileError::Length`]; the tile is then still needed.
    pub fn feed_tile(&mut self, tile: &Tile, body: &[u8]) -> Result<(), TileError> {
        let State::Proving(answer) = &mut self.state else { return Ok(()) };
        for need in answer.missing() {
            let body = match need {
                _ if need == *tile => body.to_vec(),
                _ if need.full() == *tile => need.cut_full(body),
                _ => continue,
            };
            need.check_length(&body)?;
            answer.bodies.insert(need, body);
        }
        Ok(())
    }
}

impl Answer {
    fn read(body: &[u8], key: &VerifierKey, known: Head) -> Result<Self, LookupError> {
        if body.len() > MAX_LOOKUP_BYTES {
            return Err(TextError::Record.into());
        }
        let (id, record, signed) = parse_record(body)?;
        let head = Head::open(key, signed)?;
        let size = head.tree().size.max(known.tree().size);
        // Whether the head tells the truth is the graver question: it is answered even if the record cannot be in the tree.
        let leaf = Some(stored_hash_index(0, id)).filter(|_| id < size);
        let merge = Merge::new(known, head, leaf.as_slice())?;
        Ok(Self { id, record: record.to_owned(), merge, bodies: BTreeMap::new() })
    }

    fn missing(&self) -> Vec<Tile> {
        self.merge.plan().tiles().iter().filter(|tile| !self.bodies.contains_key(tile)).copied().collect()
    }

    fn prove(mut self, module: &str, version: &str) -> Result<Proved, LookupError> {
        let tiles = self.merge.plan().tiles();
        let bodies = tiles.iter().map(|tile| self.bodies.remove(tile).unwrap_or_default()).collect();
        let (latest, tiles) = self.merge.finish(bodies)?;
        check_record(self.id, &self.record, &tiles)?;
        Ok(Proved {
            zip_h1: checksum(&self.record, &format!("{module} {version}"))?,
            mod_h1: checksum(&self.record, &format!("{module} {version}/go.mod"))?,
            record_id: self.id,
            tree_size: tiles.tree().size,
            latest: latest.note().to_owned(),
            tiles: tiles.into_tiles(),
        })
    }
}

/// Source: `sumdb.Client.checkRecord`.
fn check_record(id: u64, record: &str, tiles: &VerifiedTiles) -> Result<(), LookupError> {
    let size = tiles.tree().size;
    if id >= size {
        return Err(LookupError::BeyondTree { id, size });
    }
    let hash = tiles.hash(stored_hash_index(0, id))?;
    if hash == record_hash(record.as_bytes()) { Ok(()) } else { Err(LookupError::NotAuthentic) }
}
