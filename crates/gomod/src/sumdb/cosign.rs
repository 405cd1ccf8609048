//! Cosignatures: a witness says that at this time it knew no larger tree of a log, and that all it ever saw of it was one history.
//!
//! Source: <https://c2sp.org/tlog-cosignature>, the form of Ed25519, `cosignature/v1`. That of ML-DSA-44 is not spoken here.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ed25519_dalek::{Signer as _, SigningKey, Verifier as _, VerifyingKey};

use super::note::{KeyError, Note, Signature, decode_base64, ed25519_bytes, encode_key, is_valid_name, key_hash, parse_tail};

/// The algorithm byte of keys that cosign. A key that signs notes must not be used to cosign as well.
const COSIGNATURE: u8 = 4;

/// The latest time a cosignature may bear, in Unix seconds.
const MAX_TIME: u64 = i64::MAX as u64;

/// A witness's public key, `NAME+HASH+KEY` as that of a log, but of another type.
///
/// Invariant: the hash belongs to name and key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessKey {
    name: String,
    hash: u32,
    key: VerifyingKey,
}

/// A witness's private key. It never prints itself but through [`Cosigner::reveal`].
///
/// Invariant: the hash belongs to the name and the public half.
#[derive(Clone)]
pub struct Cosigner {
    name: String,
    hash: u32,
    key: SigningKey,
}

/// Why a signature line is no cosignature of a witness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CosignError {
    /// Another signer's line.
    #[error("not a line of this witness")]
    Stranger,
    /// Not a time and a signature, or a time that cannot be.
    #[error("malformed cosignature")]
    Malformed,
    /// The text, the time or the signature was changed.
    #[error("invalid cosignature")]
    Invalid,
}

impl WitnessKey {
    /// Parses `NAME+HASH+KEY`: eight hexadecimal digits, then base64 of the byte 4 and the 32-byte Ed25519 public key.
    ///
    /// Errors: [`KeyError`]; [`KeyError::Algorithm`] for a log's key, too.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let (name, rest) = text.split_once('+').ok_or(KeyError::Malformed)?;
        let (hash, encoded) = parse_tail(name, rest)?;
        if hash != key_hash(name, &encoded) {
            return Err(KeyError::Hash);
        }
        let key = VerifyingKey::from_bytes(&ed25519_bytes(COSIGNATURE, &encoded)?).map_err(|_| KeyError::Malformed)?;
        Ok(Self { name: name.to_owned(), hash, key })
    }

    /// The witness's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What its lines bear besides the name.
    pub fn hash(&self) -> u32 {
        self.hash
    }

    /// Checks a signature line over the text of a checkpoint; answers the time at which it was made, in Unix seconds.
    ///
    /// Whether that time is late enough, and not to come, is the caller's question.
    ///
    /// Errors: [`CosignError`].
    pub fn verify(&self, text: &str, signature: &Signature) -> Result<u64, CosignError> {
        if (signature.name.as_str(), signature.hash) != (self.name.as_str(), self.hash) {
            return Err(CosignError::Stranger);
        }
        let raw = decode_base64(&signature.base64).ok_or(CosignError::Malformed)?;
        let (hash, rest) = raw.split_first_chunk::<4>().ok_or(CosignError::Malformed)?;
        let (time, signed) = rest.split_first_chunk::<8>().ok_or(CosignError::Malformed)?;
        let time = u64::from_be_bytes(*time);
        let signed = ed25519_dalek::Signature::from_slice(signed).map_err(|_| CosignError::Malformed)?;
        if time > MAX_TIME || u32::from_be_bytes(*hash) != self.hash {
            return Err(CosignError::Malformed);
        }
        match self.key.verify(message(text, time).as_bytes(), &signed) {
            Ok(()) => Ok(time),
            Err(_) => Err(CosignError::Invalid),
        }
    }

    /// The witness's cosignature on a note, and its time; `None` if it has none. For a note that [`super::note::open`] has opened.
    ///
    /// Errors: [`CosignError::Malformed`] and [`CosignError::Invalid`] of a line that bears its name and hash.
    pub fn find<'n>(&self, note: &'n Note) -> Result<Option<(&'n Signature, u64)>, CosignError> {
        for signature in note.unverified() {
            match self.verify(note.text(), signature) {
                Err(CosignError::Stranger) => {}
                end => return end.map(|time| Some((signature, time))),
            }
        }
        Ok(None)
    }
}

