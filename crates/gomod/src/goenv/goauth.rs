//! GOAUTH: where the go command's logins come from.

/// GOAUTH, read: `netrc`, or `corp-login --go; netrc`.
///
/// Invariants: there is a method; [`Method::Off`] stands alone.
///
/// Source: `runGoAuth` in `cmd/go/internal/auth/auth.go`, Go 1.27.
#[derive(Clone, PartialEq, Eq)]
pub struct GoAuth(Vec<Method>);

/// One method. Earlier ones count more than later ones.
#[derive(Clone, PartialEq, Eq)]
pub enum Method {
    /// No logins at all.
    Off,
    /// Those of the netrc file.
    Netrc,
    /// Those that `git credential` tells in this folder, an absolute path.
    Git(String),
    /// Those that a command prints: its words, at least one. They may hold secrets.
    Command(Vec<String>),
}

/// A GOAUTH at which the go command stops, in Go's words, but without the value, which may hold secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidGoAuth {
    /// Nothing between two semicolons, or at an end.
    #[error("GOAUTH encountered an empty command")]
    Empty,
    /// `off` beside others.
    #[error("GOAUTH=off cannot be combined with other authentication commands")]
    OffCombined,
    /// `git` without an absolute path.
    #[error("GOAUTH=git dir method requires an absolute path to the git working directory")]
    GitFolder,
}

impl GoAuth {
    /// Reads the setting; empty is Go's default, netrc.
    ///
    /// Errors: [`InvalidGoAuth`]. Whether git's folder is there is not looked at.
    pub fn parse(goauth: &str) -> Result<Self, InvalidGoAuth> {
        if goauth.is_empty() {
            return Ok(Self(vec![Method::Netrc]));
        }
        let methods: Vec<Method> = goauth.split(';').map(method).collect::<Result<_, _>>()?;
        if methods.len() > 1 && methods.contains(&Method::Off) {
            return Err(InvalidGoAuth::OffCombined);
        }
        Ok(Self(methods))
    }

    /// The methods in order.
    pub fn methods(&self) -> &[Method] {
        &self.0
    }

    /// True if the netrc file is read.
    pub fn reads_netrc(&self) -> bool {
        self.0.contains(&Method::Netrc)
    }

    /// The first program that is run for logins, `git` included.
    pub fn program(&self) -> Option<&str> {
        self.0.iter().find_map(|method| match method {
            Method::Off | Method::Netrc => None,
            Method::Git(_) => Some("git"),
            Method::Command(words) => words.first().map(String::as_str),
        })
    }
}

fn method(text: &str) -> Result<Method, InvalidGoAuth> {
    let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    match words.first().map(String::as_str) {
        None => Err(InvalidGoAuth::Empty),
        Some("off") => Ok(Method::Off),
        Some("netrc") => Ok(Method::Netrc),
        Some("git") => match words.as_slice() {
            [_, folder] if folder.starts_with('/') => Ok(Method::Git(folder.clone())),
            _ => Err(InvalidGoAuth::GitFolder),
        },
        Some(_) => Ok(Method::Command(words)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(goauth: &str, netrc: bool, program: Option<&str>) {
        let read = GoAuth::parse(goauth).expect("a GOAUTH");
        assert_eq!((read.reads_netrc(), read.program()), (netrc, program), "{goauth}");
    }

    #[track_caller]
    fn check_refused(goauth: &str, why: InvalidGoAuth) {
        assert_eq!(GoAuth::parse(goauth).err(), Some(why), "{goauth}");
    }

    #[test]
    fn the_methods_are_read_in_order() {
        check("", true, None);
        check("netrc", true, None);
        check(" netrc now ", true, None);
        check("off", false, None);
        check("corp-login --go; netrc", true, Some("corp-login"));
        check("netrc;git /home/u;x", true, Some("git"));
        check("netrc-like", false, Some("netrc-like"));
    }

    #[test]
    fn what_stops_the_go_command_is_refused_in_its_words() {
        check_refused("netrc;", InvalidGoAuth::Empty);
        check_refused(" ", InvalidGoAuth::Empty);
        check_refused("off;netrc", InvalidGoAuth::OffCombined);
        check_refused("git", InvalidGoAuth::GitFolder);
        check_refused("git here", InvalidGoAuth::GitFolder);
        check_refused("git /a /b", InvalidGoAuth::GitFolder);
    }
}
