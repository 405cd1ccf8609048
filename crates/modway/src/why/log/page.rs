//! The page of all errors, `docs/errors.md`, made from the catalogue.

use std::fmt::Write as _;

use super::{
    catalogue::{Fix, PARTS, Question, Row},
    text::{by_whom, whose},
};
use crate::lang::Lang;

/// The page in Markdown; `docs/errors.md` and `docs/errors.zh-CN.md` are this.
pub fn page(lang: Lang) -> String {
    let mut text = lang.pick(HEAD_EN, HEAD_ZH).to_owned();
    for (title, rows) in PARTS {
        let links: Vec<String> = rows.iter().map(|row| format!("[`{0}`](#{0})", row.code)).collect();
        // Writing to a String cannot fail.
        let _ = writeln!(text, "\n**{}**{}{}", title.of(lang), lang.pick(": ", "："), links.join(lang.pick(", ", "、")));
    }
    for (title, rows) in PARTS {
        let _ = writeln!(text, "\n# {}", title.of(lang));
        rows.iter().for_each(|row| section(&mut text, row, lang));
    }
    text
}

const HEAD_EN: &str = "# Errors of the go command

What `modway why --log` knows: one section for each cause, under a code that never changes its meaning. This page is made from the code by
`modway why --catalogue`; phrases are those of Go 1.27.3. In a phrase `{}` stands for one word and `…` for anything.

```sh
modway why --log build.log                  # a file
go build ./... 2>&1 | modway why --log -    # standard input
modway why --log build.log --json --lang zh
```

Colours, dates, prefixes and annotations of CI services are read through, and other tools' lines are left alone. What is not in this list is said to be
unknown. It ends with 0 if there is no error of the go command, 1 if there is, 2 if it was used wrongly, and 3 if the log could not be read or none of its
errors is known.
";

const HEAD_ZH: &str = "# go 命令的错误

`modway why --log` 认识的全部错误：每个原因一节，代码的含义永不改变。本页由 `modway why --catalogue --lang zh` 根据代码生成；短语取自 Go 1.27.3，
其中 `{}` 代表一个词，`…` 代表任意内容。

```sh
modway why --log build.log                  # 读文件
go build ./... 2>&1 | modway why --log -    # 读标准输入
modway why --log build.log --json --lang zh
```

CI 的颜色、时间、前缀和注解都能识别，其他工具的输出不会被误认。不在目录中的错误会如实说明未知。退出码：0 没有 go 命令的错误；1 有；2 用法有误；
3 无法读取日志，或其中的错误都不认识。
";

fn section(text: &mut String, row: &Row, lang: Lang) {
    let _ = writeln!(text, "\n## `{}`\n", row.code);
    let _ = writeln!(text, "{}\n", row.cause.of(lang));
    let _ = writeln!(text, "* {}{}", lang.pick("Printed: ", "打印的短语："), quoted(row.phrases, lang));
    if !row.answer.is_empty() {
        let _ =
            writeln!(text, "* {}{}", lang.pick("And in the server's answer: ", "且服务器应答中有："), quoted(row.answer, lang));
    }
    let _ = writeln!(text, "* {}{}", lang.pick("Who said it: ", "谁说的："), by_whom(row.by, lang));
    let _ = writeln!(text, "* {}{}", lang.pick("Whose move: ", "该谁处理："), whose(row.whose, lang));
    if !row.settings.is_empty() {
        let _ = writeln!(text, "* {}{}", lang.pick("Settings: ", "相关设置："), row.settings.join(", "));
    }
    row.fixes.iter().for_each(|fix| write_fix(text, fix, lang));
    if let Some(question) = &row.question {
        write_question(text, question, lang);
    }
}

fn write_fix(text: &mut String, fix: &Fix, lang: Lang) {
    let _ = writeln!(text, "\n{}{}", lang.pick("Fix: ", "修复："), fix.say.of(lang));
    if !fix.command.is_empty() {
        let _ = writeln!(text, "\n```sh\n{}\n```", named(fix.command));
    }
}

fn write_question(text: &mut String, question: &Question, lang: Lang) {
    let _ = writeln!(text, "\n{}{}", lang.pick("**To decide:** ", "**如何判断**："), question.ask.of(lang));
    let _ = writeln!(text, "\n```sh\n{}\n```\n", named(question.command));
    let _ = writeln!(text, "| {} | {} |\n|---|---|", lang.pick("It prints", "输出"), lang.pick("Then", "含义"));
    for (answer, meaning) in question.answers {
        let _ = writeln!(text, "| {} | {} |", answer.of(lang), meaning.of(lang));
    }
}

fn quoted(phrases: &[&str], lang: Lang) -> String {
    phrases.iter().map(|phrase| format!("`{}`", phrase.trim())).collect::<Vec<_>>().join(lang.pick(", ", "、"))
}

/// A command with its placeholders in capitals.
fn named(command: &str) -> String {
    super::Subject::default().fill(command)
}
