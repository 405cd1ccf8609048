//! What must hold for every input of every parser of gomod: one function per target, which panics where it does not.
//!
//! `fuzz_targets/` gives these to libFuzzer; `crates/gomod/tests/seeds.rs` replays `seeds/` through them on the stable toolchain.
//! The common promise, that nothing panics and nothing takes for ever, needs no line here.

mod journey;

use std::io::Cursor;

use gomod::goenv::{GoAuth, GoVcs, Method, Netrc, SumdbSetting, goflags};
use gomod::goimport::{Discovery, Known, Page, RepoRoot, Step, Vcs, look_up};
use gomod::goproxy::{GoProxyList, GoUrl, Outcome, Privacy, Source, Verdict};
use gomod::info::Info;
use gomod::list::VersionList;
use gomod::module::{self, ModulePath, Rev, Version};
use gomod::pattern::Patterns;
use gomod::sumdb::checkpoint::{Checkpoint, data_tile_body, entry_bundle, parse_tile_path, tile_path as auditors_path};
use gomod::sumdb::cosign::{Cosigner, WitnessKey};
use gomod::sumdb::note::{self, Signature, SignerKey, VerifierKey};
use gomod::sumdb::record::{Record, check_text};
use gomod::sumdb::tile::{Tile, records};
use gomod::sumdb::tlog::{self, Hash, Tree};
use gomod::time::Time;
use gomod::zip::check::check_zip;
use gomod::{modfile, pseudo, semver};

pub use journey::journey;

