//! Tile paths: `tile/HEIGHT/LEVEL/NUMBER[.p/WIDTH]`, the number in groups of three digits.

use std::fmt;

use super::{MAX_HEIGHT, Tile, TileError, TileLevel};

impl Tile {
    /// Parses a tile path without a leading slash, `tile/8/0/x001/x234/067.p/12`.
    ///
    /// Errors: [`TileError::Path`] for whatever `Display` would not print the same way.
    /// Source: `tlog.ParseTilePath`. Departs from it: levels above 63, which no tree has, are refused here already.
    pub fn parse(path: &str) -> Result<Self, TileError> {
        let tile = parse(path).filter(|tile| tile.to_string() == path);
        tile.ok_or_else(|| TileError::Path(path.to_owned()))
    }
}

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.level {
            TileLevel::Data => write!(f, "tile/{}/data/", self.height)?,
            TileLevel::Hashes(level) => write!(f, "tile/{}/{level}/", self.height)?,
        }
        let groups = (1..7).rev().map(|power| 1000u64.pow(power)).filter(|base| self.number >= *base);
        for base in groups {
            write!(f, "x{:03}/", self.number / base % 1000)?;
        }
        write!(f, "{:03}", self.number % 1000)?;
        if self.is_full() { Ok(()) } else { write!(f, ".p/{}", self.width) }
    }
}

fn parse(path: &str) -> Option<Tile> {
    let (height, rest) = path.strip_prefix("tile/")?.split_once('/')?;
    let (level, rest) = rest.split_once('/')?;
    let height: u8 = height.parse().ok().filter(|height| (1..=MAX_HEIGHT).contains(height))?;
    let level = if level == "data" { TileLevel::Data } else { TileLevel::Hashes(level.parse().ok()?) };
    let (number, width) = match rest.split_once(".p/") {
        Some((number, width)) => (number, width.parse().ok()?),
        None => (rest, 1 << height),
    };
    let number = number.split('/').try_fold(0u64, |number, group| {
        let group: u64 = group.strip_prefix('x').unwrap_or(group).parse().ok()?;
        number.checked_mul(1000)?.checked_add(group)
    })?;
    Tile::new(height, level, number, width)
}
