//! Fixes that make somebody believe a certificate: Go, or git. These are two switches.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use proxy::client::look::{Exchange, Shown, vouched};

use super::{AsIf, Case, Fix, StepToTake};
use crate::why::{
    probe::{Evidence, certificate::Certificate, git::Trust},
    report::Text,
    verdict::{host, last},
};

/// Go does not believe a server.
pub(super) fn go(case: &Case<'_>) -> Vec<Fix> {
    let Some(shown) = shown(case) else { return Vec::new() };
    let leaf = shown.chain.first().map(|der| Certificate::read(der)).unwrap_or_default();
    if !is_about_trust(case) {
        return Vec::new();
    }
    let mut fixes = Vec::new();
    if let Some(bundle) = bundle_of_git(case, &shown) {
        let both = "~/.config/go-roots.pem";
        let system = case.report.trust.go.as_ref().map(|bundle| bundle.path.display().to_string()).unwrap_or_default();
        let steps = vec![
            StepToTake::Shell(format!("cat {} {} > {both}", super::quoted(&system), super::quoted(&bundle))),
            StepToTake::Shell(format!("export SSL_CERT_FILE={both}")),
        ];
        let what = Text::new(
            format!("let Go believe what git believes already: {bundle} has the issuer"),
            format!("让 Go 也信任 git 已经信任的证书：{bundle} 中有签发者"),
        );
        let price = Text::new(
            "every program that reads SSL_CERT_FILE believes that authority then",
            "所有读取 SSL_CERT_FILE 的程序都会信任该 CA",
        );
        let mut fix = case.elsewhere("ca-of-git", 12, steps, what, price);
        fix.roots = [system, bundle].map(Into::into).to_vec();
        fixes.push(fix);
    }
    fixes.push(into_the_system(case, &shown, &leaf));
    fixes
}

/// A server does not show who vouches for it, and only whoever runs it can say: git believes no other certificate.
fn authority(case: &Case<'_>, shown: &Shown, is_for_go: bool) -> Fix {
    let (host, issuer) = (&shown.host, issuer(shown));
    let place = host_and_port(case, shown);
    let pem = format!("~/{}-authority.pem", host.replace(':', "-"));
    let mut steps = Vec::new();
    if is_for_go {
        steps.push(StepToTake::Shell(install(case, &pem)));
    }
    if is_unknown_to_git(case, shown) && !(is_for_go && is_one_store(case)) {
        steps.push(StepToTake::Shell(format!("git config --global http.https://{place}/.sslCAInfo {pem}")));
    }
    let what = Text::new(
        format!(
            "get the certificate of the authority “{issuer}” from whoever runs {host}, which does not show it; save it as {pem}, and have it believed"
        ),
        format!("向 {host} 的管理员索取 CA“{issuer}”的证书（{host} 没有出示它），存为 {pem}，并信任它"),
    );
    let price = Text::new(
        "whatever that authority signs is believed: compare its fingerprint with whoever runs it",
        "该 CA 签发的一切都会受信任；请与管理员核对指纹",
    );
    case.elsewhere("authority", 9, steps, what, price)
}

/// True if all that was shown is a server's own certificate, which somebody else signed.
fn hides_its_authority(shown: &Shown) -> bool {
    matches!(&shown.chain[..], [own] if !Certificate::read(own).is_self_signed)
}

fn issuer(shown: &Shown) -> String {
    shown.chain.last().map(|last| Certificate::read(last).issuer).unwrap_or_default()
}

fn is_unknown_to_git(case: &Case<'_>, shown: &Shown) -> bool {
    match &case.report.trust.git {
        Some((_, Trust::Bundle(path, _))) => vouched(std::slice::from_ref(path), shown).is_err(),
        Some((_, Trust::System)) => true,
        Some((_, Trust::None | Trust::Anyone(_))) | None => false,
    }
}

/// True if git reads the very certificates that Go reads.
fn is_one_store(case: &Case<'_>) -> bool {
    let of_go = case.report.trust.go.as_ref();
    match &case.report.trust.git {
        Some((_, Trust::Bundle(path, _))) => of_go.is_some_and(|bundle| bundle.path == *path),
        Some((_, Trust::System)) => of_go.is_none_or(|bundle| bundle.variable.is_none()),
        Some((_, Trust::None | Trust::Anyone(_))) | None => true,
    }
}

/// Where the certificates were shown, as git's configuration names it.
fn host_and_port(case: &Case<'_>, shown: &Shown) -> String {
    let of_url = host(&case.url).filter(|place| place.starts_with(shown.host.as_str()));
    of_url.unwrap_or_else(|| shown.host.clone())
}

