//! Proves all that a store holds again: every blob's digest, every h1 out of the bytes, against the record and against the checksum databases' own
//! records: our own database's, and those of others as far as their lookups are kept. It asks nobody.
//!
//! What is wrong is put aside where the store is held alone, and then comes back only as bytes with the recorded h1. Two things are told and left:
//! bytes that a database proves although their record says otherwise, for then the record is what is damaged; and lookups that do not prove.

use std::{collections::VecDeque, sync::Arc, thread::available_parallelism};

use gomod::module::{ModulePath, Version};
use store::{
    Gone, Index, Kind, Part, Reference, StoreError, VersionRecord,
    limits::PAGE,
    stock::{Hold, Stock},
};
use tokio::{
    sync::Semaphore,
    task::{JoinSet, spawn_blocking},
};

use self::{read::read_parts, voice::Voice};
use crate::{
    BadSettings,
    limits::{STOCK_AT_ONCE, STOCK_PER_CORE},
    settings::{self, OwnSumdb},
    sumdb::Sumdb,
};

mod fault;
mod read;
mod voice;

pub use self::fault::{Fault, Finding};

/// All that is needed to prove a store again.
pub struct Stocktake {
    stock: Arc<Stock>,
    databases: Vec<Arc<Sumdb>>,
    own: Option<OwnSumdb>,
}

/// What is told while a store is proven.
#[derive(Debug)]
pub enum Told<'a> {
    /// Something is wrong.
    Found(&'a Finding),
    /// So far it went.
    Read(&'a Tally),
}

/// What was proven.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// Module versions.
    pub versions: u64,
    /// Files of them: `.info`, `.mod` and `.zip`.
    pub files: u64,
    /// The length of these files in bytes.
    pub bytes: u64,
    /// Versions whose sums were held against a checksum database's.
    pub compared: u64,
    /// Findings, those that could not be read among them.
    pub found: u64,
    /// Files that could not be read, so that nobody knows.
    pub unreadable: u64,
}

/// One version, read again.
struct Taken {
    module: String,
    version: String,
    record: VersionRecord,
    compared: bool,
    faults: Vec<(Place, Fault)>,
}

/// What a fault is in.
enum Place {
    Part(Kind),
    Lookup(String),
}

impl Stocktake {
    /// Proves `stock`, and holds it against what is kept of the databases of `sums`, our own among them.
    ///
    /// # Errors
    /// [`BadSettings::Key`].
    pub fn new(stock: Arc<Stock>, sums: &settings::Sums) -> Result<Self, BadSettings> {
        let (databases, own) = (Voice::others(&stock, sums)?, sums.own.clone());
        Ok(Self { stock, databases, own })
    }

    /// Proves everything, and tells what is wrong and how far it is.
    ///
    /// Two versions a core are read at a time, on threads that may block; where fewer are left, several threads read one zip. What is kept meanwhile by a server beside it may be looked at or not.
    ///
    /// # Errors
    /// [`StoreError`] if the index cannot be read, or what is wrong cannot be put aside.
    pub async fn run(&self, tell: &mut (dyn FnMut(Told<'_>) + Send)) -> Result<Tally, StoreError> {
        let mut tally = Tally::default();
        let voices = self.check_heads(&mut tally, tell).await;
        let at_once = (STOCK_PER_CORE * available_parallelism().map_or(1, usize::from)).min(STOCK_AT_ONCE);
        let (mut names, mut tasks, free) = (Names::new(&self.stock), JoinSet::new(), Arc::new(Semaphore::new(at_once)));
        loop {
            while tasks.len() < at_once {
                let Some((module, version)) = names.next().await? else { break };
                let (stock, voices, free) = (Arc::clone(&self.stock), Arc::clone(&voices), Arc::clone(&free));
                tasks.spawn(async move { take(&stock, &voices, (module, version), &free).await });
            }
            let Some(end) = tasks.join_next().await else { return Ok(tally) };
            if let Some(taken) = end.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))? {
                self.count(taken, &mut tally, tell).await?;
            }
            tell(Told::Read(&tally));
        }
    }

