//! Compression: whether the client takes gzip, and the compressed copies.

use std::{hash::Hash, io::Write};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use hyper::{HeaderMap, header::ACCEPT_ENCODING};
use proxy::answer::{Answer, Body, Media};
use quick_cache::{Weighter, sync::Cache};
use store::Digest;

use super::limits::{GZIP_CACHE_BYTES, MAX_GZIP_BYTES, MAX_INLINE_GZIP_BYTES, MIN_GZIP_BYTES};

/// Whether the client takes gzip at least as gladly as the plain bytes (RFC 9110 §12.5.3).
pub(crate) fn takes_gzip(headers: &HeaderMap) -> bool {
    let (mut gzip, mut star, mut identity) = (None, None, None);
    for value in headers.get_all(ACCEPT_ENCODING) {
        for item in value.to_str().unwrap_or_default().split(',') {
            let (coding, quality) =
                item.split_once(';').map_or((item, Some(1000)), |(coding, weight)| (coding, thousandths(weight)));
            match (coding.trim(), quality) {
                (coding, Some(quality)) if coding.eq_ignore_ascii_case("gzip") || coding.eq_ignore_ascii_case("x-gzip") => {
                    gzip = Some(quality)
                }
                (coding, Some(quality)) if coding.eq_ignore_ascii_case("identity") => identity = Some(quality),
                ("*", Some(quality)) => star = Some(quality),
                _ => {}
            }
        }
    }
    gzip.or(star).is_some_and(|gzip| gzip > 0 && gzip >= identity.unwrap_or(0))
}

/// `q=0.5` in thousandths; `None` if it is malformed.
fn thousandths(weight: &str) -> Option<u16> {
    let (name, value) = weight.trim().split_once('=')?;
    let (whole, fraction) = value.trim().split_once('.').unwrap_or((value.trim(), ""));
    let digits = fraction.len() <= 3 && fraction.bytes().all(|digit| digit.is_ascii_digit());
    let fraction: u16 = format!("{fraction:0<3}").parse().ok()?;
    match whole {
        _ if !digits || !name.trim().eq_ignore_ascii_case("q") => None,
        "0" => Some(fraction),
        "1" if fraction == 0 => Some(1000),
        _ => None,
    }
}

/// The text of `answer`, if it is one that is worth compressing.
pub(crate) fn compressible(answer: &Answer) -> Option<(Digest, &Bytes)> {
    match (&answer.body, answer.media, answer.digest) {
        (Body::Memory(bytes), Media::Json | Media::Text, Some(digest))
            if (MIN_GZIP_BYTES..=MAX_GZIP_BYTES).contains(&bytes.len()) =>
        {
            Some((digest, bytes))
        }
        _ => None,
    }
}

/// Compressed copies, by the digest of what they are copies of.
pub(crate) struct Zipped(Cache<Digest, Bytes, Weight>);

#[derive(Clone)]
struct Weight;

impl<K: Hash> Weighter<K, Bytes> for Weight {
    fn weight(&self, _: &K, bytes: &Bytes) -> u64 {
        bytes.len() as u64 + 64
    }
}

impl Zipped {
    pub(crate) fn new() -> Self {
        Self(Cache::with_weighter(10_000, GZIP_CACHE_BYTES, Weight))
    }

    /// The compressed copy of `text`, made now if it is not kept. May be dropped: the copy is then made by the next caller.
    pub(crate) async fn of(&self, digest: Digest, text: &Bytes) -> Bytes {
        if let Some(zipped) = self.0.get(&digest) {
            return zipped;
        }
        let zipped = if text.len() <= MAX_INLINE_GZIP_BYTES {
            gzip(text)
        } else {
            let text = text.clone();
            tokio::task::spawn_blocking(move || gzip(&text)).await.expect("compression does not panic")
        };
        self.0.insert(digest, zipped.clone());
        zipped
    }
}

fn gzip(text: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::with_capacity(text.len() / 2), Compression::default());
    encoder.write_all(text).and_then(|()| encoder.finish()).expect("writing to memory does not fail").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(accept: &str, expected: bool) {
        let headers = HeaderMap::from_iter([(ACCEPT_ENCODING, accept.parse().expect("a header value"))]);
        assert_eq!(takes_gzip(&headers), expected, "{accept}");
    }

    #[test]
    fn gzip_is_taken_by_its_quality() {
        for yes in
            ["gzip", "GZIP", "br, gzip;q=0.5", "*", "deflate, *;q=0.1", "gzip;q=1.000", "identity;q=0.5, gzip; q=0.5", "x-gzip"]
        {
            check(yes, true);
        }
        for no in [
            "",
            "br",
            "gzip;q=0",
            "gzip;q=0.000",
            "gzip;q=0, *",
            "identity, gzip;q=0.9",
            "gzip;q=2",
            "gzip;q=0.0001",
            "gzip;q=x",
            "*;q=0",
            "gzipped",
        ] {
            check(no, false);
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }
}
