//! A trace as a sequence diagram, for pages that draw Mermaid.

use std::collections::BTreeMap;

use super::{
    Traced,
    rows::{Kind, Look, Row, rows},
    say,
};
use crate::{
    lang::Lang,
    render::mermaid::{Participant, Sequence},
};

/// The diagram of `traced`.
pub fn mermaid(traced: &Traced, lang: Lang) -> String {
    let rows = rows(traced, lang);
    let mut sequence = Sequence::default();
    let go = sequence.participant("go");
    let git = rows.iter().any(|row| row.kind == Kind::Process).then(|| sequence.participant("git"));
    let mut hosts: BTreeMap<&str, Participant> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.kind != Kind::Process) {
        if !hosts.contains_key(row.host.as_str()) {
            hosts.insert(&row.host, sequence.participant(&row.host));
        }
    }
    for row in rows.iter().take(super::limits::MAX_MESSAGES) {
        match hosts.get(row.host.as_str()).filter(|_| row.kind != Kind::Process) {
            Some(host) => exchange(&mut sequence, go, *host, row, lang),
            None => {
                let git = git.unwrap_or(go);
                sequence.ask(go, git, &row.what);
                sequence.answer(git, go, &say::time(row.took));
            }
        }
    }
    if rows.len() > super::limits::MAX_MESSAGES {
        let more = rows.len() - super::limits::MAX_MESSAGES;
        sequence.note(go, go, &lang.pick("… and {} more", "…… 另有 {} 个").replace("{}", &more.to_string()));
    }
    sequence.finish()
}

fn exchange(sequence: &mut Sequence, go: Participant, host: Participant, row: &Row, lang: Lang) {
    let took = say::time(row.took);
    if row.kind == Kind::Tunnel {
        sequence.ask(go, host, &row.what);
        let opened = lang.pick("open for", "持续");
        return if row.look == Look::Bad {
            sequence.fail(host, go, &took)
        } else {
            sequence.answer(host, go, &format!("{opened} {took}"))
        };
    }
    sequence.ask(go, host, &row.what);
    let size = say::bytes(row.bytes);
    match row.look {
        Look::Bad if row.status == "!" => sequence.fail(host, go, &took),
        Look::Good | Look::NotExist | Look::Step | Look::Bad => {
            sequence.answer(host, go, &format!("{} · {size} · {took}", row.status));
        }
    }
}
