//! Whose certificates are believed.

use std::{path::PathBuf, sync::Arc};

use plan::Trouble;
use rustls::{ClientConfig, RootCertStore, crypto::CryptoProvider, crypto::aws_lc_rs};
use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use rustls_platform_verifier::Verifier;

/// The trust that all hops share.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Roots {
    /// The system's own.
    ///
    /// Assumes: on Linux the library that finds them honours SSL_CERT_FILE and SSL_CERT_DIR of the process by itself, as Go does;
    /// `config` passes [`Roots::Files`] where they are given otherwise.
    System,
    /// These PEM bundles instead: SSL_CERT_FILE. May be empty, then only a hop's own CA files count.
    Files(Vec<PathBuf>),
}

/// What the connector needs to believe a certificate.
#[derive(Clone)]
pub(super) struct Trust {
    /// For origins: HTTP/2 if they offer it.
    pub(super) origin: Arc<ClientConfig>,
    /// For forward proxies, which speak HTTP/1.1.
    pub(super) proxy: Arc<ClientConfig>,
}

impl Roots {
    /// These roots and the certificates in `extra`, a hop's own PEM bundles.
    pub(super) fn trust(&self, extra: &[PathBuf]) -> Result<Trust, Trouble> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut extra = certificates(extra)?;
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|cause| Trouble::Tls(cause.to_string()))?;
        let mut config = match self {
            Self::System => {
                builder.dangerous().with_custom_certificate_verifier(platform(extra, provider)?).with_no_client_auth()
            }
            Self::Files(files) => {
                extra.extend(certificates(files)?);
                let mut roots = RootCertStore::empty();
                roots.add_parsable_certificates(extra);
                builder.with_root_certificates(roots).with_no_client_auth()
            }
        };
        let proxy = Arc::new(config.clone());
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Trust { origin: Arc::new(config), proxy })
    }
}

/// The platform's verifier ("dangerous" to rustls only because it is not its own).
fn platform(extra: Vec<CertificateDer<'static>>, provider: Arc<CryptoProvider>) -> Result<Arc<Verifier>, Trouble> {
    let verifier = Verifier::new_with_extra_roots(extra, provider);
    verifier.map(Arc::new).map_err(|cause| Trouble::Tls(format!("the system's certificates: {cause}")))
}

fn certificates(files: &[PathBuf]) -> Result<Vec<CertificateDer<'static>>, Trouble> {
    let mut all = Vec::new();
    for file in files {
        let failed = |cause: String| Trouble::Tls(format!("CA file {}: {cause}", file.display()));
        let before = all.len();
        for certificate in CertificateDer::pem_file_iter(file).map_err(|cause| failed(cause.to_string()))? {
            all.push(certificate.map_err(|cause| failed(cause.to_string()))?);
        }
        if all.len() == before {
            return Err(failed("no certificate in it".to_owned()));
        }
    }
    Ok(all)
}
