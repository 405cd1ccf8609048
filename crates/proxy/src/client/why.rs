//! What a library's error means, as a [`Trouble`].

use std::{error::Error, io, time::Duration};

use plan::Trouble;
use rustls::CertificateError;

/// The connector's refusal, on its way through the pool.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Refusal(pub(super) Trouble);

/// Why a request got no response.
pub(super) fn trouble(error: &hyper_util::client::legacy::Error) -> Trouble {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(here) = cause {
        if let Some(Refusal(trouble)) = here.downcast_ref() {
            return trouble.clone();
        }
        cause = here.source();
    }
    let text = innermost(error);
    if error.is_connect() { Trouble::Connect(text) } else { Trouble::Broken(text) }
}

/// The text of the first cause of all: the others only say that something was being done.
pub(super) fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

/// Why a TLS handshake failed, in the words of Go's crypto/x509 where it has any.
pub(super) fn tls(error: &io::Error, host: &str) -> Trouble {
    let Some(rustls) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) else {
        return Trouble::Tls(format!("handshake with {host}: {error}"));
    };
    certificate(rustls, host)
}

/// What rustls says of a handshake, or of a certificate.
pub(super) fn certificate(error: &rustls::Error, host: &str) -> Trouble {
    Trouble::Tls(match error {
        rustls::Error::InvalidCertificate(certificate) => certificate_text(certificate, host),
        other => format!("handshake with {host}: {other}"),
    })
}

fn certificate_text(error: &CertificateError, host: &str) -> String {
    match error {
        // A bad signature is what an authority of the same name, but with another key, would have made.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            format!("x509: certificate signed by unknown authority ({host}); name its CA file in ca_files of this upstream")
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            format!("x509: certificate has expired or is not yet valid ({host} expired)")
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            format!("x509: certificate has expired or is not yet valid ({host} not yet valid)")
        }
        CertificateError::NotValidForName => format!("x509: certificate is not valid for {host}"),
        CertificateError::NotValidForNameContext { presented, .. } if presented.is_empty() => {
            format!("x509: certificate is not valid for any names, but wanted to match {host}")
        }
        CertificateError::NotValidForNameContext { presented, .. } => {
            format!("x509: certificate is valid for {}, not {host}", names(presented))
        }
        other => format!("x509: certificate of {host}: {other}"),
    }
}

/// A few of the names of a certificate: there may be hundreds.
fn names(presented: &[String]) -> String {
    let shown = presented.iter().take(3).map(|name| name.trim_start_matches("DnsName(\"").trim_end_matches("\")"));
    let more = if presented.len() > 3 { ", …" } else { "" };
    format!("{}{more}", shown.collect::<Vec<_>>().join(", "))
}

/// A duration as traces name it.
pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
