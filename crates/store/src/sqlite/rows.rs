//! What is read from and written to the tables.

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use crate::{Answer, AnswerBody, Digest, Gone, Kept, Kind, Part, Reference, VersionRecord};

pub(super) fn version(connection: &Connection, module: &str, version: &str) -> rusqlite::Result<Option<VersionRecord>> {
    let sql =
        "SELECT digest, size_bytes, h1, vouched, origin, kept_at, kind FROM parts WHERE module = ? AND version = ? AND lost = 0";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([module, version])?;
    let mut record = VersionRecord::default();
    while let Some(row) = rows.next()? {
        let part = Some(part(row)?);
        match kind(row, 6)? {
            Kind::Info => record.info = part,
            Kind::Mod => record.go_mod = part,
            Kind::Zip => record.zip = part,
        }
    }
    Ok((record != VersionRecord::default()).then_some(record))
}

pub(super) fn keep(connection: &Connection, module: &str, version: &str, kind: Kind, new: &Part) -> rusqlite::Result<Kept> {
    let sql =
        "SELECT digest, size_bytes, h1, vouched, origin, kept_at, lost FROM parts WHERE module = ? AND version = ? AND kind = ?";
    let mut statement = connection.prepare_cached(sql)?;
    let old = statement.query_row(params![module, version, number(kind)], |row| Ok((part(row)?, gone(row, 6)?)));
    let kept = Kept::decide(old.optional()?, new);
    if kept == Kept::New {
        put_part(connection, module, version, kind, new)?;
    }
    Ok(kept)
}

fn put_part(connection: &Connection, module: &str, version: &str, kind: Kind, new: &Part) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO parts (module, version, kind, digest, size_bytes, h1, vouched, origin, kept_at)
        VALUES (:module, :version, :kind, :digest, :size_bytes, :h1, :vouched, :origin, :kept_at)";
    let mut statement = connection.prepare_cached(sql)?;
    let values = named_params! {
        ":module": module,
        ":version": version,
        ":kind": number(kind),
        ":digest": new.digest.as_bytes(),
        ":size_bytes": i64::try_from(new.size_bytes).unwrap_or(i64::MAX),
        ":h1": new.h1,
        ":vouched": new.vouched,
        ":origin": new.origin,
        ":kept_at": new.kept_at,
    };
    statement.execute(values).map(drop)
}

pub(super) fn complete_versions(connection: &Connection, module: &str) -> rusqlite::Result<Vec<String>> {
    let sql = "SELECT version FROM parts WHERE module = ? AND lost = 0 GROUP BY version HAVING count(*) = 3";
    connection.prepare_cached(sql)?.query_map([module], |row| row.get(0))?.collect()
}

pub(super) fn infos(connection: &Connection, module: &str) -> rusqlite::Result<Vec<(String, Part)>> {
    let sql =
        "SELECT digest, size_bytes, h1, vouched, origin, kept_at, version FROM parts WHERE module = ? AND kind = ? AND lost = 0";
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_map(params![module, number(Kind::Info)], |row| Ok((row.get(6)?, part(row)?)))?.collect()
}

pub(super) fn forget_blob(
    connection: &Connection,
    (module, version, kind): (&str, &str, Kind),
    gone: Gone,
) -> rusqlite::Result<()> {
    let lost = match gone {
        Gone::Lost => 1,
        Gone::Disproven => 2,
    };
    let sql = "UPDATE parts SET lost = max(lost, ?) WHERE module = ? AND version = ? AND kind = ?";
    connection.prepare_cached(sql)?.execute(params![lost, module, version, number(kind)]).map(drop)
}

