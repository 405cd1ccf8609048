//! The values of a configuration with the layer each comes from: file, then environment, then flags.
//!
//! Whatever is wrong with one value becomes a mistake and drops that value; the rest is read on, so that all mistakes are reported at once.

use std::{borrow::Cow, collections::BTreeMap, ops::Range};

use serde_json::Value;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    environment::Environment,
    keys::{Kind, Node, is_name, nearest},
    mistake::{Mistake, Place},
};

/// A value that somebody set.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Leaf {
    /// The value; its kind is right.
    pub(super) value: Value,
    /// Where it was set.
    pub(super) place: Place,
    /// For a list, where each of its elements was set; else empty.
    pub(super) elements: Vec<Place>,
}

/// All values that somebody set, by their dotted path such as `upstream.mirror.url` or `route.0.name`.
#[derive(Clone, Debug, Default)]
pub(super) struct Leaves {
    pub(super) leaves: BTreeMap<String, Leaf>,
    /// The tables that the file writes, by their dotted path: a table without keys is there all the same.
    pub(super) tables: BTreeMap<String, Place>,
    pub(super) mistakes: Vec<Mistake>,
}

impl Leaves {
    /// Reads the file `name`.
    pub(super) fn read_file(&mut self, name: &str, text: &str, schema: Node<'_>) {
        let (root, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            let place = error.span().map_or(Place::Whole, |span| Place::in_file(name, text, &span));
            self.wrong(
                place,
                format!("not TOML: {}", error.message().trim().replace('\n', "; ")),
                "write it as https://toml.io/en/v1.1.0 says",
            );
        }
        FileReader { name, text, leaves: self }.table(root.get_ref(), schema, "");
    }

    /// Reads the variables `MODWAY_SECTION__KEY`. `MODWAY_CONFIG` names the file and is not a key.
    pub(super) fn read_environment(&mut self, environment: &Environment, schema: Node<'_>) {
        for (name, text) in environment.iter() {
            match name.strip_prefix("MODWAY_").filter(|key| *key != "CONFIG") {
                Some(key) if key.contains("__") => self.read_variable(name, key, text, schema),
                Some(_) => self.pass_over(name),
                None => (),
            }
        }
    }

    /// Sets the key at `path` from the command line flag `flag`.
    pub(super) fn set_by_flag(&mut self, flag: &str, path: &str, text: &str, schema: Node<'_>) {
        if let Some(node) = path.split('.').try_fold(schema, |node, name| node.child(name)) {
            self.set_text(path.to_owned(), Place::Flag(flag.to_owned()), text, node);
        }
    }

    /// The value at `path`, if somebody set it.
    pub(super) fn at(&self, path: &str) -> Option<&Leaf> {
        self.leaves.get(path)
    }

    /// Where `path`, a key or a table, was set.
    pub(super) fn place(&self, path: &str) -> Place {
        self.at(path).map(|leaf| &leaf.place).or_else(|| self.tables.get(path)).cloned().unwrap_or(Place::Whole)
    }

    /// All values as one tree of this schema, ready for serde.
    pub(super) fn tree(&self, schema: Node<'_>) -> Value {
        let mut root = Value::Object(serde_json::Map::new());
        for path in self.tables.keys() {
            slot(&mut root, path, Value::Object(serde_json::Map::new()));
        }
        for (path, leaf) in &self.leaves {
            slot(&mut root, path, leaf.value.clone());
        }
        list_tables(&mut root, schema);
        root
    }

    /// Others may have variables that begin as ours do, a test run for one; but somebody may have meant a key, too.
    fn pass_over(&mut self, name: &str) {
        let (place, what) =
            (Place::Environment(name.to_owned()), "not read: no key of the configuration has this name".to_owned());
        let fix = "MODWAY_SECTION__KEY, with two underscores, sets a key".to_owned();
        self.mistakes.push(Mistake { fatal: false, place, what, mover: "operator", fix });
    }

    fn read_variable(&mut self, name: &str, key: &str, text: &str, schema: Node<'_>) {
        let place = Place::Environment(name.to_owned());
        match self.resolve(key, schema) {
            Ok((path, node)) => self.set_text(path, place, text, node),
            Err(fix) => self.wrong(place, "no key of the configuration has this name".to_owned(), &fix),
        }
    }

    /// The path and node that `key`, such as `UPSTREAM__MIRROR__URL`, stands for; else the fix. A name of the operator's own is the one
    /// that the file writes, if one is spelled so in capitals with `_` for `-`; else it is taken in lower case.
    fn resolve<'a>(&self, key: &str, schema: Node<'a>) -> Result<(String, Node<'a>), String> {
        let (mut path, mut node) = (String::new(), schema);
        for part in key.to_lowercase().split("__") {
            let spelled = |name: &&String| name.to_lowercase().replace('-', "_") == part;
            let children: Vec<String> = self.children(&path);
            let name = children.iter().find(spelled).map_or(part, String::as_str).to_owned();
            let next = match node.kind() {
                Kind::Tables => part.parse::<usize>().ok().and_then(|_| node.element()),
                _ => node.child(&name),
            };
            node = next.ok_or_else(|| suggestion(part, node, "MODWAY_SECTION__KEY names a key"))?;
            path = join(&path, &name);
        }
        match node.kind() {
            Kind::Table | Kind::Tables => Err("name a key below it, as in MODWAY_SECTION__KEY".to_owned()),
            _ => Ok((path, node)),
        }
    }

    /// The names of the tables right below `path`.
    fn children(&self, path: &str) -> Vec<String> {
        let below = |table: &String| table.strip_prefix(path).and_then(|rest| rest.strip_prefix('.')).map(str::to_owned);
        self.tables.keys().filter_map(below).filter(|name| !name.contains('.')).collect()
    }

    fn set_text(&mut self, path: String, place: Place, text: &str, node: Node<'_>) {
        let kind = node.kind();
        match kind.check(kind.of_text(text)) {
            Ok(value) => {
                self.leaves.insert(path, Leaf { value, place, elements: Vec::new() });
            }
            Err(what) => self.wrong(place, what, &kind.specimen().replace(" in quotes", "")),
        }
    }

    fn wrong(&mut self, place: Place, what: String, fix: &str) {
        self.mistakes.push(Mistake { fatal: true, place, what, mover: "operator", fix: fix.to_owned() });
    }
}

