//! The languages in which modway speaks to people. Identifiers, codes and what the go command itself prints stay as they are.

use crate::config::Environment;

/// A language of explanations.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, clap::ValueEnum)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Chinese, in simplified characters.
    Zh,
}

impl Lang {
    /// The language that was asked for, else that of the locale.
    ///
    /// Source: POSIX, Base Definitions, 8.2: `LC_ALL` before `LC_MESSAGES` before `LANG`; an empty one counts as not set.
    pub fn of(asked: Option<Self>, environment: &Environment) -> Self {
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(|name| environment.get(name));
        asked.unwrap_or(if locale.is_some_and(|locale| locale.starts_with("zh")) { Self::Zh } else { Self::En })
    }

    /// The one of the two texts that is in this language.
    pub const fn pick<T: Copy>(self, en: T, zh: T) -> T {
        match self {
            Self::En => en,
            Self::Zh => zh,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(vars: &[(&str, &str)], asked: Option<Lang>, lang: Lang) {
        assert_eq!(Lang::of(asked, &Environment::of(vars)), lang);
    }

    #[test]
    fn the_flag_wins_over_the_locale_and_the_locale_over_english() {
        check(&[("LANG", "zh_CN.UTF-8")], None, Lang::Zh);
        check(&[("LANG", "zh_CN.UTF-8")], Some(Lang::En), Lang::En);
        check(&[("LANG", "zh_CN.UTF-8"), ("LC_ALL", "C")], None, Lang::En);
        check(&[("LANG", "de_DE"), ("LC_MESSAGES", "zh_TW"), ("LC_ALL", "")], None, Lang::Zh);
        check(&[], None, Lang::En);
    }
}
