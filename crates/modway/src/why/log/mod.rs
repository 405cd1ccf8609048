//! Reads the output of a failed go command, as a CI service wrote it down, and names the cause of each error.
//!
//! In order of travel: bytes are cleaned ([`clean`]), decorations are taken off ([`decoration`]), lines are put together ([`blocks`]), and
//! each message is looked up in the [`catalogue`]. What is not in there is said to be unknown, and never guessed.

pub mod catalogue;
mod finding;
mod limits;
mod phrase;
mod subject;

mod blocks;
mod clean;
mod decoration;

pub mod page;
pub mod report;
mod text;

use std::io::{self, BufRead};

use self::{blocks::Blocks, limits::MAX_LINE_BYTES};
pub use self::{
    catalogue::{By, Row, Whose},
    finding::Finding,
    report::Report,
    subject::Subject,
};

/// Names the errors in `text`, each once, in order of appearance.
///
/// Specimen: `recognise("go: module lookup disabled by GOPROXY=off")[0].code() == "goproxy-off"`
pub fn recognise(text: &str) -> Vec<Finding> {
    // Memory can be read.
    read(text.as_bytes()).map(|report| report.findings).unwrap_or_default()
}

/// Reads a log to its end, or to its bound, in memory that does not grow with it.
///
/// # Errors
/// What reading fails with; what was read before is lost.
pub fn read(log: impl BufRead) -> io::Result<Report> {
    let (mut log, mut report, mut blocks) = (log.take(limits::MAX_LOG_BYTES), Report::default(), Blocks::default());
    let mut line = Vec::new();
    while next(&mut log, &mut line)? {
        report.lines += 1;
        blocks.line(report.lines, &line).into_iter().for_each(|block| report.add(&block));
    }
    blocks.end().into_iter().for_each(|block| report.add(&block));
    report.is_cut = log.limit() == 0;
    Ok(report)
}

/// Reads one line without its end; what is beyond [`MAX_LINE_BYTES`] is dropped. False at the end of the log.
fn next(log: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let mut is_there = false;
    loop {
        let piece = log.fill_buf()?;
        if piece.is_empty() {
            return Ok(is_there);
        }
        is_there = true;
        let end = piece.iter().position(|byte| *byte == b'\n');
        let (kept, used) = end.map_or((piece, piece.len()), |end| (&piece[..end], end + 1));
        let room = MAX_LINE_BYTES.saturating_sub(line.len());
        line.extend_from_slice(&kept[..kept.len().min(room)]);
        log.consume(used);
        if end.is_some() {
            return Ok(true);
        }
    }
}