/// Why the part of this row is gone, if it is.
fn gone(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Gone>> {
    match row.get::<_, i64>(column)? {
        0 => Ok(None),
        1 => Ok(Some(Gone::Lost)),
        2 => Ok(Some(Gone::Disproven)),
        other => Err(rusqlite::Error::IntegralValueOutOfRange(column, other)),
    }
}

pub(super) fn answer(connection: &Connection, key: &str) -> rusqlite::Result<Option<Answer>> {
    let sql = "SELECT found, body, etag, last_modified, origin, checked_at, changed_at FROM answers WHERE key = ?";
    let mut statement = connection.prepare_cached(sql)?;
    let answer = statement.query_row([key], |row| {
        let body: Vec<u8> = row.get("body")?;
        let found: bool = row.get("found")?;
        Ok(Answer {
            body: if found {
                AnswerBody::Found(body.into())
            } else {
                AnswerBody::NotExist(String::from_utf8_lossy(&body).into_owned())
            },
            etag: row.get("etag")?,
            last_modified: row.get("last_modified")?,
            origin: row.get("origin")?,
            checked_at: row.get("checked_at")?,
            changed_at: row.get("changed_at")?,
        })
    });
    answer.optional()
}

pub(super) fn put_answer(connection: &Connection, key: &str, answer: &Answer) -> rusqlite::Result<()> {
    let (found, body) = match &answer.body {
        AnswerBody::Found(body) => (true, body.as_ref()),
        AnswerBody::NotExist(text) => (false, text.as_bytes()),
    };
    let sql = "INSERT OR REPLACE INTO answers (key, found, body, etag, last_modified, origin, checked_at, changed_at)
        VALUES (:key, :found, :body, :etag, :last_modified, :origin, :checked_at, :changed_at)";
    let mut statement = connection.prepare_cached(sql)?;
    let values = named_params! {
        ":key": key,
        ":found": found,
        ":body": body,
        ":etag": answer.etag,
        ":last_modified": answer.last_modified,
        ":origin": answer.origin,
        ":checked_at": answer.checked_at,
        ":changed_at": answer.changed_at,
    };
    statement.execute(values).map(drop)
}

pub(super) fn forget_not_exist(connection: &Connection, checked_before: i64) -> rusqlite::Result<u64> {
    let sql = "DELETE FROM answers WHERE found = 0 AND checked_at < ?";
    connection.prepare_cached(sql)?.execute([checked_before]).map(|rows| rows as u64)
}

pub(super) fn sumdb_file(connection: &Connection, name: &str, path: &str) -> rusqlite::Result<Option<Bytes>> {
    let mut statement = connection.prepare_cached("SELECT body FROM sumdb_files WHERE name = ? AND path = ?")?;
    statement.query_row([name, path], bytes).optional()
}

pub(super) fn put_sumdb_files(connection: &Connection, name: &str, files: &[(String, Bytes)]) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached("INSERT OR IGNORE INTO sumdb_files (name, path, body) VALUES (?, ?, ?)")?;
    files.iter().try_for_each(|(path, body)| statement.execute(params![name, path, &body[..]]).map(drop))
}

pub(super) fn sumdbs(connection: &Connection) -> rusqlite::Result<Vec<(String, u64, u64)>> {
    let sql = "SELECT name, count(*), coalesce(sum(length(body)), 0) FROM sumdb_files GROUP BY name ORDER BY name";
    let number = |row: &Row<'_>, column| row.get::<_, i64>(column).map(i64::unsigned_abs);
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_map([], |row| Ok((row.get(0)?, number(row, 1)?, number(row, 2)?)))?.collect()
}

pub(super) fn sumdb_paths(
    connection: &Connection,
    name: &str,
    (prefix, after): (&str, &str),
    limit: usize,
) -> rusqlite::Result<Vec<String>> {
    let sql = "SELECT path FROM sumdb_files WHERE name = ?1 AND path > max(?2, ?3) AND substr(path, 1, length(?2)) = ?2 ORDER BY path LIMIT ?4";
    let mut statement = connection.prepare_cached(sql)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    statement.query_map(params![name, prefix, after, limit], |row| row.get(0))?.collect()
}

pub(super) fn remove_sumdb_files(connection: &Connection, name: &str, paths: &[String]) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached("DELETE FROM sumdb_files WHERE name = ? AND path = ?")?;
    paths.iter().try_for_each(|path| statement.execute([name, path]).map(drop))
}

