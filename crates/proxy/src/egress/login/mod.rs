//! Who we are at a place: read when it is needed, and read again when the host does not accept it, so that a rotation needs no restart.

use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header::AUTHORIZATION};
use plan::Trouble;
use url::Url;

pub(super) use self::helper::Runner;
use self::{app::App, file::Watched, helper::Helper};
use super::{exchange::Exchanger, place::At};
use crate::{
    client,
    settings::{Access, Credential, Secret},
};

mod app;
mod file;
mod helper;

/// The logins of all places.
pub(super) struct Logins(Vec<Keeper>);

/// One place's login, or the way to it.
enum Keeper {
    None,
    Netrc(Watched),
    Fixed(Login),
    File(String, Watched),
    Helper(Helper),
    App(Box<App>),
    /// Sent by ssh itself.
    Ssh,
}

/// Something that says who we are. Not printed.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Login {
    /// User and password or token.
    Basic(String, Secret),
    /// Header fields, as a helper gave them.
    Headers(HeaderMap),
}

/// What a place's credential comes to for one URL.
pub(super) enum Found {
    /// It has none.
    None,
    /// This.
    Login(Login),
    /// Nothing for this URL, and why.
    Missing(String),
}

/// What a host said to a login, or to its absence.
pub(super) struct Objection<'a> {
    /// What was asked.
    pub(super) url: &'a Url,
    /// With which status it was refused.
    pub(super) status: StatusCode,
    /// The header fields of the answer.
    pub(super) headers: &'a HeaderMap,
    /// What was sent.
    pub(super) sent: Option<&'a Login>,
}

/// The kind of a credential, as it may be shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// None.
    None,
    /// A netrc file.
    Netrc,
    /// User and token from the configuration or the environment.
    Fixed,
    /// User, and a token in a file.
    File,
    /// A `GOAUTH`-style command.
    Helper,
    /// An ssh key.
    Ssh,
    /// A GitHub App.
    GithubApp,
}

impl Logins {
    /// # Errors
    /// [`Trouble::Refused`] for a fixed login that no header can carry, a helper without words, or an app's API that is no https URL.
    pub(super) fn new<'a>(access: impl Iterator<Item = &'a Access>, runner: &Runner) -> Result<Self, Trouble> {
        access.map(|access| Keeper::new(&access.credential, runner)).collect::<Result<_, _>>().map(Self)
    }

    /// Who we are at `url`, which falls under the rule `at`.
    pub(super) async fn find(&self, at: At, url: &Url, exchanger: &Exchanger) -> Result<Found, Trouble> {
        match at.and_then(|at| self.0.get(at)) {
            None | Some(Keeper::None | Keeper::Ssh) => Ok(Found::None),
            Some(Keeper::Fixed(login)) => Ok(Found::Login(login.clone())),
            Some(Keeper::Netrc(file)) => file.netrc(url).await,
            Some(Keeper::File(user, file)) => file.token(user).await,
            Some(Keeper::Helper(helper)) => helper.find(url).await,
            Some(Keeper::App(app)) => app.find(at, url, exchanger).await,
        }
    }

    /// True if looking for who we are at `at` may itself take exchanges, perhaps with the origin that it is for.
    pub(super) fn asks(&self, at: At) -> bool {
        matches!(at.and_then(|at| self.0.get(at)), Some(Keeper::App(_)))
    }

    /// Looks again after an objection: a login that differs from the one sent, if there is one now.
    pub(super) async fn again(&self, at: At, objection: &Objection<'_>, exchanger: &Exchanger) -> Option<Login> {
        let found = match at.and_then(|at| self.0.get(at))? {
            Keeper::None | Keeper::Ssh | Keeper::Fixed(_) => return None,
            Keeper::Netrc(file) => {
                file.forget();
                file.netrc(objection.url).await
            }
            Keeper::File(user, file) => {
                file.forget();
                file.token(user).await
            }
            Keeper::Helper(helper) => helper.again(objection).await,
            Keeper::App(app) => {
                app.forget(objection.sent);
                app.find(at, objection.url, exchanger).await
            }
        };
        match found {
            Ok(Found::Login(login)) if Some(&login) != objection.sent => Some(login),
            // The first answer says what is wrong; that looking again failed, too, adds nothing.
            Ok(_) | Err(_) => None,
        }
    }
}

impl Keeper {
    fn new(credential: &Credential, runner: &Runner) -> Result<Self, Trouble> {
        Ok(match credential {
            Credential::None => Self::None,
            Credential::Netrc(file) => Self::Netrc(Watched::new(file)),
            Credential::Fixed(user, secret) => {
                let login = Login::Basic(user.clone(), secret.clone());
                login.web()?;
                Self::Fixed(login)
            }
            Credential::File(user, file) => Self::File(user.clone(), Watched::new(file)),
            Credential::Helper(words) => Self::Helper(Helper::new(words, runner)?),
            Credential::Ssh(..) => Self::Ssh,
            Credential::GithubApp(id, key, api) => Self::App(Box::new(App::new(*id, key, api)?)),
        })
    }
}

impl Kind {
    /// The kind of `credential`.
    pub(super) fn of(credential: &Credential) -> Self {
        match credential {
            Credential::None => Self::None,
            Credential::Netrc(_) => Self::Netrc,
            Credential::Fixed(..) => Self::Fixed,
            Credential::File(..) => Self::File,
            Credential::Helper(_) => Self::Helper,
            Credential::Ssh(..) => Self::Ssh,
            Credential::GithubApp(..) => Self::GithubApp,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "no login",
            Self::Netrc => "the netrc file",
            Self::Fixed => "the configured token",
            Self::File => "the token in its file",
            Self::Helper => "the helper command",
            Self::Ssh => "the ssh key",
            Self::GithubApp => "the GitHub App",
        })
    }
}

impl Login {
    /// The header fields for web pages and repositories.
    ///
    /// # Errors
    /// [`Trouble::Refused`] for characters that no header can carry.
    pub(super) fn web(&self) -> Result<HeaderMap, Trouble> {
        match self {
            Self::Basic(user, secret) => Ok(authorization(client::basic(user, secret)?)),
            Self::Headers(headers) => Ok(headers.clone()),
        }
    }

    /// The header fields for a forge's API, which knows tokens and no users.
    ///
    /// # Errors
    /// [`Trouble::Refused`] for characters that no header can carry.
    pub(super) fn api(&self) -> Result<HeaderMap, Trouble> {
        match self {
            Self::Basic(_, secret) => Ok(authorization(bearer(secret)?)),
            Self::Headers(headers) => Ok(headers.clone()),
        }
    }
}

/// `Authorization: Bearer`.
fn bearer(secret: &Secret) -> Result<HeaderValue, Trouble> {
    client::sensitive(&format!("Bearer {}", secret.reveal()))
}

fn authorization(value: HeaderValue) -> HeaderMap {
    HeaderMap::from_iter([(AUTHORIZATION, value)])
}

/// True for header fields that frame a request, or say to whom it goes: no login sets them.
fn frames(name: &HeaderName) -> bool {
    let framing =
        ["host", "content-length", "transfer-encoding", "connection", "te", "trailer", "upgrade", "expect", "keep-alive"];
    framing.contains(&name.as_str()) || name.as_str().starts_with("proxy-")
}
