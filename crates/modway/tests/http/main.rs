//! The HTTP door, opened in this process and spoken to over raw sockets.

mod support;

mod answers;
mod bodies;
mod floods;
mod framing;
mod paths;
mod protocols;
mod refusals;
mod stories;
mod times;
