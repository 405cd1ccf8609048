//! What stands in the way of version control, as far as it tells whose move it is.

use crate::{reason::Mover, trouble::Trouble};

/// What stands in the way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hitch {
    /// The upstream itself: it is not reached, or fails.
    Theirs,
    /// The host wants a login that it did not get, or not this one. GitHub says the same of what does not exist.
    Login,
    /// The host's certificate is not believed.
    Trust,
    /// A rule or a bound of this server's configuration.
    Rule,
    /// A tool is not installed.
    Tool,
}

/// Words of the tools, and of Go, that are about a login.
const LOGIN: [&str; 6] = [
    "terminal prompts disabled",
    "Permission denied",
    "Authentication failed",
    "returned error: 403",
    "401 Unauthorized",
    "403 Forbidden",
];

impl Hitch {
    /// What the trouble of version control is.
    pub fn of(trouble: &Trouble) -> Self {
        let has = |words: &[&str], text: &str| words.iter().any(|word| text.contains(word));
        match trouble {
            Trouble::Tls(_) => Self::Trust,
            Trouble::Refused(_) | Trouble::TooLarge(_) => Self::Rule,
            Trouble::Status(401 | 403, _) => Self::Login,
            Trouble::Vcs(text) if has(&LOGIN, text) => Self::Login,
            Trouble::Vcs(text) if text.contains("Host key verification failed") => Self::Trust,
            Trouble::Vcs(text) if text.contains("executable file not found") => Self::Tool,
            Trouble::Dns(_)
            | Trouble::Connect(_)
            | Trouble::ForwardProxy(_)
            | Trouble::Broken(_)
            | Trouble::Deadline(..)
            | Trouble::Status(..)
            | Trouble::Wait(..)
            | Trouble::Redirect(_)
            | Trouble::Body(_)
            | Trouble::Skipped(_)
            | Trouble::Vcs(_)
            | Trouble::NoVersion(_)
            | Trouble::Tree(_) => Self::Theirs,
        }
    }

    /// Whose move it is.
    pub const fn mover(self) -> Mover {
        match self {
            Self::Theirs => Mover::Upstream,
            Self::Login | Self::Trust | Self::Rule | Self::Tool => Mover::Operator,
        }
    }

    /// What mends it; `None` where only the upstream can.
    pub const fn fix(self) -> Option<&'static str> {
        match self {
            Self::Theirs => None,
            Self::Login => Some(
                "check the path; a private module's host needs a login in a [[direct.access]]: `modway config check --auth MODULE` tries it",
            ),
            Self::Trust => Some(
                "name the host's authority in ca_files (for ssh: known_hosts_file) of a [[direct.access]]; git's own settings do not count",
            ),
            Self::Rule => {
                Some("see [direct] and [[direct.access]] in the configuration of this server; the text names the setting")
            }
            Self::Tool => Some("install it where `path` of [direct] looks, or take `direct` out of the route's list"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(trouble: Trouble, hitch: Hitch) {
        assert_eq!(Hitch::of(&trouble), hitch, "{trouble}");
    }

    #[test]
    fn the_words_of_go_and_of_the_tools_tell_whose_move_it_is() {
        let vcs = |text: &str| Trouble::Vcs(text.to_owned());
        check(vcs("fatal: could not read Username for 'https://h': terminal prompts disabled"), Hitch::Login);
        check(vcs("git@h: Permission denied (publickey)."), Hitch::Login);
        check(vcs("fatal: Authentication failed for 'https://h/m'"), Hitch::Login);
        check(vcs("fatal: unable to access 'https://h/m/': The requested URL returned error: 403"), Hitch::Login);
        check(vcs("h/m@v0.401.0: invalid version: unknown revision 401 of 403 "), Hitch::Theirs);
        check(vcs("unrecognized import path \"h/m\": reading https://h/m?go-get=1: 401 Unauthorized"), Hitch::Login);
        check(Trouble::Status(403, String::new()), Hitch::Login);
        check(Trouble::Tls("invalid peer certificate: UnknownIssuer".into()), Hitch::Trust);
        check(vcs("Host key verification failed."), Hitch::Trust);
        check(Trouble::Refused("not connected to h: its address 10.0.0.1 is private".into()), Hitch::Rule);
        check(Trouble::TooLarge(1), Hitch::Rule);
        check(vcs("exec: \"git\": executable file not found in $PATH"), Hitch::Tool);
        check(vcs("h/m@v2.0.0: invalid version: git fetch: exit status 128"), Hitch::Theirs);
        check(vcs("fatal: the remote end hung up unexpectedly"), Hitch::Theirs);
        check(Trouble::Dns("no such host".into()), Hitch::Theirs);
        check(Trouble::Status(500, String::new()), Hitch::Theirs);
    }
}
