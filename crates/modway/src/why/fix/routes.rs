//! Fixes that change the way: which modules are private, and where GOPROXY leads.

use gomod::{
    client::{Checksums, ErrorClass, Question, Server},
    goenv::defaults,
    goimport::is_shared,
    goproxy::{GoProxyList, Separator, Source},
    pattern::NearMiss,
};

use super::{Case, Fix};
use crate::why::report::Text;

/// For a break at an entry of GOPROXY: private modules go past it; other failures may give way.
pub(super) fn past_the_proxy(case: &Case<'_>) -> Vec<Fix> {
    let mut fixes = private(case);
    if let Some(gives_way) = gives_way(case) {
        fixes.push(gives_way);
    }
    if !case.has_direct() {
        fixes.extend(then_direct(case));
    }
    if case.broken.class != ErrorClass::Absent && !is_default(case) {
        fixes.push(default_list(case));
    }
    fixes
}

/// GOPRIVATE, or a near miss in it made right.
pub(super) fn private(case: &Case<'_>) -> Vec<Fix> {
    let path = case.report.command.path();
    let (patterns, setting) = case.machine.gonoproxy();
    if patterns.find(path).is_some() {
        return Vec::new();
    }
    let near: Vec<(String, String)> = patterns
        .near_misses(path)
        .into_iter()
        .filter(NearMiss::is_likely)
        .map(|near| (near.pattern.to_owned(), near.meant))
        .collect();
    let is_meant = !near.is_empty();
    let value = match near.first() {
        Some((pattern, meant)) => replaced(&setting.value, pattern, meant),
        None => added(&setting.value, &case.pattern()),
    };
    let variable = if setting.value.is_empty() { "GOPRIVATE" } else { setting.variable.as_str() };
    let pattern = near.first().map_or_else(|| case.pattern(), |(_, meant)| meant.clone());
    let what = match near.first() {
        Some((pattern, meant)) => Text::new(
            format!("let {variable} match: {meant:?} in place of {pattern:?}"),
            format!("让 {variable} 匹配：把 {pattern:?} 改成 {meant:?}"),
        ),
        None => Text::new(
            format!("if {} is private: say so, and Go fetches it from its own host", case.pattern()),
            format!("如果 {} 是私有的：声明它，Go 就会直接从它自己的主机下载", case.pattern()),
        ),
    };
    // A public path under a well-known host is hardly private: the fix stands further down.
    let weight = if is_meant {
        5
    } else if is_well_known(case.module_host()) {
        60
    } else {
        20
    };
    vec![case.setting("goprivate", weight, vec![(variable, value)], what, price_of_private(variable, &pattern))]
}

/// A module that is private by a pattern that should not match.
pub(super) fn public(case: &Case<'_>) -> Vec<Fix> {
    let path = case.report.command.path();
    let (patterns, setting) = case.machine.gonoproxy();
    let mut fixes = Vec::new();
    if let Some(pattern) = patterns.find(path).filter(|pattern| is_well_known(case.module_host()) || pattern.starts_with('*')) {
        let value = removed(&setting.value, pattern);
        let what = Text::new(
            format!("if {path} is public: take {pattern:?} out of {}, and it comes from GOPROXY", setting.variable),
            format!("如果 {path} 是公开的：从 {} 中去掉 {pattern:?}，改由 GOPROXY 提供", setting.variable),
        );
        let price = Text::new(
            format!("the proxies then hear of everything that {pattern} matches"),
            format!("此后 proxy 会看到所有匹配 {pattern} 的模块名"),
        );
        fixes.push(case.setting("not-private", 50, vec![(&setting.variable, value)], what, price));
    }
    fixes
}

/// GOPROXY=off was reached.
pub(super) fn past_off(case: &Case<'_>) -> Vec<Fix> {
    let mut fixes = private(case);
    fixes.push(default_list(case));
    fixes
}

/// GOPROXY that can be read: what was probably meant, else Go's default.
pub(super) fn readable(case: &Case<'_>) -> Vec<Fix> {
    let written = case.machine.setting("GOPROXY").value;
    let mut fixes = Vec::new();
    if let Some(meant) = meant(&written) {
        let what = Text::new("write it as it was probably meant", "按大概的本意改写");
        let shown = crate::machine::masked(&meant);
        let price = Text::new(format!("none, if {shown} is what was meant"), format!("没有，前提是本意就是 {shown}"));
        fixes.push(case.setting("goproxy-meant", 5, vec![("GOPROXY", meant)], what, price));
    }
    fixes.push(default_list(case));
    fixes
}

