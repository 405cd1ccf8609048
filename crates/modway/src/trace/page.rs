//! A trace as a page: every line opens to what is known of it.

use std::time::Duration;

use super::{
    Story, Traced,
    rows::{Kind, Row, rows},
    say::{self, headline, sentences},
};
use crate::{
    lang::Lang,
    render::html::{Page, escape},
};

/// A bar is a box with three parts, whose places are numbers of the line's own style.
const STYLE: &str = "\
.head p{margin:.15rem 0}
.legend{display:flex;flex-wrap:wrap;gap:.25rem 1rem;font-size:.8rem;color:var(--faint);margin:.5rem 0 0}
.legend i{display:inline-block;width:14px;height:9px;border-radius:2px;margin-right:.35rem}
details{border-bottom:1px solid var(--line)}
.row{display:grid;grid-template-columns:2.6rem minmax(0,11rem) minmax(0,1.3fr) minmax(0,1fr) 4.6rem;gap:.6rem;align-items:center;\
padding:.2rem 0;font-size:.86rem}
summary{cursor:pointer;list-style:none}
summary::-webkit-details-marker{display:none}
summary:hover{background:var(--wash)}
summary:focus-visible{outline:2px solid var(--step-bar);outline-offset:-2px}
.axis{font-size:.75rem;color:var(--faint)}
.scale{display:flex;justify-content:space-between}.scale i{font-style:normal}
.status{font-weight:600}
.host,.what{white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
.what{direction:rtl;text-align:left}
.what bdi{direction:ltr;unicode-bidi:isolate}
.host{color:var(--faint)}
.took{text-align:right;white-space:nowrap;color:var(--faint)}
.lane{position:relative;height:14px;background:linear-gradient(90deg,var(--line) 1px,transparent 1px) 0 0/25% 100%}
.bar{position:absolute;top:1px;bottom:1px;min-width:4px;border-radius:2px;border:1px solid var(--c);background:var(--w)}
.bar b{position:absolute;right:0;top:0;bottom:0;background:var(--c)}
.bar s{position:absolute;left:0;top:0;bottom:0;background:var(--line)}
.Good{--c:var(--good-bar);--w:var(--good-wash)}.Good .status{color:var(--good)}
.NotExist{--c:var(--warn-bar);--w:var(--warn-wash)}.NotExist .status{color:var(--warn)}
.Step{--c:var(--step-bar);--w:var(--step-wash)}.Step .status{color:var(--step)}
.Bad{--c:var(--bad-bar);--w:var(--bad-wash)}.Bad .status{color:var(--bad)}
.Tunnel.Good{--c:var(--other-bar);--w:var(--other-wash)}.Tunnel.Good .status{color:var(--other)}
.Process{--c:var(--faint);--w:var(--faint)}
.facts{margin:.1rem 0 .6rem 3.2rem;font-size:.86rem}
.facts div{overflow-wrap:anywhere}
@media (max-width:46rem){.row{grid-template-columns:2.6rem minmax(0,1fr) 4.4rem;row-gap:0}\
.host{grid-column:2/4;grid-row:1}.status{grid-row:1}.what{grid-column:1/3;grid-row:2}.took{grid-row:2}.lane{grid-column:1/4;grid-row:3;margin:.2rem 0}\
.scale{grid-column:1/4}.axis .host,.axis .status,.axis .what,.axis .took{display:none}.facts{margin-left:.5rem}}
";

/// The page of `traced`.
pub fn html(traced: &Traced, lang: Lang) -> String {
    let (story, rows) = (Story::of(traced), rows(traced, lang));
    let title = traced.words.join(" ");
    let mut page = Page::new(&title, STYLE, lang);
    page.raw("<div class=\"head\">\n");
    page.element("h1 class=\"mono\"", &title);
    page.element("p", &headline(traced, &story, lang));
    let list: String = traced.entries.iter().map(|entry| format!("{}{} ", entry.shown, entry.separator)).collect();
    if !list.is_empty() {
        page.raw(format_args!("<p class=\"faint\">GOPROXY <code>{}</code></p>\n", escape(list.trim_end())));
    }
    page.raw("</div>\n");
    told(&mut page, traced, &story, lang);
    if !rows.is_empty() {
        page.element("h2", lang.pick("What happened, in the order of time", "按时间顺序"));
        waterfall(&mut page, &rows, traced.took, lang);
        page.element("h2", lang.pick("By host", "按主机合计"));
        hosts(&mut page, traced, lang);
    }
    let about = lang.pick(
        "Written by modway trace. Times are of this machine; bodies were counted, not kept.",
        "由 modway trace 生成。时间以本机为准；正文只计数，不保存。",
    );
    page.element("p class=\"faint\"", about);
    page.finish()
}

fn told(page: &mut Page, traced: &Traced, story: &Story, lang: Lang) {
    let mut above = None;
    for (about, text) in sentences(traced, story, lang) {
        if above != Some(about) {
            if above.is_some() {
                page.raw("</ul>\n");
            }
            page.element("h2", about.heading(lang));
            page.raw("<ul>\n");
            above = Some(about);
        }
        page.element("li", &text);
    }
    if above.is_some() {
        page.raw("</ul>\n");
    }
}

fn waterfall(page: &mut Page, rows: &[Row], end: Duration, lang: Lang) {
    let end = rows.iter().map(|row| row.began + row.took).max().unwrap_or_default().max(end);
    let axis: String =
        (0..=2).map(|half| format!("<i>{}</i>", if half == 0 { "0".to_owned() } else { say::time(end * half / 2) })).collect();
    page.raw(format_args!(
        "<div class=\"row axis\"><span class=\"status\"></span><span class=\"host\"></span><span class=\"what\"></span>\
         <span class=\"scale\">{axis}</span><span class=\"took\"></span></div>\n"
    ));
    for row in rows {
        page.raw(format_args!("<details class=\"{:?} {:?}\">", row.kind, row.look));
        let took = say::time(row.took) + if row.is_open { "…" } else { "" };
        page.raw(format_args!(
            "<summary class=\"row\"><span class=\"status mono\">{}</span><span class=\"host\">{}</span><span class=\"what mono\"><bdi>{}</bdi></span>\
             <span class=\"lane\">{}</span><span class=\"took\">{took}</span></summary>\n<div class=\"facts\">\n",
            escape(&row.status),
            escape(&row.host),
            escape(&row.what),
            bar(row, end),
        ));
        for fact in &row.facts {
            page.element("div", fact);
        }
        page.raw("</div></details>\n");
    }
    legend(page, lang);
}

fn bar(row: &Row, end: Duration) -> String {
    let part = |duration: Duration, of: Duration| 100.0 * duration.as_secs_f64() / of.as_secs_f64().max(f64::MIN_POSITIVE);
    let (left, width) = (part(row.began, end).min(99.5), part(row.took, end));
    let dialled = part(row.dialled, row.took).min(100.0);
    let received = match row.kind {
        Kind::Request | Kind::Tunnel => 100.0 - dialled - part(row.waited, row.took).min(100.0 - dialled),
        Kind::Process => 100.0,
    };
    let dialled = if row.dialled.is_zero() { String::new() } else { format!("<s style=\"width:{dialled:.1}%\"></s>") };
    format!(
        "<span class=\"bar\" style=\"left:{left:.2}%;width:{width:.2}%\">{dialled}<b style=\"width:{received:.1}%\"></b></span>"
    )
}

fn legend(page: &mut Page, lang: Lang) {
    let parts = [
        ("var(--line)", lang.pick("connecting", "建立连接")),
        ("var(--good-wash);outline:1px solid var(--good-bar)", lang.pick("waiting for the answer", "等待应答")),
        ("var(--good-bar)", lang.pick("receiving", "接收数据")),
        ("var(--warn-bar)", lang.pick("does not exist there", "那里没有")),
        ("var(--step-bar)", lang.pick("led on, or asked again", "重定向或再问一次")),
        ("var(--bad-bar)", lang.pick("failed", "失败")),
        ("var(--other-bar)", lang.pick("tunnel", "隧道")),
    ];
    page.raw("<div class=\"legend\">");
    for (colour, text) in parts {
        page.raw(format_args!("<span><i style=\"background:{colour}\"></i>{}</span>", escape(text)));
    }
    page.raw("</div>\n");
}

fn hosts(page: &mut Page, traced: &Traced, lang: Lang) {
    let heads = [
        lang.pick("host", "主机"),
        lang.pick("requests", "请求"),
        lang.pick("tunnels", "隧道"),
        lang.pick("not 200", "非 200"),
        lang.pick("received", "接收"),
        lang.pick("time", "用时"),
    ];
    page.raw("<table><thead><tr>");
    for (at, head) in heads.iter().enumerate() {
        page.raw(format_args!("<th{}>{}</th>", if at > 0 { " class=\"n\"" } else { "" }, escape(head)));
    }
    page.raw("</tr></thead><tbody>\n");
    for (host, totals) in &traced.seen.hosts {
        let cells = [
            totals.requests.to_string(),
            totals.tunnels.to_string(),
            totals.not_ok.to_string(),
            say::bytes(totals.received_bytes),
            say::time(totals.time),
        ];
        page.raw(format_args!("<tr><td class=\"mono\">{}</td>", escape(host)));
        for cell in cells {
            page.raw(format_args!("<td class=\"n\">{}</td>", escape(&cell)));
        }
        page.raw("</tr>\n");
    }
    page.raw("</tbody></table>\n");
}
