//! Every bound of reading logs, with its reason.

/// Bytes that are read of a log. The longest logs of CI services end well before; what follows is said not to have been read.
pub(super) const MAX_LOG_BYTES: u64 = 256 << 20;

/// Bytes that are kept of a line. The go command's longest lines are URLs in quotes; what is longer is somebody's data.
pub(super) const MAX_LINE_BYTES: usize = 16 << 10;

/// Lines that are kept of an error: a message, the eight lines of a server's answer, and what git says.
pub(super) const MAX_BLOCK_LINES: usize = 40;

/// Lines of others that may stand between an error and what belongs to it: tools that run at the same time write to the same log.
pub(super) const MAX_FOREIGN_LINES: usize = 4;

/// Lines that one message may have been broken into by whatever printed it.
pub(super) const MAX_WRAPPED_LINES: usize = 8;

/// Characters of a line that a terminal may have broken. Narrower ones are in nobody's build.
pub(super) const MIN_WIDTH: usize = 60;

/// Streams (`#12` of a docker build, `[web]` of a runner) whose errors are put together at the same time.
pub(super) const MAX_STREAMS: usize = 64;

/// Different errors that are kept. A person reads a handful.
pub(super) const MAX_FINDINGS: usize = 100;

/// Decorations that are taken off a line: a date, a stream, a level, and what a second tool put around these.
pub(super) const MAX_DECORATIONS: usize = 8;

/// Characters shown of an error's text.
pub(super) const MAX_SHOWN_CHARS: usize = 2000;
