//! A report as JSON, version 1.

use gomod::client::{Checksums, End};
use serde_json::{Value, json};

use super::{
    fix::{Fix, Promise, StepToTake},
    probe::{Evidence, Probed, certificate::Certificate, git::Trust},
    report::{Asked, Hop, Kind, Report, State},
    verdict::{self, verdict},
    words,
};
use crate::{lang::Lang, machine::masked};

impl Report {
    /// The report for programs; sentences are in `lang`.
    pub fn json(&self, lang: Lang) -> Value {
        let told = verdict(self);
        json!({
            "version": 1,
            "command": self.command.to_string(),
            "module": self.command.path(),
            "dry": self.is_dry,
            "env_file": self.told_by,
            "notes": self.notes.iter().map(|note| words::note(note).get(lang).to_owned()).collect::<Vec<_>>(),
            "settings": self.settings.iter().map(setting).collect::<Vec<_>>(),
            "paths": self.paths.iter().map(path).collect::<Vec<_>>(),
            "hops": self.hops.iter().map(|hop| of_hop(hop, lang)).collect::<Vec<_>>(),
            "tls": {
                "go": {
                    "checked": self.trust.go_insecure.is_none(),
                    "goinsecure_pattern": self.trust.go_insecure,
                    "bundle": self.trust.go.as_ref().map(|bundle| bundle.path.display().to_string()),
                },
                "git": self.trust.git.as_ref().map(|(url, trust)| git(url, trust)),
            },
            "checksums": self.checksums(lang),
            "leaks": self.leaks.iter().map(|leak| json!({
                "who": leak.who, "public": leak.is_public, "names": leak.names, "asked": leak.was_asked,
            })).collect::<Vec<_>>(),
            "outcome": self.end(),
            "headline": told.headline.get(lang),
            "details": told.details.iter().map(|detail| detail.get(lang)).collect::<Vec<_>>(),
            "go_prints": told.go_prints,
            "mover": told.mover.get(lang),
            "code": told.row.map(|row| row.code),
            "docs": told.row.map(|row| row.docs(lang)),
            "fixes": self.fixes.iter().map(|fix| of_fix(fix, lang)).collect::<Vec<_>>(),
            "duration_ms": millis(self.took),
        })
    }

    fn end(&self) -> Value {
        match &self.outcome.end {
            End::Done { module, version } => {
                json!({ "end": "done", "module": module, "version": version, "exit": self.outcome.exit })
            }
            End::Broken(broken) => json!({
                "end": "broken",
                "class": broken.class.code(),
                "module": broken.module,
                "version": broken.version,
                "at": broken.at.as_ref().map(|question| verdict::url_of(self, question)),
                "words": broken.words,
                "exit": self.outcome.exit,
            }),
            End::Unknown(question) => json!({ "end": "unknown", "at": verdict::url_of(self, question) }),
        }
    }

    fn checksums(&self, lang: Lang) -> Value {
        let (state, variable, pattern) = match &self.sums.checksums {
            Checksums::NotReached => ("not-reached", None, None),
            Checksums::Off => ("off", None, None),
            Checksums::Private { variable, pattern } => ("private", Some(variable), Some(pattern)),
            Checksums::Consulted => ("consulted", None, None),
        };
        json!({
            "state": state,
            "variable": variable,
            "pattern": pattern,
            "database": self.sums.database,
            "url": self.sums.url,
            "asked": self.sums.asked.iter().map(|asked| of_asked(asked, lang)).collect::<Vec<_>>(),
        })
    }
}

fn setting(setting: &crate::machine::Setting) -> Value {
    let value = if setting.variable == "GOAUTH" { words::goauth(&setting.value) } else { masked(&setting.value) };
    json!({ "variable": setting.variable, "value": value, "layer": setting.layer.name(), "file": setting.layer.file() })
}

fn path(candidate: &super::report::Candidate) -> Value {
    let hits: Vec<Value> = candidate
        .hits
        .iter()
        .map(|hit| {
            let near: Vec<Value> = hit
                .near
                .iter()
                .map(|near| {
                    let why: Vec<&str> = near.why.iter().map(|miss| miss.code()).collect();
                    json!({ "pattern": near.pattern, "why": why, "meant": near.meant })
                })
                .collect();
            json!({ "variable": hit.variable, "pattern": hit.pattern, "near_misses": near })
        })
        .collect();
    json!({ "path": candidate.path, "patterns": hits })
}

