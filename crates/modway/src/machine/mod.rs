//! A machine as the go command sees it: its settings by layer, its logins, its certificates, its way out.
//!
//! The one reader of these in the doors: the server follows it where nothing else is configured, `why` explains it. It is this
//! machine, or somebody else's, told by a file ([`Machine::told`]).

mod told;

mod goroot;
mod trust;

mod secret;

use std::path::{Path, PathBuf};

use gomod::{
    goenv::{self, Netrc, Settings},
    pattern::Patterns,
};
use proxy::settings::{ForwardProxy, Login, Secret};

pub use self::{
    goroot::goroot,
    secret::masked,
    told::{NotTold, Note, Teller},
    trust::{Bundle, go_bundles, roots},
};
use crate::{
    config::{Environment, Files},
    lang::Lang,
};

/// The settings of one machine.
///
/// Invariant: `netrc` is that of this machine, and `None` for a machine that is only told of.
#[derive(Clone, Debug)]
pub struct Machine {
    settings: Settings,
    environment: Environment,
    user_file: Option<PathBuf>,
    goroot: Option<PathBuf>,
    teller: Option<Teller>,
    notes: Vec<Note>,
    netrc: Option<Netrc>,
    netrc_path: Option<PathBuf>,
}

/// The value of one variable, and where it comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Setting {
    /// The variable that was read, which for GONOPROXY and GONOSUMDB can be GOPRIVATE.
    pub variable: String,
    /// Its value; empty if no layer has one. May hold passwords: print it [`masked`].
    pub value: String,
    /// The layer.
    pub layer: Layer,
}

/// Where a value comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Layer {
    /// The environment.
    Environment,
    /// The file that tells of somebody else's machine.
    Told(String),
    /// The file that `go env -w` writes.
    UserFile(PathBuf),
    /// `go.env` of the Go installation.
    GoRootFile(PathBuf),
    /// Go's documented default.
    Default,
}

impl Machine {
    /// Reads this machine. Without a `goroot` Go's documented `go.env` stands in for that of an installation.
    pub fn here(environment: &Environment, files: &dyn Files, goroot: Option<PathBuf>) -> Self {
        let user_file = user_file(environment);
        let text = |path: &Path| files.read(path).ok().map(|text| String::from_utf8_lossy(&text).into_owned());
        let user = user_file.as_deref().and_then(text);
        let installed = goroot.as_ref().and_then(|goroot| text(&goroot.join("go.env")));
        Self {
            settings: Settings::new(variables(environment), user.as_deref(), installed.as_deref()),
            environment: environment.clone(),
            user_file,
            goroot: goroot.filter(|_| installed.is_some()),
            teller: None,
            notes: Vec::new(),
            netrc: netrc(environment, files),
            netrc_path: netrc_path(environment),
        }
    }

    /// Reads what the file `name` tells of another machine: the output of `go env -json`, or lines of `KEY=VALUE` as a container gets them.
    ///
    /// # Errors
    /// [`NotTold`] for a text that is neither.
    pub fn told(name: &str, text: &str) -> Result<Self, NotTold> {
        let (teller, environment, notes) = told::read(name, text)?;
        Ok(Self {
            settings: Settings::new(variables(&environment), None, None),
            environment,
            user_file: None,
            goroot: None,
            teller: Some(teller),
            notes,
            netrc: None,
            netrc_path: None,
        })
    }