struct FileReader<'a> {
    name: &'a str,
    text: &'a str,
    leaves: &'a mut Leaves,
}

impl FileReader<'_> {
    fn table(&mut self, table: &DeTable<'_>, node: Node<'_>, path: &str) {
        for (key, value) in table {
            let below = join(path, key.get_ref());
            match node.child(key.get_ref()) {
                Some(_) if node.named().is_none() && !is_name(key.get_ref()) => self.bad_name(key),
                Some(node) => self.value(key.span(), value, node, &below),
                None => self.unknown(key, node, path),
            }
        }
    }

    fn value(&mut self, key: Range<usize>, value: &Spanned<DeValue<'_>>, node: Node<'_>, path: &str) {
        match (node.kind(), value.get_ref()) {
            (Kind::Table, DeValue::Table(table)) => {
                self.leaves.tables.insert(path.to_owned(), Place::in_file(self.name, self.text, &key));
                self.table(table, node, path);
            }
            (Kind::Tables, DeValue::Array(tables)) => self.tables(tables, node, path),
            (kind, _) => self.leaf(value, &kind, path),
        }
    }

    fn tables<'i>(&mut self, tables: &[Spanned<DeValue<'i>>], node: Node<'_>, path: &str) {
        for (index, table) in tables.iter().enumerate() {
            if let Some(element) = node.element() {
                self.value(table.span(), table, element, &join(path, &index.to_string()));
            }
        }
    }

    fn leaf(&mut self, value: &Spanned<DeValue<'_>>, kind: &Kind, path: &str) {
        let place = Place::in_file(self.name, self.text, &value.span());
        let elements = match value.get_ref() {
            DeValue::Array(array) => array.iter().map(|element| Place::in_file(self.name, self.text, &element.span())).collect(),
            _ => Vec::new(),
        };
        match plain(value.get_ref()).and_then(|value| kind.check(value)) {
            Ok(value) => {
                self.leaves.leaves.insert(path.to_owned(), Leaf { value, place, elements });
            }
            Err(what) => self.leaves.wrong(place, what, &kind.specimen()),
        }
    }

    fn bad_name(&mut self, key: &Spanned<Cow<'_, str>>) {
        let place = Place::in_file(self.name, self.text, &key.span());
        self.leaves.wrong(
            place,
            format!("`{}` is no name for an upstream", key.get_ref()),
            "use letters, digits, `-` and `_` only",
        );
    }

    fn unknown(&mut self, key: &Spanned<Cow<'_, str>>, node: Node<'_>, path: &str) {
        let section = if path.is_empty() { "the configuration".to_owned() } else { format!("[{path}]") };
        let what = format!("unknown key `{}` in {section}", key.get_ref());
        let place = Place::in_file(self.name, self.text, &key.span());
        self.leaves.wrong(place, what, &suggestion(key.get_ref(), node, "take it out"));
    }
}

/// What to write in place of `wrong` among the keys of `node`.
fn suggestion(wrong: &str, node: Node<'_>, otherwise: &str) -> String {
    let names: Vec<&str> = node.named().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    match nearest(wrong, names.iter().copied()) {
        Some(name) => format!("did you mean `{name}`?"),
        None if names.is_empty() => otherwise.to_owned(),
        None => format!("{otherwise}; known here: {}", names.join(", ")),
    }
}

/// The JSON value of a TOML value.
fn plain(value: &DeValue<'_>) -> Result<Value, String> {
    match value {
        DeValue::String(text) => Ok(text.as_ref().into()),
        DeValue::Boolean(switch) => Ok((*switch).into()),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).map(Value::from).map_err(|_| format!("`{number}` is too large"))
        }
        DeValue::Array(array) => array.iter().map(|element| plain(element.get_ref())).collect(),
        DeValue::Table(_) => Err("a table is not right here".to_owned()),
        DeValue::Float(number) => Err(format!("`{}` is not right here", number.as_str())),
        DeValue::Datetime(time) => Err(format!("`{time}` is not right here")),
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// Turns tables by number, `{"0": …, "1": …}`, into lists where the schema has lists of tables.
fn list_tables(value: &mut Value, node: Node<'_>) {
    let Some(object) = value.as_object_mut() else { return };
    for (name, child) in object {
        let Some(node) = node.child(name) else { continue };
        if let (Kind::Tables, Value::Object(tables)) = (node.kind(), &*child) {
            let mut tables: Vec<_> = tables.clone().into_iter().collect();
            tables.sort_by_key(|(index, _)| index.parse::<usize>().unwrap_or(usize::MAX));
            *child = tables.into_iter().map(|(_, table)| table).collect();
        } else {
            list_tables(child, node);
        }
    }
}

/// Puts `value` at the dotted `path` of `root`, with tables on the way.
fn slot(root: &mut Value, path: &str, value: Value) {
    let mut node = root;
    for part in path.split('.') {
        if !node.is_object() {
            return;
        }
        node = &mut node[part];
        if node.is_null() {
            *node = Value::Object(serde_json::Map::new());
        }
    }
    if !value.is_object() || !node.is_object() {
        *node = value;
    }
}