fn of_hop(hop: &Hop, lang: Lang) -> Value {
    let kind = match hop.kind {
        Kind::Proxy => "proxy",
        Kind::File => "file",
        Kind::Direct => "direct",
        Kind::Off => "off",
    };
    let state = match hop.state {
        State::Served => "served",
        State::GaveWay => "gave-way",
        State::Broke => "broke",
        State::Unknown => "unknown",
        State::NotReached => "not-reached",
        State::Passed => "passed",
    };
    let separator = match hop.separator {
        gomod::goproxy::Separator::Comma => Some(","),
        gomod::goproxy::Separator::Bar => Some("|"),
        gomod::goproxy::Separator::End => None,
    };
    json!({
        "entry": hop.index,
        "name": hop.name,
        "kind": kind,
        "separator": separator,
        "state": state,
        "asked": hop.asked.iter().map(|asked| of_asked(asked, lang)).collect::<Vec<_>>(),
    })
}

fn of_asked(asked: &Asked, lang: Lang) -> Value {
    let mut value = json!({ "url": masked(&asked.ask.url), "asked": asked.probed.is_some() });
    if let Some(probed) = &asked.probed {
        value["answer"] = json!(words::content(&probed.answer).get(lang));
        value["good"] = json!(words::is_good(&probed.answer));
        value["duration_ms"] = json!(millis(probed.took));
        value["server_says"] = json!(probed.inside);
        evidence(probed, &mut value);
    }
    value
}

fn evidence(probed: &Probed, value: &mut Value) {
    match &probed.evidence {
        Evidence::Web(exchanges) => {
            value["exchanges"] = exchanges
                .iter()
                .map(|exchange| {
                    let steps: Vec<Value> = exchange
                        .steps
                        .iter()
                        .map(|(step, took)| json!({ "step": words::step(*step), "ms": millis(*took) }))
                        .collect();
                    json!({
                        "url": exchange.url,
                        "addresses": exchange.addresses.iter().map(ToString::to_string).collect::<Vec<_>>(),
                        "via": exchange.via,
                        "steps": steps,
                        "status": exchange.end.as_ref().ok().map(|told| told.status),
                        "trouble": exchange.end.as_ref().err().map(plan::Trouble::code),
                        "login_sent": exchange.login_sent,
                        "request_id": exchange.end.as_ref().ok().and_then(|told| told.mark("x-request-id")),
                        "certificates": exchange.certificates.as_ref().map(|shown| shown.chain.iter().map(|der| {
                            let one = Certificate::read(der);
                            json!({ "subject": one.subject, "issuer": one.issuer, "names": one.names, "ends": one.ends })
                        }).collect::<Vec<_>>()),
                        "believed": exchange.certificates.as_ref().map(|shown| shown.verdict.is_ok()),
                    })
                })
                .collect();
        }
        Evidence::Git(seen) => {
            value["git"] = json!({
                "instead": seen.instead,
                "not_run": seen.not_run.map(|why| format!("{why:?}").to_lowercase()),
                "left_out": seen.left_out.iter().map(|(program, place)| json!({ "program": program, "place": place })).collect::<Vec<_>>(),
                "words": seen.words,
            });
        }
        Evidence::File => {}
        Evidence::Guessed(guess) => value["guessed"] = json!(format!("{guess:?}").to_lowercase()),
    }
}

fn git(url: &str, trust: &Trust) -> Value {
    let (state, bundle, set_in) = match trust {
        Trust::None => ("none", None, None),
        Trust::System => ("system", None, None),
        Trust::Bundle(path, by) => ("bundle", Some(path.display().to_string()), Some(by)),
        Trust::Anyone(by) => ("not-checked", None, Some(by)),
    };
    json!({ "url": url, "checked": state != "not-checked", "trust": state, "bundle": bundle, "set_in": set_in })
}

fn of_fix(fix: &Fix, lang: Lang) -> Value {
    let steps: Vec<Value> = fix
        .steps
        .iter()
        .map(|step| match step {
            StepToTake::Run(words) => json!({ "kind": "run", "line": step.line(), "words": words }),
            StepToTake::Shell(line) => json!({ "kind": "shell", "line": line }),
            StepToTake::Line { file, line } => json!({ "kind": "line", "file": file, "line": line }),
        })
        .collect();
    let (promise, class) = match &fix.promise {
        Promise::Works => ("works", None),
        Promise::BreaksAt(class) => ("breaks-later", Some(class.code())),
        Promise::Further => ("gets-further", None),
        Promise::NotTried => ("not-tried", None),
        Promise::NoSetting => ("no-setting-helps", None),
    };
    json!({
        "code": fix.code,
        "what": fix.what.get(lang),
        "steps": steps,
        "price": fix.price.get(lang),
        "promise": promise,
        "then": class,
        "can_be_applied": fix.can_be_applied(),
    })
}

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
