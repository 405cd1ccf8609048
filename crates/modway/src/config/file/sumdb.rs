//! `[sumdb]`: the checksum databases of others, and our own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Checksum databases: the one that vouches for public modules, others that are served on, and one of our own.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Sumdb {
    /// As GOSUMDB: `off`, a name, a key, or either with a URL. Not set: the machine's GOSUMDB.
    pub(crate) gosumdb: String,
    /// As GONOSUMDB: patterns of module paths that no checksum database of others is asked about. Not set: the machine's GONOSUMDB, else its
    /// GOPRIVATE, and what `goprivate` in `[direct]` names. These and those of private routes are the modules that our own database has records of.
    pub(crate) gonosumdb: String,
    /// Further databases that are served at `/sumdb/NAME/`, each written as GOSUMDB.
    pub(crate) proxied: Vec<String>,
    /// Further origins of these databases, each written as GOSUMDB with a URL: `sum.golang.google.cn`, `sum.golang.org https://sumdb.example.com`. They
    /// are asked in this order when the origin before them is in trouble or does not have it; what they say is proven with the same key.
    pub(crate) origins: Vec<String>,
    /// The upstream, by name, whose deadlines, login, certificates and forward proxy are used to reach the databases. Not set: the defaults.
    pub(crate) like: String,
    /// A checksum database of our own, in the folder of the store, served at `/sumdb/NAME/`. `modway sumdb init` makes its key, docs/sumdb.md
    /// explains it.
    pub(crate) private: Private,
}

/// A checksum database of our own.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Private {
    /// The file with the key that signs, and with the database's name; `modway sumdb init` makes it. Nobody but the account of modway may be
    /// able to read it. Not set: there is no database of our own.
    pub(crate) key_file: String,
    /// What gets a record: `private`, the modules that `gonosumdb` names or a private route serves; or `all` that this server serves.
    pub(crate) records: String,
    /// The key file of before, while clients still have its key: tree heads are signed by both, and the database is served under both names.
    pub(crate) old_key_file: String,
    /// Names of keys that sign no more: who still has such a key is told so.
    pub(crate) retired: Vec<String>,
    /// Who may read the records themselves: tiles with records are for auditors only, because they name every private module. Hash tiles are
    /// for everybody.
    pub(crate) auditor: Vec<Auditor>,
    /// How many witnesses must have cosigned a checkpoint before it counts as witnessed. 0: all of them.
    pub(crate) witness_quorum: u32,
    /// True: `/sumdb/NAME/checkpoint` shows none before the first that counts as witnessed. False: until then the newest one that any witness has
    /// cosigned, or the newest one. Once there is one, the newest that counts is shown. The go command reads neither, and is never kept waiting.
    pub(crate) witness_required: bool,
    /// Witnesses that are asked to cosign every new checkpoint, such as another site's modway: docs/witness.md. They count from the next start on.
    pub(crate) witness: Vec<WitnessSite>,
}

/// A witness that is asked.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct WitnessSite {
    /// Its submission prefix, a URL: `add-checkpoint` is asked for below it.
    pub(crate) url: String,
    /// Its key, `NAME+HASH+KEY`, as its operator prints it.
    pub(crate) key: String,
}

/// Somebody who may read all records of our own checksum database.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Auditor {
    /// The name in logs.
    pub(crate) name: String,
    /// The file that holds the token, which is sent as `Authorization: Bearer`.
    pub(crate) token_file: String,
    /// The environment variable that holds the token.
    pub(crate) token_env: String,
}

/// Being a witness for the logs of others, such as another site's checksum database: docs/witness.md.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Witness {
    /// The address for logs that ask for cosignatures: an IP address and a port of its own. Plain HTTP: all that passes is signed. Not set: this is
    /// no witness. What stands here counts from the next start on.
    pub(crate) listen: String,
    /// The file with the key that cosigns, and with the witness's name; `modway sumdb init --witness NAME` makes it. Nobody but the account of
    /// modway may be able to read it.
    pub(crate) key_file: String,
    /// The keys of the logs that are witnessed, each written as in GOSUMDB.
    pub(crate) logs: Vec<String>,
}

impl Default for Private {
    fn default() -> Self {
        Self {
            key_file: String::new(),
            records: "private".to_owned(),
            old_key_file: String::new(),
            retired: Vec::new(),
            auditor: Vec::new(),
            witness_quorum: 0,
            witness_required: false,
            witness: Vec::new(),
        }
    }
}
