//! Proven, waived by a named rule, or refused.

use std::sync::Arc;

use gomod::{
    dirhash::H1,
    module::{ModulePath, Version},
};
use plan::{Event, Privacy, Reason, Rules, privacy};

use crate::{journey::Journey, notary::Notary, sumdb::Sumdb};

/// Who vouches for modules here.
pub struct Voucher {
    /// GOSUMDB; `None` is `off`.
    pub database: Option<Arc<Sumdb>>,
    /// What says which modules are private: those the database is not asked about.
    pub rules: Arc<Rules>,
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
    /// A rule waives the proof: `waived GONOSUMDB=PATTERN`, `waived route NAME`.
    Waived(String),
}

impl Voucher {
    /// What keeps the name of `module` from every checksum database of others, if anything does.
    pub fn private(&self, module: &ModulePath) -> Option<Privacy> {
        privacy(module.as_str(), &self.rules)
    }

    /// The rule that waives the proof of `module`, if one does.
    pub fn waiver(&self, module: &ModulePath) -> Option<String> {
        match (self.private(module), &self.database) {
            (Some(why), _) => Some(format!("waived {why}")),
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
