//! Every bound of the doors that no room has to itself, with its reason. The HTTP door, the traces and the reading of logs have limits of their own.

use std::time::Duration;

use proxy::client::look::Patience;

use crate::run::Bounds;

// A server's own tasks.

/// How often the store is asked whether it is there: a load balancer asks us about as often.
pub(crate) const PULSE_EVERY: Duration = Duration::from_secs(2);

/// A store that takes longer to answer is not ready.
pub(crate) const PULSE_PATIENCE: Duration = Duration::from_secs(5);

/// The first sweep waits until a start, and the burst of requests behind it, is over.
pub(crate) const FIRST_SWEEP: Duration = Duration::from_secs(600);

/// A sweep reads every blob once, on one thread. Daily finds damage before the backup that still has the right bytes is gone.
pub(crate) const SWEEP_EVERY: Duration = Duration::from_secs(86_400);

/// How long a server that stops waits for the last lines of its audit log: many times what a batch takes. What is not written then is missed
/// by the missing `stop`.
pub(crate) const LAST_LINES: Duration = Duration::from_secs(10);

// What explains: `why`.

/// How long a server is waited for, and how much of a body is read. Go itself waits for ever for an answer.
pub(crate) const PROBE: Patience = Patience {
    connect: Duration::from_secs(5),
    tls: Duration::from_secs(10),
    answer: Duration::from_secs(20),
    body_bytes: 4 << 20,
};

/// More questions than any module needs; a journey that wants more is not followed further.
pub(crate) const MAX_ASKS: usize = 60;

/// How many fixes are tried in thought; the others are told untried.
pub(crate) const MAX_TRIED: usize = 6;

/// How many fixes are told as one, where what is mended first only shows the next trouble.
pub(crate) const MAX_JOINED: usize = 3;

/// What git says about itself and its configuration: at once, and in a few KiB.
pub(crate) const GIT_LOOK: Bounds = Bounds { wall: Duration::from_secs(5), output_bytes: 1 << 20 };

/// The references of a remote: the largest repositories have some 20 MB of them.
pub(crate) const GIT_REMOTE: Bounds = Bounds { wall: Duration::from_secs(30), output_bytes: 32 << 20 };

/// Lines shown of what a server on the way says that it did.
pub(crate) const MAX_SERVER_LINES: usize = 12;

/// When a server is asked what it did, one pause after the other: it writes a request down when that is over, which may be a moment after we
/// have its last byte.
pub(crate) const SERVER_PAUSES: [Duration; 3] = [Duration::ZERO, Duration::from_millis(30), Duration::from_millis(120)];

/// Names read of a certificate. One with more is not read by a person.
pub(crate) const MAX_CERTIFICATE_NAMES: usize = 100;

/// Characters shown of a text in a certificate.
pub(crate) const MAX_CERTIFICATE_CHARS: usize = 80;

/// Names told of those that somebody hears; the others are three dots.
pub(crate) const MAX_NAMES_TOLD: usize = 4;

/// `go env -w` and `git config` are done at once.
pub(crate) const APPLYING: Bounds = Bounds { wall: Duration::from_secs(20), output_bytes: 1 << 16 };

// What judges: `check`.

/// A file of a project that is larger than this is nobody's go.mod.
pub(crate) const MAX_PROJECT_FILE_BYTES: u64 = 64 << 20;

/// More modules in a go.work than this are not looked at.
pub(crate) const MAX_WORK_MODULES: usize = 1000;

/// `go list` asks for each module in turn, over a network that may be slow.
pub(crate) const GO_LIST: Bounds = Bounds { wall: Duration::from_secs(300), output_bytes: 64 << 20 };

/// More of one rule's findings than this are nobody's reading.
pub(crate) const MAX_FINDINGS_OF_A_RULE: usize = 1000;

/// Rules that are named in one line; the others are counted.
pub(crate) const MAX_RULES_NAMED: usize = 3;

/// Characters shown of what strangers wrote.
pub(crate) const MAX_SHOWN_CHARS: usize = 400;

// What is observed: `matrix`.

/// Two go commands at a time: each starts git, and a table is not worth more of the machine.
pub(crate) const OBSERVED_AT_ONCE: usize = 2;

/// Go gives up after 10 s on a proxy that says nothing, for each of a few files.
pub(crate) const GO_DOWNLOAD: Bounds = Bounds { wall: Duration::from_secs(120), output_bytes: 1 << 20 };

/// A git that takes longer to commit one file is stuck.
pub(crate) const GIT_COMMIT: Bounds = Bounds { wall: Duration::from_secs(30), output_bytes: 64 << 10 };

/// How long nothing is accepted after accepting failed: usually too many open files, which a moment mends.
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
