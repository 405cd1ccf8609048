//! The `.info` document: what a proxy says of one version.

mod json;

mod sums;

mod write;

pub use sums::{repo_sum, tag_sum};

use crate::module::{self, ModulePath, Rev, Version};
use crate::text;
use crate::time::{InvalidTime, Time};
use json::Value;

/// A `.info` document, read, with its bytes as they came.
///
/// Shape: `{"Version":"v1.0.0","Time":"2026-11-23T06:27:34Z","Origin":{…}}`.
///
/// Invariants: the fields are what Go reads in the bytes. Whether the version is one, and the one that was asked for, is a
/// question to [`Info::check_answers`].
///
/// Source: `RevInfo` in Go's `cmd/go/internal/modfetch/repo.go`, 1.27, read with `encoding/json`: the case of keys does not count,
/// unknown ones are passed over, the last of several wins, and what is missing is empty. It departs from Go for documents that
/// are nested more than 128 deep, which are refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    bytes: Vec<u8>,
    version: String,
    time: Time,
    origin: Option<Origin>,
}

/// Where a version comes from. Every field is empty if it is missing.
///
/// Source: `Origin` in Go's `cmd/go/internal/modfetch/codehost/codehost.go`, 1.27.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The version control system, `git`.
    pub vcs: String,
    /// The URL of the repository.
    pub url: String,
    /// The directory of the module in the repository.
    pub subdir: String,
    /// The commit.
    pub hash: String,
    /// The beginning of the tags that the answer depends on.
    pub tag_prefix: String,
    /// The sum over those tags.
    pub tag_sum: String,
    /// The name that led to the commit, `refs/tags/v1.0.0`.
    pub reference: String,
    /// The sum over the whole repository, if the answer depends on that.
    pub repo_sum: String,
}

/// Bytes that Go does not take for a `.info` document, in Go's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidInfo {
    /// It is no JSON, `invalid character '<' looking for beginning of value`.
    #[error("{0}")]
    Syntax(String),
    /// A field has a value of another type.
    #[error("json: cannot unmarshal {value} into Go {place}")]
    Type {
        /// What stands there, `number`.
        value: &'static str,
        /// What should stand there, `struct field RevInfo.Version of type string`.
        place: String,
    },
    /// The time is none.
    #[error(transparent)]
    Time(#[from] InvalidTime),
}

/// A document that speaks of another version than the one that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("proxy returned info for version {answered} instead of requested version")]
pub struct WrongVersion {
    /// The version in the document.
    pub answered: String,
}

impl Info {
    /// Reads a document.
    ///
    /// Errors: [`InvalidInfo`], of the first fault.
    pub fn parse(bytes: &[u8]) -> Result<Self, InvalidInfo> {
        let value = json::parse(&text::from_utf8(bytes)).map_err(InvalidInfo::Syntax)?;
        let mut info = Info { bytes: bytes.into(), version: String::new(), time: Time::ZERO, origin: None };
        for (key, value) in fields(&value, "value of type modfetch.RevInfo".into())? {
            match folded(key).as_str() {
                "version" => set(&mut info.version, value, key)?,
                "time" => info.set_time(value, key)?,
                "origin" => info.set_origin(value, key)?,
                _ => {}
            }
        }
        Ok(info)
    }

    /// The document, byte for byte as it came.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The version as the document has it; empty if it has none.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The time of the commit; [`Time::ZERO`] if the document has none.
    pub fn time(&self) -> Time {
        self.time
    }

    /// Where the version comes from.
    pub fn origin(&self) -> Option<&Origin> {
        self.origin.as_ref()
    }

    /// The version, if it is canonical.
    pub fn canonical_version(&self) -> Option<Version> {
        Version::parse(&self.version).ok()
    }

    /// Checks that the document answers the question for `rev`: a canonical version that fits the path must come back as it is;
    /// for anything else any version is believed.
    ///
    /// Errors: [`WrongVersion`], in Go's words.
    ///
    /// Source: `proxyRepo.Stat` in Go's `cmd/go/internal/modfetch/proxy.go`, 1.27.
    pub fn check_answers(&self, path: &ModulePath, rev: &Rev) -> Result<(), WrongVersion> {
        let must_be_same = rev.as_version().is_some() && module::check(path.as_str(), rev.as_str()).is_ok();
        if must_be_same && self.version != rev.as_str() { Err(WrongVersion { answered: self.version.clone() }) } else { Ok(()) }
    }

    fn set_time(&mut self, value: &Value, key: &str) -> Result<(), InvalidInfo> {
        match value {
            Value::Null => {}
            Value::String(text) => self.time = Time::parse_rfc3339(text)?,
            _ => return Err(mistyped(value, format!("struct field RevInfo.{key} of type time.Time"))),
        }
        Ok(())
    }

    fn set_origin(&mut self, value: &Value, key: &str) -> Result<(), InvalidInfo> {
        if *value == Value::Null {
            self.origin = None;
            return Ok(());
        }
        let origin = self.origin.get_or_insert_default();
        for (name, value) in fields(value, format!("struct field RevInfo.{key} of type codehost.Origin"))? {
            let field = match folded(name).as_str() {
                "vcs" => &mut origin.vcs,
                "url" => &mut origin.url,
                "subdir" => &mut origin.subdir,
                "hash" => &mut origin.hash,
                "tagprefix" => &mut origin.tag_prefix,
                "tagsum" => &mut origin.tag_sum,
                "ref" => &mut origin.reference,
                "reposum" => &mut origin.repo_sum,
                _ => continue,
            };
            set(field, value, &format!("{key}.{name}"))?;
        }
        Ok(())
    }
}

/// The fields of an object; null has none.
fn fields(value: &Value, place: String) -> Result<&[(String, Value)], InvalidInfo> {
    match value {
        Value::Object(fields) => Ok(fields),
        Value::Null => Ok(&[]),
        _ => Err(mistyped(value, place)),
    }
}

/// Sets a field of text. The name is for the message, and is that of the document, in whatever case.
fn set(field: &mut String, value: &Value, name: &str) -> Result<(), InvalidInfo> {
    match value {
        Value::Null => {}
        Value::String(text) => field.clone_from(text),
        _ => return Err(mistyped(value, format!("struct field RevInfo.{name} of type string"))),
    }
    Ok(())
}

fn mistyped(value: &Value, place: String) -> InvalidInfo {
    InvalidInfo::Type { value: value.kind(), place }
}

/// A key without case, as Go compares them: two characters outside of ASCII fold to letters.
fn folded(key: &str) -> String {
    key.chars()
        .map(|character| match character {
            '\u{17f}' => 's',
            '\u{212a}' => 'k',
            _ => character.to_ascii_lowercase(),
        })
        .collect()
}

#[cfg(test)]
mod tests;
