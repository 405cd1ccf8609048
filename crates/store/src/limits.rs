//! Every bound of this crate, with its reason.

use std::time::Duration;

/// Blobs up to this length are read whole and hashed at every open, and answered from memory.
///
/// Nearly every `.info` and `.mod` is smaller. Hashing 64 KiB costs less than 50 µs; a longer blob is worth a file that is proven once.
pub const MEMORY_BLOB_BYTES: u64 = 64 << 10;

/// So many digests are remembered as proven in the life of a process.
///
/// Full, they take about 4 MiB. A blob that falls out is hashed again at its next open: slower, never wrong.
pub const PROVEN_DIGESTS: usize = 1 << 16;

/// So many proven files stay open: enough for the zips that are hot at one time, a quarter of the usual limit of 1024 descriptors.
pub const OPEN_FILES: usize = 256;

/// So many threads prove and read blobs at one time. A disk is busy with fewer; more would only queue in the kernel.
pub const READING_THREADS: usize = 16;

/// So many threads make blobs durable at one time, apart from the readers, so that slow syncs do not delay hits.
pub const WRITING_THREADS: usize = 16;

/// Blobs are refused when less than this many bytes would stay free.
///
/// The index needs room to record what is already there: twice its write-ahead log.
pub const RESERVE_BYTES: u64 = 2 * WAL_BYTES as u64;

/// Blobs are refused when fewer file names than this stay free, where the file system counts them. The index makes two files.
pub const RESERVE_NAMES: u64 = 8;

/// The directories of blobs are all made ahead where so many file names are free: sixteen for each.
pub const PLENTY_OF_NAMES: u64 = 16 * 256;

/// A put of a blob that is there renews its age when it is older than this, so that a sweep does not take what is about to be named.
pub const RENEW_AGE: Duration = Duration::from_secs(600);

/// The shortest age at which a sweep may drop a blob that no record names: far above [`RENEW_AGE`] plus the longest request.
pub const LEAST_GRACE: Duration = Duration::from_secs(6 * 3600);

/// Files put aside as damaged are kept this long for someone to look at.
pub const QUARANTINE_AGE: Duration = Duration::from_secs(30 * 86_400);

/// So many writes wait for the index's one writer; a caller beyond them waits for room.
pub const WAITING_WRITES: usize = 1024;

/// So many waiting writes share one transaction: enough to hide the cost of a sync, few enough to stay within the log's bound.
pub const GROUPED_WRITES: usize = 256;

/// The index's write-ahead log is folded back at this size, and cut back to it when it grew beyond.
pub const WAL_BYTES: u32 = 8 << 20;

/// Each connection caches so many KiB of pages; the kernel's cache holds the rest, and does not count as ours.
pub const CONNECTION_CACHE_KIB: i32 = 2048;

/// At most so many connections read the index. A read takes some 10 µs, so more add little but memory.
pub const READERS: usize = 4;

/// So many prepared statements stay with a connection: all there are.
pub const STATEMENTS: usize = 32;

/// A connection waits this long for another process's lock, such as an administrator's `sqlite3`; so does who publishes the head of a log.
pub const BUSY: Duration = Duration::from_secs(5);

/// How long one waits before one looks again whether it is one's turn: a turn takes as long as a sync or two.
pub const TURN_PAUSE: Duration = Duration::from_millis(2);

/// So many different drifts are kept of one file of one version: enough to see a pattern, bounded against an upstream that never repeats itself.
pub const DRIFTS: u32 = 16;

/// A sweep asks the index for so many references at a time.
pub const PAGE: usize = 1024;

/// A sweep remembers the named digests in so many bytes. With four bits each, of 3 million digests one in a thousand unnamed ones is
/// taken for named; of 30 million, every second.
pub const NAMES_BYTES: usize = 8 << 20;

/// Answers of "not exist" that were not confirmed for so long are forgotten: nobody has asked, and anyone can ask for any name.
pub const NOT_EXIST_AGE: Duration = Duration::from_secs(7 * 86_400);

/// A log's name has at most so many bytes: escaped for a disk, each may take three, and a file's name may have 255.
pub const LOG_NAME_BYTES: usize = 80;

/// A path in a log has at most so many bytes: three times the longest that a tile's has.
pub const LOG_PATH_BYTES: usize = 200;

/// No lease on a log lasts longer without being renewed: a writer that died without a word is missed for at most so long.
pub const LONGEST_LEASE: Duration = Duration::from_secs(3600);

/// So many files of logs are made durable side by side: their syncs share a turn of the disk's own log, so that many cost what one does.
pub const SYNCING_THREADS: usize = 16;

/// So many directories of logs are remembered as durable. One that falls out is synced again: slower, never wrong.
pub const DURABLE_DIRECTORIES: usize = 1 << 14;

/// A blob up to this length is read whole when it is proven again, and looked at in memory; a longer one is read a second time, out of the kernel's cache.
/// Each of the blobs that are proven at the same time may take so much.
pub const WHOLE_BLOB_BYTES: u64 = 4 << 20;

/// What a reader of a file holds of it: the headers of many small files in a zip, and the whole of most.
pub const FILE_BUFFER_BYTES: usize = 256 << 10;
