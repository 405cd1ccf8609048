//! Who we are at a place, checked. Files are looked at now, so that a missing one is a mistake of today; they are read again at every use.

use std::path::PathBuf;

use gomod::goenv::{GoAuth, Method};
use proxy::settings::{Credential, Forge};

use super::super::{bench::Bench, file, machine::Machine, mistake::Place};

/// The one credential that the rule says; a mistake if it says more, or half of one.
pub(super) fn credential(
    rule: &file::Access,
    path: &str,
    forge: Option<Forge>,
    machine: &Machine,
    bench: &mut Bench<'_>,
) -> Credential {
    let said = [
        !(rule.user.is_empty() && rule.password_file.is_empty() && rule.password_env.is_empty()),
        rule.netrc,
        !rule.helper.is_empty(),
        !(rule.ssh_key_file.is_empty() && rule.known_hosts_file.is_empty()),
        !(rule.github_app == 0 && rule.github_app_key_file.is_empty()),
    ];
    if !rule.github_api.is_empty() && !said[4] {
        bench.wrong(&format!("{path}.github_api"), "an API for no GitHub App", "set github_app and github_app_key_file");
    }
    if said.iter().filter(|said| **said).count() > 1 {
        let fix = "keep one of: user with password, netrc, helper, ssh key, GitHub App";
        bench.wrong(path, "it says more than once who we are", fix);
        return Credential::None;
    }
    let found = match said {
        [true, ..] => password(rule, path, forge, bench),
        [_, true, ..] => netrc(path, machine, bench),
        [_, _, true, ..] => helper(rule, path, bench),
        [_, _, _, true, _] => ssh(rule, path, bench),
        [.., true] => github_app(rule, path, bench),
        _ => None,
    };
    found.unwrap_or_default()
}

/// Who GOAUTH says that the go command is: the first of its methods.
///
/// Source: `go help goauth`, Go 1.27.
pub(super) fn of_goauth(machine: &Machine, bench: &mut Bench<'_>) -> Credential {
    let place = Place::Go(machine.goauth.layer.clone());
    let goauth = match GoAuth::parse(&machine.goauth.value) {
        Ok(goauth) => goauth,
        Err(why) => {
            let fix = "see `go help goauth`: the go command stops at it, too".to_owned();
            bench.put(false, place, format!("{why}: no login is taken from it"), fix);
            return Credential::None;
        }
    };
    match goauth.methods().first() {
        None | Some(Method::Off) => Credential::None,
        Some(Method::Netrc) => {
            let found = machine.netrc_path.clone().filter(|_| machine.netrc.is_some());
            found.map_or(Credential::None, Credential::Netrc)
        }
        Some(Method::Git(_)) => {
            let fix = "write a [[direct.access]] with a user and a password_file, or with a helper".to_owned();
            bench.put(false, place, "GOAUTH=git is not followed: no child of modway sees git's own settings".to_owned(), fix);
            Credential::None
        }
        Some(Method::Command(words)) => Credential::Helper(words.clone()),
    }
}

fn password(rule: &file::Access, path: &str, forge: Option<Forge>, bench: &mut Bench<'_>) -> Option<Credential> {
    let (file_key, variable_key) = (format!("{path}.password_file"), format!("{path}.password_env"));
    let user = match (rule.user.as_str(), forge) {
        ("", Some(Forge::Gitlab | Forge::Forgejo)) => "oauth2",
        ("", Some(Forge::Github)) => "x-access-token",
        (user, _) => user,
    };
    match (user, rule.password_file.as_str(), rule.password_env.as_str()) {
        ("", ..) => bench.wrong(path, "a password without a user", "set user, or forge if it is a token"),
        (_, "", "") => bench.wrong(&format!("{path}.user"), "a user without a password", "set password_file or password_env"),
        (user, _, _) if user.contains(':') || user.contains(char::is_control) => {
            bench.wrong(&format!("{path}.user"), "a user name has no colon", "write the name only");
        }
        (user, file, "") => {
            bench.secret_file(&file_key, file)?;
            return Some(Credential::File(user.to_owned(), bench.path(&file_key, file)));
        }
        (user, "", variable) => {
            return bench.secret_variable(&variable_key, variable).map(|secret| Credential::Fixed(user.to_owned(), secret));
        }
        (..) => bench.wrong(&variable_key, format!("both {file_key} and {variable_key} are set"), "keep one of them"),
    }
    None
}