    /// The same machine with other values: as if its environment had them. An empty value takes the variable away from every layer.
    pub fn changed<'v>(&self, changes: impl Iterator<Item = (&'v str, &'v str)>) -> Self {
        let mut changed = self.clone();
        for (variable, value) in changes {
            changed.settings = changed.settings.with(variable, value);
            changed.environment = changed.environment.with(variable, value);
        }
        changed
    }

    /// The value of a variable of the go command, by its layers.
    pub fn setting(&self, variable: &str) -> Setting {
        self.placed(self.settings.find(variable))
    }

    /// GOPRIVATE.
    pub fn goprivate(&self) -> (Patterns, Setting) {
        self.patterns(self.settings.goprivate())
    }

    /// GONOPROXY, else GOPRIVATE.
    pub fn gonoproxy(&self) -> (Patterns, Setting) {
        self.patterns(self.settings.gonoproxy())
    }

    /// GONOSUMDB, else GOPRIVATE.
    pub fn gonosumdb(&self) -> (Patterns, Setting) {
        self.patterns(self.settings.gonosumdb())
    }

    /// GOINSECURE.
    pub fn goinsecure(&self) -> (Patterns, Setting) {
        let setting = self.setting("GOINSECURE");
        (Patterns::parse(&setting.value), setting)
    }

    /// The settings as `gomod` reads them.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The environment of the machine; of one that is told of, what was told.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// What told of this machine; `None` if it is this one.
    pub fn teller(&self) -> Option<&Teller> {
        self.teller.as_ref()
    }

    /// What is odd in what was told.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// The folder of the Go installation whose go.env was read.
    pub fn goroot(&self) -> Option<&Path> {
        self.goroot.as_deref()
    }

    /// The file that `go env -w` writes, there or not.
    pub fn user_file(&self) -> Option<&Path> {
        self.user_file.as_deref()
    }

    /// The logins of the netrc file, if there is one.
    pub fn netrc(&self) -> Option<&Netrc> {
        self.netrc.as_ref()
    }

    /// Where the netrc file is, or would be.
    pub fn netrc_path(&self) -> Option<&Path> {
        self.netrc_path.as_deref()
    }

    fn patterns(&self, (patterns, setting): (Patterns, goenv::Setting)) -> (Patterns, Setting) {
        (patterns, self.placed(setting))
    }

    fn placed(&self, found: goenv::Setting) -> Setting {
        let layer = match (found.layer, &self.teller) {
            (goenv::Layer::Environment, Some(teller)) => Layer::Told(teller.name.clone()),
            (goenv::Layer::Environment, None) => Layer::Environment,
            (goenv::Layer::UserFile, _) => Layer::UserFile(self.user_file.clone().unwrap_or_default()),
            (goenv::Layer::GoRootFile, _) => Layer::GoRootFile(self.goroot.clone().unwrap_or_default().join("go.env")),
            (goenv::Layer::Default, _) => Layer::Default,
        };
        Setting { variable: found.variable, value: found.value, layer }
    }
}

impl Setting {
    /// Variable and layer in words: `GOPROXY in /home/u/.config/go/env`.
    pub fn origin(&self, lang: Lang) -> String {
        let variable = &self.variable;
        match (&self.layer, lang) {
            (Layer::Environment, Lang::En) => format!("environment {variable}"),
            (Layer::Environment, Lang::Zh) => format!("环境变量 {variable}"),
            (Layer::Told(name), Lang::En) => format!("{variable} in {name}"),
            (Layer::UserFile(path) | Layer::GoRootFile(path), Lang::En) => format!("{variable} in {}", path.display()),
            (Layer::Told(name), Lang::Zh) => format!("{name} 中的 {variable}"),
            (Layer::UserFile(path) | Layer::GoRootFile(path), Lang::Zh) => format!("{} 中的 {variable}", path.display()),
            (Layer::Default, Lang::En) => format!("Go's default for {variable}"),
            (Layer::Default, Lang::Zh) => format!("{variable} 的 Go 默认值"),
        }
    }
}

impl Layer {
    /// Its stable name in JSON.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::Told(_) => "env-file",
            Self::UserFile(_) => "user-file",
            Self::GoRootFile(_) => "goroot-file",
            Self::Default => "default",
        }
    }

    /// The file it lies in, if it is one.
    pub fn file(&self) -> Option<String> {
        match self {
            Self::Told(name) => Some(name.clone()),
            Self::UserFile(path) | Self::GoRootFile(path) => Some(path.display().to_string()),
            Self::Environment | Self::Default => None,
        }
    }
}

fn variables(environment: &Environment) -> std::collections::BTreeMap<String, String> {
    environment.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
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
pub fn netrc(environment: &Environment, files: &dyn Files) -> Option<Netrc> {
    let path = netrc_path(environment)?;
    files.read(&path).ok().map(|text| Netrc::parse(&String::from_utf8_lossy(&text)))
}

fn netrc_path(environment: &Environment) -> Option<PathBuf> {
    let named = environment.get("NETRC").map(PathBuf::from);
    named.or_else(|| environment.get("HOME").map(|home| PathBuf::from(home).join(".netrc")))
}

/// Who the netrc file says that we are at `url`.
pub fn login(netrc: &Netrc, url: &str) -> Login {
    netrc.find(url).map_or(Login::None, |login| Login::Basic(login.login.clone(), Secret::new(login.password.clone())))
}

/// The forward proxies of the environment, names in capitals before those in small letters, as Go's `httpproxy.FromEnvironment`.
pub fn forward_proxy(environment: &Environment) -> ForwardProxy {
    let value = |name: &str| {
        let small = name.to_lowercase();
        environment.get(name).or_else(|| environment.get(&small)).unwrap_or("").to_owned()
    };
    let secret = |name| Secret::new(value(name));
    ForwardProxy::Env { http: secret("HTTP_PROXY"), https: secret("HTTPS_PROXY"), no: value("NO_PROXY") }
}

#[cfg(test)]
mod tests;
