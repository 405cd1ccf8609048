//! Upstreams, checked: `[upstream.NAME]`, and the URLs that lists name without a table of their own.

use std::{collections::BTreeMap, path::PathBuf};

use gomod::{goenv::Netrc, goproxy::GoUrl};
use proxy::{
    client::loopback,
    settings::{Breaker, ForwardProxy, Hop, Login, Secret, StepDown},
};

use super::{bench::Bench, file::Upstream, keys::nearest};
use crate::machine;

/// Kinds of trouble that may step down; [`plan::Trouble::code`] names them.
const KINDS: [&str; 7] = ["timeout", "tls", "connect", "dns", "broken", "body", "forward-proxy"];

/// The entry of a list that stands for version control.
pub(super) const DIRECT: &str = "direct";

/// All upstreams with a table of their own, and the patience with version control.
pub(super) fn hops(upstreams: &BTreeMap<String, Upstream>, bench: &mut Bench<'_>) -> (Vec<Hop>, Hop) {
    let mut hops = Vec::new();
    let mut direct = hop(DIRECT, String::new(), &Upstream::default(), "upstream.direct", bench);
    for (name, upstream) in upstreams {
        let path = format!("upstream.{name}");
        check_name(name, &path, bench);
        if name == DIRECT {
            check_direct(upstream, &path, bench);
            direct = hop(DIRECT, String::new(), &without_login(upstream), &path, bench);
        } else {
            let url = url(upstream, &path, bench);
            hops.push(hop(name, url, upstream, &path, bench));
        }
    }
    (hops, direct)
}

/// An upstream that a list names by its URL, with the default patience. Credentials in the URL become its login, and are in no name.
pub(super) fn plain(name: String, url: &GoUrl, netrc: Option<&Netrc>, bench: &mut Bench<'_>) -> Hop {
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let mut hop = hop(&name, without_credentials(url), &Upstream::default(), "", bench);
    hop.login = match (url.credentials(), netrc) {
        (Some((user, password)), _) => Login::Basic(text(user), Secret::new(text(password.unwrap_or_default()))),
        (None, Some(netrc)) if url.scheme() == "https" => machine::login(netrc, &without_credentials(url)),
        (None, _) => Login::None,
    };
    hop
}

/// An upstream with the default patience, its name and URL still to be filled in.
pub(super) fn default_hop(bench: &mut Bench<'_>) -> Hop {
    hop("", String::new(), &Upstream::default(), "", bench)
}

/// What the URL says besides its credentials, as it was written.
fn without_credentials(url: &GoUrl) -> String {
    let text = url.as_str();
    let authority = text.find("://").map_or(0, |at| at + 3);
    let end = text[authority..].find('/').map_or(text.len(), |at| authority + at);
    match text[authority..end].rfind('@') {
        Some(at) if url.credentials().is_some() => format!("{}{}", &text[..authority], &text[authority + at + 1..]),
        _ => text.to_owned(),
    }
}

fn hop(name: &str, url: String, upstream: &Upstream, path: &str, bench: &mut Bench<'_>) -> Hop {
    Hop {
        name: name.to_owned(),
        login: login(upstream, &url, path, bench),
        url,
        connect: upstream.connect.0,
        tls: upstream.tls.0,
        first_byte: upstream.first_byte.0,
        idle: upstream.idle.0,
        total: upstream.total.0,
        total_zip: upstream.total_zip.0,
        retries: upstream.retries,
        step_down: step_down(upstream, path, bench),
        breaker: Breaker { failures: upstream.breaker.failures, pause: upstream.breaker.pause.0 },
        ca_files: ca_files(upstream, path, bench),
        forward_proxy: forward_proxy(upstream, path, bench),
    }
}

fn check_name(name: &str, path: &str, bench: &mut Bench<'_>) {
    if name == "off" {
        bench.wrong(path, "`off` in a list means that the walk ends there", "give the upstream another name");
    }
}

