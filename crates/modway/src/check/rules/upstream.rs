//! What upstream says of the versions in use.

use std::collections::BTreeMap;

use super::{Court, at};
use crate::check::{Place, finding::quoted};

pub(super) fn judge(court: &mut Court<'_>) {
    let Ok(listed) = &court.project.listed else { return };
    let lines = lines(court);
    for module in listed.iter().filter(|module| !module.main) {
        let (path, version) = (&module.path, &module.version);
        let place = lines.get(&(path.as_str(), version.as_str())).and_then(|(file, line)| at(file, *line));
        let place = place.or_else(|| {
            court.project.modules.first().map(|go_mod| Place { file: go_mod.file.clone(), line: None, is_ours: true })
        });
        if !module.retracted.is_empty() {
            let reasons = module.retracted.join("; ");
            let why =
                court.say(format!("the author has retracted {version}: {reasons}"), format!("作者已撤回 {version}：{reasons}"));
            let fix = [format!("go get {}", quoted(&format!("{path}@latest"))), "go mod tidy".to_owned()];
            court.add("require-retracted", place.clone(), &format!("{path}@{version}"), &why, &fix);
        }
        if !module.deprecated.is_empty() {
            let why = court.say(
                format!("the author has deprecated {path}: {}", module.deprecated),
                format!("作者已弃用 {path}：{}", module.deprecated),
            );
            court.add("require-deprecated", place, path, &why, &[]);
        }
    }
}

/// Where each requirement stands.
fn lines<'p>(court: &Court<'p>) -> BTreeMap<(&'p str, &'p str), (&'p str, usize)> {
    let project = court.project;
    let of = |(go_mod, read, lines): (&'p crate::check::GoMod, &'p gomod::modfile::ModFile, &'p gomod::modfile::Lines)| {
        let pairs = read.require.iter().zip(&lines.require);
        pairs.map(|(require, line)| {
            ((require.module.path.as_str(), require.module.version.as_str()), (go_mod.file.as_str(), *line))
        })
    };
    project.read_modules().flat_map(of).collect()
}
