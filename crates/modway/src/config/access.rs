//! How hosts are reached, checked: `[[direct.access]]`, or what the machine's own Go settings say.

mod credential;

use std::path::PathBuf;

use gomod::pattern::Patterns;
use proxy::{
    client::loopback,
    settings::{Access, Credential, Forge, Place},
};
use url::Url;

use self::credential::{credential, of_goauth};
use super::{bench::Bench, file, keys::nearest, machine::Machine, mistake};

/// The place of all hosts.
const EVERYWHERE: &str = "*";

/// Schemes that a place may allow besides https.
const SCHEMES: [&str; 4] = ["http", "ssh", "git", "svn"];

/// What a host may be.
const FORGES: [(&str, Forge); 3] = [("gitlab", Forge::Gitlab), ("github", Forge::Github), ("forgejo", Forge::Forgejo)];

/// The rules of the file.
pub(super) fn written(rules: &[file::Access], machine: &Machine, bench: &mut Bench<'_>) -> Vec<Access> {
    let checked: Vec<Access> = rules.iter().enumerate().map(|(index, rule)| access(index, rule, machine, bench)).collect();
    check_order(&checked, bench);
    checked
}

/// Without rules, what GOPRIVATE (set at `place`) and the machine's other settings say: whoever named a host in GOPRIVATE trusts it, wherever
/// it is; and GOAUTH knows who we are everywhere.
pub(super) fn of_machine(private: &str, named: mistake::Place, machine: &Machine, bench: &mut Bench<'_>) -> Vec<Access> {
    let patterns = Patterns::parse(private);
    let (open, whole): (Vec<&str>, Vec<&str>) = patterns.iter().partition(|pattern| pattern.contains(['*', '?', '[', '\\']));
    if let Some(pattern) = open.first() {
        let what = format!("`{pattern}` of GOPRIVATE names no host in full: its hosts are asked at public addresses only");
        let fix = "write a [[direct.access]] with private_addresses for each host that has a private address".to_owned();
        bench.put(false, named.clone(), what, fix);
    }
    let credential = of_goauth(machine, bench);
    let rule = |place: &str, private_addresses| Access { private_addresses, credential: credential.clone(), ..public(place) };
    let places = whole.iter().map(|pattern| pattern.trim_end_matches('/')).filter(|place| has_host(place));
    let (places, others): (Vec<&str>, Vec<&str>) = places.partition(|place| Place::parse(place).is_ok());
    for pattern in others {
        // The go command takes it for a pattern, and no module path matches it.
        let what = format!("`{pattern}` of GOPRIVATE is no host, with or without the beginning of a path: it opens nothing");
        bench.put(false, named.clone(), what, "write hosts with commas between them and no spaces".to_owned());
    }
    let everywhere = (!matches!(credential, Credential::None)).then(|| rule(EVERYWHERE, false));
    places.into_iter().map(|place| rule(place, true)).chain(everywhere).collect()
}

fn access(index: usize, rule: &file::Access, machine: &Machine, bench: &mut Bench<'_>) -> Access {
    let path = format!("direct.access.{index}");
    let place = place(rule, &path, bench);
    let forge = forge(rule, &path, bench);
    let schemes = schemes(rule, &path, bench);
    let credential = credential(rule, &path, forge, machine, bench);
    check_ways(&place, &credential, &schemes, &path, bench);
    check_everywhere(&place, &credential, rule, &path, bench);
    Access {
        place,
        credential,
        ca_files: ca_files(rule, &path, bench),
        server_name: server_name(rule, &path, bench),
        client_certificate: client_certificate(rule, &path, bench),
        private_addresses: rule.private_addresses,
        schemes,
        forge,
    }
}

/// A place that is reached as any other.
fn public(place: &str) -> Access {
    Access {
        place: place.to_owned(),
        credential: Credential::None,
        ca_files: Vec::new(),
        server_name: None,
        client_certificate: None,
        private_addresses: false,
        schemes: Vec::new(),
        forge: None,
    }
}

fn has_host(place: &str) -> bool {
    place.split('/').next().is_some_and(|host| host.contains('.'))
}

/// The place with its host in lower case.
fn place(rule: &file::Access, path: &str, bench: &mut Bench<'_>) -> String {
    let key = format!("{path}.place");
    let fix = "write the host, such as gitlab.example.com, with a port or the beginning of a path if need be";
    let (host, below) = rule.place.split_once('/').unwrap_or((&rule.place, ""));
    if rule.place == EVERYWHERE {
        return EVERYWHERE.to_owned();
    } else if rule.place.is_empty() {
        bench.wrong(path, "a [[direct.access]] without place", fix);
    } else if rule.place.contains("://") {
        bench.wrong(&key, format!("`{}`: a place has no scheme", shown(&rule.place)), fix);
    } else if host.contains('@') {
        bench.wrong(&key, "a place has no user and no password", "take them out; set user and password_file");
    } else if Place::parse(&rule.place).is_err() {
        bench.wrong(&key, format!("`{}` is no host, with or without the beginning of a path", rule.place), fix);
    }
    let below = below.trim_end_matches('/');
    if below.is_empty() { host.to_ascii_lowercase() } else { format!("{}/{below}", host.to_ascii_lowercase()) }
}

/// A place as a message may show it: text in front of a host may be a password.
fn shown(place: &str) -> &str {
    if place.contains('@') { "(secret)" } else { place }
}

