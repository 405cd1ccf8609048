//! What an organisation wants, as a TOML file. Without one the built-in rules count with what everybody wants.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Severity, rules};

/// The rules file of `modway check`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// The shape of this file: 1.
    pub version: Option<Version>,
    /// Findings of this severity, or worse, fail the check. Not set: warning.
    pub fail_on: Option<Severity>,
    /// What is ours.
    pub organisation: Organisation,
    /// GOPROXY.
    pub proxy: Proxy,
    /// GOSUMDB and GONOSUMDB.
    pub sumdb: Allowed,
    /// GOINSECURE: exactly these patterns may stand in it.
    pub insecure: Allowed,
    /// `replace` in go.mod and go.work.
    pub replace: Replace,
    /// `exclude` in go.mod: patterns of module paths that may be excluded.
    pub exclude: Allowed,
    /// The `toolchain` line of go.mod.
    pub toolchain: Toolchain,
    /// Settings of single rules, by their ids.
    pub rules: BTreeMap<String, Setting>,
}

/// The shape of a rules file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "u8")]
pub struct Version(u8);

/// What is ours.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Organisation {
    /// Hosts, or hosts with the beginning of a path, whose modules are private: GOPRIVATE must cover them.
    pub hosts: Vec<String>,
    /// Patterns as in GOPRIVATE; the module path of a project must match one. Empty: any path will do.
    pub modules: Vec<String>,
}

/// What GOPROXY may be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Proxy {
    /// The proxies that decide what may be used. Nothing in GOPROXY may lead past them: no `|` behind one, no other way but `off`.
    pub policy: Vec<String>,
    /// The entries that may stand in GOPROXY besides those, `direct` and `off` among them. Not set: any.
    pub allow: Option<Vec<String>>,
}

/// What is allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Allowed {
    /// These, and nothing else. Not set: as the built-in rule has it.
    pub allow: Option<Vec<String>>,
}

/// What `replace` may do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Replace {
    /// Patterns of module paths that may be replaced by other modules.
    pub allow: Vec<String>,
    /// Folders that may replace modules, as written: `./third_party/x`.
    pub allow_local: Vec<String>,
}

/// What the `toolchain` line may be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Toolchain {
    /// Whether go.mod has one.
    pub line: Option<Line>,
}

/// Whether a line is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Line {
    /// It must be.
    Required,
    /// It must not be.
    Forbidden,
}

/// The setting of one rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// How bad its findings are, or `off`.
    pub severity: Level,
}

/// A severity, or none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Wrong.
    Error,
    /// Wrong for most.
    Warning,
    /// Good to know.
    Note,
    /// The rule does not count.
    #[default]
    Off,
}

/// A rules file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPolicy {
    /// Not TOML, an unknown key, a value of the wrong kind.
    #[error("{0}: {1}")]
    Text(String, String),
    /// A rule that does not exist.
    #[error("{0}: [rules.{1}]: no rule has this id; `modway check --list-rules` lists them")]
    Rule(String, String),
}

impl Policy {
    /// Reads a rules file; `name` is for messages.
    ///
    /// # Errors
    /// [`InvalidPolicy`], with line and column.
    pub fn parse(name: &str, text: &str) -> Result<Self, InvalidPolicy> {
        let invalid = |error: toml::de::Error| InvalidPolicy::Text(name.to_owned(), error.to_string().trim_end().to_owned());
        let policy: Self = toml::from_str(text).map_err(invalid)?;
        match policy.rules.keys().find(|id| rules::find(id).is_none()) {
            Some(unknown) => Err(InvalidPolicy::Rule(name.to_owned(), unknown.clone())),
            None => Ok(policy),
        }
    }

    /// How bad findings of a rule are; `None` if it does not count.
    pub fn severity(&self, rule: &rules::Rule) -> Option<Severity> {
        match self.rules.get(rule.id).map(|setting| setting.severity) {
            None => Some(rule.severity),
            Some(Level::Error) => Some(Severity::Error),
            Some(Level::Warning) => Some(Severity::Warning),
            Some(Level::Note) => Some(Severity::Note),
            Some(Level::Off) => None,
        }
    }
}

impl TryFrom<u8> for Version {
    type Error = String;

    fn try_from(version: u8) -> Result<Self, String> {
        if version == 1 { Ok(Self(1)) } else { Err(format!("version {version} is not known here; this modway reads version 1")) }
    }
}

/// The JSON Schema of the rules file (draft 2020-12).
pub fn schema() -> serde_json::Value {
    let settings = schemars::generate::SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<Policy>().to_value();
    schema["title"] = "rules of modway check".into();
    schema["properties"]["version"] = serde_json::json!({ "description": "The shape of this file: 1.", "const": 1 });
    let ids: Vec<&str> = rules::RULES.iter().map(|rule| rule.id).collect();
    schema["properties"]["rules"]["propertyNames"] = serde_json::json!({ "enum": ids });
    schema
}
