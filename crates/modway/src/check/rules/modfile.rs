//! go.mod and go.work.

use gomod::{modfile::InvalidModFile, pattern::Patterns};

use super::{Court, Place, at};
use crate::check::{Edit, finding::quoted, policy::Line, project::GoMod};

pub(super) fn judge(court: &mut Court<'_>) {
    let project = court.project;
    for go_mod in &project.modules {
        if let Err(invalid) = &go_mod.read {
            faults(court, "go-mod-invalid", invalid);
        }
    }
    for (go_mod, read, lines) in project.read_modules() {
        header(court, go_mod, read, lines);
        toolchain(court, go_mod, read, lines);
        excludes(court, go_mod, read, lines);
    }
    replacements(court);
    work(court);
}

fn faults(court: &mut Court<'_>, id: &str, invalid: &InvalidModFile) {
    for fault in &invalid.faults {
        let why = court.say(format!("Go refuses the file: {}", fault.message), format!("Go 拒绝这个文件：{}", fault.message));
        court.add(id, at(&fault.file, fault.line), &format!("{} {}", fault.file, fault.message), &why, &[]);
    }
}

fn header(court: &mut Court<'_>, go_mod: &GoMod, read: &gomod::modfile::ModFile, lines: &gomod::modfile::Lines) {
    if read.go.is_none() {
        let why = court.say(
            "without a go line Go takes the module for one of Go 1.16: no lazy loading, old rules of the language".to_owned(),
            "没有 go 行，Go 会按 Go 1.16 处理这个模块：没有 lazy loading，语言规则也是旧的".to_owned(),
        );
        let place = Place { file: go_mod.file.clone(), line: lines.module, is_ours: true };
        let fix = [format!("go mod edit -go=1.24 {}", quoted(&go_mod.file))];
        court.add("go-line", Some(place), &go_mod.file, &why, &fix);
    }
    let patterns = &court.policy.organisation.modules;
    let path = read.module.as_ref().map_or("", |module| module.path.as_str());
    if !patterns.is_empty() && Patterns::parse(&patterns.join(",")).find(path).is_none() {
        let why = court.say(
            format!("`{path}` matches none of the organisation's patterns: {}", patterns.join(" ")),
            format!("`{path}` 不匹配组织规定的任何模式：{}", patterns.join(" ")),
        );
        let fix = [format!("go mod edit -module=NEW/PATH {}", quoted(&go_mod.file))];
        court.add("module-path", lines.module.and_then(|line| at(&go_mod.file, line)), path, &why, &fix);
    }
}

fn toolchain(court: &mut Court<'_>, go_mod: &GoMod, read: &gomod::modfile::ModFile, lines: &gomod::modfile::Lines) {
    let wanted = court.policy.toolchain.line;
    match (&read.toolchain, lines.toolchain) {
        (Some(name), Some(line)) => {
            if wanted == Some(Line::Forbidden) {
                let why = court.say(
                    format!("`toolchain {name}` makes every go command fetch and run that release, where the policy wants the installed one"),
                    format!("`toolchain {name}` 会让每个 go 命令下载并运行该版本，而策略要求使用已安装的版本"),
                );
                let fix = [format!("go mod edit -toolchain=none {}", quoted(&go_mod.file))];
                court.add("toolchain-line", at(&go_mod.file, line), &format!("{} toolchain {name}", go_mod.file), &why, &fix);
            } else if is_idle(name, read.go.as_deref()) {
                let why = court.say(
                    format!("`toolchain {name}` asks for no more than the go line does; `go mod tidy` takes such a line out"),
                    format!("`toolchain {name}` 的要求不高于 go 行，`go mod tidy` 会删掉这样的行"),
                );
                let text = go_mod.text.lines().nth(line - 1).unwrap_or_default().to_owned();
                let fix = [format!("go mod edit -toolchain=none {}", quoted(&go_mod.file))];
                let subject = format!("{} toolchain {name}", go_mod.file);
                // A comment behind it would be lost.
                if text.split_whitespace().eq(["toolchain", name.as_str()]) {
                    let edit = Edit { file: go_mod.file.clone(), line, text };
                    court.add_with_edit("toolchain-idle", edit, &subject, &why, &fix);
                } else {
                    court.add("toolchain-idle", at(&go_mod.file, line), &subject, &why, &fix);
                }
            }
        }
        _ if wanted == Some(Line::Required) => {
            let why = court.say(
                "without a toolchain line each machine builds with the release that it happens to have".to_owned(),
                "没有 toolchain 行，每台机器都用各自碰巧安装的版本构建".to_owned(),
            );
            let fix = [format!("go mod edit -toolchain=goX.Y.Z {}", quoted(&go_mod.file))];
            let place = Place { file: go_mod.file.clone(), line: lines.go, is_ours: true };
            court.add("toolchain-line", Some(place), &go_mod.file, &why, &fix);
        }
        _ => {}
    }
}

