//! The effective configuration, each value with the layer it comes from.

use gomod::goenv::{SumdbSetting, defaults};
use proxy::settings::{Access, Credential, Hop, Login};
use serde_json::{Value, json};

use super::{
    Config,
    keys::{Kind, Node},
    leaves::Leaves,
    machine::{Machine, Setting},
    mistake::Place,
};

/// One value of the effective configuration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Line {
    /// The table's header as the file writes it, such as `[upstream.mirror]`.
    table: String,
    /// The key; empty for a table without keys.
    key: String,
    /// The value.
    value: Value,
    /// The layer it comes from, in words.
    layer: String,
}

/// All values, in the order of the schema.
pub(super) fn lines(schema: Node<'_>, leaves: &Leaves, machine: &Machine, config: &Config) -> Vec<Line> {
    let mut lines = Vec::new();
    table(schema, leaves, "", "", &mut lines);
    for line in &mut lines {
        fill_in(line, machine, config);
    }
    if !leaves.tables.keys().chain(leaves.leaves.keys()).any(|path| path.starts_with("route.")) {
        lines.extend(routes_of_machine(machine, config));
    }
    if !leaves.tables.keys().chain(leaves.leaves.keys()).any(|path| path.starts_with("direct.access.")) {
        lines.extend(places_of_machine(leaves, machine, config));
    }
    lines.extend(config.proxy.hops.iter().filter_map(login));
    lines.extend(config.proxy.direct.access.iter().filter_map(access));
    lines.sort_by_key(|line| order(&line.table));
    lines
}

/// As a configuration file with a comment behind each value.
pub(super) fn text(lines: &[Line]) -> String {
    let (mut text, mut table) = (String::new(), "");
    for line in lines {
        if line.table != table {
            table = &line.table;
            text.push_str(&format!("{}{table}\n", if text.is_empty() { "" } else { "\n" }));
        }
        let pair = format!("{} = {}", line.key, toml_value(&line.value));
        text.push_str(&format!("{pair:<44} # {}\n", line.layer));
    }
    text
}

/// As a versioned JSON document.
pub(super) fn json(lines: &[Line]) -> Value {
    let lines =
        lines.iter().map(|line| json!({ "table": line.table, "key": line.key, "value": line.value, "layer": line.layer }));
    json!({ "version": 1, "settings": lines.collect::<Vec<_>>() })
}

fn table(node: Node<'_>, leaves: &Leaves, path: &str, header: &str, lines: &mut Vec<Line>) {
    let (values, tables): (Vec<_>, Vec<_>) = children(node, leaves, path).into_iter().partition(|(_, node)| !holds_tables(*node));
    for (name, node) in values {
        lines.push(value(node, leaves, &join(path, &name), header, &name));
    }
    for (name, node) in tables {
        let below = join(path, &name);
        match node.element().filter(|_| node.kind() == Kind::Tables) {
            None => table(node, leaves, &below, &format!("[{below}]"), lines),
            Some(element) => {
                for index in names_below(leaves, &below) {
                    table(element, leaves, &join(&below, &index), &format!("[[{below}]] # {index}"), lines);
                }
            }
        }
    }
}

/// The children of a table with their nodes: the named keys, or those that somebody wrote.
fn children<'a>(node: Node<'a>, leaves: &Leaves, path: &str) -> Vec<(String, Node<'a>)> {
    match node.named() {
        Some(named) => named.iter().map(|(name, node)| (name.clone(), Node(node))).collect(),
        None => names_below(leaves, path).into_iter().filter_map(|name| node.child(&name).map(|node| (name, node))).collect(),
    }
}

fn holds_tables(node: Node<'_>) -> bool {
    matches!(node.kind(), Kind::Table | Kind::Tables)
}

fn names_below(leaves: &Leaves, path: &str) -> Vec<String> {
    let all = leaves.tables.keys().chain(leaves.leaves.keys());
    let below = |key: &String| key.strip_prefix(path)?.strip_prefix('.')?.split('.').next().map(str::to_owned);
    let mut names: Vec<String> = all.filter_map(below).collect();
    names.sort_by_key(|name| (name.parse::<usize>().unwrap_or(0), name.clone()));
    names.dedup();
    names
}

fn value(node: Node<'_>, leaves: &Leaves, path: &str, header: &str, key: &str) -> Line {
    let (value, layer) = match leaves.at(path) {
        Some(leaf) => (leaf.value.clone(), layer(&leaf.place)),
        None => (node.default().cloned().unwrap_or(Value::Null), "default".to_owned()),
    };
    Line { table: header.to_owned(), key: key.to_owned(), value, layer }
}

fn layer(place: &Place) -> String {
    match place {
        Place::File { name, line, .. } => format!("{name}:{line}"),
        Place::Environment(_) | Place::Go(_) | Place::Flag(_) | Place::Whole => place.to_string(),
    }
}

