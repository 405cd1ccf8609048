//! The catalogue of the go command's errors: a closed table, one row for each cause, with a code that never changes its meaning.
//!
//! Phrases are those of Go 1.27.3, and of older releases where they differ. `docs/errors.md` is made from it.

pub mod classes;
mod content;
mod discovery;
mod local;
mod proxy;
mod repository;
mod sums;
mod toolchain;

use crate::lang::Lang;

/// A text in both languages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Both {
    /// English.
    pub en: &'static str,
    /// Chinese.
    pub zh: &'static str,
}

impl Both {
    /// The text in this language.
    pub const fn of(self, lang: Lang) -> &'static str {
        lang.pick(self.en, self.zh)
    }
}

const fn both(en: &'static str, zh: &'static str) -> Both {
    Both { en, zh }
}

/// On whose word the error rests.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum By {
    /// A server that speaks the module proxy protocol, or a folder in its form: an entry of GOPROXY.
    Proxy,
    /// The checksum database, asked by itself or through a proxy.
    Database,
    /// The page `https://MODULE?go-get=1` of the module's own host.
    Discovery,
    /// The host of the repository, and the tool that speaks to it: git, hg, svn, fossil.
    Repository,
    /// The module's own content: go.mod, tags, files.
    Module,
    /// The go command itself, from its settings and arguments and from what lies on this machine.
    Go,
    /// The text does not say.
    Unclear,
}

/// Who can do something about it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Whose {
    /// Whoever runs the go command.
    Client,
    /// Whoever runs the module proxy.
    Proxy,
    /// Whoever runs the checksum database.
    Database,
    /// Whoever runs the host of the module.
    Host,
    /// The author of the module.
    Author,
    /// Whoever runs the network in between.
    Network,
}

/// One way to mend it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fix {
    /// What it does, and its price.
    pub say: Both,
    /// The command; `{module}`, `{host}` and so on stand for what the error names. Empty if there is none.
    pub command: &'static str,
}

/// What decides between causes that print the same words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Question {
    /// The question.
    pub ask: Both,
    /// The command that answers it, in the form of [`Fix::command`].
    pub command: &'static str,
    /// What the command may print, and what it then means.
    pub answers: &'static [(Both, Both)],
}

/// One cause.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Row {
    /// Stable, in kebab case; its first word says who is at fault where a server is. The anchor in `docs/errors.md`.
    pub code: &'static str,
    /// On whose word it rests.
    pub by: By,
    /// Whose move it is.
    pub whose: Whose,
    /// What the go command prints: one of these, see [`super::phrase`].
    pub phrases: &'static [&'static str],
    /// What the server must have added to it; empty if that does not matter.
    pub answer: &'static [&'static str],
    /// Settings that lead there.
    pub settings: &'static [&'static str],
    /// The cause.
    pub cause: Both,
    /// Ways to mend it, the best first.
    pub fixes: &'static [Fix],
    /// What to ask if several things can be behind it.
    pub question: Option<Question>,
}

impl Row {
    /// Where the documents say more.
    ///
    /// Specimen: `docs/errors.md#proxy-absent`
    pub fn docs(&self, lang: Lang) -> String {
        format!("{}#{}", lang.pick("docs/errors.md", "docs/errors.zh-CN.md"), self.code)
    }
}

const fn fix(en: &'static str, zh: &'static str, command: &'static str) -> Fix {
    Fix { say: both(en, zh), command }
}

/// The parts of the catalogue in the order in which a module travels, each with its rows; of two rows that fit, the first one counts.
pub static PARTS: &[(Both, &[Row])] = &[
    (both("Settings and arguments", "设置与命令参数"), local::ROWS),
    (both("Toolchains", "工具链"), toolchain::ROWS),
    (both("Checksums", "校验和"), sums::ROWS),
    (both("The module proxy", "模块代理（GOPROXY）"), proxy::ROWS),
    (both("Discovery: from module path to repository", "发现：从 module path 找到代码仓库"), discovery::ROWS),
    (both("Repositories: git and others", "代码仓库：git 等"), repository::ROWS),
    (both("Versions and content of modules", "模块的版本与内容"), content::ROWS),
];

/// All rows, in order.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    PARTS.iter().flat_map(|(_, rows)| rows.iter())
}

/// The row with this code.
pub fn row(code: &str) -> Option<&'static Row> {
    rows().find(|row| row.code == code)
}
