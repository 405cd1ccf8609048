//! What servers answer, as the go command reads it.

use std::path::Path;

use gomod::{
    client::{Answer, Ask, Failure, File, Found, GoModFacts, InfoFacts, PageWay, TlsFailure, ZipFacts},
    goimport::Page,
    info::Info,
    list::VersionList,
    module::ModulePath,
    zip::read::{Archive, Source},
};
use plan::{Trouble, trouble::Deadline};
use proxy::{
    client::look::{Exchange, Looker, Question, Told},
    settings::Login,
};
use url::Url;

use super::Evidence;

/// Asks a module proxy for a file. Of a zip the status is enough, unless the command is about a package below the module.
pub(super) async fn proxy(
    looker: &Looker,
    ask: &Ask,
    login: Login,
    (module, package): (&str, Option<&str>),
    file: &File,
) -> (Answer, Evidence) {
    let is_head_enough = matches!(file, File::Zip(_)) && !is_below(package, module);
    let exchanges = follow(looker, &ask.url, login, true, is_head_enough).await;
    (answer(&exchanges, |body| read(module, file, body)), Evidence::Web(exchanges))
}

/// Asks a host for a `?go-get=1` page. Its tags count whatever its status is.
pub(super) async fn page(looker: &Looker, ask: &Ask, way: PageWay, login: Login) -> (Answer, Evidence) {
    let exchanges = follow(looker, &ask.url, login, way == PageWay::Verified, false).await;
    let answer = match exchanges.last().map(|exchange| &exchange.end) {
        Some(Ok(told)) => {
            let page = Page::read(&ask.url, &status_line(told.status), &detail(told), &told.body);
            Answer::Found(Found::Page(page))
        }
        Some(Err(trouble)) => Answer::Failed(failure(trouble)),
        None => Answer::Unknown,
    };
    (answer, Evidence::Web(exchanges))
}

/// True for a package that may or may not be in the module.
fn is_below(package: Option<&str>, module: &str) -> bool {
    package.and_then(|package| package.strip_prefix(module)).is_some_and(|rest| rest.starts_with('/'))
}

/// Reads a file of a file proxy.
pub(super) fn file(folder: &Path, module: &str, file: &File) -> Answer {
    let below = ModulePath::parse(module).ok().and_then(|path| below(&path, file));
    let Some(path) = below.map(|below| folder.join(below)) else { return Answer::Failed(Failure::NoFile) };
    if matches!(file, File::Zip(_)) {
        return match std::fs::File::open(&path) {
            Ok(mut zip) if path.is_file() => packages(module, &mut zip),
            _ => Answer::Failed(Failure::NoFile),
        };
    }
    match std::fs::read(&path) {
        Ok(body) => read(module, file, &body),
        // What may not be read counts as 403 with Go.
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => Answer::status(403),
        Err(_) => Answer::Failed(Failure::NoFile),
    }
}

/// Where a file of a module lies below a proxy, escaped.
fn below(module: &ModulePath, file: &File) -> Option<String> {
    let escaped = |version: &str| gomod::module::Rev::parse(version).ok().map(|rev| rev.escaped());
    let name = match file {
        File::List(_) => "@v/list".to_owned(),
        File::Latest => "@latest".to_owned(),
        File::Info(rev) => format!("@v/{}.info", escaped(rev)?),
        File::Mod(version) => format!("@v/{}.mod", escaped(version)?),
        File::Zip(version) => format!("@v/{}.zip", escaped(version)?),
    };
    Some(format!("{}/{name}", module.escaped()))
}

/// Asks, following redirects as Go does.
pub(super) async fn follow(looker: &Looker, url: &str, login: Login, is_verified: bool, is_head_enough: bool) -> Vec<Exchange> {
    match Url::parse(url) {
        Ok(url) => looker.follow(&Question { url, login, is_verified, is_head_enough }).await,
        Err(_) => Vec::new(),
    }
}

/// What the last of some exchanges means, its body read by `read` if its status is 200.
pub(super) fn answer(exchanges: &[Exchange], read: impl FnOnce(&[u8]) -> Answer) -> Answer {
    match exchanges.last().map(|exchange| &exchange.end) {
        Some(Ok(told)) if told.status == 200 => read(&told.body),
        Some(Ok(told)) => Answer::status(told.status),
        Some(Err(trouble)) => Answer::Failed(failure(trouble)),
        None => Answer::Unknown,
    }
}

