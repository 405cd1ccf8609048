//! The catalogue and the model of the go command's journey speak of the same errors: which codes a class of the model has.

use gomod::client::ErrorClass;

use super::{Row, row};
use crate::why::log::recognise;

/// The row of an error of this class. `prints` is what the go command prints of it, and empty where it prints nothing and waits.
///
/// Where the words are of no row of the class, it is the most usual one.
pub fn row_of(class: ErrorClass, prints: &str) -> Option<&'static Row> {
    let usual = match (class, prints) {
        (ErrorClass::Unreachable, "") => "no-answer",
        _ => codes(class).first()?,
    };
    let told = recognise(prints).into_iter().filter_map(|finding| finding.row).find(|row| codes(class).contains(&row.code));
    told.or_else(|| row(usual))
}

/// The codes of the rows that an error of this class is printed as, the most usual first. The class does not say who failed; the code does.
pub const fn codes(class: ErrorClass) -> &'static [&'static str] {
    match class {
        ErrorClass::Absent => &["proxy-absent", "proxy-cannot-see-it", "retractions-unreadable"],
        ErrorClass::Status => {
            &["proxy-forbidden", "proxy-unauthorized", "proxy-trouble", "proxy-too-many-requests", "proxy-odd-status"]
        }
        ErrorClass::InvalidResponse => &["proxy-not-a-proxy", "proxy-failed"],
        ErrorClass::OtherVersion => &["proxy-wrong-version"],
        ErrorClass::NoMatchingVersion => &["no-matching-versions"],
        ErrorClass::Retracted => &["retracted-version"],
        ErrorClass::Unreachable => {
            &["proxy-refuses-connection", "proxy-no-such-host", "proxy-timeout", "proxy-hangs-up", "proxy-failed", "no-answer"]
        }
        ErrorClass::Certificate => &["proxy-tls-authority", "proxy-tls-name", "proxy-tls-expired"],
        ErrorClass::Handshake => &["proxy-not-tls", "proxy-tls-timeout"],
        ErrorClass::Redirect => &["proxy-insecure-redirect", "proxy-redirect-loop"],
        ErrorClass::ForwardProxy => &["forward-proxy", "discovery-forward-proxy"],
        ErrorClass::InsecureLogin => &["credentials-over-http"],
        ErrorClass::ProxyOff => &["goproxy-off"],
        ErrorClass::InvalidGoproxy => {
            &["goproxy-no-scheme", "goproxy-scheme", "goproxy-file-url", "goproxy-not-a-url", "goproxy-empty"]
        }
        ErrorClass::DisallowedVersion => &["version-not-for-proxies"],
        ErrorClass::BadZip => &["zip-broken", "zip-bad-names", "zip-too-large"],
        ErrorClass::PageUnreachable => &[
            "discovery-unreachable",
            "discovery-no-such-host",
            "discovery-tls-authority",
            "discovery-tls-name",
            "discovery-tls-expired",
            "discovery-not-tls",
            "discovery-insecure-redirect",
            "discovery-forward-proxy",
        ],
        ErrorClass::PageStatus => &["discovery-absent", "discovery-unauthorized", "discovery-trouble"],
        ErrorClass::PageUseless => &[
            "discovery-no-meta-tags",
            "discovery-not-html",
            "discovery-ambiguous",
            "discovery-disagrees",
            "discovery-bad-tag",
            "discovery-failed",
        ],
        ErrorClass::NoProtocol => &["no-secure-protocol"],
        ErrorClass::BadImportPath => &["static-host-path", "reserved-path"],
        ErrorClass::GovcsDisallows => &["govcs-disallows"],
        ErrorClass::InvalidGovcs => &["govcs-malformed"],
        ErrorClass::ToolMissing => &["git-missing"],
        ErrorClass::NoRepository => &["git-not-found"],
        ErrorClass::RepositoryLogin => &["git-asks-for-password", "git-forbidden", "ssh-key-refused", "ssh-host-key"],
        ErrorClass::RepositoryCertificate => &["git-tls"],
        ErrorClass::RepositoryUnreachable => &["git-unreachable"],
        ErrorClass::RepositoryFailed => &["repository-failed", "git-transport-not-allowed", "git-too-old"],
        ErrorClass::UnknownRevision => &["unknown-revision", "ambiguous-revision"],
        ErrorClass::ModuleMisfit => &["missing-go-mod", "wrong-major-version", "not-a-tag", "invalid-pseudo-version"],
        ErrorClass::InvalidVersion => &["bad-query", "bad-version-argument", "wrong-major-version"],
        ErrorClass::InvalidPath => &["malformed-module-path"],
        ErrorClass::BadGoMod => &["go-mod-broken"],
        ErrorClass::OtherPath => &["path-mismatch"],
        ErrorClass::NoPackage => &["package-not-in-module"],
        ErrorClass::ChecksumMismatch => &["sumdb-mismatch", "go-sum-mismatch"],
        ErrorClass::ChecksumMissing => &["sumdb-lacks-line"],
        ErrorClass::SumdbAbsent => &["sumdb-absent"],
        ErrorClass::SumdbStatus => &["sumdb-trouble", "sumdb-supported"],
        ErrorClass::SumdbUnreachable => &["sumdb-unreachable", "sumdb-tls-authority"],
        ErrorClass::InvalidGosumdb => &["gosumdb-malformed"],
        ErrorClass::SumdbDishonest => &["sumdb-bad-answer", "sumdb-fork"],
        ErrorClass::ModulesOff => &["modules-off"],
        ErrorClass::VendorMode => &["mod-vendor"],
        ErrorClass::InsecureFlag => &["insecure-flag"],
        ErrorClass::InvalidGoflags => &["goflags-unknown"],
        ErrorClass::NoPatchBase => &["bad-query"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(class: ErrorClass, prints: &str, code: &str) {
        assert_eq!(row_of(class, prints).map(|row| row.code), Some(code), "{prints}");
    }

    #[test]
    fn what_go_prints_tells_the_row_among_those_of_the_class() {
        let of = |end: &str| format!("go: module a.test/b: reading https://p.test/a.test/b/@v/list: {end}");
        check(ErrorClass::Status, &of("403 Forbidden"), "proxy-forbidden");
        check(ErrorClass::Status, &of("500 Internal Server Error"), "proxy-trouble");
        check(
            ErrorClass::Certificate,
            "go: module a.test/b: Get \"https://p.test/a.test/b/@v/list\": tls: failed to verify certificate: x509: certificate has expired or is not yet valid",
            "proxy-tls-expired",
        );
    }

    #[test]
    fn words_of_another_class_or_none_leave_the_usual_one() {
        check(ErrorClass::Status, "go: module a.test/b: it is Tuesday", "proxy-forbidden");
        check(ErrorClass::Absent, "go: module lookup disabled by GOPROXY=off", "proxy-absent");
        check(ErrorClass::Unreachable, "go: module a.test/b: it is Tuesday", "proxy-refuses-connection");
        check(ErrorClass::Unreachable, "", "no-answer");
        check(ErrorClass::NoProtocol, "", "no-secure-protocol");
    }

    #[test]
    fn every_class_of_the_model_has_rows_in_the_catalogue() {
        for class in ErrorClass::ALL {
            assert!(!codes(class).is_empty(), "{class:?}");
            codes(class).iter().for_each(|code| assert!(row(code).is_some(), "{class:?}: {code}"));
        }
    }
}
