//! What every check of the configuration works with: the values, the files they name, and the mistakes found.

use std::path::{Path, PathBuf};

use proxy::settings::Secret;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};

use super::{
    environment::{Environment, Files},
    leaves::Leaves,
    mistake::{Mistake, Place},
};

/// The values at hand and the mistakes so far.
pub(super) struct Bench<'a> {
    pub(super) leaves: &'a Leaves,
    pub(super) environment: &'a Environment,
    files: &'a dyn Files,
    mistakes: Vec<Mistake>,
}

impl<'a> Bench<'a> {
    pub(super) fn new(leaves: &'a Leaves, environment: &'a Environment, files: &'a dyn Files) -> Self {
        Self { leaves, environment, files, mistakes: Vec::new() }
    }

    /// The files of the machine.
    pub(super) fn files(&self) -> &'a dyn Files {
        self.files
    }

    pub(super) fn into_mistakes(self) -> Vec<Mistake> {
        self.mistakes
    }

    /// Something is wrong with the value at `path`.
    pub(super) fn wrong(&mut self, path: &str, what: impl Into<String>, fix: impl Into<String>) {
        self.put(true, self.leaves.place(path), what.into(), fix.into());
    }

    /// Something is wrong with element `index` of the list at `path`.
    pub(super) fn wrong_element(&mut self, path: &str, index: usize, what: impl Into<String>, fix: impl Into<String>) {
        let element = self.leaves.at(path).and_then(|leaf| leaf.elements.get(index)).cloned();
        self.put(true, element.unwrap_or_else(|| self.leaves.place(path)), what.into(), fix.into());
    }

    /// Something about the value at `path` is worth knowing.
    pub(super) fn note(&mut self, path: &str, what: impl Into<String>, fix: impl Into<String>) {
        self.put(false, self.leaves.place(path), what.into(), fix.into());
    }

    /// Something is wrong, or worth knowing, at a place outside the configuration's own keys.
    pub(super) fn put(&mut self, fatal: bool, place: Place, what: String, fix: String) {
        self.mistakes.push(Mistake { fatal, place, what, mover: "operator", fix });
    }

    /// The path that the value at `key` means: relative ones in the file are relative to the file's folder.
    pub(super) fn path(&self, key: &str, written: &str) -> PathBuf {
        match self.leaves.place(key) {
            Place::File { name, .. } => Path::new(&name).parent().unwrap_or(Path::new("")).join(written),
            Place::Whole | Place::Environment(_) | Place::Flag(_) | Place::Go(_) => PathBuf::from(written),
        }
    }

    /// The content of the file that the key names; a mistake and `None` if it cannot be read.
    pub(super) fn read(&mut self, key: &str, index: usize, written: &str) -> Option<(PathBuf, Vec<u8>)> {
        let path = self.path(key, written);
        match self.files.read(&path) {
            Ok(content) => Some((path, content)),
            Err(error) => {
                let what = format!("cannot read {}: {error}", path.display());
                self.wrong_element(key, index, what, "name a file that the account of modway can read");
                None
            }
        }
    }

    /// The secret in the file that the key names, without the line's end.
    pub(super) fn secret_file(&mut self, key: &str, written: &str) -> Option<Secret> {
        let (path, content) = self.read(key, 0, written)?;
        let text = String::from_utf8(content).ok().map(|text| text.trim_end_matches(['\r', '\n']).to_owned());
        let text = text.filter(|text| !text.is_empty() && !text.contains(char::is_control));
        if text.is_none() {
            self.wrong(
                key,
                format!("{} does not hold one line of text", path.display()),
                "write the secret into it, and nothing else",
            );
        }
        text.map(Secret::new)
    }

    /// The secret in the environment variable that the key names.
    pub(super) fn secret_variable(&mut self, key: &str, name: &str) -> Option<Secret> {
        let text = self.environment.get(name).filter(|text| !text.contains(char::is_control)).map(str::to_owned);
        if text.is_none() {
            self.wrong(
                key,
                format!("the environment variable {name} is not set to one line of text"),
                "set it where modway is started",
            );
        }
        text.map(Secret::new)
    }

    /// The certificates in the PEM file that the key names.
    pub(super) fn certificates(
        &mut self,
        key: &str,
        index: usize,
        written: &str,
    ) -> Option<(PathBuf, Vec<CertificateDer<'static>>)> {
        let (path, content) = self.read(key, index, written)?;
        let certificates: Vec<_> = CertificateDer::pem_slice_iter(&content).flatten().collect();
        if !holds_certificate(&content) {
            let what = format!("{} holds no certificate in PEM", path.display());
            self.wrong_element(key, index, what, "name a file with -----BEGIN CERTIFICATE----- in it");
            return None;
        }
        Some((path, certificates))
    }

    /// The private key in the PEM file that the key names.
    pub(super) fn private_key(&mut self, key: &str, written: &str) -> Option<(PathBuf, PrivateKeyDer<'static>)> {
        let (path, content) = self.read(key, 0, written)?;
        match PrivateKeyDer::from_pem_slice(&content) {
            Ok(private) => Some((path, private)),
            Err(_) => {
                let what = format!("{} holds no private key in PEM", path.display());
                self.wrong(key, what, "name a file with a PRIVATE KEY block in it");
                None
            }
        }
    }
}

/// Tells whether `content` is PEM with at least one certificate in it.
pub(super) fn holds_certificate(content: &[u8]) -> bool {
    CertificateDer::pem_slice_iter(content).any(|certificate| certificate.is_ok())
}
