//! The audit log, checked: `[audit]`.

use std::time::Duration;

use gomod::sumdb::note::SignerKey;
use proxy::{audit::Blind, settings::OwnSumdb};

use super::{Period, bench::Bench, file, own::check_mode};

/// The audit log that is wanted.
#[derive(Clone)]
pub struct AuditLog {
    /// Signs it; its name is the log's.
    pub key: SignerKey,
    /// Blinds the names in it.
    pub blind: Option<Blind>,
    /// How long the text of its lines is kept; none for ever.
    pub keep: Option<Duration>,
    /// Whether nothing is served while it takes no lines.
    pub is_required: bool,
}

impl std::fmt::Debug for AuditLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("AuditLog");
        shown.field("key", &self.key.name()).field("blind", &self.blind).field("keep", &self.keep);
        shown.field("is_required", &self.is_required).finish()
    }
}

const KEY: &str = "audit.key_file";
const BLINDING_KEY: &str = "audit.blinding_key_file";

/// `None` if there is none, or if a mistake was noted.
pub(super) fn audit(written: &file::Audit, own: Option<&OwnSumdb>, bench: &mut Bench<'_>) -> Option<AuditLog> {
    let keep = keep(&written.keep, bench);
    let blind = blind(&written.blinding_key_file, bench);
    if written.key_file.is_empty() {
        if !written.blinding_key_file.is_empty() || !written.keep.is_empty() || written.required {
            bench.wrong(
                KEY,
                "an audit log without a key",
                "run `modway sumdb init NAME --audit --key audit.key` and set key_file",
            );
        }
        return None;
    }
    let (path, content) = bench.read(KEY, 0, &written.key_file)?;
    check_mode(KEY, &path, bench);
    let key = String::from_utf8(content).ok().and_then(|text| SignerKey::parse(text.trim_end_matches(['\r', '\n'])).ok());
    let Some(key) = key else {
        let what = format!("{} holds no key that signs", path.display());
        bench.wrong(KEY, what, "name a file that `modway sumdb init NAME --audit --key audit.key` made");
        return None;
    };
    // Under one name a head of the one log would pass for one of the other.
    if own.is_some_and(|own| own.names().any(|name| name == key.name())) {
        let what = format!("{} is the name of our own checksum database", key.name());
        bench.wrong(KEY, what, "make a key with another name: `modway sumdb init audit.example.com --audit --key audit.key`");
    }
    Some(AuditLog { key, blind, keep, is_required: written.required })
}

fn keep(written: &str, bench: &mut Bench<'_>) -> Option<Duration> {
    if written.is_empty() {
        return None;
    }
    match Period::parse(written) {
        Ok(period) => Some(period.0),
        Err(what) => {
            bench.wrong("audit.keep", what, "write it as 90d");
            None
        }
    }
}

fn blind(written: &str, bench: &mut Bench<'_>) -> Option<Blind> {
    if written.is_empty() {
        return None;
    }
    let secret = bench.secret_file(BLINDING_KEY, written)?;
    let (path, _) = bench.read(BLINDING_KEY, 0, written)?;
    check_mode(BLINDING_KEY, &path, bench);
    let blind = Blind::new(secret.reveal().as_bytes());
    if blind.is_none() {
        bench.wrong(BLINDING_KEY, "a key below 32 bytes can be found by trying", "make one with `openssl rand -hex 32`");
    }
    blind
}
