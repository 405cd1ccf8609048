//! Proven, waived by a named rule, or refused.

use std::sync::Arc;

use gomod::{
    dirhash::H1,
    module::{ModulePath, Version},
    pattern::Patterns,
};
use plan::{Event, Reason};

use crate::{journey::Journey, notary::Notary, sumdb::Sumdb};

/// Who vouches for modules here.
pub struct Voucher {
    /// GOSUMDB; `None` is `off`.
    pub database: Option<Arc<Sumdb>>,
    /// GONOSUMDB.
    pub waived: Patterns,
    /// Our own checksum database: what it wrote down of a version holds, although nobody else is asked.
    pub notary: Option<Arc<Notary>>,
}

/// What is known of a version's sums before its bytes are looked at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Sums {
    /// The checksum database has them.
    Known {
        /// Of the zip.
        zip: H1,
        /// Of the go.mod.
        go_mod: H1,
        /// For the record: `sumdb NAME SIZE`.
        vouched: String,
    },
    /// A rule waives the proof: `waived GONOSUMDB=PATTERN`.
    Waived(String),
}

/// Toolchains are code that runs at once; the go command lets no pattern waive their proof.
const TOOLCHAIN: &str = "golang.org/toolchain";

impl Voucher {
    /// The pattern that keeps the name of `module` from every checksum database, if one does.
    pub fn private(&self, module: &ModulePath) -> Option<&str> {
        self.waived.find(module.as_str()).filter(|_| module.as_str() != TOOLCHAIN)
    }

    /// The rule that waives the proof of `module`, if one does.
    pub fn waiver(&self, module: &ModulePath) -> Option<String> {
        match (self.private(module), &self.database) {
            (Some(pattern), _) => Some(format!("waived GONOSUMDB={pattern}")),
            (None, None) => Some("waived GOSUMDB=off".into()),
            (None, Some(_)) => None,
        }
    }

    /// The sums of `module@version`, asked of the checksum database unless a rule waives it.
    ///
    /// # Errors
    /// [`Reason::Unproven`] if the database cannot be asked or does not know it, [`Reason::SumdbLied`] if it lies.
    pub async fn sums(&self, module: &ModulePath, version: &Version, journey: &Journey) -> Result<Sums, Reason> {
        let sums = match (self.waiver(module), &self.database) {
            (None, Some(database)) => database.prove(module, version, journey).await?,
            (Some(rule), _) => self.own(module, version).await?.unwrap_or(Sums::Waived(rule)),
            (None, None) => Sums::Waived("waived GOSUMDB=off".into()),
        };
        journey.note(Event::Vouched(sums.vouched().to_owned()));
        Ok(sums)
    }

    async fn own(&self, module: &ModulePath, version: &Version) -> Result<Option<Sums>, Reason> {
        match &self.notary {
            Some(notary) => notary.sums(module, version).await,
            None => Ok(None),
        }
    }
}

impl Sums {
    /// For the record.
    pub fn vouched(&self) -> &str {
        match self {
            Self::Known { vouched, .. } | Self::Waived(vouched) => vouched,
        }
    }

    /// Holds the go.mod's h1 against what is known.
    ///
    /// # Errors
    /// [`Reason::Mismatch`] in the go command's words.
    pub fn check_mod(&self, module: &ModulePath, version: &Version, h1: &H1) -> Result<(), Reason> {
        match self {
            Self::Known { go_mod, vouched, .. } if go_mod != h1 => {
                Err(mismatch(&format!("{}@{}/go.mod", module.as_str(), version.as_str()), h1, vouched, go_mod))
            }
            Self::Known { .. } | Self::Waived(_) => Ok(()),
        }
    }

    /// Holds the zip's h1 against what is known.
    ///
    /// # Errors
    /// [`Reason::Mismatch`] in the go command's words.
    pub fn check_zip(&self, module: &ModulePath, version: &Version, h1: &H1) -> Result<(), Reason> {
        match self {
            Self::Known { zip, vouched, .. } if zip != h1 => {
                Err(mismatch(&format!("{}@{}", module.as_str(), version.as_str()), h1, vouched, zip))
            }
            Self::Known { .. } | Self::Waived(_) => Ok(()),
        }
    }
}

fn mismatch(subject: &str, downloaded: &H1, vouched: &str, expected: &H1) -> Reason {
    let database = vouched.split(' ').nth(1).unwrap_or(vouched);
    Reason::Mismatch(format!("verifying {subject}: checksum mismatch\n\tdownloaded: {downloaded}\n\t{database}: {expected}"))
}
