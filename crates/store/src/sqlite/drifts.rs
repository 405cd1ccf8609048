//! The ledger of drifts.

use rusqlite::{Connection, Row, named_params, params};

use super::rows::{kind, number};
use crate::{Digest, Drift, DriftRecord, limits::DRIFTS};

const COLUMNS: &str = "kind, kept, kept_h1, kept_commit, seen, seen_h1, seen_commit, origin, seen_at, number, module, version";

pub(super) fn drifts(connection: &Connection, module: &str, version: &str) -> rusqlite::Result<Vec<Drift>> {
    let sql = format!("SELECT {COLUMNS} FROM ledger WHERE module = ? AND version = ? ORDER BY number");
    connection.prepare_cached(&sql)?.query_map([module, version], drift)?.collect()
}

pub(super) fn all_drifts(connection: &Connection, after: u64, limit: usize) -> rusqlite::Result<Vec<DriftRecord>> {
    let sql = format!("SELECT {COLUMNS} FROM ledger WHERE number > ? ORDER BY number LIMIT ?");
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(&sql)?;
    let records = statement.query_map(params![after, i64::try_from(limit).unwrap_or(i64::MAX)], |row| {
        let number = row.get::<_, i64>(9)?.unsigned_abs();
        Ok(DriftRecord { number, module: row.get(10)?, version: row.get(11)?, drift: drift(row)? })
    });
    records?.collect()
}

/// Each drift once, and at most [`DRIFTS`] of one file; `true` if it is new. To a known one, commits are added. The table's index does not tell
/// one tag that is gone from another: nothing was seen.
pub(super) fn put_drift(connection: &Connection, module: &str, version: &str, drift: &Drift) -> rusqlite::Result<bool> {
    let sql = "INSERT OR IGNORE INTO ledger
            (module, version, kind, kept, kept_h1, kept_commit, seen, seen_h1, seen_commit, origin, seen_at)
        SELECT :module, :version, :kind, :kept, :kept_h1, :kept_commit, :seen, :seen_h1, :seen_commit, :origin, :seen_at
        WHERE (SELECT count(*) FROM ledger WHERE module = :module AND version = :version AND kind = :kind) < :drifts
        AND NOT EXISTS (SELECT 1 FROM ledger WHERE module = :module AND version = :version AND kind = :kind
            AND seen IS NULL AND seen_commit IS NULL AND :seen IS NULL AND :seen_commit IS NULL)";
    let values = named_params! {
        ":module": module,
        ":version": version,
        ":kind": number(drift.kind),
        ":kept": drift.kept.as_bytes(),
        ":kept_h1": drift.kept_h1,
        ":kept_commit": drift.kept_commit,
        ":seen": drift.seen.as_ref().map(Digest::as_bytes),
        ":seen_h1": drift.seen_h1,
        ":seen_commit": drift.seen_commit,
        ":origin": drift.origin,
        ":seen_at": drift.seen_at,
        ":drifts": DRIFTS,
    };
    if connection.prepare_cached(sql)?.execute(values)? > 0 {
        return Ok(true);
    }
    let sql = "UPDATE ledger SET kept_commit = coalesce(kept_commit, ?), seen_commit = coalesce(seen_commit, ?)
        WHERE module = ? AND version = ? AND kind = ? AND seen = ?";
    let (kept, seen) = (&drift.kept_commit, &drift.seen_commit);
    let subject = (module, version, number(drift.kind), drift.seen.as_ref().map(Digest::as_bytes));
    connection.prepare_cached(sql)?.execute(params![kept, seen, subject.0, subject.1, subject.2, subject.3])?;
    Ok(false)
}

/// The drift in a row of [`COLUMNS`].
fn drift(row: &Row<'_>) -> rusqlite::Result<Drift> {
    Ok(Drift {
        kind: kind(row, 0)?,
        kept: Digest::new(row.get(1)?),
        kept_h1: row.get(2)?,
        kept_commit: row.get(3)?,
        seen: row.get::<_, Option<[u8; 32]>>(4)?.map(Digest::new),
        seen_h1: row.get(5)?,
        seen_commit: row.get(6)?,
        origin: row.get(7)?,
        seen_at: row.get(8)?,
    })
}
