//! A zip on its way into a spool, gone on with after it broke, never mixed from two versions.

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt as _;
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{CONTENT_RANGE, ETAG, IF_RANGE, RANGE},
};
use plan::Trouble;
use sha2::{Digest as _, Sha256};
use store::Digest;
use tokio::time::sleep;
use url::Url;

use super::{Failure, Tries, refusal};
use crate::{
    client::{Answer, Client},
    limits,
    spool::SpoolWriter,
};

/// Fetches `url` into `spool`, after what the spool holds already.
///
/// A body that breaks is gone on with: by Range if the upstream gave a strong ETag (`If-Range` makes it say so if the zip changed), otherwise
/// from the start, and what was spooled must then hash to the same. Failures in a row are bounded by the hop's retries, all of it by
/// `total_zip`.
///
/// May be dropped at any await; the spool then ends at a whole frame.
///
/// # Errors
/// [`Failure::NotExist`] only from the first answer; [`Trouble::Body`] if the zip changed in between: nothing of the new one is in the spool;
/// [`Trouble::TooLarge`] past [`limits::MAX_ZIP_BYTES`].
pub(super) async fn fetch(client: &Client, url: &Url, spool: &mut SpoolWriter, tries: &mut Tries) -> Result<(), Failure> {
    let mut source = Source { length: spool.reader().state().length, ..Source::default() };
    loop {
        tries.begin();
        let before = spool.written();
        let trouble = match attempt(client, url, spool, &mut source).await {
            Err(Failure::Trouble(trouble)) => trouble,
            end => return end,
        };
        if spool.written() > before {
            tries.progress();
        }
        match tries.again(&trouble) {
            Some(pause) => sleep(pause).await,
            None => return Err(trouble.into()),
        }
    }
}

/// What is known of the body being fetched.
#[derive(Default)]
struct Source {
    /// True once an upstream answered 200.
    begun: bool,
    /// Its strong ETag, empty if it has none.
    etag: String,
    /// Its whole length; at first that which readers were told of another upstream's body.
    length: Option<u64>,
    /// True if Range led to nonsense before: then it is read from the start.
    no_range: bool,
}

async fn attempt(client: &Client, url: &Url, spool: &mut SpoolWriter, source: &mut Source) -> Result<(), Failure> {
    let at = spool.written();
    let headers = if at > 0 && !source.no_range { range(at, &source.etag) } else { HeaderMap::new() };
    let mut answer = client.get(url, &headers).await?;
    answer.plain()?;
    match answer.status {
        StatusCode::OK => whole(&mut answer, spool, source).await,
        StatusCode::PARTIAL_CONTENT if !headers.is_empty() => rest(&mut answer, spool, source).await,
        _ if source.begun => {
            source.no_range |= answer.status == StatusCode::RANGE_NOT_SATISFIABLE;
            Err(match refusal::failure(answer).await {
                Failure::NotExist(text) => {
                    Trouble::Status(404, if text.is_empty() { GONE.to_owned() } else { format!("{GONE}: {text}") }).into()
                }
                Failure::Trouble(Trouble::Status(416, _)) => {
                    Trouble::Broken("the rest is not to be had by Range".to_owned()).into()
                }
                trouble => trouble,
            })
        }
        _ => Err(refusal::failure(answer).await),
    }
}

/// The whole body; what the spool holds already is compared and passed over.
async fn whole(answer: &mut Answer, spool: &mut SpoolWriter, source: &mut Source) -> Result<(), Failure> {
    let (held, etag) = (spool.written(), strong(answer.header(&ETAG)));
    if held > 0 && source.length.is_some() && answer.announced().is_some() && source.length != answer.announced() {
        return Err(changed());
    }
    source.begun = true;
    source.etag = etag.to_owned();
    announce(answer.announced(), spool, source)?;
    let mut skipped = Sha256::new();
    let mut to_skip = held;
    while to_skip > 0 {
        let Some(mut piece) = answer.piece().await? else { return Err(changed()) };
        let same = piece.split_to(piece.len().min(usize::try_from(to_skip).unwrap_or(usize::MAX)));
        to_skip -= same.len() as u64;
        skipped.update(&same);
        if to_skip == 0 {
            if Digest::new(skipped.clone().finalize().into()) != spool.digest() {
                return Err(changed());
            }
            spool_rest(answer, piece, spool).await?;
            return complete(spool, source);
        }
    }
    spool_rest(answer, Bytes::new(), spool).await?;
    complete(spool, source)
}

