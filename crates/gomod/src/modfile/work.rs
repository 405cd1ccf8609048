//! go.work: the modules that somebody works in together.

use super::directive::{godebug, is_go_version, is_toolchain, replace, string_argument};
use super::error::{Fault, InvalidModFile};
use super::lex::Position;
use super::syntax::{Line, Statement, statements};
use super::{Lines, Replace};
use crate::text;

/// A go.work file, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkFile {
    /// The `go` directive, `1.23` or `1.23.0`.
    pub go: Option<String>,
    /// The `toolchain` directive, `go1.23.0` or `default`.
    pub toolchain: Option<String>,
    /// The `use` directives: folders of modules, as written.
    pub uses: Vec<String>,
    /// The `replace` directives.
    pub replace: Vec<Replace>,
    /// The `godebug` directives, key and value.
    pub godebug: Vec<(String, String)>,
}

/// Reads a go.work file, and says on which lines the directives stand.
///
/// Units and ranges: `file` is the name for messages. Each byte that is not UTF-8 becomes U+FFFD.
///
/// Errors: [`InvalidModFile`]: the first fault of the syntax, or all faults of the directives.
///
/// Source: `modfile.ParseWork`, as vendored in Go 1.27, with `fix` nil.
pub fn parse_work(file: &str, content: &[u8]) -> Result<(WorkFile, Lines), InvalidModFile> {
    let text = text::from_utf8(content);
    let fault = |at: Position, message| Fault { file: file.into(), line: at.line, column: at.column, message };
    let statements =
        statements(file, &text).map_err(|broken| InvalidModFile { faults: vec![fault(broken.at, broken.message)] })?;
    let (mut work, mut lines, mut faults) = (WorkFile::default(), Lines::default(), Vec::new());
    let mut directive = |verb: &str, arguments: &[String], line: &Line| match work.directive(verb, arguments) {
        Ok(()) => lines.note(verb, line.start.line),
        Err(message) => faults.push(fault(line.start, message)),
    };
    let mut blocks = Vec::new();
    for statement in &statements {
        match statement {
            Statement::Line(line) => {
                let (verb, arguments) = line.tokens.split_first().expect("a line has tokens");
                directive(verb, arguments, line);
            }
            Statement::Comments => {}
            Statement::Block(block) => match block.tokens.as_slice() {
                [verb] if ["godebug", "use", "replace"].contains(&verb.as_str()) => {
                    block.lines.iter().for_each(|line| directive(verb, &line.tokens, line));
                }
                tokens => blocks.push(fault(block.start, format!("unknown block type: {}", tokens.join(" ")))),
            },
        }
    }
    faults.extend(blocks);
    faults.sort_by_key(|fault| (fault.line, fault.column));
    if faults.is_empty() { Ok((work, lines)) } else { Err(InvalidModFile { faults }) }
}

impl WorkFile {
    fn directive(&mut self, verb: &str, arguments: &[String]) -> Result<(), String> {
        let one = || match arguments {
            [only] => Ok(only),
            _ => Err(format!("{verb} directive expects exactly one argument")),
        };
        match verb {
            "go" if self.go.is_some() => return Err("repeated go statement".to_owned()),
            "go" => {
                let version = one()?;
                let refused = || format!("invalid go version '{version}': must match format 1.23.0");
                self.go = Some(Some(version).filter(|version| is_go_version(version)).ok_or_else(refused)?.clone());
            }
            "toolchain" if self.toolchain.is_some() => return Err("repeated toolchain statement".to_owned()),
            "toolchain" => {
                let name = one()?;
                let refused = || format!("invalid toolchain version '{name}': must match format go1.23.0 or default");
                self.toolchain = Some(Some(name).filter(|name| is_toolchain(name)).ok_or_else(refused)?.clone());
            }
            "use" => {
                let [folder] = arguments else { return Err("usage: use local/dir".to_owned()) };
                self.uses.push(string_argument(folder)?);
            }
            "replace" => self.replace.push(replace(verb, arguments)?),
            "godebug" => self.godebug.push(godebug(arguments)?),
            _ => return Err(format!("unknown directive: {verb}")),
        }
        Ok(())
    }
}