/// Whether a toolchain of plain numbers is below the go line, or equal to it. What is not plain is not judged.
///
/// Source: <https://go.dev/doc/toolchain>: the go command uses the line only if it names a newer release than the go line.
fn is_idle(name: &str, go: Option<&str>) -> bool {
    let numbers = |text: &str| -> Option<Vec<u64>> {
        let mut numbers: Vec<u64> = text.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
        numbers.resize(numbers.len().max(3), 0);
        Some(numbers)
    };
    let pair = name.strip_prefix("go").and_then(numbers).zip(go.and_then(numbers));
    pair.is_some_and(|(toolchain, go)| toolchain <= go)
}

fn excludes(court: &mut Court<'_>, go_mod: &GoMod, read: &gomod::modfile::ModFile, lines: &gomod::modfile::Lines) {
    let allowed = Patterns::parse(&court.policy.exclude.allow.clone().unwrap_or_default().join(","));
    for (excluded, line) in read.exclude.iter().zip(&lines.exclude).filter(|(excluded, _)| allowed.find(&excluded.path).is_none())
    {
        let (path, version) = (&excluded.path, &excluded.version);
        let why = court.say(
            format!(
                "{path}@{version} is passed over in this module only: whoever depends on it may get that version all the same"
            ),
            format!("{path}@{version} 只在本模块中被排除：依赖本模块的项目仍可能用到这个版本"),
        );
        let fix = [format!("go mod edit -dropexclude={} {}", quoted(&format!("{path}@{version}")), quoted(&go_mod.file))];
        court.add("exclude", at(&go_mod.file, *line), &format!("exclude {path} {version}"), &why, &fix);
    }
}

fn replacements(court: &mut Court<'_>) {
    let (project, policy) = (court.project, court.policy);
    let allowed = Patterns::parse(&policy.replace.allow.join(","));
    for (file, line, replace) in project.replacements() {
        let old = &replace.old.path;
        let named = if replace.old.version.is_empty() { old.clone() } else { format!("{old}@{}", replace.old.version) };
        let command = if file.ends_with("go.work") { "work" } else { "mod" };
        let fix = [format!("go {command} edit -dropreplace={} {}", quoted(&named), quoted(file))];
        let new = &replace.new.path;
        if replace.is_local() {
            if policy.replace.allow_local.iter().any(|one| one.trim_end_matches('/') == new.trim_end_matches('/')) {
                continue;
            }
            let why = court.say(
                format!("{old} comes from the folder {new}: what is built is on no other machine, has no version and no checksum, and who depends on this module gets something else"),
                format!("{old} 来自本地目录 {new}：构建的内容别的机器上没有，既无版本也无校验和，依赖本模块的人得到的也是另一份代码"),
            );
            court.add("replace-local", at(file, line), &format!("replace {named} => {new}"), &why, &fix);
        } else if allowed.find(old).is_none() {
            let why = court.say(
                format!("{old} is built from {new}@{}, which the policy does not allow; whoever depends on this module gets the original", replace.new.version),
                format!("{old} 实际由 {new}@{} 构建，策略不允许；依赖本模块的人得到的仍是原来的模块", replace.new.version),
            );
            court.add("replace-module", at(file, line), &format!("replace {named} => {new}@{}", replace.new.version), &why, &fix);
        }
    }
}

fn work(court: &mut Court<'_>) {
    let Some(work) = &court.project.work else { return };
    let (read, lines) = match &work.read {
        Ok(read) => read,
        Err(invalid) => return faults(court, "go-work-invalid", invalid),
    };
    for (folder, line) in read.uses.iter().zip(&lines.uses).filter(|(folder, _)| is_outside(folder)) {
        let why = court.say(
            format!("{folder} lies outside of this project: another machine has something else there, or nothing"),
            format!("{folder} 在本项目之外：别的机器上那里是别的内容，或者什么都没有"),
        );
        let fix = [format!("go work edit -dropuse={} {}", quoted(folder), quoted(&work.file))];
        court.add("go-work-outside", at(&work.file, *line), &format!("use {folder}"), &why, &fix);
    }
}

/// Whether a folder, as go.work has it, is not below that file.
pub(in crate::check) fn is_outside(folder: &str) -> bool {
    let mut depth = 0_i64;
    folder.starts_with('/')
        || folder.contains(['\\', ':'])
        || folder.split('/').any(|part| {
            depth += match part {
                "" | "." => 0,
                ".." => -1,
                _ => 1,
            };
            depth < 0
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_toolchain_that_asks_for_no_more_than_the_go_line_is_idle() {
        for (name, go, idle) in [
            ("go1.24.0", "1.24", true),
            ("go1.24.1", "1.24", false),
            ("go1.23.9", "1.24.0", true),
            ("go1.24rc1", "1.24", false),
            ("default", "1.24", false),
            ("go1.24.0-custom", "1.24", false),
        ] {
            assert_eq!(is_idle(name, Some(go)), idle, "{name} {go}");
        }
        assert!(!is_idle("go1.1", None));
    }

    #[test]
    fn a_folder_is_outside_if_it_leads_up() {
        for (folder, outside) in
            [(".", false), ("./a/../b", false), ("../b", true), ("a/../../b", true), ("/x", true), ("C:\\x", true)]
        {
            assert_eq!(is_outside(folder), outside, "{folder}");
        }
    }
}
