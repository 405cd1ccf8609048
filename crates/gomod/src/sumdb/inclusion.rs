//! A proof that one record is in a log, for whoever has the log's key and nothing else.
//!
//! Source: <https://c2sp.org/tlog-proof>.

use std::fmt;

use base64::prelude::{BASE64_STANDARD, Engine as _};

use super::{
    checkpoint::Checkpoint,
    note::{self, VerifierKey},
    tlog::{Hash, TextError, Tree, check_record, record_hash},
};

/// The first line.
const FORM: &str = "c2sp.org/tlog-proof@v1";

/// A tree of 2^63 records has no longer proof.
const MAX_HASHES: usize = 63;

/// A proof as it is handed around. Nothing of it is believed before [`InclusionProof::check`].
///
/// ```text
/// c2sp.org/tlog-proof@v1
/// extra eyJldmVudCI6ImFza2VkIn0K
/// index 1
/// gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
///
/// audit.example.com
/// 2
/// sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=
///
/// — audit.example.com hI2DJw…
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InclusionProof {
    /// Whatever whoever made it wanted to add, such as the record itself; empty for nothing.
    pub extra: Vec<u8>,
    /// The record's number.
    pub index: u64,
    /// From its sibling's hash to that of the root's child.
    pub hashes: Vec<Hash>,
    /// The signed checkpoint.
    pub note: String,
}

/// Why a proof proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InclusionError {
    /// The checkpoint is not that of the log, or is not signed by its key.
    #[error("the checkpoint is not signed by that key")]
    Signature,
    /// The record, its number or a hash is not the one that was signed.
    #[error("the record is not in the signed tree at that number")]
    NotIncluded,
}

impl InclusionProof {
    /// Reads a proof. What is read prints back to the same bytes.
    ///
    /// Errors: [`TextError::Record`] if it has another form, [`TextError::Hash`].
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let (head, note) = text.split_once("\n\n").ok_or(TextError::Record)?;
        let mut lines = head.split('\n');
        if lines.next() != Some(FORM) {
            return Err(TextError::Record);
        }
        let mut line = lines.next().ok_or(TextError::Record)?;
        let mut extra = Vec::new();
        if let Some(base64) = line.strip_prefix("extra ") {
            extra = note::decode_base64(base64).ok_or(TextError::Record)?;
            line = lines.next().ok_or(TextError::Record)?;
        }
        let index = line.strip_prefix("index ").and_then(|index| index.parse().ok()).ok_or(TextError::Record)?;
        let hashes = lines.take(MAX_HASHES + 1).map(Hash::parse).collect::<Result<Vec<_>, _>>()?;
        let proof = Self { extra, index, hashes, note: note.to_owned() };
        let is_whole = proof.hashes.len() <= MAX_HASHES && proof.to_string() == text;
        is_whole.then_some(proof).ok_or(TextError::Record)
    }

    /// The tree that `key` signed, if `record` is in it under the proof's number; the log's name is the key's.
    ///
    /// Errors: [`InclusionError`].
    pub fn check(&self, record: &[u8], key: &VerifierKey) -> Result<Tree, InclusionError> {
        let opened = note::open(self.note.as_bytes(), &[key]).map_err(|_| InclusionError::Signature)?;
        let checkpoint = Checkpoint::parse(opened.text()).ok().filter(|checkpoint| checkpoint.origin() == key.name());
        let tree = checkpoint.ok_or(InclusionError::Signature)?.tree();
        let checked = check_record(&self.hashes, tree.size, &tree.hash, self.index, &record_hash(record));
        checked.map(|()| tree).map_err(|_| InclusionError::NotIncluded)
    }
}

impl fmt::Display for InclusionProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FORM}")?;
        if !self.extra.is_empty() {
            writeln!(f, "extra {}", BASE64_STANDARD.encode(&self.extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        self.hashes.iter().try_for_each(|hash| writeln!(f, "{hash}"))?;
        write!(f, "\n{}", self.note)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sumdb::{
        note::SignerKey,
        peaks::{Peaks, Watched},
    };

    fn key(name: &str) -> SignerKey {
        SignerKey::from_seed(name, &[7; 32]).expect("a key")
    }

    /// Of record 2 of five.
    fn proof(origin: &str) -> InclusionProof {
        let (mut peaks, mut watched) = (Peaks::default(), Watched::new(2));
        for number in 0..5 {
            let watched = (number >= 2).then_some(&mut watched);
            peaks.push_beside(record_hash(format!("record {number}\n").as_bytes()), watched);
        }
        let text = Checkpoint::new(origin, peaks.tree()).expect("an origin").to_string();
        let note = note::sign(&text, &[], &[&key("audit.test")]).expect("a note");
        InclusionProof { extra: b"record 2\n".to_vec(), index: 2, hashes: peaks.inclusion(&watched), note }
    }

    #[test]
    fn a_proof_reads_back_and_proves_its_record_and_no_other() {
        let (proof, key) = (proof("audit.test"), key("audit.test").verifier());
        assert_eq!(InclusionProof::parse(&proof.to_string()), Ok(proof.clone()));
        assert_eq!(proof.check(b"record 2\n", &key).map(|tree| tree.size), Ok(5));
        assert_eq!(proof.check(b"record 1\n", &key), Err(InclusionError::NotIncluded));
        let moved = InclusionProof { index: 3, ..proof.clone() };
        assert_eq!(moved.check(b"record 2\n", &key), Err(InclusionError::NotIncluded));
        for lost in 0..proof.hashes.len() {
            let mut less = proof.clone();
            less.hashes.remove(lost);
            assert_eq!(less.check(b"record 2\n", &key), Err(InclusionError::NotIncluded));
        }
        let bare = InclusionProof { extra: Vec::new(), ..proof };
        assert!(!bare.to_string().contains("extra"));
        assert_eq!(InclusionProof::parse(&bare.to_string()), Ok(bare));
    }

    #[test]
    fn the_checkpoint_is_that_of_the_log_under_its_own_key() {
        let (stranger, own) =
            (SignerKey::from_seed("audit.test", &[8; 32]).expect("a key").verifier(), key("audit.test").verifier());
        assert_eq!(proof("audit.test").check(b"record 2\n", &stranger), Err(InclusionError::Signature));
        assert_eq!(proof("other.test").check(b"record 2\n", &own), Err(InclusionError::Signature));
    }

    #[test]
    fn what_does_not_print_back_is_no_proof() {
        let good = proof("audit.test").to_string();
        for (from, to) in [
            ("@v1\n", "@v2\n"),
            ("index 2", "index 02"),
            ("index 2", "index +2"),
            ("index 2", "index -2"),
            ("index 2\n", ""),
            ("index 2\n", "index 2\nx\n"),
            ("extra ", "extra  "),
            ("\n\n", "\n"),
            (FORM, ""),
        ] {
            assert!(InclusionProof::parse(&good.replacen(from, to, 1)).is_err(), "{from} {to}");
        }
        let hash = record_hash(b"x\n").to_string() + "\n";
        let long = |count: usize| good.replacen("index 2\n", &format!("index 2\n{}", hash.repeat(count)), 1);
        assert!(InclusionProof::parse(&long(60)).is_ok() && InclusionProof::parse(&long(61)).is_err());
    }
}
