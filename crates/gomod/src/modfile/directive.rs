//! The directives of go.mod: what each takes, and what Go says of what it does not take.

use super::error::{Fault, InvalidModFile};
use super::lex::Position;
use super::syntax::{Block, Comments, Line, Statement, statements};
use super::unquote::unquote;
use super::{Lines, ModFile, Module, ModuleVersion, Replace, Require, Retract};
use crate::module::{canonical_version, check_path_major, split_path_version};
use crate::text::quote;

/// Whether a file is that of the module somebody works in, or of a dependency.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Strictness {
    Strict,
    Lax,
}

pub(super) fn read(file: &str, text: &str, strictness: Strictness) -> Result<(ModFile, Lines), InvalidModFile> {
    let fault = |at: Position, message| Fault { file: file.into(), line: at.line, column: at.column, message };
    let statements =
        statements(file, text).map_err(|broken| InvalidModFile { faults: vec![fault(broken.at, broken.message)] })?;
    let mut reader = Reader { read: ModFile::default(), lines: Lines::default(), strictness };
    let mut faults = Vec::new();
    for statement in &statements {
        match statement {
            Statement::Line(line) => {
                let (verb, arguments) = line.tokens.split_first().expect("a line has tokens");
                let read = reader.directive(verb, arguments, line, None);
                faults.extend(read.err().map(|message| fault(line.start, message)));
            }
            Statement::Comments => {}
            Statement::Block(block) => match block.tokens.as_slice() {
                [verb] if BLOCKS.contains(&verb.as_str()) => {
                    for line in &block.lines {
                        let read = reader.directive(verb, &line.tokens, line, Some(block));
                        faults.extend(read.err().map(|message| fault(line.start, message)));
                    }
                }
                _ if strictness == Strictness::Lax => {}
                tokens => faults.push(fault(block.start, format!("unknown block type: {}", tokens.join(" ")))),
            },
        }
    }
    if faults.is_empty() { Ok((reader.read, reader.lines)) } else { Err(InvalidModFile { faults }) }
}

/// The directives that can be written as blocks.
const BLOCKS: [&str; 8] = ["module", "godebug", "require", "exclude", "replace", "retract", "tool", "ignore"];

/// The directives that count in a dependency.
const IN_DEPENDENCIES: [&str; 5] = ["go", "module", "retract", "require", "ignore"];

struct Reader {
    read: ModFile,
    lines: Lines,
    strictness: Strictness,
}

impl Reader {
    fn directive(&mut self, verb: &str, arguments: &[String], line: &Line, block: Option<&Block>) -> Result<(), String> {
        if self.strictness == Strictness::Lax && !IN_DEPENDENCIES.contains(&verb) {
            return Ok(());
        }
        match verb {
            "go" => self.go(arguments)?,
            "toolchain" => self.toolchain(arguments)?,
            "module" => self.module(arguments, directive_comment(line, block))?,
            "godebug" => self.read.godebug.push(godebug(arguments)?),
            "require" => {
                let module = module_version(verb, arguments)?;
                self.read.require.push(Require { module, indirect: is_indirect(line) });
            }
            "exclude" => self.read.exclude.push(module_version(verb, arguments)?),
            "replace" => self.read.replace.push(replace(verb, arguments)?),
            "retract" => self.retract(verb, arguments, directive_comment(line, block))?,
            "tool" | "ignore" => {
                let [argument] = arguments else { return Err(format!("{verb} directive expects exactly one argument")) };
                let list = if verb == "tool" { &mut self.read.tool } else { &mut self.read.ignore };
                list.push(string_argument(argument)?);
            }
            _ => return Err(format!("unknown directive: {verb}")),
        }
        self.lines.note(verb, line.start.line);
        Ok(())
    }

    fn go(&mut self, arguments: &[String]) -> Result<(), String> {
        if self.read.go.is_some() {
            return Err("repeated go statement".into());
        }
        let [version] = arguments else { return Err("go directive expects exactly one argument".into()) };
        let lax = || if self.strictness == Strictness::Lax { lax_go_version(version) } else { None };
        let go = if is_go_version(version) { Some(version.as_str()) } else { lax() };
        let go = go.ok_or_else(|| format!("invalid go version '{version}': must match format 1.23.0"))?;
        self.read.go = Some(go.into());
        Ok(())
    }

    fn toolchain(&mut self, arguments: &[String]) -> Result<(), String> {
        if self.read.toolchain.is_some() {
            return Err("repeated toolchain statement".into());
        }
        let [name] = arguments else { return Err("toolchain directive expects exactly one argument".into()) };
        if !is_toolchain(name) {
            return Err(format!("invalid toolchain version '{name}': must match format go1.23.0 or default"));
        }
        self.read.toolchain = Some(name.clone());
        Ok(())
    }

