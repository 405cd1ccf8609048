//! A GitHub App: its key signs a short statement, for which GitHub gives a token of one installation that lives an hour.
//!
//! Source: docs.github.com, "Generating a JSON Web Token (JWT) for a GitHub App" and "Generating an installation access token"; RFC 7519, RFC 7518
//! §3.3 (RS256).

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use gomod::time::Time;
use http::{HeaderValue, Method, StatusCode, header::ACCEPT};
use plan::Trouble;
use rustls::{SignatureScheme, crypto::aws_lc_rs::sign::any_supported_type};
use rustls_pki_types::{PrivateKeyDer, pem::PemObject as _};
use serde::Deserialize;
use tokio::{sync::Semaphore, time::Instant};
use url::Url;

use super::{Found, Login, authorization, bearer};
use crate::{
    clock::Clock,
    egress::{exchange::Exchanger, place::At},
    limits,
    settings::Secret,
};

/// The user name that goes with an installation's token over git's http.
const USER: &str = "x-access-token";

/// How long a statement of ours is good for: GitHub allows ten minutes, and clocks differ.
const STATEMENT_SECONDS: i64 = 9 * 60;

/// One app.
pub(super) struct App {
    id: u64,
    key: PathBuf,
    api: Url,
    clock: Clock,
    installed: Mutex<Installed>,
    /// One question at a time: many requests that need a token at once ask for one.
    turn: Semaphore,
}

#[derive(Default)]
struct Installed {
    /// By `owner/repository` in lower case: the installation that covers it, if any does, and until when that is believed.
    where_to: HashMap<String, (Option<u64>, Instant)>,
    /// By installation: its token, and when it expires, in seconds since the Unix epoch.
    tokens: HashMap<u64, (Secret, i64)>,
}

/// The way to the API: the place that the app is the login of.
struct Api<'a> {
    at: At,
    exchanger: &'a Exchanger,
}

#[derive(Deserialize)]
struct Installation {
    id: u64,
}

#[derive(Deserialize)]
struct AccessToken {
    token: String,
    expires_at: String,
}

impl App {
    /// # Errors
    /// [`Trouble::Refused`] if the API's base is no URL, or neither https nor loopback.
    pub(super) fn new(id: u64, key: &Path, api: &str) -> Result<Self, Trouble> {
        let base = Url::parse(&format!("{}/", api.trim_end_matches('/')));
        let safe = |api: &Url| api.scheme() == "https" || api.host_str().is_some_and(crate::client::loopback);
        let Some(api) = base.ok().filter(safe) else {
            return Err(Trouble::Refused("the GitHub App's API is no https URL".to_owned()));
        };
        let (installed, turn) = (Mutex::default(), Semaphore::new(1));
        Ok(Self { id, key: key.to_owned(), api, clock: Clock::system(), installed, turn })
    }

    /// The login of the installation that covers the repository at `url`.
    pub(super) async fn find(&self, at: At, url: &Url, exchanger: &Exchanger) -> Result<Found, Trouble> {
        let api = Api { at, exchanger };
        let Some((owner, repository)) = subject(url) else {
            return Ok(Found::Missing("the URL names no owner of repositories".to_owned()));
        };
        let _turn = self.turn.acquire().await;
        let Some(installation) = self.installation(&owner, &repository, &api).await? else {
            return Ok(Found::Missing(format!("GitHub App {} is not installed for {owner}/{repository}", self.id)));
        };
        let token = match self.kept(installation) {
            Some(token) => token,
            None => self.mint(installation, &api).await?,
        };
        Ok(Found::Login(Login::Basic(USER.to_owned(), token)))
    }

    /// Forgets a token that was not accepted, and which installations there are.
    pub(super) fn forget(&self, sent: Option<&Login>) {
        let mut installed = self.installed.lock().unwrap_or_else(PoisonError::into_inner);
        installed.where_to.clear();
        if let Some(Login::Basic(_, token)) = sent {
            installed.tokens.retain(|_, (known, _)| known != token);
        }
    }

    fn kept(&self, installation: u64) -> Option<Secret> {
        let installed = self.installed.lock().unwrap_or_else(PoisonError::into_inner);
        let (token, expires) = installed.tokens.get(&installation)?;
        (self.clock.now() < expires - limits::TOKEN_MARGIN_SECONDS).then(|| token.clone())
    }