/// A `?go-get=1` page did not come over TLS: trust, or GOINSECURE.
pub(super) fn page(case: &Case<'_>) -> Vec<Fix> {
    let mut fixes = go(case);
    let path = case.report.command.path();
    let (goinsecure, setting) = case.machine.goinsecure();
    let Some(shown) = shown(case).filter(|_| goinsecure.find(path).is_none()) else { return fixes };
    if is_about_trust(case) && hides_its_authority(&shown) {
        // A certificate that is itself no authority's is enough for Go, and not for the git that comes after it.
        fixes.retain(|fix| fix.code != "ca-into-system");
        fixes.push(authority(case, &shown, true));
    }
    let near = goinsecure.near_misses(path).into_iter().next().map(|near| (near.pattern.to_owned(), near.meant));
    let pattern = near.as_ref().map_or_else(|| case.pattern(), |(_, meant)| meant.clone());
    let value = match &near {
        Some((wrong, meant)) => {
            setting.value.split(',').map(|part| if part == wrong { meant } else { part }).collect::<Vec<_>>().join(",")
        }
        None if setting.value.is_empty() => pattern.clone(),
        None => format!("{},{pattern}", setting.value),
    };
    let what = Text::new(
        format!("let Go look for {pattern} without checking the certificate"),
        format!("让 Go 查找 {pattern} 时不检查证书"),
    );
    let price = Text::new(
        format!(
            "whoever is on the way can say where {pattern} lives, and https may become http; git still checks for itself, and checksums stay as they are"
        ),
        format!("途中的任何人都可以谎报 {pattern} 的位置，https 也可能退成 http；git 仍会自己检查证书，校验和不受影响"),
    );
    let insecure = case.setting("goinsecure", 35, vec![("GOINSECURE", value)], what, price);
    for fix in fixes.iter_mut().filter(|fix| fix.roots.is_empty()) {
        let is_for_git = fix.code == "authority" || is_one_store(case);
        fix.as_if = Some(AsIf { changes: insecure.changes.clone(), is_for_git });
    }
    fixes.push(insecure);
    fixes
}

/// Git does not believe a server.
pub(super) fn git(case: &Case<'_>) -> Vec<Fix> {
    let Some((url, trust)) = &case.report.trust.git else { return Vec::new() };
    let Some(place) = host(url) else { return Vec::new() };
    let scope = format!("http.https://{place}/.sslCAInfo");
    let mut fixes = Vec::new();
    let hidden = shown_by(case, &place).filter(hides_its_authority);
    let go_believes = case.report.trust.go.as_ref().filter(|bundle| {
        let is_other = matches!(trust, Trust::Bundle(path, _) if *path != bundle.path);
        is_other && go_vouches(case) && !hidden.as_ref().is_some_and(|shown| holds(&bundle.path, shown))
    });
    if let Some(bundle) = go_believes {
        let words = ["git", "config", "--global", &scope, &bundle.path.display().to_string()].map(str::to_owned).to_vec();
        let what = Text::new("let git believe what Go believes already", "让 git 也信任 Go 已经信任的证书");
        let price = Text::new(format!("none beyond {place}"), format!("只影响 {place}"));
        fixes.push(case.elsewhere("git-ca-of-go", 10, vec![StepToTake::Run(words)], what, price));
    }
    if let Some(shown) = hidden.filter(|shown| go_believes.is_none() && is_unknown_to_git(case, shown)) {
        fixes.push(authority(case, &shown, false));
    }
    let pem = format!("{}.pem", place.replace(':', "-"));
    let steps = vec![
        StepToTake::Shell(save(case, &place, &pem)),
        StepToTake::Shell(format!("git config --global {} ~/{pem}", super::quoted(&scope))),
    ];
    let what = Text::new(
        format!("give git the certificate of {place}; better still, that of its authority, from whoever runs it"),
        format!("把 {place} 的证书交给 git；更好的做法是向管理员索取其 CA 证书"),
    );
    let price = Text::new(
        format!("git believes that certificate for {place} only; compare its fingerprint with whoever runs it"),
        format!("git 只在访问 {place} 时信任它；请与管理员核对指纹"),
    );
    fixes.push(case.elsewhere("git-ca", 15, steps, what, price));
    let off = ["git", "config", "--global", &format!("http.https://{place}/.sslVerify"), "false"].map(str::to_owned).to_vec();
    let what = Text::new(
        format!("last resort: let git believe anybody who says he is {place}"),
        format!("最后手段：让 git 不检查 {place} 的证书"),
    );
    let price = Text::new(
        format!("whoever is on the way to {place} can change the code you build"),
        format!("通往 {place} 途中的任何人都可以篡改你构建的代码"),
    );
    fixes.push(case.elsewhere("git-unverified", 90, vec![StepToTake::Run(off)], what, price));
    fixes
}