fn forge(rule: &file::Access, path: &str, bench: &mut Bench<'_>) -> Option<Forge> {
    let named = FORGES.iter().find(|(name, _)| *name == rule.forge).map(|(_, forge)| *forge);
    if named.is_none() && !rule.forge.is_empty() {
        let names = FORGES.map(|(name, _)| name);
        let meant = nearest(&rule.forge, names.into_iter()).map(|name| format!("did you mean `{name}`?"));
        let fix = meant.unwrap_or_else(|| format!("write one of {}", names.join(", ")));
        bench.wrong(&format!("{path}.forge"), format!("`{}` is no forge that modway knows", rule.forge), fix);
    }
    named
}

fn schemes(rule: &file::Access, path: &str, bench: &mut Bench<'_>) -> Vec<String> {
    let key = format!("{path}.schemes");
    for (index, scheme) in rule.schemes.iter().enumerate() {
        if scheme == "https" {
            bench.wrong_element(&key, index, "https may always be used", "take it out");
        } else if !SCHEMES.contains(&scheme.as_str()) {
            let fix = format!("write some of {}", SCHEMES.join(", "));
            bench.wrong_element(&key, index, format!("`{scheme}` is no scheme that can be allowed"), fix);
        } else if scheme != "ssh" {
            let what = format!("{scheme} is allowed at {}: whoever is on the way reads and changes what it brings", rule.place);
            bench.note(&key, what, "use https or ssh where the host has it");
        }
    }
    rule.schemes.clone()
}

/// Login and schemes fit together.
fn check_ways(place: &str, credential: &Credential, schemes: &[String], path: &str, bench: &mut Bench<'_>) {
    let has = |name: &str| schemes.iter().any(|scheme| scheme == name);
    let key = format!("{path}.schemes");
    match credential {
        Credential::Ssh(..) if !has("ssh") => {
            bench.wrong(path, "an ssh key that is never used: schemes lacks ssh", "set schemes = [\"ssh\"]");
        }
        Credential::None | Credential::Ssh(..) => (),
        _ if has("http") && !loopback(place.split('/').next().unwrap_or("")) => {
            let what = format!("refusing to pass credentials to insecure URL: http://{place}");
            bench.wrong(&key, what, "take http out, or take the login out");
        }
        _ => (),
    }
    if has("ssh") && !matches!(credential, Credential::Ssh(..)) {
        let fix = "set ssh_key_file and known_hosts_file, or take ssh out of schemes";
        bench.wrong(&key, "ssh without a key: nobody would be there to type a password", fix);
    }
}

/// What is said of all hosts must not be more than all of them may have.
fn check_everywhere(place: &str, credential: &Credential, rule: &file::Access, path: &str, bench: &mut Bench<'_>) {
    if place != EVERYWHERE {
        return;
    }
    if !matches!(credential, Credential::None | Credential::Netrc(_) | Credential::Helper(_)) {
        let what = "a login that would be sent to every host: only netrc and a helper tell hosts apart";
        bench.wrong(&format!("{path}.place"), what, "name the host that it is for");
    }
    if rule.private_addresses {
        let what =
            "private addresses for every host: whoever names a module can have this server connect to anything in its network";
        bench.note(&format!("{path}.private_addresses"), what, "name the hosts that have private addresses");
    }
}

/// The first rule that fits counts, so one below a wider one is never reached.
fn check_order(rules: &[Access], bench: &mut Bench<'_>) {
    for (index, rule) in rules.iter().enumerate() {
        if let Some(earlier) = rules.iter().take(index).find(|earlier| fits_all(&earlier.place, rule)) {
            let what = format!("never reached: `{}` above fits all of `{}`", earlier.place, rule.place);
            bench.wrong(&format!("direct.access.{index}.place"), what, "write the longer place first, and each place once");
        }
    }
}

/// True if every URL that `rule` is for lies at `place`: whether the port is the same depends on the scheme.
fn fits_all(place: &str, rule: &Access) -> bool {
    if rule.place == EVERYWHERE {
        return place == EVERYWHERE;
    }
    let Ok(place) = Place::parse(place) else { return false };
    let mut urls =
        ["https"].into_iter().chain(rule.schemes.iter().map(String::as_str)).map(|scheme| format!("{scheme}://{}", rule.place));
    urls.all(|url| Url::parse(&url).is_ok_and(|url| place.covers(&url)))
}

fn ca_files(rule: &file::Access, path: &str, bench: &mut Bench<'_>) -> Vec<PathBuf> {
    let key = format!("{path}.ca_files");
    let found = rule.ca_files.iter().enumerate().filter_map(|(index, written)| bench.certificates(&key, index, written));
    found.map(|(path, _)| path).collect()
}

fn server_name(rule: &file::Access, path: &str, bench: &mut Bench<'_>) -> Option<String> {
    let name = Some(rule.server_name.clone()).filter(|name| !name.is_empty())?;
    if rustls_pki_types::ServerName::try_from(name.as_str()).is_err() {
        let fix = "write a name as it stands in the certificate, such as git.example.com";
        bench.wrong(&format!("{path}.server_name"), format!("`{name}` is no name of a host"), fix);
    }
    Some(name)
}

fn client_certificate(rule: &file::Access, path: &str, bench: &mut Bench<'_>) -> Option<(PathBuf, PathBuf)> {
    let (cert_key, key_key) = (format!("{path}.client_cert_file"), format!("{path}.client_key_file"));
    match (rule.client_cert_file.as_str(), rule.client_key_file.as_str()) {
        ("", "") => None,
        ("", _) => {
            bench.wrong(&key_key, "a key without a certificate", "set client_cert_file too");
            None
        }
        (_, "") => {
            bench.wrong(&cert_key, "a certificate without a key", "set client_key_file too");
            None
        }
        (cert, key) => {
            let chain = bench.certificates(&cert_key, 0, cert).map(|(path, _)| path);
            let private = bench.private_key(&key_key, key).map(|(path, _)| path);
            chain.zip(private)
        }
    }
}
