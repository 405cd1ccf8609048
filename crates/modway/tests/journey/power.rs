//! The power fails under `modway serve`, as far as a file system that is shut down is a power cut.
//!
//! Only what a client had whole before the cut counts (see `store`'s own power cuts for why).

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use testkit::mount::{Mount, alone, skipped};

use super::truth::{get, started, upstream, whole, whole_or_refused_otherwise};

const TOOLS: [&str; 3] = ["mkfs.ext4", "mkfs.xfs", "xfs_io"];

/// Power cuts per file system.
const CUTS: u64 = 6;

/// Versions that travel between two cuts.
const MODULES: usize = 24;

#[test]
fn a_power_cut_under_the_server_loses_no_file_that_was_answered_whole() {
    let test = "power::a_power_cut_under_the_server_loses_no_file_that_was_answered_whole";
    alone(test, &TOOLS, || ["ext4", "xfs"].into_iter().for_each(check));
}

fn check(kind: &'static str) {
    let home = tempfile::tempdir().expect("a temporary folder");
    let disk = match Mount::image(kind, 512 << 20, &[]) {
        Ok(disk) => disk,
        Err(reason) => return skipped(kind, &reason),
    };
    let (proxy, truth) = upstream(home.path(), MODULES, 200_000);
    let (mut told, mut left) = (0, 0);
    for round in 0..CUTS {
        let store = disk.path().join(format!("store{round}"));
        let server = started(&store, &proxy);
        let clients = Clients::start(&server.address(), &truth);
        thread::sleep(Duration::from_millis(60 + round * 83));
        let whole_before = clients.until_the_cut();
        disk.cut();
        drop(server);
        disk.again();
        // The upstream is gone: what is served now is what the disk kept.
        let server = started(&store, "off");
        whole_before.iter().for_each(|path| whole(server.address(), path, &truth));
        truth.keys().for_each(|path| whole_or_refused_otherwise(server.address(), path, &truth));
        drop(server);
        (told, left) = (told + whole_before.len(), left + truth.len() - whole_before.len());
    }
    assert!(told > 0 && left > 0, "{kind}: the cuts came too late or too early: {told} were told, {left} were not");
}

/// Four clients that ask for one file after the other, and note what they had whole.
struct Clients {
    cutting: Arc<AtomicBool>,
    told: Arc<Mutex<HashSet<String>>>,
}

impl Clients {
    fn start(address: &str, truth: &Arc<HashMap<String, Vec<u8>>>) -> Self {
        let clients = Self { cutting: Arc::default(), told: Arc::default() };
        let mut paths: Vec<String> = truth.keys().cloned().collect();
        paths.sort();
        for share in paths.chunks(paths.len().div_ceil(4)) {
            let (cutting, told) = (Arc::clone(&clients.cutting), Arc::clone(&clients.told));
            let (address, truth, share) = (address.to_owned(), Arc::clone(truth), share.to_vec());
            thread::spawn(move || {
                for path in share {
                    let answer = get(&address, &path).filter(|(status, _)| *status == 200);
                    let mut told = told.lock().expect("no client panics with it");
                    // Noted under the lock, so that nothing is noted once the cut has begun.
                    if let (Some((_, body)), false) = (answer, cutting.load(Ordering::SeqCst)) {
                        assert_eq!(body, truth[&path], "{path}");
                        told.insert(path);
                    }
                }
            });
        }
        clients
    }

    /// What was answered whole until now; nothing is noted any more.
    fn until_the_cut(self) -> HashSet<String> {
        let told = self.told.lock().expect("no client saw a wrong byte");
        self.cutting.store(true, Ordering::SeqCst);
        told.clone()
    }
}
