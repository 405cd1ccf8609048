//! The keys of the configuration, read off its JSON Schema, so that checks, documents and editors know the same ones.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use super::{
    file::File,
    units::{Period, Size},
};

/// The JSON Schema of the configuration file (draft 2020-12). Unknown keys are not allowed anywhere.
pub fn schema() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<File>().to_value();
    schema["title"] = "modway configuration".into();
    close(&mut schema);
    schema
}

/// Forbids unknown keys in every table with named keys, and drops defaults of whole tables, whose keys have them, and of what has none.
fn close(node: &mut Value) {
    let Some(object) = node.as_object_mut() else { return };
    if object.get("properties").is_some() {
        object.insert("additionalProperties".into(), false.into());
    }
    if object.get("default").is_some_and(|default| default.is_object() || default.is_null()) {
        object.remove("default");
    }
    for name in ["properties", "additionalProperties", "items"] {
        match object.get_mut(name) {
            Some(Value::Object(children)) if name == "properties" => children.values_mut().for_each(close),
            Some(child) => close(child),
            None => (),
        }
    }
}

/// One node of the schema: a table, a list of tables, or a key with a value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node<'a>(pub(super) &'a Value);

/// What a key takes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// Named keys, or names of the operator's own.
    Table,
    /// Tables in order.
    Tables,
    /// Texts in order.
    Texts,
    /// Any text.
    Text,
    /// A duration.
    Period,
    /// A size in bytes.
    Size,
    /// A whole number in this range, both ends included.
    Number(u64, u64),
    /// True or false.
    Switch,
}

impl<'a> Node<'a> {
    /// The named keys; none if the names are the operator's own.
    pub(super) fn named(self) -> Option<&'a Map<String, Value>> {
        self.0.get("properties").and_then(Value::as_object)
    }

    /// The node below `name`.
    pub(super) fn child(self, name: &str) -> Option<Self> {
        match self.named() {
            Some(named) => named.get(name).map(Node),
            None => self.0.get("additionalProperties").filter(|node| node.is_object()).map(Node),
        }
    }

    /// The node of each element of a list.
    pub(super) fn element(self) -> Option<Self> {
        self.0.get("items").map(Node)
    }

    /// What it takes.
    pub(super) fn kind(self) -> Kind {
        let word = |name: &str| self.0.get(name).and_then(Value::as_str).unwrap_or("");
        let bound = |name: &str| self.0.get(name).and_then(Value::as_f64).map(|bound| bound as u64);
        match (word("type"), word("format")) {
            ("object", _) => Kind::Table,
            ("array", _) if self.element().is_some_and(|node| node.kind() == Kind::Table) => Kind::Tables,
            ("array", _) => Kind::Texts,
            ("integer", _) => Kind::Number(bound("minimum").unwrap_or(0), bound("maximum").unwrap_or(u64::from(u32::MAX))),
            ("boolean", _) => Kind::Switch,
            (_, "period") => Kind::Period,
            (_, "size") => Kind::Size,
            _ => Kind::Text,
        }
    }

    /// What it means, for a reader.
    pub(super) fn description(self) -> &'a str {
        self.0.get("description").and_then(Value::as_str).unwrap_or("")
    }

    /// Its default; a table has none.
    pub(super) fn default(self) -> Option<&'a Value> {
        self.0.get("default")
    }
}

impl Kind {
    /// What to write, as a fix says it.
    pub(super) fn specimen(&self) -> String {
        match self {
            Self::Table => "make it a table".to_owned(),
            Self::Tables => "write it as [[…]], one table each".to_owned(),
            Self::Texts => "write a list of texts, such as [\"a\", \"b\"]".to_owned(),
            Self::Text => "write a text in quotes".to_owned(),
            Self::Period => "write a duration in quotes, such as \"300ms\", \"3s\", \"1m30s\" or \"7d\"".to_owned(),
            Self::Size => "write a size in quotes, such as \"512MiB\" or \"2GiB\"".to_owned(),
            Self::Number(least, most) => format!("write a whole number from {least} to {most}, without quotes"),
            Self::Switch => "write true or false, without quotes".to_owned(),
        }
    }

