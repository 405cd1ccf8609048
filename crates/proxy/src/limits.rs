//! Every bound of the proxy, with its reason. Nobody invents a limit or a timeout elsewhere, so it is one piece.

use std::time::Duration;

/// Events kept of one request: a chain of ten hops with all its retries needs about forty.
pub const MAX_EVENTS: usize = 200;

/// Records of kept files held in memory, about 400 bytes each. A zip that is asked for again and again costs no look into the index.
pub const MAX_RECORDS_IN_MEMORY: usize = 16_384;

/// A `list` body: a million versions of 60 bytes each. Go itself has no limit.
pub const MAX_LIST_BYTES: u64 = 64 << 20;

/// A `.info` or `@latest` body. Real ones are under 1 KiB; Origin with long refs may be more.
pub const MAX_INFO_BYTES: u64 = 1 << 20;

/// A go.mod: Go's own limit, `MaxGoMod` of x/mod/zip.
pub const MAX_MOD_BYTES: u64 = 16 << 20;

/// A module zip: Go's own limit, `MaxZipFile` of x/mod/zip.
pub const MAX_ZIP_BYTES: u64 = 500 << 20;

/// Small files of repositories held in memory, and absences of such: a go.mod is looked at for `.info`, `.mod` and `.zip` of a version, for
/// the list, and for what is retracted.
pub const MAX_SMALL_FILES: usize = 4096;

/// Pairs of commits of which is known that one is an ancestor of the other: what the base of a pseudo-version must be. 200 bytes each.
pub const MAX_ANCESTORS: usize = 4096;

/// A file of a repository is held in memory up to this size: 4096 of them are at most 256 MiB, in practice 4 MiB.
pub const MAX_SMALL_FILE_BYTES: usize = 64 << 10;

/// Frames of a zip that may be made ahead of the disk: 2 MiB.
pub const ZIP_FRAMES_AHEAD: usize = 4;

/// A lookup answer of a checksum database: a signed note is at most 1 MB (x/mod/sumdb/note).
pub const MAX_LOOKUP_BYTES: u64 = 1_000_000;

/// Lookups remembered for a short while of which a checksum database said that they do not exist, about 800 bytes each: a build that asks for
/// private modules, or a crawler.
pub const MAX_ABSENT_LOOKUPS: usize = 4096;

/// A tile: 256 hashes of 32 bytes; a data tile holds 256 records of at most 64 KiB, in practice 200 bytes each.
pub const MAX_TILE_BYTES: u64 = 1 << 20;

/// Requests to one checksum database at once: a build asks for hundreds of lookups in a second, and a mirror of it may be small.
pub const SUMDB_REQUESTS: usize = 32;

/// A lookup is answered from memory so long; after that its tree head is the newest one again.
pub const LOOKUP_HOT: Duration = Duration::from_secs(60);

/// Zips up to this size are proven before their first byte leaves (promise 3).
pub const PROVEN_FIRST_BYTES: u64 = 1 << 20;

/// The end of a streaming zip, held back until the zip is proven (promise 3).
pub const HELD_BACK_BYTES: u64 = 64 << 10;

/// What is read from a file or a socket at a time: large enough to keep syscalls rare, small enough for 200 readers in 100 MiB.
pub const FRAME_BYTES: usize = 512 << 10;

/// Contents of a zip that one thread reads at a time, in bytes: 4 ms of work, a hundred times what it takes to start a thread. Below it a zip is one thread's.
pub const ZIP_SHARE_BYTES: u64 = 2 << 20;

/// Threads that read one zip at most, out of those that are free: beyond it a zip of 500 MiB takes 30 ms.
pub const ZIP_THREADS: usize = 32;

/// Versions that are proven again at the same time, for each core: one is read from the disk while the other is hashed.
pub const STOCK_PER_CORE: usize = 2;

/// Versions that are proven again at the same time at most: each on a thread that blocks, of which there are 512, with `store::limits::WHOLE_BLOB_BYTES`.
pub const STOCK_AT_ONCE: usize = 480;

/// Fetches in the air at once on this node. Each may hold a temporary file and a socket, and clients that leave do not end them.
pub const MAX_FLIGHTS: usize = 2048;

/// Kept answers are asked for again in the background only while fewer fetches than this are in the air: whoever waits comes first.
pub const MAX_REFRESH_FLIGHTS: usize = 256;

