//! The tables, and how an older index becomes one of today.

use std::{cmp::Ordering, fs::File, path::Path};

use rusqlite::{Connection, OpenFlags, TransactionBehavior, config::DbConfig};

use crate::{
    OpenError,
    limits::{BUSY, CONNECTION_CACHE_KIB, STATEMENTS, WAL_BYTES},
};

/// Step n brings an index of format n to format n + 1. A step that was released never changes.
///
/// One table holds a part whole: a narrow table of keys beside it made `version` slower by half, at any size.
/// `parts.lost` marks a part whose blob was forgotten: it is not answered, but its h1 still binds (1), unless a proven one comes (2). `kind` is 0 for `.info`, 1 for `.mod`, 2 for `.zip`.
/// `ledger` took the place of `drifts`: what is seen may be a commit only.
/// A row of `logs` is made by the first lease; until the first extension its head is NULL.
const MIGRATIONS: &[&str] = &[
    "
    CREATE TABLE parts (
        module     TEXT    NOT NULL,
        version    TEXT    NOT NULL,
        kind       INTEGER NOT NULL,
        lost       INTEGER NOT NULL DEFAULT 0,
        digest     BLOB    NOT NULL,
        size_bytes INTEGER NOT NULL,
        h1         TEXT,
        vouched    TEXT    NOT NULL,
        origin     TEXT    NOT NULL,
        kept_at    INTEGER NOT NULL,
        PRIMARY KEY (module, version, kind)
    ) WITHOUT ROWID, STRICT;
    CREATE TABLE drifts (
        module  TEXT    NOT NULL,
        version TEXT    NOT NULL,
        kind    INTEGER NOT NULL,
        seen    BLOB    NOT NULL,
        seen_h1 TEXT,
        kept    BLOB    NOT NULL,
        kept_h1 TEXT,
        origin  TEXT    NOT NULL,
        seen_at INTEGER NOT NULL,
        PRIMARY KEY (module, version, kind, seen)
    ) WITHOUT ROWID, STRICT;
    CREATE TABLE answers (
        key           TEXT    NOT NULL PRIMARY KEY,
        found         INTEGER NOT NULL,
        body          BLOB    NOT NULL,
        etag          TEXT    NOT NULL,
        last_modified TEXT    NOT NULL,
        origin        TEXT    NOT NULL,
        checked_at    INTEGER NOT NULL,
        changed_at    INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE sumdb_files (
        name TEXT NOT NULL,
        path TEXT NOT NULL,
        body BLOB NOT NULL,
        PRIMARY KEY (name, path)
    ) STRICT;
    CREATE TABLE sumdb_heads (
        name TEXT NOT NULL PRIMARY KEY,
        note BLOB NOT NULL
    ) WITHOUT ROWID, STRICT;
",
    "
    CREATE TABLE logs (
        id     INTEGER NOT NULL PRIMARY KEY,
        name   TEXT    NOT NULL UNIQUE,
        head   BLOB,
        holder TEXT    NOT NULL,
        fence  INTEGER NOT NULL,
        until  INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE log_keys (
        log    INTEGER NOT NULL REFERENCES logs (id),
        key    TEXT    NOT NULL,
        number INTEGER NOT NULL,
        PRIMARY KEY (log, key)
    ) WITHOUT ROWID, STRICT;
",
    "
    CREATE TABLE ledger (
        number      INTEGER NOT NULL PRIMARY KEY,
        module      TEXT    NOT NULL,
        version     TEXT    NOT NULL,
        kind        INTEGER NOT NULL,
        kept        BLOB    NOT NULL,
        kept_h1     TEXT,
        kept_commit TEXT,
        seen        BLOB,
        seen_h1     TEXT,
        seen_commit TEXT,
        origin      TEXT    NOT NULL,
        seen_at     INTEGER NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX ledger_once ON ledger (module, version, kind, coalesce(seen, seen_commit));
    INSERT INTO ledger (module, version, kind, kept, kept_h1, seen, seen_h1, origin, seen_at)
        SELECT module, version, kind, kept, kept_h1, seen, seen_h1, origin, seen_at FROM drifts ORDER BY seen_at;
    DROP TABLE drifts;
",
];

/// A connection that may write, to an index of the format of this program.
pub(super) fn connect_and_migrate(path: &Path) -> Result<Connection, OpenError> {
    let mut connection = connect(path)?;
    migrate(path, &mut connection)?;
    Ok(connection)
}

/// A connection that may write.
fn connect(path: &Path) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    open(path, flags).map_err(|error| explain(path, &error))
}

/// A connection that may not.
pub(super) fn connect_to_read(path: &Path) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = open(path, flags).map_err(|error| explain(path, &error))?;
    connection.pragma_update(None, "query_only", true).map_err(|error| explain(path, &error))?;
    Ok(connection)
}

/// Refuses an index that has not the format of this program. Nothing is made where none is.
pub(super) fn check_format(path: &Path) -> Result<(), OpenError> {
    let connection = connect_to_read(path)?;
    let format = connection.pragma_query_value(None, "user_version", |row| row.get::<_, u32>(0));
    let (found, known, path) = (format.map_err(|error| explain(path, &error))?, formats(), path.to_owned());
    match found.cmp(&known) {
        Ordering::Less => Err(OpenError::TooOld { path, found, known }),
        Ordering::Equal => Ok(()),
        Ordering::Greater => Err(OpenError::TooNew { path, found, known }),
    }
}

/// Brings the index to the format of this program, one step per transaction, so that a crash leaves a whole format.
pub(super) fn migrate(path: &Path, connection: &mut Connection) -> Result<(), OpenError> {
    let known = formats();
    let found = step_all(connection, MIGRATIONS).map_err(|error| explain(path, &error))?;
    if found > known {
        return Err(OpenError::TooNew { path: path.to_owned(), found, known });
    }
    // The file's name must outlast a power cut before anything in it counts as kept.
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(directory).and_then(|directory| directory.sync_all()).map_err(OpenError::at(path))
}

fn formats() -> u32 {
    u32::try_from(MIGRATIONS.len()).expect("there are few formats")
}

/// Answers the format that was found or reached.
fn step_all(connection: &mut Connection, steps: &[&str]) -> rusqlite::Result<u32> {
    loop {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let format: u32 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let Some(step) = steps.get(format as usize) else {
            return Ok(format);
        };
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", format + 1)?;
        transaction.commit()?;
    }
}

fn open(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    // FULL syncs the log at every commit; NORMAL would lose the last ones in a power cut.
    connection.pragma_update(None, "synchronous", "FULL")?;
    // A negative cache size counts KiB.
    connection.pragma_update(None, "cache_size", -CONNECTION_CACHE_KIB)?;
    // A mapped file would turn a read error of the disk into a signal that ends the server, and every page read into resident memory.
    connection.pragma_update_and_check(None, "mmap_size", 0, |_| Ok(()))?;
    // The log and its shared index stay when the store is closed: on a full disk they could not be made again.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.pragma_update_and_check(None, "journal_size_limit", WAL_BYTES, |_| Ok(()))?;
    connection.pragma_update_and_check(None, "wal_autocheckpoint", WAL_BYTES / 2 / 4096, |_| Ok(()))?;
    Ok(connection)
}

fn explain(path: &Path, error: &rusqlite::Error) -> OpenError {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    match error.sqlite_error_code() {
        Some(DatabaseCorrupt | NotADatabase) => OpenError::Damaged { path: path.to_owned(), reason: error.to_string() },
        _ => OpenError::at(path)(std::io::Error::other(error.to_string())),
    }
}
