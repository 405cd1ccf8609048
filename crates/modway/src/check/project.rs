//! What is judged, read and taken apart.

use gomod::{
    gosum::GoSum,
    modfile::{InvalidModFile, Lines, ModFile, WorkFile},
};

use crate::machine::{Layer, Machine, Setting};

use super::finding::Place;

/// A project and the machine it is built on.
#[derive(Debug)]
pub struct Project {
    /// The settings of the go command.
    pub machine: Machine,
    /// The texts of the files that settings stand in, by the name that [`Layer::file`] gives; for their lines.
    pub settings_files: Vec<(String, String)>,
    /// The modules whose code is here.
    pub modules: Vec<GoMod>,
    /// go.work, if these are worked on together.
    pub work: Option<Work>,
    /// What `go list -m -json all` says; the error, in its words, if it could not.
    pub listed: Result<Vec<Listed>, String>,
    /// Whether `go list` asked which versions are retracted or deprecated.
    pub asked_upstream: bool,
}

/// One module whose code is here.
#[derive(Clone, Debug)]
pub struct GoMod {
    /// Its go.mod, as a path from where the check looks.
    pub file: String,
    /// Its lines.
    pub text: String,
    /// What it says, with lines.
    pub read: Result<(ModFile, Lines), InvalidModFile>,
    /// Its go.sum.
    pub sum: Option<SumFile>,
    /// Where its go.sum is, or would be.
    pub sum_file: String,
}

/// A go.sum, or go.work.sum.
#[derive(Clone, Debug)]
pub struct SumFile {
    /// Its lines.
    pub text: String,
    /// What they say.
    pub read: GoSum,
}

/// A go.work.
#[derive(Clone, Debug)]
pub struct Work {
    /// As a path from where the check looks.
    pub file: String,
    /// What it says, with lines.
    pub read: Result<(WorkFile, Lines), InvalidModFile>,
    /// Its go.work.sum.
    pub sum: Option<SumFile>,
}

/// A module of the build list, as `go list -m -json` prints it.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Listed {
    /// The module path.
    pub path: String,
    /// The version; empty for a main module.
    pub version: String,
    /// Whether its code is here.
    pub main: bool,
    /// Whether no main module imports it.
    pub indirect: bool,
    /// Why the version is retracted.
    pub retracted: Vec<String>,
    /// What its go.mod says behind `Deprecated:`.
    pub deprecated: String,
    /// What stands in its place.
    pub replace: Option<Box<Listed>>,
}

impl Project {
    /// Where a setting stands: the line of its file, if it stands in one.
    pub(super) fn place_of(&self, setting: &Setting) -> Option<Place> {
        let file = setting.layer.file()?;
        let text = self.settings_files.iter().find(|(name, _)| *name == file).map_or("", |(_, text)| text);
        let json = format!("\"{}\"", setting.variable);
        let begins = |line: &str| {
            let line = line.trim_start();
            let line = line.strip_prefix("export ").unwrap_or(line);
            line.starts_with(&json) || line.strip_prefix(&setting.variable).is_some_and(|rest| rest.starts_with('='))
        };
        // The last one counts.
        let line = text.lines().enumerate().filter(|(_, line)| begins(line)).last().map(|(number, _)| number + 1);
        Some(Place { file, line, is_ours: matches!(setting.layer, Layer::Told(_)) })
    }

    /// Every `replace`, with the file and the line it stands on.
    pub(super) fn replacements(&self) -> impl Iterator<Item = (&str, usize, &gomod::modfile::Replace)> {
        let work = self.work.iter().filter_map(|work| {
            let (read, lines) = work.read.as_ref().ok()?;
            Some((work.file.as_str(), &read.replace, &lines.replace))
        });
        let all =
            self.read_modules().map(|(go_mod, read, lines)| (go_mod.file.as_str(), &read.replace, &lines.replace)).chain(work);
        all.flat_map(|(file, replace, lines)| lines.iter().zip(replace).map(move |(line, replace)| (file, *line, replace)))
    }

    /// The modules whose go.mod can be read.
    pub(super) fn read_modules(&self) -> impl Iterator<Item = (&GoMod, &ModFile, &Lines)> {
        self.modules.iter().filter_map(|go_mod| go_mod.read.as_ref().ok().map(|(read, lines)| (go_mod, read, lines)))
    }
}
