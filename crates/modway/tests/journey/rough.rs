//! `modway serve` treated roughly: killed in the middle of its work, and with a full disk under its store.

use std::{
    collections::HashMap,
    fs,
    io::Write as _,
    net::TcpStream,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use super::truth::{ask, get, in_words, refusal, started, upstream, whole, whole_or_refused};

/// Versions that travel in one test.
const MODULES: usize = 24;

/// Times that the server is killed.
const KILLS: u64 = 12;

#[test]
fn a_server_that_is_killed_again_and_again_never_serves_a_wrong_byte_and_loses_none_it_keeps() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let (proxy, truth) = upstream(home.path(), MODULES, 200_000);
    let store = home.path().join("store");
    let mut right = 0;
    for round in 0..KILLS {
        let server = started(&store, &proxy);
        let over = Arc::new(AtomicBool::new(false));
        let clients: Vec<_> = (0..4).map(|client| ask_until(&over, server.address(), &truth, client)).collect();
        // Whatever it is doing by then: the moments differ from round to round.
        thread::sleep(Duration::from_millis(40 + round * 37));
        drop(server);
        over.store(true, Ordering::SeqCst);
        right += clients.into_iter().map(|client| client.join().expect("no client saw a wrong byte")).sum::<usize>();
    }
    assert!(right > 0, "no client got an answer: the test proves nothing");
    // Everything that may be asked for is right after the last restart, with and then without the upstream.
    let server = started(&store, &proxy);
    truth.keys().for_each(|path| whole(server.address(), path, &truth));
    drop(server);
    let server = started(&store, "http://127.0.0.1:1");
    truth.keys().for_each(|path| whole(server.address(), path, &truth));
}

#[test]
fn with_a_full_disk_what_is_kept_is_served_and_what_is_not_is_refused_in_words_or_passed_through() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let disk = home.path().join("disk");
    fs::create_dir(&disk).expect("a folder");
    // Large enough for the reserve that a store leaves free, and for the first module, but not for all.
    let Some(mounted) = Tmpfs::mount(&disk, "40m") else {
        return testkit::mount::skipped("a full disk", "mounting needs root");
    };
    let (proxy, truth) = upstream(home.path(), MODULES, 3_000_000);
    let server = started(&mounted.0.join("store"), &proxy);
    let mut zips: Vec<&String> = truth.keys().filter(|path| path.ends_with(".zip")).collect();
    zips.sort();
    // Three times what there is room for: each is served right, kept or passed through, or refused in words.
    zips.iter().for_each(|path| whole_or_refused(server.address(), path, &truth));
    let ballast = mounted.0.join("ballast");
    let mut full = fs::File::create(&ballast).expect("a file name is left");
    while full.write_all(&[0; 4096]).is_ok() {}
    // Without any room a zip cannot even be spooled. What is kept is served; so are small documents.
    let refused: Vec<String> = zips.iter().filter_map(|path| refusal(server.address(), path)).collect();
    assert!(!refused.is_empty() && refused.len() < zips.len(), "{} of {} refused", refused.len(), zips.len());
    refused.iter().for_each(|words| in_words(words));
    for path in truth.keys().filter(|path| path.ends_with(".mod")) {
        whole(server.address(), path, &truth);
    }
    // Room again, and it goes on without a restart.
    fs::remove_file(&ballast).expect("the ballast");
    drop(full);
    zips.iter().for_each(|path| whole_or_refused(server.address(), path, &truth));
    whole(server.address(), zips[0], &truth);
}

#[test]
fn readers_that_stop_in_the_middle_slow_nobody() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let (proxy, truth) = upstream(home.path(), 1, 12_000_000);
    let server = started(&home.path().join("store"), &proxy);
    let path = truth.keys().find(|path| path.ends_with(".zip")).expect("a zip");
    // All of them ask for the same cold zip, and take nothing of it: more than the system's buffers hold is left over.
    let stopped: Vec<TcpStream> = (0..20).map(|_| ask(&server.address(), path).expect("a connection")).collect();
    (0..3).for_each(|_| whole(server.address(), path, &truth));
    drop(stopped);
}

/// Asks for one path after the other until it is over; answers how many came whole. A broken connection is no wrong byte.
fn ask_until(
    over: &Arc<AtomicBool>,
    address: String,
    truth: &Arc<HashMap<String, Vec<u8>>>,
    client: usize,
) -> thread::JoinHandle<usize> {
    let (over, truth) = (Arc::clone(over), Arc::clone(truth));
    thread::spawn(move || {
        let mut paths: Vec<&String> = truth.keys().collect();
        paths.sort();
        let start = client * paths.len() / 4;
        paths.rotate_left(start);
        let mut right = 0;
        for path in paths.iter().cycle() {
            if over.load(Ordering::SeqCst) {
                break;
            }
            if let Some((status, body)) = get(&address, path).filter(|(status, _)| *status == 200) {
                assert_eq!(body, truth[*path], "{status} {path}");
                right += 1;
            }
        }
        right
    })
}

/// A small file system, unmounted when dropped.
struct Tmpfs(PathBuf);

impl Tmpfs {
    fn mount(at: &Path, size: &str) -> Option<Self> {
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &format!("size={size}"), "modway-test"]).arg(at).status();
        mounted.is_ok_and(|status| status.success()).then(|| Self(at.to_owned()))
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        // Lazily: the server that has files open there ends with the test.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
