//! The same log where it rests in earnest: files and SQLite.

use std::sync::Arc;

use futures_util::future::join_all;
use proxy::{
    clock::Clock,
    tlog::{Log, LogError, LogSettings, Refusal},
};
use store::Store;
use tokio::task::JoinHandle;

use crate::{
    promises::look_up,
    recorder::Recorder,
    world::{LOG, key, record},
};

async fn open(folder: &std::path::Path, life: u32, recorder: &Recorder) -> Result<(Arc<Log>, JoinHandle<()>), LogError> {
    let store = Store::open_embedded(folder).expect("a store");
    let recorder = recorder.clone();
    let settings = LogSettings {
        log: LOG.to_owned(),
        signers: vec![key()],
        holder: format!("life {life}"),
        may_forget: false,
        signed: Arc::new(move |head| recorder.signed(head)),
    };
    let (log, sequencer) = Log::open(settings, store.logs, Clock::new(|| 1_767_225_600)).await?;
    Ok((log, tokio::spawn(sequencer.run())))
}

#[tokio::test]
async fn files_and_sqlite_keep_a_log_over_its_lives_and_a_changed_tile_ends_it() {
    let (folder, recorder) = (tempfile::tempdir().unwrap(), Recorder::default());
    for life in 0..3 {
        let (log, sequencer) = open(folder.path(), life, &recorder).await.unwrap();
        let from = u64::from(life) * 300;
        assert_eq!(log.head().unwrap().tree().size, from);
        let adds = (from..from + 300).map(|number| {
            let (log, record) = (Arc::clone(&log), record(number, ""));
            async move { log.add(&record.key(), &record.to_string()).await.unwrap() }
        });
        assert!(join_all(adds).await.iter().all(|added| added.is_new));
        assert_eq!(look_up(&log, from, None, &key().verifier()).await.zip_h1, record(from, "").zip_h1());
        drop(log);
        sequencer.await.unwrap();
    }
    let tile = folder.path().join("logs").join(LOG).join("files/tile/8/data/001");
    let text = std::fs::read_to_string(&tile).unwrap();
    let mut permissions = std::fs::metadata(&tile).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o644);
    std::fs::set_permissions(&tile, permissions).unwrap();
    std::fs::write(&tile, text.replacen("h1:", "h2:", 1)).unwrap();
    let (log, _sequencer) = open(folder.path(), 9, &recorder).await.unwrap();
    let end = log.append("x\n").await;
    let damaged = Refusal::Damaged { path: "tile/8/data/001".to_owned() };
    assert!(matches!(&end, Err(LogError::Refused(refusal)) if *refusal == damaged), "{end:?}");
    assert_eq!(recorder.heads().last().unwrap().size, 900);
}
