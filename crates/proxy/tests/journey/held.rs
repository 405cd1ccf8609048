//! A store that is full, or fails: hits go on, misses are passed through or refused in words.

use store::memory::Fault;

use super::*;

#[tokio::test]
async fn with_a_full_store_hits_go_on_and_misses_are_passed_through() {
    let (world, kept, new) =
        (World::start().await, Module::new("example.test/m", "v1.0.0"), Module::new("example.test/m", "v1.1.0"));
    kept.serve(&world);
    new.serve(&world);
    world.on("/example.test/m/@v/list", [Play::ok("v1.0.0\nv1.1.0\n")]);
    let database = Sumdb::start(300, &[&kept, &new]).await;
    let (site, faults) = Setup::to(&world).sums(&database).faulty_site();
    for kind in ["info", "mod", "zip"] {
        site.get(&kept.url(kind)).await.expect("a file");
    }
    for fault in [Fault::Full, Fault::NotStored] {
        faults.then(Some(fault));
        assert_eq!(site.get(&kept.url("zip")).await, Ok(kept.zip.clone()), "{fault:?}: a hit");
        for (path, wanted) in [
            (new.url("info"), Bytes::from(new.info.clone())),
            (new.url("mod"), new.go_mod.clone().into()),
            (new.url("zip"), new.zip.clone()),
            ("/example.test/m/@v/list".into(), "v1.0.0\nv1.1.0\n".into()),
        ] {
            let (end, events) = site.answer(&path).await;
            let answer = end.unwrap_or_else(|reason| panic!("{fault:?} {path}: {reason}"));
            assert_eq!(answer.hot_for, Duration::ZERO, "{fault:?} {path}: it must be asked for again");
            assert_eq!(read(answer.body).await, Ok(wanted), "{fault:?} {path}");
            assert!(events.iter().any(|event| matches!(event, Event::NotKept(_))), "{fault:?} {path}: {events:?}");
        }
        for kind in [Kind::Info, Kind::Mod, Kind::Zip] {
            assert!(!site.keeps(&new, kind).await, "{fault:?}");
        }
    }
    faults.then(None);
    for (kind, file) in [(Kind::Info, "info"), (Kind::Mod, "mod"), (Kind::Zip, "zip")] {
        site.get(&new.url(file)).await.expect("a file");
        assert!(site.keeps(&new, kind).await, "{file}: kept as soon as there is room");
    }
}

#[tokio::test]
async fn a_large_zip_passes_through_a_full_store() {
    let (world, module) = (World::start().await, Module::large("example.test/m", "v1.0.0", 3 << 19));
    module.serve(&world);
    let (site, faults) = Setup::to(&world).faulty_site();
    faults.then(Some(Fault::Full));
    assert_eq!(site.get(&module.url("zip")).await, Ok(module.zip.clone()));
    site.landed().await;
    assert!(!site.keeps(&module, Kind::Zip).await);
    faults.then(None);
    assert_eq!(site.get(&module.url("zip")).await, Ok(module.zip.clone()));
    site.landed().await;
    assert!(site.keeps(&module, Kind::Zip).await);
}

/// The n-th write fails for each n: not stored, or stored and yet told as failed. Whatever was answered was right, and the next time is.
#[tokio::test]
async fn whichever_write_fails_nothing_wrong_is_served_or_kept() {
    let module = Module::new("example.test/m", "v1.0.0");
    let database = Sumdb::start(300, &[&module]).await;
    for fault in [Fault::NotStored, Fault::Stored, Fault::Full] {
        for kind in ["info", "mod", "zip"] {
            for number in 0..8 {
                let world = World::start().await;
                module.serve(&world);
                let (site, faults) = Setup::to(&world).sums(&database).faulty_site();
                faults.script((0..number).map(|_| None).chain([Some(fault)]));
                let wanted = match kind {
                    "info" => Bytes::from(module.info.clone()),
                    "mod" => module.go_mod.clone().into(),
                    _ => module.zip.clone(),
                };
                let line = format!("{fault:?} {kind} {number}");
                match site.get(&module.url(kind)).await {
                    Ok(body) => assert_eq!(body, wanted, "{line}"),
                    Err(text) => assert!(text.starts_with("store-"), "{line}: {text}"),
                }
                assert_eq!(site.get(&module.url(kind)).await, Ok(wanted.clone()), "{line}");
                drop(world);
                faults.then(None);
                assert_eq!(site.get(&module.url(kind)).await, Ok(wanted), "{line}: kept");
            }
        }
    }
}

/// A disk without room even for the temporary file of a zip.
#[tokio::test]
async fn a_zip_that_cannot_be_spooled_is_refused_in_words() {
    let (world, module) = (World::start().await, Module::new("example.test/m", "v1.0.0"));
    module.serve(&world);
    let store = memory::store().0;
    let site = Setup::new("a|b", &[("a", &world.url()), ("b", &world.url())])
        .site_on(Store { blobs: Arc::new(Spoolless(Arc::clone(&store.blobs))), ..store });
    let text = site.get(&module.url("zip")).await.expect_err("no room");
    assert!(text.starts_with("store-full: no space left"), "{text}");
    assert_eq!(world.seen().len(), 1, "another upstream would not help");
    assert_eq!(site.get(&module.url("mod")).await, Ok(module.go_mod.clone().into()));
}

/// Its temporary files are on a device that is always full.
struct Spoolless(Arc<dyn store::Blobs>);

#[async_trait::async_trait]
impl store::Blobs for Spoolless {
    fn stage(&self) -> std::io::Result<store::Stage> {
        let file = std::fs::OpenOptions::new().read(true).write(true).open("/dev/full")?;
        let unused = tempfile::NamedTempFile::new()?.into_temp_path();
        let path = store::blobs::TempPath::new(unused.keep().map_err(|error| error.error)?);
        Ok(store::Stage { file: Arc::new(file), path })
    }
    async fn put(&self, stage: store::Stage, digest: store::Digest, size_bytes: u64) -> std::io::Result<()> {
        self.0.put(stage, digest, size_bytes).await
    }
    async fn put_bytes(&self, bytes: Bytes) -> std::io::Result<store::Digest> {
        self.0.put_bytes(bytes).await
    }
    async fn open(&self, digest: store::Digest, size_bytes: u64) -> std::io::Result<Option<store::Blob>> {
        self.0.open(digest, size_bytes).await
    }
}
