//! Small documents: `.info`, `.mod`, `list`, `@latest` and queries.

use std::time::Duration;

use bytes::Bytes;
use gomod::{
    dirhash::go_mod_h1,
    info::Info,
    module::{ModulePath, Rev, Version},
};
use plan::{Ask, Event, Reason};
use store::{AnswerBody, Digest, Kind, Part};

use super::Fetcher;
use crate::{
    answer::{Answer, Body, Caching},
    cache::{changing, changing_question, key, media},
    chain::{Chain, Miss},
    journey::Journey,
    proxy::Landed,
    upstream::{Known, Question, Reply},
    vouch::Sums,
};

impl Fetcher {
    /// The go.mod, proven before it is kept. It never costs a zip.
    pub(super) async fn go_mod(&self, chain: &Chain, module: &ModulePath, version: &Version, journey: &Journey) -> Landed {
        let question = Question::GoMod(module.clone(), version.clone());
        let mut travel = chain.travel(question.to_string(), journey);
        let mut sums: Option<Result<Sums, Reason>> = None;
        while let Some(upstream) = travel.here() {
            match upstream.ask(&question, &Known::default(), journey).await {
                Err(failure) => travel.failed(failure),
                Ok(Reply::NotModified) => travel.refused(unasked(upstream.name(), &question)),
                Ok(Reply::Found { body, .. }) => {
                    if sums.is_none() {
                        sums = Some(self.voucher.sums(module, version, journey).await);
                    }
                    let known = sums.clone().unwrap_or_else(|| Err(Reason::Internal("no sums".into())));
                    let h1 = go_mod_h1(&body);
                    match known.and_then(|sums| sums.check_mod(module, version, &h1).map(|()| sums)) {
                        Err(reason) => travel.refused(reason),
                        Ok(sums) => {
                            let part = self.new_part(&body, Some(h1.to_string()), sums.vouched(), upstream.name());
                            return self.keep_document((module, version, Kind::Mod), body, part, journey).await;
                        }
                    }
                }
            }
        }
        self.missed(&key(chain.way(), &question), travel.miss(), journey).await
    }

    /// The `.info` of a version, kept byte for byte.
    pub(super) async fn info(&self, chain: &Chain, module: &ModulePath, version: &Version, journey: &Journey) -> Landed {
        let Ok(rev) = Rev::parse(version.as_str()) else {
            return Err(Miss::Failed(Reason::Internal("a version is no revision".into())));
        };
        let question = Question::Stat(module.clone(), rev.clone());
        let mut travel = chain.travel(question.to_string(), journey);
        while let Some(upstream) = travel.here() {
            match upstream.ask(&question, &Known::default(), journey).await {
                Err(failure) => travel.failed(failure),
                Ok(Reply::NotModified) => travel.refused(unasked(upstream.name(), &question)),
                Ok(Reply::Found { body, known }) => match judge_info(module, &rev, &body, upstream.name()) {
                    Err(reason) => travel.refused(reason),
                    Ok(info) if info.version() == version.as_str() => {
                        let part = self.new_part(&body, None, "none: .info has no checksum", upstream.name());
                        return self.keep_document((module, version, Kind::Info), body, part, journey).await;
                    }
                    // Another version for one that does not fit the path's major version (v2.0.0 for v2.0.0+incompatible): an answer, but no part.
                    Ok(_) => {
                        let key = key(chain.way(), &question);
                        return self.keep_changing(&Ask::Info(rev), &key, body, known, upstream.name(), journey).await;
                    }
                },
            }
        }
        self.missed(&key(chain.way(), &question), travel.miss(), journey).await
    }

    /// An answer that may change: asked for with the validators of the kept one.
    pub(super) async fn changing(&self, chain: &Chain, module: &ModulePath, ask: &Ask, journey: &Journey) -> Landed {
        let Some(question) = changing_question(module, ask) else {
            return Err(Miss::Failed(Reason::Internal("no question".into())));
        };
        let key = key(chain.way(), &question);
        let mut travel = chain.travel(question.to_string(), journey);
        while let Some(upstream) = travel.here() {
            let kept = self.cache.known(&key, upstream.name()).await.map_err(Miss::Failed)?;
            let known = kept.as_ref().map(|(known, _)| known.clone()).unwrap_or_default();
            match (upstream.ask(&question, &known, journey).await, kept) {
                (Err(failure), _) => travel.failed(failure),
                (Ok(Reply::NotModified), Some((_, kept))) => return self.confirmed(ask, &key, kept, journey).await,
                (Ok(Reply::NotModified), None) => travel.refused(unasked(upstream.name(), &question)),
                (Ok(Reply::Found { body, known }), _) => match judge_changing(module, ask, &body, upstream.name()) {
                    Err(reason) => travel.refused(reason),
                    Ok(()) => return self.keep_changing(ask, &key, body, known, upstream.name(), journey).await,
                },
            }
        }
        self.missed(&key, travel.miss(), journey).await
    }

