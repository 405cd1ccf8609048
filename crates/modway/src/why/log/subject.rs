//! What an error names: module, version, URL, host. Its values go into commands that people run, so only harmless ones are taken.

use gomod::{goimport, module::ModulePath};

/// What an error is about; what it does not name, or names in a way that no shell should see, is empty.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Subject {
    /// The module path, or the import path where no module is named.
    pub module: String,
    /// What was asked for: a version or a query.
    pub version: String,
    /// The URL that was asked, without a login.
    pub url: String,
    /// The host of the URL, else the first element of the module path; with its port.
    pub host: String,
    /// What a pattern for the module and its siblings begins with: the host, and on hosts of many owners the owner, too.
    pub owner: String,
    /// The base URL of the proxy that was asked.
    pub proxy: String,
    /// The Go release that is named, such as `go1.99.0`.
    pub go: String,
}

impl Subject {
    pub(super) fn of(text: &str) -> Self {
        let words: Vec<&str> = text.split(' ').map(plain).collect();
        let (module, version) = module(&words);
        let urls = words.iter().filter_map(|word| word.find("://").map(|_| unlocked(word)));
        let url = urls
            .into_iter()
            .find(|url| ["http", "file", "ssh:", "git:", "svn"].iter().any(|scheme| url.starts_with(scheme)))
            .unwrap_or_default();
        let host = authority(&url).or_else(|| module.split('/').next()).unwrap_or_default().to_owned();
        let is_release =
            |word: &&&str| word.strip_prefix("go1.").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        let go = words.iter().find(is_release).map_or("", |word| *word);
        let (proxy, owner) = (base(&url, &module), goimport::owner(&module).to_owned());
        Self {
            owner: safe(&owner),
            module: safe(&module),
            version: safe(&version),
            url: safe(&url),
            host: safe(&host),
            proxy: safe(&proxy),
            go: safe(go),
        }
    }

    /// `template` with `{module}` and so on filled in; what the error does not name stands there in capitals.
    pub fn fill(&self, template: &str) -> String {
        let names = [
            ("module", &self.module),
            ("version", &self.version),
            ("url", &self.url),
            ("host", &self.host),
            ("owner", &self.owner),
            ("proxy", &self.proxy),
            ("go", &self.go),
        ];
        names.iter().fold(template.to_owned(), |text, (name, value)| {
            let value = if value.is_empty() { name.to_uppercase() } else { (*value).clone() };
            text.replace(&format!("{{{name}}}"), &value)
        })
    }
}

fn plain(word: &str) -> &str {
    word.trim_matches(|c| "\"'`(),;".contains(c)).trim_end_matches(':').trim_matches(|c| "\"'`".contains(c))
}

/// The first `path@version`, else the path after `module`, `path`, `package`, `import` or `for`.
fn module(words: &[&str]) -> (String, String) {
    let pairs = words.iter().filter(|word| !word.contains("://")).filter_map(|word| word.split_once('@'));
    for (path, version) in pairs {
        if is_path(path) && !version.is_empty() && !version.contains('@') {
            return (path.to_owned(), version.trim_end_matches("/go.mod").to_owned());
        }
    }
    let named = words
        .windows(2)
        .find(|pair| ["module", "path", "package", "providing", "public", "private"].contains(&pair[0]) && is_path(pair[1]));
    let first = words.first().filter(|word| is_path(word));
    (named.map(|pair| pair[1]).or(first.copied()).unwrap_or_default().to_owned(), String::new())
}

fn is_path(word: &str) -> bool {
    ModulePath::parse(word).is_ok()
        || (word.split('/').next().is_some_and(|host| host.contains('.')) && word.contains('/') && !word.starts_with(['/', '.']))
}

/// A URL without its login.
fn unlocked(word: &str) -> String {
    let Some((scheme, rest)) = word.split_once("://") else { return word.to_owned() };
    let end = rest.find('/').unwrap_or(rest.len());
    let rest = rest[..end].rfind('@').map_or(rest, |at| &rest[at + 1..]);
    format!("{scheme}://{}", rest.split('?').next().unwrap_or(rest))
}

fn authority(url: &str) -> Option<&str> {
    let rest = url.split_once("://")?.1;
    rest.split('/').next().filter(|host| !host.is_empty())
}

/// What stands before the module path in the URL of one of its files, or before `/sumdb/`.
fn base(url: &str, module: &str) -> String {
    let escaped = ModulePath::parse(module).map(|path| path.escaped().to_string()).unwrap_or_default();
    let forms = [format!("/{}/@", escaped.replace('!', "%21")), format!("/{escaped}/@"), "/sumdb/".to_owned()];
    let at = forms.iter().filter(|form| *form != "//@").find_map(|form| url.find(form.as_str()));
    match at
        .or_else(|| url.find("/@").and_then(|end| url[..end].find("://").map(|at| at + 3 + url[at + 3..].find('/').unwrap_or(0))))
    {
        Some(at) => url[..at].to_owned(),
        None => String::new(),
    }
}

/// The value if it means nothing to any shell and is no flag, else nothing.
fn safe(value: &str) -> String {
    let harmless = |c: char| c.is_ascii_alphanumeric() || "._~/:@%+,=-[]".contains(c);
    let fits =
        value.len() <= 300 && !value.starts_with(['-', '~', '=', '%']) && value.chars().all(harmless) && !value.contains('[');
    if fits { value.to_owned() } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, template: &str, expected: &str) {
        assert_eq!(Subject::of(text).fill(template), expected, "{text:?}");
    }

    #[test]
    fn what_an_error_names_is_found() {
        let proxy = "corp.test/Lib@v1.2.3: reading https://u:p@p.test:8443/base/corp.test/%21lib/@v/v1.2.3.info: 404 Not Found";
        check(proxy, "{module} {version} {host} {proxy}", "corp.test/Lib v1.2.3 p.test:8443 https://p.test:8443/base");
        check(
            "module corp.test/x: Get \"https://p.test/corp.test/x/@v/list\": EOF",
            "{module} {proxy}",
            "corp.test/x https://p.test",
        );
        check("unrecognized import path \"corp.test/x\": https fetch", "{module} {host} {url}", "corp.test/x corp.test URL");
        check("download go1.99.0 for linux/amd64: toolchain not available", "{go}", "go1.99.0");
        check("verifying corp.test/x@v1.0.0/go.mod: checksum mismatch", "{module}@{version}", "corp.test/x@v1.0.0");
    }

    #[test]
    fn what_a_shell_would_understand_is_not_taken() {
        check("a.test/$(touch)@v1: x", "{module}", "MODULE");
        check("a.test/x@v1;rm: x", "{module} {version}", "a.test/x VERSION");
        check("module --exec.test/x: y", "{module}", "MODULE");
    }
}