    async fn installation(&self, owner: &str, repository: &str, api: &Api<'_>) -> Result<Option<u64>, Trouble> {
        let key = format!("{owner}/{repository}").to_ascii_lowercase();
        let known = self.installed.lock().unwrap_or_else(PoisonError::into_inner).where_to.get(&key).copied();
        if let Some((found, _)) = known.filter(|(_, until)| Instant::now() < *until) {
            return Ok(found);
        }
        let mut found = None;
        for path in [format!("repos/{owner}/{repository}/installation"), format!("orgs/{owner}/installation")] {
            found = self.ask::<Installation>(Method::GET, &path, api).await?.map(|installation| installation.id);
            if found.is_some() {
                break;
            }
        }
        let fresh = if found.is_some() { limits::INSTALLATION_FRESH } else { limits::NO_INSTALLATION_FRESH };
        let mut installed = self.installed.lock().unwrap_or_else(PoisonError::into_inner);
        bound(&mut installed.where_to);
        installed.where_to.insert(key, (found, Instant::now() + fresh));
        Ok(found)
    }

    async fn mint(&self, installation: u64, api: &Api<'_>) -> Result<Secret, Trouble> {
        let path = format!("app/installations/{installation}/access_tokens");
        let Some(made) = self.ask::<AccessToken>(Method::POST, &path, api).await? else {
            return Err(self.failed(&format!("installation {installation} has gone")));
        };
        let expires = Time::parse_rfc3339(&made.expires_at).map_err(|_| self.failed("expires_at is no time"))?;
        let token = Secret::new(made.token);
        let mut installed = self.installed.lock().unwrap_or_else(PoisonError::into_inner);
        bound(&mut installed.tokens);
        installed.tokens.insert(installation, (token.clone(), expires.unix_seconds()));
        Ok(token)
    }

    /// Asks the API as the app itself; `None` for what it says is not there.
    async fn ask<T: for<'a> Deserialize<'a>>(&self, method: Method, path: &str, api: &Api<'_>) -> Result<Option<T>, Trouble> {
        let url = self.api.join(path).map_err(|_| self.failed("the API's base is not usable"))?;
        let mut headers = authorization(bearer(&self.statement().await?)?);
        headers.insert(ACCEPT, HeaderValue::from_static("application/vnd.github+json"));
        let mut answer = api.exchanger.as_app(api.at, method, &url, &headers).await?;
        match answer.status {
            StatusCode::OK | StatusCode::CREATED => {
                let body = answer.read(limits::MAX_LOGIN_ANSWER_BYTES).await?;
                // What serde says of it might repeat it.
                serde_json::from_slice(&body).map(Some).map_err(|_| self.failed("an answer of the API is not understood"))
            }
            StatusCode::NOT_FOUND => Ok(None),
            status => Err(self.failed(&format!("the API says status {} to {}", status.as_u16(), url.path()))),
        }
    }

    /// The signed statement that we are the app.
    async fn statement(&self) -> Result<Secret, Trouble> {
        let path = self.key.clone();
        // Read each time: a key is rotated by writing another file, and reading it is nothing against asking GitHub.
        let pem = tokio::fs::read(&path).await.map_err(|cause| self.failed(&format!("key {}: {cause}", path.display())))?;
        let unfit = |_| self.failed(&format!("key {} is no RSA key in PEM", path.display()));
        let der = PrivateKeyDer::from_pem_slice(&pem).map_err(|_| unfit(()))?;
        let key = any_supported_type(&der).map_err(|_| unfit(()))?;
        let signer = key.choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256]).ok_or_else(|| unfit(()))?;
        let now = self.clock.now();
        let claims = serde_json::json!({ "iat": now - 60, "exp": now + STATEMENT_SECONDS, "iss": self.id.to_string() });
        let encode = |part: &[u8]| URL_SAFE_NO_PAD.encode(part);
        let said = format!("{}.{}", encode(br#"{"alg":"RS256","typ":"JWT"}"#), encode(claims.to_string().as_bytes()));
        let signature = signer.sign(said.as_bytes()).map_err(|_| self.failed("the key does not sign"))?;
        Ok(Secret::new(format!("{said}.{}", encode(&signature))))
    }

    fn failed(&self, cause: &str) -> Trouble {
        Trouble::Refused(format!("GitHub App {}: {cause}", self.id))
    }
}

/// Owner and repository that a URL is about.
fn subject(url: &Url) -> Option<(String, String)> {
    let mut elements = url.path_segments()?.filter(|element| !element.is_empty());
    let (owner, repository) = (elements.next()?, elements.next()?);
    Some((owner.to_owned(), repository.strip_suffix(".git").unwrap_or(repository).to_owned()))
}

/// Makes room for one more.
fn bound<K, V>(map: &mut HashMap<K, V>) {
    if map.len() >= limits::MAX_INSTALLATIONS {
        map.clear();
    }
}