fn netrc(path: &str, machine: &Machine, bench: &mut Bench<'_>) -> Option<Credential> {
    let found = machine.netrc_path.clone();
    if found.is_none() || machine.netrc.is_none() {
        let fix = "set NETRC, or write `machine HOST login USER password PASSWORD` into ~/.netrc";
        bench.note(&format!("{path}.netrc"), "there is no netrc file that can be read", fix);
    }
    found.map(Credential::Netrc)
}

fn helper(rule: &file::Access, path: &str, bench: &mut Bench<'_>) -> Option<Credential> {
    let key = format!("{path}.helper");
    let bad = rule.helper.iter().position(|word| word.is_empty() || word.contains(char::is_control));
    if let Some(index) = bad {
        bench.wrong_element(&key, index, "an empty word, or one of more than one line", "write [\"COMMAND\", \"WORD\", …]");
        return None;
    }
    if rule.helper[0].starts_with('-') {
        bench.wrong_element(&key, 0, format!("`{}` is no command", rule.helper[0]), "begin with the command");
        return None;
    }
    Some(Credential::Helper(rule.helper.clone()))
}

fn ssh(rule: &file::Access, path: &str, bench: &mut Bench<'_>) -> Option<Credential> {
    let (key_key, hosts_key) = (format!("{path}.ssh_key_file"), format!("{path}.known_hosts_file"));
    match (rule.ssh_key_file.as_str(), rule.known_hosts_file.as_str()) {
        (_, "") => {
            let fix =
                "set known_hosts_file to a file with the lines of `ssh-keyscan HOST`, compared with what the host's owner says";
            bench.wrong(&key_key, "an ssh key without the keys of the host", fix);
            None
        }
        ("", _) => {
            bench.wrong(&hosts_key, "the keys of a host without a key of ours", "set ssh_key_file");
            None
        }
        (key, hosts) => {
            let found = readable(&key_key, key, bench).zip(readable(&hosts_key, hosts, bench));
            found.map(|(key, hosts)| Credential::Ssh(key, hosts))
        }
    }
}

fn github_app(rule: &file::Access, path: &str, bench: &mut Bench<'_>) -> Option<Credential> {
    let (id_key, key_key, api_key) =
        (format!("{path}.github_app"), format!("{path}.github_app_key_file"), format!("{path}.github_api"));
    match (rule.github_app, rule.github_app_key_file.as_str()) {
        (0, _) => {
            bench.wrong(&key_key, "the key of a GitHub App without its id", "set github_app to the App's id");
            None
        }
        (_, "") => {
            bench.wrong(&id_key, "a GitHub App without its key", "set github_app_key_file");
            None
        }
        (id, key) => {
            let (key, _) = bench.private_key(&key_key, key)?;
            let api = if rule.github_api.is_empty() { default_api(&rule.place) } else { rule.github_api.clone() };
            if !api.starts_with("https://") || api.contains(['@', '?', '#']) {
                bench.wrong(&api_key, "no https URL without login and query", "write https://HOST/api/v3");
            }
            Some(Credential::GithubApp(u64::from(id), key, api.trim_end_matches('/').to_owned()))
        }
    }
}

/// Source: <https://docs.github.com/en/enterprise-server/rest/using-the-rest-api/getting-started-with-the-rest-api>.
fn default_api(place: &str) -> String {
    match place.split('/').next().unwrap_or("") {
        "github.com" => "https://api.github.com".to_owned(),
        host => format!("https://{host}/api/v3"),
    }
}

/// The path of a file that can be read.
fn readable(key: &str, written: &str, bench: &mut Bench<'_>) -> Option<PathBuf> {
    bench.read(key, 0, written).map(|(path, _)| path)
}