    /// `value` if this kind takes it; else what is wrong.
    pub(super) fn check(&self, value: Value) -> Result<Value, String> {
        match (self, &value) {
            (Self::Text, Value::String(_)) | (Self::Switch, Value::Bool(_)) => Ok(value),
            (Self::Texts, Value::Array(texts)) if texts.iter().all(Value::is_string) => Ok(value),
            (Self::Period, Value::String(text)) => Period::parse(text).map(|_| value),
            (Self::Size, Value::String(text)) => Size::parse(text).map(|_| value),
            (Self::Number(least, most), Value::Number(number))
                if number.as_u64().is_some_and(|n| (*least..=*most).contains(&n)) =>
            {
                Ok(value)
            }
            (_, Value::String(text)) => Err(format!("`{text}` is not right here")),
            (_, Value::Array(_)) => Err("a list is not right here".to_owned()),
            (_, Value::Object(_)) => Err("a table is not right here".to_owned()),
            (_, other) => Err(format!("{other} is not right here")),
        }
    }

    /// The value that the text of an environment variable stands for; lists are separated by commas.
    pub(super) fn of_text(&self, text: &str) -> Value {
        match self {
            Self::Texts => text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect(),
            Self::Number(..) => text.parse::<u64>().map_or_else(|_| text.into(), Value::from),
            Self::Switch => text.parse::<bool>().map_or_else(|_| text.into(), Value::from),
            Self::Table | Self::Tables | Self::Text | Self::Period | Self::Size => text.into(),
        }
    }
}

/// Tells whether `name` may name an upstream: it stands in lists, variables and dotted paths.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

/// The one of `names` that `wrong` was probably meant to be: at most a third of its letters away, or with the same beginning.
pub(super) fn nearest<'a>(wrong: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let shared = |name: &str| wrong.chars().zip(name.chars()).take_while(|(a, b)| a == b).count();
    let name = names.min_by_key(|name| (distance(wrong, name) as isize - shared(name) as isize, *name))?;
    let near = distance(wrong, name) <= name.chars().count().div_ceil(3);
    (near || shared(name) >= 3).then_some(name)
}

/// How many letters to add, drop or change to come from `a` to `b` (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, to) in b.iter().enumerate() {
            let change = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(wrong: &str, meant: Option<&str>) {
        assert_eq!(nearest(wrong, ["listen", "max_connections", "tls_key_file", "log"].into_iter()), meant);
    }

    #[test]
    fn a_mistyped_key_finds_the_one_that_was_meant() {
        check("lisen", Some("listen"));
        check("max_conections", Some("max_connections"));
        check("tls-key-file", Some("tls_key_file"));
        check("max_conns", Some("max_connections"));
        check("port", None);
        check("", None);
    }

    #[test]
    fn the_schema_knows_every_kind() {
        let schema = schema();
        let kind = |path: &[&str]| path.iter().try_fold(Node(&schema), |node, name| node.child(name)).map(Node::kind);
        assert_eq!(kind(&["server", "listen"]), Some(Kind::Texts));
        assert_eq!(kind(&["server", "log"]), Some(Kind::Text));
        assert_eq!(kind(&["upstream", "any", "retries"]), Some(Kind::Number(0, 10)));
        assert_eq!(kind(&["upstream", "any", "breaker", "pause"]), Some(Kind::Period));
        assert_eq!(kind(&["upstream", "any", "netrc"]), Some(Kind::Switch));
        assert_eq!(kind(&["store", "reserve"]), Some(Kind::Size));
        assert_eq!(kind(&["route"]), Some(Kind::Tables));
        assert_eq!(kind(&["server", "nothing"]), None);
    }
}
