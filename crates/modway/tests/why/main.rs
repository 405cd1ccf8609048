//! `modway why MODULE`: what it tells of worlds on loopback, and that it tells no secret, runs nothing and asks nobody it should not.

mod world;

mod stories;

mod binary;
mod dry;
mod flags;
mod honest;
mod hostile;
