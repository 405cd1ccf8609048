//! What can be wrong with what is stored.

use std::fmt;

use gomod::dirhash::H1;

/// Something that is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// Where it is served: `example.com/m/@v/v1.0.0.zip`, `sumdb/NAME/lookup/M@V`, `sumdb/NAME/latest`; of a log
    /// of our own `logs/NAME/tile/8/0/000`, `logs/NAME/record 7`, `logs/NAME/published`.
    pub path: String,
    /// What is wrong with it.
    pub fault: Fault,
    /// Whether it was put aside, or removed, to be fetched again.
    pub aside: bool,
}

/// What is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fault {
    /// A record names a blob that is not there.
    Missing,
    /// The bytes are not those that were kept.
    Damaged,
    /// The system does not let them be read.
    Unreadable(String),
    /// The bytes are those that were kept, and are no module zip.
    NotAModule(String),
    /// The h1 of the bytes is not the recorded one.
    UnlikeRecord {
        /// The recorded one.
        recorded: String,
        /// That of the bytes.
        computed: H1,
        /// The database that proves that of the bytes, if one does: then the record is what is damaged.
        proven_by: Option<String>,
    },
    /// The h1 of the bytes is not the one that a checksum database proves.
    UnlikeDatabase {
        /// The database.
        database: String,
        /// The one that it proves.
        proven: H1,
        /// That of the bytes.
        computed: H1,
    },
    /// What is kept of a checksum database of others does not prove.
    Unproven(String),
    /// A log of our own is not as it must be.
    Log {
        /// What a replay calls it, such as `damaged-tile`; of heads and locks `bad-head`, `bad-lock`, `forked`, `storage-newer`, `lock-newer`.
        code: &'static str,
        /// What is wrong.
        said: String,
    },
}

impl Fault {
    /// Its name for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Damaged => "damaged",
            Self::Unreadable(_) => "unreadable",
            Self::NotAModule(_) => "not-a-module",
            Self::UnlikeRecord { .. } => "unlike-record",
            Self::UnlikeDatabase { .. } => "unlike-database",
            Self::Unproven(_) => "unproven",
            Self::Log { code, .. } => code,
        }
    }

    /// Whether the store is better off without it.
    pub(super) const fn goes_aside(&self) -> bool {
        match self {
            Self::Missing | Self::Damaged | Self::NotAModule(_) | Self::UnlikeDatabase { .. } => true,
            Self::UnlikeRecord { proven_by, .. } => proven_by.is_none(),
            Self::Unreadable(_) | Self::Unproven(_) | Self::Log { .. } => false,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("the record names bytes that are not there"),
            Self::Damaged => f.write_str("the bytes are not those that were kept"),
            Self::Unreadable(said) => write!(f, "cannot be read: {said}"),
            Self::NotAModule(said) => write!(f, "no zip of this module: {said}"),
            Self::UnlikeRecord { recorded, computed, proven_by } => {
                write!(f, "the bytes have {computed}, the record has {recorded}")?;
                proven_by.as_ref().map_or(Ok(()), |database| write!(f, "; {database} proves the bytes"))
            }
            Self::UnlikeDatabase { database, proven, computed } => {
                write!(f, "the bytes have {computed}, {database} has {proven}")
            }
            Self::Unproven(said) => write!(f, "does not prove: {said}"),
            Self::Log { said, .. } => f.write_str(said),
        }
    }
}
