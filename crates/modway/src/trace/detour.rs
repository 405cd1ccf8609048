//! Where the traced command is led: which of its settings are replaced, by what, and what each of our URLs stands for.
//!
//! What cannot be led past us without changing what the command does is left alone, and a note says so.

use std::{collections::BTreeMap, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use gomod::{
    goenv::{GoAuth, Netrc, SumdbSetting},
    goproxy::{GoProxyList, GoUrl, Outcome, Privacy, Separator, Source},
};
use http::HeaderValue;

use super::{courier::Manners, record::Asked};

/// The go command's own settings that decide where it goes, as `go env` tells them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Settings {
    /// GOPROXY.
    pub goproxy: String,
    /// GOSUMDB.
    pub gosumdb: String,
    /// GOAUTH.
    pub goauth: String,
}

/// Which settings the command gets, and what they stand for.
#[derive(Clone, Debug, Default)]
pub(super) struct Detour {
    /// The entries of the user's list as they are shown, in order; empty if Go refuses the list.
    pub(super) entries: Vec<Entry>,
    /// What our doors for GOPROXY and GOSUMDB lead to, in the order of their numbers.
    pub(super) hops: Vec<Hop>,
    /// Variables to set.
    pub(super) variables: BTreeMap<&'static str, String>,
    /// What is not seen, and why.
    pub(super) notes: Vec<Note>,
}

/// An entry of GOPROXY as it is shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// The URL without password, `direct` or `off`.
    pub shown: String,
    /// `,`, `|`, or nothing at the end.
    pub separator: &'static str,
    /// Whether a recorder stands before it.
    pub recorded: bool,
    /// Whether "does not exist" gives way to the next entry.
    pub not_exist_gives_way: bool,
    /// Whether any other failure does.
    pub failure_gives_way: bool,
}

/// One recorder.
#[derive(Clone)]
pub(super) struct Hop {
    pub(super) asked: Asked,
    /// Scheme, host and path, without credentials, query and a slash at the end.
    pub(super) base: String,
    /// The same as the go command prints it, `user:xxxxx@` included.
    pub(super) printed: String,
    pub(super) manners: Manners,
}

/// Something that is not recorded, and why.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
#[serde(tag = "note", rename_all = "kebab-case")]
pub enum Note {
    /// Go refuses the list, and asks nobody.
    BadGoProxy {
        /// In Go's words.
        why: String,
    },
    /// Go refuses to send a password over plain http, before it connects.
    InsecureCredentials {
        /// The entry.
        entry: String,
    },
    /// A folder is read by the go command itself.
    File {
        /// The entry.
        entry: String,
    },
    /// A command of the user's makes logins, which only the go command can ask for: these hosts are seen as tunnels only.
    GoAuth,
    /// The user has git write its own log: it goes on doing so, and its processes are not seen.
    GitTrace,
    /// An ssh remote was reached by these processes, and what they said is not seen.
    Ssh,
    /// More was seen than is kept.
    NotKept {
        /// How many requests and connections.
        count: usize,
    },
}

impl std::fmt::Debug for Hop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Hop({:?}, {})", self.asked, self.base)
    }
}

impl Detour {
    /// The detour for `settings`, where `door` is the URL of our door for hops: a hop's number comes below it.
    pub(super) fn new(settings: &Settings, netrc: Option<Netrc>, door: &str) -> Self {
        let mut detour = Self::default();
        let netrc = netrc.filter(|_| may_read_netrc(&settings.goauth)).map(Arc::new);
        if by_command(&settings.goauth) {
            detour.notes.push(Note::GoAuth);
        }
        let list = match GoProxyList::parse(&settings.goproxy) {
            Ok(list) => list,
            Err(why) => {
                detour.notes.push(Note::BadGoProxy { why: why.to_string() });
                return detour;
            }
        };
        let goproxy = detour.list(&list, settings, netrc.as_ref(), door);
        if detour.entries.iter().any(|entry| entry.recorded) {
            detour.variables.insert("GOPROXY", goproxy);
        }
        detour.sumdb(settings, netrc.as_ref(), door);
        detour
    }

