//! Pictures as SVG: small, safe, readable in light and dark.
//!
//! A picture is one file without script, without anything that is loaded, and with a background of its own, so that it looks the same in a page,
//! in a README and alone. Its own style has two schemes, chosen by `prefers-color-scheme`. Whatever text is put into it is escaped.

mod measure;
mod style;

use std::{collections::BTreeSet, fmt::Write as _};

pub use measure::{Face, fit, width, wrap};
pub use style::Tone;

use crate::lang::Lang;
use style::Class;

/// A picture in the making. What is drawn later lies above.
///
/// Specimen: `<svg …><title>…</title><desc>…</desc><style>…</style><rect …/>…</svg>`, with a newline at the end.
#[derive(Clone, Debug)]
pub struct Svg {
    lang: Lang,
    title: String,
    description: String,
    body: String,
    used: BTreeSet<Class>,
}

/// A place: pixels from the left and from the top.
pub type Point = (f64, f64);

/// A rectangle with its corners rounded by `radius`; all in pixels.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Rect {
    /// From the left.
    pub x: f64,
    /// From the top.
    pub y: f64,
    /// To the right.
    pub width: f64,
    /// Down.
    pub height: f64,
    /// Of the corners; 0 is sharp.
    pub radius: f64,
}

/// How a shape is painted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Paint {
    /// Full colour: bars.
    Solid(Tone),
    /// A breath of colour, on which letters of the same tone can be read.
    Wash(Tone),
    /// The same with a border.
    Box(Tone),
    /// A border alone.
    Outline(Tone),
}

/// How a line looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stroke {
    /// Thin.
    Thin,
    /// Of short pieces: what may happen, or what was not done.
    Dashed,
    /// With a head at its end.
    Arrow,
    /// Both.
    DashedArrow,
}

/// How text is set.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Letters {
    /// Pixels.
    pub size: f64,
    /// Which letters.
    pub face: Face,
    /// Heavy ones.
    pub bold: bool,
    /// Their colour.
    pub tone: Tone,
    /// What the point means.
    pub anchor: Anchor,
}

/// Where a text lies from its point.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Anchor {
    /// It begins there.
    Start,
    /// Its middle is there.
    Middle,
    /// It ends there.
    End,
}

impl Letters {
    /// Text of 13 pixels in the plain tone, which begins at its point.
    pub const PLAIN: Self = Self { size: 13.0, face: Face::Sans, bold: false, tone: Tone::Plain, anchor: Anchor::Start };
    /// The same for what is typed: settings, paths, commands.
    pub const CODE: Self = Self { size: 12.5, face: Face::Mono, ..Self::PLAIN };

    /// The same in another tone.
    pub const fn tone(self, tone: Tone) -> Self {
        Self { tone, ..self }
    }

    /// The same, heavy.
    pub const fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    /// The same of another size.
    pub const fn size(self, size: f64) -> Self {
        Self { size, ..self }
    }

    /// The same, lying otherwise from its point.
    pub const fn anchor(self, anchor: Anchor) -> Self {
        Self { anchor, ..self }
    }
}

impl Svg {
    /// An empty picture. The title and the description are for those who do not see it; they are escaped as all text.
    pub fn new(title: &str, description: &str, lang: Lang) -> Self {
        let (title, description) = (title.to_owned(), description.to_owned());
        Self { lang, title, description, body: String::new(), used: BTreeSet::new() }
    }

