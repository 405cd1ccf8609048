//! Looks at certificates: whom Go's store vouches for, and what was shown at all.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use plan::Trouble;
use rustls::{
    ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{aws_lc_rs, verify_tls12_signature, verify_tls13_signature},
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use super::{
    super::{
        Roots,
        trust::{certificates, platform},
        why,
    },
    Shown,
};

/// Whether the certificates in these PEM files, and only these, vouch for a chain, such as those that git is told to believe.
///
/// # Errors
/// [`Trouble::Tls`] if they do not, or cannot be read.
pub fn vouched(files: &[PathBuf], shown: &Shown) -> Result<(), Trouble> {
    Witness::new(&Roots::Files(files.to_vec()), true)?.judged(&shown.host, &shown.chain)
}

/// A configuration that asks `witness`.
pub(super) fn config(witness: Arc<Witness>) -> Result<ClientConfig, Trouble> {
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|cause| Trouble::Tls(cause.to_string()))?;
    let mut config = builder.dangerous().with_custom_certificate_verifier(witness).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Judges as another verifier does, and remembers what it saw; it lets everybody pass where nothing is to be verified.
#[derive(Debug)]
pub(super) struct Witness {
    judge: Option<Arc<dyn ServerCertVerifier>>,
    trusted: Vec<CertificateDer<'static>>,
    is_verified: bool,
    seen: Mutex<Option<Seen>>,
}

/// A chain in DER, and what was thought of it.
type Seen = (Vec<Vec<u8>>, Result<(), Error>);

impl Witness {
    pub(super) fn new(roots: &Roots, is_verified: bool) -> Result<Self, Trouble> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let (judge, trusted): (Option<Arc<dyn ServerCertVerifier>>, _) = match roots {
            // A machine without certificates of its own trusts nobody, which is a finding and no fault.
            Roots::System => (platform(Vec::new(), provider).ok().map(|judge| judge as _), Vec::new()),
            Roots::Files(files) => {
                let trusted = certificates(files)?;
                let mut store = RootCertStore::empty();
                store.add_parsable_certificates(trusted.clone());
                let judge = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider).build().ok();
                (judge.map(|judge| judge as _), trusted)
            }
        };
        Ok(Self { judge, trusted, is_verified, seen: Mutex::new(None) })
    }

    pub(super) fn judged(&self, host: &str, chain: &[Vec<u8>]) -> Result<(), Trouble> {
        let name =
            ServerName::try_from(host.to_owned()).map_err(|_| Trouble::Tls(format!("{host} is no name for a certificate")))?;
        let chain: Vec<CertificateDer<'_>> = chain.iter().map(|one| CertificateDer::from(one.as_slice())).collect();
        let Some((leaf, rest)) = chain.split_first() else { return Err(Trouble::Tls("no certificate was shown".to_owned())) };
        self.judge(leaf, rest, &name, &[], UnixTime::now()).map_err(|error| why::certificate(&error, host))
    }

    fn judge(
        &self,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<(), Error> {
        let unknown = Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let judge = self.judge.as_ref().ok_or(unknown)?;
        match judge.verify_server_cert(leaf, rest, name, ocsp, now) {
            // Go and OpenSSL believe a certificate that is itself among the trusted ones; webpki wants an authority there.
            Err(_) if self.trusted.iter().any(|trusted| trusted == leaf) && is_for(leaf, name) => Ok(()),
            other => other.map(|_| ()),
        }
    }

    pub(super) fn take(&self, host: &str) -> Option<Shown> {
        let (chain, verdict) = self.seen.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        Some(Shown { host: host.to_owned(), chain, verdict: verdict.map_err(|error| why::certificate(&error, host)) })
    }
}

/// Whether a certificate is for this name, whoever signed it.
fn is_for(leaf: &CertificateDer<'_>, name: &ServerName<'_>) -> bool {
    rustls::server::ParsedCertificate::try_from(leaf).is_ok_and(|leaf| rustls::client::verify_server_name(&leaf, name).is_ok())
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verdict = self.judge(leaf, rest, name, ocsp, now);
        let chain = std::iter::once(leaf).chain(rest).map(|one| one.to_vec()).collect();
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some((chain, verdict.clone()));
        match verdict {
            Err(error) if self.is_verified => Err(error),
            _ => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &aws_lc_rs::default_provider().signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &aws_lc_rs::default_provider().signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
