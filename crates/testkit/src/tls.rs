//! A throw-away certificate authority.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, PKCS_RSA_SHA256, PublicKeyData as _,
    date_time_ymd,
};
use rustls::{RootCertStore, ServerConfig, crypto::aws_lc_rs, server::WebPkiClientVerifier};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject as _};

/// An authority made for one test.
#[derive(Debug)]
pub struct Ca {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Ca {
    /// A new one, unlike any other.
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "modway throw-away CA");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().expect("a key");
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// Its certificate, for a CA file.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// A certificate for these names and addresses; a server's or a client's.
    pub fn leaf(&self, names: &[&str]) -> Leaf {
        self.sign(params(names))
    }

    /// One that has expired long ago.
    pub fn expired(&self, names: &[&str]) -> Leaf {
        let mut params = params(names);
        (params.not_before, params.not_after) = (date_time_ymd(2001, 1, 1), date_time_ymd(2002, 1, 1));
        self.sign(params)
    }

    fn sign(&self, params: CertificateParams) -> Leaf {
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        Leaf { certificate: certificate.der().clone(), key: key.serialize_der() }
    }
}

impl Default for Ca {
    fn default() -> Self {
        Self::new()
    }
}

/// A certificate and its key.
#[derive(Debug)]
pub struct Leaf {
    certificate: CertificateDer<'static>,
    key: Vec<u8>,
}

impl Leaf {
    /// One that nobody but itself signed.
    pub fn self_signed(names: &[&str]) -> Self {
        let key = KeyPair::generate().expect("a key");
        let certificate = params(names).self_signed(&key).expect("a certificate");
        Self { certificate: certificate.der().clone(), key: key.serialize_der() }
    }

    /// The certificate, and its key, as PEM.
    pub fn pem(&self) -> (String, String) {
        (pem("CERTIFICATE", &self.certificate), pem("PRIVATE KEY", &self.key))
    }

    /// A server's configuration that offers these protocols (ALPN), such as `h2`.
    pub fn server(&self, protocols: &[&str]) -> Arc<ServerConfig> {
        self.configured(protocols, None)
    }

    /// The same, for clients that show a certificate of `authority` only.
    pub fn server_for(&self, authority: &Ca, protocols: &[&str]) -> Arc<ServerConfig> {
        self.configured(protocols, Some(authority))
    }

    fn configured(&self, protocols: &[&str], clients: Option<&Ca>) -> Arc<ServerConfig> {
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.clone()));
        let provider = Arc::new(aws_lc_rs::default_provider());
        let clients = clients.map_or_else(WebPkiClientVerifier::no_client_auth, |authority| {
            let mut roots = RootCertStore::empty();
            roots.add(CertificateDer::from_pem_slice(authority.pem.as_bytes()).expect("PEM")).expect("an authority");
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
            verifier.build().expect("there is an authority")
        });
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider knows them")
            .with_client_cert_verifier(clients)
            .with_single_cert(vec![self.certificate.clone()], key)
            .expect("the key belongs to the certificate");
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        Arc::new(config)
    }
}

fn params(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    CertificateParams::new(names).expect("names for a certificate")
}

/// An RSA key made for one test.
#[derive(Debug)]
pub struct RsaKey {
    /// The private key in PEM.
    pub pem: String,
    /// The public key: DER of an `RSAPublicKey`, RFC 8017 §A.1.1.
    pub public: Vec<u8>,
}

impl RsaKey {
    /// A new one of 2048 bits.
    pub fn new() -> Self {
        let key = KeyPair::generate_for(&PKCS_RSA_SHA256).expect("a key");
        Self { pem: key.serialize_pem(), public: key.der_bytes().to_vec() }
    }
}

impl Default for RsaKey {
    fn default() -> Self {
        Self::new()
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}
