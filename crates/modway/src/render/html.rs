//! Pages that need nothing else: one file, no script, nothing that is loaded, in light and dark, on paper and on a phone.

use std::fmt::{Display, Write as _};

use super::svg;
use crate::lang::Lang;

/// Text as HTML has it, between tags and in attributes with quotation marks.
pub fn escape(text: &str) -> String {
    svg::escape(text)
}

/// A page in the making. Its text is escaped; what is put in by [`Page::raw`] is ours.
#[derive(Clone, Debug)]
pub struct Page {
    lang: Lang,
    title: String,
    style: String,
    body: String,
}

/// What all pages look like. The colours are those of the pictures.
const STYLE: &str = "\
:root{color-scheme:light dark;--page:#ffffff;--ink:#1f2328;--faint:#57606a;--line:#d0d7de;--wash:#f6f8fa;\
--good:#116329;--good-bar:#4ac26b;--good-wash:#e2fae7;--warn:#744600;--warn-bar:#d4a72c;--warn-wash:#fff5d1;\
--bad:#a40e26;--bad-bar:#f2555a;--bad-wash:#ffebe9;--step:#0550ae;--step-bar:#54aeff;--step-wash:#e4f3ff;\
--other:#6033b5;--other-bar:#a475f9;--other-wash:#f5edff}
@media (prefers-color-scheme:dark){:root{--page:#0d1117;--ink:#e6edf3;--faint:#9aa4ae;--line:#3d444d;--wash:#161b22;\
--good:#7ee787;--good-bar:#2b8a3e;--good-wash:#10251b;--warn:#e3b341;--warn-bar:#9e6a03;--warn-wash:#2b2110;\
--bad:#ff9a94;--bad-bar:#d0383c;--bad-wash:#361519;--step:#79c0ff;--step-bar:#1f6feb;--step-wash:#10233c;\
--other:#d2a8ff;--other-bar:#8355dd;--other-wash:#251a3a}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:72rem;padding:1.5rem 1rem 3rem;background:var(--page);color:var(--ink);\
font:15px/1.5 system-ui,-apple-system,\"Segoe UI\",Roboto,\"Noto Sans\",\"DejaVu Sans\",\"PingFang SC\",\"Microsoft YaHei\",\"Noto Sans CJK SC\",sans-serif}
h1{font-size:1.35rem;margin:0 0 .25rem;overflow-wrap:anywhere}
h2{font-size:1.05rem;margin:1.75rem 0 .5rem}
code,.mono{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,\"DejaVu Sans Mono\",\"Noto Sans Mono CJK SC\",monospace;font-size:.9em}
.faint{color:var(--faint)}
p,li{overflow-wrap:anywhere}
ul{padding-left:1.2rem}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.25rem .75rem .25rem 0;border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:anywhere}
th{font-weight:600;color:var(--faint)}
td.n,th.n{text-align:right;white-space:nowrap}
";

impl Page {
    /// An empty page with `style` besides that of all pages.
    pub fn new(title: &str, style: &str, lang: Lang) -> Self {
        Self { lang, title: title.to_owned(), style: style.to_owned(), body: String::new() }
    }

    /// Puts in an element with text: `tag` is its name, with attributes if it has any.
    pub fn element(&mut self, tag: &str, text: &str) {
        let name = tag.split(' ').next().unwrap_or(tag);
        self.raw(format_args!("<{tag}>{}</{name}>\n", escape(text)));
    }

    /// Puts in markup of ours; text of others in it went through [`escape`].
    pub fn raw(&mut self, markup: impl Display) {
        // Writing to a text cannot fail.
        let _ = write!(self.body, "{markup}");
    }

    /// The whole file.
    pub fn finish(self) -> String {
        let (lang, title) = (self.lang.pick("en", "zh-CN"), escape(&self.title));
        format!(
            "<!DOCTYPE html>\n<html lang=\"{lang}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
             <title>{title}</title>\n<style>\n{STYLE}{}</style>\n</head>\n<body>\n{}</body>\n</html>\n",
            self.style, self.body
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_markup_and_nothing_is_loaded() {
        let mut page = Page::new("</title><script>", "", Lang::En);
        page.element("p class=\"x\"", "<img src=x onerror=alert(1)> & \"'");
        let text = page.finish();
        assert!(text.contains("<p class=\"x\">&lt;img src=x onerror=alert(1)&gt; &amp; &quot;&#39;</p>"), "{text}");
        assert!(text.contains("<title>&lt;/title&gt;&lt;script&gt;</title>"));
        assert!(text.contains("default-src 'none'") && !text.contains("<script") && !text.contains("src=\""));
    }
}
