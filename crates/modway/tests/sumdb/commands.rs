//! `modway sumdb init` and `modway sumdb env`, as a shell sees them.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use gomod::sumdb::note::{SignerKey, VerifierKey};
use serde_json::Value;

/// `modway` with these arguments in `folder` and nothing of this machine's environment: exit code, standard output, standard error.
pub(crate) fn modway(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_modway"));
    command.args(arguments).env_clear().env("HOME", folder).current_dir(folder).stdin(Stdio::null());
    let output = command.output().expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

/// A key file of this name, and a configuration with these lines in `[sumdb.private]`.
fn configured(folder: &Path, name: &str, records: &str) -> PathBuf {
    let (code, _, said) = modway(folder, &["sumdb", "init", name]);
    assert_eq!(code, Some(0), "{said}");
    let path = folder.join("modway.toml");
    let text = format!(
        "[sumdb]\ngosumdb = \"off\"\ngonosumdb = \"corp.example\"\n[sumdb.private]\nkey_file = \"sumdb.key\"\nrecords = \"{records}\"\n\
         [[route]]\nmatch = \"*\"\nupstreams = \"off\"\n"
    );
    fs::write(&path, text).expect("a file");
    path
}

#[test]
fn a_key_is_made_for_its_owner_alone_and_never_printed() {
    let folder = folder();
    let (code, printed, said) = modway(folder.path(), &["sumdb", "init", "corp.example/sumdb", "--key", "k/../sumdb.key"]);
    assert_eq!((code, printed.as_str()), (Some(3), ""), "{said}");
    let (code, printed, said) = modway(folder.path(), &["sumdb", "init", "corp.example/sumdb"]);
    assert_eq!(code, Some(0), "{said}");
    let path = folder.path().join("sumdb.key");
    assert_eq!(fs::metadata(&path).expect("the key").permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(&path).expect("the key");
    let key = SignerKey::parse(text.trim_end()).expect("a key that signs");
    let verifier = VerifierKey::parse(printed.lines().next().expect("a line")).expect("a key that verifies");
    assert_eq!((key.verifier(), key.name()), (verifier, "corp.example/sumdb"));
    assert!(!printed.contains("PRIVATE+KEY") && !said.contains("PRIVATE+KEY"), "{printed}{said}");
    let secret = key.reveal();
    let secret = secret.splitn(5, '+').last().expect("its last part");
    assert!(!printed.contains(secret) && !said.contains(secret));
}

#[test]
fn what_is_to_be_configured_fits_what_the_key_is_for() {
    let folder = folder();
    for (flags, table) in [(&["--witness"][..], "[witness]\n"), (&["--audit"], "[audit]\n"), (&[], "[sumdb.private]\n")] {
        let file = format!("of{}.key", flags.concat());
        let (code, printed, said) = modway(folder.path(), &[&["sumdb", "init", "a.example", "--key", &file], flags].concat());
        let tables: Vec<&str> =
            ["[witness]\n", "[audit]\n", "[sumdb.private]\n"].into_iter().filter(|table| printed.contains(table)).collect();
        assert_eq!((code, tables.as_slice()), (Some(0), [table].as_slice()), "{printed}{said}");
        assert!(printed.contains(&format!("{file}\"\n")), "{printed}");
    }
}

#[test]
fn no_two_keys_are_the_same() {
    let keys: Vec<String> = (0..3)
        .map(|_| {
            let folder = folder();
            modway(folder.path(), &["sumdb", "init", "a.example"]);
            fs::read_to_string(folder.path().join("sumdb.key")).expect("a key")
        })
        .collect();
    assert!(keys[0] != keys[1] && keys[1] != keys[2] && keys[0] != keys[2]);
}

#[test]
fn a_file_that_is_there_is_not_overwritten_and_no_link_is_followed() {
    let folder = folder();
    fs::write(folder.path().join("sumdb.key"), "precious").expect("a file");
    let (code, printed, said) = modway(folder.path(), &["sumdb", "init", "a.example"]);
    assert_eq!((code, printed.as_str()), (Some(2), ""));
    assert!(said.contains("sumdb.key is there already, and is not overwritten"), "{said}");
    assert_eq!(fs::read_to_string(folder.path().join("sumdb.key")).expect("the file"), "precious");
    symlink(folder.path().join("elsewhere"), folder.path().join("link")).expect("a link");
    let (code, ..) = modway(folder.path(), &["sumdb", "init", "a.example", "--key", "link"]);
    assert_eq!(code, Some(2));
    assert!(!folder.path().join("elsewhere").exists());
}

#[test]
fn a_name_that_the_go_command_could_not_have_makes_no_key() {
    for name in ["", "a b", "a+b", "https://a.example", "a.example/", "/a", "a.example/lookup/b", "a.example/../b", "a.example?b"]
    {
        let folder = folder();
        let (code, printed, said) = modway(folder.path(), &["sumdb", "init", name]);
        assert_eq!((code, printed.as_str()), (Some(2), ""), "{name}: {said}");
        assert!(said.contains("cannot be the name of a checksum database"), "{name}: {said}");
        assert!(!folder.path().join("sumdb.key").exists(), "{name}");
    }
}

#[test]
fn what_was_made_can_be_configured_and_read_by_a_program() {
    let folder = folder();
    let (code, printed, _) = modway(folder.path(), &["sumdb", "init", "a.example", "--json"]);
    let made: Value = serde_json::from_str(&printed).expect("JSON");
    assert_eq!((code, &made["version"], &made["name"]), (Some(0), &1.into(), &"a.example".into()));
    let text = format!(
        "[sumdb]\ngosumdb = \"off\"\n[sumdb.private]\nkey_file = {}\nrecords = \"all\"\n",
        made["key_file"].to_string().as_str()
    );
    fs::write(folder.path().join("modway.toml"), text).expect("a file");
    let (code, printed, _) = modway(folder.path(), &["config", "check", "modway.toml"]);
    assert_eq!(code, Some(0), "{printed}");
    assert!(printed.ends_with("the configuration is good\n"), "{printed}");
}

#[test]
fn a_client_is_told_what_it_sets_in_the_language_of_its_shell() {
    let folder = folder();
    configured(folder.path(), "sumdb.corp.example", "all");
    let env = |more: &[&str]| modway(folder.path(), &[&["sumdb", "env", "--config", "modway.toml"], more].concat());
    let key = SignerKey::parse(fs::read_to_string(folder.path().join("sumdb.key")).expect("a key").trim_end()).expect("a key");
    let key = key.verifier().to_string();
    let set = |form: &str| {
        let settings = [("GOPROXY", "https://go.corp.example"), ("GOSUMDB", &key), ("GONOPROXY", "none"), ("GONOSUMDB", "none")];
        settings.map(|(name, value)| form.replace("NAME", name).replace("VALUE", value)).concat()
    };
    for (shell, form) in [
        ("sh", "export NAME='VALUE'\n"),
        ("fish", "set -gx NAME 'VALUE'\n"),
        ("powershell", "$env:NAME = 'VALUE'\n"),
        ("go", "go env -w NAME='VALUE'\n"),
    ] {
        let (code, printed, said) = env(&["--url", "https://go.corp.example/", "--shell", shell]);
        let settings: String = printed.lines().filter(|line| !line.starts_with('#')).map(|line| format!("{line}\n")).collect();
        assert_eq!((code, settings), (Some(0), set(form)), "{said}");
        assert!(printed.starts_with("# sumdb.corp.example gives a record to each module"), "{printed}");
        assert!(printed.contains("\n# Not proven to anybody: public records."), "{printed}");
    }
    let (_, printed, _) = env(&[]);
    assert!(printed.contains("export GOPROXY='http://127.0.0.1:8080'"), "{printed}");
    let path = folder.path().join("modway.toml");
    let with_database =
        fs::read_to_string(&path).expect("a file").replace("gosumdb = \"off\"", "gosumdb = \"sum.golang.google.cn\"");
    fs::write(&path, with_database).expect("a file");
    let (_, printed, _) = env(&["--json"]);
    assert!(printed.contains("that a public record is the one of sum.golang.org; modway compares"), "{printed}");
    let told: Value = serde_json::from_str(&printed).expect("JSON");
    assert_eq!(
        (&told["version"], &told["database"]["records"], &told["settings"]["GOSUMDB"]),
        (&1.into(), &"all".into(), &key.into())
    );
}

#[test]
fn with_records_of_private_modules_only_it_says_what_a_client_cannot_prove() {
    let folder = folder();
    configured(folder.path(), "sumdb.corp.example", "private");
    let (code, printed, _) = modway(folder.path(), &["sumdb", "env", "--config", "modway.toml"]);
    assert_eq!(code, Some(0));
    for words in [
        "The go command knows one checksum database",
        "public modules are refused, unless GONOSUMDB names them",
        "toolchains are refused whatever GONOSUMDB says",
        "With records = \"all\"",
        "export GOTOOLCHAIN='local'",
    ] {
        assert!(printed.contains(words), "{words}: {printed}");
    }
}

#[test]
fn what_cannot_be_told_is_said() {
    let folder = folder();
    configured(folder.path(), "sumdb.corp.example", "all");
    let check = |arguments: &[&str], words: &str| {
        let (code, printed, said) = modway(folder.path(), arguments);
        assert_eq!((code, printed.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(said.contains(words), "{arguments:?}: {said}");
    };
    check(&["sumdb", "env"], "no checksum database of our own is configured");
    let configured = ["sumdb", "env", "--config", "modway.toml"];
    check(&[&configured[..], &["--listen", "127.0.0.1:0"]].concat(), "say --url URL");
    for url in ["go.corp.example", "https://a'b.example", "https://u:p@a.example", "https://a,https://b", "direct"] {
        check(&[&configured[..], &["--url", url]].concat(), "");
    }
}

#[test]
fn where_no_store_is_nothing_is_made_and_nothing_is_lost() {
    let folder = folder();
    configured(folder.path(), "corp.example/sumdb", "private");
    let (code, printed, said) = modway(folder.path(), &["sumdb", "init", "audit.example", "--key", "audit.key"]);
    assert_eq!(code, Some(0), "{said}");
    let key = printed.lines().next().expect("the key");
    let config = fs::read_to_string(folder.path().join("modway.toml")).expect("it was written");
    let more = "[store]\npath = \"mistyped\"\n[audit]\nkey_file = \"audit.key\"\n";
    fs::write(folder.path().join("modway.toml"), format!("{config}{more}")).expect("a file");
    fs::create_dir(folder.path().join("empty")).expect("a folder");
    fs::write(folder.path().join("last.jsonl"), "the export of before").expect("a file");
    let check = |arguments: &[&str], place: &str| {
        let (code, printed, said) = modway(folder.path(), arguments);
        assert_eq!((code, printed.as_str()), (Some(3), ""), "{arguments:?}: {said}");
        let words = format!("{place}: there is no store here, since it has no file ");
        assert!(said.contains(&words) && said.contains("name the folder of the server's store"), "{arguments:?}: {said}");
    };
    check(&["sumdb", "audit", "empty", "--key", key], "empty");
    check(&["sumdb", "audit", "corp.example/sumdb", "--config", "modway.toml"], "mistyped");
    check(&["sumdb", "export-audit", "--config", "modway.toml", "--output", "last.jsonl"], "mistyped");
    check(&["store", "check", "--config", "modway.toml"], "mistyped");
    check(&["store", "check", "--store", "empty"], "empty");
    assert!(!folder.path().join("mistyped").exists());
    assert_eq!(fs::read_dir(folder.path().join("empty")).expect("the folder").count(), 0);
    assert_eq!(fs::read_to_string(folder.path().join("last.jsonl")).expect("the file"), "the export of before");
}
