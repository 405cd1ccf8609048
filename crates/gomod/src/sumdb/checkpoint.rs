//! The forms in which auditors outside Go's world read a log: checkpoints, tile paths and entry bundles of C2SP, out of Go's and back.
//!
//! Source: <https://c2sp.org/tlog-checkpoint>; <https://c2sp.org/tlog-tiles>. The hashes are the same, so nothing is computed here.

use std::fmt;

use super::record::check_text;
use super::tile::{HEIGHT, Tile, TileError, records};
use super::tlog::{TextError, Tree};

/// A tree head as it is signed for auditors: who the log is, then what [`Tree`] has, then lines nobody audits.
///
/// ```text
/// example.com/behind-the-sofa
/// 20852163
/// CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
/// ```
///
/// Go's own text is one, too, whose origin is `go.sum database tree`.
///
/// Invariants: the origin and each extension are lines, not empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    origin: String,
    tree: Tree,
    extensions: Vec<String>,
}

/// The first line of Go's tree heads, which stands where a checkpoint has its origin.
const GO_ORIGIN: &str = "go.sum database tree";

impl Checkpoint {
    /// The checkpoint of the log `origin`, without extensions.
    ///
    /// Errors: [`TextError::Tree`] if the origin is empty or no line.
    pub fn new(origin: &str, tree: Tree) -> Result<Self, TextError> {
        let is_line = !origin.is_empty() && !origin.contains(char::is_control);
        is_line.then(|| Self { origin: origin.to_owned(), tree, extensions: Vec::new() }).ok_or(TextError::Tree)
    }

    /// Reads the text of a note. What is read prints back to the same bytes.
    ///
    /// Errors: [`TextError::Tree`].
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let (origin, rest) = text.split_once('\n').ok_or(TextError::Tree)?;
        let tree = Tree::parse(&format!("{GO_ORIGIN}\n{rest}"))?;
        let extensions = rest.strip_suffix('\n').ok_or(TextError::Tree)?.split('\n').skip(2).map(str::to_owned).collect();
        let checkpoint = Self { extensions, ..Self::new(origin, tree)? };
        let all_are_lines = checkpoint.extensions.iter().all(|line| !line.is_empty());
        if all_are_lines && checkpoint.to_string() == text { Ok(checkpoint) } else { Err(TextError::Tree) }
    }

    /// Which log it is.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Size and root.
    pub fn tree(&self) -> Tree {
        self.tree
    }

    /// The further lines.
    pub fn extensions(&self) -> &[String] {
        &self.extensions
    }
}

