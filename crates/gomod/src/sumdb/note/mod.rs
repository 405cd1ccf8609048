//! Signed notes, the envelope in which a checksum database speaks.
//!
//! A note is text that ends in a newline, a blank line, and one line per signature: `— NAME BASE64`.
//! Source: `golang.org/x/mod/sumdb/note` as vendored in Go 1.27.3; <https://c2sp.org/signed-note>.

mod key;
#[cfg(test)]
mod tests;

use std::fmt;

pub use key::{KeyError, SignerKey, VerifierKey};

pub(in crate::sumdb) use key::{decode_base64, ed25519_bytes, encode_key, is_valid_name, key_hash, parse_tail};

/// The longest note that is looked at, in bytes. Ours; Go bounds only the tree text inside, by the same number.
pub const MAX_NOTE_BYTES: usize = 1_000_000;

/// The most signature lines a note may have.
pub const MAX_SIGNATURES: usize = 100;

/// A note whose text at least one known key has signed.
///
/// Invariants: `text` ends in a newline; `signatures` is not empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<Signature>,
    unverified: Vec<Signature>,
}

impl Note {
    /// The signed text, its final newline included.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signatures that a known key made, in the note's order, one per key.
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// The signatures of keys nobody asked about, in the note's order, without repeated lines.
    pub fn unverified(&self) -> &[Signature] {
        &self.unverified
    }
}

/// One signature line, `— NAME BASE64`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The signer's name.
    pub name: String,
    /// The first four bytes under the base64: which of the signer's keys it was.
    pub hash: u32,
    /// The base64 as it stood in the line: key hash, then signature.
    pub base64: String,
}

impl fmt::Display for Signature {
    /// Prints the line, without a newline.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "— {} {}", self.name, self.base64)
    }
}

/// Why a note was not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Not a note: wrong shape, not UTF-8, control characters, too long, too many signatures.
    #[error("malformed note")]
    Malformed,
    /// A known key's signature does not fit the text: the text or the signature was changed.
    #[error("invalid signature for key {name}+{hash:08x}")]
    InvalidSignature {
        /// The signer's name.
        name: String,
        /// The key's hash.
        hash: u32,
    },
    /// Well formed, but no known key has signed it.
    #[error("note has no verifiable signatures")]
    Unverified,
    /// Two of the given keys have the same name and hash; whoever made them is not to be trusted.
    #[error("ambiguous key {name}+{hash:08x}")]
    Ambiguous {
        /// The name both keys bear.
        name: String,
        /// The hash both keys have.
        hash: u32,
    },
}

/// Parses a signed note and verifies it against the known keys.
///
/// Unknown signers are passed over; a wrong signature under a known key is fatal even if another key's is right.
///
/// Errors: [`NoteError`]; nothing of the note may then be used.
/// Source: `note.Open`; the bound [`MAX_NOTE_BYTES`] is ours.
pub fn open(message: &[u8], known: &[&VerifierKey]) -> Result<Note, NoteError> {
    let (text, block) = split(message)?;
    let mut note = Note { text: text.to_owned(), signatures: Vec::new(), unverified: Vec::new() };
    for (count, line) in block.split_terminator('\n').enumerate() {
        let (signature, raw) = parse_line(line)?;
        if count >= MAX_SIGNATURES {
            return Err(NoteError::Malformed);
        }
        let Some(key) = find(known, &signature)? else {
            keep_unless_repeated(&mut note.unverified, signature, |a, b| a == b);
            continue;
        };
        let seen = note.signatures.iter().any(|earlier| same_key(earlier, &signature));
        if !seen && !key.verify(text.as_bytes(), &raw) {
            return Err(NoteError::InvalidSignature { name: signature.name, hash: signature.hash });
        }
        keep_unless_repeated(&mut note.signatures, signature, same_key);
    }
    if note.signatures.is_empty() { Err(NoteError::Unverified) } else { Ok(note) }
}

/// The text of a note, whoever has signed it: nothing of it is believed yet.
///
/// Errors: [`NoteError::Malformed`].
pub fn text(message: &[u8]) -> Result<&str, NoteError> {
    split(message).map(|(text, _)| text)
}

/// Signs `text` with each key and prints the note: `existing` signatures first, those of the same keys replaced.
///
/// Errors: [`NoteError::Malformed`] if `text` does not end in a newline, or the result is a note that [`open`] would not parse.
/// Source: `note.Sign`, which lets bad text pass; we do not.
pub fn sign(text: &str, existing: &[Signature], signers: &[&SignerKey]) -> Result<String, NoteError> {
    let mut message = format!("{text}\n");
    for signature in existing {
        let replaced = signers.iter().any(|key| key.name() == signature.name && key.hash() == signature.hash);
        if !replaced {
            message.push_str(&format!("{signature}\n"));
        }
    }
    for key in signers {
        message.push_str(&format!("— {} {}\n", key.name(), key.sign(text.as_bytes())));
    }
    let (read_back, block) = split(message.as_bytes())?;
    let lines_parse = block.split_terminator('\n').all(|line| parse_line(line).is_ok());
    if read_back == text && lines_parse { Ok(message) } else { Err(NoteError::Malformed) }
}

fn split(message: &[u8]) -> Result<(&str, &str), NoteError> {
    let message = Some(message)
        .filter(|message| message.len() <= MAX_NOTE_BYTES)
        .and_then(|message| std::str::from_utf8(message).ok())
        .filter(|message| !message.bytes().any(|byte| byte < 0x20 && byte != b'\n'))
        .ok_or(NoteError::Malformed)?;
    let blank = message.as_bytes().windows(2).rposition(|pair| pair == b"\n\n").ok_or(NoteError::Malformed)?;
    let (text, block) = (&message[..=blank], &message[blank + 2..]);
    if block.ends_with('\n') { Ok((text, block)) } else { Err(NoteError::Malformed) }
}

fn parse_line(line: &str) -> Result<(Signature, Vec<u8>), NoteError> {
    let line = line.strip_prefix("— ").ok_or(NoteError::Malformed)?;
    let (name, base64) = line.split_once(' ').ok_or(NoteError::Malformed)?;
    let raw = decode_base64(base64).ok_or(NoteError::Malformed)?;
    match raw.split_first_chunk::<4>() {
        Some((hash, rest)) if is_valid_name(name) && !rest.is_empty() => {
            let hash = u32::from_be_bytes(*hash);
            Ok((Signature { name: name.to_owned(), hash, base64: base64.to_owned() }, rest.to_vec()))
        }
        _ => Err(NoteError::Malformed),
    }
}

fn find<'a>(known: &[&'a VerifierKey], signature: &Signature) -> Result<Option<&'a VerifierKey>, NoteError> {
    let mut fitting = known.iter().filter(|key| key.name() == signature.name && key.hash() == signature.hash);
    match (fitting.next(), fitting.next()) {
        (Some(_), Some(_)) => Err(NoteError::Ambiguous { name: signature.name.clone(), hash: signature.hash }),
        (found, _) => Ok(found.copied()),
    }
}

fn same_key(a: &Signature, b: &Signature) -> bool {
    a.name == b.name && a.hash == b.hash
}

fn keep_unless_repeated(list: &mut Vec<Signature>, new: Signature, same: impl Fn(&Signature, &Signature) -> bool) {
    if !list.iter().any(|earlier| same(earlier, &new)) {
        list.push(new);
    }
}