fn read(module: &str, file: &File, body: &[u8]) -> Answer {
    let found = match file {
        File::List(_) => Found::List(VersionList::parse(body)),
        File::Latest | File::Info(_) => match Info::parse(body) {
            Ok(info) => Found::Info(InfoFacts { version: info.version().to_owned(), time: info.time() }),
            Err(invalid) => return Answer::Failed(Failure::Unreadable(invalid.to_string())),
        },
        File::Mod(_) => match ModulePath::parse(module) {
            Ok(path) => Found::GoMod(GoModFacts::read(&path, body)),
            Err(_) => return Answer::Unknown,
        },
        File::Zip(_) => return packages(module, &mut std::io::Cursor::new(body)),
    };
    Answer::Found(found)
}

/// The folders of a module's zip that have Go files. Of one that did not come whole, or is none, nothing is said: whether it is good is
/// found out when it is fetched.
fn packages(module: &str, zip: &mut dyn Source) -> Answer {
    let Ok(archive) = Archive::open(zip) else { return Answer::zip() };
    let in_module = |name: &str| {
        let (top, below) = name.split_once('@')?;
        let (_, file) = below.split_once('/').filter(|_| top == module)?;
        file.ends_with(".go").then(|| file.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned())
    };
    let mut packages: Vec<String> = archive.entries().iter().filter_map(|entry| in_module(entry.name())).collect();
    packages.sort_unstable();
    packages.dedup();
    Answer::Found(Found::Zip(ZipFacts { packages: Some(packages), ..ZipFacts::default() }))
}

/// What trouble means to the go command.
pub(super) fn failure(trouble: &Trouble) -> Failure {
    match trouble {
        Trouble::Dns(_) => Failure::NoAddress,
        Trouble::Connect(_) => Failure::NoConnection,
        Trouble::Deadline(Deadline::Tls, _) => Failure::Tls(TlsFailure::Handshake),
        Trouble::Deadline(..) => Failure::TimedOut,
        Trouble::Tls(words) => Failure::Tls(tls(words)),
        Trouble::ForwardProxy(_) => Failure::Gateway,
        Trouble::Redirect(_) => Failure::Redirect,
        Trouble::Status(status, _) | Trouble::Wait(status, _) => Failure::Status(*status),
        Trouble::Broken(_) | Trouble::TooLarge(_) | Trouble::Skipped(_) => Failure::Cut,
        Trouble::Body(words)
        | Trouble::Refused(words)
        | Trouble::Vcs(words)
        | Trouble::NoVersion(words)
        | Trouble::Tree(words) => Failure::Unreadable(words.clone()),
    }
}

/// The client says it in the words of Go's crypto/x509.
fn tls(words: &str) -> TlsFailure {
    if words.contains("signed by unknown authority") {
        TlsFailure::UnknownAuthority
    } else if words.contains("is valid for") || words.contains("not valid for") {
        TlsFailure::WrongName
    } else if words.contains("expired or is not yet valid") {
        TlsFailure::Expired
    } else {
        TlsFailure::Handshake
    }
}

/// A status as Go prints it, `404 Not Found`.
pub(super) fn status_line(status: u16) -> String {
    let words = match status {
        200 => "OK",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        304 => "Not Modified",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        407 => "Proxy Authentication Required",
        410 => "Gone",
        429 => "Too Many Requests",
        451 => "Unavailable For Legal Reasons",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => return status.to_string(),
    };
    format!("{status} {words}")
}

/// What Go prints of a refusal's body: plain text only, up to the first blank line, eight lines and 648 bytes.
///
/// Source: `printableBody` and `fileErrorDetail` in Go's `cmd/go/internal/web/api.go`, 1.27.
pub(super) fn detail(told: &Told) -> String {
    let mut fields = told.content_type.split(';').map(|field| field.trim().to_lowercase());
    let is_plain = fields.next().as_deref() == Some("text/plain");
    let is_utf8 =
        fields.find_map(|field| field.strip_prefix("charset=").map(|set| matches!(set.trim_matches('"'), "utf-8" | "us-ascii")));
    let Ok(text) = std::str::from_utf8(&told.body) else { return String::new() };
    if !is_plain || is_utf8 == Some(false) || text.chars().any(|c| c.is_control() && !c.is_whitespace()) {
        return String::new();
    }
    let mut detail = String::new();
    for (number, line) in text.trim_end_matches('\n').lines().enumerate() {
        if line.is_empty() {
            break;
        }
        if number == 8 {
            return detail + "\n[Truncated: too many lines.]";
        }
        if detail.len() + line.len() > 648 {
            return detail + "\n[Truncated: too long.]";
        }
        if number > 0 {
            detail.push('\n');
        }
        detail.push_str(line);
    }
    detail
}
