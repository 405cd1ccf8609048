//! What may stand in a command line although strangers wrote it.

use std::{
    ffi::{OsStr, OsString},
    fmt,
    os::unix::ffi::OsStrExt as _,
    path::Path,
};

use plan::Trouble;

/// Data in a command line.
///
/// Invariants: not empty, does not begin with `-`, and has no control byte, so that no tool reads it as a flag and no log, line protocol or
/// terminal as anything but text.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Word(OsString);

/// A revision as a user gives it: a tag, a branch, a hash. Also no `..` and no `:`, which are git's and Mercurial's for more than one.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Rev(Word);

/// The whole name of a reference, `HEAD` or `refs/tags/v1.0.0`: what `git check-ref-format` takes.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Ref(String);

/// A remote, `https://git.example.com/lib`: it has a scheme, which is not `file`, and no space.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct RepoUrl(Word);

/// A path below a repository's root, with slashes: relative, clean, never up.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct SubDir(Word);

impl Word {
    /// Takes `text` if no tool can take it for anything but data.
    ///
    /// # Errors
    /// [`Trouble::Refused`], which names the text.
    pub fn new(text: impl Into<OsString>) -> Result<Self, Trouble> {
        let text = text.into();
        let bytes = text.as_bytes();
        let good = !bytes.is_empty() && bytes[0] != b'-' && !bytes.iter().any(u8::is_ascii_control);
        if good { Ok(Self(text)) } else { Err(refused("argument", &text.to_string_lossy())) }
    }

    /// The text.
    pub fn as_os_str(&self) -> &OsStr {
        &self.0
    }
}

impl Rev {
    /// Takes `text` if it can name one revision.
    ///
    /// # Errors
    /// [`Trouble::Refused`].
    pub fn parse(text: &str) -> Result<Self, Trouble> {
        let good = !text.contains("..") && !text.contains([':', ' ', '~', '^', '?', '*', '[', '\\']) && !text.contains("@{");
        if good { Word::new(text).map(Self) } else { Err(refused("revision", text)) }
    }
}

impl Ref {
    /// Takes `text` if git takes it for a reference's whole name.
    ///
    /// # Errors
    /// [`Trouble::Refused`].
    pub fn parse(text: &str) -> Result<Self, Trouble> {
        let element = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
        let good = (text == "HEAD" || text.starts_with("refs/"))
            && text.split('/').all(element)
            && !text.ends_with('.')
            && !text.contains("..")
            && !text.contains("@{")
            && !text.contains(|c: char| c.is_ascii_control() || " ~^:?*[\\".contains(c));
        if good { Ok(Self(text.to_owned())) } else { Err(refused("reference", text)) }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl RepoUrl {
    /// Takes `text` if it is a URL that a tool may be told. Whether it may be reached is the egress's to say.
    ///
    /// # Errors
    /// [`Trouble::Refused`], in Go's words if there is no scheme.
    pub fn parse(text: &str) -> Result<Self, Trouble> {
        let Some((scheme, rest)) = text.split_once("://") else {
            return Err(Trouble::Refused(format!("remote ({}) must not be local directory", text.escape_debug())));
        };
        let plain = !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
        // A host that begins with a hyphen is a flag to ssh.
        let good =
            plain && !scheme.eq_ignore_ascii_case("file") && !rest.is_empty() && !rest.starts_with('-') && !rest.contains("@-");
        if good && !text.contains(' ') { Word::new(text).map(Self) } else { Err(refused("repository", text)) }
    }

    /// The URL.
    pub fn as_str(&self) -> &str {
        self.0.as_os_str().to_str().unwrap_or_default()
    }
}

impl SubDir {
    /// Takes `text` if it leads down from a root.
    ///
    /// # Errors
    /// [`Trouble::Refused`].
    pub fn parse(text: &str) -> Result<Self, Trouble> {
        let down = |part: &str| !part.is_empty() && part != "." && part != "..";
        if text.split('/').all(down) { Word::new(text).map(Self) } else { Err(refused("directory", text)) }
    }

    /// The path.
    pub fn as_str(&self) -> &str {
        self.0.as_os_str().to_str().unwrap_or_default()
    }
}

impl AsRef<Word> for Word {
    fn as_ref(&self) -> &Word {
        self
    }
}

impl AsRef<Word> for Rev {
    fn as_ref(&self) -> &Word {
        &self.0
    }
}

impl AsRef<Word> for RepoUrl {
    fn as_ref(&self) -> &Word {
        &self.0
    }
}

impl AsRef<Word> for SubDir {
    fn as_ref(&self) -> &Word {
        &self.0
    }
}

/// A path of ours. It is absolute, so it begins with a slash.
impl TryFrom<&Path> for Word {
    type Error = Trouble;

    fn try_from(path: &Path) -> Result<Self, Trouble> {
        if path.is_absolute() { Self::new(path) } else { Err(refused("path", &path.to_string_lossy())) }
    }
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

fn refused(what: &str, text: &str) -> Trouble {
    let short: String = text.chars().take(120).flat_map(char::escape_debug).collect();
    Trouble::Refused(format!("invalid {what} \"{short}\""))
}
