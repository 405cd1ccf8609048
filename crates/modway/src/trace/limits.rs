//! The bounds of a trace, each with its reason.

use std::time::Duration;

/// Requests, tunnels and processes that are kept: a cold `go mod download` of a very large program has about 5,000 requests. What comes beyond
/// is counted for its host and not kept. About 1 KiB each.
pub(super) const MAX_KEPT: usize = 20_000;

/// Hosts with totals of their own; further ones share one line. More hosts than this are no go command's.
pub(super) const MAX_HOSTS: usize = 500;

/// The beginning of an error's body: what the go command itself shows of one (`maxErrorDetailBytes` in cmd/go/internal/web).
pub(super) const ERROR_BODY_BYTES: usize = 648;

/// Header fields kept of one side of an exchange. Go sends four; servers send about fifteen.
pub(super) const MAX_FIELDS: usize = 40;

/// How much is kept of a header field, and of an error's text.
pub(super) const FIELD_BYTES: usize = 300;

/// One address: the go command's own (`net.Dialer.Timeout` of its transport).
pub(super) const DIAL: Duration = Duration::from_secs(30);

/// One TLS handshake: the go command's own (`http.Transport.TLSHandshakeTimeout`).
pub(super) const TLS: Duration = Duration::from_secs(10);

/// Requests for one question, redirects included: Go's own (`checkRedirect` in cmd/go/internal/web), which calls them redirects.
pub(super) const MAX_REDIRECTS: usize = 10;

/// Connections of the traced command to one of our doors at a time: the go command opens as many as it has requests at once, which nothing
/// bounds but its work. Further ones wait.
pub(super) const MAX_CONNECTIONS: usize = 512;

/// How long nothing is accepted after accepting failed: usually too many open files, which a moment mends.
pub(super) const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The head of a request of the traced command. Its own are below 1 KiB; git's can hold a login.
pub(super) const MAX_HEAD_BYTES: usize = 64 << 10;

/// The head of a forward proxy's answer to CONNECT.
pub(super) const MAX_CONNECT_HEAD_BYTES: usize = 16 << 10;

/// How long a part of the command's output, which may be the beginning of one of our URLs, waits for the rest of it. The go command writes a
/// message in one piece, so that this ends what was none.
pub(super) const OUTPUT_PAUSE: Duration = Duration::from_millis(50);

/// A URL of ours in the output with what follows it. Longer ones are shown as they come.
pub(super) const MAX_OUTPUT_URL_BYTES: usize = 8 << 10;

/// What git writes about its processes: about 4 KiB for each. What comes beyond is not read.
pub(super) const MAX_GIT_LOG_BYTES: u64 = 64 << 20;

/// How long the command's outputs may stay open after its end: what it wrote is there, and is carried within this on any machine.
pub(super) const OUTPUT_GRACE: Duration = Duration::from_secs(2);

/// How long what the command left on the wire may still take after its end, before it is cut.
pub(super) const AFTERGLOW: Duration = Duration::from_millis(200);

/// How often it is looked whether the wire is quiet, within [`AFTERGLOW`].
pub(super) const QUIET_LOOK: Duration = Duration::from_millis(2);

/// Lines of a waterfall: what a person reads. The most telling of more are picked.
pub(super) const MAX_ROWS: usize = 60;

/// Lines of a picture. One with more is none: the rest is counted in its last line.
pub(super) const MAX_PICTURE_ROWS: usize = 400;

/// Messages of a sequence diagram. More are no picture: the rest is a note.
pub(super) const MAX_MESSAGES: usize = 120;

/// Lines shown of an error's body: those that the go command prints.
pub(super) const MAX_BODY_LINES: usize = 8;

/// What is remembered of a line of output that has no end yet: enough to know a message of the go command by its beginning.
pub(super) const MAX_LINE_START_BYTES: usize = 64;

/// What takes less is not slow, whatever else there is.
pub(super) const SLOW_FROM: Duration = Duration::from_millis(100);
