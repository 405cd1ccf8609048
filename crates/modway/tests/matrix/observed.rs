//! The real go command in the matrix' world.

use modway::{
    config::Environment,
    matrix::{Change, Combination, GoProxy, Imagined, Matrix, ProxySays, observe},
    why::log,
};
use testkit::go::Go;

use super::measured::matrix;

/// The machine with the go command of the tests first in its PATH.
fn environment() -> Environment {
    let bin = Go::find().path().parent().expect("a command lies in a folder").display().to_string();
    let path = std::env::var("PATH").expect("a PATH");
    Environment::of(&[("PATH", &format!("{bin}:{path}"))])
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime").block_on(future)
}

/// The real go command does in every row what was predicted.
#[track_caller]
fn check(mut matrix: Matrix) {
    let rows = matrix.rows.len();
    block_on(observe::all(&mut matrix, &environment(), &|_, _| ())).unwrap_or_else(|error| panic!("{error:#}"));
    let both = |row: &modway::matrix::Row| [row.observed.clone(), row.observed_if_git_trusts.clone()];
    let differs: Vec<String> = matrix
        .rows
        .iter()
        .flat_map(|row| both(row).into_iter().flatten().map(move |seen| (row.number, seen)))
        .filter(|(_, seen)| !seen.differs.is_empty())
        .map(|(number, seen)| format!("row {number}: {}\n{}", seen.differs.join("; "), seen.said))
        .collect();
    assert!(matrix.rows.iter().all(|row| row.observed.is_some()));
    // Whatever go said here is known to who reads logs, too.
    for said in
        matrix.rows.iter().flat_map(|row| both(row).into_iter().flatten()).map(|seen| seen.said).filter(|said| !said.is_empty())
    {
        assert!(log::recognise(&said).iter().any(|finding| finding.row.is_some()), "{said}");
    }
    assert!(differs.is_empty(), "of {rows} rows:\n{}", differs.join("\n"));
}

#[test]
fn in_sixteen_rows_go_does_what_is_predicted() {
    check(matrix("git.corp.test", Imagined::default(), false));
}

#[test]
fn in_all_rows_go_does_what_is_predicted() {
    check(matrix("git.corp.test", Imagined::default(), true));
}

#[test]
fn in_other_worlds_go_does_what_is_predicted() {
    let default = Imagined::default();
    check(matrix("git.corp.test", Imagined { proxy_says: ProxySays::Forbidden, ..default }, false));
    check(matrix("git.corp.test", Imagined { proxy_says: ProxySays::Error, git_trusts: true, ..default }, false));
    check(matrix("git.corp.test", Imagined { go_trusts: true, ..default }, false));
    check(matrix("git.corp.test", Imagined { go_trusts: true, git_trusts: true, ..default }, false));
}

#[test]
fn for_other_modules_go_does_what_is_predicted() {
    check(matrix("git.corp.test/git/corp.git", Imagined::default(), false));
    check(matrix("github.com/acme/lib/sub/v2", Imagined::default(), false));
    check(matrix("git.corp.test/team/lib/v3", Imagined::default(), false));
}

/// Go waits ten seconds for a handshake, so that only the rows are run that ask the proxy in different ways.
#[test]
fn a_proxy_that_never_answers_stops_go_at_a_comma_and_not_at_a_bar() {
    let mut matrix = matrix("git.corp.test", Imagined { proxy_says: ProxySays::Nothing, ..Imagined::default() }, true);
    let asks = |one: &Combination| !one.private && !one.insecure && !one.git_trusts;
    let proxied = [GoProxy::ProxyDirect, GoProxy::ProxyBarDirect];
    matrix.rows.retain(|row| asks(&row.combination) && proxied.contains(&row.combination.goproxy));
    assert_eq!(matrix.rows.len(), 2);
    check(matrix);
}

#[test]
fn the_changes_that_are_named_make_go_succeed() {
    let matrix = matrix("git.corp.test", Imagined::default(), true);
    block_on(async {
        let observer = observe::Observer::new(&matrix.subject, &environment()).await.expect("a world");
        let mut tried: Vec<(Combination, Imagined)> = Vec::new();
        for mend in matrix.rows.iter().filter_map(|row| row.mend.as_ref()) {
            assert!(!mend.changes.contains(&Change::Insecure), "the certificate can be believed, and need not be ignored");
            if tried.contains(&(mend.to.clone(), mend.world)) {
                continue;
            }
            tried.push((mend.to.clone(), mend.world));
            let prediction = matrix.predict(&mend.to, mend.world);
            let seen = observer.observe(&mend.to, mend.world, &prediction).await.expect("a go command");
            assert_eq!((seen.exit, seen.differs), (0, Vec::new()), "{:?}: {}", mend.to, seen.said);
        }
        assert!(tried.len() > 10, "{}", tried.len());
    });
    assert!(matrix.rows.iter().all(|row| row.mend.is_some() || row.prediction.succeeds()));
}

#[test]
fn a_wrong_prediction_is_found() {
    let matrix = matrix("git.corp.test", Imagined::default(), false);
    let (first, last) = (&matrix.rows[0], &matrix.rows[15]);
    let seen = block_on(async {
        let observer = observe::Observer::new(&matrix.subject, &environment()).await.expect("a world");
        observer.observe(&last.combination, matrix.imagined, &first.prediction).await.expect("a go command")
    });
    let differs =
        ["asked host → host by git", "did not ask for /git.corp.test/x/@v/v1.0.0.info", "asked for /x?go-get=1", "error"];
    assert_eq!(seen.differs, differs);
}
