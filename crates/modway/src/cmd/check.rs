//! `modway check`: does a project, and the machine it is built on, keep the rules?

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use clap::Args;

use crate::{
    check::{
        Policy, Project, RULES, Scope, Severity,
        baseline::Baseline,
        gather::{NotRead, Source, Upstream, gather},
        judge,
        mend::mend,
        report::{Format, Report, Unknown},
        schema,
    },
    cli::End,
    config::Environment,
    lang::Lang,
    render::terminal::{Terminal, harmless},
};

/// Flags of `modway check`.
#[derive(Debug, Args)]
pub struct Check {
    /// The folder of the project; go.mod is there or above
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// The rules file (TOML); without one the built-in rules count
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// The output of `go env -json` of the machine to check, or its environment as lines of KEY=VALUE, in place of this one
    #[arg(long, value_name = "FILE")]
    go_env: Option<PathBuf>,
    /// The output of `go list -m -u -retracted -json all`, in place of running it
    #[arg(long, value_name = "FILE", conflicts_with = "offline")]
    go_list: Option<PathBuf>,
    /// Let `go list` read the module cache only: nothing is downloaded, and what is retracted or deprecated is not known
    #[arg(long)]
    offline: bool,
    /// The form of the report
    #[arg(long, value_name = "FORMAT", default_value = "text", conflicts_with = "json")]
    format: Format,
    /// Print JSON, as --format json
    #[arg(long)]
    json: bool,
    /// Fail on findings of this severity or worse [default: what the rules file says, else warning]
    #[arg(long, value_name = "SEVERITY")]
    fail_on: Option<Severity>,
    /// Keep quiet about the findings that this file knows
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write the findings of now to a file, for --baseline
    #[arg(long, value_name = "FILE", conflicts_with_all = ["baseline", "fix"])]
    write_baseline: Option<PathBuf>,
    /// Make the edits that lose nothing, and show them
    #[arg(long)]
    fix: bool,
    /// List the rules and what each wants
    #[arg(long)]
    list_rules: bool,
    /// Print the JSON Schema of the rules file
    #[arg(long)]
    schema: bool,
    /// The language of explanations [default: the locale's]
    #[arg(long, value_name = "LANG")]
    lang: Option<Lang>,
}

pub(super) fn run(check: &Check, environment: &Environment) -> anyhow::Result<End> {
    let lang = Lang::of(check.lang, environment);
    if check.schema {
        return super::config::print(&format!("{:#}\n", schema()));
    }
    let policy = match check.rules.as_deref().map(policy).transpose()? {
        None => Policy::default(),
        Some(Ok(policy)) => policy,
        Some(Err(mistake)) => {
            eprintln!("modway: {mistake}");
            return Ok(End::Misused);
        }
    };
    if check.list_rules {
        return super::config::print(&rules(&policy, lang));
    }
    let baseline = check.baseline.as_deref().map(baseline).transpose()?;
    let upstream = match (&check.go_list, check.offline) {
        (Some(file), _) => Upstream::File(file),
        (None, true) => Upstream::Offline,
        (None, false) => Upstream::Online,
    };
    let go_env = check.go_env.as_deref();
    let Some(folder) = folder(&check.folder) else {
        let folder = check.folder.display();
        match lang {
            Lang::En => eprintln!("modway: no folder {folder}; yours: name the folder of a module"),
            Lang::Zh => eprintln!("modway：没有目录 {folder}；请给出模块所在的目录"),
        }
        return Ok(End::Misused);
    };
    let project = gather(&Source { folder, go_env, upstream, environment }).map_err(|error| match &error {
        NotRead::File { file, cause } => super::unread(file, cause),
        NotRead::NotTold(_) | NotRead::NotListed { .. } => error.into(),
    })?;
    let findings = judge(&project, &policy, lang);
    if let Some(file) = &check.write_baseline {
        let text = Baseline::of(&findings).to_text();
        std::fs::write(file, text).with_context(|| format!("writing {}", file.display()))?;
        return super::config::print(&written(findings.len(), file, lang));
    }
    let (findings, known, gone) = match baseline {
        Some(baseline) => baseline.part(findings),
        None => (findings, 0, Vec::new()),
    };
    let fail_on = check.fail_on.or(policy.fail_on).unwrap_or(Severity::Warning);
    let front = project.modules.first().map_or("go.mod", |go_mod| &go_mod.file).to_owned();
    let mut report = Report { lang, findings, known, gone, unknown: unknown(&project, check, &policy, lang), fail_on, front };
    let terminal = Terminal::of_stdout(environment);
    if check.fix {
        let mended = mend(folder, &report.findings).context("mending files")?;
        report.findings.retain(|finding| finding.edit.as_ref().is_none_or(|edit| mended.iter().all(|one| one.file != edit.file)));
        // Not in the middle of what a program reads.
        mended.iter().for_each(|mended| eprint!("{}", mended.diff));
        let outside = report.findings.iter().filter_map(|finding| finding.edit.as_ref()).filter(|edit| !edit.is_inside());
        for file in outside.map(|edit| &edit.file).collect::<BTreeSet<_>>() {
            eprintln!("{}", left_alone(file, lang));
        }
    }
    let format = if check.json { Format::Json } else { check.format };
    super::config::print(&report.print(format, terminal))?;
    Ok(end(&report))
}

