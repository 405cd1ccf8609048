use crate::text::quote;

/// Why there is no repository for a module path, in Go's words. To Go each of these means that the module does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoRoot {
    /// The path alone is enough to refuse it, `invalid github.com import path "github.com/x"`.
    #[error("{0}")]
    Path(String),
    /// The root that was found has a wildcard in it.
    #[error("cannot expand ... in {}", quote(.0))]
    Wildcard(String),
    /// No scheme that may be used leads to a repository.
    #[error("no {}protocol found for repository", if *.insecure_too { "" } else { "secure " })]
    NoProtocol {
        /// True if insecure schemes were tried, too.
        insecure_too: bool,
    },
    /// The page came with a status that is not 200, and without tags: `reading URL: 401 Unauthorized`.
    #[error("unrecognized import path {}: {why}", quote(path))]
    Status {
        /// The module path.
        path: String,
        /// The status.
        why: String,
    },
    /// What the page says is of no use: no tag, several, a bad one, or another than on the root's own page.
    #[error("unrecognized import path {}: {why}", quote(path))]
    Page {
        /// The module path.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// No page came: `https fetch: …`.
    #[error("unrecognized import path {}: {why}", quote(path))]
    Unreachable {
        /// The module path.
        path: String,
        /// What is wrong.
        why: String,
    },
}
