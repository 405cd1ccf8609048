//! The rules, each with its stable id. What each means stands in docs/check.md, under the same id.

mod goflags;
mod goproxy;
mod modfile;
pub(super) use self::modfile::is_outside;
mod private;
mod sums;
mod upstream;

use std::collections::BTreeMap;

use super::{Edit, Finding, Place, Policy, Project, Severity, finding::shown};
use crate::{
    lang::Lang,
    limits,
    machine::{Layer, Setting},
};

/// A rule.
#[derive(PartialEq, Eq, Debug)]
pub struct Rule {
    /// Its stable name.
    pub id: &'static str,
    /// How bad its findings are, if the policy does not say otherwise.
    pub severity: Severity,
    /// What it looks at.
    pub scope: Scope,
    /// What it wants, in English and Chinese.
    pub wants: (&'static str, &'static str),
}

/// What a rule looks at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    /// The settings of the go command.
    Machine,
    /// Files of the project.
    Project,
    /// What upstream says of the modules that are required.
    Upstream,
}

const fn rule(id: &'static str, severity: Severity, scope: Scope, en: &'static str, zh: &'static str) -> Rule {
    Rule { id, severity, scope, wants: (en, zh) }
}

use Scope::{Machine, Upstream};
use Severity::{Error, Note, Warning};

/// All rules, in the order of the documents.
#[rustfmt::skip]
pub static RULES: &[Rule] = &[
    rule("go111module", Error, Machine, "modules are not switched off", "不关闭模块模式"),
    rule("goflags-mod", Error, Machine, "GOFLAGS does not let builds change go.mod", "GOFLAGS 不允许构建改动 go.mod"),
    rule("goflags-insecure", Error, Machine, "GOFLAGS has no -insecure", "GOFLAGS 中没有 -insecure"),
    rule("goflags-toolexec", Error, Machine, "GOFLAGS runs no other program in place of the compiler", "GOFLAGS 不用别的程序代替编译器"),
    rule("goflags-files", Warning, Machine, "GOFLAGS puts no other files in the place of those of the project", "GOFLAGS 不用别的文件代替项目里的文件"),
    rule("goflags-modcacherw", Note, Machine, "the module cache is not writable", "模块缓存不可写"),
    rule("goproxy-invalid", Error, Machine, "GOPROXY can be read", "GOPROXY 能被正确解析"),
    rule("goproxy-bypass", Error, Machine, "nothing in GOPROXY leads past the proxies that decide", "GOPROXY 中没有绕过策略代理的路径"),
    rule("goproxy-unlisted", Error, Machine, "GOPROXY has only entries that are allowed", "GOPROXY 中只有允许的条目"),
    rule("goproxy-bar", Warning, Machine, "a failure of a proxy is not passed over", "代理出错时不会被悄悄跳过"),
    rule("goproxy-end", Warning, Machine, "every entry of GOPROXY counts", "GOPROXY 的每个条目都有效"),
    rule("goproxy-plain", Warning, Machine, "proxies are asked over https", "通过 https 访问代理"),
    rule("goproxy-login", Warning, Machine, "no password stands in GOPROXY", "GOPROXY 中没有密码"),
    rule("private-hosts", Error, Machine, "the organisation's hosts are private", "组织的主机都被当作私有"),
    rule("private-pattern", Warning, Machine, "every pattern can match a module path", "每个模式都能匹配到模块路径"),
    rule("goinsecure", Error, Machine, "GOINSECURE is empty, or has exactly what is allowed", "GOINSECURE 为空，或者只含允许的模式"),
    rule("gosumdb-off", Error, Machine, "the checksum database is on", "校验和数据库没有关闭"),
    rule("gosumdb-invalid", Error, Machine, "GOSUMDB can be read", "GOSUMDB 能被正确解析"),
    rule("gosumdb-unlisted", Error, Machine, "GOSUMDB is one that is allowed", "GOSUMDB 是允许的数据库"),
    rule("gonosumdb-wide", Error, Machine, "GONOSUMDB is not wider than GOPRIVATE", "GONOSUMDB 不比 GOPRIVATE 宽"),
    rule("go-mod-invalid", Error, Scope::Project, "go.mod can be read", "go.mod 能被正确解析"),
    rule("go-line", Warning, Scope::Project, "go.mod says which Go it is written for", "go.mod 写明了所用的 Go 版本"),
    rule("module-path", Error, Scope::Project, "the module path is the organisation's", "模块路径属于本组织"),
    rule("replace-local", Error, Scope::Project, "no folder replaces a module", "没有用本地目录替换模块"),
    rule("replace-module", Warning, Scope::Project, "no module is replaced but those that may be", "只替换允许替换的模块"),
    rule("exclude", Note, Scope::Project, "no version is excluded but of modules that may be", "只排除允许排除的模块版本"),
    rule("toolchain-line", Warning, Scope::Project, "the toolchain line is there, or not there, as agreed", "toolchain 行按约定存在或不存在"),
    rule("toolchain-idle", Note, Scope::Project, "the toolchain line has an effect", "toolchain 行有实际作用"),
    rule("require-retracted", Warning, Upstream, "no version in use is retracted", "没有使用已撤回的版本"),
    rule("require-deprecated", Note, Upstream, "no module in use is deprecated", "没有使用已弃用的模块"),
    rule("go-sum-missing", Error, Scope::Project, "go.sum is complete", "go.sum 是完整的"),
    rule("go-sum-conflict", Error, Scope::Project, "go.sum has one hash for each version", "go.sum 中每个版本只有一个哈希"),
    rule("go-sum-malformed", Error, Scope::Project, "go.sum can be read", "go.sum 能被正确解析"),
    rule("go-sum-duplicate", Note, Scope::Project, "go.sum says nothing twice", "go.sum 中没有重复的行"),
    rule("go-work-invalid", Error, Scope::Project, "go.work can be read", "go.work 能被正确解析"),
    rule("go-work-outside", Warning, Scope::Project, "go.work uses modules of this project only", "go.work 只使用本项目内的模块"),
];

