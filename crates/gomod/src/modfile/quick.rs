use super::unquote::unquote;
use crate::text::from_utf8;

/// Finds the module path in a go.mod file, whatever else is wrong with the file.
///
/// Units and ranges: empty if there is none. The path is not checked. Bytes that are not UTF-8 become U+FFFD.
///
/// Source: `modfile.ModulePath`.
pub fn module_path(content: &[u8]) -> String {
    let text = from_utf8(content);
    let path = text.split('\n').map(|line| line.split("//").next().unwrap_or_default().trim()).find_map(|line| {
        let after = line.strip_prefix("module")?;
        let path = after.trim();
        (path.len() != after.len() && !path.is_empty()).then_some(path)
    });
    match path.unwrap_or_default() {
        quoted if quoted.starts_with(['"', '`']) => unquote(quoted).unwrap_or_default(),
        path => path.into(),
    }
}
