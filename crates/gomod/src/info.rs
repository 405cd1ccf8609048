//! The `.info` document.
use crate::module::{ModulePath, Rev};
/// A parsed `.info`.
pub struct Info {
    version: String,
}
/// Why not.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct InvalidInfo(String);
impl Info {
    /// Parses.
    pub fn parse(body: &[u8]) -> Result<Self, InvalidInfo> {
        let value: serde_json::Value = serde_json::from_slice(body).map_err(|error| InvalidInfo(error.to_string()))?;
        let version = value.get("Version").and_then(|v| v.as_str()).unwrap_or_default().to_owned();
        Ok(Self { version })
    }
    /// Version.
    pub fn version(&self) -> &str {
        &self.version
    }
    /// Checks.
    pub fn check_answers(&self, _module: &ModulePath, _rev: &Rev) -> Result<(), InvalidInfo> {
        Ok(())
    }
}
