//! Every bound of the HTTP door, with its reason. Nobody in `http/` invents a limit or a timeout elsewhere.

use std::time::Duration;

/// What an operator may set of the HTTP door.
#[derive(Clone, Debug)]
pub struct DoorLimits {
    /// Connections at once; more wait in the kernel's queue. Each costs about 10 KiB and one file descriptor.
    pub max_connections: usize,
    /// Connections at once of one client address; more are closed at once. Generous: a fleet may stand behind one address.
    pub max_connections_per_client: usize,
    /// A TLS handshake takes one or two round trips.
    pub tls_handshake: Duration,
    /// From a request's first byte to the end of its header.
    pub header: Duration,
    /// A connection between two requests.
    pub idle: Duration,
    /// A client that takes no byte for so long, while there are bytes for it, is cut. TCP tells us of a reader's moves only in steps of up to
    /// a sixteenth of the reader's own buffer, some 400 KiB: a minute keeps every reader of 7 KiB/s or more.
    pub write_stall: Duration,
    /// Requests in flight are given so long when the server stops.
    pub stop: Duration,
    /// Bytes kept of small answers in front of the proxy.
    pub hot_bytes: u64,
    /// Finished requests remembered for `/-/why`.
    pub records: usize,
    /// Threads that serve connections; 0 leaves them on the runtime that accepts them.
    pub workers: usize,
}

impl Default for DoorLimits {
    fn default() -> Self {
        Self {
            max_connections: 10_000,
            max_connections_per_client: 4_000,
            tls_handshake: Duration::from_secs(10),
            header: Duration::from_secs(10),
            idle: Duration::from_secs(60),
            write_stall: Duration::from_secs(60),
            stop: Duration::from_secs(30),
            hot_bytes: 64 << 20,
            records: 10_000,
            workers: 0,
        }
    }
}

/// A request's header on HTTP/1. The longest module path and version are far below; proxies in front add a few KiB.
pub const MAX_HEADER_BYTES: usize = 32 << 10;

/// Header lines of one request: the go command sends four.
pub const MAX_HEADERS: usize = 100;

/// Streams of one HTTP/2 connection: the go command runs 10 downloads at once, a proxy in front some more. With
/// [`HTTP2_FRAME_BYTES`] it bounds what a client that takes nothing can make us hold: 8 MiB a connection.
pub const MAX_STREAMS: u32 = 128;

/// What is handed to an HTTP/2 stream at a time. The stream holds it until the client takes it.
pub const HTTP2_FRAME_BYTES: usize = 64 << 10;

/// Streams that a client may reset before we have seen them end (CVE-2023-44487).
pub const MAX_RESET_STREAMS: usize = 50;

/// Bytes buffered per HTTP/2 stream on their way out: two frames, so that one is read while the other is written.
pub const MAX_SEND_BYTES: usize = 2 * HTTP2_FRAME_BYTES;

/// A silent HTTP/2 peer is asked whether it is there, so often.
pub const PING_EVERY: Duration = Duration::from_secs(20);

/// Forgotten records kept to be written over: as many as may be in flight at once on a busy server.
pub const MAX_SPARE_RECORDS: usize = 1024;

/// File buffers kept for the next frame: enough for a busy moment, little enough for an idle server (4 MiB).
pub const MAX_IDLE_BUFFERS: usize = 16;

/// Frames of at least so many bytes are read into buffers that are used again. Smaller ones (HTTP/2, the ends of bodies) would waste them.
pub const MIN_SHARED_BUFFER_BYTES: usize = 128 << 10;

/// Frames kept for the next reader of the same zip: 8 MiB, the sixteen most wanted halves of a megabyte.
pub const MAX_SHARED_FRAMES: usize = 16;

/// Places remembered of frames that were asked for once: what a fleet of slightly different clients asks for in between. 32 bytes each.
pub const MAX_SEEN_FRAMES: usize = 64;

/// A body that was handed over so much of lets the other connections of its thread go on: about half a millisecond.
pub const BURST_BYTES: usize = 2 << 20;

/// Bytes that the kernel takes from us for a client on this machine before that one reads them. Such a path holds nothing, so more brings
/// nothing: left alone, the kernel goes up to 4 MiB a connection, the bytes of a few bodies no longer fit in the processor's cache, and one
/// body is far ahead of the others. Eight readers of a 50 MB zip on one core: 83 zips a second instead of 69, the slowest in 0.2 s instead of
/// 0.5 to 1.8 s. Through a network, where a path holds what it carries in a round trip, the kernel's own sizes stay.
pub const LOCAL_SEND_BYTES: usize = 512 << 10;