impl fmt::Display for WitnessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = BASE64_STANDARD.encode(encode_key(COSIGNATURE, self.key.as_bytes()));
        write!(f, "{}+{:08x}+{key}", self.name, self.hash)
    }
}

impl Cosigner {
    /// Parses `PRIVATE+KEY+NAME+HASH+KEY`, as [`Cosigner::reveal`] prints it: base64 of the byte 4 and the 32-byte seed; the hash is the public key's.
    ///
    /// Errors: [`KeyError`].
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let rest = text.strip_prefix("PRIVATE+KEY+").ok_or(KeyError::Malformed)?;
        let (name, rest) = rest.split_once('+').ok_or(KeyError::Malformed)?;
        let (hash, encoded) = parse_tail(name, rest)?;
        let cosigner = Self::from_seed(name, &ed25519_bytes(COSIGNATURE, &encoded)?)?;
        if cosigner.hash == hash { Ok(cosigner) } else { Err(KeyError::Hash) }
    }

    /// Makes the key of `name` from 32 random bytes, which must serve for nothing else: no log, no other witness.
    ///
    /// Errors: [`KeyError::Malformed`] if `name` is empty or has a plus or white space.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, KeyError> {
        if !is_valid_name(name) {
            return Err(KeyError::Malformed);
        }
        let key = SigningKey::from_bytes(seed);
        let hash = key_hash(name, &encode_key(COSIGNATURE, key.verifying_key().as_bytes()));
        Ok(Self { name: name.to_owned(), hash, key })
    }

    /// The public half.
    pub fn verifier(&self) -> WitnessKey {
        WitnessKey { name: self.name.clone(), hash: self.hash, key: self.key.verifying_key() }
    }

    /// The secret itself, to be written where the operator keeps secrets and nowhere else.
    pub fn reveal(&self) -> String {
        let key = BASE64_STANDARD.encode(encode_key(COSIGNATURE, self.key.as_bytes()));
        format!("PRIVATE+KEY+{}+{:08x}+{key}", self.name, self.hash)
    }

    /// Says of the text of a checkpoint, extension lines and all, that at `time` (Unix seconds) no larger tree of this log was known.
    ///
    /// Errors: [`CosignError::Malformed`] if the text does not end in a newline or the time cannot be.
    pub fn sign(&self, text: &str, time: u64) -> Result<Signature, CosignError> {
        if time > MAX_TIME || !text.ends_with('\n') {
            return Err(CosignError::Malformed);
        }
        let signed = self.key.sign(message(text, time).as_bytes()).to_bytes();
        let base64 = BASE64_STANDARD.encode([&self.hash.to_be_bytes()[..], &time.to_be_bytes(), &signed].concat());
        Ok(Signature { name: self.name.clone(), hash: self.hash, base64 })
    }
}

impl fmt::Debug for Cosigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cosigner({}+{:08x})", self.name, self.hash)
    }
}