/// So many zips are remembered that were cut on their way to a client: the next request for one waits for its proof.
pub const MAX_DISTRUSTED: usize = 1024;

/// The text of an upstream's refusal that is passed on: what the go command would print of it.
pub const MAX_REFUSAL_BYTES: usize = 600;

/// Redirects followed, as many as the go command does (`net/http`).
pub const MAX_REDIRECTS: usize = 10;

/// Pauses between retries start here and double, with jitter.
pub const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// No pause between retries is longer, whatever `Retry-After` says: beyond it the hop has failed.
pub const MAX_RETRY_PAUSE: Duration = Duration::from_secs(10);

/// Addresses of one name that are tried, one after the other; more than a dual-stack service with a spare has.
pub const MAX_ADDRESSES: usize = 6;

/// The head of a forward proxy's answer to CONNECT: real ones are under 1 KiB.
pub const MAX_CONNECT_HEAD_BYTES: usize = 8 << 10;

/// An idle connection is kept so long: shorter than the 60 s and more that servers and load balancers keep theirs, so that we close first.
pub const IDLE_CONNECTION: Duration = Duration::from_secs(50);

/// Idle connections kept per host: as many as a burst of `.mod` requests uses over HTTP/1.1.
pub const MAX_IDLE_CONNECTIONS: usize = 32;

/// An HTTP/2 connection is pinged so often while it is used, and dead when the answer takes as long again.
pub const HTTP2_PING: Duration = Duration::from_secs(10);

/// What one HTTP/2 stream may send ahead of our reading: 100 ms of a 160 Mbit/s link.
pub const HTTP2_STREAM_WINDOW_BYTES: u32 = 2 << 20;

/// What one HTTP/2 connection may send ahead of our reading: eight streams at their bound.
pub const HTTP2_CONNECTION_WINDOW_BYTES: u32 = 16 << 20;

/// What one answer of a version control tool may be that is read into memory: a million references of 100 bytes.
pub const CHILD_ANSWER_BYTES: u64 = 128 << 20;

/// What is kept of a child's complaints, the end of them: tools say last what matters.
pub const CHILD_STDERR_BYTES: usize = 8 << 10;

/// From the polite end of a child to the other one: git takes its lock files away within milliseconds.
pub const CHILD_GRACE: Duration = Duration::from_millis(500);

/// Address space of one child. git maps packs whole; a repository of 2 GiB needs about 3 GiB.
pub const CHILD_MEMORY_BYTES: u64 = 8 << 30;

/// Open files of one child: git keeps packs open, one file each.
pub const CHILD_FILES: u64 = 1024;

/// Processes and threads of our user, counted by the kernel over everything it runs; its bound for a child that multiplies. The superuser has none.
pub const CHILD_USERS_PROCESSES: u64 = 4096;

/// A child's processor time is its wall clock times this: `index-pack` uses several threads.
pub const CHILD_PROCESSORS: u64 = 4;

/// How often descendants that left their group are looked for and killed: each time those are met that were born since.
pub const CHILD_HUNTS: u32 = 1000;

/// Processes of one child's group. git fetch over HTTP is five; a script with its helpers may be ten.
pub const CHILD_PROCESSES: usize = 64;

/// How often a child that takes long is looked after: whether it multiplies.
pub const CHILD_ROUND: Duration = Duration::from_secs(1);

/// References of one remote. The largest known repositories have half as many; a million take 80 MiB of memory.
pub const MAX_REFS: usize = 2_000_000;

/// What `git ls-remote` may print: two million lines.
pub const MAX_REFS_BYTES: u64 = 256 << 20;

/// A line of `git ls-remote`: a hash and a name that a file system could hold.
pub const MAX_REF_LINE_BYTES: u64 = 8 << 10;

/// `git cat-file` ends when nobody asked for so long: a build asks for a module's versions within seconds.
pub const GIT_TALK_IDLE: Duration = Duration::from_secs(20);

/// The line before an object: its name as it was asked for, a path included.
pub const GIT_HEAD_BYTES: u64 = 16 << 10;

/// A remote that could not be asked is not asked again for so many seconds, whoever wants to know.
pub const GIT_FAILURE_SECONDS: i64 = 10;

/// A commit with its message, or a tag. Real ones are under 10 KiB; merges of signed tags hold those.
pub const MAX_COMMIT_BYTES: u64 = 16 << 20;

/// A repository whose first version took no more than this comes whole with its second: a whole one costs its server less than ten pieces.
pub const GIT_SMALL_BYTES: u64 = 4 << 20;