/// The rule with this id.
pub(super) fn find(id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.id == id)
}

impl Rule {
    /// What it wants, in a language.
    pub fn wants(&self, lang: Lang) -> &'static str {
        lang.pick(self.wants.0, self.wants.1)
    }

    /// The page that explains it, from the root of modway's documents.
    pub fn page(&self, lang: Lang) -> String {
        format!("{}#{}", lang.pick("docs/check.md", "docs/check.zh-CN.md"), self.id)
    }
}

/// Judges a project. Findings come in the order of places: the machine, then file by file, line by line.
pub fn judge(project: &Project, policy: &Policy, lang: Lang) -> Vec<Finding> {
    let mut court = Court { project, policy, lang, findings: Vec::new(), counts: BTreeMap::new() };
    goflags::judge(&mut court);
    goproxy::judge(&mut court);
    private::judge(&mut court);
    modfile::judge(&mut court);
    upstream::judge(&mut court);
    sums::judge(&mut court);
    court.findings.sort_by(|one, other| key(one).cmp(&key(other)));
    court.findings
}

/// The machine's findings first, then by file and line; the order of rules decides among those of one line.
fn key(finding: &Finding) -> (bool, Option<&Place>) {
    (finding.rule.scope != Scope::Machine, finding.place.as_ref())
}

/// A judgement on its way.
struct Court<'p> {
    project: &'p Project,
    policy: &'p Policy,
    lang: Lang,
    findings: Vec<Finding>,
    /// How many each rule has.
    counts: BTreeMap<&'static str, usize>,
}

impl<'p> Court<'p> {
    /// Adds a finding, if its rule counts. What it says is made fit for any output here.
    fn add(&mut self, id: &str, place: Option<Place>, subject: &str, why: &str, fix: &[String]) {
        let rule = find(id).expect("the rules name only rules of the table");
        let Some(severity) = self.policy.severity(rule) else { return };
        let count = self.counts.entry(rule.id).or_default();
        *count += 1;
        if *count > limits::MAX_FINDINGS_OF_A_RULE {
            return;
        }
        let fix = fix.iter().map(|line| shown(line)).collect();
        self.findings.push(Finding {
            rule,
            severity,
            place,
            subject: shown(subject),
            why: shown(why),
            fix,
            origin: None,
            edit: None,
        });
    }

    /// As [`Court::add`], with an edit that mends it.
    fn add_with_edit(&mut self, id: &str, edit: Edit, subject: &str, why: &str, fix: &[String]) {
        let before = self.findings.len();
        self.add(id, Some(Place { file: edit.file.clone(), line: Some(edit.line), is_ours: true }), subject, why, fix);
        if let Some(finding) = self.findings.get_mut(before) {
            finding.edit = Some(edit);
        }
    }

    /// Adds a finding about a setting.
    fn add_setting(&mut self, id: &str, setting: &Setting, subject: &str, why: &str, fix: &[String]) {
        let before = self.findings.len();
        self.add(id, self.project.place_of(setting), subject, why, fix);
        if let Some(finding) = self.findings.get_mut(before) {
            finding.origin = Some(shown(&setting.origin(self.lang)));
        }
    }

    fn setting(&self, variable: &str) -> Setting {
        self.project.machine.setting(variable)
    }

    /// The language's own of two texts.
    fn say(&self, en: String, zh: String) -> String {
        match self.lang {
            Lang::En => en,
            Lang::Zh => zh,
        }
    }

    /// The commands that give a setting another value; without a value, the default.
    fn change(&self, setting: &Setting, value: Option<&str>) -> Vec<String> {
        let variable = &setting.variable;
        vec![match (&setting.layer, value) {
            (Layer::Environment, None) => format!("unset {variable}"),
            (Layer::Environment, Some(value)) => format!("export {variable}={}", super::finding::quoted(value)),
            (_, None) => format!("go env -u {variable}"),
            (_, Some(value)) => format!("go env -w {variable}={}", super::finding::quoted(value)),
        }]
    }
}

/// A line of a file of the project.
fn at(file: &str, line: usize) -> Option<Place> {
    Some(Place { file: file.to_owned(), line: Some(line), is_ours: true })
}
