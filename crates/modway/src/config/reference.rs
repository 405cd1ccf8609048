//! docs/configuration.md, made from the schema.

use serde_json::Value;

use super::keys::{Kind, Node, schema};

/// The page that explains every key, in Markdown.
pub fn reference() -> String {
    let schema = schema();
    let mut page = HEAD.to_owned();
    for (name, node) in Node(&schema).named().into_iter().flatten() {
        section(name, Node(node), &mut page);
    }
    page
}

/// The section of a table, then those of the lists of tables in it.
fn section(path: &str, node: Node<'_>, page: &mut String) {
    let (header, inner) = match node.kind() {
        Kind::Tables => (format!("[[{path}]]"), node.element()),
        _ if node.named().is_none() => (format!("[{path}.NAME]"), node.child("NAME")),
        _ => (format!("[{path}]"), Some(node)),
    };
    let table = "| Key | Takes | Default | Meaning |\n|---|---|---|---|";
    page.push_str(&format!("\n## `{header}`\n\n{}\n\n{table}\n", one_line(node)));
    let Some(inner) = inner else { return };
    rows(inner, "", page);
    lists(path, inner, page);
}

/// The sections of the lists of tables in a table, however deep.
fn lists(path: &str, node: Node<'_>, page: &mut String) {
    for (name, child) in node.named().into_iter().flatten() {
        let (path, child) = (format!("{path}.{name}"), Node(child));
        match child.kind() {
            Kind::Tables => section(&path, child, page),
            Kind::Table => lists(&path, child, page),
            _ => (),
        }
    }
}

const HEAD: &str = "# Configuration

One TOML file, named by `--config FILE` or `MODWAY_CONFIG`. Every key has a default, so the file may be missing or empty.
This page is made from the code (`modway config reference`) and tested against it; `modway config example` prints an explained file.

**Layers**, a later one wins: defaults, the go command's settings on this machine (only for what GOPROXY, GONOPROXY, GOSUMDB, GONOSUMDB,
GOPRIVATE, GOINSECURE, GOVCS and GOAUTH say), the file, the environment, flags. `modway config show` names the layer of every value.

**Environment.** `MODWAY_SECTION__KEY` sets a key: `MODWAY_SERVER__LISTEN=0.0.0.0:8080`, `MODWAY_UPSTREAM__MIRROR__TOTAL=3s`,
`MODWAY_ROUTE__0__UPSTREAMS=mirror,off`. Lists are separated by commas; `-` in a name is written `_`.

**Secrets** stand in files (`password_file`, `token_file`, `forward_proxy_file`, `ssh_key_file`, `github_app_key_file`, netrc) or in environment
variables that the file names (`password_env`, `token_env`). They are never printed.

**Paths** in the file are relative to the file's folder.

**Durations** are written `300ms`, `3s`, `1m30s`, `12h`, `7d`; **sizes** `512MiB`, `2GiB`.

**Reload.** On SIGHUP file, environment files and secrets are read again, checked whole and swapped at once; with any mistake everything stays as it was, and
the log says why. `[server]` `listen` and the limits of connections, and `[store]`, change with a restart only.

**Check.** `modway config check FILE` reports all mistakes at once, each with line, offending text and fix.
";

fn rows(node: Node<'_>, prefix: &str, page: &mut String) {
    for (name, child) in node.named().into_iter().flatten() {
        let (key, child) = (format!("{prefix}{name}"), Node(child));
        match child.kind() {
            Kind::Table => rows(child, &format!("{key}."), page),
            // They have a section of their own.
            Kind::Tables => (),
            kind => {
                let default = child.default().map_or("not set".to_owned(), default);
                page.push_str(&format!("| `{key}` | {} | {default} | {} |\n", takes(&kind), one_line(child)));
            }
        }
    }
}

fn takes(kind: &Kind) -> String {
    match kind {
        Kind::Table | Kind::Tables => "a table".to_owned(),
        Kind::Texts => "texts".to_owned(),
        Kind::Text => "text".to_owned(),
        Kind::Period => "duration".to_owned(),
        Kind::Size => "size".to_owned(),
        Kind::Number(0, most) if *most == u64::from(u32::MAX) => "number".to_owned(),
        Kind::Number(least, most) => format!("{least} to {most}"),
        Kind::Switch => "true, false".to_owned(),
    }
}

fn default(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "not set".to_owned(),
        Value::String(text) => format!("`{text}`"),
        Value::Array(list) if list.is_empty() => "none".to_owned(),
        other => format!("`{}`", other.to_string().replace("\",\"", "\", \"")),
    }
}

fn one_line(node: Node<'_>) -> String {
    node.description().split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}