/// Packs of one repository, before they are made one: with more, every object is looked for in too many places.
pub const GIT_PACKS: usize = 40;

/// Origins that `.info`s name, held in memory: about 400 bytes each.
pub const MAX_ORIGINS_NAMED: usize = 16_384;

/// Modules of which is remembered what their repository's tags were when kept versions were last held against them.
pub const MAX_COMPARED: usize = 4096;

/// Files in one tree. The largest repositories have a quarter of a million.
pub const MAX_TREE_FILES: usize = 1_000_000;

/// A file of an archive is deflated while the archive arrives, and not put aside, up to this size: larger ones gain nothing by it.
pub const DEFLATED_FILE_BYTES: u64 = 1 << 20;

/// Bytes of one archive that are deflated while it arrives. They are held in memory, deflated, until the zip is written; half of them or less.
pub const DEFLATED_AHEAD_BYTES: u64 = 32 << 20;

/// Deflated contents that are remembered for the next version, of all repositories together.
pub const DEFLATED_REMEMBERED_BYTES: usize = 32 << 20;

/// Contents that a thread is woken for, in bytes; the last of them may go beyond.
pub const DEFLATED_BATCH_BYTES: u64 = 64 << 10;

/// Batches of one archive that wait for a thread.
pub const DEFLATED_AT_ONCE: usize = 16;

/// Threads that help to deflate one archive: git brings files about as fast as two can deflate them.
pub const DEFLATERS: usize = 2;

/// Deflaters that are kept for the next archive, of 300 KiB each: as many as work at one time on a small machine.
pub const IDLE_DEFLATERS: usize = 8;

/// Repositories that are open at once; each holds its references, about 100 bytes each.
pub const MAX_REPOSITORIES: usize = 256;

/// What all repositories may take on disk, in repositories of full size; those not used for longest go first.
pub const REPOSITORIES_OF_FULL_SIZE: u64 = 8;
/// Origins of direct mode that politeness is remembered of. Above it those are forgotten that nothing is going on with.
pub const MAX_ORIGINS: usize = 4096;

/// An origin that asks us to wait is left alone at most this long, whatever its `Retry-After` says: a mistake there must not shut it for a day.
pub const MAX_QUIET: Duration = Duration::from_secs(15 * 60);

/// A request body of a child that is kept until it is answered, so that it can be sent again over a new connection or with a new login: what
/// git sends without chunks by its default `http.postBuffer`.
pub const MAX_REPLAYED_BYTES: usize = 1 << 20;

/// What a child may send in one request: wants and haves of a repository with a million references.
pub const MAX_CHILD_REQUEST_BYTES: u64 = 256 << 20;

/// How long certificate files of a place are taken to be as they were: they are exchanged a few times a year, and looked at for every exchange.
pub const CERTIFICATES_LOOKED_AT: Duration = Duration::from_secs(1);

/// How long nothing is accepted after accepting failed: usually too many open files, which a moment mends.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Connections of children to the gateway at once: more than all children that may run together hold.
pub const MAX_GATEWAY_CONNECTIONS: usize = 512;

/// Header fields of one request of a child: Mercurial splits long arguments into numbered ones of 1 KiB.
pub const MAX_CHILD_HEADERS: usize = 1024;

/// The head of one request of a child: that many of Mercurial's.
pub const MAX_CHILD_HEAD_BYTES: usize = 1 << 20;

/// A child that has connected and asks nothing is hung up on.
pub const CHILD_HEAD: Duration = Duration::from_secs(60);

/// An answer of a forge's API about a login: real ones are under 64 KiB.
pub const MAX_LOGIN_ANSWER_BYTES: u64 = 1 << 20;

/// A file that holds a login: a netrc file, a token.
pub const MAX_LOGIN_FILE_BYTES: u64 = 1 << 20;

/// What a helper command says is believed at most this long, as its format does not tell when a login expires; a 401 ends it at once.
pub const HELPER_FRESH: Duration = Duration::from_secs(15 * 60);

/// Installations of one GitHub App that are remembered with their tokens: one per owner.
pub const MAX_INSTALLATIONS: usize = 1024;

/// A token of a GitHub App is not used in its last minute: it must outlive the request that it is sent with.
pub const TOKEN_MARGIN_SECONDS: i64 = 60;

