//! Two modway sites that witness each other, as processes: each log's checkpoint bears the other's cosignature, and a second history of a log,
//! grown from a copy of its store, never does.

mod road;
mod site;

use std::time::{Duration, Instant};

use testkit::{modules::Module, world::World};

use road::Road;
use site::{Keys, Site};

/// How long anything here may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until `look` finds something.
fn wait<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        match look() {
            Some(found) => return found,
            None if Instant::now() > end => panic!("in vain: {what}"),
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_sites_witness_each_other_and_no_fork_is_cosigned() {
    let origin = World::start().await;
    let modules = ["v1.0.0", "v1.1.0", "v1.2.0", "v1.3.0", "v1.4.0"].map(|version| Module::new("git.corp.test/lib", version));
    modules.iter().for_each(|module| module.serve(&origin));
    tokio::task::block_in_place(|| sites(&origin.url()));
}

fn sites(origin: &str) {
    let keys = [Keys::make("one.test"), Keys::make("two.test")];
    let roads = [Road::new(), Road::new()];
    let start = |at: usize, store: Option<&Site>| Site::start(&keys[at], &keys[1 - at], roads[1 - at].address(), origin, store);
    let (one, two) = (start(0, None), start(1, None));
    roads[0].leads_to(one.witness());
    roads[1].leads_to(two.witness());
    for (site, own, other) in [(&one, &keys[0], &keys[1]), (&two, &keys[1], &keys[0])] {
        site.record("v1.0.0");
        wait("the first record is cosigned", || (site.cosigned(own, other)? == 1).then_some(()));
    }
    // A copy of the store is a second life of the log. Both go on, each its own way.
    let copy = one.end();
    let one = start(0, Some(&copy));
    let fork = start(0, Some(&copy));
    roads[0].leads_to(one.witness());
    one.record("v1.1.0");
    wait("the log goes on", || (one.cosigned(&keys[0], &keys[1])? == 2).then_some(()));
    fork.record("v1.2.0");
    wait("the fork is told of", || {
        fork.log().contains("the log has two histories: it has cosigned another tree of 2 records").then_some(())
    });
    assert!(two.log().contains("sumdb.one.test has signed two trees of 2 records"), "{}", two.log());
    assert_eq!(fork.cosigned(&keys[0], &keys[1]), Some(1), "the newest that is cosigned is from before the fork");
    one.record("v1.3.0");
    wait("the true log goes on", || (one.cosigned(&keys[0], &keys[1])? == 3).then_some(()));
    // A witness stops at once, although its log holds a connection; the log says that it is silent, and shows what it has.
    let began = Instant::now();
    two.stop();
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    one.record("v1.4.0");
    let silent = "the witness two.test/witness does not cosign the checksum database";
    wait("a silence is told", || one.log().contains(silent).then_some(()));
    assert_eq!(one.cosigned(&keys[0], &keys[1]), Some(3));
}
