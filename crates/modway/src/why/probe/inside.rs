//! A hop that is a modway server tells its own part of the journey: `/-/why/ID`, by the id that it answered with.

use proxy::{
    client::look::{Exchange, Looker, Question},
    settings::Login,
};
use url::Url;

use crate::{limits, render::terminal::harmless};

/// What the server behind the last of some exchanges says that it did; empty if it is no modway, or does not remember.
pub(super) async fn journey(looker: &Looker, exchanges: &[Exchange]) -> Vec<String> {
    let Some(page) = exchanges.last().and_then(page) else { return Vec::new() };
    for pause in limits::SERVER_PAUSES {
        tokio::time::sleep(pause).await;
        let question = Question { url: page.clone(), login: Login::None, is_verified: true, is_head_enough: false };
        if let Ok(told) = looker.once(&question).await.end
            && told.status == 200
            && told.content_type.starts_with("text/plain")
        {
            let text = String::from_utf8_lossy(&told.body).into_owned();
            // The first line repeats what was asked.
            let lines = text.lines().skip(1).filter(|line| !line.trim().is_empty()).take(limits::MAX_SERVER_LINES);
            return lines.map(|line| harmless(line).split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        }
    }
    Vec::new()
}

/// The page of a request, if the answer has an id of the shape that modway gives.
fn page(exchange: &Exchange) -> Option<Url> {
    let id = exchange.end.as_ref().ok()?.mark("x-request-id")?;
    let is_ours =
        (14..=26).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_lowercase() || (b'2'..=b'7').contains(&byte));
    if !is_ours {
        return None;
    }
    let mut url = Url::parse(&exchange.url).ok()?;
    url.set_path(&format!("/-/why/{id}"));
    url.set_query(None);
    Some(url)
}
