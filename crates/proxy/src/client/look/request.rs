//! What is sent, and where a redirect leads.

use bytes::Bytes;
use http::{
    HeaderValue, Request,
    header::{ACCEPT_ENCODING, AUTHORIZATION, HOST, PROXY_AUTHORIZATION, USER_AGENT},
};
use http_body_util::Empty;
use plan::Trouble;
use url::Url;

use super::{
    super::{AGENT, authorization, forward::Proxy, redirects, shown},
    Exchange, Question, Told,
};

/// True for a status that leads elsewhere.
pub(super) fn redirects_to(status: u16) -> bool {
    http::StatusCode::from_u16(status).is_ok_and(redirects)
}

/// Where a redirect leads.
pub(super) fn next(question: &Question, told: &Told) -> Result<Url, Trouble> {
    let missing = || Trouble::Redirect(format!("{} response missing Location header", told.status));
    let location = told.location.as_ref().ok_or_else(missing)?;
    let mut to = question.url.join(location).map_err(|_| missing())?;
    let _ = to.set_username("");
    let _ = to.set_password(None);
    if !matches!(to.scheme(), "http" | "https") {
        return Err(Trouble::Redirect(format!("{} response with a Location that cannot be followed", told.status)));
    }
    if question.url.scheme() == "https" && to.scheme() != "https" && question.is_verified {
        let (from, to) = (shown(&question.url), shown(&to));
        return Err(Trouble::Redirect(format!("redirected from secure URL {from} to insecure URL {to}")));
    }
    Ok(to)
}

/// The request. A login goes over https only, and only to whom a certificate was believed of.
pub(super) fn request(
    question: &Question,
    absolute: Option<&Proxy>,
    exchange: &mut Exchange,
) -> Result<Request<Empty<Bytes>>, Trouble> {
    let url = &question.url;
    let refused = || Trouble::Refused(format!("URL not usable: {}", shown(url)));
    let host = match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (host, _) => host.unwrap_or_default().to_owned(),
    };
    let path = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let target = if absolute.is_some() { format!("http://{host}{path}") } else { path };
    let mut request = Request::builder().uri(target).body(Empty::new()).map_err(|_| refused())?;
    let headers = request.headers_mut();
    headers.insert(HOST, HeaderValue::from_str(&host).map_err(|_| refused())?);
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    let is_believed = exchange.certificates.as_ref().is_some_and(|shown| shown.verdict.is_ok());
    if let (Some(login), true) = (authorization(&question.login)?, is_believed) {
        headers.insert(AUTHORIZATION, login);
        exchange.login_sent = true;
    }
    if let Some(login) = absolute.and_then(|proxy| proxy.login.clone()) {
        headers.insert(PROXY_AUTHORIZATION, login);
    }
    Ok(request)
}