/// The kernel cuts a peer that takes nothing for [`DoorLimits::write_stall`]. Our own timer sees the kernel's buffer only, which moves in steps of
/// megabytes: so many times as long is what it waits, for whatever the kernel does not end.
pub const STALL_FACTOR: u32 = 10;

/// Connections that the kernel keeps for us until we accept them: a fleet that starts at once. The usual 128 makes the others wait a second.
pub const BACKLOG: u32 = 4096;

/// The pause after `accept` failed for want of file descriptors or memory, so that the loop never spins.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A text shorter than this gains nothing from compression once headers are counted.
pub const MIN_GZIP_BYTES: usize = 1 << 10;

/// A text longer than this is compressed off the runtime's threads: it takes over a millisecond.
pub const MAX_INLINE_GZIP_BYTES: usize = 64 << 10;

/// A text longer than this is sent as it is: a compressed copy would cost more memory and time than it saves.
pub const MAX_GZIP_BYTES: usize = 8 << 20;

/// Compressed copies kept, in bytes.
pub const GZIP_CACHE_BYTES: u64 = 32 << 20;

/// A larger answer is not kept in front of the proxy: it would push out many small ones, and its cost is in the bytes anyway.
pub const MAX_HOT_BYTES: usize = 256 << 10;

/// A longer path is not kept in front of the proxy.
pub const MAX_HOT_PATH_BYTES: usize = 1 << 10;

/// Bytes of a path that are kept in a record and a log line.
pub const MAX_LOGGED_PATH_BYTES: usize = 2 << 10;

/// Bytes of a User-Agent that are kept in a record and a log line.
pub const MAX_LOGGED_AGENT_BYTES: usize = 256;

/// Trace events remembered over all records: about 20 MiB at worst.
pub const MAX_KEPT_EVENTS: usize = 100_000;

/// Log lines that wait for the writer; more are dropped and counted. About half a second of full load.
pub const MAX_WAITING_LINES: usize = 65_536;

/// The log's writer gathers lines for so long before it writes.
pub const LOG_PAUSE: Duration = Duration::from_millis(10);

/// An error body, in bytes: promise 12. The go command prints 648 bytes at most (`cmd/go/internal/web`, Go 1.27).
pub const MAX_REFUSAL_BYTES: usize = 640;

/// An error body, in lines: promise 12.
pub const MAX_REFUSAL_LINES: usize = 8;

/// An error body, in lines that follow the cause: whose move it is with the fix, the reason's code, the request id.
pub(super) const REFUSAL_TAIL_LINES: usize = 3;

/// When a client that found us busy may come again: a moment, in which queues of this size empty.
pub(super) const BUSY_PAUSE: Duration = Duration::from_secs(2);

/// When a client may come again that found us stopping: what follows us starts in less.
pub(super) const STOPPING_PAUSE: Duration = Duration::from_secs(5);

/// A request's header at a witness' door: two lines of our own kind.
pub(super) const MAX_WITNESS_HEADER_BYTES: usize = 16 << 10;

/// Entries of a list that are answered at once, if the request does not say: a page of some 50 KiB.
pub(crate) const DEFAULT_PAGE: u64 = 100;

/// Entries of a list that are answered at once, at most.
pub(crate) const MAX_PAGE: u64 = 1000;

/// Connections to a witness at a time: each log needs one. Further ones wait to be accepted.
pub(crate) const MAX_WITNESS_CONNECTIONS: usize = 64;

/// Connections of one client to a witness: several logs may be behind one address, and none of them keeps the others out.
pub(crate) const MAX_WITNESS_CONNECTIONS_PER_CLIENT: usize = 16;

/// How long a header, a body or an answer of a witness may take, and how long a connection to it may rest.
pub(crate) const WITNESS_PATIENCE: Duration = Duration::from_secs(10);

/// How long a connection to a witness lives: whoever waits for a place gets one, whatever the others do.
pub(crate) const WITNESS_CONNECTION_LIFE: Duration = Duration::from_secs(60);

/// How long the log is silent about trouble of one kind with one witnessed log after a line about it.
pub(crate) const WITNESS_ALARM_PAUSE: Duration = Duration::from_secs(600);
