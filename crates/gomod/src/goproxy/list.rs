use super::url::{GoUrl, InvalidUrl};
use super::walk::{Privacy, Walk};

/// A GOPROXY list.
///
/// Shape: `https://mirror.example|https://proxy.example,direct`.
///
/// Invariants: at least one entry; `off` and `direct` only at the end; every URL is http, https or a file URL of scheme and path.
///
/// Source: `proxyList` in Go's `cmd/go/internal/modfetch/proxy.go`, 1.27.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoProxyList {
    entries: Vec<Entry>,
}

/// One place to fetch from.
///
/// Shape: Displays as Go names it: the URL with its password as `xxxxx`, `direct` or `off`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where to fetch.
    pub source: Source,
    /// What stands behind the entry.
    pub separator: Separator,
    /// The name that the list had in place of the URL, for lists that may have names.
    pub name: Option<String>,
}

/// What an entry of a list can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A module proxy, http or https.
    Proxy(GoUrl),
    /// A directory laid out as a module proxy.
    File(GoUrl),
    /// Version control.
    Direct,
    /// Nothing: a module that comes here does not exist.
    Off,
}

/// What stands behind an entry, which decides what its failures mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Separator {
    /// `,`: only "does not exist" gives way to the next entry.
    Comma,
    /// `|`: every failure gives way.
    Bar,
    /// The end of the list, or what follows `direct` and `off`, which is never read.
    End,
}

/// A list that Go refuses.
///
/// Shape: Displays in Go's words. No password is ever in the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidGoProxy {
    /// Only separators and spaces.
    #[error("GOPROXY list is not the empty string, but contains no entries")]
    NoEntries,
    /// A word that is no URL and neither `direct` nor `off`.
    #[error("invalid proxy URL missing scheme: {0}")]
    MissingScheme(String),
    /// A scheme other than http, https and file.
    #[error("invalid proxy URL scheme (must be https, http, file): {0}")]
    Scheme(String),
    /// A file URL with a host, a query or the like.
    #[error("invalid file:// proxy URL with non-path elements: {0}")]
    FileUrl(String),
    /// Go's URL parser refuses it.
    #[error(transparent)]
    Url(#[from] InvalidUrl),
}

impl GoProxyList {
    /// Reads a list as the go command does.
    ///
    /// Units and ranges: an empty list is refused; that an empty setting means the next layer of settings is
    /// [`goenv`](crate::goenv)'s business.
    ///
    /// Errors: [`InvalidGoProxy`], of the first bad entry before `direct` or `off`.
    pub fn parse(list: &str) -> Result<Self, InvalidGoProxy> {
        Self::parse_with(list, &|_| None)
    }

    /// Reads a list that may have names in place of URLs, `mirror|public,direct`.
    ///
    /// Units and ranges: `names` is asked for every entry but `direct` and `off`, and answers the URL that a name stands for.
    ///
    /// Errors: [`InvalidGoProxy`]; a name that `names` does not know is taken for a URL.
    pub fn parse_with(list: &str, names: &dyn Fn(&str) -> Option<String>) -> Result<Self, InvalidGoProxy> {
        let mut entries = Vec::new();
        let mut rest = list;
        while !rest.is_empty() {
            let (element, separator, after) = next_element(rest);
            rest = after;
            match element {
                "" => {}
                "off" => return Ok(GoProxyList::ending_in(entries, Source::Off)),
                "direct" => return Ok(GoProxyList::ending_in(entries, Source::Direct)),
                _ => {
                    let url = names(element);
                    let source = source(url.as_deref().unwrap_or(element))?;
                    entries.push(Entry { source, separator, name: url.map(|_| element.to_owned()) });
                }
            }
        }
        if entries.is_empty() { Err(InvalidGoProxy::NoEntries) } else { Ok(GoProxyList { entries }) }
    }

    /// The entries in order; never empty.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Starts a walk along the list for one module. Go walks anew for every question: each `.info`, `.mod`, `.zip` and `list`.
    pub fn walk(&self, privacy: Privacy) -> Walk<'_> {
        Walk::new(&self.entries, privacy)
    }

    fn ending_in(mut entries: Vec<Entry>, source: Source) -> Self {
        entries.push(Entry { source, separator: Separator::End, name: None });
        GoProxyList { entries }
    }
}

impl std::fmt::Display for Entry {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.source {
            Source::Proxy(url) | Source::File(url) => write!(out, "{url}"),
            Source::Direct => out.write_str("direct"),
            Source::Off => out.write_str("off"),
        }
    }
}

fn next_element(list: &str) -> (&str, Separator, &str) {
    let (element, separator, after) = match list.split_once([',', '|']) {
        Some((element, after)) if list[element.len()..].starts_with('|') => (element, Separator::Bar, after),
        Some((element, after)) => (element, Separator::Comma, after),
        None => (list, Separator::End, ""),
    };
    (element.trim(), separator, after)
}

fn source(element: &str) -> Result<Source, InvalidGoProxy> {
    // Single words are kept for Go's own use, and what has ":/" or is an absolute path must be a whole URL.
    let is_bare_host = element.contains(['.', ':', '/']) && !element.contains(":/") && !element.starts_with('/');
    let url = if is_bare_host { GoUrl::parse(&format!("https://{element}")) } else { GoUrl::parse(element) }?;
    match url.scheme() {
        "http" | "https" => Ok(Source::Proxy(url)),
        "file" if url.has_more_than_path() => Err(InvalidGoProxy::FileUrl(url.to_string())),
        "file" => Ok(Source::File(url)),
        "" => Err(InvalidGoProxy::MissingScheme(url.to_string())),
        _ => Err(InvalidGoProxy::Scheme(url.to_string())),
    }
}
