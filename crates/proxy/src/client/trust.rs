//! Whose certificates are believed, and which one we show.

use std::{path::PathBuf, sync::Arc};

use plan::Trouble;
use rustls::{
    ClientConfig, ConfigBuilder, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        WantsClientCert,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature},
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject as _};
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
pub(crate) struct Trust {
    /// For origins: HTTP/2 if they offer it.
    pub(super) origin: Arc<ClientConfig>,
    /// For forward proxies, which speak HTTP/1.1.
    pub(super) proxy: Arc<ClientConfig>,
}

/// How some origins prove who they are, and we to them.
pub(crate) struct Proofs<'a> {
    /// PEM bundles trusted besides the shared roots.
    pub(crate) ca_files: &'a [PathBuf],
    /// Our certificate: PEM files of its chain and of its key.
    pub(crate) ours: Option<&'a (PathBuf, PathBuf)>,
    /// Which certificates count.
    pub(crate) belief: Belief,
}

/// Which certificates of an origin count.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Belief {
    /// Those that the trusted ones vouch for.
    Verified,
    /// Any: GOINSECURE.
    Anyone,
}

impl Roots {
    /// These roots and `proofs`.
    ///
    /// # Errors
    /// [`Trouble::Tls`] for a file that is not there, or does not hold what it should.
    pub(crate) fn trust(&self, proofs: &Proofs<'_>) -> Result<Trust, Trouble> {
        let extra = certificates(proofs.ca_files)?;
        let mut origin = match proofs.ours {
            None => self.believing(extra.clone(), proofs.belief)?.with_no_client_auth(),
            Some((chain, key)) => {
                let failed = |cause: String| Trouble::Tls(format!("client certificate key {}: {cause}", key.display()));
                let secret = PrivateKeyDer::from_pem_file(key).map_err(|cause| failed(cause.to_string()))?;
                let chain = read(chain, "client certificate")?;
                let builder = self.believing(extra.clone(), proofs.belief)?;
                builder.with_client_auth_cert(chain, secret).map_err(|cause| failed(cause.to_string()))?
            }
        };
        origin.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        // A forward proxy is not the origin: it neither sees our certificate nor profits from GOINSECURE.
        let proxy = self.believing(extra, Belief::Verified)?.with_no_client_auth();
        Ok(Trust { origin: Arc::new(origin), proxy: Arc::new(proxy) })
    }

    /// A configuration with the right verifier ("dangerous" to rustls only because it is not its own).
    fn believing(
        &self,
        mut extra: Vec<CertificateDer<'static>>,
        belief: Belief,
    ) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, Trouble> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|cause| Trouble::Tls(cause.to_string()))?;
        Ok(match (belief, self) {
            (Belief::Anyone, _) => builder.dangerous().with_custom_certificate_verifier(Arc::new(Anyone(provider))),
            (Belief::Verified, Self::System) => builder.dangerous().with_custom_certificate_verifier(platform(extra, provider)?),
            (Belief::Verified, Self::Files(files)) => {
                extra.extend(certificates(files)?);
                let mut roots = RootCertStore::empty();
                roots.add_parsable_certificates(extra);
                builder.with_root_certificates(roots)
            }
        })
    }
}

/// The platform's verifier.
pub(super) fn platform(extra: Vec<CertificateDer<'static>>, provider: Arc<CryptoProvider>) -> Result<Arc<Verifier>, Trouble> {
    let verifier = Verifier::new_with_extra_roots(extra, provider);
    verifier.map(Arc::new).map_err(|cause| Trouble::Tls(format!("the system's certificates: {cause}")))
}

pub(super) fn certificates(files: &[PathBuf]) -> Result<Vec<CertificateDer<'static>>, Trouble> {
    let all: Result<Vec<_>, _> = files.iter().map(|file| read(file, "CA file")).collect();
    Ok(all?.into_iter().flatten().collect())
}

/// The certificates in a PEM file; at least one.
fn read(file: &PathBuf, what: &str) -> Result<Vec<CertificateDer<'static>>, Trouble> {
    let failed = |cause: String| Trouble::Tls(format!("{what} {}: {cause}", file.display()));
    let all = CertificateDer::pem_file_iter(file).map_err(|cause| failed(cause.to_string()))?;
    let all: Vec<_> = all.collect::<Result<_, _>>().map_err(|cause| failed(cause.to_string()))?;
    if all.is_empty() { Err(failed("no certificate in it".to_owned())) } else { Ok(all) }
}

/// Believes whoever holds the key of the certificate that it shows: GOINSECURE.
#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
