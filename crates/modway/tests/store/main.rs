//! `modway store check` as it is typed.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::{Mutex, PoisonError},
};

use serde_json::Value;
use store::{Kind, Part, Store, fs::Layout, stock::Stock};
use tempfile::TempDir;
use testkit::modules::Module;

/// Held while a store is open in this process and while another one is started: until that one runs its own program, it has all that is open here,
/// the lock of a store as well.
static STARTING: Mutex<()> = Mutex::new(());

/// Runs `command` to its end.
fn run(command: &mut Command) -> Output {
    let starting = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    drop(starting);
    child.and_then(std::process::Child::wait_with_output).expect("modway runs")
}

/// A folder with a store in it, which has three files of one version.
struct Home {
    folder: TempDir,
    module: Module,
    zip: PathBuf,
}

impl Home {
    fn new() -> Self {
        let _alone = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
        let (folder, module) = (TempDir::new().expect("a folder"), Module::large("example.test/m", "v1.0.0", 100_000));
        let files = [
            (Kind::Info, module.info.clone().into(), None),
            (Kind::Mod, module.go_mod.clone().into(), Some(module.mod_h1.clone())),
            (Kind::Zip, module.zip.clone(), Some(module.zip_h1.clone())),
        ];
        let store = Store::open_embedded(&folder.path().join("store")).expect("a store");
        let mut zip = PathBuf::new();
        tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
            for (kind, bytes, h1) in files {
                let (bytes, vouched): (bytes::Bytes, _) = (bytes, "waived GOSUMDB=off".to_owned());
                let (size_bytes, digest) = (bytes.len() as u64, store.blobs.put_bytes(bytes).await.expect("put"));
                let part = Part { digest, size_bytes, h1, vouched, origin: "there".into(), kept_at: 1 };
                store.index.keep(&module.path, &module.version, kind, part).await.expect("kept");
                zip = Layout::open(&folder.path().join("store")).expect("a layout").blob(digest);
            }
        });
        Self { folder, module, zip }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn flip(&self) {
        let mut bytes = fs::read(&self.zip).expect("a blob");
        bytes[5000] ^= 4;
        fs::write(&self.zip, bytes).expect("written");
    }

    fn check(&self, flags: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_modway"));
        command.args(["store", "check", "--store"]).arg(self.path().join("store")).args(flags);
        run(command.env_clear().env("HOME", self.path()).env("PATH", "/nowhere"))
    }

    /// Exit code and standard output; nothing is said besides, and no bar is drawn where no terminal is.
    #[track_caller]
    fn said(&self, flags: &[&str]) -> (i32, String) {
        let output = self.check(flags);
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        (output.status.code().expect("a code"), String::from_utf8(output.stdout).expect("text"))
    }

    fn json(&self, flags: &[&str]) -> (i32, Value) {
        let (code, text) = self.said(&[&["--json"], flags].concat());
        (code, serde_json::from_str(&text).expect("JSON"))
    }
}

#[test]
fn a_store_that_is_right_ends_with_0() {
    let home = Home::new();
    let (code, text) = home.said(&[]);
    assert_eq!(code, 0, "{text}");
    assert!(text.starts_with("3 files of 1 version, 98.1 KiB, read in "), "{text}");
    assert!(text.ends_with("; 0 versions held against a checksum database\nall of it is right\n"), "{text}");
    let (code, text) = home.said(&["--lang", "zh"]);
    assert!(code == 0 && text.ends_with("全部正确\n"), "{text}");
}

#[test]
fn what_is_damaged_is_told_put_aside_and_ends_with_1() {
    let home = Home::new();
    home.flip();
    let (code, text) = home.said(&[]);
    assert_eq!(code, 1, "{text}");
    let line = "example.test/m/@v/v1.0.0.zip: the bytes are not those that were kept; put aside\n";
    assert!(text.starts_with(line), "{text}");
    assert!(text.contains("\n1 finding; what was put aside lies in the folder quarantine"), "{text}");
    assert!(!home.zip.exists());
    assert_eq!(home.said(&[]).0, 0);
}

#[test]
fn a_dry_run_and_one_beside_a_server_change_nothing() {
    let home = Home::new();
    home.flip();
    let server = Store::open_embedded(&home.path().join("store")).expect("the store");
    let (code, text) = home.said(&[]);
    assert!(code == 1 && text.contains("a server uses this store, so nothing was changed"), "{text}");
    drop(server);
    let (code, text) = home.said(&["--dry", "--lang", "zh"]);
    assert!(code == 1 && text.contains("example.test/m/@v/v1.0.0.zip：内容与保存时不同\n"), "{text}");
    assert!(text.contains("没有做任何改动（--dry）"), "{text}");
    assert!(home.zip.exists());
}

