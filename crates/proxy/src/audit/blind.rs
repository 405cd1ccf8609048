//! Names that only who has the key can recognise.

use std::fmt;

use sha2::{Digest, Sha256};

/// Bytes of a block of SHA-256.
const BLOCK_BYTES: usize = 64;

/// A blinding key. Two keys never give the same name the same blinded form; one key always does.
#[derive(Clone)]
pub struct Blind([u8; BLOCK_BYTES]);

impl Blind {
    /// The key of these bytes; `None` below 32 bytes, which could be found by trying.
    pub fn new(key: &[u8]) -> Option<Self> {
        let mut block = [0; BLOCK_BYTES];
        if key.len() < 32 {
            return None;
        }
        if key.len() > BLOCK_BYTES {
            block[..32].copy_from_slice(&Sha256::digest(key));
        } else {
            block[..key.len()].copy_from_slice(key);
        }
        Some(Self(block))
    }

    /// The blinded form of a name in this field: `hmac-sha256:` and 64 hexadecimal digits, of HMAC-SHA-256 over the field, a zero byte and the name.
    /// An empty name stays empty.
    ///
    /// Source: RFC 2104.
    pub fn name(&self, field: &str, name: &str) -> String {
        if name.is_empty() {
            return String::new();
        }
        format!("hmac-sha256:{}", hex::encode(self.mac(&[field.as_bytes(), &[0], name.as_bytes()])))
    }

    fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        let with = |pad: u8| Sha256::new_with_prefix(self.0.map(|byte| byte ^ pad));
        let inner = parts.iter().fold(with(0x36), |hash, part| hash.chain_update(part)).finalize();
        with(0x5c).chain_update(inner).finalize().into()
    }
}

impl fmt::Debug for Blind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Blind(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pads a key of a test vector as [`Blind::new`] does, however short it is.
    fn key(bytes: &[u8]) -> Blind {
        Blind::new(bytes).unwrap_or_else(|| {
            let mut block = [0; BLOCK_BYTES];
            block[..bytes.len()].copy_from_slice(bytes);
            Blind(block)
        })
    }

    #[track_caller]
    fn check(bytes: &[u8], text: &[u8], mac: &str) {
        assert_eq!(hex::encode(key(bytes).mac(&[text])), mac);
    }

    /// Source: RFC 4231, test cases 1, 2, 6.
    #[test]
    fn it_is_hmac_sha256() {
        check(&[0x0b; 20], b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
        check(b"Jefe", b"what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        let text = b"Test Using Larger Than Block-Size Key - Hash Key First";
        check(&[0xaa; 131], text, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    }

    #[test]
    fn a_field_and_its_name_make_one_form_and_a_key_is_long_and_not_shown() {
        let blind = key(&[7; 32]);
        assert_eq!(blind.name("module", "a.test/b"), blind.name("module", "a.test/b"));
        assert_ne!(blind.name("module", "a.test/b"), blind.name("login", "a.test/b"));
        assert_ne!(blind.name("module", "a.test/b"), key(&[8; 32]).name("module", "a.test/b"));
        assert_eq!(blind.name("login", ""), "");
        assert!(Blind::new(&[1; 31]).is_none() && Blind::new(&[1; 32]).is_some());
        assert_eq!(format!("{blind:?}"), "Blind(…)");
    }
}
