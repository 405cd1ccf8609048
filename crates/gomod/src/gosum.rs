//! go.sum: the hashes that the go command has seen.

use crate::text;

/// A go.sum file, read.
///
/// Shape: a line is `example.com/m v1.2.3 h1:…` for the zip of a version, or `example.com/m v1.2.3/go.mod h1:…` for its go.mod alone.
///
/// Source: `readGoSum` in Go's `cmd/go/internal/modfetch/fetch.go`, 1.27. Go stops at the first line that is malformed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GoSum {
    /// The lines that Go takes, in the order of the file.
    pub lines: Vec<SumLine>,
    /// The lines that Go refuses.
    pub malformed: Vec<MalformedLine>,
}

/// One line of go.sum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SumLine {
    /// Where it stands, from 1.
    pub line: usize,
    /// The module path.
    pub module: String,
    /// The version; for the hash of a go.mod, `/go.mod` stands behind it.
    pub version: String,
    /// The hash, `h1:…` or of an algorithm that Go does not know yet.
    pub hash: String,
}

/// A line of go.sum that Go refuses: it does not have three fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MalformedLine {
    /// Where it stands, from 1.
    pub line: usize,
    /// How many fields it has.
    pub fields: usize,
}

/// The hash of an empty go.mod, which an old release of Go wrote by mistake, and which Go passes over.
///
/// Source: `emptyGoModHash`, likewise.
const EMPTY_GO_MOD: &str = "h1:G7mAYYxgmS0lVkHyy2hEOLQCFB0DlQFTMLWggykrydY=";

impl GoSum {
    /// Reads a file. Every one can be read; bytes that are not UTF-8 become U+FFFD.
    pub fn parse(content: &[u8]) -> Self {
        let (mut lines, mut malformed) = (Vec::new(), Vec::new());
        for (number, text) in text::from_utf8(content).split('\n').enumerate() {
            let line = number + 1;
            let mut fields = text.split_whitespace();
            match (fields.next(), fields.next(), fields.next(), fields.count()) {
                (None, ..) | (Some(_), Some(_), Some(EMPTY_GO_MOD), 0) => {}
                (Some(module), Some(version), Some(hash), 0) => {
                    lines.push(SumLine { line, module: module.into(), version: version.into(), hash: hash.into() });
                }
                (_, second, third, more) => {
                    let fields = 1 + usize::from(second.is_some()) + usize::from(third.is_some()) + more;
                    malformed.push(MalformedLine { line, fields });
                }
            }
        }
        Self { lines, malformed }
    }

    /// The hashes of a version's zip.
    pub fn zip<'s>(&'s self, module: &'s str, version: &'s str) -> impl Iterator<Item = &'s SumLine> {
        self.lines.iter().filter(move |line| line.module == module && line.version == version)
    }

    /// The hashes of a version's go.mod.
    pub fn go_mod<'s>(&'s self, module: &'s str, version: &'s str) -> impl Iterator<Item = &'s SumLine> {
        let is_it = move |line: &&SumLine| line.version.strip_suffix("/go.mod") == Some(version);
        self.lines.iter().filter(move |line| line.module == module).filter(is_it)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(content: &str, lines: &[(usize, &str, &str)], malformed: &[(usize, usize)]) {
        let sum = GoSum::parse(content.as_bytes());
        let read: Vec<_> = sum.lines.iter().map(|line| (line.line, line.module.as_str(), line.version.as_str())).collect();
        let refused: Vec<_> = sum.malformed.iter().map(|line| (line.line, line.fields)).collect();
        assert_eq!((&*read, &*refused), (lines, malformed), "{content:?}");
    }

    #[test]
    fn lines_have_three_fields() {
        check(
            "a.test/x v1.0.0 h1:a=\r\n\n  a.test/x\tv1.0.0/go.mod  h1:b=",
            &[(1, "a.test/x", "v1.0.0"), (3, "a.test/x", "v1.0.0/go.mod")],
            &[],
        );
        check("<<<<<<< HEAD\na\na b\na b c d e\n", &[], &[(1, 2), (2, 1), (3, 2), (4, 5)]);
        check(&format!("a v1 {EMPTY_GO_MOD}\n"), &[], &[]);
    }

    #[test]
    fn a_version_has_hashes_of_two_kinds() {
        let sum = GoSum::parse(b"a v1.0.0 h1:a=\na v1.0.0 h1:b=\na v1.0.0/go.mod h1:c=\nb v1.0.0 h1:d=\n");
        let hashes = |lines: Vec<&SumLine>| lines.iter().map(|line| line.hash.clone()).collect::<Vec<_>>();
        assert_eq!(hashes(sum.zip("a", "v1.0.0").collect()), ["h1:a=", "h1:b="]);
        assert_eq!(hashes(sum.go_mod("a", "v1.0.0").collect()), ["h1:c="]);
        assert_eq!(hashes(sum.go_mod("b", "v1.0.0").collect()), [""; 0]);
    }
}
