//! The same with real processes on a real store, files and SQLite: they are paused, killed and restored from outside, and kill themselves at every
//! step. What each of them signed, put and answered stands in a file that none of them owns, written down before anybody counts on it.

mod home;
mod hunt;
mod life;
mod pauses;
mod steps;
