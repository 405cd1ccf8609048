//! What git is told about one repository: its certificates, its logins, where it is sent, and which programs it would run.
//!
//! `git config` is asked, which runs nothing; [`super::git`] runs git with nothing but the harmless part of what is read here.

use crate::config::Environment;

/// The configuration of git that counts for one URL.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct GitConfig {
    entries: Vec<Entry>,
}

/// One setting, as git has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Its name: section and variable in small letters, what is between as written.
    pub key: String,
    /// Its value.
    pub value: String,
    /// Where it stands, `file:/home/u/.gitconfig` or `command line:`.
    pub origin: String,
}

/// The variables of `http.*` that say how a server is reached and believed, and run nothing.
///
/// Source: git-config(1), git 2.47.
const HTTP: [&str; 26] = [
    "sslverify",
    "sslcainfo",
    "sslcapath",
    "sslcert",
    "sslkey",
    "sslcerttype",
    "sslkeytype",
    "sslversion",
    "sslcipherlist",
    "sslbackend",
    "schannelcheckrevoke",
    "schannelusesslcainfo",
    "pinnedpubkey",
    "proxy",
    "proxyauthmethod",
    "proxysslcainfo",
    "proxysslcert",
    "proxysslkey",
    "extraheader",
    "cookiefile",
    "useragent",
    "version",
    "followredirects",
    "emptyauth",
    "lowspeedlimit",
    "lowspeedtime",
];

impl GitConfig {
    /// Reads the output of `git config --list --show-origin -z`.
    pub fn read(output: &[u8]) -> Self {
        let text = String::from_utf8_lossy(output);
        let mut pieces = text.split('\0');
        let mut entries = Vec::new();
        while let (Some(origin), Some(entry)) = (pieces.next(), pieces.next()) {
            let (key, value) = entry.split_once('\n').unwrap_or((entry, "true"));
            entries.push(Entry { key: key.to_owned(), value: value.to_owned(), origin: origin.to_owned() });
        }
        Self { entries }
    }

    /// The settings that git is run with: how hosts are reached and believed. No program is named in them.
    pub fn harmless(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| is_harmless(&entry.key))
    }

    /// The settings that would make git run a program on its way to `url`.
    pub fn programs(&self, url: &str) -> Vec<&Entry> {
        let is_ssh = url.starts_with("ssh://") || url.starts_with("git+ssh://");
        let runs = |entry: &&Entry| {
            let (section, variable) = ends(&entry.key);
            match (section, variable) {
                ("credential", "helper") => !entry.value.is_empty() && self.counts(&entry.key, url),
                ("core", "askpass") => !entry.value.is_empty(),
                ("core", "sshcommand") => is_ssh,
                ("core", "gitproxy") => url.starts_with("git://"),
                _ => false,
            }
        };
        self.entries.iter().filter(runs).collect()
    }

    /// The value of `http.VARIABLE` that counts for `url`: of those that fit it the most specific, and of these the last.
    pub fn http(&self, variable: &str, url: &str) -> Option<&Entry> {
        let fitting = self.entries.iter().filter(|entry| ends(&entry.key) == ("http", variable) && self.counts(&entry.key, url));
        fitting.max_by_key(|entry| middle(&entry.key).map_or(0, str::len))
    }

    /// Where `url.BASE.insteadOf` sends `url`; `None` if nowhere else. The longest one counts.
    pub fn instead(&self, url: &str) -> Option<(String, &Entry)> {
        let fits =
            |entry: &&Entry| ends(&entry.key) == ("url", "insteadof") && url.starts_with(&entry.value) && !entry.value.is_empty();
        let entry = self.entries.iter().filter(fits).max_by_key(|entry| entry.value.len())?;
        Some((format!("{}{}", middle(&entry.key)?, &url[entry.value.len()..]), entry))
    }

    /// Whether an entry that may have a URL in its name is for `url`. Git's own rule compares more finely: user names and `*` in hosts.
    fn counts(&self, key: &str, url: &str) -> bool {
        let Some(base) = middle(key) else { return true };
        let (base, url) = (base.trim_end_matches('/').to_lowercase(), without_user(&url.to_lowercase()));
        let base = if base.contains("://") { without_user(&base) } else { format!("https://{base}") };
        match base.split_once("*.") {
            Some((scheme, host)) => {
                url.strip_prefix(scheme).and_then(|rest| rest.split_once('.')).is_some_and(|(_, rest)| is_below(rest, host))
            }
            None => is_below(&url, &base),
        }
    }
}