/// That an app is installed for a repository is believed so long; a 401 ends it at once.
pub const INSTALLATION_FRESH: Duration = Duration::from_secs(60 * 60);

/// That it is not installed is believed so long: short, as whoever reads that goes and installs it.
pub const NO_INSTALLATION_FRESH: Duration = Duration::from_secs(60);

/// Connections of one child to a remote that is not spoken to over http: such tools use one, and Subversion a second.
pub const MAX_RAW_CONNECTIONS: usize = 4;
/// A `?go-get=1` page: its tags stand in its head. GitLab's pages are 100 bytes, the largest real ones some 100 KiB.
pub const MAX_PAGE_BYTES: u64 = 1 << 20;

/// Roots of modules that are remembered, and pages: about 300 bytes each, as many as a large company has modules.
pub const MAX_DISCOVERIES: usize = 16_384;

/// That there is no repository for a module is believed so long: short enough for who just made it, long enough for a storm of questions.
pub const DISCOVERY_FAILURE: Duration = Duration::from_secs(10);

/// Elements of a GitLab project's path that are tried: twenty nested groups are GitLab's own bound.
pub const MAX_PROJECT_ELEMENTS: usize = 21;

/// One run of a helper command: it may ask a server of its own.
pub const HELPER_TIME: Duration = Duration::from_secs(30);

/// Helper commands that run at once; each place runs its own one at a time.
pub const MAX_HELPERS: usize = 4;

/// Records that wait for their number in one log: with [`MAX_LOG_RECORD_BYTES`] each 32 MiB, in practice 2 MiB. More are refused as busy.
pub const LOG_WAITING: usize = 8192;

/// Records that one tree head brings into a log: enough to hide what a handful of syncs costs, and 200 KiB in practice. Lines that are brought
/// together ([`AUDIT_BATCH_BYTES`]) count as one.
pub const LOG_BATCH: usize = 1024;

/// A record of a log: 256 of them are a tile of records below [`MAX_TILE_BYTES`]. The two lines of a version take 250 bytes.
pub const MAX_LOG_RECORD_BYTES: usize = 4000;

/// Full tiles of records that are read back and proven before each signature, in turn, besides the edge: 4096 records, 5 ms.
pub const LOG_PROVEN_TILES: u64 = 16;

/// How long nothing must have come before an idle log proves as many more: 16,384 records a second at most, and a fiftieth of a core.
pub const LOG_IDLE_PAUSE: Duration = Duration::from_millis(250);

/// How often an idle log is proven wholly: what rots is found within a day. 10^7 records, 2.5 GB, are read in ten minutes of it.
pub const LOG_ROUND: Duration = Duration::from_hours(24);

/// How often a batch begins anew because another process was faster.
pub const LOG_ATTEMPTS: usize = 4;

/// How long one process may write a log without renewing its lease: what a crash makes others wait, many times what a batch takes.
pub const LOG_LEASE_SECONDS: u32 = 10;

/// How often the lease is asked for while another process has it, a little longer in all than one lasts.
pub const LOG_LEASE_TRIES: u32 = 50;

/// The pause between two of these questions.
pub const LOG_LEASE_PAUSE: Duration = Duration::from_millis(250);

/// How often a reading begins anew because the log grew under it.
pub const LOG_RACES: usize = 8;

/// How often a look at lock and files is repeated because the lock moved under it.
pub const LOG_LOOKS: usize = 8;

/// How long a process that writes keeps the lease though nothing waits: two transactions less for each record that comes alone, and what another
/// process waits then.
pub const LOG_LEASE_KEPT: Duration = Duration::from_secs(1);

/// How long it is then given back behind each batch: longer than [`LOG_LEASE_PAUSE`], so that whoever asks finds such a moment.
pub const LOG_LEASE_OFFERED: Duration = Duration::from_millis(400);

/// Batches in a row before the lease is offered to other processes, some seconds' worth.
pub const LOG_TURNS: u32 = 64;

/// Paths of one place of a log that are looked at: a tile has at most 255 narrower forms, a crash leaves one staged file.
pub const LOG_LISTED: usize = 1024;

/// How long a lookup waits for the head behind a record that has its number already: many times what the disk takes to write both.
pub const LOG_HEAD_PATIENCE: Duration = Duration::from_secs(5);

/// How often it looks meanwhile whether another process has published.
pub const LOG_HEAD_PAUSE: Duration = Duration::from_millis(50);

