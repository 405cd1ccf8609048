//! go.sum: complete, readable, and of one mind.

use std::collections::{BTreeMap, BTreeSet};

use gomod::{
    gosum::{GoSum, SumLine},
    modfile::Replace,
};

use super::{Court, at};
use crate::check::{
    Edit, Place,
    project::{GoMod, SumFile},
};

pub(super) fn judge(court: &mut Court<'_>) {
    let project = court.project;
    for go_mod in &project.modules {
        if let Some(sum) = &go_mod.sum {
            malformed(court, &go_mod.sum_file, &sum.read);
            repeated(court, &go_mod.sum_file, sum);
        }
    }
    // In a workspace the build list is that of all modules together, and so are the sums.
    let known = known(court);
    for go_mod in &project.modules {
        missing(court, go_mod, &known);
    }
}

fn malformed(court: &mut Court<'_>, file: &str, sum: &GoSum) {
    for line in &sum.malformed {
        let why = court.say(
            format!("Go stops at this line, which has {} fields and not 3; a merge may have left it", line.fields),
            format!("Go 读到这一行就会报错：应有 3 个字段，实际有 {} 个；可能是合并时留下的", line.fields),
        );
        court.add(
            "go-sum-malformed",
            at(file, line.line),
            &format!("{file} {} fields", line.fields),
            &why,
            &["go mod tidy".to_owned()],
        );
    }
}

fn repeated(court: &mut Court<'_>, file: &str, sum: &SumFile) {
    let texts: Vec<&str> = sum.text.lines().collect();
    let mut seen: BTreeMap<(&str, &str), Vec<&SumLine>> = BTreeMap::new();
    for line in &sum.read.lines {
        seen.entry((&line.module, &line.version)).or_default().push(line);
    }
    for ((module, version), lines) in seen {
        let mut hashes: BTreeMap<(&str, &str), &SumLine> = BTreeMap::new();
        for line in lines {
            let algorithm = line.hash.split(':').next().unwrap_or_default();
            let Some(first) = hashes.get(&(algorithm, line.hash.as_str())) else {
                if let Some((_, other)) = hashes.iter().find(|((of, _), _)| *of == algorithm) {
                    conflict(court, file, other, line);
                }
                hashes.insert((algorithm, line.hash.as_str()), line);
                continue;
            };
            let first = first.line;
            let why = court.say(
                format!("{module} {version} has the same hash on line {first}"),
                format!("第 {first} 行已有 {module} {version} 的相同哈希"),
            );
            let text = texts.get(line.line - 1).copied().unwrap_or_default().to_owned();
            let edit = Edit { file: file.to_owned(), line: line.line, text };
            court.add_with_edit("go-sum-duplicate", edit, &format!("{module} {version}"), &why, &["go mod tidy".to_owned()]);
        }
    }
}

fn conflict(court: &mut Court<'_>, file: &str, first: &SumLine, line: &SumLine) {
    let (module, version) = (&line.module, &line.version);
    let why = court.say(
        format!(
            "{module} {version} has another hash on line {}, by which Go goes; one of the two is not what everybody else gets",
            first.line
        ),
        format!("第 {} 行有 {module} {version} 的另一个哈希，Go 以那一行为准；两者之中必有一个与别人拿到的不一致", first.line),
    );
    let fix = [format!("git log -p -S{} -- {}", super::super::finding::quoted(&line.hash), super::super::finding::quoted(file))];
    court.add("go-sum-conflict", at(file, line.line), &format!("{module} {version}"), &why, &fix);
}

/// Every version of which there is a hash, with or without `/go.mod`.
fn known<'p>(court: &Court<'p>) -> BTreeSet<(&'p str, &'p str)> {
    let project = court.project;
    let sums = project.modules.iter().filter_map(|go_mod| go_mod.sum.as_ref());
    let sums = sums.chain(project.work.iter().filter_map(|work| work.sum.as_ref()));
    sums.flat_map(|sum| sum.read.lines.iter().map(|line| (line.module.as_str(), line.version.as_str()))).collect()
}

/// What is required needs the hash of its go.mod, and what the main module itself imports that of its zip too.
///
/// Assumes: `go mod tidy` wrote go.mod, so that a requirement without `// indirect` is imported.
fn missing(court: &mut Court<'_>, go_mod: &GoMod, known: &BTreeSet<(&str, &str)>) {
    let Ok((read, lines)) = &go_mod.read else { return };
    let ours: BTreeSet<&str> =
        court.project.read_modules().filter_map(|(_, read, _)| read.module.as_ref()).map(|module| module.path.as_str()).collect();
    // One for a version goes before one for all versions.
    let replaced: BTreeMap<(&str, &str), &Replace> = court
        .project
        .replacements()
        .map(|(_, _, replace)| ((replace.old.path.as_str(), replace.old.version.as_str()), replace))
        .collect();
    for (require, line) in read.require.iter().zip(&lines.require) {
        let (path, version) = (require.module.path.as_str(), require.module.version.as_str());
        let replaced = replaced.get(&(path, version)).or_else(|| replaced.get(&(path, "")));
        let (path, version) = match replaced {
            Some(replace) if replace.is_local() => continue,
            Some(replace) => (replace.new.path.as_str(), replace.new.version.as_str()),
            None => (path, version),
        };
        if ours.contains(path) {
            continue;
        }
        let lacks_mod = !known.contains(&(path, format!("{version}/go.mod").as_str()));
        let lacks_zip = !require.indirect && !known.contains(&(path, version));
        if !lacks_mod && !lacks_zip {
            continue;
        }
        let what = if lacks_mod { format!("{version}/go.mod") } else { version.to_owned() };
        let why = court.say(
            format!("{} has no hash for {path} {what}: a build with -mod=readonly, as it is by default, stops here, and nothing binds what is downloaded", go_mod.sum_file),
            format!("{} 中没有 {path} {what} 的哈希：默认的 -mod=readonly 构建会在此失败，下载的内容也没有约束", go_mod.sum_file),
        );
        court.add("go-sum-missing", at(&go_mod.file, *line), &format!("{path} {what}"), &why, &["go mod tidy".to_owned()]);
    }
    unlisted(court, go_mod);
}

/// What go itself found missing, when it was asked for the build list.
fn unlisted(court: &mut Court<'_>, go_mod: &GoMod) {
    let Err(words) = &court.project.listed else { return };
    let found: Vec<&str> = words.lines().filter(|line| line.contains("missing go.sum entry")).collect();
    let Some(first) = found.first().filter(|_| court.findings.iter().all(|finding| finding.rule.id != "go-sum-missing")) else {
        return;
    };
    let why = court.say(format!("go list says: {first}"), format!("go list 报告：{first}"));
    let place = Place { file: go_mod.sum_file.clone(), line: None, is_ours: true };
    court.add("go-sum-missing", Some(place), first, &why, &["go mod tidy".to_owned()]);
}
