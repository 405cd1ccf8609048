//! The name of a git object.

use std::fmt;

/// An object's whole name, of SHA-1 or SHA-256.
///
/// Shape: 40 or 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Hash {
    bytes: [u8; 32],
    length: u8,
}

impl Hash {
    /// Reads 40 or 64 lower-case hex digits; anything else is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if !matches!(text.len(), 40 | 64) {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Some(Self { bytes, length: u8::try_from(text.len() / 2).ok()? })
    }

    /// True for SHA-256.
    pub(super) fn is_sha256(&self) -> bool {
        self.length == 32
    }

    /// Its bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    /// True if its digits begin with `prefix`, which is lower-case hex.
    pub(super) fn begins_with(&self, prefix: &str) -> bool {
        let nibble = |at: usize| self.bytes().get(at / 2).map(|byte| if at.is_multiple_of(2) { byte >> 4 } else { byte & 15 });
        prefix.bytes().enumerate().all(|(at, byte)| digit(byte).is_some() && digit(byte) == nibble(at))
    }

    /// The canonical short name, as in pseudo-versions: 12 digits.
    pub(super) fn short(&self) -> String {
        self.to_string()[..12].to_owned()
    }
}

/// A beginning of a name that Go takes for one: at least 7 lower-case hex digits.
///
/// Source: `minHashDigits` and `AllHex` in Go's `codehost/git.go`, 1.27.
pub(super) fn may_begin_a_hash(rev: &str) -> bool {
    (7..=64).contains(&rev.len()) && rev.bytes().all(|byte| digit(byte).is_some())
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
