//! Tiles of checksum databases.

use bytes::Bytes;

use super::Open;

pub(super) async fn only_narrower_tiles_of_the_same_place_are_forgotten(open: &Open) {
    let index = open().index;
    let goes = ["tile/8/0/001.p/1", "tile/8/0/001.p/9", "tile/8/0/001.p/79"];
    let stays = [
        "tile/8/0/001.p/80",
        "tile/8/0/001.p/100",
        "tile/8/0/001.p/255",
        "tile/8/0/001",
        "tile/8/0/x001/001.p/1",
        "tile/8/0/000.p/1",
        "tile/8/1/001.p/1",
        "tile/8/data/001.p/1",
        "lookup/m@v1.0.0",
    ];
    for name in ["n", "other"] {
        let files = goes.iter().chain(&stays).map(|path| ((*path).to_owned(), Bytes::from_static(b"x"))).collect();
        index.put_sumdb_files(name, files).await.unwrap();
    }
    index.forget_narrower("n", vec![("tile/8/0/001.p/".to_owned(), 80), ("tile/8/0/002.p/".to_owned(), 80)]).await.unwrap();
    for (name, path, is_there) in goes
        .iter()
        .flat_map(|path| [("n", *path, false), ("other", *path, true)])
        .chain(stays.iter().map(|path| ("n", *path, true)))
    {
        assert_eq!(index.sumdb_file(name, path).await.unwrap().is_some(), is_there, "{name} {path}");
    }
}
