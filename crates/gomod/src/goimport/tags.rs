use super::xml::{Token, Tokens};

/// One `<meta name="go-import" content="prefix vcs repo-root [subdir]">`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// The import path of the repository's root.
    pub prefix: String,
    /// `git`, `hg`, `svn`, `fossil`, `mod`, or something that Go does not know.
    pub vcs: String,
    /// The URL of the repository, or of the module proxy.
    pub repo_root: String,
    /// The directory in the repository; empty if the tag has none.
    pub subdir: String,
}

/// What was answered to `?go-get=1`: its tags, or why there are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    pub(super) url: String,
    pub(super) tags: Result<Vec<Tag>, Fault>,
}

/// Why a page has no tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Its status was not 200.
    Status(String),
    /// It cannot be read that far.
    Syntax(String),
}

impl Page {
    /// Reads an answer.
    ///
    /// Units and ranges: `url` is what was asked first, before redirects, without credentials; `status` is as in `404 Not Found`; `detail` is
    /// the text of a `text/plain` refusal, as far as Go would print it, or empty. Only `body` up to `</head>` or `<body` is looked at; time and
    /// memory are linear in it.
    ///
    /// Source: `parseMetaGoImports` with `PreferMod`, and its use, in Go's `cmd/go/internal/vcs`, 1.27. A tag on a page of any status counts; a
    /// fault after a tag does not.
    pub fn read(url: &str, status: &str, detail: &str, body: &[u8]) -> Self {
        let tags = match go_imports(body) {
            Ok(tags) if !tags.is_empty() => Ok(tags),
            _ if !status.starts_with("200") => Err(Fault::Status(refusal(url, status, detail))),
            read => read.map_err(Fault::Syntax),
        };
        Page { url: url.into(), tags }
    }

    /// Why the page has no tags, in Go's words: a status that is not 200, or a fault of its syntax.
    pub fn fault(&self) -> Option<&str> {
        match &self.tags {
            Ok(_) => None,
            Err(Fault::Status(why) | Fault::Syntax(why)) => Some(why),
        }
    }

    /// The tags, `mod` first; empty if there are none for whatever reason.
    pub fn tags(&self) -> &[Tag] {
        self.tags.as_deref().unwrap_or_default()
    }
}

/// The one tag for an import path.
///
/// Errors: none or several, in Go's words.
///
/// Source: `matchGoImport` in Go's `cmd/go/internal/vcs/vcs.go`, 1.27.
pub(super) fn find<'t>(tags: &'t [Tag], import_path: &str) -> Result<&'t Tag, NoTag> {
    let mut matching = tags.iter().filter(|tag| is_prefix(&tag.prefix, import_path));
    let Some(first) = matching.next() else {
        let others = tags.iter().map(|tag| format!("meta tag {} did not match import path {import_path}", tag.prefix));
        return Err(NoTag::Mismatch(others.collect::<Vec<_>>().join(", ")));
    };
    match matching.next() {
        // All mod tags come first; one is enough.
        Some(other) if first.vcs != "mod" || other.vcs == "mod" => Err(NoTag::Several),
        _ => Ok(first),
    }
}

/// Why [`find`] found no tag.
pub(super) enum NoTag {
    /// None fits; the text names those that do not.
    Mismatch(String),
    /// More than one fits.
    Several,
}

/// Source: `str.HasPathPrefix` in Go's `cmd/internal`, 1.27: a slash at the prefix's own end is as good as one behind it.
fn is_prefix(prefix: &str, path: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || prefix.ends_with('/'))
}

/// Source: `HTTPError` in Go's `cmd/go/internal/web/api.go`, 1.27.
fn refusal(url: &str, status: &str, detail: &str) -> String {
    let detail = match detail {
        "" => String::new(),
        line if !line.contains('\n') => format!("\n\tserver response: {line}"),
        lines => format!("\n\tserver response:\n\t{}", lines.replace('\n', "\n\t")),
    };
    format!("reading {url}: {status}{detail}")
}

fn go_imports(body: &[u8]) -> Result<Vec<Tag>, String> {
    let mut tags = Vec::new();
    let mut tokens = Tokens::new(body);
    loop {
        match tokens.next_token() {
            Err(_) if !tags.is_empty() => break,
            Err(fault) => return Err(fault),
            Ok(None) => break,
            Ok(Some(Token::Start(name, attributes))) => {
                if name.eq_ignore_ascii_case("body") {
                    break;
                }
                if name.eq_ignore_ascii_case("meta") {
                    tags.extend(go_import(&attributes));
                }
            }
            Ok(Some(Token::End(name))) if name.eq_ignore_ascii_case("head") => break,
            Ok(Some(Token::End(_) | Token::Other)) => {}
        }
    }
    Ok(mod_first(tags))
}

fn go_import(attributes: &[(String, String)]) -> Option<Tag> {
    let value = |wanted: &str| {
        let found = attributes.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    };
    if value("name") != "go-import" {
        return None;
    }
    let mut fields = value("content").split_whitespace().map(str::to_owned);
    let tag =
        Tag { prefix: fields.next()?, vcs: fields.next()?, repo_root: fields.next()?, subdir: fields.next().unwrap_or_default() };
    fields.next().is_none().then_some(tag)
}

/// Moves the `mod` tags to the front, and drops tags for the same prefix.
fn mod_first(tags: Vec<Tag>) -> Vec<Tag> {
    let (mut mods, others): (Vec<_>, Vec<_>) = tags.into_iter().partition(|tag| tag.vcs == "mod");
    let prefixes: std::collections::HashSet<String> = mods.iter().map(|tag| tag.prefix.clone()).collect();
    mods.extend(others.into_iter().filter(|tag| !prefixes.contains(&tag.prefix)));
    mods
}
