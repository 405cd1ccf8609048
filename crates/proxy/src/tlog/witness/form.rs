//! What is sent to a witness: the size it knows, a proof that the new tree continues that one, the new checkpoint.

use std::fmt;

use gomod::sumdb::tlog::{Hash, MAX_TREE_SIZE};

/// The most hashes that a proof may have. Trees of 2⁶³ records need no more.
const MAX_PROOF: usize = 63;

/// The body of `add-checkpoint`.
///
/// ```text
/// old 20852014
/// PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
///
/// example.com/behind-the-sofa
/// 20852163
/// CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
///
/// — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Submission {
    /// The size of the tree that the witness is thought to know; 0 for none.
    pub old: u64,
    /// The proof that the new tree begins with that one.
    pub proof: Vec<Hash>,
    /// The signed checkpoint.
    pub note: String,
}

impl Submission {
    /// Reads a body; `None` if it is none. What is read prints back to the same bytes.
    pub fn parse(body: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(body).ok()?;
        let (lines, note) = text.split_once("\n\n")?;
        let mut lines = lines.split('\n');
        let old = lines.next()?.strip_prefix("old ")?.parse().ok().filter(|old| *old <= MAX_TREE_SIZE)?;
        let proof: Vec<Hash> = lines.map(Hash::parse).collect::<Result<_, _>>().ok()?;
        let read = Self { old, proof, note: note.to_owned() };
        (read.proof.len() <= MAX_PROOF && read.to_string() == text).then_some(read)
    }

    /// The first line of the checkpoint, which says whose it is; nobody has vouched for it yet.
    pub(super) fn origin(&self) -> &str {
        self.note.split('\n').next().unwrap_or_default()
    }
}

impl fmt::Display for Submission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old)?;
        self.proof.iter().try_for_each(|hash| writeln!(f, "{hash}"))?;
        write!(f, "\n{}", self.note)
    }
}

#[cfg(test)]
mod tests {
    use testkit::random::Random;

    use super::*;

    /// The example of the specification.
    const SOFA: &str = "old 20852014\nPlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\njrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n\
         5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n\n\
         example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
         — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n\
         — example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=\n";

    #[test]
    fn the_example_of_the_specification_prints_back() {
        let read = Submission::parse(SOFA.as_bytes()).expect("it is one");
        assert_eq!((read.old, read.proof.len(), read.origin()), (20_852_014, 4, "example.com/behind-the-sofa"));
        assert_eq!(read.to_string(), SOFA);
        let first = "old 0\n\nexample.com/log\n0\n";
        assert_eq!(Submission::parse(first.as_bytes()).map(|read| read.to_string()).as_deref(), Some(first));
    }

    #[test]
    fn other_bodies_are_none() {
        let long = format!("old 5\n{}\nnote\n", "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n".repeat(64));
        let bad = [
            "",
            "old 1",
            "old 1\nexample.com/log\n",
            "old  1\n\nx",
            "old +1\n\nx",
            "old 01\n\nx",
            "old -1\n\nx",
            "old 9223372036854775808\n\nx",
            "new 1\n\nx",
            "old 1\nPlRN\n\nx",
            "old 1\r\n\r\nx",
            "old 1\nPlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkax=\n\nx",
            &long,
        ];
        for bad in bad {
            assert_eq!(Submission::parse(bad.as_bytes()), None, "{bad:?}");
        }
        assert_eq!(Submission::parse(b"old 1\n\n\xff"), None);
        let most = long.replacen("PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n", "", 1);
        assert!(Submission::parse(most.as_bytes()).is_some(), "63 hashes are not too many");
    }

    #[test]
    fn what_strangers_send_is_none_or_prints_back() {
        let pieces: [&[u8]; 9] =
            [b"\n", b"\n\n", b" ", b"0", b"+", b"old ", b"\r", b"\xff", b"PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n"];
        let (mut draw, mut read) = (Random::new(1), 0);
        for _ in 0..20_000 {
            let mut body = SOFA.as_bytes()[..SOFA.len() - draw.below(2) * draw.below(SOFA.len())].to_vec();
            for _ in 0..1 + draw.below(3) {
                // The first lines have more of the grammar than the rest.
                let first = if draw.below(2) == 0 { 30 } else { body.len() + 1 };
                let at = draw.below(first).min(body.len());
                let end = (at + draw.below(3)).min(body.len());
                drop(body.splice(at..end, pieces[draw.below(pieces.len())].iter().copied()));
            }
            if let Some(submission) = Submission::parse(&body) {
                assert_eq!(submission.to_string().as_bytes(), body, "{}", String::from_utf8_lossy(&body));
                assert!(submission.proof.len() <= MAX_PROOF && submission.old <= MAX_TREE_SIZE);
                read += 1;
            }
        }
        assert!(read > 1000, "only {read} were read at all");
    }
}
