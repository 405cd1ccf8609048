//! Our own checksum database, checked: `[sumdb.private]`.

use gomod::{goenv::SumdbSetting, sumdb::note::SignerKey};
use plan::{Request, SumdbAsk};
use proxy::settings::{Auditor, OwnSumdb, Records, Secret};

use super::{bench::Bench, file, keys::nearest};

/// A shorter token can be guessed by who has time.
const LEAST_TOKEN: usize = 20;

/// What a record may be asked for.
const RECORDS: [(&str, Records); 2] = [("private", Records::Private), ("all", Records::All)];

/// The databases of others, and what they are not asked about.
pub(super) struct Others<'a> {
    pub(super) database: &'a SumdbSetting,
    pub(super) proxied: &'a [SumdbSetting],
    /// True if any module is private.
    pub(super) has_private: bool,
}

/// `None` if there is none, or if a mistake was noted.
pub(super) fn own(private: &file::Private, others: &Others<'_>, bench: &mut Bench<'_>) -> Option<OwnSumdb> {
    let auditors = auditors(&private.auditor, bench);
    let records = records(private, others, bench);
    if private.key_file.is_empty() {
        let is_begun = records == Some(Records::All) || !private.old_key_file.is_empty();
        if is_begun || !private.auditor.is_empty() || !private.retired.is_empty() {
            bench.wrong(KEY, "a checksum database of our own without a key", "run `modway sumdb init NAME` and set key_file");
        }
        return None;
    }
    let key = key(KEY, &private.key_file, others, bench);
    let old_key = (!private.old_key_file.is_empty()).then(|| self::key(OLD_KEY, &private.old_key_file, others, bench));
    let old_key = old_key.map_or(Some(None), |old| old.map(Some));
    let (key, old_key) = key.zip(old_key)?;
    if old_key.as_ref().is_some_and(|old| old.name() == key.name()) {
        let what = format!("both keys are of {}: a client could not tell which one it is to have", key.name());
        bench.wrong(OLD_KEY, what, "make the new key with a new name: `modway sumdb init NAME`");
    }
    let own = OwnSumdb { key, old_key, retired: private.retired.clone(), records: records?, auditors };
    check_retired(&own, bench);
    Some(own)
}

/// Why `name` cannot be the name of a checksum database of ours: the go command, or the path of a URL, could not have it.
pub(crate) fn check_name(name: &str) -> Result<(), String> {
    let key = SignerKey::from_seed(name, &[0; 32]).map_err(|_| "it is empty, or has a plus or white space".to_owned())?;
    SumdbSetting::parse(&key.verifier().to_string()).map_err(|error| error.to_string())?;
    let is_read_back = |rest: &str| match Request::parse(&format!("/sumdb/{name}/{rest}")) {
        Ok(Request::Sumdb(read, ask, _)) => read == name && ask.path() == rest,
        Ok(Request::Module(..)) | Err(_) => false,
    };
    let asks = [SumdbAsk::Supported.path(), SumdbAsk::Latest.path(), "lookup/a.b/c@v1.0.0".into(), "tile/8/0/000".into()];
    match asks.iter().all(|ask| is_read_back(ask)) {
        true => Ok(()),
        false => Err("it is no host, with or without a path".to_owned()),
    }
}

const KEY: &str = "sumdb.private.key_file";
const OLD_KEY: &str = "sumdb.private.old_key_file";

fn key(key: &str, written: &str, others: &Others<'_>, bench: &mut Bench<'_>) -> Option<SignerKey> {
    let (path, content) = bench.read(key, 0, written)?;
    check_mode(key, &path, bench);
    let parsed = String::from_utf8(content).ok().and_then(|text| SignerKey::parse(text.trim_end_matches(['\r', '\n'])).ok());
    let Some(signer) = parsed else {
        let what = format!("{} holds no key that signs", path.display());
        bench.wrong(key, what, "name the file that `modway sumdb init NAME` made");
        return None;
    };
    if let Err(why) = check_name(signer.name()) {
        let what = format!("`{}` cannot be the name of a checksum database: {why}", signer.name());
        bench.wrong(key, what, "make a key with a name such as sumdb.example.com: `modway sumdb init NAME`");
        return None;
    }
    let name_of = |setting: &SumdbSetting| matches!(setting, SumdbSetting::Database { name, .. } if name == signer.name());
    if std::iter::once(others.database).chain(others.proxied).any(name_of) {
        let what = format!("{} is a checksum database of others here: one name cannot be both", signer.name());
        bench.wrong(key, what, "make a key with a name of your own: `modway sumdb init NAME`");
    }
    Some(signer)
}

