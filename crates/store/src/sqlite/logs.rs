//! The lock of logs, in the tables of the index.
//!
//! A log's keys are in one tree, ordered by log and key: a number is found in a few pages whatever the log's size, and keys of one module lie
//! side by side, so that a batch touches few of them.

use async_trait::async_trait;
use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, params};

use super::SqliteIndex;
use crate::{
    StoreError,
    log::{Extended, Lease, LogLock, check_name},
};

/// A future dropped once its write is queued lets that write happen.
#[async_trait]
impl LogLock for SqliteIndex {
    async fn head(&self, log: &str) -> Result<Option<Bytes>, StoreError> {
        self.read(|connection| Ok(row(connection, log)?.and_then(|row| row.head)))
    }

    async fn extend(
        &self,
        log: &str,
        fence: u64,
        old: Option<Bytes>,
        new: Bytes,
        keys: Vec<(String, u64)>,
    ) -> Result<Extended, StoreError> {
        check_name(log)?;
        let log = log.to_owned();
        self.write(move |connection| extend(connection, &log, fence, old.as_ref(), &new, &keys)).await
    }

    async fn number(&self, log: &str, key: &str) -> Result<Option<u64>, StoreError> {
        self.read(|connection| number(connection, log, key))
    }

    async fn lease(&self, log: &str, holder: &str, now: i64, seconds: u32) -> Result<Option<u64>, StoreError> {
        check_name(log)?;
        let (log, holder) = (log.to_owned(), holder.to_owned());
        self.write(move |connection| lease(connection, &log, &holder, now, seconds)).await
    }
}

/// One log.
struct Row {
    id: i64,
    head: Option<Bytes>,
    lease: Lease,
}

fn row(connection: &Connection, log: &str) -> rusqlite::Result<Option<Row>> {
    let mut statement = connection.prepare_cached("SELECT id, head, holder, fence, until FROM logs WHERE name = ?")?;
    let row = statement.query_row([log], |row| {
        let head: Option<Vec<u8>> = row.get("head")?;
        let lease =
            Lease { holder: row.get("holder")?, fence: row.get::<_, i64>("fence")?.unsigned_abs(), until: row.get("until")? };
        Ok(Row { id: row.get("id")?, head: head.map(Bytes::from), lease })
    });
    row.optional()
}

fn extend(
    connection: &Connection,
    log: &str,
    fence: u64,
    old: Option<&Bytes>,
    new: &[u8],
    keys: &[(String, u64)],
) -> rusqlite::Result<Extended> {
    let Some(row) = row(connection, log)?.filter(|row| row.lease.fence == fence) else { return Ok(Extended::Fenced) };
    if row.head.as_ref() != old {
        return Ok(Extended::Moved);
    }
    // A key that is taken is noticed by keeping it: looking first would walk the tree twice.
    connection.execute_batch("SAVEPOINT extend")?;
    let taken = keep_keys(connection, row.id, keys)?;
    if let Some(key) = taken {
        connection.execute_batch("ROLLBACK TO extend; RELEASE extend")?;
        return Ok(Extended::Taken(key.clone()));
    }
    connection.prepare_cached("UPDATE logs SET head = ? WHERE id = ?")?.execute(params![new, row.id])?;
    connection.execute_batch("RELEASE extend")?;
    Ok(Extended::Yes)
}

/// Answers the first key that has a number already; those before it are kept, until the caller takes them back.
fn keep_keys<'a>(connection: &Connection, log: i64, keys: &'a [(String, u64)]) -> rusqlite::Result<Option<&'a String>> {
    let mut statement = connection.prepare_cached("INSERT OR IGNORE INTO log_keys (log, key, number) VALUES (?, ?, ?)")?;
    for (key, number) in keys {
        if statement.execute(params![log, key, stored(*number)?])? == 0 {
            return Ok(Some(key));
        }
    }
    Ok(None)
}

fn number(connection: &Connection, log: &str, key: &str) -> rusqlite::Result<Option<u64>> {
    let sql = "SELECT number FROM log_keys WHERE log = (SELECT id FROM logs WHERE name = ?) AND key = ?";
    let number = connection.prepare_cached(sql)?.query_row([log, key], |row| row.get::<_, i64>(0)).optional()?;
    Ok(number.map(i64::unsigned_abs))
}

fn lease(connection: &Connection, log: &str, holder: &str, now: i64, seconds: u32) -> rusqlite::Result<Option<u64>> {
    let lease = row(connection, log)?.map(|row| row.lease).unwrap_or_default();
    let Some(next) = lease.next(holder, now, seconds) else { return Ok(None) };
    let sql = "INSERT INTO logs (name, holder, fence, until) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (name) DO UPDATE SET holder = ?2, fence = ?3, until = ?4";
    connection.prepare_cached(sql)?.execute(params![log, next.holder, stored(next.fence)?, next.until])?;
    Ok(Some(next.fence))
}

/// Ends every lease, for who knows that all holders are dead. Their fencing tokens stay, and the next one is larger.
pub(super) fn end_leases(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute("UPDATE logs SET until = 0 WHERE until > 0", []).map(drop)
}

/// SQLite's integers have a sign.
fn stored(number: u64) -> rusqlite::Result<i64> {
    i64::try_from(number).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}
