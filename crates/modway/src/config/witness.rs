//! Witnesses, checked: being one for the logs of others (`[witness]`), and those of our own checksum database (`[[sumdb.private.witness]]`).

use std::net::SocketAddr;

use gomod::sumdb::{
    cosign::{Cosigner, WitnessKey},
    note::VerifierKey,
};
use proxy::settings::Hop;

use super::{bench::Bench, file, hops};

/// A witness: where it listens, its key, and whom it witnesses.
#[derive(Clone, Debug)]
pub struct Witness {
    /// Where logs ask it.
    pub listen: SocketAddr,
    /// Its key.
    pub cosigner: Cosigner,
    /// The logs, by origin, each with the keys that may sign it.
    pub logs: Vec<(String, Vec<VerifierKey>)>,
}

/// The witnesses that are asked about our own checksum database.
#[derive(Clone, Debug)]
pub struct Witnesses {
    /// Each with the way to it.
    pub sites: Vec<(WitnessKey, Hop)>,
    /// How many must have cosigned, from 1 on.
    pub quorum: usize,
    /// True if no other checkpoint is shown.
    pub is_required: bool,
}

/// Those of our own database; `None` if there are none, or if a mistake was noted.
pub(super) fn witnesses(private: &file::Private, bench: &mut Bench<'_>) -> Option<Witnesses> {
    let mut sites: Vec<(WitnessKey, Hop)> = Vec::new();
    for (index, written) in private.witness.iter().enumerate() {
        let path = format!("sumdb.private.witness.{index}");
        match site(written, &path, bench) {
            Some((key, _)) if sites.iter().any(|(other, _)| *other == key) => {
                bench.wrong(&path, format!("{} is here twice", key.name()), "keep one: a witness counts once");
            }
            site => sites.extend(site),
        }
    }
    let count = private.witness.len();
    let quorum = if private.witness_quorum == 0 { count } else { private.witness_quorum as usize };
    if quorum > count {
        let what = format!("{quorum} witnesses are wanted, and {count} are named");
        bench.wrong("sumdb.private.witness_quorum", what, "name more witnesses, or want fewer");
    }
    if private.key_file.is_empty() && count > 0 {
        let fix = "set key_file in [sumdb.private], or take the witnesses out";
        bench.wrong("sumdb.private.witness.0", "witnesses of no checksum database of our own", fix);
    }
    let is_whole = count > 0 && quorum <= count && sites.len() == count;
    is_whole.then_some(Witnesses { sites, quorum, is_required: private.witness_required })
}

fn site(written: &file::WitnessSite, path: &str, bench: &mut Bench<'_>) -> Option<(WitnessKey, Hop)> {
    let key = WitnessKey::parse(&written.key).ok();
    if key.is_none() {
        let fix = "write NAME+HASH+KEY, as `modway sumdb init --witness` printed it at the other site";
        bench.wrong(&format!("{path}.key"), "no key of a witness", fix);
    }
    let is_url = ["http://", "https://"].iter().any(|scheme| written.url.starts_with(scheme)) && !written.url.contains('@');
    if !is_url {
        let fix = "write the witness's submission prefix, such as \"http://modway.other.example:8091\"";
        bench.wrong(&format!("{path}.url"), "no URL of a witness", fix);
    }
    let key = key.filter(|_| is_url)?;
    let hop = Hop { name: key.name().to_owned(), url: written.url.clone(), ..hops::default_hop(bench) };
    Some((key, hop))
}

/// `None` if there is none, or if a mistake was noted.
pub(super) fn witness(written: &file::Witness, bench: &mut Bench<'_>) -> Option<Witness> {
    let is_begun = !written.listen.is_empty() || !written.key_file.is_empty() || !written.logs.is_empty();
    if !is_begun {
        return None;
    }
    let listen = listen(&written.listen, bench);
    let cosigner = key(&written.key_file, bench);
    let logs = logs(&written.logs, bench);
    Some(Witness { listen: listen?, cosigner: cosigner?, logs: logs? })
}

fn listen(written: &str, bench: &mut Bench<'_>) -> Option<SocketAddr> {
    let address = written.parse().ok();
    if address.is_none() {
        let what = format!("`{written}` is no address to listen on");
        bench.wrong("witness.listen", what, "write an IP address and a port of its own, such as \"127.0.0.1:8091\"");
    }
    address
}

fn key(written: &str, bench: &mut Bench<'_>) -> Option<Cosigner> {
    let (key, fix) = ("witness.key_file", "name the file that `modway sumdb init --witness NAME` made");
    if written.is_empty() {
        bench.wrong(key, "a witness without a key", fix);
        return None;
    }
    let (path, content) = bench.read(key, 0, written)?;
    super::own::check_mode(key, &path, bench);
    let parsed = String::from_utf8(content).ok().and_then(|text| Cosigner::parse(text.trim_end_matches(['\r', '\n'])).ok());
    if parsed.is_none() {
        bench.wrong(key, format!("{} holds no key that cosigns", path.display()), fix);
    }
    parsed
}

/// The keys of one log have its name, which is its origin line, too.
fn logs(written: &[String], bench: &mut Bench<'_>) -> Option<Vec<(String, Vec<VerifierKey>)>> {
    let mut logs: Vec<(String, Vec<VerifierKey>)> = Vec::new();
    if written.is_empty() {
        bench.wrong("witness.logs", "a witness of nobody", "name the keys of the logs, as their operators print them");
    }
    for (index, text) in written.iter().enumerate() {
        let Ok(key) = VerifierKey::parse(text) else {
            let fix = "write NAME+HASH+KEY, as `modway sumdb env` prints it at the other site";
            bench.wrong_element("witness.logs", index, format!("`{text}` is no key of a log"), fix);
            continue;
        };
        match logs.iter_mut().find(|(origin, _)| origin == key.name()) {
            Some((_, keys)) => keys.push(key),
            None => logs.push((key.name().to_owned(), vec![key])),
        }
    }
    let keys: usize = logs.iter().map(|(_, keys)| keys.len()).sum();
    (keys == written.len() && keys > 0).then_some(logs)
}