    async fn keep_document(&self, subject: (&ModulePath, &Version, Kind), body: Bytes, part: Part, journey: &Journey) -> Landed {
        let fresh = Answer {
            body: Body::Memory(body.clone()),
            digest: Some(part.digest),
            modified_at: part.kept_at,
            media: media(subject.2),
            caching: Caching::Immutable,
            hot_for: Duration::MAX,
        };
        let kept = self.cache.keep_bytes(subject, body, part.clone()).await;
        self.after_keeping(subject, (kept, &part), fresh, journey).await
    }

    async fn keep_changing(&self, ask: &Ask, key: &str, body: Bytes, known: Known, origin: &str, journey: &Journey) -> Landed {
        let now = self.clock.now();
        let before = self.cache.index.answer(key).await.ok().flatten();
        let unchanged = before.filter(|before| before.body == AnswerBody::Found(body.clone()));
        let changed_at = unchanged.map_or(now, |before| before.changed_at);
        let Known { etag, last_modified } = known;
        let record = AnswerBody::Found(body.clone());
        let kept = store::Answer { body: record, etag, last_modified, origin: origin.into(), checked_at: now, changed_at };
        self.keep_and_serve(ask, key, kept, body, journey).await
    }

    async fn confirmed(&self, ask: &Ask, key: &str, kept: store::Answer, journey: &Journey) -> Landed {
        let AnswerBody::Found(body) = kept.body.clone() else {
            return Err(Miss::Failed(Reason::Internal("nothing to confirm".into())));
        };
        let kept = store::Answer { checked_at: self.clock.now(), ..kept };
        self.keep_and_serve(ask, key, kept, body, journey).await
    }

    async fn keep_and_serve(&self, ask: &Ask, key: &str, kept: store::Answer, body: Bytes, journey: &Journey) -> Landed {
        let (changed_at, fresh) = (kept.changed_at, self.cache.freshness.fresh);
        match self.cache.keep_answer(key, kept).await {
            Ok(()) => Ok(changing(ask, body, changed_at, fresh)),
            Err(error) => {
                journey.note(Event::NotKept(error.to_string()));
                Ok(changing(ask, body, changed_at, Duration::ZERO))
            }
        }
    }

    /// "Does not exist" is kept briefly; trouble never.
    async fn missed(&self, key: &str, miss: Miss, journey: &Journey) -> Landed {
        if let Miss::NotExist(text) = &miss {
            let now = self.clock.now();
            let body = AnswerBody::NotExist(text.clone());
            let none = String::new;
            let kept =
                store::Answer { body, etag: none(), last_modified: none(), origin: none(), checked_at: now, changed_at: now };
            if let Err(error) = self.cache.keep_answer(key, kept).await {
                journey.note(Event::NotKept(error.to_string()));
            }
        }
        Err(miss)
    }

    fn new_part(&self, body: &Bytes, h1: Option<String>, vouched: &str, origin: &str) -> Part {
        let (digest, size_bytes, kept_at) = (Digest::of(body), body.len() as u64, self.clock.now());
        Part { digest, size_bytes, h1, vouched: vouched.into(), origin: origin.into(), kept_at }
    }
}

fn judge_info(module: &ModulePath, rev: &Rev, body: &Bytes, upstream: &str) -> Result<Info, Reason> {
    let info = Info::parse(body).map_err(|error| invalid(upstream, &error))?;
    info.check_answers(module, rev).map_err(|error| invalid(upstream, &error))?;
    Ok(info)
}

fn judge_changing(module: &ModulePath, ask: &Ask, body: &Bytes, upstream: &str) -> Result<(), Reason> {
    match ask {
        Ask::Info(rev) => judge_info(module, rev, body, upstream).map(drop),
        Ask::Latest => Info::parse(body).map(drop).map_err(|error| invalid(upstream, &error)),
        Ask::List | Ask::Mod(_) | Ask::Zip(_) => Ok(()),
    }
}

fn invalid(upstream: &str, error: &dyn std::error::Error) -> Reason {
    Reason::BadContent(format!("invalid response from proxy {upstream:?}: {error}"))
}

/// An upstream that answers 304 to a question without a condition.
fn unasked(upstream: &str, question: &Question) -> Reason {
    crate::chain::trouble_reason(upstream, &question.to_string(), &plan::Trouble::Status(304, String::new()))
}
