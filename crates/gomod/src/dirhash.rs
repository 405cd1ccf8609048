//! h1, the hash by which go.sum and the checksum database know a module zip or a go.mod.
//!
//! Source: `golang.org/x/mod/sumdb/dirhash` as vendored in Go 1.27.3.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest as _, Sha256};

/// A hash of names and contents, printed `h1:` and base64 of 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct H1([u8; 32]);

/// The text is not `h1:` and canonical base64 of 32 bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed checksum {0:?}")]
pub struct MalformedH1(pub String);

impl H1 {
    /// Parses `h1:…`; what parses prints back to the same text.
    ///
    /// Errors: [`MalformedH1`], also for hashes of other algorithms.
    pub fn parse(text: &str) -> Result<Self, MalformedH1> {
        let bytes = text.strip_prefix("h1:").and_then(|encoded| BASE64_STANDARD.decode(encoded).ok());
        let sum = bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        sum.map(Self).ok_or_else(|| MalformedH1(text.to_owned()))
    }

    /// The 32 bytes under the base64.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl FromStr for H1 {
    type Err = MalformedH1;

    fn from_str(text: &str) -> Result<Self, MalformedH1> {
        Self::parse(text)
    }
}

impl fmt::Display for H1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "h1:{}", BASE64_STANDARD.encode(self.0))
    }
}

impl fmt::Debug for H1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Makes the h1 of a set of files from their names and the SHA-256 of their contents, given in any order.
///
/// For a module zip the names are those of its entries, `M@V/…`; a directory entry counts as an empty file.
#[derive(Clone, Debug, Default)]
pub struct DirHash {
    files: Vec<(String, [u8; 32])>,
}

/// A name with a newline, which h1 cannot tell from two lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("dirhash: filenames with newlines are not supported")]
pub struct NewlineInName;

impl DirHash {
    /// Adds a file by its name and the SHA-256 of its content.
    ///
    /// Errors: [`NewlineInName`]; the file is then not added.
    pub fn add(&mut self, name: &str, sha256: [u8; 32]) -> Result<(), NewlineInName> {
        if name.contains('\n') {
            return Err(NewlineInName);
        }
        self.files.push((name.to_owned(), sha256));
        Ok(())
    }

    /// The h1 of the files added: SHA-256 over a `HEX  NAME` line for each, sorted by name.
    ///
    /// Source: `dirhash.Hash1`.
    pub fn finish(mut self) -> H1 {
        self.files.sort_unstable();
        let mut sum = Sha256::new();
        for (name, content) in &self.files {
            sum.update(format!("{}  {name}\n", hex::encode(content)));
        }
        H1(sum.finalize().into())
    }
}

/// The h1 of a go.mod, as in the `M V/go.mod h1:…` lines.
///
/// Source: `modfetch.goModSum`.
pub fn go_mod_h1(go_mod: &[u8]) -> H1 {
    let line = format!("{}  go.mod\n", hex::encode(Sha256::digest(go_mod)));
    H1(Sha256::digest(line).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(files: &[(&str, &str)]) -> Result<String, NewlineInName> {
        let mut hash = DirHash::default();
        for (name, content) in files {
            hash.add(name, Sha256::digest(content).into())?;
        }
        Ok(hash.finish().to_string())
    }

    #[test]
    fn h1_is_what_go_says() {
        // As `dirhash.Hash1` of Go 1.27.3 has it.
        let want = "h1:EP6WfDoQTSk9klnxcjriWJOGztueJUywHNmWeq+efB8=";
        assert_eq!(hash(&[("xyz", "data for xyz"), ("abc", "data for abc")]).unwrap(), want);
        assert_eq!(go_mod_h1(b"").to_string(), "h1:G7mAYYxgmS0lVkHyy2hEOLQCFB0DlQFTMLWggykrydY=");
    }

    #[test]
    fn the_order_of_files_does_not_matter_but_every_name_and_byte_does() {
        let sorted = hash(&[("a/b", "1"), ("a.b", "2")]).unwrap();
        assert_eq!(sorted, hash(&[("a.b", "2"), ("a/b", "1")]).unwrap());
        assert_ne!(sorted, hash(&[("a.b", "1"), ("a/b", "2")]).unwrap());
        assert_eq!(hash(&[("a\nb", "")]), Err(NewlineInName));
    }

    #[test]
    fn only_canonical_h1_parses() {
        let good = "h1:G7mAYYxgmS0lVkHyy2hEOLQCFB0DlQFTMLWggykrydY=";
        assert_eq!(H1::parse(good).unwrap().to_string(), good);
        for bad in [
            "",
            "h1:",
            "h2:G7mAYYxgmS0lVkHyy2hEOLQCFB0DlQFTMLWggykrydY=",
            "h1:G7mAYYxgmS0lVkHyy2hEOLQCFB0DlQFTMLWggykrydY",
            "h1:G7mAYYxgmS0lVkHyy2hEOLQCFB0DlQFTMLWggykrydZ=",
            "h1:G7mAYYxgmS0lVkHyy2hEOLQCFB0DlQFTMLWggykrydY=\n",
            "h1:G7mAYYxgmS0lVkHyy2hEOLQCFB0DlQFTMLWggykrAAA",
        ] {
            assert_eq!(H1::parse(bad), Err(MalformedH1(bad.to_owned())));
        }
    }
}