/// What is signed: a line that sets it apart from every other use of a key, the time, the whole text.
fn message(text: &str, time: u64) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sumdb::note::{self, SignerKey, VerifierKey};

    const TEXT: &str = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

    fn cosigner() -> Cosigner {
        Cosigner::from_seed("witness.example.com/w1", &[3; 32]).unwrap()
    }

    #[test]
    fn a_cosignature_is_verified_with_its_time() {
        let (key, signature) = (cosigner().verifier(), cosigner().sign(TEXT, 1_679_315_147).unwrap());
        assert_eq!(key.verify(TEXT, &signature), Ok(1_679_315_147));
        // The bytes as the specification lays them out, put together by hand.
        let raw = decode_base64(&signature.base64).unwrap();
        assert_eq!(raw.len(), 4 + 8 + 64);
        assert_eq!(raw[..12], [&key.hash().to_be_bytes()[..], &[0, 0, 0, 0, 0x64, 0x18, 0x50, 0xcb]].concat());
        let signed = format!("cosignature/v1\ntime 1679315147\n{TEXT}");
        let by_hand = SigningKey::from_bytes(&[3; 32]).sign(signed.as_bytes()).to_bytes();
        assert_eq!(raw[12..], by_hand);
    }

    #[test]
    fn whatever_is_changed_is_seen() {
        let (key, signature) = (cosigner().verifier(), cosigner().sign(TEXT, 7).unwrap());
        assert_eq!(key.verify(&TEXT.replacen("208", "209", 1), &signature), Err(CosignError::Invalid));
        assert_eq!(key.verify(&format!("{TEXT}more\n"), &signature), Err(CosignError::Invalid));
        let raw = decode_base64(&signature.base64).unwrap();
        for at in 0..raw.len() {
            let mut bad = raw.clone();
            bad[at] ^= 1;
            let bad = Signature { base64: BASE64_STANDARD.encode(bad), ..signature.clone() };
            assert!(key.verify(TEXT, &bad).is_err(), "{at}");
        }
        for (end, want) in [(0, CosignError::Malformed), (11, CosignError::Malformed), (75, CosignError::Malformed)] {
            let bad = Signature { base64: BASE64_STANDARD.encode(&raw[..end]), ..signature.clone() };
            assert_eq!(key.verify(TEXT, &bad), Err(want), "{end}");
        }
        let other = Cosigner::from_seed("witness.example.com/w2", &[3; 32]).unwrap().verifier();
        assert_eq!(other.verify(TEXT, &signature), Err(CosignError::Stranger));
        assert_eq!(cosigner().sign(TEXT, 1 << 63), Err(CosignError::Malformed));
        assert_eq!(cosigner().sign(TEXT.trim_end(), 7), Err(CosignError::Malformed));
    }

    #[test]
    fn a_cosigned_note_still_opens_for_who_knows_no_witness() {
        let log = SignerKey::from_seed("example.com/behind-the-sofa", &[4; 32]).unwrap();
        let cosignature = cosigner().sign(TEXT, 9).unwrap();
        let signed = note::sign(TEXT, std::slice::from_ref(&cosignature), &[&log]).unwrap();
        let note = note::open(signed.as_bytes(), &[&log.verifier()]).unwrap();
        assert_eq!(cosigner().verifier().find(&note), Ok(Some((&cosignature, 9))));
        let other = Cosigner::from_seed("witness.example.com/w1", &[5; 32]).unwrap().verifier();
        assert_eq!(other.find(&note), Ok(None));
        let moved = Signature { base64: cosigner().sign(&format!("{TEXT}x\n"), 9).unwrap().base64, ..cosignature };
        let forged = note::sign(TEXT, &[moved], &[&log]).unwrap();
        let note = note::open(forged.as_bytes(), &[&log.verifier()]).unwrap();
        assert_eq!(cosigner().verifier().find(&note), Err(CosignError::Invalid));
    }

    #[test]
    fn keys_read_back_and_are_not_those_of_logs() {
        let cosigner = cosigner();
        let key = cosigner.verifier();
        assert_eq!(WitnessKey::parse(&key.to_string()), Ok(key.clone()));
        assert_eq!(Cosigner::parse(&cosigner.reveal()).unwrap().verifier(), key);
        assert!(!format!("{cosigner:?}").contains("PRIVATE"), "{cosigner:?}");
        assert_eq!(VerifierKey::parse(&key.to_string()), Err(KeyError::Algorithm));
        let log = SignerKey::from_seed("witness.example.com/w1", &[3; 32]).unwrap();
        assert_eq!(WitnessKey::parse(&log.verifier().to_string()), Err(KeyError::Algorithm));
        assert_eq!(Cosigner::parse(&log.reveal()).err(), Some(KeyError::Algorithm));
        assert_ne!(log.hash(), key.hash());
        assert_eq!(Cosigner::from_seed("a b", &[3; 32]).err(), Some(KeyError::Malformed));
    }
}