    /// The databases whose kept tree heads can be believed. Without one, nothing of it can be proven, and saying so once is enough.
    async fn check_heads(&self, tally: &mut Tally, tell: &mut (dyn FnMut(Told<'_>) + Send)) -> Arc<[Voice]> {
        let (mut good, mut bad) = (Vec::new(), Vec::new());
        for database in &self.databases {
            match database.head().await {
                Ok(_) => good.push(Voice::Others(Arc::clone(database))),
                Err(reason) => bad.push((database.name(), reason)),
            }
        }
        if let Some(own) = &self.own {
            match Voice::own(&self.stock, own).await {
                Ok(voice) => good.extend(voice),
                Err(reason) => bad.push((own.key.name(), reason)),
            }
        }
        for (name, reason) in bad {
            let path = format!("sumdb/{name}/latest");
            tally.found += 1;
            tell(Told::Found(&Finding { path, fault: Fault::Unproven(reason.to_string()), aside: false }));
        }
        good.into()
    }

    async fn count(&self, taken: Taken, tally: &mut Tally, tell: &mut (dyn FnMut(Told<'_>) + Send)) -> Result<(), StoreError> {
        let parts = [&taken.record.info, &taken.record.go_mod, &taken.record.zip].into_iter().flatten();
        tally.versions += 1;
        tally.compared += u64::from(taken.compared);
        for part in parts {
            tally.files += 1;
            tally.bytes += part.size_bytes;
        }
        for (place, fault) in taken.faults {
            let reference = match &place {
                Place::Part(kind) => reference(&taken.module, &taken.version, *kind, &taken.record),
                Place::Lookup(_) => None,
            };
            // A server beside us may have found it first.
            if let Some(reference) = &reference
                && !self.is_named(reference).await?
            {
                continue;
            }
            let aside = reference.filter(|_| fault.goes_aside() && self.stock.hold() == Hold::Alone);
            if let Some(reference) = &aside {
                let gone = if matches!(fault, Fault::UnlikeDatabase { .. }) { Gone::Disproven } else { Gone::Lost };
                self.stock.put_aside(reference, gone).await?;
            }
            tally.found += 1;
            tally.unreadable += u64::from(matches!(fault, Fault::Unreadable(_)));
            let path = place.path(&taken.module, &taken.version);
            tell(Told::Found(&Finding { path, fault, aside: aside.is_some() }));
        }
        Ok(())
    }

    async fn is_named(&self, reference: &Reference) -> Result<bool, StoreError> {
        let record = self.stock.index().version(&reference.module, &reference.version).await?;
        Ok(record.and_then(|record| record.part(reference.kind).map(|part| part.digest)) == Some(reference.digest))
    }
}

impl Place {
    fn path(&self, module: &str, version: &str) -> String {
        let escaped = || Some((ModulePath::parse(module).ok()?.escaped(), Version::parse(version).ok()?.escaped()));
        let (module, version) = escaped().unwrap_or_else(|| (module.to_owned(), version.to_owned()));
        match self {
            Self::Part(Kind::Info) => format!("{module}/@v/{version}.info"),
            Self::Part(Kind::Mod) => format!("{module}/@v/{version}.mod"),
            Self::Part(Kind::Zip) => format!("{module}/@v/{version}.zip"),
            Self::Lookup(database) => format!("sumdb/{database}/lookup/{module}@{version}"),
        }
    }
}

fn reference(module: &str, version: &str, kind: Kind, record: &VersionRecord) -> Option<Reference> {
    let Part { digest, size_bytes, .. } = *record.part(kind)?;
    Some(Reference { module: module.to_owned(), version: version.to_owned(), kind, digest, size_bytes })
}

/// The names of all versions, a page at a time.
struct Names<'a> {
    stock: &'a Stock,
    page: VecDeque<Reference>,
    last: Option<Reference>,
}

impl<'a> Names<'a> {
    fn new(stock: &'a Stock) -> Self {
        Self { stock, page: VecDeque::new(), last: None }
    }

    async fn next(&mut self) -> Result<Option<(String, String)>, StoreError> {
        loop {
            if self.page.is_empty() {
                self.page = self.stock.index().references(self.last.as_ref(), PAGE).await?.into();
            }
            let Some(next) = self.page.pop_front() else { return Ok(None) };
            let is_new = self.last.as_ref().is_none_or(|last| (&last.module, &last.version) != (&next.module, &next.version));
            let name = (next.module.clone(), next.version.clone());
            self.last = Some(next);
            if is_new {
                return Ok(Some(name));
            }
        }
    }
}

/// Reads one version again; `None` if it is gone by now.
async fn take(
    stock: &Arc<Stock>,
    voices: &[Voice],
    (module, version): (String, String),
    free: &Arc<Semaphore>,
) -> Result<Option<Taken>, StoreError> {
    let Some(record) = stock.index().version(&module, &version).await? else { return Ok(None) };
    let (to_read, subject, parts, free) =
        (Arc::clone(stock), (module.clone(), version.clone()), record.clone(), Arc::clone(free));
    // One for this thread; what is left is for zips that have work for more than one.
    let permit = Arc::clone(&free).acquire_owned().await.expect("nobody closes it");
    let read = spawn_blocking(move || {
        let _permit = permit;
        read_parts(&to_read, (&subject.0, &subject.1), &parts, &free)
    });
    let mut read = read.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
    let (mut faults, mut compared) = (Vec::new(), false);
    if let (Ok(module), Ok(version)) = (ModulePath::parse(&module), Version::parse(&version)) {
        for voice in voices {
            match voice.sums(&**stock.index(), &module, &version).await? {
                None => {}
                Some(Err(said)) => faults.push((Place::Lookup(voice.name().to_owned()), Fault::Unproven(said))),
                Some(Ok(sums)) => {
                    compared = true;
                    read.iter_mut().for_each(|read| read.compare(voice.name(), &sums));
                }
            }
        }
    }
    let of_parts = read.into_iter().filter_map(|read| Some((Place::Part(read.kind), read.fault?)));
    let faults = of_parts.chain(faults).collect();
    Ok(Some(Taken { module, version, record, compared, faults }))
}