/// Lines that wait for the audit log, in bytes: about 50,000, what a second of a busy server brings while a disk is slow. More are counted as lost, and
/// the count becomes a line.
pub const AUDIT_WAITING_BYTES: usize = 16 << 20;

/// Lines of the audit log that are written under one head, in bytes: about 8,000, so that what a head costs is little of a line. While they are
/// written they take some five times as much.
pub const AUDIT_BATCH_BYTES: usize = 2 << 20;

/// No line of the audit log is missing for so long: then what was missing is over.
pub const AUDIT_QUIET: Duration = Duration::from_secs(10);

/// How long lines of the audit log are gathered before they are written: what a crash may lose, and how often a quiet server writes a head.
pub const AUDIT_PAUSE: Duration = Duration::from_millis(500);

/// A module path in a line of the audit log, in bytes. This and the next three, each byte escaped and as often as they are used, stay below
/// [`MAX_LOG_RECORD_BYTES`].
pub const AUDIT_MODULE_BYTES: usize = 600;

/// A version or query in a line of the audit log, in bytes. What a branch may be called on most hosts.
pub const AUDIT_VERSION_BYTES: usize = 250;

/// The name of a login, of an auditor, of a rule, or its pattern, in a line of the audit log, in bytes.
pub const AUDIT_NAME_BYTES: usize = 150;

/// An address, a request's id or a code in a line of the audit log, in bytes; all of ours are shorter.
pub const AUDIT_WORD_BYTES: usize = 60;

/// A line of an exported audit log: a record with its number and hash, or a signed head.
pub const MAX_EXPORT_LINE_BYTES: usize = 1 << 20;
/// Tiles of records that are read at once when a database is read whole: enough to hide the way there, 2 MiB.
pub const REPLAY_READS: usize = 8;

/// How often, at least, a request of an audit is tried again, and how long it may take with that: of hundreds of thousands one fails sometimes, and
/// an audit that ends begins anew.
pub const REPLAY_RETRIES: u32 = 6;

/// See [`REPLAY_RETRIES`].
pub const REPLAY_TOTAL: Duration = Duration::from_secs(60);

/// How often an audit of a store looks for a tile that the log outgrows meanwhile. A lost one is looked for as often.
pub const REPLAY_RACES: usize = 8;

/// Records of which a database that is read whole is remembered at once, to find second ones: 24 MiB. More of them rest on the disk.
pub const REPLAY_RUN: usize = 1 << 20;

/// What is told of a database that was read whole: more of it would be read by nobody.
pub const MAX_FINDINGS: usize = 1000;
/// How often a witness waits for the lease on its memory of a log, with [`LOG_LEASE_PAUSE`] between: 2 s. Then the submission is refused as busy.
pub const WITNESS_LEASE_TRIES: u32 = 8;

/// How often one witness is asked about one head: once for the size it knows, once from there, once more if another of our processes was faster.
pub const WITNESS_ATTEMPTS: u32 = 3;

/// How long all witnesses together may take for one head.
pub const WITNESS_PATIENCE: Duration = Duration::from_secs(20);

/// A witness's answer: signature lines, some 150 bytes each; those of ML-DSA-44 some 3.3 KB.
pub const MAX_WITNESS_ANSWER_BYTES: u64 = 16 << 10;

/// A submission to a witness: 63 hashes of 45 bytes, and a checkpoint with up to 100 signatures.
pub const MAX_SUBMISSION_BYTES: usize = 64 << 10;

/// How long to wait before witnesses are asked again that were silent, whatever the log does; doubled each time while no head comes.
pub const WITNESS_PAUSE: Duration = Duration::from_secs(5);

/// The longest such wait.
pub const WITNESS_LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// Lines kept of an upstream's refusal: those that the go command prints.
pub const MAX_REFUSAL_LINES: usize = 8;

/// Bytes of an extended header of a tar. Real ones hold a path or two.
pub const MAX_PAX_BYTES: u64 = 1 << 20;

/// How often a repository's lock is tried for: one of ours that was just let go may hold it for a moment.
pub const LOCK_TRIES: u32 = 10;

/// The pause between two tries for a repository's lock.
pub const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// The pause between two hunts for a child's processes: long enough for the killed to be gone.
pub const HUNT_PAUSE: Duration = Duration::from_millis(1);

/// An origin that nobody asked for so long is forgotten: its allowance, which is per minute, is full again then.
pub const ORIGIN_IDLE: Duration = Duration::from_secs(60);
