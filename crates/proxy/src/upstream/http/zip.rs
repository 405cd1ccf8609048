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

use super::{Failure, Get, Tries, refusal};
use crate::{client::Answer, limits, spool::SpoolWriter};

/// Fetches `url` into `spool`, after what the spool holds already.
///
/// A body that breaks is gone on with: by Range if the upstream gave a strong ETag (`If-Range` makes it say so if the zip changed), otherwise
/// from the start, and what was spooled must then hash to the same. Failures in a row are bounded by the hop's retries, all of it by
/// `total_zip`.
///
/// The deadline bounds the waits for the upstream and never a write to the spool: a write that was dropped halfway would go on, and could
/// land among the bytes of whoever spools next. For the same reason a spool must not be used again after this was dropped.
///
/// # Errors
/// [`Failure::NotExist`] only from the first answer; [`Trouble::Body`] if the zip changed in between: nothing of the new one is in the spool;
/// [`Trouble::TooLarge`] past [`limits::MAX_ZIP_BYTES`].
pub(super) async fn fetch(way: &dyn Get, url: &Url, spool: &mut SpoolWriter, tries: &mut Tries) -> Result<(), Failure> {
    let mut source = Source { length: spool.reader().state().length, ..Source::default() };
    loop {
        tries.begin();
        let before = spool.written();
        let trouble = match attempt(way, url, spool, &mut source, tries).await {
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

async fn attempt(way: &dyn Get, url: &Url, spool: &mut SpoolWriter, source: &mut Source, tries: &Tries) -> Result<(), Failure> {
    let at = spool.written();
    let headers = if at > 0 && !source.no_range { range(at, &source.etag) } else { HeaderMap::new() };
    let mut answer = tries.bound(way.get(url, &headers)).await?;
    match answer.status {
        StatusCode::OK => whole(&mut answer, spool, source, tries).await,
        StatusCode::PARTIAL_CONTENT if !headers.is_empty() => rest(&mut answer, spool, source, tries).await,
        _ if source.begun => {
            source.no_range |= answer.status == StatusCode::RANGE_NOT_SATISFIABLE;
            Err(midway(refuse(answer, tries).await).into())
        }
        _ => Err(refuse(answer, tries).await),
    }
}

/// The whole body; what the spool holds already is compared and passed over.
async fn whole(answer: &mut Answer, spool: &mut SpoolWriter, source: &mut Source, tries: &Tries) -> Result<(), Failure> {
    answer.plain()?;
    if spool.written() > 0 && source.length.is_some() && answer.announced().is_some() && source.length != answer.announced() {
        return Err(changed());
    }
    source.begun = true;
    // Until the start is compared, this body may be another one: what breaks before that is not gone on with by its ETag.
    source.etag.clear();
    let first = pass_over(answer, spool, tries).await?;
    source.etag = strong(answer.header(&ETAG)).to_owned();
    announce(answer.announced(), spool, source)?;
    spool_rest(answer, first, spool, tries).await?;
    complete(spool, source)
}

/// Reads as much as the spool holds, which must be the same; answers what came with its end.
async fn pass_over(answer: &mut Answer, spool: &SpoolWriter, tries: &Tries) -> Result<Bytes, Failure> {
    let (mut left, mut hash) = (spool.written(), Sha256::new());
    let mut piece = Bytes::new();
    while left > 0 {
        let Some(next) = tries.bound(answer.piece()).await? else { return Err(changed()) };
        piece = next;
        let same = piece.split_to(piece.len().min(usize::try_from(left).unwrap_or(usize::MAX)));
        left -= same.len() as u64;
        hash.update(&same);
    }
    if spool.written() > 0 && Digest::new(hash.finalize().into()) != spool.digest() { Err(changed()) } else { Ok(piece) }
}

/// The rest of the body after what the spool holds.
async fn rest(answer: &mut Answer, spool: &mut SpoolWriter, source: &mut Source, tries: &Tries) -> Result<(), Failure> {
    answer.plain()?;
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
    spool_rest(answer, Bytes::new(), spool, tries).await?;
    complete(spool, source)
}

/// Spools what arrives. Small pieces are put together for as long as they arrive faster than they are asked for.
async fn spool_rest(answer: &mut Answer, first: Bytes, spool: &mut SpoolWriter, tries: &Tries) -> Result<(), Failure> {
    let mut frame = BytesMut::from(first.as_ref());
    loop {
        let piece = match answer.piece().now_or_never() {
            Some(ready) => ready.map_err(Failure::from),
            None => {
                flush(&mut frame, spool).await?;
                tries.bound(answer.piece()).await
            }
        };
        match piece {
            Ok(Some(piece)) => frame.extend_from_slice(&piece),
            Ok(None) => return flush(&mut frame, spool).await,
            // What arrived is good; the next attempt goes on after it.
            Err(failure) => return flush(&mut frame, spool).await.and(Err(failure)),
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

/// What a refusal means when part of the body is there already: nothing that says it never existed.
fn midway(refusal: Failure) -> Trouble {
    match refusal {
        Failure::NotExist(text) if text.is_empty() => Trouble::Status(404, "gone while it was fetched".to_owned()),
        Failure::NotExist(text) => Trouble::Status(404, format!("gone while it was fetched: {text}")),
        Failure::Trouble(Trouble::Status(416, _)) => Trouble::Broken("the rest is not to be had by Range".to_owned()),
        Failure::Trouble(trouble) => trouble,
    }
}

/// What an answer without a body for us means.
async fn refuse(answer: Answer, tries: &Tries) -> Failure {
    let read = tries.bound(async { Ok::<_, Failure>(refusal::failure(answer).await) });
    read.await.unwrap_or_else(|late| late)
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

fn changed() -> Failure {
    Trouble::Body("the zip changed while it was fetched".to_owned()).into()
}
