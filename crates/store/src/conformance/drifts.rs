//! The ledger of drifts.

use super::Open;
use crate::{Digest, Drift, Kind, What, limits::DRIFTS};

/// Other bytes for the zip of which `first` was kept.
pub(super) fn of_bytes(bytes: &str) -> Drift {
    Drift {
        kind: Kind::Zip,
        kept: Digest::of(b"first"),
        kept_h1: Some("h1:first".into()),
        kept_commit: None,
        seen: Some(Digest::of(bytes.as_bytes())),
        seen_h1: Some(format!("h1:{bytes}")),
        seen_commit: None,
        origin: "there".into(),
        seen_at: 5,
    }
}

pub(super) async fn each_drift_is_recorded_once_and_their_number_is_bounded(open: &Open) {
    let index = open().index;
    let mut is_new = Vec::new();
    for n in [0, 1, 0, 1] {
        is_new.push(index.put_drift("m", "v1.0.0", of_bytes(&n.to_string())).await.unwrap());
    }
    assert_eq!(is_new, [true, true, false, false]);
    assert_eq!(index.drifts("m", "v1.0.0").await.unwrap(), [of_bytes("0"), of_bytes("1")]);
    for n in 0..2 * DRIFTS {
        assert_eq!(index.put_drift("m", "v1.0.0", of_bytes(&n.to_string())).await.unwrap(), (2..DRIFTS).contains(&n), "{n}");
    }
    assert_eq!(index.drifts("m", "v1.0.0").await.unwrap().len(), DRIFTS as usize);
}

pub(super) async fn the_ledger_of_drifts_has_commits_and_pages(open: &Open) {
    let index = open().index;
    let of_bytes = of_bytes("other");
    assert!(index.put_drift("m", "v1.0.0", of_bytes.clone()).await.unwrap(), "new");
    let told = Drift { kept_commit: Some("a".into()), seen_commit: Some("b".into()), ..of_bytes.clone() };
    assert!(!index.put_drift("m", "v1.0.0", told.clone()).await.unwrap(), "known");
    assert!(!index.put_drift("m", "v1.0.0", of_bytes).await.unwrap(), "known");
    assert_eq!(index.drifts("m", "v1.0.0").await.unwrap(), std::slice::from_ref(&told), "commits are added, and stay");
    // Tags that moved: without bytes, each commit once.
    let base = told.clone();
    let moved = |commit: &str| Drift {
        kind: Kind::Info,
        seen: None,
        seen_h1: None,
        seen_commit: Some(commit.into()),
        seen_at: 7,
        ..base.clone()
    };
    for (module, commit, is_new) in
        [("m", "c", true), ("m", "d", true), ("m", "c", false), ("n", "c", true), ("m", "d", false), ("a", "c", true)]
    {
        assert_eq!(index.put_drift(module, "v1.0.0", moved(commit)).await.unwrap(), is_new, "{module} {commit}");
    }
    assert_eq!(index.drifts("m", "v1.0.0").await.unwrap(), [told.clone(), moved("c"), moved("d")]);
    assert_eq!(index.drifts("m", "v1.0.1").await.unwrap(), []);
    // A tag that is gone, once, beside those that moved.
    let gone = Drift { seen_commit: None, ..moved("") };
    for (version, is_new) in [("v1.0.2", true), ("v1.0.2", false), ("v1.0.3", true)] {
        assert_eq!(index.put_drift("m", version, gone.clone()).await.unwrap(), is_new, "{version}");
    }
    let was = Drift { seen_commit: Some("e".into()), ..gone.clone() };
    assert!(index.put_drift("m", "v1.0.2", was.clone()).await.unwrap(), "it is back, elsewhere");
    assert_eq!(index.drifts("m", "v1.0.2").await.unwrap(), [gone.clone(), was.clone()]);
    let whats = [&gone, &was, &told].map(Drift::what);
    assert_eq!(whats, [What::TagGone, What::TagMoved, What::BytesDiffer]);
    let (mut after, mut all) = (0, Vec::new());
    loop {
        let page = index.all_drifts(after, 2).await.unwrap();
        assert!(page.len() <= 2 && page.is_sorted_by_key(|record| record.number));
        let Some(last) = page.last() else { break };
        after = last.number;
        all.extend(page.into_iter().map(|record| (record.module, record.version, record.drift)));
    }
    let of = |module: &str, drift: Drift| (module.to_owned(), "v1.0.0".to_owned(), drift);
    let last = all.split_off(5);
    assert_eq!(all, [of("m", told), of("m", moved("c")), of("m", moved("d")), of("n", moved("c")), of("a", moved("c"))]);
    assert_eq!(
        last.into_iter().map(|(_, version, drift)| (version, drift)).collect::<Vec<_>>(),
        [("v1.0.2".to_owned(), gone.clone()), ("v1.0.3".to_owned(), gone), ("v1.0.2".to_owned(), was)]
    );
}