impl fmt::Display for Checkpoint {
    /// Prints the text to be signed, its final newline included.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { origin, tree, extensions } = self;
        write!(f, "{origin}\n{}\n{}\n", tree.size, tree.hash)?;
        extensions.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// Reads a path below a log's prefix, `tile/0/x001/067.p/5` or `tile/entries/000`, as the tile of Go that has the same content.
///
/// No path is one of both forms: Go's have the height in the place of the level.
///
/// Errors: [`TileError::Path`] for whatever [`tile_path`] would not print the same way.
pub fn parse_tile_path(path: &str) -> Result<Tile, TileError> {
    let malformed = || TileError::Path(path.to_owned());
    let rest = path.strip_prefix("tile/").ok_or_else(malformed)?;
    let rest = match rest.strip_prefix("entries/") {
        Some(rest) => format!("data/{rest}"),
        None if rest.starts_with("data/") => return Err(malformed()),
        None => rest.to_owned(),
    };
    Tile::parse(&format!("tile/{HEIGHT}/{rest}")).map_err(|_| malformed())
}

/// The path of a tile below a log's prefix; `None` unless its height is [`HEIGHT`].
pub fn tile_path(tile: &Tile) -> Option<String> {
    let go = tile.to_string();
    let rest = go.strip_prefix(&format!("tile/{HEIGHT}/"))?;
    Some(match rest.strip_prefix("data/") {
        Some(rest) => format!("tile/entries/{rest}"),
        None => format!("tile/{rest}"),
    })
}

/// Makes the entry bundle of the body of a tile of records: before each text its length as two bytes, the greater first.
///
/// Errors: [`TextError::Record`] unless it is such a body, of records up to [`super::record::MAX_RECORD_BYTES`].
pub fn entry_bundle(body: &[u8]) -> Result<Vec<u8>, TextError> {
    let mut bundle = Vec::with_capacity(body.len() + 2 * (1 << HEIGHT));
    for record in records(body).ok_or(TextError::Record)? {
        let length = u16::try_from(record.len()).map_err(|_| TextError::Record)?;
        bundle.extend_from_slice(&length.to_be_bytes());
        bundle.extend_from_slice(record);
    }
    Ok(bundle)
}

/// Makes the body of a tile of records of an entry bundle; the inverse of [`entry_bundle`].
///
/// Errors: [`TextError::Record`] if it is cut, or an entry is none that Go's form can hold.
pub fn data_tile_body(mut bundle: &[u8]) -> Result<Vec<u8>, TextError> {
    let mut body = Vec::with_capacity(bundle.len());
    while let Some((length, rest)) = bundle.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length));
        let (record, after) = rest.split_at_checked(length).ok_or(TextError::Record)?;
        check_text(record).map_err(|_| TextError::Record)?;
        body.extend_from_slice(record);
        body.push(b'\n');
        bundle = after;
    }
    if bundle.is_empty() { Ok(body) } else { Err(TextError::Record) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sumdb::record::MAX_RECORD_BYTES;

    /// The example of the specification.
    const SOFA: &str = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

    #[test]
    fn checkpoints_print_back_as_they_were_parsed() {
        let checkpoint = Checkpoint::parse(SOFA).unwrap();
        assert_eq!((checkpoint.origin(), checkpoint.tree().size), ("example.com/behind-the-sofa", 20_852_163));
        let more = format!("{SOFA}one\nanother line\n");
        for text in [SOFA, &more, &Tree::empty().to_string(), "with space\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"] {
            assert_eq!(Checkpoint::parse(text).map(|checkpoint| checkpoint.to_string()).as_deref(), Ok(text));
        }
        assert_eq!(Checkpoint::parse(&more).unwrap().extensions(), ["one", "another line"]);
        assert_eq!(Checkpoint::new("example.com/behind-the-sofa", checkpoint.tree()), Ok(checkpoint));
    }

    #[test]
    fn other_texts_are_no_checkpoints() {
        for bad in [
            "".to_owned(),
            SOFA.trim_end().to_owned(),
            SOFA.replacen("example.com/behind-the-sofa", "", 1),
            SOFA.replacen("208", "0208", 1),
            SOFA.replacen("208", "+208", 1),
            SOFA.replacen("CsU", "Cs", 1),
            SOFA.replace('\n', "\r\n"),
            format!("{SOFA}\n"),
            format!("{SOFA}\nmore\n"),
            format!("{SOFA}more"),
            SOFA.replacen("2I=", "2J=", 1),
        ] {
            assert_eq!(Checkpoint::parse(&bad), Err(TextError::Tree), "{bad:?}");
        }
        assert_eq!(Checkpoint::new("a\nb", Tree::empty()), Err(TextError::Tree));
    }

    #[track_caller]
    fn check_path(go: &str, c2sp: &str) {
        let tile = Tile::parse(go).unwrap();
        assert_eq!(tile_path(&tile).as_deref(), Some(c2sp));
        assert_eq!(parse_tile_path(c2sp), Ok(tile));
        assert!(parse_tile_path(go).is_err() && Tile::parse(c2sp).is_err(), "{go} and {c2sp} are of one form each");
    }

    #[test]
    fn a_tile_has_a_path_in_each_form() {
        check_path("tile/8/0/000", "tile/0/000");
        check_path("tile/8/0/x001/x234/067", "tile/0/x001/x234/067");
        check_path("tile/8/8/x008/008.p/8", "tile/8/x008/008.p/8");
        check_path("tile/8/63/000.p/255", "tile/63/000.p/255");
        check_path("tile/8/data/x001/067.p/5", "tile/entries/x001/067.p/5");
        assert_eq!(tile_path(&Tile::parse("tile/4/0/000").unwrap()), None);
        for bad in [
            "tile/data/000",
            "tile/64/000",
            "tile/00/000",
            "tile/0/000.p/256",
            "tile/0/000.p/0",
            "tile/0/1",
            "tile//000",
            "tiles/0/000",
        ] {
            assert_eq!(parse_tile_path(bad), Err(TileError::Path(bad.to_owned())));
        }
    }

    #[test]
    fn a_bundle_has_the_lengths_of_its_entries_before_them() {
        assert_eq!(entry_bundle(b"ab\n\nc\nd\n\n").unwrap(), b"\x00\x03ab\n\x00\x04c\nd\n");
        assert_eq!(data_tile_body(b"\x00\x03ab\n\x00\x04c\nd\n").unwrap(), b"ab\n\nc\nd\n\n");
        assert_eq!((entry_bundle(b""), data_tile_body(b"")), (Ok(Vec::new()), Ok(Vec::new())));
        let long = [vec![b'x'; MAX_RECORD_BYTES - 1], b"\n\n".to_vec()].concat();
        assert_eq!(data_tile_body(&entry_bundle(&long).unwrap()).unwrap(), long);
        assert_eq!(entry_bundle(&[b"x", &long[..]].concat()), Err(TextError::Record));
        for bad in [&b"ab"[..], b"\n\n"] {
            assert!(entry_bundle(bad).map_or(true, |bundle| data_tile_body(&bundle).is_err()), "{bad:?}");
        }
        for bad in [&b"\x00"[..], b"\x00\x03ab", b"\x00\x02ab", b"\x00\x04a\n\n\n", b"\x00\x03a\r\n", b"\x00\x00"] {
            assert_eq!(data_tile_body(bad), Err(TextError::Record), "{bad:?}");
        }
    }
}