/// Whoever reads a key that signs can write any history; whoever reads one that blinds can tell all names.
pub(super) fn check_mode(key: &str, path: &std::path::Path, bench: &mut Bench<'_>) {
    let mode = bench.files().mode(path).unwrap_or(0);
    let (path, fix) = (path.display(), format!("chmod 600 {}", path.display()));
    if mode & 0o007 != 0 {
        bench.wrong(key, format!("{path} is open to everybody on this machine (mode {mode:03o})"), fix);
    } else if mode & 0o070 != 0 {
        bench.note(key, format!("{path} is open to its group (mode {mode:03o})"), fix);
    }
}

fn records(private: &file::Private, others: &Others<'_>, bench: &mut Bench<'_>) -> Option<Records> {
    let key = "sumdb.private.records";
    let found = RECORDS.iter().find(|(word, _)| *word == private.records).map(|(_, records)| *records);
    let has_key = !private.key_file.is_empty();
    match found {
        None => {
            let meant = nearest(&private.records, RECORDS.iter().map(|(word, _)| *word));
            let fix = meant.map_or("write private or all".to_owned(), |word| format!("did you mean `{word}`?"));
            bench.wrong(key, format!("`{}` is nothing that gets a record", private.records), fix);
        }
        Some(Records::Private) if has_key && !others.has_private => {
            let fix = "name the private modules in gonosumdb of [sumdb] or give them a route, or set records = \"all\"";
            bench.note(key, "no module is private here, so none gets a record", fix);
        }
        Some(Records::All) if has_key && *others.database == SumdbSetting::Off => {
            let what = "no public checksum database is asked: the record of a public module is what an upstream gave first";
            bench.note(key, what, "set gosumdb in [sumdb], if it can be reached");
        }
        Some(_) => (),
    }
    found
}

fn check_retired(own: &OwnSumdb, bench: &mut Bench<'_>) {
    for (index, name) in own.retired.iter().enumerate() {
        let key = "sumdb.private.retired";
        if own.names().any(|signing| signing == name) {
            let what = format!("{name} is retired, and signs");
            bench.wrong_element(key, index, what, "take it out of retired, or take its key file out");
        } else if let Err(why) = check_name(name) {
            let what = format!("`{name}` cannot be the name of a checksum database: {why}");
            bench.wrong_element(key, index, what, "write the name of the key that was retired");
        }
    }
}

fn auditors(written: &[file::Auditor], bench: &mut Bench<'_>) -> Vec<Auditor> {
    let mut auditors: Vec<Auditor> = Vec::new();
    for (index, auditor) in written.iter().enumerate() {
        let path = format!("sumdb.private.auditor.{index}");
        if auditor.name.is_empty() || auditor.name.contains(char::is_control) {
            bench.wrong(&path, "an auditor without a name", "set name: it stands in logs");
        }
        let Some(token) = token(auditor, &path, bench) else { continue };
        if let Some(earlier) = auditors.iter().find(|earlier| earlier.name == auditor.name || earlier.token == token) {
            let both = if earlier.token == token { "token" } else { "name" };
            let what = format!("two auditors have the same {both}: {}, {}", earlier.name, auditor.name);
            bench.wrong(&path, what, "give each one of its own");
        }
        auditors.push(Auditor { name: auditor.name.clone(), token });
    }
    auditors
}

fn token(auditor: &file::Auditor, path: &str, bench: &mut Bench<'_>) -> Option<Secret> {
    let (file_key, variable_key) = (format!("{path}.token_file"), format!("{path}.token_env"));
    let (key, token) = match (auditor.token_file.as_str(), auditor.token_env.as_str()) {
        ("", "") => {
            bench.wrong(path, "an auditor without a token", "set token_file or token_env");
            return None;
        }
        (file, "") => (&file_key, bench.secret_file(&file_key, file)?),
        ("", variable) => (&variable_key, bench.secret_variable(&variable_key, variable)?),
        (..) => {
            bench.wrong(&variable_key, "both token_file and token_env are set", "keep one of them");
            return None;
        }
    };
    let is_usable = token.reveal().len() >= LEAST_TOKEN && token.reveal().bytes().all(|byte| byte.is_ascii_graphic());
    if !is_usable {
        let what = format!("a token is of at least {LEAST_TOKEN} letters, digits and signs");
        bench.wrong(key, what, "make one with `openssl rand -hex 32`");
    }
    is_usable.then_some(token)
}
