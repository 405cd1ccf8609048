//! The colours of pictures, in light and dark.

use std::{collections::BTreeSet, fmt::Write as _};

/// A colour by what it is, in both schemes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Tone {
    /// Of text.
    Plain,
    /// Of what is less important.
    Faint,
    /// Neutral notice.
    Blue,
    /// Another neutral one.
    Teal,
    /// Good.
    Green,
    /// Look here.
    Amber,
    /// Bad.
    Red,
    /// A third neutral one.
    Violet,
}

/// What an element is dressed in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Class {
    Sans,
    Mono,
    Bold,
    Hollow,
    Dashed,
    Ink(Tone),
    Solid(Tone),
    Wash(Tone),
    Edge(Tone),
    Stroke(Tone),
}

/// The same in light and in dark.
type Pair = (&'static str, &'static str);

/// Ink for letters, solid for bars, wash for grounds below letters of the same ink.
struct Shades {
    ink: Pair,
    solid: Pair,
    wash: Pair,
}

const PAGE: Pair = ("#ffffff", "#0d1117");

impl Tone {
    const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Faint => "faint",
            Self::Blue => "blue",
            Self::Teal => "teal",
            Self::Green => "green",
            Self::Amber => "amber",
            Self::Red => "red",
            Self::Violet => "violet",
        }
    }

    /// Every ink stands against the page and its own wash with a contrast of 4.5 or more, as WCAG 2.2 asks (1.4.3).
    const fn shades(self) -> Shades {
        let (ink, solid, wash) = match self {
            Self::Plain => (("#1f2328", "#e6edf3"), ("#8b949e", "#6e7681"), ("#f6f8fa", "#161b22")),
            Self::Faint => (("#57606a", "#9aa4ae"), ("#d0d7de", "#3d444d"), ("#f6f8fa", "#161b22")),
            Self::Blue => (("#0550ae", "#79c0ff"), ("#54aeff", "#1f6feb"), ("#e4f3ff", "#10233c")),
            Self::Teal => (("#0b5c5e", "#56d4dd"), ("#35aaa7", "#1b7c83"), ("#def5f3", "#0f2a2d")),
            Self::Green => (("#116329", "#7ee787"), ("#4ac26b", "#2b8a3e"), ("#e2fae7", "#10251b")),
            Self::Amber => (("#744600", "#e3b341"), ("#d4a72c", "#9e6a03"), ("#fff5d1", "#2b2110")),
            Self::Red => (("#a40e26", "#ff9a94"), ("#f2555a", "#d0383c"), ("#ffebe9", "#361519")),
            Self::Violet => (("#6033b5", "#d2a8ff"), ("#a475f9", "#8355dd"), ("#f5edff", "#251a3a")),
        };
        Shades { ink, solid, wash }
    }
}

impl Class {
    pub(super) fn name(self) -> String {
        match self {
            Self::Sans => "sans".to_owned(),
            Self::Mono => "mono".to_owned(),
            Self::Bold => "bold".to_owned(),
            Self::Hollow => "hollow".to_owned(),
            Self::Dashed => "dashed".to_owned(),
            Self::Ink(tone) => format!("i-{}", tone.name()),
            Self::Solid(tone) => format!("f-{}", tone.name()),
            Self::Wash(tone) => format!("w-{}", tone.name()),
            Self::Edge(tone) => format!("e-{}", tone.name()),
            Self::Stroke(tone) => format!("s-{}", tone.name()),
        }
    }

    /// The property that has a colour, with both of them; `None` for what is the same in both schemes.
    const fn colour(self) -> Option<(&'static str, Pair)> {
        match self {
            Self::Sans | Self::Mono | Self::Bold | Self::Hollow | Self::Dashed => None,
            Self::Ink(tone) => Some(("fill", tone.shades().ink)),
            Self::Solid(tone) => Some(("fill", tone.shades().solid)),
            Self::Wash(tone) => Some(("fill", tone.shades().wash)),
            Self::Edge(tone) => Some(("stroke", tone.shades().solid)),
            Self::Stroke(tone) => Some(("stroke", tone.shades().ink)),
        }
    }

    const fn fixed(self) -> Option<&'static str> {
        match self {
            Self::Sans => Some(SANS),
            Self::Mono => Some(MONO),
            Self::Bold => Some("font-weight:600"),
            Self::Hollow => Some("fill:none"),
            Self::Dashed => Some("stroke-dasharray:4 3"),
            Self::Ink(_) | Self::Solid(_) | Self::Wash(_) | Self::Edge(_) | Self::Stroke(_) => None,
        }
    }
}

/// Fonts that machines have; none is loaded. Chinese ones stand last, for their letters only.
const SANS: &str = r#"font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans","PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif"#;
const MONO: &str = r#"font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono","Liberation Mono","Noto Sans Mono CJK SC",monospace"#;

/// The style of a picture that uses these classes. A reader that knows no schemes shows the light one.
pub(super) fn sheet(used: &BTreeSet<Class>) -> String {
    let mut sheet = String::new();
    for (class, fixed) in used.iter().filter_map(|class| Some((class, class.fixed()?))) {
        // Writing to a text cannot fail.
        let _ = writeln!(sheet, ".{}{{{fixed}}}", class.name());
    }
    let light = rules(used, |pair| pair.0);
    let dark = rules(used, |pair| pair.1);
    sheet + &light + "@media (prefers-color-scheme:dark){\n" + &dark + "}\n"
}

fn rules(used: &BTreeSet<Class>, of: fn(Pair) -> &'static str) -> String {
    let coloured = used.iter().filter_map(|class| Some((class.name(), class.colour()?)));
    let rules = coloured.map(|(name, (property, pair))| format!(".{name}{{{property}:{}}}\n", of(pair)));
    format!(".page{{fill:{}}}\n{}", of(PAGE), rules.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Tone; 8] = [Tone::Plain, Tone::Faint, Tone::Blue, Tone::Teal, Tone::Green, Tone::Amber, Tone::Red, Tone::Violet];

    /// Source: WCAG 2.2, "relative luminance".
    fn luminance(colour: &str) -> f64 {
        let part = |at: usize| f64::from(u8::from_str_radix(&colour[at..at + 2], 16).expect("two hex digits")) / 255.0;
        let linear = |value: f64| if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) };
        0.2126 * linear(part(1)) + 0.7152 * linear(part(3)) + 0.0722 * linear(part(5))
    }

    fn contrast(one: &str, other: &str) -> f64 {
        let (a, b) = (luminance(one), luminance(other));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn every_ink_can_be_read_on_the_page_and_on_its_own_wash_in_both_schemes() {
        for tone in ALL {
            let Shades { ink, wash, .. } = tone.shades();
            for (ink, ground) in [(ink.0, PAGE.0), (ink.1, PAGE.1), (ink.0, wash.0), (ink.1, wash.1)] {
                assert!(contrast(ink, ground) >= 4.5, "{tone:?}: {ink} on {ground}: {:.2}", contrast(ink, ground));
            }
        }
    }
}
