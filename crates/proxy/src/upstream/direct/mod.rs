//! Version control itself as an upstream: from a module path to its repository, from a revision to a version, from a tree to the zip
//! with Go's own h1. No `go` process is ever started.

pub mod repo;
pub mod repos;

pub mod coderepo;

pub mod archive;

pub mod discover;

mod forge;
