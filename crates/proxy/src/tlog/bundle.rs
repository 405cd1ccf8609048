//! What is staged before a head is decided: all new tiles in one file, so that one crash loses all of them or none.

use bytes::Bytes;
use gomod::sumdb::tile::Tile;

/// Prints tiles one behind the other: a line with path and length, then the body.
pub(super) fn print(tiles: &[(Tile, Vec<u8>)]) -> Bytes {
    let mut bundle = Vec::with_capacity(tiles.iter().map(|(_, body)| body.len() + 64).sum());
    for (tile, body) in tiles {
        bundle.extend_from_slice(format!("{tile} {}\n", body.len()).as_bytes());
        bundle.extend_from_slice(body);
    }
    bundle.into()
}

/// Reads a bundle back; `None` if it is not one, to the last byte.
pub(super) fn read(mut bundle: &[u8]) -> Option<Vec<(Tile, Vec<u8>)>> {
    let mut tiles = Vec::new();
    while !bundle.is_empty() {
        let end = bundle.iter().position(|byte| *byte == b'\n')?;
        let (path, length) = std::str::from_utf8(&bundle[..end]).ok()?.split_once(' ')?;
        let (body, rest) = bundle[end + 1..].split_at_checked(length.parse().ok()?)?;
        tiles.push((Tile::parse(path).ok()?, body.to_vec()));
        bundle = rest;
    }
    Some(tiles)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_reads_back_and_a_part_of_one_does_not() {
        let tile = |path: &str, body: &[u8]| (Tile::parse(path).unwrap(), body.to_vec());
        let tiles =
            vec![tile("tile/8/0/000.p/2", &[7; 64]), tile("tile/8/data/000.p/2", b"a\n\nb\n\n"), tile("tile/8/1/000", b"")];
        let bundle = print(&tiles);
        assert_eq!(read(&bundle), Some(tiles));
        assert_eq!(read(b""), Some(Vec::new()));
        let whole = (0..bundle.len()).filter(|end| read(&bundle[..*end]).is_some()).count();
        // Cut between two tiles it is a bundle of fewer, which the root then shows; the empty one is the third.
        assert_eq!(whole, 3);
    }
}