/// One target: its name and its promises.
pub type Target = (&'static str, fn(&[u8]));

/// All targets, as `fuzz_targets/` and `seeds/` name them.
pub const TARGETS: &[Target] = &[
    ("module_path", module_path),
    ("version", version),
    ("pseudo_version", pseudo_version),
    ("pattern", pattern),
    ("goproxy", goproxy),
    ("gosumdb", gosumdb),
    ("netrc", netrc),
    ("import_path", import_path),
    ("go_import", go_import),
    ("govcs", govcs),
    ("mod_file", mod_file),
    ("info", info),
    ("list", list),
    ("note_text", note_text),
    ("tree", tree),
    ("record", record),
    ("tile_path", tile_path),
    ("proof", proof),
    ("checkpoint", checkpoint),
    ("sums", sums),
    ("entries", entries),
    ("cosignature", cosignature),
    ("go_auth", go_auth),
    ("go_flags", go_flags),
    ("zip", zip),
    ("journey", journey),
];

/// Paths: escaping and splitting go both ways.
pub fn module_path(data: &[u8]) {
    let _ = module::check_file_path_bytes(data);
    let Ok(text) = str::from_utf8(data) else { return };
    let _ = module::check_import_path(text);
    if let Ok(path) = module::unescape_path(text) {
        assert_eq!(module::escape_path(&path).as_deref(), Ok(text), "there is one escaped form");
    }
    if let Ok(path) = ModulePath::parse(text) {
        assert_eq!(ModulePath::unescape(&path.escaped()).as_ref(), Ok(&path));
    }
    if let Some((prefix, major)) = module::split_path_version(text) {
        assert_eq!(format!("{prefix}{major}"), text);
    }
}

/// Versions: canonical forms stay, escaping goes both ways, order is an order.
pub fn version(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let canonical = semver::canonical(text);
    assert_eq!(semver::canonical(&canonical), canonical);
    assert_eq!(semver::is_valid(text), !canonical.is_empty());
    assert!(semver::compare(text, &canonical).is_eq());
    if let Ok(rev) = Rev::parse(text)
        && let Ok(again) = Rev::unescape(&rev.escaped())
    {
        assert_eq!(again, rev);
    }
    if let Ok(version) = Version::parse(text) {
        assert_eq!(Version::unescape(&version.escaped()), Ok(version));
    }
    let (one, other) = text.split_at(text.floor_char_boundary(text.len() / 2));
    assert_eq!(semver::compare(one, other), semver::compare(other, one).reverse());
}

/// Pseudo-versions: what is taken apart can be put together again.
pub fn pseudo_version(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let Ok(parsed) = pseudo::parse(text) else { return };
    assert!(pseudo::is_pseudo_version(text));
    let (Ok(time), Ok(base)) = (parsed.time(), parsed.base()) else { return };
    assert_eq!(time.timestamp(), parsed.timestamp());
    // Only +incompatible is kept in a base that is a version; other metadata makes no such version.
    let built = pseudo::build(semver::major(text), &base.unwrap_or_default(), &time, parsed.rev());
    assert_eq!(built, text);
}

/// Patterns (first line) against a path (the rest): what matched is in the list.
pub fn pattern(data: &[u8]) {
    let Some((list, path)) = str::from_utf8(data).ok().and_then(|text| text.split_once('\n')) else { return };
    let patterns = Patterns::parse(list);
    if let Some(found) = patterns.find(path) {
        assert!(patterns.iter().any(|pattern| pattern == found));
        // One that still ends in a slash would lose that one too.
        assert!(found.ends_with('/') || Patterns::parse(found).find(path) == Some(found), "it matches alone too");
    }
}

/// GOPROXY lists: the invariants of the type, and every walk ends.
pub fn goproxy(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    if let Ok(url) = GoUrl::parse(text) {
        let _ = (url.to_string(), url.path(), url.credentials(), url.below("m.test/!x/@v/list"));
    }
    let Ok(list) = GoProxyList::parse(text) else { return };
    let (last, front) = list.entries().split_last().expect("a list has an entry");
    assert!(front.iter().all(|entry| !matches!(entry.source, Source::Direct | Source::Off)));
    let _ = last.to_string();
    for (privacy, bits) in [(Privacy::Public, 0), (Privacy::Private, 1), (Privacy::Public, data.len())] {
        let mut walk = list.walk(privacy);
        for step in 0..=list.entries().len() {
            match walk.here() {
                Some(_) => walk.answer(if bits >> (step % 8) & 1 == 0 { Outcome::NotExist } else { Outcome::Failed }),
                None => break,
            }
        }
        assert!(walk.here().is_none(), "nobody is asked twice");
        assert_ne!(walk.verdict(), Verdict::Unfinished);
    }
}

/// GOSUMDB.
pub fn gosumdb(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    if let Ok(SumdbSetting::Database { name, key, .. }) = SumdbSetting::parse(text) {
        assert!(key.starts_with(&name) && !name.ends_with('/'));
    }
}

/// netrc: the first line is the URL. A login that is found has both its parts.
pub fn netrc(data: &[u8]) {
    let Some((url, text)) = str::from_utf8(data).ok().and_then(|text| text.split_once('\n')) else { return };
    if let Some(login) = Netrc::parse(text).find(url) {
        assert!(!login.login.is_empty() && !login.password.is_empty());
        let open = format!("{}{}", login.login, login.machine);
        assert!(open.contains(&login.password) || !format!("{login:?}").contains(&login.password) || login.password.len() < 8);
    }
}

/// Import paths: a root is a prefix of its path, and leads to its own host.
pub fn import_path(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    match look_up(text) {
        Ok(Known::Root(root)) => {
            check_root(text, &root);
            assert_eq!(root.url, format!("https://{}", root.root));
        }
        Ok(Known::Suffix(suffix)) => {
            check_root(text, &suffix.at("https"));
            assert_eq!(suffix.root, format!("{}.{}", suffix.repo, suffix.vcs));
        }
        Ok(Known::Page) => {}
        Err(error) => drop(error.to_string()),
    }
}

/// Pages of `?go-get=1`, the root's after a line with a dash if it is another: at most two are asked for, and what is found is safe to use.
pub fn go_import(data: &[u8]) {
    let cut = data.windows(3).position(|window| window == b"\n-\n");
    let pages = cut.map_or((data, data), |cut| (&data[..cut], &data[cut + 3..]));
    let module = ModulePath::parse("x.test/lib/a").expect("a good path");
    let first = Discovery::new(&module);
    let second = match first.clone().answer(&Page::read(&first.url("https"), "200 OK", "", pages.0)) {
        Ok(Step::Ask(second)) => second,
        Ok(Step::Found(root)) => return check_root(module.as_str(), &root),
        Err(error) => return drop(error.to_string()),
    };
    assert!(second.import_path().len() < module.as_str().len());
    match second.clone().answer(&Page::read(&second.url("https"), "200 OK", "", pages.1)) {
        Ok(Step::Ask(_)) => panic!("two pages are enough"),
        Ok(Step::Found(root)) => check_root(module.as_str(), &root),
        Err(error) => drop(error.to_string()),
    }
}

/// The invariants of [`RepoRoot`].
fn check_root(path: &str, root: &RepoRoot) {
    let rest = path.strip_prefix(&root.root).expect("the root is a prefix");
    assert!(rest.is_empty() || rest.starts_with('/') || root.root.ends_with('/'));
    let (scheme, _) = root.url.split_once(':').expect("there is a scheme");
    assert!(!scheme.eq_ignore_ascii_case("file") && !root.url.starts_with('-') && !root.subdir.starts_with(['-', '/']));
    assert!(!root.url.bytes().any(|byte| byte.is_ascii_control() || byte == b' '));
    assert!(root.subdir.split('/').all(|element| element != ".."));
}

/// GOVCS (first line) for a root (the rest): Go's own rules decide if nothing else does.
pub fn govcs(data: &[u8]) {
    let Some((govcs, root)) = str::from_utf8(data).ok().and_then(|text| text.split_once('\n')) else { return };
    let private = Patterns::parse("*.corp.test");
    match GoVcs::parse(govcs) {
        Ok(govcs) => match govcs.check(Vcs::Git, root, &private) {
            Ok(rule) => assert!(rule.to_string().contains(':')),
            Err(no) => assert!(!no.rule.is_empty() && no.private == private.find(root).is_some()),
        },
        Err(error) => drop(error.to_string()),
    }
}

/// go.mod: what is good strictly is good laxly.
pub fn mod_file(data: &[u8]) {
    let _ = modfile::module_path(data);
    let lax = modfile::parse_lax("go.mod", data);
    match modfile::parse("go.mod", data) {
        Ok(strict) => assert_eq!(lax.expect("it is good strictly").module, strict.module),
        Err(error) => assert!(!error.faults.is_empty() && !error.to_string().is_empty()),
    }
}

/// `.info`: byte for byte.
pub fn info(data: &[u8]) {
    match Info::parse(data) {
        Ok(info) => {
            assert_eq!(info.bytes(), data);
            // An offset can lead out of the years that can be written.
            if Time::from_unix_seconds(info.time().unix_seconds()).is_some() {
                let written = Info::write(info.version(), info.time(), info.origin());
                assert_eq!(Info::parse(written.bytes()).as_ref(), Ok(&written));
            }
        }
        Err(error) => drop(error.to_string()),
    }
}

/// Lists: what is given is valid and in order.
pub fn list(data: &[u8]) {
    let list = VersionList::parse(data);
    let versions = list.versions();
    assert!(versions.iter().all(|version| semver::is_valid(version)));
    assert!(versions.is_sorted_by(|one, other| semver::compare(one, other).is_le()));
    assert!(list.latest().is_none_or(|latest| semver::is_valid(&latest)));
}

/// Signed notes: nothing unsigned is believed, everything signed is.
pub fn note_text(data: &[u8]) {
    let signer = SignerKey::from_seed("fuzz.example", &[7; 32]).expect("a good name");
    let verifier = signer.verifier();
    if let Ok(note) = note::open(data, &[&verifier]) {
        assert!(!note.signatures().is_empty() && note.text().ends_with('\n'));
    }
    let Ok(text) = str::from_utf8(data) else { return };
    if let Ok(key) = VerifierKey::parse(text) {
        assert_eq!(VerifierKey::parse(&key.to_string()), Ok(key));
    }
    if let Ok(message) = note::sign(text, &[], &[&signer]) {
        let note = note::open(message.as_bytes(), &[&verifier]).expect("just signed");
        assert_eq!(note.text(), text);
    }
}

/// Tree heads.
pub fn tree(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    if let Ok(tree) = Tree::parse(text) {
        let printed = tree.to_string();
        assert_eq!(Tree::parse(&printed), Ok(tree));
        assert!(text.lines().take(2).eq(printed.lines().take(2)), "the size has one form");
    }
}

/// Records of lookups.
pub fn record(data: &[u8]) {
    if let Ok((id, text, rest)) = tlog::parse_record(data) {
        let mut printed = tlog::format_record(id, text).expect("just parsed").into_bytes();
        printed.extend(rest);
        assert_eq!(tlog::parse_record(&printed), Ok((id, text, rest)));
    }
}

/// Tile paths: one form each.
pub fn tile_path(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    if let Ok(tile) = Tile::parse(text) {
        assert_eq!(tile.to_string(), text);
        assert!(tile.full().is_full());
        if let Some(path) = auditors_path(&tile) {
            assert_eq!(parse_tile_path(&path), Ok(tile));
        }
    }
    if let Ok(tile) = parse_tile_path(text) {
        assert_eq!(auditors_path(&tile).as_deref(), Some(text));
        assert!(Tile::parse(text).is_err(), "no path is one of both forms");
    }
}

/// Proofs: 16 bytes of numbers, then hashes. Random ones are never believed, but for the trees whose proofs are empty.
pub fn proof(data: &[u8]) {
    let Some((numbers, hashes)) = data.split_first_chunk::<16>() else { return };
    let [size, part] = [&numbers[..8], &numbers[8..]].map(|bytes| u64::from_le_bytes(bytes.try_into().expect("eight bytes")));
    let hashes: Vec<Hash> = hashes.as_chunks::<32>().0.iter().map(|bytes| Hash(*bytes)).collect();
    let [root, leaf, proof @ ..] = &hashes[..] else { return };
    if tlog::check_record(proof, size, root, part, leaf).is_ok() {
        assert!(part < size && (size > 1 || root == leaf));
    }
    if tlog::check_tree(proof, size, root, part, leaf).is_ok() {
        assert!(part <= size && (size != part || root == leaf));
    }
}

/// Checkpoints print back, and one that is signed is read again.
pub fn checkpoint(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let Ok(checkpoint) = Checkpoint::parse(text) else { return };
    assert_eq!(checkpoint.to_string(), text);
    let signer = SignerKey::from_seed("fuzz.example", &[7; 32]).expect("a good name");
    if let Ok(message) = note::sign(text, &[], &[&signer]) {
        assert_eq!(note::text(message.as_bytes()), Ok(text));
    }
}

/// The records of versions: two lines, which print back and can stand in a log.
pub fn sums(data: &[u8]) {
    if let Ok(record) = Record::parse(data) {
        assert_eq!(record.to_string().as_bytes(), data);
        assert!(check_text(data).is_ok());
        assert_eq!(record.key(), format!("{}@{}", record.module(), record.version()));
    }
}

/// Records in a tile and in a bundle: each form makes the other again, and no record changes what stands around it.
pub fn entries(data: &[u8]) {
    if let Some(texts) = records(data) {
        let joined: Vec<u8> = texts.iter().flat_map(|text| [text, &b"\n"[..]].concat()).collect();
        assert_eq!(joined, data);
        let are_records = texts.iter().all(|text| check_text(text).is_ok());
        match entry_bundle(data) {
            Ok(bundle) => assert_eq!(data_tile_body(&bundle).is_ok_and(|body| body == data), are_records),
            Err(_) => assert!(!are_records),
        }
    }
    if let Ok(body) = data_tile_body(data) {
        assert_eq!(entry_bundle(&body).as_deref(), Ok(data));
        assert!(records(&body).is_some_and(|texts| texts.iter().all(|text| check_text(text).is_ok())));
    }
    if check_text(data).is_ok() {
        assert_eq!(records(&[data, b"\n"].concat()), Some(vec![data]));
    }
}

/// Cosignatures: eight bytes of time, then the text, a key or a signature. What is made holds, and nothing else does.
pub fn cosignature(data: &[u8]) {
    let Some((time, rest)) = data.split_first_chunk::<8>() else { return };
    let (time, Ok(text)) = (u64::from_be_bytes(*time), str::from_utf8(rest)) else { return };
    let cosigner = Cosigner::from_seed("fuzz.example/w", &[7; 32]).expect("a good name");
    let (key, signer) = (cosigner.verifier(), SignerKey::from_seed("fuzz.example", &[7; 32]).expect("a good name"));
    if let Ok(signature) = cosigner.sign(text, time) {
        assert_eq!(key.verify(text, &signature), Ok(time));
        if let Ok(message) = note::sign(text, std::slice::from_ref(&signature), &[&signer]) {
            let note = note::open(message.as_bytes(), &[&signer.verifier()]).expect("just signed");
            assert_eq!(key.find(&note), Ok(Some((&signature, time))));
        }
    }
    let made_up = Signature { name: key.name().to_owned(), hash: key.hash(), base64: text.trim_end().to_owned() };
    assert!(key.verify("fuzz.example\n", &made_up).is_err());
    if let Ok(key) = WitnessKey::parse(text) {
        assert_eq!(WitnessKey::parse(&key.to_string()), Ok(key));
        assert!(VerifierKey::parse(text).is_err(), "a key has one use");
    }
    if let Ok(cosigner) = Cosigner::parse(text) {
        assert_eq!(Cosigner::parse(&cosigner.reveal()).expect("it is one").verifier(), cosigner.verifier());
        assert!(SignerKey::parse(text).is_err(), "a key has one use");
    }
}

/// GOAUTH: the invariants of the type.
pub fn go_auth(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let Ok(read) = GoAuth::parse(text) else { return };
    let methods = read.methods();
    assert!(!methods.is_empty() && (methods.len() == 1 || !methods.contains(&Method::Off)));
    for method in methods {
        match method {
            Method::Off | Method::Netrc => {}
            Method::Git(folder) => assert!(folder.starts_with('/')),
            Method::Command(words) => assert!(words.iter().all(|word| !word.is_empty()) && !words.is_empty()),
        }
    }
}

/// GOFLAGS: words that were split are joined and split again without loss.
pub fn go_flags(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let Ok(words) = goflags::split(text) else { return };
    let joined = goflags::join(words.iter().map(String::as_str)).expect("quotes suffice for what was split");
    assert_eq!(goflags::split(&joined), Ok(words));
}

/// Module zips: a good one has a h1, and the same one again.
pub fn zip(data: &[u8]) {
    let path = ModulePath::parse("example.com/m").expect("a good path");
    let version = Version::parse("v1.0.0").expect("a good version");
    let Ok(report) = check_zip(&mut Cursor::new(data), &path, &version) else { return };
    assert_eq!(report.h1.is_some(), report.fault().is_none());
    assert!(report.omitted.is_empty());
    let again = check_zip(&mut Cursor::new(data), &path, &version).expect("as before");
    assert_eq!(again, report);
}
