//! Fills a store with versions, for `make bench`: `seed FOLDER VERSIONS`, a hundred versions a module.

use std::{error::Error, path::Path, sync::Arc};

use bytes::Bytes;
use store::{Index, Kind, Part, Store};
use tokio::task::JoinSet;

/// Writers side by side: enough to fill the index's groups.
const WRITERS: u64 = 256;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, folder, versions] = &arguments[..] else { return Err("seed FOLDER VERSIONS".into()) };
    let (folder, versions) = (Path::new(folder), versions.parse::<u64>()?);
    std::fs::create_dir_all(folder)?;
    let store = Store::open_embedded(folder)?;
    let parts = Arc::new(parts(&store).await?);
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let (index, parts) = (Arc::clone(&store.index), Arc::clone(&parts));
        writers.spawn(async move { write(&*index, &parts, (writer..versions).step_by(WRITERS as usize)).await });
    }
    while let Some(end) = writers.join_next().await {
        end??;
    }
    Ok(())
}

async fn parts(store: &Store) -> Result<Vec<(Kind, Part)>, Box<dyn Error>> {
    let info = r#"{"Version":"v1.0.0","Time":"2024-05-06T07:08:09Z"}"#;
    let mut parts = Vec::new();
    for (kind, text) in [(Kind::Info, info), (Kind::Mod, "module example.com/seed\n"), (Kind::Zip, "never opened here")] {
        let digest = store.blobs.put_bytes(Bytes::from(text)).await?;
        let (size_bytes, vouched, origin) = (text.len() as u64, "waived seed".to_owned(), "seed".to_owned());
        parts.push((kind, Part { digest, size_bytes, h1: None, vouched, origin, kept_at: 1_700_000_000 }));
    }
    Ok(parts)
}

async fn write(index: &dyn Index, parts: &[(Kind, Part)], numbers: impl Iterator<Item = u64>) -> Result<(), store::StoreError> {
    for number in numbers {
        let (module, version) = (format!("example.com/seed{}", number / 100), format!("v1.{}.0", number % 100));
        for (kind, part) in parts {
            index.keep(&module, &version, *kind, part.clone()).await?;
        }
    }
    Ok(())
}
