//! What may take the place of a part that is gone.

use super::{Open, keep, part};
use crate::{Digest, Gone, Kept, Kind, Part};

pub(super) async fn a_lost_part_gives_way_only_to_the_same_h1(open: &Open) {
    let index = open().index;
    let first = part("first");
    keep(&*index, "v1.0.0", Kind::Zip, &first).await;
    index.forget_blob("m", "v1.0.0", Kind::Zip, Gone::Lost).await.unwrap();
    assert_eq!(index.version("m", "v1.0.0").await.unwrap(), None);

    assert_eq!(keep(&*index, "v1.0.0", Kind::Zip, &part("other")).await, Kept::Differs(first.clone()));
    assert_eq!(index.version("m", "v1.0.0").await.unwrap(), None);

    let packed_again = Part { digest: Digest::of(b"packed again"), ..first };
    assert_eq!(keep(&*index, "v1.0.0", Kind::Zip, &packed_again).await, Kept::New);
    assert_eq!(keep(&*index, "v1.0.0", Kind::Zip, &packed_again).await, Kept::Same);
    assert_eq!(index.version("m", "v1.0.0").await.unwrap().unwrap().zip, Some(packed_again));

    let info = |bytes: &str| Part { h1: None, ..part(bytes) };
    keep(&*index, "v1.0.0", Kind::Info, &info("first")).await;
    index.forget_blob("m", "v1.0.0", Kind::Info, Gone::Lost).await.unwrap();
    assert_eq!(keep(&*index, "v1.0.0", Kind::Info, &info("other")).await, Kept::Differs(info("first")));
    assert_eq!(keep(&*index, "v1.0.0", Kind::Info, &info("first")).await, Kept::New);
}

pub(super) async fn a_disproven_part_gives_way_to_proven_bytes_and_to_no_others(open: &Open) {
    let index = open().index;
    let (proven, waived) = (part("proven"), Part { vouched: "waived GOSUMDB=off".to_owned(), ..part("waived") });
    let first = Part { vouched: waived.vouched.clone(), ..part("first") };
    keep(&*index, "v1.0.0", Kind::Zip, &first).await;
    let stays = async |offered: &Part| {
        assert_eq!(keep(&*index, "v1.0.0", Kind::Zip, offered).await, Kept::Differs(first.clone()), "{}", offered.vouched);
    };
    stays(&proven).await;
    index.forget_blob("m", "v1.0.0", Kind::Zip, Gone::Lost).await.unwrap();
    stays(&proven).await;
    // Whoever finds it lost afterwards does not make it right.
    for gone in [Gone::Disproven, Gone::Lost] {
        index.forget_blob("m", "v1.0.0", Kind::Zip, gone).await.unwrap();
        assert_eq!(index.version("m", "v1.0.0").await.unwrap(), None);
        stays(&waived).await;
    }
    assert_eq!(keep(&*index, "v1.0.0", Kind::Zip, &proven).await, Kept::New);
    assert_eq!(keep(&*index, "v1.0.0", Kind::Zip, &first).await, Kept::Differs(proven));
}