/// The checksum database does not know a module, or cannot be asked.
pub(super) fn private_sums(case: &Case<'_>) -> Vec<Fix> {
    if matches!(case.report.sums.checksums, Checksums::Private { .. } | Checksums::Off) {
        return Vec::new();
    }
    let path = case.report.command.path();
    let (patterns, setting) = case.machine.gonosumdb();
    let near = patterns.near_misses(path).into_iter().find(NearMiss::is_likely).map(|near| (near.pattern.to_owned(), near.meant));
    let pattern = near.as_ref().map_or_else(|| case.pattern(), |(_, meant)| meant.clone());
    // With GOPRIVATE the module is fetched directly, too; whoever wants it from the proxy says GONOSUMDB alone.
    let (variable, base) = match setting.variable.as_str() {
        "GONOSUMDB" => ("GONOSUMDB", setting.value.clone()),
        _ => ("GOPRIVATE", case.machine.setting("GOPRIVATE").value),
    };
    let value = match &near {
        Some((wrong, meant)) => replaced(&base, wrong, meant),
        None => added(&base, &pattern),
    };
    let what = Text::new(
        format!("if {pattern} is private: keep it from the database and from all proxies"),
        format!("如果 {pattern} 是私有的：既不向校验和数据库查询，也不经过任何 proxy"),
    );
    let mut fixes = vec![case.setting("private", 10, vec![(variable, value)], what, price_of_private(variable, &pattern))];
    if variable == "GOPRIVATE" {
        let what = Text::new(
            format!("if {pattern} is private: keep it from the database, and fetch it the way it comes now"),
            format!("如果 {pattern} 是私有的：不要向校验和数据库查询它，但仍按现在的途径下载"),
        );
        let now = case.machine.setting("GONOSUMDB").value;
        let inherited = if now.is_empty() { base } else { now };
        let changes = vec![("GONOSUMDB", added(&inherited, &pattern))];
        fixes.push(case.setting("gonosumdb", 30, changes, what, price_of_private("GONOSUMDB", &pattern)));
    }
    fixes
}

/// `|` behind the entry that failed.
fn gives_way(case: &Case<'_>) -> Option<Fix> {
    let Some(Question::Proxy { server: Server::Entry(index), .. }) = &case.broken.at else { return None };
    let list = case.list()?;
    let entry = list.entries().get(*index)?;
    if case.broken.is_absence || entry.separator != Separator::Comma {
        return None;
    }
    let value = with_bar(&case.machine.setting("GOPROXY").value, *index)?;
    let what = Text::new(
        format!("let every failure of {entry} give way to the next entry: | in place of ,"),
        format!("让 {entry} 的任何失败都转到下一项：把 , 改成 |"),
    );
    let price = Text::new(
        format!("its refusals give way, too: if {entry} enforces a policy, this goes past it"),
        format!("它的拒绝也会被绕过：如果 {entry} 用来执行策略，这会越过策略"),
    );
    Some(case.setting("bar", 40, vec![("GOPROXY", value)], what, price))
}

fn then_direct(case: &Case<'_>) -> Option<Fix> {
    let written = case.machine.setting("GOPROXY").value;
    let list = case.list()?;
    if list.entries().last().is_some_and(|entry| entry.source == Source::Off) {
        return None;
    }
    let separator = if case.broken.is_absence { "," } else { "|" };
    let what = Text::new("let version control follow the proxies", "让版本控制（direct）排在 proxy 之后");
    let price = Text::new(
        "modules that no proxy has come from their hosts: git is needed, and the proxy's policy is no longer the last word",
        "proxy 没有的模块会从各自的主机下载：需要 git，并且 proxy 的策略不再是最终决定",
    );
    Some(case.setting("then-direct", 45, vec![("GOPROXY", format!("{written}{separator}direct"))], what, price))
}

fn default_list(case: &Case<'_>) -> Fix {
    let what = Text::new("go back to Go's default list", "恢复 Go 的默认列表");
    let price = Text::new(
        format!("{} hears the names of all modules that are not private", host_of_default()),
        format!("{} 会看到所有非私有模块的名字", host_of_default()),
    );
    case.setting("default-list", 70, vec![("GOPROXY", defaults::GOPROXY.to_owned())], what, price)
}

fn is_default(case: &Case<'_>) -> bool {
    case.machine.setting("GOPROXY").value == defaults::GOPROXY
}

fn host_of_default() -> &'static str {
    defaults::GOPROXY.trim_start_matches("https://").split(',').next().unwrap_or_default()
}

