//! An audit log as lines of JSON, that prove themselves wherever they are taken.

use std::io::{self, Write};

use gomod::sumdb::{
    grow::FULL,
    tile::{HEIGHT, Tile, TileLevel, records},
    tlog::record_hash,
};
use serde_json::json;

use super::Audit;
use crate::tlog::{Log, LogError};

/// Why a log could not be written out.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The log could not be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The text of this record, or of one behind it in its tile, is not what was signed.
    #[error("record {number} was changed or deleted since it was signed; its tile is {path}")]
    Changed {
        /// The first record of the tile that is wrong.
        number: u64,
        /// The tile that it is in.
        path: String,
    },
    /// What was written to did not take it.
    #[error("writing the export")]
    Write(#[from] io::Error),
}

/// Writes all lines that are kept, as they are at the newest head, which is the last line; what stands before them, and is forgotten, as the hashes of
/// the first. [`super::prove`] reads it.
///
/// ```text
/// {"log":"audit.example.com","from":256,"peaks":["…"]}
/// {"number":256,"hash":"…","record":{"event":"asked",…}}
/// {"checkpoint":"audit.example.com\n…","head":"go.sum database tree\n…"}
/// ```
///
/// # Errors
/// [`ExportError`]; what was written is no whole export, and does not prove.
pub async fn export(log: &Log, out: &mut (dyn Write + Send)) -> Result<(), ExportError> {
    // In this order: the line that says what was forgotten is in every head that comes after it is.
    let mut number = log.first_kept().await?;
    let (head, peaks) = log.peaks(number).await?;
    let size = head.tree().size;
    let hashes: Vec<String> = peaks.hashes().iter().map(ToString::to_string).collect();
    writeln!(out, "{}", json!({ "log": log.names().next(), "from": number, "peaks": hashes }))?;
    while number < size {
        let width = (size - number).min(FULL) as u32;
        let tile = Tile::new(HEIGHT, TileLevel::Data, number / FULL, width).expect("a tile of this tree");
        let damaged = || LogError::Damaged { path: tile.to_string() };
        let body = match log.tile(&tile).await {
            Err(LogError::Damaged { path }) => {
                let number = log.first_changed(&tile).await?.ok_or(LogError::Damaged { path: path.clone() })?;
                return Err(ExportError::Changed { number, path });
            }
            body => body?.ok_or_else(damaged)?,
        };
        for text in records(&body).ok_or_else(damaged)? {
            let record = std::str::from_utf8(text).map_err(|_| damaged())?.trim_end_matches('\n');
            // The record's own bytes, which are what is hashed.
            writeln!(out, "{{\"number\":{number},\"hash\":\"{}\",\"record\":{record}}}", record_hash(text))?;
            number += 1;
        }
    }
    writeln!(out, "{}", json!({ "head": head.note(), "checkpoint": log.names().next().and_then(|name| head.checkpoint(name)) }))?;
    Ok(())
}

impl Audit {
    /// As [`export`].
    ///
    /// # Errors
    /// [`ExportError`].
    pub async fn export(&self, out: &mut (dyn Write + Send)) -> Result<(), ExportError> {
        export(&self.log, out).await
    }
}
