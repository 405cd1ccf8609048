//! What the configuration is read from besides its text. The only place of modway that reads the environment.

use std::{
    collections::BTreeMap,
    env, fs, io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

/// The environment of the process, read once. Tests write their own.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Reads the environment of this process. Bytes that are not UTF-8 are replaced, as in a name nobody can have meant.
    pub fn of_process() -> Self {
        let text = |bytes: std::ffi::OsString| bytes.to_string_lossy().into_owned();
        Self(env::vars_os().map(|(name, value)| (text(name), text(value))).collect())
    }

    /// An environment of these names and values.
    pub fn of(vars: &[(&str, &str)]) -> Self {
        Self(vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    /// The same with another value for `name`; empty to take it away.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut changed = self.clone();
        match value {
            "" => changed.0.remove(name),
            value => changed.0.insert(name.to_owned(), value.to_owned()),
        };
        changed
    }

    /// The value of `name`; an empty one counts as not set, as in Go.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// All names and values that are set, in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str())).filter(|(_, value)| !value.is_empty())
    }

    /// All names and values, the empty ones too: what a program that is started for the user has to have.
    pub fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Where modway keeps its store if nothing else is said: `modway` below $XDG_DATA_HOME, else below ~/.local/share.
    /// `None` without a home: there is no place that is surely ours.
    ///
    /// Source: XDG Base Directory Specification 0.8, which ignores relative paths in $XDG_DATA_HOME.
    pub fn data_directory(&self) -> Option<PathBuf> {
        let absolute = |name| self.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let base = absolute("XDG_DATA_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/share")))?;
        Some(base.join("modway"))
    }
}

/// Reads the files that a configuration names. Tests bring their own.
pub trait Files {
    /// The whole content of `path`.
    ///
    /// # Errors
    /// What the disk says.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// The permissions of `path`, as in `chmod`. Files that are on no disk are their owner's alone.
    ///
    /// # Errors
    /// What the disk says.
    fn mode(&self, _path: &Path) -> io::Result<u32> {
        Ok(0o600)
    }
}

/// The files of this machine.
#[derive(Clone, Copy, Debug)]
pub struct Disk;

impl Files for Disk {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        fs::read(path)
    }

    fn mode(&self, path: &Path) -> io::Result<u32> {
        Ok(fs::metadata(path)?.permissions().mode() & 0o777)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(vars: &[(&str, &str)], directory: Option<&str>) {
        assert_eq!(Environment::of(vars).data_directory(), directory.map(PathBuf::from));
    }

    #[test]
    fn the_store_rests_where_the_user_keeps_data() {
        check(&[("XDG_DATA_HOME", "/data"), ("HOME", "/home/u")], Some("/data/modway"));
        check(&[("XDG_DATA_HOME", "data"), ("HOME", "/home/u")], Some("/home/u/.local/share/modway"));
        check(&[("XDG_DATA_HOME", ""), ("HOME", "/home/u")], Some("/home/u/.local/share/modway"));
        check(&[], None);
    }

    #[test]
    fn an_empty_variable_is_not_set() {
        let environment = Environment::of(&[("A", ""), ("B", "b")]);
        assert_eq!(environment.get("A"), None);
        assert_eq!(environment.iter().collect::<Vec<_>>(), [("B", "b")]);
    }
}