    /// Puts recorders before the entries; answers the list that leads to them.
    fn list(&mut self, list: &GoProxyList, settings: &Settings, netrc: Option<&Arc<Netrc>>, door: &str) -> String {
        let mut text = String::new();
        for (index, entry) in list.entries().iter().enumerate() {
            let separator = match entry.separator {
                Separator::Comma => ",",
                Separator::Bar => "|",
                Separator::End => "",
            };
            let shown = shown(&entry.source);
            let hop = match &entry.source {
                Source::Proxy(url) => self.hop(url, Asked::Entry(index), settings, netrc),
                Source::File(_) => {
                    self.notes.push(Note::File { entry: shown.clone() });
                    None
                }
                Source::Direct | Source::Off => None,
            };
            let recorded = hop.is_some();
            text += &match (&entry.source, hop) {
                (Source::Proxy(url), Some(hop)) => self.door(hop, url, door),
                (Source::Proxy(url) | Source::File(url), _) => url.as_str().to_owned(),
                (Source::Direct, _) => "direct".to_owned(),
                (Source::Off, _) => "off".to_owned(),
            };
            text += separator;
            let gives_way = |outcome| gives_way(list, index, outcome);
            let (not_exist_gives_way, failure_gives_way) = (gives_way(Outcome::NotExist), gives_way(Outcome::Failed));
            self.entries.push(Entry { shown, separator, recorded, not_exist_gives_way, failure_gives_way });
        }
        text
    }

    /// Puts a recorder before the URL in GOSUMDB, if it has one.
    fn sumdb(&mut self, settings: &Settings, netrc: Option<&Arc<Netrc>>, door: &str) {
        // The name that stands for a name and a URL is left as it is: what it stands for is Go's to say.
        let Some((key, _)) = settings.gosumdb.trim().split_once(char::is_whitespace) else { return };
        let Ok(SumdbSetting::Database { url: Some(url), .. }) = SumdbSetting::parse(&settings.gosumdb) else { return };
        if let Some(hop) = self.hop(&url, Asked::Sumdb, settings, netrc).filter(|_| url.scheme() != "file") {
            let ours = self.door(hop, &url, door);
            self.variables.insert("GOSUMDB", format!("{key} {ours}"));
        }
    }

    fn hop(&mut self, url: &GoUrl, asked: Asked, settings: &Settings, netrc: Option<&Arc<Netrc>>) -> Option<Hop> {
        if url.check_credentials().is_err() {
            self.notes.push(Note::InsecureCredentials { entry: url.to_string() });
            return None;
        }
        let https = url.scheme() == "https";
        if https && by_command(&settings.goauth) {
            return None;
        }
        let below = url.below("x");
        let base = below.split('?').next().unwrap_or_default().strip_suffix("/x")?.to_owned();
        let redacted = url.to_string();
        let user = redacted.split("://").nth(1).and_then(|rest| rest.split(['/', '?', '#']).next()?.rsplit_once('@'));
        let user = user.map(|(user, _)| format!("{user}@")).unwrap_or_default();
        let printed = base.replacen("://", &format!("://{user}"), 1);
        let login = url.credentials().and_then(|(user, password)| {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            basic(&text(&user), &text(&password.unwrap_or_default()))
        });
        Some(Hop { asked, base, printed, manners: Manners::Web { login, netrc: netrc.cloned() } })
    }

    /// Keeps the hop; answers its URL at our door. A query stays: the go command sends it with each request.
    fn door(&mut self, hop: Hop, url: &GoUrl, door: &str) -> String {
        let query = url.below("x").split_once('?').map(|(_, query)| format!("?{query}")).unwrap_or_default();
        self.hops.push(hop);
        format!("{door}/{}{query}", self.hops.len() - 1)
    }
}

/// Whether the walk goes on behind entry `index` when that answers so.
fn gives_way(list: &GoProxyList, index: usize, outcome: Outcome) -> bool {
    let mut walk = list.walk(Privacy::Public);
    (0..index).for_each(|_| walk.answer(Outcome::NotExist));
    walk.answer(outcome);
    walk.here().is_some()
}

