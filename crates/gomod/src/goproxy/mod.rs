//! The GOPROXY list, and the walk along it.
//!
//! A list names places to fetch from, in order. The separator behind a place says which of its failures give way to the
//! next: a comma only "does not exist", a bar any. [`GoProxyList`] is the list, [`Walk`] the rule as a value: whoever
//! does the asking tells it the answers, and it tells where to ask next and which answer counts in the end.

mod list;
mod url;
mod walk;

pub use list::{Entry, GoProxyList, InvalidGoProxy, Separator, Source};
pub use url::{GoUrl, InsecureCredentials, InvalidUrl};
pub use walk::{Outcome, Place, Privacy, Verdict, Walk};

#[cfg(test)]
mod tests;