/// The rest of the body after what the spool holds.
async fn rest(answer: &mut Answer, spool: &mut SpoolWriter, source: &mut Source) -> Result<(), Failure> {
    let etag = answer.header(&ETAG);
    if !etag.is_empty() && etag != source.etag {
        return Err(changed());
    }
    let part = content_range(answer.header(&CONTENT_RANGE));
    let right = part.is_some_and(|(start, total)| {
        start == spool.written() && (total.is_none() || source.length.is_none() || total == source.length)
    });
    let Some((_, total)) = part.filter(|_| right) else {
        source.no_range = true;
        return Err(Trouble::Broken("the answer to Range is another part than asked for".to_owned()).into());
    };
    announce(total, spool, source)?;
    spool_rest(answer, Bytes::new(), spool).await?;
    complete(spool, source)
}

/// Spools what arrives. Small pieces are put together for as long as they arrive faster than they are asked for.
async fn spool_rest(answer: &mut Answer, first: Bytes, spool: &mut SpoolWriter) -> Result<(), Failure> {
    let mut frame = BytesMut::from(first.as_ref());
    loop {
        let piece = match answer.piece().now_or_never() {
            Some(ready) => ready,
            None => {
                flush(&mut frame, spool).await?;
                answer.piece().await
            }
        };
        match piece {
            Ok(Some(piece)) => frame.extend_from_slice(&piece),
            Ok(None) => return flush(&mut frame, spool).await,
            // What arrived is good; the next attempt goes on after it.
            Err(trouble) => return flush(&mut frame, spool).await.and(Err(trouble.into())),
        }
        if spool.written() + frame.len() as u64 > limits::MAX_ZIP_BYTES {
            return Err(Trouble::TooLarge(limits::MAX_ZIP_BYTES).into());
        }
        if frame.len() >= limits::FRAME_BYTES {
            flush(&mut frame, spool).await?;
        }
    }
}

async fn flush(frame: &mut BytesMut, spool: &mut SpoolWriter) -> Result<(), Failure> {
    if frame.is_empty() {
        return Ok(());
    }
    let bytes = frame.split().freeze();
    spool.write(bytes).await.map_err(|cause| Trouble::Refused(format!("cannot spool: {cause}")).into())
}

fn announce(length: Option<u64>, spool: &mut SpoolWriter, source: &mut Source) -> Result<(), Failure> {
    let Some(length) = length else { return Ok(()) };
    if length > limits::MAX_ZIP_BYTES {
        return Err(Trouble::TooLarge(limits::MAX_ZIP_BYTES).into());
    }
    source.length = Some(length);
    spool.announce(length);
    Ok(())
}

/// The last check: as long as was said.
fn complete(spool: &SpoolWriter, source: &Source) -> Result<(), Failure> {
    match source.length {
        Some(length) if length != spool.written() => {
            Err(Trouble::Broken(format!("wrong length: {} of {length} bytes arrived", spool.written())).into())
        }
        _ => Ok(()),
    }
}

fn range(at: u64, etag: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let (Ok(etag), false) = (HeaderValue::from_str(etag), etag.is_empty()) {
        headers.insert(RANGE, HeaderValue::from_str(&format!("bytes={at}-")).expect("digits and ASCII"));
        headers.insert(IF_RANGE, etag);
    }
    headers
}

/// `etag` if it is strong: a weak one does not promise equal bytes. RFC 9110 §8.8.1.
fn strong(etag: &str) -> &str {
    if etag.len() >= 2 && etag.starts_with('"') && etag.ends_with('"') { etag } else { "" }
}

/// Start and total of `bytes START-END/TOTAL`; the total is `None` for `*`. RFC 9110 §14.4.
fn content_range(value: &str) -> Option<(u64, Option<u64>)> {
    let (part, total) = value.strip_prefix("bytes ")?.split_once('/')?;
    let (start, end) = part.split_once('-')?;
    let (start, end) = (start.parse().ok()?, end.parse::<u64>().ok()?);
    let total = if total == "*" { None } else { Some(total.parse().ok()?) };
    (start <= end && total.is_none_or(|total| end + 1 == total)).then_some((start, total))
}

/// Said of a 404 for what was half there.
const GONE: &str = "gone while it was fetched";

fn changed() -> Failure {
    Trouble::Body("the zip changed while it was fetched".to_owned()).into()
}
