//! Whose certificates the go command believes.

use std::path::PathBuf;

use proxy::client::Roots;
use rustls_pki_types::{CertificateDer, pem::PemObject as _};

use crate::config::{Environment, Files};

/// The bundles of which Go on Linux reads the first that is there.
///
/// Source: `certFiles` in Go's `crypto/x509/root_linux.go`, 1.27.
const BUNDLES: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// A file of trusted certificates.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bundle {
    /// Where it is.
    pub path: PathBuf,
    /// The variable that names it; `None` if it is the system's.
    pub variable: Option<&'static str>,
}

/// The certificates that the go command believes: the system's, or in their place those of SSL_CERT_FILE. One that cannot be read leaves
/// the system's; so does SSL_CERT_DIR, which the library that finds them reads for itself.
///
/// Source: `loadSystemRoots` of Go's `crypto/x509/root_unix.go`, 1.27.
pub fn roots(environment: &Environment, files: &dyn Files) -> Roots {
    let named = environment.get("SSL_CERT_FILE").filter(|_| environment.get("SSL_CERT_DIR").is_none()).map(PathBuf::from);
    named
        .filter(|path| files.read(path).is_ok_and(|content| holds_certificate(&content)))
        .map_or(Roots::System, |path| Roots::Files(vec![path]))
}

/// The file that Go's certificates are in; `None` where they are only in folders, or kept by the platform.
pub fn go_bundles(environment: &Environment, files: &dyn Files) -> Option<Bundle> {
    if let Some(named) = environment.get("SSL_CERT_FILE") {
        return Some(Bundle { path: named.into(), variable: Some("SSL_CERT_FILE") });
    }
    let found = BUNDLES.iter().map(PathBuf::from).find(|path| files.read(path).is_ok());
    found.map(|path| Bundle { path, variable: None })
}

fn holds_certificate(content: &[u8]) -> bool {
    CertificateDer::pem_slice_iter(content).any(|certificate| certificate.is_ok())
}
