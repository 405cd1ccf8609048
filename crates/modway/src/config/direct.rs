//! Version control itself, checked: `[direct]`.

use std::path::{Path, PathBuf};

use gomod::{goenv::GoVcs, pattern::Patterns};
use proxy::settings::{Direct, Hop};

use super::{
    access,
    bench::Bench,
    file,
    machine::{Machine, Setting},
    mistake::Place,
};

/// Where tools are looked for if neither the configuration nor the environment says it.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// The settings of direct mode. `patience` is that of `[upstream.direct]`, `store` the folder of the store, if there is one.
pub(super) fn direct(
    direct: &file::Direct,
    patience: Hop,
    store: Option<&Path>,
    machine: &Machine,
    bench: &mut Bench<'_>,
) -> Option<Direct> {
    let (private, named) = go_setting("goprivate", &direct.goprivate, &machine.goprivate, bench);
    let (insecure, place) = go_setting("goinsecure", &direct.goinsecure, &machine.goinsecure, bench);
    note_insecure(&insecure, place, bench);
    let govcs = govcs(direct, machine, bench);
    let access = if direct.access.is_empty() {
        access::of_machine(&private, named, machine, bench)
    } else {
        access::written(&direct.access, machine, bench)
    };
    Some(Direct {
        patience,
        private: Patterns::parse(&private),
        insecure: Patterns::parse(&insecure),
        govcs,
        access,
        folder: folder(direct, store, bench)?,
        refs_fresh: direct.refs_fresh.0,
        path: path(direct, bench),
        contact: contact(direct, bench),
        connections_per_origin: direct.connections_per_origin as usize,
        requests_per_minute: direct.requests_per_minute,
        children: direct.children as usize,
        repository_bytes: direct.repository.0,
    })
}

/// The value that the file, or else the machine, has for a setting of the go command, and where.
fn go_setting(key: &str, written: &str, machine: &Setting, bench: &Bench<'_>) -> (String, Place) {
    let key = format!("direct.{key}");
    match bench.leaves.at(&key) {
        Some(leaf) => (written.to_owned(), leaf.place.clone()),
        None => (machine.value.clone(), Place::Go(machine.layer.clone())),
    }
}

fn note_insecure(patterns: &str, place: Place, bench: &mut Bench<'_>) {
    if !patterns.is_empty() {
        let what = format!("GOINSECURE={patterns}: whoever is on the way can say where these modules come from");
        let fix = "give the host a certificate and name its authority in ca_files of a [[direct.access]]".to_owned();
        bench.put(false, place, what, fix);
    }
}

/// The text of GOVCS, which can be read.
fn govcs(direct: &file::Direct, machine: &Machine, bench: &mut Bench<'_>) -> String {
    let (text, place) = go_setting("govcs", &direct.govcs, &machine.govcs, bench);
    if let Err(error) = GoVcs::parse(&text) {
        let fix = "write PATTERN:git|hg, separated by commas, as `go help vcs` says".to_owned();
        bench.put(true, place, error.to_string(), fix);
    }
    text
}

fn folder(direct: &file::Direct, store: Option<&Path>, bench: &Bench<'_>) -> Option<PathBuf> {
    match direct.folder.as_str() {
        "" => store.map(|store| store.join("vcs")),
        written => Some(bench.path("direct.folder", written)),
    }
}

fn path(direct: &file::Direct, bench: &mut Bench<'_>) -> String {
    if direct.path.is_empty() {
        return bench.environment.get("PATH").unwrap_or(PATH).to_owned();
    }
    for folder in direct.path.split(':').filter(|folder| !Path::new(folder).is_absolute()) {
        bench.wrong("direct.path", format!("`{folder}` is no absolute path"), "write folders as /usr/bin, separated by `:`");
    }
    direct.path.clone()
}

/// It goes into a header as a comment: <https://www.rfc-editor.org/rfc/rfc9110#section-10.1.5>.
fn contact(direct: &file::Direct, bench: &mut Bench<'_>) -> String {
    let good = |c: char| c.is_ascii_graphic() && !matches!(c, '(' | ')' | '\\' | '"');
    if !direct.contact.chars().all(good) {
        bench.wrong("direct.contact", "a contact is one word of plain letters", "write a URL, such as mailto:go@example.com");
    }
    direct.contact.clone()
}
