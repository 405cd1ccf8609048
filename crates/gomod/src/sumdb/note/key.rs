//! The keys of signed notes: `NAME+HASH+KEY` verifies, `PRIVATE+KEY+NAME+HASH+KEY` signs.

use std::fmt;

use base64::alphabet;
use base64::engine::{DecodePaddingMode, Engine as _, GeneralPurpose, GeneralPurposeConfig};
use base64::prelude::BASE64_STANDARD;
use ed25519_dalek::{Signer as _, SigningKey, Verifier as _, VerifyingKey};
use sha2::{Digest as _, Sha256};

/// The algorithm byte of keys that sign notes.
const ED25519: u8 = 1;

/// A public key that verifies notes, as in `sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8`.
///
/// Invariant: the hash belongs to name and key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    hash: u32,
    key: VerifyingKey,
}

/// Why a key was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not of the form the key's doc shows.
    #[error("malformed verifier id")]
    Malformed,
    /// A key of an algorithm other than Ed25519.
    #[error("unknown verifier algorithm")]
    Algorithm,
    /// The hash is not that of name and key: one of the three was mistyped or exchanged.
    #[error("invalid verifier hash")]
    Hash,
}

impl VerifierKey {
    /// Parses `NAME+HASH+KEY`: eight hexadecimal digits, then base64 of the byte 1 and the 32-byte Ed25519 public key.
    ///
    /// Errors: [`KeyError`].
    /// Source: `note.NewVerifier`. Departs from it: 32 bytes that are no curve point are malformed here, useless there.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let (name, rest) = text.split_once('+').ok_or(KeyError::Malformed)?;
        let (hash, encoded) = parse_tail(name, rest)?;
        if hash != key_hash(name, &encoded) {
            return Err(KeyError::Hash);
        }
        let key = VerifyingKey::from_bytes(&ed25519_bytes(ED25519, &encoded)?).map_err(|_| KeyError::Malformed)?;
        Ok(Self { name: name.to_owned(), hash, key })
    }

    /// The signer's name, usually the database's host.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first four bytes of SHA-256 over name, newline and encoded key.
    pub fn hash(&self) -> u32 {
        self.hash
    }

    pub(super) fn verify(&self, text: &[u8], signature: &[u8]) -> bool {
        ed25519_dalek::Signature::from_slice(signature).is_ok_and(|signature| self.key.verify(text, &signature).is_ok())
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = BASE64_STANDARD.encode(encode_key(ED25519, self.key.as_bytes()));
        write!(f, "{}+{:08x}+{key}", self.name, self.hash)
    }
}

/// A private key that signs notes. It never prints itself but through [`SignerKey::reveal`].
///
/// Invariant: the hash belongs to the name and the public half.
#[derive(Clone)]
pub struct SignerKey {
    name: String,
    hash: u32,
    key: SigningKey,
}

impl SignerKey {
    /// Parses `PRIVATE+KEY+NAME+HASH+KEY`: base64 of the byte 1 and the 32-byte Ed25519 seed; the hash is the public key's.
    ///
    /// Errors: [`KeyError`].
    /// Source: `note.NewSigner`.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let rest = text.strip_prefix("PRIVATE+KEY+").ok_or(KeyError::Malformed)?;
        let (name, rest) = rest.split_once('+').ok_or(KeyError::Malformed)?;
        let (hash, encoded) = parse_tail(name, rest)?;
        let signer = Self::from_seed(name, &ed25519_bytes(ED25519, &encoded)?)?;
        if signer.hash == hash { Ok(signer) } else { Err(KeyError::Hash) }
    }

    /// Makes the key of `name` from 32 random bytes, which the caller must have from a good source and must not keep.
    ///
    /// Errors: [`KeyError::Malformed`] if `name` is empty or has a plus or white space.
    /// Source: `note.GenerateKey`, without its dice.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, KeyError> {
        if !is_valid_name(name) {
            return Err(KeyError::Malformed);
        }
        let key = SigningKey::from_bytes(seed);
        let hash = key_hash(name, &encode_key(ED25519, key.verifying_key().as_bytes()));
        Ok(Self { name: name.to_owned(), hash, key })
    }

    /// The signer's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The hash of the public half, as [`VerifierKey::hash`] has it.
    pub fn hash(&self) -> u32 {
        self.hash
    }

    /// The public half.
    pub fn verifier(&self) -> VerifierKey {
        VerifierKey { name: self.name.clone(), hash: self.hash, key: self.key.verifying_key() }
    }

    /// The secret itself, `PRIVATE+KEY+…`, to be written where the operator keeps secrets and nowhere else.
    pub fn reveal(&self) -> String {
        let key = BASE64_STANDARD.encode(encode_key(ED25519, self.key.as_bytes()));
        format!("PRIVATE+KEY+{}+{:08x}+{key}", self.name, self.hash)
    }

    /// The base64 of a signature line over `text`.
    pub(super) fn sign(&self, text: &[u8]) -> String {
        let signature = self.key.sign(text).to_bytes();
        BASE64_STANDARD.encode([&self.hash.to_be_bytes()[..], &signature].concat())
    }
}

impl fmt::Debug for SignerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignerKey({}+{:08x})", self.name, self.hash)
    }
}

/// Decodes base64 as Go's `base64.StdEncoding` does: padding is required, line ends and stray trailing bits are not minded.
pub(in crate::sumdb) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    const ENGINE: GeneralPurpose = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_allow_trailing_bits(true)
            .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
    );
    let text: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    ENGINE.decode(text).ok()
}

/// Whether a signer may be called so: not empty, no white space, no plus.
pub(in crate::sumdb) fn is_valid_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c == '+')
}

/// The `HASH+KEY` both kinds of keys end in.
pub(in crate::sumdb) fn parse_tail(name: &str, tail: &str) -> Result<(u32, Vec<u8>), KeyError> {
    let (hash, key) = tail.split_once('+').ok_or(KeyError::Malformed)?;
    let encoded = decode_base64(key).filter(|encoded| !encoded.is_empty()).ok_or(KeyError::Malformed)?;
    let is_hex = hash.len() == 8 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    match u32::from_str_radix(hash, 16) {
        Ok(hash) if is_hex && is_valid_name(name) => Ok((hash, encoded)),
        _ => Err(KeyError::Malformed),
    }
}

/// What a key is known by: the first four bytes of SHA-256 over name, newline and encoded key.
pub(in crate::sumdb) fn key_hash(name: &str, encoded: &[u8]) -> u32 {
    let sum = Sha256::new().chain_update(name).chain_update("\n").chain_update(encoded).finalize();
    u32::from_be_bytes([sum[0], sum[1], sum[2], sum[3]])
}

/// The algorithm's byte and the key.
pub(in crate::sumdb) fn encode_key(algorithm: u8, key: &[u8; 32]) -> Vec<u8> {
    [&[algorithm][..], key].concat()
}

/// The inverse of [`encode_key`].
pub(in crate::sumdb) fn ed25519_bytes(algorithm: u8, encoded: &[u8]) -> Result<[u8; 32], KeyError> {
    match encoded {
        [first, key @ ..] if *first == algorithm => key.try_into().map_err(|_| KeyError::Malformed),
        _ => Err(KeyError::Algorithm),
    }
}
