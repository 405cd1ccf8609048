//! `modway matrix`: its predictions against the measured matrix and against the real go command, and how it is written.

mod commands;
mod kept;
mod measured;
mod observed;
mod typed;
mod written;
