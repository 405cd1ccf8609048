//! Reading objects, through one `git cat-file --batch` that stays for a while: a further version costs no child.

use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use plan::Trouble;
use tokio::sync::Mutex;

use super::{hash::Hash, settings::Git, workdir::WorkDir};
use crate::{
    limits,
    upstream::child::{Command, Talk, Word},
};

/// One object.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) hash: Hash,
    pub(super) kind: Kind,
    pub(super) bytes: Vec<u8>,
}

/// What an object is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Blob,
    Tree,
    Commit,
    Tag,
}

/// The objects of one repository.
#[derive(Debug)]
pub(super) struct Objects {
    git: Git,
    dir: Arc<WorkDir>,
    talk: Mutex<Option<Talk>>,
    began: Instant,
    /// Milliseconds since `began`, when last asked.
    used: AtomicU64,
}

impl Objects {
    pub(super) fn new(git: Git, dir: Arc<WorkDir>) -> Arc<Self> {
        Arc::new(Self { git, dir, talk: Mutex::default(), began: Instant::now(), used: AtomicU64::new(0) })
    }

    /// The object that `name` leads to, such as `HASH` or `HASH:path`; `None` if there is none.
    ///
    /// May be dropped at any await.
    ///
    /// # Errors
    /// [`Trouble::TooLarge`] if it has more than `limit_bytes`; [`Trouble::Refused`] for a name that cannot be asked for.
    pub(super) async fn read(self: &Arc<Self>, name: &str, limit_bytes: u64) -> Result<Option<Object>, Trouble> {
        let mut request = Word::new(name)?.as_os_str().as_encoded_bytes().to_vec();
        request.push(b'\n');
        let mut seat = self.talk.lock().await;
        self.used.store(self.millis(), Ordering::Relaxed);
        // Taken out while it is used: a talk that is broken off in the middle of an answer is of no use to the next.
        if let Some(mut talk) = seat.take() {
            match answered(&mut talk, &request, limit_bytes).await {
                Ok(object) => {
                    *seat = Some(talk);
                    return Ok(object);
                }
                Err(trouble @ Trouble::TooLarge(_)) => return Err(trouble),
                // It may have ended since the last time; a new one is asked once more.
                Err(_) => (),
            }
        }
        let Some(mut talk) = self.git.children.talk(self.command()).await? else { return self.alone(request, limit_bytes).await };
        let object = answered(&mut talk, &request, limit_bytes).await?;
        *seat = Some(talk);
        drop(seat);
        self.watch();
        Ok(object)
    }

    /// Ends the talk: the repository is about to be made anew.
    pub(super) async fn hang_up(&self) {
        *self.talk.lock().await = None;
    }

    fn command(&self) -> Command {
        self.git.local(self.dir.path(), &self.dir.git_dir()).flags(&["cat-file", "--batch"])
    }

    /// Asks by a child of its own: so many repositories are read at once that there is no seat to talk.
    async fn alone(&self, request: Vec<u8>, limit_bytes: u64) -> Result<Option<Object>, Trouble> {
        let output = self.git.children.run(self.command().stdin(request)).await?;
        let Some(end) = output.stdout.iter().position(|byte| *byte == b'\n') else {
            return Err(Trouble::Vcs(format!("git cat-file: {}", output.stderr)));
        };
        let Some((hash, kind, length)) = head(&output.stdout[..end]) else { return Ok(None) };
        if length > limit_bytes {
            return Err(Trouble::TooLarge(limit_bytes));
        }
        let bytes = output.stdout[end + 1..].iter().copied().take(usize::try_from(length).unwrap_or(usize::MAX)).collect();
        Ok(Some(Object { hash, kind, bytes }))
    }

    /// Hangs up when nobody asked for a while. The task ends with the talk, or with the repository.
    fn watch(self: &Arc<Self>) {
        let objects = Arc::downgrade(self);
        tokio::spawn(async move { while idle(&objects).await.is_some() {} });
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// Waits until nobody asked for [`limits::GIT_TALK_IDLE`], or as long as is left of that. `None` when there is nothing more to watch.
async fn idle(objects: &Weak<Objects>) -> Option<()> {
    let left = {
        let objects = objects.upgrade()?;
        let silent = Duration::from_millis(objects.millis().saturating_sub(objects.used.load(Ordering::Relaxed)));
        let left = limits::GIT_TALK_IDLE.saturating_sub(silent);
        if left.is_zero() {
            objects.hang_up().await;
            return None;
        }
        left
    };
    tokio::time::sleep(left).await;
    Some(())
}

async fn answered(talk: &mut Talk, request: &[u8], limit_bytes: u64) -> Result<Option<Object>, Trouble> {
    let line = talk.line(request, limits::GIT_HEAD_BYTES).await?;
    let Some((hash, kind, length)) = head(&line) else { return Ok(None) };
    if length > limit_bytes {
        return Err(Trouble::TooLarge(limit_bytes));
    }
    let mut bytes = talk.bytes(usize::try_from(length).map_err(|_| Trouble::TooLarge(limit_bytes))?.saturating_add(1)).await?;
    // The line feed behind the object.
    bytes.pop();
    Ok(Some(Object { hash, kind, bytes }))
}

/// The line before an object, `HASH blob 42`. Others say that it is missing or ambiguous.
fn head(line: &[u8]) -> Option<(Hash, Kind, u64)> {
    let mut words = std::str::from_utf8(line).ok()?.split(' ');
    let hash = Hash::parse(words.next()?)?;
    let kind = match words.next()? {
        "blob" => Kind::Blob,
        "tree" => Kind::Tree,
        "commit" => Kind::Commit,
        "tag" => Kind::Tag,
        _ => return None,
    };
    let length = words.next()?.parse().ok()?;
    words.next().is_none().then_some((hash, kind, length))
}

/// The committer's time of a commit, in seconds since 1970.
///
/// Source: `split_ident_line` of git, as `%ct` prints it: the number behind the last `>` of the line.
pub(super) fn committer_seconds(commit: &[u8]) -> Option<i64> {
    let header = commit.split(|byte| *byte == b'\n').take_while(|line| !line.is_empty());
    let line = header.into_iter().find_map(|line| line.strip_prefix(b"committer "))?;
    let date = &line[line.iter().rposition(|byte| *byte == b'>')? + 1..];
    std::str::from_utf8(date).ok()?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(commit: &str, expected: Option<i64>) {
        assert_eq!(committer_seconds(commit.as_bytes()), expected, "{commit:?}");
    }

    #[test]
    fn the_committers_time_is_found_whatever_the_name() {
        check("tree x\nauthor A <a> 1 +0000\ncommitter B <b> 1600000000 +0200\n\nmsg", Some(1_600_000_000));
        check("tree x\ncommitter a > b <x> 7 -0100\n\n", Some(7));
        check("tree x\ncommitter B <b> -5 +0000\n\n", Some(-5));
        check("tree x\ncommitter B <b>\n\n", None);
        check("tree x\n\ncommitter B <b> 7 +0000\n", None);
    }

    #[test]
    fn only_a_line_of_an_object_is_one() {
        let hash = "1".repeat(40);
        assert!(head(format!("{hash} blob 3").as_bytes()).is_some());
        for line in [format!("{hash} missing"), "x ambiguous".to_owned(), format!("{hash} blob 3 4"), format!("{hash} blob -1")] {
            assert!(head(line.as_bytes()).is_none(), "{line}");
        }
    }
}