/// Where "not set" means that another layer says it, says what it says.
fn fill_in(line: &mut Line, machine: &Machine, config: &Config) {
    let route = line.table.strip_prefix("[[route]] # ").and_then(|index| config.proxy.routes.get(index.parse::<usize>().ok()?));
    if let (Some(route), "private", true) = (route, line.key.as_str(), line.value.is_null()) {
        (line.value, line.layer) = (route.private.into(), "default: where its list leads".to_owned());
        return;
    }
    if line.value != json!("") {
        return;
    }
    let (value, layer) = match (line.table.as_str(), line.key.as_str()) {
        ("[store]", "path") => (config.store_path.display().to_string(), "default: the user's data folder".to_owned()),
        ("[sumdb]", "gosumdb") => (sumdb(&config.proxy.sums.database), machine.gosumdb.layer.clone()),
        ("[sumdb]", "gonosumdb") if line.layer == "default" => {
            let (waived, of_machine) = (config.proxy.sums.waived.as_str(), &machine.gonosumdb);
            let also = if waived == of_machine.value { "" } else { ", and goprivate of [direct]" };
            (waived.to_owned(), format!("{}{also}", of_machine.layer))
        }
        ("[direct]", key) if line.layer == "default" => match of_direct(key, machine, config) {
            Some(found) => found,
            None => return,
        },
        _ => return,
    };
    (line.value, line.layer) = (value.into(), layer);
}

fn of_direct(key: &str, machine: &Machine, config: &Config) -> Option<(String, String)> {
    let of_machine = |setting: &Setting| Some((setting.value.clone(), setting.layer.clone()));
    match key {
        "folder" => Some((config.proxy.direct.folder.display().to_string(), "default: in the folder of the store".to_owned())),
        "goprivate" => of_machine(&machine.goprivate),
        "goinsecure" => of_machine(&machine.goinsecure),
        "govcs" if machine.govcs.value.is_empty() => Some((defaults::GOVCS.to_owned(), machine.govcs.layer.clone())),
        "govcs" => of_machine(&machine.govcs),
        "path" => Some((config.proxy.direct.path.clone(), "environment PATH".to_owned())),
        _ => None,
    }
}

fn sumdb(setting: &SumdbSetting) -> String {
    match setting {
        SumdbSetting::Off => "off".to_owned(),
        SumdbSetting::Database { key, url: None, .. } => key.clone(),
        SumdbSetting::Database { key, url: Some(url), .. } => format!("{key} {url}"),
    }
}

fn routes_of_machine(machine: &Machine, config: &Config) -> Vec<Line> {
    let mut lines = Vec::new();
    for (index, route) in config.proxy.routes.iter().enumerate() {
        let private = route.patterns.as_str() != "*";
        let of = if private { &machine.gonoproxy.layer } else { &machine.goproxy.layer };
        let entries: Vec<String> =
            route.upstreams.entries().iter().map(|entry| format!("{entry}{}", separator(entry.separator))).collect();
        let values =
            [("name", route.name.clone()), ("match", route.patterns.as_str().to_owned()), ("upstreams", entries.concat())];
        let table = format!("[[route]] # {index}");
        lines.extend(values.map(|(key, value)| Line {
            table: table.clone(),
            key: key.into(),
            value: value.into(),
            layer: of.clone(),
        }));
    }
    lines
}

/// The places that GOPRIVATE names stand for rules of the file.
fn places_of_machine(leaves: &Leaves, machine: &Machine, config: &Config) -> Vec<Line> {
    let written = leaves.at("direct.goprivate").map(|leaf| layer(&leaf.place));
    let layer = written.unwrap_or_else(|| machine.goprivate.layer.clone());
    let line = |(index, access): (usize, &Access)| {
        let values = [("place", json!(access.place)), ("private_addresses", json!(access.private_addresses))];
        let table = format!("[[direct.access]] # {index}");
        values.map(|(key, value)| Line { table: table.clone(), key: key.into(), value, layer: layer.clone() })
    };
    config.proxy.direct.access.iter().enumerate().flat_map(line).collect()
}

fn separator(separator: gomod::goproxy::Separator) -> &'static str {
    match separator {
        gomod::goproxy::Separator::Comma => ",",
        gomod::goproxy::Separator::Bar => "|",
        gomod::goproxy::Separator::End => "",
    }
}

/// That an upstream has a secret, and for whom; never the secret.
fn login(hop: &Hop) -> Option<Line> {
    let value = match &hop.login {
        Login::None => return None,
        Login::Basic(user, _) => format!("{user} (secret)"),
        Login::Bearer(_) => "(secret)".to_owned(),
    };
    Some(Line {
        table: "# logins".to_owned(),
        key: format!("# {}", hop.name),
        value: value.into(),
        layer: "sent to this upstream only".to_owned(),
    })
}

/// Who we are at a place of version control; never how we prove it.
fn access(access: &Access) -> Option<Line> {
    let value = match &access.credential {
        Credential::None => return None,
        Credential::Netrc(path) => format!("whom {} names", path.display()),
        Credential::Fixed(user, _) | Credential::File(user, _) => format!("{user} (secret)"),
        Credential::Helper(words) => format!("whom {} names", words.first().map_or("", String::as_str)),
        Credential::Ssh(key, _) => format!("the ssh key {}", key.display()),
        Credential::GithubApp(id, ..) => format!("GitHub App {id}"),
    };
    let layer = "sent to this place only".to_owned();
    Some(Line { table: "# logins".to_owned(), key: format!("# {}", access.place), value: value.into(), layer })
}

/// Sections in the order of the file; what is no section last.
fn order(table: &str) -> usize {
    let sections = ["[server", "[store", "[upstream", "[[route", "[direct", "[[direct", "[sumdb", "[[sumdb", "[freshness"];
    sections.iter().position(|section| table.starts_with(section)).unwrap_or(sections.len())
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// JSON's texts, numbers, switches and lists of texts are TOML's too.
fn toml_value(value: &Value) -> String {
    match value {
        Value::Array(elements) => format!("[{}]", elements.iter().map(toml_value).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}
