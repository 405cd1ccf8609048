//! What a remote's refusal means, with whose move it is.

use std::time::SystemTime;

use http::{StatusCode, header::RETRY_AFTER};
use plan::Trouble;

use super::{bound::Bound, scope::Tail};
use crate::{
    client,
    egress::{LoginUse, exchange::Got, follow::Step, login::Kind},
};

/// Why a status is trouble, if it is: git's own phrase is the first line, as Go users know it, then what we know and git does not.
pub(super) fn objection(bound: &Bound, tail: &Tail, step: &Step, got: &Got) -> Option<Trouble> {
    let status = got.response.status();
    let text = match status {
        StatusCode::UNAUTHORIZED if got.login == LoginUse::Sent => {
            format!("Authentication failed for '{}'\n{}", repository(step), login(bound, step, &got.login))
        }
        StatusCode::UNAUTHORIZED => {
            let site = step.url.origin().ascii_serialization();
            format!("could not read Username for '{site}': terminal prompts disabled\n{}", login(bound, step, &got.login))
        }
        StatusCode::FORBIDDEN => {
            let (url, who) = (repository(step), login(bound, step, &got.login));
            format!("unable to access '{url}/': The requested URL returned error: 403\n{who}")
        }
        StatusCode::NOT_FOUND | StatusCode::GONE if tail.is_whole() && !bound.is_settled() => {
            format!("repository '{}' not found\n{}", repository(step), login(bound, step, &got.login))
        }
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => match asked_to_wait(got) {
            Some(seconds) => return Some(Trouble::Wait(status.as_u16(), seconds)),
            None => String::new(),
        },
        StatusCode::REQUEST_TIMEOUT => String::new(),
        status if status.is_server_error() => String::new(),
        _ => return None,
    };
    Some(Trouble::Status(status.as_u16(), text))
}

/// Which login was used or missing, and where to look.
fn login(bound: &Bound, step: &Step, used: &LoginUse) -> String {
    let access = bound.exchanger.places.access(bound.at());
    let kind = access.map_or(Kind::None, |access| Kind::of(&access.credential));
    let place = access.map_or("", |access| &access.place);
    match (used, step.at_home) {
        (_, false) => format!("the login of {} stays there, and the repository has moved", or_host(place)),
        (LoginUse::Sent, true) => format!("{kind} of place {place} was sent; is it valid, and has it access?"),
        (LoginUse::Missing(why), true) => format!("{kind} of place {place} was not used: {why}"),
        (LoginUse::Failed(trouble), true) => format!("{kind} of place {place} was not used: {trouble}"),
        (LoginUse::None, true) if place.is_empty() => {
            "no place covers it, so no login was sent; if it is private, add one with a credential".to_owned()
        }
        (LoginUse::None, true) => format!("place {place} has no credential; if it is private, add one"),
    }
}

fn or_host(place: &str) -> String {
    if place.is_empty() { "its first host".to_owned() } else { format!("place {place}") }
}

fn repository(step: &Step) -> String {
    let shown = client::shown(&step.url);
    shown.strip_suffix("/info/refs").unwrap_or(&shown).to_owned()
}

fn asked_to_wait(got: &Got) -> Option<u64> {
    let said = got.response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    client::retry_after(said, SystemTime::now()).map(|wait| wait.as_secs())
}
