//! `[audit]`: the audit log.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The audit log: who asked for what and was answered how, in a signed log of its own in the folder of the store. docs/audit.md explains it.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Audit {
    /// The file with the key that signs the log, and with its name; `modway sumdb init --audit` makes it. Not the key of `[sumdb.private]`. Nobody but the account
    /// of modway may be able to read it. Not set: there is no audit log.
    pub(crate) key_file: String,
    /// Whether nothing is served while the audit log takes no lines: requests are then answered 503. Otherwise they are served, and what is missing is told.
    pub(crate) required: bool,
    /// The file with the key that blinds names, at least 32 bytes, such as `openssl rand -hex 32` prints: clients, logins, auditors, modules, versions, rules
    /// and patterns are then recorded as their HMAC-SHA-256. Nobody but the account of modway may be able to read it. Not set: names are recorded as they are.
    pub(crate) blinding_key_file: String,
    /// How long the text of lines is kept, such as `90d`; their hashes stay. Not set: for ever.
    pub(crate) keep: String,
}
