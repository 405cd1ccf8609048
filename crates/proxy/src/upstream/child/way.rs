//! How a child gets to its remote: never by itself.

use async_trait::async_trait;
use plan::Trouble;

/// Gives children their ways. The egress component does; tests have their own.
#[async_trait]
pub trait Way: Send + Sync {
    /// A way to `remote` for one child, until it is dropped.
    ///
    /// # Errors
    /// Why there is none: a scheme, a place or an address that must not be.
    async fn pass(&self, remote: &str) -> Result<Box<dyn Passage>, Trouble>;
}

/// A way to one remote.
pub trait Passage: Send + Sync {
    /// The remote as the child is told.
    fn url(&self) -> &str;

    /// The HTTP forward proxy that the child speaks to; empty if it needs none.
    fn proxy(&self) -> &str;

    /// The ports that the child may connect to.
    fn ports(&self) -> Vec<u16>;

    /// Variables that the child needs for this way, besides those of the proxy.
    fn variables(&self) -> Vec<(&'static str, String)>;

    /// What went wrong on the way, as its guardian saw it: better than the tool's own words.
    fn trouble(&self) -> Option<Trouble>;
}