/// Version control has no base URL, and who we are stands with the place where we are it.
fn check_direct(upstream: &Upstream, path: &str, bench: &mut Bench<'_>) {
    if !upstream.url.is_empty() {
        bench.wrong(&format!("{path}.url"), "[upstream.direct] is version control itself and has no `url`", "take it out");
    }
    let logins = [
        ("user", &upstream.user),
        ("password_file", &upstream.password_file),
        ("password_env", &upstream.password_env),
        ("token_file", &upstream.token_file),
        ("token_env", &upstream.token_env),
    ];
    let others = [upstream.netrc.then_some("netrc"), (!upstream.ca_files.is_empty()).then_some("ca_files")];
    let said = logins.iter().filter(|(_, text)| !text.is_empty()).map(|(key, _)| *key).chain(others.into_iter().flatten());
    for key in said.collect::<Vec<_>>() {
        let what = format!("[upstream.direct] is version control itself and has no `{key}`");
        bench.wrong(&format!("{path}.{key}"), what, "write it in a [[direct.access]], with the place that it is for");
    }
    for key in ["step_down", "breaker.failures", "breaker.pause"].map(|key| format!("{path}.{key}")) {
        if bench.leaves.at(&key).is_some() {
            bench.note(
                &key,
                "without effect: `direct` is the last of every list, so that nobody is left to give way to",
                "take it out",
            );
        }
    }
}

/// For a login that was found to be out of place, one mistake is enough.
fn without_login(upstream: &Upstream) -> Upstream {
    let none = String::new;
    let (user, password_file, password_env, token_file, token_env) = (none(), none(), none(), none(), none());
    Upstream { user, password_file, password_env, token_file, token_env, netrc: false, ..upstream.clone() }
}

fn url(upstream: &Upstream, path: &str, bench: &mut Bench<'_>) -> String {
    let key = format!("{path}.url");
    if upstream.url.is_empty() {
        bench.wrong(
            path,
            format!("[{path}] has no url"),
            "set url to the base URL of a module proxy, such as \"https://proxy.example.com\"",
        );
        return String::new();
    }
    match GoUrl::parse(&upstream.url) {
        Err(error) => bench.wrong(&key, format!("bad URL: {error}"), "write a URL such as \"https://proxy.example.com\""),
        Ok(url) if url.credentials().is_some() => {
            let (what, fix) = ("a URL with credentials", "take them out of the URL; set user and password_file, or token_file");
            bench.wrong(&key, format!("{what}: {url}"), fix);
        }
        Ok(url) => check_scheme(&url, &key, bench),
    }
    upstream.url.clone()
}

fn check_scheme(url: &GoUrl, key: &str, bench: &mut Bench<'_>) {
    match url.scheme() {
        "http" | "https" if url.host().is_empty() => bench.wrong(key, format!("bad URL: no host in {url}"), "write https://HOST"),
        "http" | "https" => {
            if url.as_str().contains(['?', '#']) {
                bench.wrong(key, format!("a base URL has no query and no fragment: {url}"), "take out what follows `?` or `#`");
            }
        }
        "file" if url.has_more_than_path() => {
            bench.wrong(key, format!("invalid file:// proxy URL with non-path elements: {url}"), "write file:///absolute/path");
        }
        "file" => (),
        "" => bench.wrong(key, format!("invalid proxy URL missing scheme: {url}"), "write https:// in front of it"),
        _ => bench.wrong(key, format!("invalid proxy URL scheme (must be https, http, file): {url}"), "use https"),
    }
}

fn step_down(upstream: &Upstream, path: &str, bench: &mut Bench<'_>) -> Vec<StepDown> {
    let key = format!("{path}.step_down");
    let mut rules = Vec::new();
    for (index, text) in upstream.step_down.iter().enumerate() {
        match rule(text) {
            Ok(rule) => rules.push(rule),
            Err((what, fix)) => bench.wrong_element(&key, index, what, fix),
        }
    }
    rules
}

fn rule(text: &str) -> Result<StepDown, (String, String)> {
    let known = format!("write a status such as 429, 5xx, or one of {}", KINDS.join(", "));
    match (text, text.parse::<u16>()) {
        ("5xx", _) => Ok(StepDown::ServerErrors),
        (_, Ok(404 | 410)) => {
            Err((format!("{text} means that a module does not exist, which always gives way"), "take it out".to_owned()))
        }
        (_, Ok(status @ 300..=599)) => Ok(StepDown::Status(status)),
        _ if KINDS.contains(&text) => Ok(StepDown::Kind(text.to_owned())),
        _ => {
            let meant = nearest(text, KINDS.iter().copied()).map(|kind| format!("did you mean `{kind}`?"));
            Err((format!("`{text}` is no kind of trouble"), meant.unwrap_or(known)))
        }
    }
}

