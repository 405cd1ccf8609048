//! What a certificate says of itself, as far as a person wants to read it.
//!
//! Source: X.509 (RFC 5280 §4.1) in DER (ITU-T X.690). Whatever cannot be read is left out: certificates are judged elsewhere.

/// A certificate, for people.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Certificate {
    /// Whom it is for: its common name, else its organisation.
    pub subject: String,
    /// Who signed it.
    pub issuer: String,
    /// True if subject and issuer are the same, byte for byte.
    pub is_self_signed: bool,
    /// The names and addresses it is for.
    pub names: Vec<String>,
    /// The day on which it ends, `2026-11-23`.
    pub ends: String,
}

impl Certificate {
    /// Reads DER.
    pub fn read(der: &[u8]) -> Self {
        read(der).unwrap_or_default()
    }
}

const SEQUENCE: u8 = 0x30;
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const ORGANISATION: &[u8] = &[0x55, 0x04, 0x0a];
const ALTERNATIVE_NAMES: &[u8] = &[0x55, 0x1d, 0x11];

fn read(der: &[u8]) -> Option<Certificate> {
    let (_, certificate, _) = element(der)?;
    let (_, mut rest, _) = element(certificate)?;
    let mut fields = Vec::new();
    while let Some((tag, content, after)) = element(rest) {
        fields.push((tag, content));
        rest = after;
    }
    // The version stands first, if at all, in a tag of its own; then number, algorithm, issuer, validity, subject, key, extensions.
    let start = usize::from(fields.first()?.0 == 0xa0);
    let (issuer, validity, subject) = (fields.get(start + 2)?.1, fields.get(start + 3)?.1, fields.get(start + 4)?.1);
    let extensions = fields.iter().find(|(tag, _)| *tag == 0xa3).and_then(|(_, content)| Some(element(content)?.1));
    Some(Certificate {
        subject: named(subject),
        issuer: named(issuer),
        is_self_signed: subject == issuer,
        names: extensions.map(names).unwrap_or_default(),
        ends: ends(validity).unwrap_or_default(),
    })
}

/// Tag, content and what follows.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

fn elements(mut der: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let (tag, content, rest) = element(der)?;
        der = rest;
        Some((tag, content))
    })
}

/// The common name of a distinguished name, else its organisation.
fn named(name: &[u8]) -> String {
    let value = |wanted: &[u8]| {
        elements(name).flat_map(|(_, set)| elements(set)).find_map(|(_, pair)| {
            let mut pair = elements(pair);
            let (_, kind) = pair.next()?;
            let (_, text) = pair.next()?;
            (kind == wanted).then(|| clean(text))
        })
    };
    value(COMMON_NAME).or_else(|| value(ORGANISATION)).unwrap_or_default()
}

fn names(extensions: &[u8]) -> Vec<String> {
    let found = elements(extensions).find_map(|(_, extension)| {
        let mut parts = elements(extension);
        (parts.next()?.1 == ALTERNATIVE_NAMES).then(|| parts.last()).flatten()
    });
    let Some((SEQUENCE, list, _)) = found.and_then(|(_, content)| element(content)) else { return Vec::new() };
    elements(list).filter_map(|(tag, content)| name(tag, content)).take(crate::limits::MAX_CERTIFICATE_NAMES).collect()
}

fn name(tag: u8, content: &[u8]) -> Option<String> {
    match tag {
        0x82 => Some(clean(content)),
        0x87 => match content.len() {
            4 => Some(std::net::Ipv4Addr::from(<[u8; 4]>::try_from(content).ok()?).to_string()),
            16 => Some(std::net::Ipv6Addr::from(<[u8; 16]>::try_from(content).ok()?).to_string()),
            _ => None,
        },
        _ => None,
    }
}

/// The end of a validity; years of two digits are of 1950 to 2049, RFC 5280 §4.1.2.5.1.
fn ends(validity: &[u8]) -> Option<String> {
    let (tag, text) = elements(validity).nth(1)?;
    let text = std::str::from_utf8(text).ok()?;
    let (year, rest) = if tag == 0x17 { (text.get(..2)?, text.get(2..)?) } else { (text.get(..4)?, text.get(4..)?) };
    let century = match year.len() {
        2 if year < "50" => "20",
        2 => "19",
        _ => "",
    };
    Some(format!("{century}{year}-{}-{}", rest.get(..2)?, rest.get(2..4)?))
}

fn clean(text: &[u8]) -> String {
    crate::render::terminal::harmless(&String::from_utf8_lossy(text)).chars().take(crate::limits::MAX_CERTIFICATE_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use testkit::tls::{Ca, Leaf};

    use super::*;

    fn der(pem: &str) -> Vec<u8> {
        use rustls_pki_types::{CertificateDer, pem::PemObject as _};
        CertificateDer::from_pem_slice(pem.as_bytes()).expect("PEM").to_vec()
    }

    #[test]
    fn a_certificate_says_whom_it_is_for_and_who_signed_it() {
        let ca = Ca::new();
        let leaf = Certificate::read(&der(&ca.expired(&["git.corp.test", "127.0.0.1"]).pem().0));
        assert_eq!(
            (leaf.issuer.as_str(), leaf.is_self_signed, leaf.ends.as_str()),
            ("modway throw-away CA", false, "2002-01-01")
        );
        assert_eq!(leaf.names, ["git.corp.test", "127.0.0.1"]);
        assert!(Certificate::read(&der(&Leaf::self_signed(&["a.test"]).pem().0)).is_self_signed);
        assert_eq!(Certificate::read(&der(ca.pem())).subject, "modway throw-away CA");
    }

    #[test]
    fn what_is_no_certificate_says_nothing() {
        let good = der(Ca::new().pem());
        for end in 0..good.len() {
            Certificate::read(&good[..end]);
        }
        assert_eq!(Certificate::read(b"\x30\x84\xff\xff\xff\xff"), Certificate::default());
    }
}