fn price_of_private(variable: &str, pattern: &str) -> Text {
    match variable {
        "GONOSUMDB" => Text::new(
            format!("this turns off checksums for {pattern}: go.sum alone still notices a change"),
            format!("这会关闭 {pattern} 的校验和数据库检查：只剩 go.sum 能发现改动"),
        ),
        "GONOPROXY" => Text::new(
            format!("{pattern} comes from its own host: git, its login and its certificate are needed; checksums stay on"),
            format!("{pattern} 将从自己的主机下载：需要 git、登录和受信任的证书；校验和仍然检查"),
        ),
        _ => Text::new(
            format!(
                "this also turns off checksums for {pattern}, and no proxy serves it: git, its login and its certificate are needed"
            ),
            format!("这同时会关闭 {pattern} 的校验和数据库检查，也不再经过 proxy：需要 git、登录和受信任的证书"),
        ),
    }
}

fn is_well_known(host: &str) -> bool {
    is_shared(host) || ["golang.org", "google.golang.org"].contains(&host)
}

/// The list with one more pattern. `none` is no keyword, and stays: somebody wrote it.
fn added(list: &str, pattern: &str) -> String {
    if list.is_empty() { pattern.to_owned() } else { format!("{},{pattern}", list.trim_end_matches(',')) }
}

fn replaced(list: &str, pattern: &str, meant: &str) -> String {
    let parts = list.split(',').map(|part| if part == pattern { meant } else { part });
    parts.collect::<Vec<_>>().join(",")
}

fn removed(list: &str, pattern: &str) -> String {
    let keeps = |part: &&str| part.strip_suffix('/').unwrap_or(part) != pattern;
    list.split(',').filter(keeps).collect::<Vec<_>>().join(",")
}

/// The list as written, with a bar behind its entry `index`.
fn with_bar(list: &str, index: usize) -> Option<String> {
    let mut number = 0;
    let mut from = 0;
    for (at, separator) in list.match_indices([',', '|']) {
        if list.get(from..at).is_some_and(|element| !element.trim().is_empty()) {
            if number == index && separator == "," {
                return Some(format!("{}|{}", &list[..at], &list[at + 1..]));
            }
            number += 1;
        }
        from = at + separator.len();
    }
    None
}

/// A list that can be read and is as near as can be to one that cannot.
fn meant(written: &str) -> Option<String> {
    let is_good = |list: &str| GoProxyList::parse(list).is_ok_and(|list| !list.entries().is_empty());
    let spaced = written.replace([';', '，', '；'], ",").replace('｜', "|");
    let elements: Vec<String> = spaced.split(',').map(|element| element_meant(element.trim())).collect();
    let joined = elements.join(",");
    let by_space =
        elements.iter().flat_map(|element| element.split_whitespace()).map(element_meant).collect::<Vec<_>>().join(",");
    [joined, by_space].into_iter().find(|list| is_good(list) && *list != written)
}

fn element_meant(element: &str) -> String {
    let bare = element.trim_matches(['"', '\'', '“', '”', ' ']);
    let small = bare.to_lowercase();
    match small.as_str() {
        "direct" | "direkt" | "driect" | "dirct" | "direc" => "direct".to_owned(),
        "off" | "none" => "off".to_owned(),
        _ => {
            let typo = ["htps://", "htttps://", "http//", "https//", "https:/", "http:/", "hhtps://", "ttps://"];
            let wrong = typo
                .iter()
                .find(|wrong| small.starts_with(**wrong) && !small.starts_with("https://") && !small.starts_with("http://"));
            match wrong {
                Some(wrong) => format!("https://{}", &bare[wrong.len()..]),
                None => bare.to_owned(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_meant(written: &str, list: Option<&str>) {
        assert_eq!(meant(written).as_deref(), list);
    }

    #[test]
    fn a_list_that_cannot_be_read_is_read_as_it_was_meant() {
        check_meant("https://p.test,DIRECT", Some("https://p.test,direct"));
        check_meant("https://p.test;direct", Some("https://p.test,direct"));
        check_meant("https://p.test，direct", Some("https://p.test,direct"));
        check_meant("\"https://p.test,direct\"", Some("https://p.test,direct"));
        check_meant("htps://p.test", Some("https://p.test"));
        check_meant("nonsense", None);
        check_meant(",", None);
    }

    #[test]
    fn a_bar_stands_behind_the_entry_that_failed() {
        assert_eq!(
            with_bar("https://a.test, https://b.test,direct", 1).as_deref(),
            Some("https://a.test, https://b.test|direct")
        );
        assert_eq!(with_bar(",https://a.test,direct", 0).as_deref(), Some(",https://a.test|direct"));
        assert_eq!(with_bar("https://a.test|direct", 0), None);
    }

    #[test]
    fn patterns_are_added_exchanged_and_taken_out() {
        assert_eq!((added("", "a").as_str(), added("b,", "a").as_str()), ("a", "b,a"));
        assert_eq!(replaced("x, a.test", " a.test", "a.test"), "x,a.test");
        assert_eq!(removed("x,a.test/,y", "a.test"), "x,y");
    }
}