    fn module(&mut self, arguments: &[String], comment: String) -> Result<(), String> {
        if self.read.module.is_some() {
            return Err("repeated module statement".into());
        }
        let module = self.read.module.insert(Module { path: String::new(), deprecated: deprecation(&comment).into() });
        let [path] = arguments else { return Err("usage: module module/path".into()) };
        module.path = string_argument(path)?;
        Ok(())
    }

    fn retract(&mut self, verb: &str, arguments: &[String], rationale: String) -> Result<(), String> {
        let (low, high, rest) = match interval(verb, arguments) {
            Ok(interval) => interval,
            // Later releases of Go may know more kinds of intervals.
            Err(_) if self.strictness == Strictness::Lax => return Ok(()),
            Err(message) => return Err(message),
        };
        if let (Some(token), Strictness::Strict) = (rest.first(), self.strictness) {
            return Err(format!("unexpected token after version: {}", quote(token)));
        }
        self.read.retract.push(Retract { low, high, rationale });
        Ok(())
    }
}

pub(super) fn godebug(arguments: &[String]) -> Result<(String, String), String> {
    let pair = match arguments {
        [argument] if !argument.contains(['"', '`', '\'', ',']) => argument.split_once('='),
        _ => None,
    };
    pair.map(|(key, value)| (key.to_owned(), value.to_owned())).ok_or_else(|| "usage: godebug key=value".into())
}

fn module_version(verb: &str, arguments: &[String]) -> Result<ModuleVersion, String> {
    let [path, version] = arguments else { return Err(format!("usage: {verb} module/path v1.2.3")) };
    let path = string_argument(path)?;
    let version = version_argument(verb, &path, version)?;
    let (_, path_major) = split_path_version(&path).ok_or("invalid module path")?;
    check_path_major(&version, path_major).map_err(|cause| format!("{}{cause}", about(verb, &path)))?;
    Ok(ModuleVersion { path, version })
}

pub(super) fn replace(verb: &str, arguments: &[String]) -> Result<Replace, String> {
    let arrow = if arguments.get(1).is_some_and(|argument| argument == "=>") { 1 } else { 2 };
    let (old, new) = match arguments.split_at_checked(arrow) {
        Some((old, [sign, new @ ..])) if sign == "=>" && matches!(new, [_] | [_, _]) => (old, new),
        _ => {
            return Err(format!(
                "usage: {verb} module/path [v1.2.3] => other/module v1.4\n\t or {verb} module/path [v1.2.3] => ../local/directory"
            ));
        }
    };
    Ok(Replace { old: replaced(verb, old)?, new: replacement(verb, new)? })
}

fn replaced(verb: &str, old: &[String]) -> Result<ModuleVersion, String> {
    let path = string_argument(old.first().map_or("", String::as_str))?;
    let Some((_, path_major)) = split_path_version(&path) else {
        return Err(format!("{}invalid module path", about(verb, &path)));
    };
    let Some(version) = old.get(1) else { return Ok(ModuleVersion { path, version: String::new() }) };
    let version = version_argument(verb, &path, version)?;
    check_path_major(&version, path_major).map_err(|cause| format!("{}{cause}", about(verb, &path)))?;
    Ok(ModuleVersion { path, version })
}

fn replacement(verb: &str, new: &[String]) -> Result<ModuleVersion, String> {
    let path = string_argument(new.first().map_or("", String::as_str))?;
    let is_directory = is_directory_path(&path);
    let Some(version) = new.get(1) else {
        return match is_directory {
            true if path.contains('\\') => {
                Err("replacement directory appears to be Windows path (on a non-windows system)".into())
            }
            true => Ok(ModuleVersion { path, version: String::new() }),
            false if path.contains('@') => Err("replacement module must match format 'path version', not 'path@version'".into()),
            false => Err("replacement module without version must be directory path (rooted or starting with . or ..)".into()),
        };
    };
    let version = version_argument(verb, &path, version)?;
    if is_directory {
        return Err(format!("replacement module directory path {} cannot have version", quote(&path)));
    }
    Ok(ModuleVersion { path, version })
}

/// Reads `v1.2.3` or `[v1.2.3, v1.2.4]`, and returns both ends and what follows. Here Go leaves versions as they are.
fn interval<'a>(verb: &str, tokens: &'a [String]) -> Result<(String, String, &'a [String]), String> {
    let version = |token: &str| string(token).map_err(|why| format!("{verb}: version {} invalid: {why}", quote(token)));
    let (first, mut rest) = tokens.split_first().filter(|(first, _)| *first != "(").ok_or("expected '[' or version")?;
    if first != "[" {
        let only = version(first)?;
        return Ok((only.clone(), only, rest));
    }
    let mut next = |sign: Option<&str>, words: &str| {
        let (token, after) = rest.split_first().filter(|(token, _)| sign.is_none_or(|sign| sign == *token)).ok_or(words)?;
        rest = after;
        Ok::<_, String>(token)
    };
    let low = version(next(None, "expected version after '['")?)?;
    next(Some(","), "expected ',' after version")?;
    let high = version(next(None, "expected version after ','")?)?;
    next(Some("]"), "expected ']' after version")?;
    Ok((low, high, rest))
}