/// The variables that make git believe other certificates, before its configuration.
pub fn ca_variable(environment: &Environment) -> Option<(&'static str, &str)> {
    ["GIT_SSL_CAINFO", "GIT_SSL_CAPATH"].into_iter().find_map(|name| Some((name, environment.get(name)?)))
}

fn is_harmless(key: &str) -> bool {
    match ends(key) {
        ("http", variable) => HTTP.contains(&variable),
        ("url", "insteadof") => true,
        ("protocol", "version") => true,
        ("protocol", "allow") => middle(key).is_none_or(|scheme| ["https", "http", "git"].contains(&scheme)),
        _ => false,
    }
}

/// Section and variable.
fn ends(key: &str) -> (&str, &str) {
    (key.split('.').next().unwrap_or_default(), key.rsplit('.').next().unwrap_or_default())
}

/// What stands between section and variable.
fn middle(key: &str) -> Option<&str> {
    let (_, rest) = key.split_once('.')?;
    rest.rsplit_once('.').map(|(middle, _)| middle)
}

fn without_user(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (place, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    format!("{scheme}://{}{path}", place.rsplit_once('@').map_or(place, |(_, host)| host))
}

fn is_below(url: &str, base: &str) -> bool {
    url.strip_prefix(base).is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || base.ends_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(entries: &[(&str, &str)]) -> GitConfig {
        let text: String = entries.iter().map(|(key, value)| format!("file:/f\0{key}\n{value}\0")).collect();
        GitConfig::read(text.as_bytes())
    }

    #[test]
    fn only_what_runs_nothing_is_handed_on() {
        let config = config(&[
            ("http.sslcainfo", "/ca"),
            ("http.https://h.test/.extraheader", "x"),
            ("http.savecookies", "true"),
            ("core.sshcommand", "evil"),
            ("core.fsmonitor", "evil"),
            ("core.askpass", "evil"),
            ("credential.helper", "!evil"),
            ("credential.https://h.test.helper", "!evil"),
            ("url.ext::sh -c evil.insteadof", "https://h.test/"),
            ("protocol.ext.allow", "always"),
            ("alias.ls-remote", "!evil"),
            ("include.path", "evil"),
            ("filter.lfs.smudge", "evil"),
        ]);
        let kept: Vec<&str> = config.harmless().map(|entry| entry.key.as_str()).collect();
        assert_eq!(kept, ["http.sslcainfo", "http.https://h.test/.extraheader", "url.ext::sh -c evil.insteadof"]);
    }

    #[test]
    fn the_programs_that_would_run_are_named() {
        let config = config(&[
            ("credential.helper", "store"),
            ("credential.https://other.test.helper", "!x"),
            ("credential.https://h.test.helper", "!y"),
            ("core.sshcommand", "ssh -v"),
        ]);
        let named = |url: &str| -> Vec<String> { config.programs(url).iter().map(|entry| entry.value.clone()).collect() };
        assert_eq!(named("https://h.test/a"), ["store", "!y"]);
        assert_eq!(named("ssh://git@h.test/a"), ["store", "ssh -v"]);
    }

    #[track_caller]
    fn check_http(entries: &[(&str, &str)], url: &str, value: Option<&str>) {
        assert_eq!(config(entries).http("sslcainfo", url).map(|entry| entry.value.as_str()), value);
    }

    #[test]
    fn the_most_specific_setting_of_a_host_counts() {
        let entries = [
            ("http.sslcainfo", "all"),
            ("http.https://h.test/.sslcainfo", "host"),
            ("http.https://h.test/team.sslcainfo", "team"),
            ("http.https://*.w.test/.sslcainfo", "star"),
        ];
        check_http(&entries, "https://h.test/x", Some("host"));
        check_http(&entries, "https://u@H.test/team/x", Some("team"));
        check_http(&entries, "https://h.test:8443/x", Some("all"));
        check_http(&entries, "https://a.w.test/x", Some("star"));
        check_http(&entries[1..], "https://other.test/x", None);
    }

    #[test]
    fn the_longest_rewriting_counts() {
        let config =
            config(&[("url.https://m.test/.insteadof", "https://"), ("url.ssh://git@h.test/.insteadof", "https://h.test/")]);
        assert_eq!(config.instead("https://h.test/a").map(|(url, _)| url), Some("ssh://git@h.test/a".to_owned()));
        assert_eq!(config.instead("https://o.test/a").map(|(url, _)| url), Some("https://m.test/o.test/a".to_owned()));
        assert_eq!(config.instead("http://o.test/a"), None);
    }
}