    /// Paints a rectangle.
    pub fn rect(&mut self, rect: Rect, paint: Paint) {
        let classes = match paint {
            Paint::Solid(tone) => vec![Class::Solid(tone)],
            Paint::Wash(tone) => vec![Class::Wash(tone)],
            Paint::Box(tone) => vec![Class::Wash(tone), Class::Edge(tone)],
            Paint::Outline(tone) => vec![Class::Hollow, Class::Edge(tone)],
        };
        let class = self.dress(&classes);
        let [x, y, width, height, radius] = [rect.x, rect.y, rect.width, rect.height, rect.radius].map(number);
        let round = if rect.radius > 0.0 { format!(r#" rx="{radius}""#) } else { String::new() };
        self.put(&format!(r#"<rect x="{x}" y="{y}" width="{width}" height="{height}"{round} class="{class}"/>"#));
    }

    /// Draws a line through all points.
    pub fn line(&mut self, points: &[Point], stroke: Stroke, tone: Tone) {
        let dashed = matches!(stroke, Stroke::Dashed | Stroke::DashedArrow);
        let mut classes = vec![Class::Hollow, Class::Stroke(tone)];
        classes.extend(dashed.then_some(Class::Dashed));
        let class = self.dress(&classes);
        let places: Vec<String> = points.iter().map(|(x, y)| format!("{},{}", number(*x), number(*y))).collect();
        self.put(&format!(r#"<polyline points="{}" class="{class}"/>"#, places.join(" ")));
        if let (Stroke::Arrow | Stroke::DashedArrow, [.., from, to]) = (stroke, points) {
            self.head(*from, *to, tone);
        }
    }

    /// Sets one line of text; `at` is on its base line.
    pub fn text(&mut self, at: Point, text: &str, letters: Letters) {
        let face = match letters.face {
            Face::Sans => Class::Sans,
            Face::Mono => Class::Mono,
        };
        let mut classes = vec![Class::Ink(letters.tone), face];
        classes.extend(letters.bold.then_some(Class::Bold));
        let class = self.dress(&classes);
        let anchor = match letters.anchor {
            Anchor::Start => "",
            Anchor::Middle => r#" text-anchor="middle""#,
            Anchor::End => r#" text-anchor="end""#,
        };
        let [x, y, size] = [at.0, at.1, letters.size].map(number);
        self.put(&format!(r#"<text x="{x}" y="{y}" font-size="{size}"{anchor} class="{class}">{}</text>"#, escape(text)));
    }

    /// What is drawn meanwhile shows `hint` under the pointer.
    pub fn hinted(&mut self, hint: &str, draw: impl FnOnce(&mut Self)) {
        self.put(&format!("<g><title>{}</title>", escape(hint)));
        draw(self);
        self.put("</g>");
    }

    /// The whole file, with this much room for what was drawn.
    pub fn finish(self, width: f64, height: f64) -> String {
        let (lang, width, height) = (self.lang.pick("en", "zh-CN"), number(width), number(height));
        let (title, description, style) = (escape(&self.title), escape(&self.description), style::sheet(&self.used));
        let head = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" xml:lang=\"{lang}\" lang=\"{lang}\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" role=\"img\" aria-labelledby=\"title description\" xml:space=\"preserve\">",
        );
        let about = format!("<title id=\"title\">{title}</title>\n<desc id=\"description\">{description}</desc>");
        let page = format!("<rect width=\"{width}\" height=\"{height}\" rx=\"8\" class=\"page\"/>");
        format!("{head}\n{about}\n<style>\n{style}</style>\n{page}\n{}</svg>\n", self.body)
    }

    fn head(&mut self, from: Point, to: Point, tone: Tone) {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let length = dx.hypot(dy).max(f64::MIN_POSITIVE);
        let (ux, uy) = (dx / length * 7.0, dy / length * 7.0);
        let corners = [to, (to.0 - ux - uy * 0.5, to.1 - uy + ux * 0.5), (to.0 - ux + uy * 0.5, to.1 - uy - ux * 0.5)];
        let places = corners.map(|(x, y)| format!("{},{}", number(x), number(y))).join(" ");
        let class = self.dress(&[Class::Ink(tone)]);
        self.put(&format!(r#"<polygon points="{places}" class="{class}"/>"#));
    }

    fn dress(&mut self, classes: &[Class]) -> String {
        self.used.extend(classes);
        classes.iter().map(|class| class.name()).collect::<Vec<_>>().join(" ")
    }

    fn put(&mut self, element: &str) {
        // Writing to a text cannot fail.
        let _ = writeln!(self.body, "{element}");
    }
}

/// Text as XML has it. What XML forbids, and what would turn the direction of reading, becomes U+FFFD.
///
/// Source: XML 1.0, sections 2.2 and 2.4.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// At most two digits behind the point; what is no number is 0.
fn number(value: f64) -> String {
    let rounded = if value.is_finite() { (value * 100.0).round() / 100.0 } else { 0.0 };
    // There is no minus before nothing.
    format!("{}", rounded + 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(draw: impl FnOnce(&mut Svg)) -> String {
        let mut svg = Svg::new("a & b", "<what>", Lang::En);
        draw(&mut svg);
        svg.finish(100.0, 50.5)
    }

    #[track_caller]
    fn check(draw: impl FnOnce(&mut Svg), line: &str) {
        let file = picture(draw);
        assert!(file.lines().any(|found| found == line), "{line}\nis not in\n{file}");
    }

    #[test]
    fn shapes_and_letters_are_elements_with_classes() {
        let rect = Rect { x: 1.0, y: 2.5, width: 3.333_3, height: 4.0, radius: 2.0 };
        check(
            |svg| svg.rect(rect, Paint::Box(Tone::Red)),
            r#"<rect x="1" y="2.5" width="3.33" height="4" rx="2" class="w-red e-red"/>"#,
        );
        check(
            |svg| svg.line(&[(0.0, 0.0), (9.0, -0.001)], Stroke::Dashed, Tone::Blue),
            r#"<polyline points="0,0 9,0" class="hollow s-blue dashed"/>"#,
        );
        check(
            |svg| svg.line(&[(0.0, 0.0), (9.0, 0.0)], Stroke::Arrow, Tone::Blue),
            r#"<polygon points="9,0 2,3.5 2,-3.5" class="i-blue"/>"#,
        );
        let letters = Letters::CODE.bold().anchor(Anchor::End);
        check(
            |svg| svg.text((1.0, 2.0), "a<b", letters),
            r#"<text x="1" y="2" font-size="12.5" text-anchor="end" class="i-plain mono bold">a&lt;b</text>"#,
        );
    }

    #[test]
    fn what_strangers_wrote_is_text_and_nothing_else() {
        let evil = "</text><script>alert(1)</script>\u{1b}[31m\u{202e}\"'&\0\u{85}";
        let file = picture(|svg| svg.hinted(evil, |svg| svg.text((0.0, 0.0), evil, Letters::PLAIN)));
        assert!(!file.contains("<script") && !file.contains("alert(1)<"), "{file}");
        let escaped = "&lt;/text&gt;&lt;script&gt;alert(1)&lt;/script&gt;\u{fffd}[31m\u{fffd}&quot;&#39;&amp;\u{fffd}\u{fffd}";
        assert_eq!(escape(evil), escaped);
        assert_eq!(file.matches(escaped).count(), 2);
        assert!(file.contains("<title id=\"title\">a &amp; b</title>\n<desc id=\"description\">&lt;what&gt;</desc>"));
    }

    #[test]
    fn no_character_is_markup() {
        for c in (0..=0xffff).filter_map(char::from_u32) {
            let escaped = escape(&c.to_string());
            let bare = escaped.strip_prefix('&').and_then(|rest| rest.strip_suffix(';')).unwrap_or(&escaped);
            assert!(!bare.contains(['<', '>', '&', '"', '\'']) && !bare.contains(char::is_control), "{c:?}: {escaped}");
        }
    }

    #[test]
    fn a_picture_has_both_schemes_of_what_it_uses_and_of_nothing_else() {
        let file = picture(|svg| svg.text((0.0, 0.0), "x", Letters::PLAIN.tone(Tone::Green)));
        assert_eq!(file.matches(".i-green{").count(), 2, "{file}");
        assert!(file.contains("@media (prefers-color-scheme:dark){"));
        assert!(!file.contains(".i-red{") && !file.contains(".mono{"), "{file}");
        assert!(!file.contains("url(") && !file.contains("href") && !file.contains("@import"));
    }

    #[test]
    fn what_is_no_number_is_nothing() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0] {
            assert_eq!(number(value), "0");
        }
    }
}
