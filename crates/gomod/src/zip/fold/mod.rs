//! Case folding as Go does it, so that two file names that one file system would take for one are found.

mod table;

/// Folds text such that two texts fold to the same exactly if Go's `strings.EqualFold` calls them equal.
///
/// Every character becomes the least of those that fold together, but an ASCII letter its lower case: `README` becomes `readme`.
///
/// Source: `strToFold` in `golang.org/x/mod/zip` and `unicode.SimpleFold`, Go 1.27.3.
pub fn fold(text: &str) -> String {
    text.chars().map(fold_char).collect()
}

fn fold_char(character: char) -> char {
    if character.is_ascii() {
        return character.to_ascii_lowercase();
    }
    let code = u32::from(character);
    let at = table::RUNS.partition_point(|(first, ..)| *first <= code);
    let least = match table::RUNS[..at].last() {
        Some((first, last, stride, down)) if code <= *last && (code - first).is_multiple_of(*stride) => code - down,
        _ => code,
    };
    char::from_u32(least).unwrap_or(character).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::fold;

    #[track_caller]
    fn check(one: &str, other: &str, same: bool) {
        assert_eq!(fold(one) == fold(other), same, "{one} {other}");
    }

    #[test]
    fn names_that_differ_only_in_case_fold_together() {
        check("README.md", "readme.MD", true);
        check("straße", "STRAẞE", true);
        check("Σίσυφος", "σίσυφοσ", true);
        check("K", "\u{212a}", true);
        check("s", "\u{17f}", true);
        check("ꭰ", "Ꭰ", true);
        check("ǅ", "ǆ", true);
        check("\u{1e943}", "\u{1e921}", true);
    }

    #[test]
    fn folding_is_simple_so_nothing_grows_or_changes_otherwise() {
        check("straße", "STRASSE", false);
        check("İ", "i", false);
        check("ı", "I", false);
        check("é", "e\u{301}", false);
        check("a", "b", false);
        assert_eq!(fold("go.mod/ABC~1"), "go.mod/abc~1");
        assert_eq!(fold("ZÉ"), "zÉ");
    }

    #[test]
    fn folding_twice_is_folding_once() {
        for character in '\0'..=char::MAX {
            let once = fold(&character.to_string());
            assert_eq!(fold(&once), once);
        }
    }
}