pub(super) fn forget_narrower(connection: &Connection, name: &str, tiles: &[(String, u32)]) -> rusqlite::Result<()> {
    // A colon is what comes after the digits.
    let sql = "DELETE FROM sumdb_files WHERE name = :name AND path > :path AND path < :path || ':'
        AND CAST(substr(path, length(:path) + 1) AS INTEGER) < :width";
    let mut statement = connection.prepare_cached(sql)?;
    tiles.iter().try_for_each(|(path, width)| {
        statement.execute(named_params! { ":name": name, ":path": path, ":width": width }).map(drop)
    })
}

pub(super) fn sumdb_head(connection: &Connection, name: &str) -> rusqlite::Result<Option<Bytes>> {
    let mut statement = connection.prepare_cached("SELECT note FROM sumdb_heads WHERE name = ?")?;
    statement.query_row([name], bytes).optional()
}

pub(super) fn swap_sumdb_head(connection: &Connection, name: &str, old: Option<&[u8]>, new: &[u8]) -> rusqlite::Result<bool> {
    if sumdb_head(connection, name)?.as_deref() != old {
        return Ok(false);
    }
    connection.prepare_cached("INSERT OR REPLACE INTO sumdb_heads (name, note) VALUES (?, ?)")?.execute(params![name, new])?;
    Ok(true)
}

pub(super) fn references(connection: &Connection, after: Option<&Reference>, limit: usize) -> rusqlite::Result<Vec<Reference>> {
    let sql = "SELECT digest, size_bytes, kind, module, version FROM parts
        WHERE (module, version, kind) > (?, ?, ?) AND lost = 0 ORDER BY module, version, kind LIMIT ?";
    let after = after.map_or(("", "", -1), |after| (&after.module, &after.version, number(after.kind)));
    let mut statement = connection.prepare_cached(sql)?;
    let references = statement.query_map(params![after.0, after.1, after.2, i64::try_from(limit).unwrap_or(i64::MAX)], |row| {
        Ok(Reference {
            digest: Digest::new(row.get(0)?),
            size_bytes: size(row)?,
            kind: kind(row, 2)?,
            module: row.get(3)?,
            version: row.get(4)?,
        })
    });
    references?.collect()
}

pub(super) fn total(connection: &Connection) -> rusqlite::Result<(u64, u64)> {
    let mut statement = connection.prepare_cached("SELECT count(*), coalesce(sum(size_bytes), 0) FROM parts WHERE lost = 0")?;
    statement.query_row([], |row| Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get::<_, i64>(1)?.unsigned_abs())))
}

pub(super) fn ping(connection: &Connection) -> rusqlite::Result<()> {
    connection.prepare_cached("SELECT module FROM parts LIMIT 1")?.query_row([], |_| Ok(())).optional().map(drop)
}

/// The part in a row that begins with `digest, size_bytes, h1, vouched, origin, kept_at`.
fn part(row: &Row<'_>) -> rusqlite::Result<Part> {
    Ok(Part {
        digest: Digest::new(row.get(0)?),
        size_bytes: size(row)?,
        h1: row.get(2)?,
        vouched: row.get(3)?,
        origin: row.get(4)?,
        kept_at: row.get(5)?,
    })
}

fn bytes(row: &Row<'_>) -> rusqlite::Result<Bytes> {
    row.get::<_, Vec<u8>>(0).map(Bytes::from)
}

fn size(row: &Row<'_>) -> rusqlite::Result<u64> {
    row.get::<_, i64>(1).map(i64::unsigned_abs)
}

pub(super) const fn number(kind: Kind) -> i64 {
    match kind {
        Kind::Info => 0,
        Kind::Mod => 1,
        Kind::Zip => 2,
    }
}

pub(super) fn kind(row: &Row<'_>, column: usize) -> rusqlite::Result<Kind> {
    let number: i64 = row.get(column)?;
    [Kind::Info, Kind::Mod, Kind::Zip]
        .into_iter()
        .find(|kind| self::number(*kind) == number)
        .ok_or(rusqlite::Error::IntegralValueOutOfRange(column, number))
}
