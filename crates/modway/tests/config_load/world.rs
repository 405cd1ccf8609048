//! A machine of a test's own: its file, its environment, its disk.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use rcgen::{CertifiedKey, generate_simple_self_signed};

use modway::config::{Config, Environment, Files, Mistakes, Source};

/// What a configuration is loaded from.
#[derive(Clone, Default)]
pub(crate) struct World {
    source: Source,
    vars: Vec<(String, String)>,
    disk: Disk,
}

#[derive(Clone, Default)]
struct Disk {
    files: BTreeMap<PathBuf, Vec<u8>>,
    modes: BTreeMap<PathBuf, u32>,
}

impl Files for Disk {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.files.get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn mode(&self, path: &Path) -> io::Result<u32> {
        Ok(self.modes.get(path).copied().unwrap_or(0o600))
    }
}

impl World {
    /// A machine with a home and nothing else.
    pub(crate) fn new() -> Self {
        Self::default().var("HOME", "/home/u")
    }

    /// A machine with a home and this configuration file.
    pub(crate) fn with(text: &str) -> Self {
        let mut world = Self::new();
        world.source.file = Some(("/etc/modway.toml".to_owned(), text.to_owned()));
        world
    }

    pub(crate) fn var(mut self, name: &str, value: &str) -> Self {
        self.vars.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn file(mut self, path: &str, content: &str) -> Self {
        self.disk.files.insert(path.into(), content.into());
        self
    }

    /// The file at `path` has these permissions, not its owner's alone.
    pub(crate) fn mode(mut self, path: &str, mode: u32) -> Self {
        self.disk.modes.insert(path.into(), mode);
        self
    }

    /// The certificates and keys that the example names.
    pub(crate) fn pems(self) -> Self {
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        let certificates = ["/etc/modway/corp-ca.pem", "/etc/modway/client.crt"];
        let keys = ["/etc/modway/client.key", "/run/secrets/github-app.pem", "/run/secrets/deploy-key"];
        let world = certificates.iter().fold(self, |world, path| world.file(path, &cert.pem()));
        let world = keys.iter().fold(world, |world, path| world.file(path, &signing_key.serialize_pem()));
        world.file("/etc/modway/known_hosts", "git.example.com ssh-ed25519 AAAA\n")
    }

    pub(crate) fn listen(mut self, address: &str) -> Self {
        self.source.listen.push(address.to_owned());
        self
    }

    pub(crate) fn store(mut self, path: &str) -> Self {
        self.source.store = Some(path.to_owned());
        self
    }

    pub(crate) fn load(&self) -> Result<Config, Mistakes> {
        let vars: Vec<(&str, &str)> = self.vars.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        Config::load(&self.source, &Environment::of(&vars), &self.disk)
    }

    #[track_caller]
    pub(crate) fn good(&self) -> Config {
        self.load().unwrap_or_else(|mistakes| panic!("{mistakes}"))
    }

    #[track_caller]
    pub(crate) fn bad(&self) -> Mistakes {
        self.load().map(|config| config.show()).expect_err("the configuration is accepted")
    }
}
