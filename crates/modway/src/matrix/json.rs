//! The matrix for programs.

use gomod::client::{Checksums, End};
use serde_json::{Value, json};

use super::{Ear, Imagined, Matrix, Mend, Prediction, ProxySays, Row, Stop, Tls, observe::Observation, words};
use crate::lang::Lang;

/// The matrix as a versioned document. Only sentences are in the language; all else is the same in every one.
pub(super) fn write(matrix: &Matrix, lang: Lang) -> Value {
    let Imagined { proxy_says, go_trusts, git_trusts } = matrix.imagined;
    let says = match proxy_says {
        ProxySays::NotFound => "404",
        ProxySays::Forbidden => "403",
        ProxySays::Error => "500",
        ProxySays::Nothing => "timeout",
    };
    json!({
        "version": 1,
        "command": matrix.subject.command().to_string(),
        "module": matrix.subject.module,
        "pattern": matrix.subject.pattern,
        "world": { "proxy_says": says, "go_trusts_host": go_trusts, "git_trusts_host": git_trusts },
        "present": matrix.present.as_ref().map(|present| json!({
            "row": matrix.rows.iter().find(|row| row.is_present).map(|row| row.number),
            "GOPROXY": present.goproxy,
        })),
        "rows": matrix.rows.iter().map(|one| row(one, matrix, lang)).collect::<Vec<_>>(),
    })
}

fn row(row: &Row, matrix: &Matrix, lang: Lang) -> Value {
    let combination = &row.combination;
    json!({
        "number": row.number,
        "present": row.is_present,
        "settings": {
            "GOPRIVATE": combination.private,
            "GOINSECURE": combination.insecure,
            "GOPROXY": combination.goproxy.value("proxy"),
            "GONOPROXY": combination.gonoproxy_none.then_some("none"),
            "GONOSUMDB": combination.gonosumdb_none.then_some("none"),
            "git_trusts_host": combination.git_trusts,
        },
        "predicted": prediction(&row.prediction, matrix, lang),
        "predicted_if_git_trusts_host": row.if_git_trusts.as_ref().map(|trusted| prediction(trusted, matrix, lang)),
        "predicted_if_all_trust_host": prediction(&row.beyond, matrix, lang),
        "fix": row.mend.as_ref().map(|one| mend(one, matrix, lang)),
        "observed": row.observed.as_ref().map(observation),
        "observed_if_git_trusts_host": row.observed_if_git_trusts.as_ref().map(observation),
    })
}

fn prediction(prediction: &Prediction, matrix: &Matrix, lang: Lang) -> Value {
    let route = prediction.route.iter().map(|stop| match stop {
        Stop::Proxy => "proxy",
        Stop::Direct => "direct",
    });
    let leaks = prediction.leaks.iter().map(|ear| match ear {
        Ear::Proxy => "proxy",
        Ear::Database => "sumdb",
    });
    let checksums = match prediction.outcome.checksums {
        Checksums::NotReached => "not-reached",
        Checksums::Off => "off",
        Checksums::Private { .. } => "private",
        Checksums::Consulted => "consulted",
    };
    let module_words = match &prediction.outcome.end {
        End::Broken(broken) => Some(broken.words.clone()),
        End::Done { .. } | End::Unknown(_) => None,
    };
    json!({
        "exit": prediction.outcome.exit,
        "error": prediction.class().map(gomod::client::ErrorClass::code),
        "words": module_words.filter(|words| !words.is_empty()),
        "cause": Some(words::cause(prediction, matrix.imagined, lang)).filter(|cause| !cause.is_empty()),
        "route": route.collect::<Vec<_>>(),
        "go_tls": tls(prediction.go_tls),
        "git_tls": tls(prediction.git_tls),
        "checksums": checksums,
        "named_to": leaks.collect::<Vec<_>>(),
        "asks": prediction.asks.iter().map(|ask| ask.url.clone()).collect::<Vec<_>>(),
    })
}

const fn tls(tls: Tls) -> &'static str {
    match tls {
        Tls::NotAsked => "not-asked",
        Tls::Believed => "believed",
        Tls::Refused => "refused",
        Tls::Skipped => "skipped",
    }
}

fn mend(mend: &Mend, matrix: &Matrix, lang: Lang) -> Vec<Value> {
    let change = |change: &super::Change| {
        let price = Some(words::price(*change, lang)).filter(|price| !price.is_empty());
        json!({ "change": change.name(), "command": change.command(&matrix.subject), "price": price })
    };
    mend.changes.iter().map(change).collect()
}

fn observation(observation: &Observation) -> Value {
    json!({
        "exit": observation.exit,
        "asked": observation.asked,
        "said": observation.said,
        "differs": observation.differs,
    })
}
