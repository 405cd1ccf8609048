//! Checksum databases, checked.

use gomod::{goenv::SumdbSetting, pattern::Patterns};
use proxy::settings::{Hop, Route, Sums};

use super::{
    bench::Bench,
    file, hops,
    keys::nearest,
    machine::Machine,
    mistake::Place,
    own::{self, Others},
};

/// The name of the hop to the database that vouches.
const HOP: &str = "sumdb";

pub(super) fn sums(file: &file::File, known: &[Hop], routes: &[Route], machine: &Machine, bench: &mut Bench<'_>) -> Option<Sums> {
    let database = database(&file.sumdb, machine, bench);
    let waived = waived(file, machine, bench);
    let proxied = proxied(&file.sumdb, bench);
    let origins = origins(&file.sumdb, database.iter().chain(&proxied), bench);
    let hop = hop(file, known, bench);
    let (database, waived) = (database?, Patterns::parse(&waived));
    let has_private = waived.iter().next().is_some() || routes.iter().any(|route| route.private);
    let others = Others { database: &database, proxied: &proxied, has_private };
    let own = own::own(&file.sumdb.private, &others, bench);
    Some(Sums { hop, database, waived, proxied, origins, own })
}

/// GONOSUMDB: what the file says; else what the machine says, and what the file says is private in [direct], so that no name gets out.
fn waived(file: &file::File, machine: &Machine, bench: &Bench<'_>) -> String {
    let is_set = |key: &str| bench.leaves.at(key).is_some();
    match (is_set("sumdb.gonosumdb"), is_set("direct.goprivate")) {
        (true, _) => file.sumdb.gonosumdb.clone(),
        (false, true) => [machine.gonosumdb.value.as_str(), file.direct.goprivate.as_str()]
            .into_iter()
            .filter(|patterns| !patterns.is_empty())
            .collect::<Vec<_>>()
            .join(","),
        (false, false) => machine.gonosumdb.value.clone(),
    }
}

fn database(sumdb: &file::Sumdb, machine: &Machine, bench: &mut Bench<'_>) -> Option<SumdbSetting> {
    let of_machine = sumdb.gosumdb.is_empty();
    let text = if of_machine { &machine.gosumdb.value } else { &sumdb.gosumdb };
    match SumdbSetting::parse(text) {
        Ok(setting) => {
            check_url(&setting, "sumdb.gosumdb", None, bench);
            Some(setting)
        }
        Err(error) if of_machine => {
            let place = Place::Go(machine.gosumdb.layer.clone());
            bench.put(true, place, error.to_string(), "set GOSUMDB right, or set gosumdb in [sumdb]".to_owned());
            None
        }
        Err(error) => {
            bench.wrong(
                "sumdb.gosumdb",
                error.to_string(),
                "write off, a name that Go knows, or NAME+HASH+KEY; a URL may follow",
            );
            None
        }
    }
}

fn proxied(sumdb: &file::Sumdb, bench: &mut Bench<'_>) -> Vec<SumdbSetting> {
    let mut settings = Vec::new();
    for (index, text) in sumdb.proxied.iter().enumerate() {
        match SumdbSetting::parse(text) {
            Ok(SumdbSetting::Off) => bench.wrong_element("sumdb.proxied", index, "`off` is no checksum database", "take it out"),
            Ok(setting) => {
                check_url(&setting, "sumdb.proxied", Some(index), bench);
                settings.push(setting);
            }
            Err(error) => {
                bench.wrong_element("sumdb.proxied", index, error.to_string(), "write a name that Go knows, or NAME+HASH+KEY")
            }
        }
    }
    settings
}

/// Further origins, each of a database that is served: with its very key, and with a URL of its own.
fn origins<'a>(
    sumdb: &file::Sumdb,
    served: impl Iterator<Item = &'a SumdbSetting> + Clone,
    bench: &mut Bench<'_>,
) -> Vec<SumdbSetting> {
    let mut origins = Vec::new();
    for (index, text) in sumdb.origins.iter().enumerate() {
        let setting = match SumdbSetting::parse(text) {
            Ok(setting) => setting,
            Err(error) => {
                bench.wrong_element("sumdb.origins", index, error.to_string(), "write NAME URL, or NAME+HASH+KEY URL");
                continue;
            }
        };
        match not_an_origin(&setting, served.clone()) {
            Some((what, fix)) => bench.wrong_element("sumdb.origins", index, what, fix),
            None => {
                check_url(&setting, "sumdb.origins", Some(index), bench);
                origins.push(setting);
            }
        }
    }
    origins
}

/// What is wrong with a further origin, and what to do about it.
fn not_an_origin<'a>(
    setting: &SumdbSetting,
    mut served: impl Iterator<Item = &'a SumdbSetting>,
) -> Option<(&'static str, &'static str)> {
    let SumdbSetting::Database { key, url, .. } = setting else { return Some(("`off` is no origin", "take it out")) };
    let same = |other: &SumdbSetting| matches!(other, SumdbSetting::Database { key: other, .. } if other == key);
    match url {
        None => Some(("an origin without a URL", "write its URL behind the name or key")),
        Some(_) if !served.any(same) => Some((
            "no database with this key is served here",
            "name it in gosumdb or proxied of [sumdb] first; an origin has the same key",
        )),
        Some(_) => None,
    }
}

/// A database's URL is printed in traces and logs.
fn check_url(setting: &SumdbSetting, key: &str, element: Option<usize>, bench: &mut Bench<'_>) {
    let SumdbSetting::Database { url: Some(url), .. } = setting else { return };
    let wrong = if url.credentials().is_some() {
        Some((format!("a URL with credentials: {url}"), "take them out; set like in [sumdb] to an upstream with a login"))
    } else if !matches!(url.scheme(), "http" | "https" | "file") {
        Some((format!("invalid proxy URL scheme (must be https, http, file): {url}"), "use https"))
    } else {
        None
    };
    match (wrong, element) {
        (Some((what, fix)), Some(index)) => bench.wrong_element(key, index, what, fix),
        (Some((what, fix)), None) => bench.wrong(key, what, fix),
        (None, _) => (),
    }
}

/// How the databases are reached: like the upstream that `like` names, else with the default patience.
fn hop(file: &file::File, known: &[Hop], bench: &mut Bench<'_>) -> Hop {
    let like = &file.sumdb.like;
    let found = known.iter().find(|hop| file.upstream.contains_key(&hop.name) && hop.name == *like);
    if found.is_none() && !like.is_empty() {
        let meant = nearest(like, file.upstream.keys().map(String::as_str)).map(|name| format!("did you mean `{name}`?"));
        bench.wrong(
            "sumdb.like",
            format!("no upstream is named `{like}`"),
            meant.unwrap_or_else(|| format!("add [upstream.{like}]")),
        );
    }
    let hop = found.cloned().unwrap_or_else(|| hops::default_hop(bench));
    Hop { name: HOP.to_owned(), url: String::new(), ..hop }
}