/// Who we are to an upstream; every combination that cannot be meant is a mistake.
fn login(upstream: &Upstream, url: &str, path: &str, bench: &mut Bench<'_>) -> Login {
    let key = |name: &str| format!("{path}.{name}");
    let password = one_secret(&key("password"), &upstream.password_file, &upstream.password_env, bench);
    let token = one_secret(&key("token"), &upstream.token_file, &upstream.token_env, bench);
    let said = [!upstream.user.is_empty() || password.is_some(), token.is_some(), upstream.netrc];
    if said.iter().filter(|said| **said).count() > 1 {
        bench.wrong(path, format!("[{path}] says more than once who we are"), "keep one of: user with password, token, netrc");
        return Login::None;
    }
    if said.contains(&true) && insecure(url) {
        bench.wrong(
            &key("url"),
            format!("refusing to pass credentials to insecure URL: {url}"),
            "use https, or take the login out",
        );
        return Login::None;
    }
    match (upstream.user.as_str(), password, token) {
        ("", None, None) if upstream.netrc => netrc_login(url, &key("netrc"), bench),
        ("", None, None) => Login::None,
        ("", None, Some(token)) => token.map_or(Login::None, Login::Bearer),
        ("", Some(_), _) => {
            bench.wrong(path, "a password without a user", "set user");
            Login::None
        }
        (_, None, _) => {
            bench.wrong(&key("user"), "a user without a password", "set password_file or password_env");
            Login::None
        }
        (user, Some(password), _) => password.map_or(Login::None, |password| Login::Basic(user.to_owned(), password)),
    }
}

/// The secret of `KEY_file` or `KEY_env`. `None`: neither is set. `Some(None)`: a mistake was noted.
fn one_secret(key: &str, file: &str, variable: &str, bench: &mut Bench<'_>) -> Option<Option<Secret>> {
    let (file_key, variable_key) = (format!("{key}_file"), format!("{key}_env"));
    match (file, variable) {
        ("", "") => None,
        (file, "") => Some(bench.secret_file(&file_key, file)),
        ("", variable) => Some(bench.secret_variable(&variable_key, variable)),
        (_, _) => {
            bench.wrong(&variable_key, format!("both {file_key} and {variable_key} are set"), "keep one of them");
            Some(None)
        }
    }
}

fn netrc_login(url: &str, key: &str, bench: &mut Bench<'_>) -> Login {
    let login = machine::netrc(bench.environment, bench.files()).map_or(Login::None, |netrc| machine::login(&netrc, url));
    if login == Login::None {
        let fix = "add `machine HOST login USER password PASSWORD`; a port other than 443 belongs to HOST";
        bench.note(key, format!("the netrc file has no machine for {url}"), fix);
    }
    login
}

/// Credentials go over https, or to this very machine.
fn insecure(url: &str) -> bool {
    let Ok(url) = GoUrl::parse(url) else { return false };
    url.scheme() == "http" && !loopback(url.host())
}

fn ca_files(upstream: &Upstream, path: &str, bench: &mut Bench<'_>) -> Vec<PathBuf> {
    let key = format!("{path}.ca_files");
    let found = upstream.ca_files.iter().enumerate().filter_map(|(index, written)| bench.certificates(&key, index, written));
    found.map(|(path, _)| path).collect()
}

fn forward_proxy(upstream: &Upstream, path: &str, bench: &mut Bench<'_>) -> ForwardProxy {
    let (key, file_key) = (format!("{path}.forward_proxy"), format!("{path}.forward_proxy_file"));
    if !upstream.forward_proxy_file.is_empty() {
        let secret = bench.secret_file(&file_key, &upstream.forward_proxy_file);
        if secret.as_ref().is_some_and(|secret| !is_forward_proxy(secret.reveal())) {
            bench.wrong(&file_key, "the file holds no URL of a forward proxy", "write http://user:password@host:port into it");
        }
        return secret.map_or(ForwardProxy::Direct, ForwardProxy::Url);
    }
    match upstream.forward_proxy.as_str() {
        "env" => machine::forward_proxy(bench.environment),
        DIRECT => ForwardProxy::Direct,
        url if GoUrl::parse(url).is_ok_and(|url| url.credentials().is_some()) => {
            bench.wrong(
                &key,
                "a forward proxy's URL with credentials",
                "write that URL into a file and name it in forward_proxy_file",
            );
            ForwardProxy::Direct
        }
        url if is_forward_proxy(url) => ForwardProxy::Url(Secret::new(url.to_owned())),
        other => {
            // Text that is no URL may hold a password all the same.
            let shown = if other.contains('@') { "(secret)" } else { other };
            bench.wrong(&key, format!("`{shown}` is no forward proxy"), "write \"env\", \"direct\", or \"http://host:port\"");
            ForwardProxy::Direct
        }
    }
}

fn is_forward_proxy(text: &str) -> bool {
    GoUrl::parse(text).is_ok_and(|url| url.scheme() == "http" && !url.host().is_empty())
}