/// `Authorization` for a user and a password.
pub(super) fn basic(user: &str, password: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// An entry as the go command prints it, without query and fragment, which may be secrets.
fn shown(source: &Source) -> String {
    match source {
        Source::Direct => "direct".to_owned(),
        Source::Off => "off".to_owned(),
        Source::Proxy(url) | Source::File(url) => {
            let text = url.to_string();
            text.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/').to_owned()
        }
    }
}

/// GOAUTH names a command, `git` included: the logins that it makes are the go command's to ask for. So is one that stops it.
fn by_command(goauth: &str) -> bool {
    GoAuth::parse(goauth).map_or(true, |goauth| goauth.program().is_some())
}

fn may_read_netrc(goauth: &str) -> bool {
    GoAuth::parse(goauth).is_ok_and(|goauth| goauth.reads_netrc())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOOR: &str = "http://127.0.0.1:1/t";

    #[track_caller]
    fn check(goproxy: &str, gosumdb: &str, goauth: &str, want: &[(&str, &str)], bases: &[&str]) -> Detour {
        let settings = Settings { goproxy: goproxy.into(), gosumdb: gosumdb.into(), goauth: goauth.into() };
        let detour = Detour::new(&settings, None, DOOR);
        let got: Vec<(&str, &str)> = detour.variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(got, want);
        assert_eq!(detour.hops.iter().map(|hop| hop.base.as_str()).collect::<Vec<_>>(), bases);
        detour
    }

    #[test]
    fn separators_and_what_is_no_proxy_stay_as_they_are() {
        let ours = "http://127.0.0.1:1/t/0|http://127.0.0.1:1/t/1,file:///f|direct";
        check(
            " https://a.test/x//y/ ,|mirror.test|file:///f|direct,junk",
            "off",
            "netrc",
            &[("GOPROXY", "http://127.0.0.1:1/t/0,http://127.0.0.1:1/t/1|file:///f|direct")],
            &["https://a.test/x/y", "https://mirror.test"],
        );
        check("http://a|https://b,file:///f|direct", "off", "", &[("GOPROXY", ours)], &["http://a", "https://b"]);
        for alone in ["direct", "off", "file:///f", "file:///f,direct"] {
            check(alone, "sum.golang.org", "netrc", &[], &[]);
        }
    }

    #[test]
    fn a_list_that_go_refuses_is_left_to_go() {
        let detour = check("https://a.test,DIRECT", "off", "", &[], &[]);
        assert_eq!(detour.notes, [Note::BadGoProxy { why: "invalid proxy URL missing scheme: DIRECT".into() }]);
    }

    #[test]
    fn a_password_is_ours_to_send_and_not_in_what_is_printed() {
        let detour = check(
            "https://u:canary@a.test/p?k=canary",
            "off",
            "",
            &[("GOPROXY", "http://127.0.0.1:1/t/0?k=canary")],
            &["https://a.test/p"],
        );
        assert_eq!(detour.hops[0].printed, "https://u:xxxxx@a.test/p");
        assert_eq!(detour.entries[0].shown, "https://u:xxxxx@a.test/p");
        assert!(!format!("{:?}{:?}", detour.hops, detour.entries).contains("canary"));
        let refused = check("http://u:canary@a.test", "off", "", &[], &[]);
        assert_eq!(refused.notes, [Note::InsecureCredentials { entry: "http://u:xxxxx@a.test".into() }]);
    }

    #[test]
    fn where_a_command_makes_logins_https_is_left_to_go() {
        let detour = check(
            "https://a.test|http://b.test",
            "off",
            "netrc; git /d",
            &[("GOPROXY", "https://a.test|http://127.0.0.1:1/t/0")],
            &["http://b.test"],
        );
        assert_eq!(detour.notes, [Note::GoAuth]);
    }

    #[test]
    fn a_url_of_the_checksum_database_is_led_past_us_and_its_key_stays() {
        let key = "sum.test+00000000+AAAA";
        check(
            "direct",
            &format!("{key} https://db.test/x"),
            "",
            &[("GOSUMDB", "sum.test+00000000+AAAA http://127.0.0.1:1/t/0")],
            &["https://db.test/x"],
        );
        check("direct", key, "", &[], &[]);
        check("direct", "sum.golang.google.cn", "", &[], &[]);
        check("direct", &format!("{key} file:///db"), "", &[], &[]);
    }
}
