//! Every GOPROXY list of up to three entries, walked by the real go command and by [`gomod::goproxy::Walk`]: the same servers are asked in
//! the same order, and the same one's answer decides.

mod servers;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use gomod::goproxy::{GoProxyList, Outcome, Place, Privacy};
use servers::{ANSWERS, Answer, Servers};
use testkit::go::Go;

/// How many go commands run at a time. They wait for each other's locks and for the disk about as long as they compute.
const WORKERS: usize = 3;

/// One entry's way to answer, with what stands behind it.
type List = Vec<(Answer, char)>;

#[test]
fn gomod_walks_every_list_as_the_go_command_does() {
    let lists = lists();
    assert_eq!(lists.len(), 8 + 8 * 8 * 2 + 8 * 8 * 8 * 4);
    let (go, next, started) = (Go::find(), AtomicUsize::new(0), Instant::now());
    let differences: Vec<String> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(|| work(&go, &lists, &next))).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("a worker ends")).collect()
    });
    // What passing tests print is hidden; this number is worth seeing.
    let _ = std::io::Write::write_all(
        &mut std::io::stderr(),
        format!("walk: {} lists walked by the go command, {:.1?}\n", lists.len(), started.elapsed()).as_bytes(),
    );
    assert!(
        differences.is_empty(),
        "{} lists differ:\n{}",
        differences.len(),
        differences[..differences.len().min(10)].join("\n")
    );
}

fn lists() -> Vec<List> {
    let ends = || ANSWERS.iter().map(|answer| vec![(*answer, ' ')]);
    let longer = |tails: &[List]| -> Vec<List> {
        let heads = ANSWERS.iter().flat_map(|answer| [(*answer, ','), (*answer, '|')]);
        heads.flat_map(|head| tails.iter().map(move |tail| [&[head], &tail[..]].concat())).collect()
    };
    let one: Vec<List> = ends().collect();
    let two = longer(&one);
    let three = longer(&two);
    [one, two, three].concat()
}

fn work(go: &Go, lists: &[List], next: &AtomicUsize) -> Vec<String> {
    let servers = Servers::start();
    let mut differences = Vec::new();
    while let Some(list) = lists.get(next.fetch_add(1, Ordering::Relaxed)) {
        let goproxy: String = list
            .iter()
            .enumerate()
            .map(|(number, (answer, separator))| format!("{}{separator}", servers.url(number, *answer)))
            .collect();
        let (theirs, ours) = (walked_by_go(go, &servers, &goproxy, list), walked_by_gomod(&goproxy, list));
        if theirs != ours {
            differences.push(format!("{list:?}\n  go:   {theirs:?}\n  ours: {ours:?}"));
        }
    }
    differences
}

/// What can be seen of a walk from outside: the entries asked, but for those behind a refused connection, and the one whose answer decides.
#[derive(Debug, PartialEq)]
struct Seen {
    asked: Vec<usize>,
    decides: Option<(usize, Outcome)>,
}

fn walked_by_gomod(goproxy: &str, list: &List) -> Seen {
    let parsed = GoProxyList::parse(goproxy).expect("every one of these lists is good");
    let (mut walk, mut asked) = (parsed.walk(Privacy::Public), Vec::new());
    while let Some(Place::Entry(number)) = walk.place() {
        asked.push(number);
        walk.answer(list[number].0.outcome());
    }
    asked.retain(|number| list[*number].0 != Answer::Refused);
    let decides = walk.shown().and_then(|(place, outcome)| match place {
        Place::Entry(number) => Some((number, outcome)),
        Place::NoProxy => None,
    });
    Seen { asked, decides }
}

fn walked_by_go(go: &Go, servers: &Servers, goproxy: &str, list: &List) -> Seen {
    let home = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a temporary folder can be made");
    servers.forget();
    // This asks for the .info of the version; once that is found, the .mod is another question with another walk.
    let output = go
        .command(home.path())
        .env("GOPROXY", goproxy)
        .args(["list", "-m", "example.test/m@v1.0.0"])
        .output()
        .expect("go starts");
    let mut asked = servers.asked();
    let found = asked.iter().position(|number| list[*number].0.outcome() == Outcome::Found);
    asked.truncate(found.map_or(asked.len(), |at| at + 1));
    let text = String::from_utf8_lossy(&output.stderr);
    let named = (0..list.len()).find(|number| text.contains(&servers.url(*number, list[*number].0)));
    let decides = match named {
        _ if output.status.success() => asked.last().map(|number| (*number, Outcome::Found)),
        // Which kind of failure it was is in the words; here the server's own answer says it.
        Some(number) => Some((number, list[number].0.outcome())),
        None => panic!("no entry is named in: {text}"),
    };
    Seen { asked, decides }
}
