//! The go command's own settings on this machine: what a first run follows when nothing else is said.

use std::path::PathBuf;

use gomod::goenv::{self, Layer, Netrc, Settings, defaults};
use proxy::{
    client::Roots,
    settings::{ForwardProxy, Login, Secret},
};

use super::{
    bench::{Bench, holds_certificate},
    environment::Environment,
};

/// The settings that modway follows, each with its layer in words.
#[derive(Clone, Debug)]
pub(super) struct Machine {
    pub(super) goproxy: Setting,
    pub(super) gonoproxy: Setting,
    pub(super) gosumdb: Setting,
    pub(super) gonosumdb: Setting,
    pub(super) goprivate: Setting,
    pub(super) goinsecure: Setting,
    pub(super) govcs: Setting,
    pub(super) goauth: Setting,
    pub(super) netrc: Option<Netrc>,
    /// Where the netrc file is, or would be.
    pub(super) netrc_path: Option<PathBuf>,
}

/// One setting of the go command.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    /// Its value; empty if no layer has one.
    pub(super) value: String,
    /// The layer it comes from, in words.
    pub(super) layer: String,
}

impl Machine {
    pub(super) fn read(bench: &Bench<'_>) -> Self {
        let path = user_file(bench.environment);
        let text = path.as_ref().and_then(|path| bench.peek(path)).map(|text| String::from_utf8_lossy(&text).into_owned());
        let environment = bench.environment.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let settings = Settings::new(environment, text.as_deref(), None);
        let setting = |setting: goenv::Setting| Setting {
            layer: match setting.layer {
                Layer::Environment => format!("environment {}", setting.variable),
                Layer::UserFile => format!("{} in {}", setting.variable, path.clone().unwrap_or_default().display()),
                Layer::GoRootFile => format!("{} in $GOROOT/go.env", setting.variable),
                Layer::Default => format!("Go's default for {}", setting.variable),
            },
            value: setting.value,
        };
        Self {
            goproxy: setting(settings.goproxy()),
            gonoproxy: setting(settings.gonoproxy().1),
            gosumdb: setting(settings.gosumdb()),
            gonosumdb: setting(settings.gonosumdb().1),
            goprivate: setting(settings.goprivate().1),
            goinsecure: setting(settings.find("GOINSECURE")),
            govcs: setting(settings.find("GOVCS")),
            goauth: setting(settings.find("GOAUTH")),
            netrc: netrc(bench),
            netrc_path: netrc_path(bench.environment),
        }
    }
}

/// Go's documented list, for a machine whose own list leads to this very server.
pub(super) fn default_goproxy() -> &'static str {
    defaults::GOPROXY
}

/// The file that `go env -w` writes; `None` with GOENV=off or without a home.
///
/// Source: `cfg.EnvFile` of Go 1.27, with `os.UserConfigDir` as on Unix, which refuses a relative $XDG_CONFIG_HOME.
fn user_file(environment: &Environment) -> Option<PathBuf> {
    match environment.get("GOENV") {
        Some("off") => None,
        Some(path) => Some(PathBuf::from(path)),
        None => {
            let base = match environment.get("XDG_CONFIG_HOME") {
                Some(path) => Some(PathBuf::from(path)).filter(|path| path.is_absolute()),
                None => environment.get("HOME").map(|home| PathBuf::from(home).join(".config")),
            };
            base.map(|base| base.join("go/env"))
        }
    }
}

/// The netrc file that the go command reads: $NETRC, else ~/.netrc. `None` if there is none.
pub(super) fn netrc(bench: &Bench<'_>) -> Option<Netrc> {
    let path = netrc_path(bench.environment)?;
    bench.peek(&path).map(|text| Netrc::parse(&String::from_utf8_lossy(&text)))
}

fn netrc_path(environment: &Environment) -> Option<PathBuf> {
    let named = environment.get("NETRC").map(PathBuf::from);
    named.or_else(|| environment.get("HOME").map(|home| PathBuf::from(home).join(".netrc")))
}

/// Who the netrc file says that we are at `url`.
pub(super) fn login(netrc: &Netrc, url: &str) -> Login {
    netrc.find(url).map_or(Login::None, |login| Login::Basic(login.login.clone(), Secret::new(login.password.clone())))
}

/// The forward proxies of the environment, names in capitals before those in small letters, as Go's `httpproxy.FromEnvironment`.
pub(super) fn forward_proxy(bench: &Bench<'_>) -> ForwardProxy {
    let value = |name: &str| {
        let small = name.to_lowercase();
        bench.environment.get(name).or_else(|| bench.environment.get(&small)).unwrap_or("").to_owned()
    };
    let secret = |name| Secret::new(value(name));
    ForwardProxy::Env { http: secret("HTTP_PROXY"), https: secret("HTTPS_PROXY"), no: value("NO_PROXY") }
}

/// The system's certificates, or in their place those of SSL_CERT_FILE, as in Go. One that cannot be read leaves the system's; so does
/// SSL_CERT_DIR, which the library that finds them reads for itself.
///
/// Source: `loadSystemRoots` of Go's `crypto/x509/root_unix.go`, 1.27.
pub(super) fn roots(bench: &Bench<'_>) -> Roots {
    let named =
        bench.environment.get("SSL_CERT_FILE").filter(|_| bench.environment.get("SSL_CERT_DIR").is_none()).map(PathBuf::from);
    named
        .filter(|path| bench.peek(path).is_some_and(|content| holds_certificate(&content)))
        .map_or(Roots::System, |path| Roots::Files(vec![path]))
}