fn version_argument(verb: &str, path: &str, token: &str) -> Result<String, String> {
    let refused = |version: &str, why: &str| format!("{}version {} invalid: {why}", about(verb, path), quote(version));
    let version = string(token).map_err(|why| refused(token, why))?;
    match canonical_version(&version) {
        canonical if canonical.is_empty() => Err(refused(&version, "must be of the form v1.2.3")),
        canonical => Ok(canonical),
    }
}

pub(super) fn string_argument(token: &str) -> Result<String, String> {
    string(token).map_err(|why| format!("invalid quoted string: {why}"))
}

fn string(token: &str) -> Result<String, &'static str> {
    if token.starts_with('"') {
        return unquote(token).ok_or("invalid syntax");
    }
    if token.contains(['"', '\'', '`']) { Err("unquoted string cannot contain quote") } else { Ok(token.into()) }
}

/// The beginning of a message about a module.
fn about(verb: &str, path: &str) -> String {
    if path.is_empty() { format!("{verb}: ") } else { format!("{verb} {path}: ") }
}

fn is_indirect(line: &Line) -> bool {
    let comment = line.comments.suffix.first().and_then(|comment| comment.strip_prefix("//")).unwrap_or_default();
    let mut words = comment.split_whitespace();
    matches!((words.next(), words.next()), (Some("indirect"), None) | (Some("indirect;"), Some(_)))
}

/// The text of the comments of a line; of those of its block, if it has none itself.
fn directive_comment(line: &Line, block: Option<&Block>) -> String {
    let Comments { before, suffix } = match block {
        Some(block) if line.comments.is_empty() => &block.comments,
        _ => &line.comments,
    };
    let texts = before.iter().chain(suffix).filter_map(|comment| comment.strip_prefix("//")).map(str::trim);
    texts.collect::<Vec<_>>().join("\n")
}

/// The paragraph of a comment that begins with `Deprecated:`, without that; empty if there is none.
fn deprecation(comment: &str) -> &str {
    let begins_paragraph = |at: &usize| *at == 0 || comment[..*at].ends_with("\n\n");
    let Some(at) = comment.match_indices(DEPRECATED).map(|(at, _)| at).find(begins_paragraph) else { return "" };
    let message = comment[at + DEPRECATED.len()..].trim_start_matches(' ');
    message.split("\n\n").next().unwrap_or_default()
}

const DEPRECATED: &str = "Deprecated:";

/// Tells whether text is a path in a file system of any kind, and not a module path.
///
/// Source: `modfile.IsDirectoryPath`.
pub(super) fn is_directory_path(path: &str) -> bool {
    let is_drive = matches!(path.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic());
    is_drive || matches!(path, "." | "..") || ["./", ".\\", "../", "..\\", "/", "\\"].iter().any(|start| path.starts_with(start))
}

/// Tells whether text is the name of a toolchain.
///
/// Source: `modfile.ToolchainRE`.
pub(super) fn is_toolchain(name: &str) -> bool {
    name == "default" || name == "go1" || name.starts_with("go1.")
}

/// Tells whether text is a Go version: `1.23`, `1.23.4`, `1.23rc1`.
///
/// Source: `modfile.GoVersionRE`.
pub(super) fn is_go_version(version: &str) -> bool {
    let Some((_, rest)) = language_version(version) else { return false };
    let rest = rest.strip_prefix('.').map_or(Some(rest), |patch| numeral(patch).map(|(_, rest)| rest));
    let Some(prerelease) = rest else { return false };
    let number = prerelease.trim_start_matches(|letter: char| letter.is_ascii_lowercase());
    prerelease.is_empty()
        || number.len() < prerelease.len() && !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit())
}

/// Finds a Go version at the beginning of text, as dependencies may have it: `1.23` in `v1.23.x`.
///
/// Source: `laxGoVersionRE` in x/mod/modfile.
fn lax_go_version(version: &str) -> Option<&str> {
    let version = version.strip_prefix('v').unwrap_or(version);
    let (language, rest) = language_version(version)?;
    (!rest.is_empty() && !rest.contains('\n') && !rest.starts_with(|next: char| next.is_ascii_digit())).then_some(language)
}

/// Splits `1.23` off the front.
fn language_version(version: &str) -> Option<(&str, &str)> {
    let (major, rest) = numeral(version).filter(|(major, _)| *major != "0")?;
    let (minor, _) = numeral(rest.strip_prefix('.')?)?;
    version.split_at_checked(major.len() + 1 + minor.len())
}

/// Splits a decimal number without leading zeros off the front.
fn numeral(text: &str) -> Option<(&str, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let digits = if text.starts_with('0') { 1 } else { digits };
    (digits > 0).then(|| text.split_at(digits))
}
