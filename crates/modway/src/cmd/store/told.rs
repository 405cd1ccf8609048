//! What `modway store check` says at the end, and of each finding.

use std::time::Duration;

use proxy::stocktake::{Fault, Finding, Tally};
use serde_json::json;
use store::stock::Hold;

use super::bar::{rate, size};
use crate::{check::shown, lang::Lang};

/// All that was found out.
pub(super) struct Report {
    pub(super) lang: Lang,
    pub(super) tally: Tally,
    pub(super) hold: Hold,
    pub(super) elapsed: Duration,
    /// Those that JSON lists.
    pub(super) findings: Vec<Finding>,
    /// Logs and databases whose keys the configuration does not name.
    pub(super) unsigned: Vec<String>,
    pub(super) done: Done,
}

impl Report {
    /// The document, for programs.
    pub(super) fn json(&self) -> String {
        let Tally { versions, files, bytes, compared, found, unreadable, .. } = self.tally;
        let Tally { logs, records, tiles, lookups, kept_tiles, .. } = self.tally;
        let finding = |finding: &Finding| {
            let Finding { path, fault, aside } = finding;
            json!({ "path": path, "code": fault.code(), "text": fault.to_string(), "put_aside": aside })
        };
        let held = match self.hold {
            Hold::Alone => "alone",
            Hold::Beside => "beside",
            Hold::Reading => "reading",
        };
        let document = json!({
            "version": 1,
            "good": found == 0,
            "held": held,
            "versions": versions,
            "files": files,
            "size_bytes": bytes,
            "compared": compared,
            "logs": { "count": logs, "records": records, "tiles": tiles },
            "databases": { "lookups": lookups, "tiles": kept_tiles },
            "unsigned": self.unsigned,
            "found": found,
            "unreadable": unreadable,
            "duration_ms": u64::try_from(self.elapsed.as_millis()).unwrap_or(u64::MAX),
            "findings": self.findings.iter().map(finding).collect::<Vec<_>>(),
        });
        format!("{document:#}\n")
    }

    /// The last lines, for people.
    pub(super) fn text(&self) -> String {
        let Tally { versions, files, bytes, compared, found, .. } = self.tally;
        let all_bytes = bytes + self.tally.log_bytes;
        let (size, rate, seconds) = (size(bytes), rate(all_bytes, self.elapsed), self.elapsed.as_secs_f64());
        let all = match self.lang {
            Lang::En => format!(
                "{} of {}, {size}, read in {seconds:.1} s ({rate}); {} held against a checksum database",
                count(files, "file"),
                count(versions, "version"),
                count(compared, "version"),
            ),
            Lang::Zh => format!(
                "{versions} 个版本，{files} 个文件，共 {size}，用时 {seconds:.1} 秒（{rate}）；其中 {compared} 个版本已与校验和数据库核对"
            ),
        };
        let end = match (self.lang, found) {
            (Lang::En, 0) => "all of it is right".to_owned(),
            (Lang::En, found) => count(found, "finding"),
            (Lang::Zh, 0) => "全部正确".to_owned(),
            (Lang::Zh, found) => format!("发现 {found} 处问题"),
        };
        format!("{all}\n{}{end}{}\n", self.logs(), self.advice())
    }

    /// What was proven of logs and databases, if there is any.
    fn logs(&self) -> String {
        let Tally { logs, records, tiles, lookups, kept_tiles, .. } = self.tally;
        if logs + lookups + kept_tiles == 0 {
            return String::new();
        }
        match self.lang {
            Lang::En => format!(
                "{} of {} and {} in {}; {} and {} kept of checksum databases of others\n",
                count(records, "record"),
                count(logs, "log"),
                count(tiles, "tile"),
                if logs == 1 { "it" } else { "them" },
                count(lookups, "lookup"),
                count(kept_tiles, "tile"),
            ),
            Lang::Zh => format!(
                "{logs} 个自有日志，共 {records} 条记录、{tiles} 个 tile；其他校验和数据库的 {lookups} 个查询结果和 {kept_tiles} 个 tile\n"
            ),
        }
    }