#[test]
fn programs_get_a_document() {
    let home = Home::new();
    let (code, document) = home.json(&[]);
    assert_eq!((code, &document["good"], &document["held"]), (0, &true.into(), &"alone".into()));
    let length = (home.module.info.len() + home.module.go_mod.len() + home.module.zip.len()) as u64;
    assert_eq!((&document["files"], &document["size_bytes"]), (&3.into(), &length.into()));
    home.flip();
    let (code, document) = home.json(&["--dry"]);
    assert_eq!(
        (code, &document["good"], &document["held"], &document["found"]),
        (1, &false.into(), &"reading".into(), &1.into())
    );
    let finding = &document["findings"][0];
    assert_eq!((&finding["path"], &finding["code"]), (&"example.test/m/@v/v1.0.0.zip".into(), &"damaged".into()));
    assert_eq!(finding["put_aside"], false);
}

#[test]
fn what_cannot_be_proven_ends_with_3_and_mistakes_with_2() {
    let home = Home::new();
    let none = run(Command::new(env!("CARGO_BIN_EXE_modway")).args(["store", "check", "--store", "/none/there"]).env_clear());
    assert_eq!(none.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&none.stderr).contains("/none/there: there is no store here"), "{none:?}");

    let config = home.path().join("modway.toml");
    fs::write(&config, "[sumdb]\ngosumdb = \"no key\"\n").expect("written");
    let wrong = home.check(&["--config", config.to_str().expect("UTF-8")]);
    assert_eq!(wrong.status.code(), Some(2), "{wrong:?}");
    assert_eq!(home.check(&["--nonsense"]).status.code(), Some(2));
}

#[test]
fn what_is_missing_is_not_said_to_be_put_aside() {
    let home = Home::new();
    fs::remove_file(&home.zip).expect("removed");
    let (code, text) = home.said(&[]);
    let line = "example.test/m/@v/v1.0.0.zip: the record names bytes that are not there; will be fetched again\n";
    assert!(code == 1 && text.starts_with(line), "{text}");
    assert!(
        text.contains("\n1 finding; what is missing is fetched again when asked for") && !text.contains("quarantine"),
        "{text}"
    );
    assert_eq!(home.said(&[]).0, 0);
}

#[test]
fn what_cannot_be_read_is_left_and_ends_with_3() {
    let home = Home::new();
    fs::remove_file(&home.zip).expect("removed");
    std::os::unix::fs::symlink(&home.zip, &home.zip).expect("a link to itself, which nobody can open");
    let (code, text) = home.said(&[]);
    assert!(code == 3 && text.starts_with("example.test/m/@v/v1.0.0.zip: cannot be read: "), "{text}");
    assert!(text.contains("\n1 finding; what cannot be read was left: see to the disk"), "{text}");
    assert!(home.zip.symlink_metadata().is_ok());
    assert_eq!(home.said(&[]).0, 3);
}

#[test]
fn an_index_that_cannot_be_read_is_the_operators_to_restore() {
    let home = Home::new();
    let index = home.path().join("store/index.sqlite");
    let told = |what: &str| {
        let output = home.check(&[]);
        assert_eq!((output.status.code(), &*output.stdout), (Some(3), &b""[..]), "{output:?}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(what) && said.contains("from a backup"), "{said}");
    };
    for beside in ["index.sqlite-wal", "index.sqlite-shm"] {
        let _ = fs::remove_file(index.with_file_name(beside));
    }
    fs::write(&index, [0xff; 9000]).expect("written");
    told("index.sqlite: file is not a database");
    fs::remove_file(&index).expect("removed");
    told("there is no store here");
}

#[test]
fn a_server_does_not_start_while_a_store_is_put_right() {
    let home = Home::new();
    let _held = Stock::open(&home.path().join("store"), true).expect("the store");
    let (code, document) = home.json(&[]);
    assert_eq!((code, &document["held"]), (0, &"beside".into()));
    let mut server = Command::new(env!("CARGO_BIN_EXE_modway"));
    server.args(["serve", "--listen", "127.0.0.1:0", "--store"]).arg(home.path().join("store"));
    let end = run(server.env_clear().env("HOME", home.path()));
    assert_eq!(end.status.code(), Some(3), "{end:?}");
}
