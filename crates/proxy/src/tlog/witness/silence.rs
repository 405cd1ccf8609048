//! Why a witness gave no cosignature, and which of the reasons say that the log has two histories.

use std::mem::{Discriminant, discriminant};

use plan::Trouble;

use crate::tlog::LogError;

/// Why a witness gave no cosignature.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Silence {
    /// It was not reached, or not in time.
    #[error("not reached: {0}")]
    Unreached(Trouble),
    /// It refused: the status, and its first line.
    #[error("it answers {0}: {1}")]
    Refused(u16, String),
    /// It has cosigned another tree of the same size. There is no other reason to answer 409 to whoever names the size of that tree: the log has
    /// two histories, or somebody else signs with its key.
    #[error("the log has two histories: it has cosigned another tree of {size} records than ours")]
    Forked {
        /// The size of both trees.
        size: u64,
    },
    /// It does not accept the proof that our tree continues the one that it has cosigned, although our log proves it.
    #[error("it does not accept our proof from {old} records on: it has cosigned another history, or computes wrongly")]
    Unproven {
        /// The size of the tree that it has cosigned.
        old: u64,
    },
    /// It has cosigned a tree that is larger than ours: our log has gone back, or somebody else signs with its key.
    #[error("it has cosigned a tree of {theirs} records, ours has {ours}")]
    Ahead {
        /// The size of the tree that it has cosigned.
        theirs: u64,
        /// The size of ours.
        ours: u64,
    },
    /// What it answered is no cosignature of its key on this head.
    #[error("its answer bears no valid cosignature")]
    Invalid,
    /// The proof could not be made: our log is damaged, or has outgrown the head that was to be cosigned.
    #[error("no proof for it")]
    NoProof(#[source] LogError),
}

/// What sets one silence apart from the next, whatever numbers and words it bears.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Kind(Discriminant<Silence>, u16);

impl Silence {
    /// True if it says that the log has two histories, or has gone back: somebody must look at it.
    pub fn is_alarm(&self) -> bool {
        match self {
            Self::Forked { .. } | Self::Unproven { .. } | Self::Ahead { .. } => true,
            Self::Unreached(_) | Self::Refused(..) | Self::Invalid | Self::NoProof(_) => false,
        }
    }

    pub(super) fn kind(&self) -> Kind {
        let status = if let Self::Refused(status, _) = self { *status } else { 0 };
        Kind(discriminant(self), status)
    }

    /// True if it is the log that has grown in the meantime, and the newer head can be asked about at once.
    pub(super) fn is_outgrown(&self) -> bool {
        matches!(self, Self::NoProof(LogError::Unpublished))
    }
}
