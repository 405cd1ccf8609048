//! The ledger of drifts.

use super::{Open, keep, part};
use crate::{Drift, Kind, limits::DRIFTS};

pub(super) async fn each_drift_is_recorded_once_and_their_number_is_bounded(open: &Open) {
    let index = open().index;
    keep(&*index, "v1.0.0", Kind::Zip, &part("first")).await;
    for _ in 0..3 {
        keep(&*index, "v1.0.0", Kind::Zip, &part("again")).await;
    }
    assert_eq!(index.drifts("m", "v1.0.0").await.unwrap().len(), 1);
    for n in 0..2 * DRIFTS {
        keep(&*index, "v1.0.0", Kind::Zip, &part(&n.to_string())).await;
    }
    assert_eq!(index.drifts("m", "v1.0.0").await.unwrap().len(), DRIFTS as usize);
}

pub(super) async fn the_ledger_of_drifts_has_commits_and_pages(open: &Open) {
    let index = open().index;
    let (first, other) = (part("first"), part("other"));
    keep(&*index, "v1.0.0", Kind::Zip, &first).await;
    keep(&*index, "v1.0.0", Kind::Zip, &other).await;
    let of_bytes = index.drifts("m", "v1.0.0").await.unwrap().remove(0);
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
    let (mut after, mut all) = (0, Vec::new());
    loop {
        let page = index.all_drifts(after, 2).await.unwrap();
        assert!(page.len() <= 2 && page.is_sorted_by_key(|record| record.number));
        let Some(last) = page.last() else { break };
        after = last.number;
        all.extend(page.into_iter().map(|record| (record.module, record.version, record.drift)));
    }
    let of = |module: &str, drift: Drift| (module.to_owned(), "v1.0.0".to_owned(), drift);
    assert_eq!(all, [of("m", told), of("m", moved("c")), of("m", moved("d")), of("n", moved("c")), of("a", moved("c"))]);
}
