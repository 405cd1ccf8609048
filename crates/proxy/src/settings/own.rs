//! Our own checksum database.

use gomod::sumdb::note::SignerKey;

use super::Secret;

/// A checksum database of our own: its records are kept in the store, its tree heads are signed here.
#[derive(Clone, Debug)]
pub struct OwnSumdb {
    /// The key that signs; its name is the database's.
    pub key: SignerKey,
    /// The key of before, which signs too while clients still have it. Another name than `key`'s.
    pub old_key: Option<SignerKey>,
    /// Names of keys that sign no more; none is the name of a key above.
    pub retired: Vec<String>,
    /// What gets a record.
    pub records: Records,
    /// Who may read the records themselves. No two have the same token.
    pub auditors: Vec<Auditor>,
}

/// What gets a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Records {
    /// Modules that no checksum database of others is asked about.
    Private,
    /// All modules.
    All,
}

/// Somebody who may read all records.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Auditor {
    /// For logs.
    pub name: String,
    /// What is sent as `Authorization: Bearer`.
    pub token: Secret,
}

impl OwnSumdb {
    /// The database's names: that of the key, then that of the key of before.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.key).chain(&self.old_key).map(SignerKey::name)
    }
}
