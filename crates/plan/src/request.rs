//! URL path <-> [`Request`].

use gomod::module::{ModulePath, Rev, Version};

/// A request of the GOPROXY protocol.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Request {
    /// About a module.
    Module(ModulePath, Ask),
    /// About a checksum database: its name (which may hold slashes) and what is asked of it.
    Sumdb(String, SumdbAsk),
}

/// What is asked of a module.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Ask {
    /// `@v/list`.
    List,
    /// `@latest`.
    Latest,
    /// `@v/REV.info`.
    Info(Rev),
    /// `@v/VERSION.mod`.
    Mod(Version),
    /// `@v/VERSION.zip`.
    Zip(Version),
}

/// What is asked of a checksum database.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum SumdbAsk {
    /// `supported`.
    Supported,
    /// `latest`.
    Latest,
    /// `lookup/M@V`.
    Lookup(ModulePath, Version),
    /// `tile/8/…`, as its canonical path.
    Tile(String),
}
