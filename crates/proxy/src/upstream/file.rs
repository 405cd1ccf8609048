//! A module proxy that is a directory: `file:///…`.

use std::{
    fmt,
    fs::File,
    io::{self, ErrorKind, Read as _},
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::TryFutureExt as _;
use gomod::module::{ModulePath, Version};
use plan::{Event, Trouble, trace::AskEnd};
use sha2::{Digest as _, Sha256};
use store::Digest;
use url::Url;

use super::{Failure, Files, Known, Question, Reply, Upstream, escape, retry::Tries, sanity};
use crate::{journey::Journey, limits, settings::Hop, spool::SpoolWriter};

/// One directory laid out as `$GOMODCACHE/cache/download` is: `M/@v/list`, `M/@v/V.zip`, escaped with a literal `!`.
///
/// A file that is missing is "does not exist", one that may not be read is status 403, as with the go command. Nothing is retried and
/// nothing is conditional: a directory answers or it does not. Source: reference §2.6.
pub struct FileUpstream {
    hop: Hop,
    root: PathBuf,
}

impl FileUpstream {
    /// The directory need not exist yet.
    ///
    /// # Errors
    /// [`Trouble::Refused`] unless the URL is `file:///` and an absolute path, without host and query.
    pub fn new(hop: Hop) -> Result<Self, Trouble> {
        let url =
            Url::parse(&hop.url).ok().filter(|url| url.scheme() == "file" && url.query().is_none() && url.fragment().is_none());
        let path = url.filter(|url| !url.has_host() && hop.url.starts_with("file:///")).and_then(|url| url.to_file_path().ok());
        let root = path.ok_or_else(|| Trouble::Refused("invalid file:// proxy URL with non-path elements".to_owned()))?;
        Ok(Self { hop, root })
    }

    async fn read(&self, what: &str, limit: u64) -> Result<Bytes, Failure> {
        let (path, url) = (self.root.join(what), self.url(what));
        let read = blocking(move || {
            let (file, size) = open(&path)?;
            let mut bytes = Vec::new();
            file.take(limit + 1).read_to_end(&mut bytes)?;
            Ok((bytes, size))
        });
        let (bytes, size) = read.await.map_err(|cause| failure(&url, &cause))?;
        if size.max(bytes.len() as u64) > limit { Err(Trouble::TooLarge(limit).into()) } else { Ok(bytes.into()) }
    }

    async fn small(
        &self,
        what: String,
        reading: impl Future<Output = Result<Bytes, Failure>>,
        journey: &Journey,
    ) -> Result<Bytes, Failure> {
        let tries = Tries::new(0, self.hop.total);
        let read = tries.bound(reading).await;
        let end = read.as_ref().map(|bytes| bytes.len() as u64);
        self.note(what, end, &tries, journey);
        read
    }

    /// Copies the file. The deadline bounds each wait for the directory and never a write to the spool, as in `http::zip`.
    async fn copy(&self, what: &str, spool: &mut SpoolWriter, tries: &Tries) -> Result<u64, Failure> {
        let (path, url) = (self.root.join(what), self.url(what));
        let failed = |cause: io::Error| failure(&url, &cause);
        let (file, size) = tries.bound(blocking(move || open(&path)).map_err(failed)).await?;
        if size > limits::MAX_ZIP_BYTES {
            return Err(Trouble::TooLarge(limits::MAX_ZIP_BYTES).into());
        }
        let (held, digest) = (spool.written(), spool.digest());
        let same = tries.bound(blocking(move || same_start(file, held, digest)).map_err(failed)).await?;
        let mut file = same.ok_or_else(changed)?;
        spool.announce(size);
        while spool.written() < size {
            let at = spool.written();
            let bytes;
            let read = blocking(move || read_at(&file, at, size).map(|bytes| (file, bytes)));
            (file, bytes) = tries.bound(read.map_err(failed)).await?;
            if bytes.is_empty() {
                return Err(Trouble::Broken(format!("wrong length: {at} of {size} bytes arrived")).into());
            }
            spool.write(bytes).await.map_err(|cause| Trouble::Refused(format!("cannot spool: {cause}")))?;
        }
        if spool.written() == size { Ok(size) } else { Err(changed()) }
    }

    fn note(&self, what: String, end: Result<u64, &Failure>, tries: &Tries, journey: &Journey) {
        let end = match end {
            Ok(size_bytes) => AskEnd::Found(size_bytes),
            Err(Failure::NotExist(_)) => AskEnd::NotExist,
            Err(Failure::Trouble(trouble)) => AskEnd::Failed(trouble.clone()),
        };
        let millis = u32::try_from(tries.started.elapsed().as_millis()).unwrap_or(u32::MAX);
        journey.note(Event::Asked { upstream: self.hop.name.clone(), what, attempts: 1, end, millis });
    }

    fn url(&self, what: &str) -> String {
        format!("{}/{what}", self.hop.url.trim_end_matches('/'))
    }
}

/// Only the name: a hop's settings hold forward proxies with passwords.
impl fmt::Debug for FileUpstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileUpstream({})", self.hop.name)
    }
}

