//! One zip, checked by as many threads as are free. It blocks.

use std::{
    panic::resume_unwind,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use gomod::{
    module::{ModulePath, Version},
    zip::{
        check::{CheckError, Hashed, Report, Unread},
        read::{Source, ZipError},
    },
};
use tokio::sync::Semaphore;

use crate::limits::{ZIP_SHARE_BYTES, ZIP_THREADS};

/// Makes a reader of the zip for one thread.
pub(crate) type Open<'a> = &'a (dyn Fn() -> Box<dyn Source + 'a> + Sync);

/// Checks that a zip is one of `module` at `version`, and computes its h1, as [`gomod::zip::check::check_zip`] does.
///
/// The caller's thread works in any case. Others help it as far as the zip has work for them and `free` has permits, one a thread: whoever else needs
/// these comes first, for nobody waits here.
///
/// Errors: [`CheckError`], the same whoever came to it first.
pub(crate) fn check_zip(open: Open<'_>, module: &ModulePath, version: &Version, free: &Semaphore) -> Result<Report, CheckError> {
    let unread = Unread::open(&mut *open(), module, version)?;
    let shares = unread.shares(ZIP_SHARE_BYTES);
    let helpers: Vec<_> = (1..shares.len().min(ZIP_THREADS)).map_while(|_| free.try_acquire().ok()).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let (mut source, mut done) = (open(), Vec::new());
        while let number = next.fetch_add(1, Ordering::Relaxed)
            && let Some(share) = shares.get(number)
        {
            let hashed = unread.hash(share.clone(), &mut *source);
            if hashed.is_err() {
                // Those before it are in somebody's hands already, and may have an error that comes first; nobody needs those behind it.
                next.fetch_max(shares.len(), Ordering::Relaxed);
            }
            done.push((number, hashed));
        }
        done
    };
    let done = thread::scope(|scope| {
        // A thread that cannot be started is not waited for: the others do its work.
        let start = |permit| {
            let help = || {
                let _permit = permit;
                work()
            };
            thread::Builder::new().name("zip".to_owned()).spawn_scoped(scope, help).ok()
        };
        let started: Vec<_> = helpers.into_iter().map_while(start).collect();
        let mut done = work();
        started.into_iter().for_each(|helper| done.extend(helper.join().unwrap_or_else(|panic| resume_unwind(panic))));
        done
    });
    Ok(unread.finish(in_order(done)?))
}

fn in_order(mut done: Vec<(usize, Result<Hashed, ZipError>)>) -> Result<Vec<Hashed>, ZipError> {
    done.sort_unstable_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, hashed)| hashed).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use gomod::zip::check;
    use testkit::modules::Module;

    use super::*;

    const MIB: usize = 1 << 20;

    /// What is said of a zip with `permits` free, and how many threads read it.
    fn shared(zip: &[u8], permits: usize) -> (Result<Report, String>, usize) {
        let (module, version) = (ModulePath::parse("example.com/m").unwrap(), Version::parse("v1.0.0").unwrap());
        let (free, opened) = (Semaphore::new(permits), AtomicUsize::new(0));
        let open = || -> Box<dyn Source + '_> {
            opened.fetch_add(1, Ordering::Relaxed);
            Box::new(Cursor::new(zip))
        };
        let report = check_zip(&open, &module, &version, &free).map_err(|error| error.to_string());
        assert_eq!(free.available_permits(), permits);
        // Once for the directory.
        (report, opened.into_inner() - 1)
    }

    fn alone(zip: &[u8]) -> Result<Report, String> {
        let (module, version) = (ModulePath::parse("example.com/m").unwrap(), Version::parse("v1.0.0").unwrap());
        check::check_zip(&mut Cursor::new(zip), &module, &version).map_err(|error| error.to_string())
    }

    #[test]
    fn whoever_helps_finds_what_one_alone_finds() {
        let files: Vec<(String, Vec<u8>)> = (0..9).map(|number| (format!("{number}.txt"), vec![number; MIB])).collect();
        let files: Vec<(&str, Vec<u8>)> = files.iter().map(|(name, content)| (&name[..], content.clone())).collect();
        let zip = Module::of("example.com/m", "v1.0.0", &files).zip;
        let whole = alone(&zip);
        assert!(whole.as_ref().unwrap().h1.is_some());
        for (permits, threads) in [(0, 1), (1, 2), (3, 4), (100, 5)] {
            assert_eq!(shared(&zip, permits), (whole.clone(), threads), "{permits}");
        }
        let mut said = std::collections::BTreeSet::new();
        for at in (0..zip.len()).step_by(zip.len() / 23) {
            let mut damaged = zip.to_vec();
            damaged[at] ^= 1;
            damaged[zip.len() - 1 - at / 2] ^= 1;
            assert_eq!(shared(&damaged, 3).0, alone(&damaged), "{at}");
            said.insert(alone(&damaged).err());
        }
        assert!(said.len() > 3, "{said:?}");
    }

    #[test]
    fn a_small_zip_is_one_threads() {
        let zip = Module::of("example.com/m", "v1.0.0", &[("a.txt", vec![1; MIB])]).zip;
        assert_eq!(shared(&zip, 100), (alone(&zip), 1));
    }
}
