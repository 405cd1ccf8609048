//! What is typed after `modway why`, read as the go command reads it.

use std::path::{Path, PathBuf};

use gomod::client::Command;

use super::module::Journey;
use crate::lang::Lang;

/// Patterns that stand for many packages.
const MANY: [&str; 5] = ["all", "std", "cmd", "tool", "work"];

/// The command that is asked about.
///
/// # Errors
/// In words, for what names no module that could be fetched.
///
/// Source: `ParsePathVersion`, `newQuery` and `CleanPatterns` in `cmd/go/internal`, Go 1.27.
pub(super) fn command(journey: Journey, typed: &str, goroot: Option<PathBuf>, lang: Lang) -> Result<Command, String> {
    let (path, query) = match typed.split_once('@') {
        None => (typed, None),
        Some((_, query)) if query.is_empty() || query.contains('@') => {
            return Err(format!("invalid module version syntax {typed:?}"));
        }
        Some((_, query)) if query.starts_with(['-', '/']) => return Err(format!("invalid module version {query:?}")),
        Some((path, query)) => (path, Some(query)),
    };
    let path = if journey == Journey::Get { cleaned(path) } else { path.to_owned() };
    if let Some(words) = nothing_to_fetch(journey, &path, query, goroot, lang) {
        return Err(words);
    }
    let or = |default: &str| query.unwrap_or(default).to_owned();
    Ok(match journey {
        Journey::Get => Command::Get { path, query: or("upgrade") },
        Journey::Download => Command::Download { module: path, query: or("latest") },
        Journey::List => Command::List { module: path, query: or("latest") },
        Journey::Versions if query.is_some() => {
            return Err(lang.pick("--as versions takes no version", "--as versions 不接受版本").to_owned());
        }
        Journey::Versions => Command::Versions { module: path },
    })
}

/// What the go command would do with it, if that is not to fetch one module.
fn nothing_to_fetch(journey: Journey, path: &str, query: Option<&str>, goroot: Option<PathBuf>, lang: Lang) -> Option<String> {
    let is_local =
        path == "." || path == ".." || path.starts_with("./") || path.starts_with("../") || Path::new(path).is_absolute();
    if is_local {
        return Some(match lang {
            Lang::En => format!("{path} is a folder of this machine, and no module that is fetched"),
            Lang::Zh => format!("{path} 是本机的目录，不是需要下载的模块"),
        });
    }
    if MANY.contains(&path) || path.contains("...") {
        return Some(match lang {
            Lang::En => format!("{path} stands for many packages: name one module"),
            Lang::Zh => format!("{path} 代表许多包：请给出一个模块"),
        });
    }
    if journey != Journey::Get {
        return None;
    }
    if query == Some("none") {
        return Some(match lang {
            Lang::En => format!("go get {path}@none takes a requirement away: nothing is fetched"),
            Lang::Zh => format!("go get {path}@none 会去掉一个依赖：不会下载任何内容"),
        });
    }
    // A path without a dot in its first element may be a package that comes with Go.
    let is_standard = !path.split('/').next().unwrap_or_default().contains('.')
        && goroot.is_some_and(|goroot| goroot.join("src").join(path).is_dir());
    let standard = || match query {
        Some(query) => format!("can't request explicit version {query:?} of standard library package {path}"),
        None => match lang {
            Lang::En => format!("{path} is a package of the standard library: it comes with Go, nothing is fetched"),
            Lang::Zh => format!("{path} 是标准库的包：随 Go 一起安装，不会下载任何内容"),
        },
    };
    is_standard.then(standard)
}

/// Source: `path.Clean`, which `go get` puts arguments through: no empty elements, no `.`, and `..` taken at its word.
fn cleaned(path: &str) -> String {
    if Path::new(path).is_absolute() || path.starts_with("./") || path.starts_with("../") {
        return path.to_owned();
    }
    let mut elements: Vec<&str> = Vec::new();
    let slashed = path.replace('\\', "/");
    for element in slashed.split('/') {
        match element {
            "" | "." => {}
            ".." if elements.last().is_some_and(|last| *last != "..") => drop(elements.pop()),
            element => elements.push(element),
        }
    }
    if elements.is_empty() { ".".to_owned() } else { elements.join("/") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(journey: Journey, typed: &str, want: &str) {
        let goroot = tempfile::tempdir().expect("a folder");
        std::fs::create_dir_all(goroot.path().join("src/net/http")).expect("a folder");
        let told = command(journey, typed, Some(goroot.path().to_owned()), Lang::En);
        assert_eq!(told.map_or_else(|words| words, |command| command.to_string()), want, "{typed}");
    }

    /// The words are those of Go 1.27.3 where it has any.
    #[test]
    fn what_is_typed_is_read_as_go_reads_it() {
        check(Journey::Get, "a.test/m", "go get a.test/m");
        check(Journey::Get, "a.test/m@v1", "go get a.test/m@v1");
        check(Journey::Get, "https://a.test//m/@v1.0.0", "go get https:/a.test/m@v1.0.0");
        check(Journey::Download, "https://a.test/m", "go mod download https://a.test/m@latest");
        check(Journey::Get, "a.test/x/../m\\n", "go get a.test/m/n");
        check(Journey::Get, "a.test/m@", "invalid module version syntax \"a.test/m@\"");
        check(Journey::Get, "a.test/m@v1@v2", "invalid module version syntax \"a.test/m@v1@v2\"");
        check(Journey::List, "a.test/m@-x", "invalid module version \"-x\"");
        check(Journey::Versions, "a.test/m", "go list -m -versions a.test/m");
        check(Journey::Versions, "a.test/m@v1", "--as versions takes no version");
    }

    #[test]
    fn what_names_no_module_is_not_asked_about() {
        check(Journey::Get, "net/http", "net/http is a package of the standard library: it comes with Go, nothing is fetched");
        check(Journey::Get, "net/http@v1", "can't request explicit version \"v1\" of standard library package net/http");
        check(Journey::Get, "net/other", "go get net/other");
        check(Journey::List, "net/http@v1", "go list -m net/http@v1");
        check(Journey::Get, "a.test/m@none", "go get a.test/m@none takes a requirement away: nothing is fetched");
        check(Journey::Get, "a.test/...", "a.test/... stands for many packages: name one module");
        check(Journey::Get, "all", "all stands for many packages: name one module");
        check(Journey::Get, "./m", "./m is a folder of this machine, and no module that is fetched");
        check(Journey::Get, "/m", "/m is a folder of this machine, and no module that is fetched");
    }
}