    /// What is to be done, or was not done, and by whom, if something is wrong.
    fn advice(&self) -> String {
        let lang = self.lang;
        let heals = match (self.done.aside, self.done.fetched) {
            (0, 0) => None,
            (0, _) => Some(lang.pick(
                "what is missing is fetched again when asked for: only bytes with the recorded h1 are taken, and of a database what it proves",
                "缺失或已删除的内容下次被请求时会重新下载，且只接受 h1 与记录一致的内容和数据库能证明的内容",
            )),
            (_, _) => Some(lang.pick(
                "what was put aside lies in the folder quarantine, and is fetched again when asked for: only bytes with the recorded h1 are taken",
                "移出的文件在 quarantine 目录中，下次被请求时会重新下载，且只接受 h1 与记录一致的内容",
            )),
        };
        let unreadable = lang.pick(
            "what cannot be read was left: see to the disk and to who may read the files, and run this again",
            "无法读取的内容保持原样：请检查磁盘和文件权限后再运行一次",
        );
        let log = lang.pick(
            "nobody else has the logs of your own: stop the server and bring their folders in logs/ and index.sqlite back together, from one backup",
            "自有日志没有其他副本：请停止服务器，并从同一份备份中一起恢复 logs/ 下的目录和 index.sqlite",
        );
        let left = lang.pick(
            "what was not put aside is yours to mend: restore index.sqlite from a backup where a record or a tree head is damaged",
            "未移出的问题需要您来处理：若记录或树头已损坏，请从备份恢复 index.sqlite",
        );
        let beside = lang.pick(
            "a server uses this store, so nothing was changed: its daily sweep puts damaged bytes aside; stop it and run this again for the rest",
            "有服务器正在使用此存储，因此没有做任何改动：损坏的内容会由它每天的清扫移出；其余问题请停止服务器后再运行一次",
        );
        let sentences = match (self.tally.found, self.hold) {
            (0, _) => Vec::new(),
            (_, Hold::Beside) => [Some(beside), (self.done.logs > 0).then_some(log)].into_iter().flatten().collect(),
            (_, Hold::Reading) => {
                [Some(lang.pick("nothing was changed (--dry)", "没有做任何改动（--dry）")), (self.done.logs > 0).then_some(log)]
                    .into_iter()
                    .flatten()
                    .collect()
            }
            (_, Hold::Alone) => [
                heals,
                (self.done.logs > 0).then_some(log),
                (self.done.left > 0).then_some(left),
                (self.tally.unreadable > 0).then_some(unreadable),
            ]
            .into_iter()
            .flatten()
            .collect(),
        };
        sentences.into_iter().map(|sentence| format!("{}{sentence}", lang.pick("; ", "；"))).collect()
    }
}

/// What was done about the findings.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Done {
    aside: u64,
    /// What is fetched again, and lies nowhere meanwhile.
    fetched: u64,
    logs: u64,
    left: u64,
}

impl Done {
    pub(super) fn count(&mut self, finding: &Finding) {
        match (&finding.fault, finding.aside) {
            (Fault::Missing | Fault::Unproven(_), true) => self.fetched += 1,
            (_, true) => self.aside += 1,
            // Of these the tally knows.
            (Fault::Unreadable(_), false) => {}
            (Fault::Log { .. }, false) => self.logs += 1,
            (_, false) => self.left += 1,
        }
    }
}

fn count(number: u64, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// One finding in a line.
pub(super) fn line(finding: &Finding, lang: Lang) -> String {
    let aside = match (&finding.fault, finding.aside) {
        (_, false) => "",
        (Fault::Missing, true) => lang.pick("; will be fetched again", "；将重新下载"),
        (Fault::Unproven(_), true) => lang.pick("; removed, will be fetched again", "；已删除，将重新下载"),
        (_, true) => lang.pick("; put aside", "；已移出"),
    };
    format!("{}{}{aside}\n", shown(&finding.path), words(&finding.fault, lang))
}

/// A log or database that nobody can say who signed.
pub(super) fn unsigned(path: &str, lang: Lang) -> String {
    let path = shown(path);
    match (lang, path.starts_with("logs/")) {
        (Lang::En, true) => format!(
            "{path}: the configuration does not name its key: held against the index alone, its signatures against nothing\n"
        ),
        (Lang::En, false) => {
            format!("{path}: the configuration does not name this database: what is kept of it was not proven\n")
        }
        (Lang::Zh, true) => format!("{path}：配置中没有它的密钥：仅与索引核对，未核对签名\n"),
        (Lang::Zh, false) => format!("{path}：配置中没有此数据库：所保存的内容未经证明\n"),
    }
}

fn words(fault: &Fault, lang: Lang) -> String {
    let zh = match fault {
        _ if lang == Lang::En => return format!(": {}", shown(&fault.to_string())),
        Fault::Missing => "记录所指的内容不存在".to_owned(),
        Fault::Damaged => "内容与保存时不同".to_owned(),
        Fault::Unreadable(said) => format!("无法读取：{}", shown(said)),
        Fault::NotAModule(said) => format!("不是该模块的 zip：{}", shown(said)),
        Fault::UnlikeRecord { recorded, computed, proven_by } => {
            let proven = proven_by.as_ref().map(|database| format!("；{database} 证明内容是对的")).unwrap_or_default();
            format!("内容的校验和是 {computed}，记录中是 {}{proven}", shown(recorded))
        }
        Fault::UnlikeDatabase { database, proven, computed } => format!("内容的校验和是 {computed}，{database} 中是 {proven}"),
        Fault::Unproven(said) => format!("无法证明：{}", shown(said)),
        Fault::Log { said, .. } => shown(said).to_string(),
    };
    format!("：{zh}")
}
