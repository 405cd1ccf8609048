//! Who we would be, and what the host says to that, for `modway config check --auth`.

use http::{HeaderMap, Method};
use url::Url;

use super::{
    AuthReport, Insecure, LoginUse,
    exchange::{Exchanger, Who, family},
    login::Kind,
};
use crate::client::{self, Peer};

/// Asks once; follows nothing.
pub(super) async fn check(exchanger: &Exchanger, url: &Url) -> AuthReport {
    let at = exchanger.places.find(url);
    let access = exchanger.places.access(at);
    let mut report = AuthReport {
        url: client::shown(url),
        place: access.map(|access| access.place.clone()),
        credential: access.map_or(Kind::None, |access| Kind::of(&access.credential)),
        login: LoginUse::None,
        address: None,
        said: None,
    };
    match exchanger.permits(url, Insecure::No) {
        Err(trouble) => report.said = Some(Err(trouble)),
        Ok(_) if matches!(family(url.scheme()), "http" | "https") => ask(exchanger, url, &mut report).await,
        Ok(_) => {}
    }
    report
}

async fn ask(exchanger: &Exchanger, url: &Url, report: &mut AuthReport) {
    let (at, headers) = (exchanger.places.find(url), HeaderMap::new());
    let mut ask = exchanger.small(Method::GET, url, &headers, at, Who::Web(at));
    match exchanger.login(ask.aim).await {
        Ok((_, used)) => report.login = used,
        Err(trouble) => {
            report.login = LoginUse::Failed(trouble);
            return;
        }
    }
    match exchanger.exchange(&mut ask).await {
        Ok(got) => {
            report.login = got.login;
            report.address = got.response.extensions().get::<Peer>().map(|peer| peer.0);
            report.said = Some(Ok(got.response.status()));
        }
        Err(trouble) => report.said = Some(Err(trouble)),
    }
}
