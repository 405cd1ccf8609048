//! A source file as far as the rules read it: which crate it is of, whether it is a test, its code without comments and texts, and the paths it names.

/// One source file.
pub(crate) struct Source {
    /// From the root, such as `crates/plan/src/reason.rs`.
    pub(crate) path: String,
    /// As it was written.
    pub(crate) text: String,
    /// Without comments, and with texts emptied; tests at the bottom of the file are left out.
    pub(crate) code: String,
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let code = code(text);
        let end = code.find("#[cfg(test)]\nmod ").unwrap_or(code.len());
        Self { path: path.to_owned(), text: text.to_owned(), code: code[..end].to_owned() }
    }

    /// The crate's name.
    pub(crate) fn of(&self) -> &str {
        self.path.split('/').nth(1).unwrap_or("")
    }

    /// Tests, benchmarks, examples and the test kit may do what the product may not.
    pub(crate) fn is_test(&self) -> bool {
        let folders = ["/tests/", "/benches/", "/examples/"];
        self.of() == "testkit" || folders.iter().any(|folder| self.path.contains(folder)) || self.path.ends_with("/tests.rs")
    }

    /// Every path that the code names, `use` trees spread out: `std::fs::File`.
    pub(crate) fn paths(&self) -> Vec<String> {
        let (mut paths, mut rest) = (Vec::new(), self.code.as_str());
        while let Some(at) = rest.find(|c: char| c.is_alphabetic() || c == '_') {
            let word_end = rest[at..].find(|c: char| !(c.is_alphanumeric() || c == '_')).map_or(rest.len(), |end| at + end);
            let after = &rest[word_end..];
            rest = if &rest[at..word_end] == "use" && after.starts_with(char::is_whitespace) {
                let end = after.find(';').unwrap_or(after.len());
                spread("", &after[..end], &mut paths);
                &after[end..]
            } else {
                let end =
                    rest[at..].find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).map_or(rest.len(), |end| at + end);
                paths.push(rest[at..end].trim_end_matches(':').to_owned());
                &rest[end..]
            };
        }
        paths
    }
}

/// Adds the paths of the `use` tree `tree` below `prefix`.
fn spread(prefix: &str, tree: &str, paths: &mut Vec<String>) {
    let tree = tree.trim();
    let Some((before, inner)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap_or("").trim();
        paths.push(format!("{prefix}{}", path.trim_start_matches("::")).trim_end_matches("::self").to_owned());
        return;
    };
    let prefix = format!("{prefix}{}", before.trim());
    let (mut depth, mut start) = (0, 0);
    let inner = inner.trim_end().strip_suffix('}').unwrap_or(inner);
    for (at, c) in inner.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                spread(&prefix, &inner[start..at], paths);
                start = at + 1;
            }
            _ => (),
        }
    }
    if !inner[start..].trim().is_empty() {
        spread(&prefix, &inner[start..], paths);
    }
}

/// `text` without comments, and with nothing in its texts.
pub(crate) fn code(text: &str) -> String {
    let (mut code, mut rest) = (String::new(), text);
    while let Some(c) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(length) = raw_text(rest).filter(|_| !code.ends_with(|c: char| c.is_alphanumeric() || c == '_')) {
            code.push_str("\"\"");
            length
        } else if c == '"' {
            code.push_str("\"\"");
            quoted(rest)
        } else if let Some(length) = character(rest) {
            code.push_str("' '");
            length
        } else {
            code.push(c);
            c.len_utf8()
        };
        rest = &rest[length..];
    }
    code
}

/// The length of the raw text that `rest` begins with.
fn raw_text(rest: &str) -> Option<usize> {
    let after = rest.strip_prefix("br").or_else(|| rest.strip_prefix('r'))?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    let open = rest.len() - after.len() + hashes + 1;
    after[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    Some(rest[open..].find(&end).map_or(rest.len(), |at| open + at + end.len()))
}

/// The length of the text in quotes that `rest` begins with.
fn quoted(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => (),
        }
    }
    rest.len()
}

/// The length of the character that `rest` begins with; a lifetime is none.
fn character(rest: &str) -> Option<usize> {
    let after = rest.strip_prefix('\'')?;
    let first = after.chars().next()?;
    let end = if first == '\\' { after.get(2..)?.find('\'')? + 2 } else { first.len_utf8() };
    after[end..].starts_with('\'').then_some(end + 2)
}

#[test]
fn comments_and_texts_are_no_code() {
    let source = Source::new(
        "crates/x/src/a.rs",
        "/// std::fs\nfn f<'a>() { g(\"std::env\", r#\"std::net\"#, '\"', b'\\'', 'x'); } // std::process\n/* a */ h",
    );
    assert_eq!(source.code, "\nfn f<'a>() { g(\"\", \"\", ' ', b' ', ' '); } \n h");
}

#[test]
fn a_use_tree_is_spread_out() {
    let source = Source::new(
        "crates/x/src/a.rs",
        "use std::{\n    fs::{self, File},\n    io,\n};\nfn f() -> ::http::StatusCode { std::env::var }",
    );
    let expected = ["std::fs", "std::fs::File", "std::io", "fn", "f", "http::StatusCode", "std::env::var"];
    assert_eq!(source.paths(), expected);
}

#[test]
fn tests_at_the_bottom_are_not_the_product() {
    let source = Source::new("crates/x/src/a.rs", "fn f() {}\n#[cfg(test)]\nmod tests {\n    use std::fs;\n}\n");
    assert!(!source.code.contains("std"));
    assert!(Source::new("crates/x/src/a/tests.rs", "").is_test());
    assert!(Source::new("crates/testkit/src/go.rs", "").is_test());
    assert!(!source.is_test());
}