fn into_the_system(case: &Case<'_>, shown: &Shown, leaf: &Certificate) -> Fix {
    let place = host(&case.url).unwrap_or_else(|| case.host.clone());
    let pem = format!("{}.crt", shown.host.replace(':', "-"));
    let steps = vec![StepToTake::Shell(save(case, &place, &pem)), StepToTake::Shell(install(case, &format!("~/{pem}")))];
    let (host, issuer) = (&shown.host, &leaf.issuer);
    let what = if leaf.is_self_signed || shown.chain.len() > 1 {
        Text::new(
            format!("let Go believe what {host} shows, which you should compare with whoever runs it"),
            format!("让 Go 信任 {host} 出示的证书；请先与管理员核对"),
        )
    } else {
        Text::new(
            format!(
                "get the certificate of the authority “{issuer}” from whoever runs {host}, for {host} does not show it; until then let Go believe that of {host} itself"
            ),
            format!("向 {host} 的管理员索取 CA“{issuer}”的证书（{host} 没有出示它）；在此之前可先让 Go 信任 {host} 自己的证书"),
        )
    };
    let price = Text::new(
        "every program that reads the same place believes that authority then: compare its fingerprint first",
        "所有读取同一位置的程序都会信任该 CA；请先核对指纹",
    );
    case.elsewhere("ca-into-system", 15, steps, what, price)
}

/// How a certificate comes to where Go looks: into the file that SSL_CERT_FILE names, or into the system's store.
fn install(case: &Case<'_>, pem: &str) -> String {
    let bundle = case.report.trust.go.as_ref();
    match bundle {
        Some(bundle) if bundle.variable.is_some() => {
            format!("cat {pem} >> {}", super::quoted(&bundle.path.display().to_string()))
        }
        Some(bundle) if bundle.path.starts_with("/etc/pki") => {
            format!("sudo cp {pem} /etc/pki/ca-trust/source/anchors/ && sudo update-ca-trust")
        }
        // Only what is called .crt is taken there.
        _ => {
            let name = pem.trim_start_matches("~/").trim_end_matches(".crt").trim_end_matches(".pem");
            format!("sudo cp {pem} /usr/local/share/ca-certificates/{name}.crt && sudo update-ca-certificates")
        }
    }
}

/// The last certificate of what a server shows, which is the one nearest to the authority.
fn save(case: &Case<'_>, place: &str, pem: &str) -> String {
    let place = if place.contains(':') { place.to_owned() } else { format!("{place}:443") };
    let name = place.split(':').next().unwrap_or_default();
    let all = case.report.hops.iter().flat_map(|hop| &hop.asked).filter_map(|asked| asked.probed.as_ref());
    let of_place = |exchange: &&Exchange| exchange.certificates.as_ref().is_some_and(|shown| shown.host == name);
    let via = all.filter_map(last).find(of_place).and_then(|exchange| exchange.via.clone());
    let via = via.map(|via| format!(" -proxy {via}")).unwrap_or_default();
    let last = r#"awk '/BEGIN CERT/{c=""} {c=c $0 "\n"} /END CERT/{last=c} END{printf "%s", last}'"#;
    format!("openssl s_client -connect {place}{via} -showcerts </dev/null 2>/dev/null | {last} > ~/{pem}")
}

/// The certificates that were shown where it broke.
fn shown(case: &Case<'_>) -> Option<Shown> {
    let probed = case.report.probed(case.broken.at.as_ref()?)?;
    let Evidence::Web(exchanges) = &probed.evidence else { return None };
    exchanges.last()?.certificates.clone().filter(|shown| shown.verdict.is_err())
}

/// The certificates that a host showed to Go on this journey.
fn shown_by(case: &Case<'_>, place: &str) -> Option<Shown> {
    let name = place.split(':').next().unwrap_or_default();
    let all = case.report.hops.iter().flat_map(|hop| &hop.asked).filter_map(|asked| asked.probed.as_ref());
    all.filter_map(last).filter_map(|exchange| exchange.certificates.clone()).find(|shown| shown.host == name)
}

/// True if a bundle holds a server's own certificate: that is enough for Go, and not for every git.
fn holds(bundle: &std::path::Path, shown: &Shown) -> bool {
    let Some(own) = shown.chain.first() else { return false };
    let written: String = std::fs::read_to_string(bundle).unwrap_or_default().split_whitespace().collect();
    written.contains(&STANDARD.encode(own))
}

/// False for certificates that no store could make right: expired ones, and those of other names.
fn is_about_trust(case: &Case<'_>) -> bool {
    shown(case).is_some_and(|shown| shown.verdict.is_err_and(|trouble| trouble.to_string().contains("unknown authority")))
}

fn bundle_of_git(case: &Case<'_>, shown: &Shown) -> Option<String> {
    match &case.report.trust.git {
        Some((_, Trust::Bundle(path, _))) if vouched(std::slice::from_ref(path), shown).is_ok() => {
            Some(path.display().to_string())
        }
        _ => None,
    }
}

/// Whether Go believed that host when it asked for a page.
fn go_vouches(case: &Case<'_>) -> bool {
    let all = case.report.hops.iter().flat_map(|hop| &hop.asked).filter_map(|asked| asked.probed.as_ref());
    all.filter_map(|probed| match &probed.evidence {
        Evidence::Web(exchanges) => exchanges.last(),
        Evidence::Git(_) | Evidence::File | Evidence::Guessed(_) => None,
    })
    .any(|exchange| {
        exchange.certificates.as_ref().is_some_and(|shown| shown.verdict.is_ok() && case.host.starts_with(&shown.host))
    })
}
