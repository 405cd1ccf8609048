//! What lies in a vendor directory and is left out, before and since Go 1.24.

/// Which of Go's two rules a module falls under. The old one has a bug that must stay, for the sake of hashes given out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Boundary {
    /// The module's go.mod says a go version below 1.24, or none.
    Old,
    /// It says 1.24 or later.
    New,
}

impl Boundary {
    /// Source: `version.Compare(version.Lang(…), "go1.24")` in `zip.checkFiles`.
    pub(super) fn of(go_version: Option<&str>) -> Self {
        let mut numbers = go_version.unwrap_or_default().split('.');
        let mut number = || {
            let text = numbers.next().unwrap_or_default();
            let digits = text.find(|c: char| !c.is_ascii_digit()).map_or(text, |end| &text[..end]);
            // By length first, so that numbers may have any number of digits.
            (digits.len(), digits.to_owned())
        };
        let language = (number(), number());
        if language >= ((1, "1".to_owned()), (2, "24".to_owned())) { Self::New } else { Self::Old }
    }
}

/// Whether a file lies in a package below a vendor directory, or is `vendor/modules.txt` under the new rule.
///
/// Source: `isVendoredPackage` in `golang.org/x/mod/zip`, Go 1.27.3; <https://go.dev/issue/37397>.
pub(super) fn is_vendored(path: &[u8], boundary: Boundary) -> bool {
    const INNER: &[u8] = b"/vendor/";
    if boundary == Boundary::New && path == b"vendor/modules.txt" {
        return true;
    }
    let start = if path.starts_with(&INNER[1..]) {
        INNER.len() - 1
    } else {
        match (path.windows(INNER.len()).position(|window| window == INNER), boundary) {
            (None, _) => return false,
            (Some(at), Boundary::New) => at + INNER.len(),
            // The bug: the path's beginning is cut off instead of what lies before the vendor directory.
            (Some(_), Boundary::Old) => INNER.len(),
        }
    };
    path[start..].contains(&b'/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, old: bool, new: bool) {
        let said = [Boundary::Old, Boundary::New].map(|boundary| is_vendored(path.as_bytes(), boundary));
        assert_eq!(said, [old, new], "{path}");
    }

    #[test]
    fn vendored_packages_are_told_by_the_go_version() {
        check("vendor/modules.txt", false, true);
        check("vendor/vendor.go", false, false);
        check("vendor/foo/foo.go", true, true);
        check("pkg/vendor/vendor.go", true, false);
        check("longpackagename/vendor/vendor.go", true, false);
        check("pkg/vendor/modules.txt", true, false);
        check("pkg/vendor/foo/foo.go", true, true);
        check("vendors/foo/foo.go", false, false);
        check("x/vendor", false, false);
        check("/vendor/", false, false);
        check("a/vendor/b", true, false);
        check("a/b/c/vendor/x", true, false);
    }

    #[test]
    fn the_boundary_is_go_1_24() {
        for old in [None, Some(""), Some("1"), Some("1.9"), Some("1.23.9"), Some("1.23rc1"), Some("0.99"), Some("x")] {
            assert_eq!(Boundary::of(old), Boundary::Old, "{old:?}");
        }
        for new in ["1.24", "1.24rc1", "1.24.0", "1.25", "1.100", "2.0", "10.1", "1.99999999999999999999999"] {
            assert_eq!(Boundary::of(Some(new)), Boundary::New, "{new}");
        }
    }
}