#[async_trait]
impl Upstream for FileUpstream {
    fn name(&self) -> &str {
        &self.hop.name
    }

    async fn ask(&self, question: &Question, _: &Known, journey: &Journey) -> Result<Reply, Failure> {
        let what = question.to_string();
        let read = async {
            let bytes = self.read(&what, sanity::limit(question)).await?;
            sanity::check(question, "", &bytes)?;
            Ok(bytes)
        };
        let body = self.small(what.clone(), read, journey).await?;
        Ok(Reply::Found { body, known: Known::default() })
    }

    async fn zip(
        &self,
        module: &ModulePath,
        version: &Version,
        spool: &mut SpoolWriter,
        journey: &Journey,
    ) -> Result<(), Failure> {
        let what = format!("{}/@v/{}.zip", module.escaped(), version.escaped());
        let tries = Tries::new(0, self.hop.total_zip);
        let copied = self.copy(&what, spool, &tries).await;
        self.note(what, copied.as_ref().copied(), &tries, journey);
        copied.map(|_| ())
    }
}

#[async_trait]
impl Files for FileUpstream {
    fn name(&self) -> &str {
        &self.hop.name
    }

    async fn get(&self, path: &str, limit_bytes: u64, journey: &Journey) -> Result<Bytes, Failure> {
        let read = async { self.read(escape::plain(path)?, limit_bytes).await };
        self.small(path.to_owned(), read, journey).await
    }
}

/// Opens a regular file; anything else would block or never end.
fn open(path: &Path) -> io::Result<(File, u64)> {
    let metadata = std::fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    Ok((File::open(path)?, metadata.len()))
}

/// The file again, if its first `held` bytes are those that hash to `digest`.
fn same_start(file: File, held: u64, digest: Digest) -> io::Result<Option<File>> {
    let mut hash = Sha256::new();
    let mut at = 0;
    while at < held {
        let bytes = read_at(&file, at, held)?;
        if bytes.is_empty() {
            return Ok(None);
        }
        hash.update(&bytes);
        at += bytes.len() as u64;
    }
    Ok((Digest::new(hash.finalize().into()) == digest).then_some(file))
}

/// Runs what waits for the disk where waiting harms nobody.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

fn read_at(file: &File, at: u64, end: u64) -> io::Result<Bytes> {
    let most = usize::try_from(end - at).unwrap_or(usize::MAX).min(limits::FRAME_BYTES);
    let mut bytes = vec![0; most];
    let read = file.read_at(&mut bytes, at)?;
    bytes.truncate(read);
    Ok(bytes.into())
}

/// Source: `proxyRepo.getBody` and `fs.ErrNotExist` of Go 1.27.3; a file where a folder should be is no such file, too.
fn failure(url: &str, cause: &io::Error) -> Failure {
    match cause.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => Failure::NotExist(format!("reading {url}: no such file or directory")),
        ErrorKind::PermissionDenied => Trouble::Status(403, format!("reading {url}: permission denied")).into(),
        _ => Trouble::Refused(format!("reading {url}: {cause}")).into(),
    }
}

fn changed() -> Failure {
    Trouble::Body("the zip changed while it was fetched".to_owned()).into()
}

#[cfg(test)]
mod tests {
    use super::{ErrorKind, Failure, Trouble, failure, io};

    #[track_caller]
    fn check(kind: ErrorKind, want: impl Into<Failure>) {
        assert_eq!(failure("file:///p/m/@v/list", &io::Error::from(kind)), want.into());
    }

    #[test]
    fn a_missing_file_does_not_exist_and_a_forbidden_one_is_forbidden() {
        let missing = || Failure::NotExist("reading file:///p/m/@v/list: no such file or directory".to_owned());
        check(ErrorKind::NotFound, missing());
        check(ErrorKind::NotADirectory, missing());
        check(ErrorKind::PermissionDenied, Trouble::Status(403, "reading file:///p/m/@v/list: permission denied".to_owned()));
        check(ErrorKind::TimedOut, Trouble::Refused("reading file:///p/m/@v/list: timed out".to_owned()));
    }
}
