//! One file of a version, read again.

use gomod::{
    dirhash::{H1, go_mod_h1},
    module::{ModulePath, Version},
};
use store::{
    Kind, Part, VersionRecord,
    stock::{Look, Right, Stock},
};
use tokio::sync::Semaphore;

use super::Fault;
use crate::{crew::check_zip, vouch::Sums};

/// One file, read again.
pub(super) struct Read {
    pub(super) kind: Kind,
    h1: Option<H1>,
    pub(super) fault: Option<Fault>,
}

impl Read {
    /// Holds the h1 of the bytes against what a database proves.
    pub(super) fn compare(&mut self, database: &str, sums: &Sums) {
        let (Sums::Known { zip, go_mod, .. }, Some(computed)) = (sums, self.h1) else { return };
        let proven = match self.kind {
            Kind::Info => return,
            Kind::Mod => *go_mod,
            Kind::Zip => *zip,
        };
        let database = database.to_owned();
        match &mut self.fault {
            _ if proven != computed => self.fault = Some(Fault::UnlikeDatabase { database, proven, computed }),
            Some(Fault::UnlikeRecord { proven_by, .. }) => *proven_by = Some(database),
            _ => {}
        }
    }
}

/// Reads all files of a version again, with the help of what is `free`.
pub(super) fn read_parts(stock: &Stock, (module, version): (&str, &str), record: &VersionRecord, free: &Semaphore) -> Vec<Read> {
    let kinds = [Kind::Info, Kind::Mod, Kind::Zip].into_iter();
    kinds
        .filter_map(|kind| Some(read_part(stock, record.part(kind)?, kind, |right| h1(kind, (module, version), right, free))))
        .collect()
}

fn read_part(stock: &Stock, part: &Part, kind: Kind, h1: impl FnOnce(Right<'_>) -> Result<Option<H1>, String>) -> Read {
    let looked = stock.look(part.digest, part.size_bytes, h1);
    let wrong = |fault| Read { kind, h1: None, fault: Some(fault) };
    match looked {
        Err(error) => wrong(Fault::Unreadable(error.to_string())),
        Ok(Look::Missing) => wrong(Fault::Missing),
        Ok(Look::Damaged) => wrong(Fault::Damaged),
        Ok(Look::Right(Err(said))) => wrong(Fault::NotAModule(said)),
        Ok(Look::Right(Ok(h1))) => {
            let unlike = h1.zip(part.h1.clone()).filter(|(computed, recorded)| computed.to_string() != *recorded);
            let fault = unlike.map(|(computed, recorded)| Fault::UnlikeRecord { recorded, computed, proven_by: None });
            Read { kind, h1, fault }
        }
    }
}

/// The h1 of bytes that are right; none for `.info`.
fn h1(kind: Kind, (module, version): (&str, &str), right: Right<'_>, free: &Semaphore) -> Result<Option<H1>, String> {
    match kind {
        Kind::Info => Ok(None),
        Kind::Mod => {
            let mut bytes = Vec::new();
            right.source().read_to_end(&mut bytes).map_err(|error| error.to_string())?;
            Ok(Some(go_mod_h1(&bytes)))
        }
        Kind::Zip => {
            let module = ModulePath::parse(module).map_err(|error| error.to_string())?;
            let version = Version::parse(version).map_err(|error| error.to_string())?;
            let report = check_zip(&|| right.source(), &module, &version, free).map_err(|error| error.to_string())?;
            report.h1.map(Some).ok_or_else(|| report.fault().unwrap_or_default())
        }
    }
}