/// The folder that was named, or that of the file that was named.
fn folder(named: &Path) -> Option<&Path> {
    match named.metadata() {
        Ok(kind) if kind.is_file() => named.parent().map(|parent| if parent == Path::new("") { Path::new(".") } else { parent }),
        Ok(_) => Some(named),
        Err(_) => None,
    }
}

fn end(report: &Report) -> End {
    match (report.fails(), report.unknown.iter().all(|unknown| unknown.is_wanted)) {
        (true, _) => End::Found,
        (false, true) => End::Good,
        (false, false) => End::Unable,
    }
}

fn policy(file: &Path) -> anyhow::Result<Result<Policy, crate::check::InvalidPolicy>> {
    let (name, text) = super::read(file)?;
    Ok(Policy::parse(&name, &text))
}

fn baseline(file: &Path) -> anyhow::Result<Baseline> {
    let (name, text) = super::read(file)?;
    Ok(Baseline::parse(&name, &text)?)
}

/// The rules that could not be judged.
fn unknown(project: &Project, check: &Check, policy: &Policy, lang: Lang) -> Vec<Unknown> {
    let of = |scope: Scope| -> Vec<&'static str> {
        RULES.iter().filter(|rule| rule.scope == scope && policy.severity(rule).is_some()).map(|rule| rule.id).collect()
    };
    let mut unknown = Vec::new();
    if project.modules.is_empty() {
        let why = lang
            .pick(
                "there is no go.mod in this folder or above; yours: name the folder of a module, or run go mod init there",
                "此目录及其上级目录中没有 go.mod；请给出模块所在的目录，或在那里执行 go mod init",
            )
            .to_owned();
        unknown.push(Unknown {
            rules: [of(Scope::Project), of(Scope::Upstream)].concat(),
            why,
            is_wanted: check.go_env.is_some(),
        });
    } else if check.offline {
        let why = lang.pick("--offline: upstream was not asked", "--offline：没有询问上游").to_owned();
        unknown.push(Unknown { rules: of(Scope::Upstream), why, is_wanted: true });
    } else if let Err(words) = &project.listed {
        let why = format!("go list: {}", crate::check::shown(words));
        unknown.push(Unknown { rules: of(Scope::Upstream), why, is_wanted: false });
    }
    unknown.retain(|unknown| !unknown.rules.is_empty());
    unknown
}

fn rules(policy: &Policy, lang: Lang) -> String {
    let line = |rule: &crate::check::Rule| {
        let severity = policy.severity(rule).map_or(lang.pick("off", "关闭"), |severity| severity.word(lang));
        let severity = crate::render::terminal::pad(severity, 8);
        format!("{:<20} {severity} {}\n", rule.id, rule.wants(lang))
    };
    RULES.iter().map(line).collect()
}

fn left_alone(file: &str, lang: Lang) -> String {
    let file = harmless(file);
    match lang {
        Lang::En => format!("{file} is not in the folder that is checked, and stays as it is"),
        Lang::Zh => format!("{file} 不在所检查的目录里，未作改动"),
    }
}

fn written(count: usize, file: &Path, lang: Lang) -> String {
    let file = file.display();
    match lang {
        Lang::En => format!("wrote {count} findings to {file}; check with --baseline {file} from now on\n"),
        Lang::Zh => format!("已将 {count} 项写入 {file}；以后检查时请加上 --baseline {file}\n"),
    }
}
