//! `modway sumdb env`: what a client of our own checksum database sets.

use clap::{Args, ValueEnum};
use gomod::{
    goenv::SumdbSetting,
    goproxy::{GoProxyList, Source},
};
use proxy::settings::{OwnSumdb, Records};
use serde_json::{Map, json};

use crate::{
    app::server_url,
    cli::{End, Given},
    cmd::config,
    config::{Config, Disk, Environment},
};

/// Flags of `modway sumdb env`.
#[derive(Debug, Args)]
pub struct Env {
    /// What configures the server.
    #[command(flatten)]
    given: Given,
    /// The server's URL, as clients reach it [default: the first address that it listens on]
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// For which shell; `go` prints calls of `go env -w`
    #[arg(long, value_enum, default_value = "sh")]
    shell: Shell,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A language in which variables are set.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Shell {
    Sh,
    Fish,
    Powershell,
    Go,
}

/// A variable and its value.
type Setting = (&'static str, String);

pub(super) fn run(asked: &Env, environment: &Environment) -> anyhow::Result<End> {
    let config = match Config::load(&crate::cmd::source(&asked.given, environment)?, environment, &Disk) {
        Ok(config) => config,
        Err(mistakes) => return Ok(config::misused(&mistakes)),
    };
    let Some(own) = &config.proxy.sums.own else {
        return Ok(misused("no checksum database of our own is configured: `modway sumdb init NAME` makes its key"));
    };
    let url = match url(asked, &config) {
        Ok(url) => url,
        Err(why) => return Ok(misused(&why)),
    };
    let (settings, told) = (settings(own, url), told(own, &config.proxy.sums.database));
    config::print(&if asked.json { as_json(own, &settings, &told) } else { text(asked.shell, own, &settings, &told) })
}

fn misused(why: &str) -> End {
    eprintln!("modway: {why}");
    End::Misused
}

/// Where clients reach the server.
fn url(asked: &Env, config: &Config) -> Result<String, String> {
    let url = match &asked.url {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => server_url(&config.server.listen, config.server.tls.is_some())
            .ok_or("the system chooses the port: say --url URL, as clients reach this server")?,
    };
    let list = GoProxyList::parse(&url).map_err(|error| error.to_string())?;
    match list.entries() {
        [entry] if is_plain(&entry.source) && url.contains("://") && !url.contains(['\'', '"']) => Ok(url),
        _ => Err(format!("`{url}` is no URL of a server: write http://HOST:PORT or https://HOST")),
    }
}

fn is_plain(source: &Source) -> bool {
    matches!(source, Source::Proxy(url) if url.credentials().is_none())
}

/// `none` matches no module path. It stands for an empty list that wins over GOPRIVATE, and over what `go env -w` once wrote: an empty
/// variable would not.
fn settings(own: &OwnSumdb, url: String) -> Vec<Setting> {
    let key = own.key.verifier().to_string();
    let mut settings =
        vec![("GOPROXY", url), ("GOSUMDB", key), ("GONOPROXY", "none".to_owned()), ("GONOSUMDB", "none".to_owned())];
    if own.records == Records::Private {
        settings.push(("GOTOOLCHAIN", "local".to_owned()));
    }
    settings
}

/// What a client with these settings can prove, and what it cannot.
fn told(own: &OwnSumdb, public: &SumdbSetting) -> Vec<String> {
    let name = own.key.name();
    let mut told = match own.records {
        Records::All => vec![
            format!("{name} gives a record to each module that this server serves, private and public, toolchains too."),
            "A client proves each of them against the one history that this key signs; what has a record, also while the world outside is cut off."
                .into(),
            match public {
                SumdbSetting::Database { name, .. } => format!(
                    "Not proven to the client: that a public record is the one of {name}; modway compares them before it writes its own."
                ),
                SumdbSetting::Off => "Not proven to anybody: public records. They are what an upstream gave first, as gosumdb is off here.".into(),
            },
        ],
        Records::Private => vec![
            format!("{name} has records of private modules only. The go command knows one checksum database, so with this one"),
            "* private modules are proven by the client;".into(),
            "* public modules are refused, unless GONOSUMDB names them: then modway alone proves them, and the client believes it;".into(),
            "* toolchains are refused whatever GONOSUMDB says: GOTOOLCHAIN=local.".into(),
            "With records = \"all\" in [sumdb.private] of the server all of them are proven by this one key.".into(),
        ],
    };
    if let Some(old) = &own.old_key {
        told.push(format!(
            "Clients that still have the key of {} go on; exchange it for this one before it is retired.",
            old.name()
        ));
    }
    told
}

fn text(shell: Shell, own: &OwnSumdb, settings: &[Setting], told: &[String]) -> String {
    let said: String = told.iter().map(|line| format!("# {line}\n")).collect();
    let set: String = settings.iter().map(|(name, value)| shell.set(name, value)).collect();
    let example = "# To name public modules: GONOSUMDB=github.com,gopkg.in,golang.org,google.golang.org\n";
    let example = if own.records == Records::Private { example } else { "" };
    format!("{said}{example}{set}")
}

impl Shell {
    /// No value has a quote in it: a name, a key, a URL that was checked.
    fn set(self, name: &str, value: &str) -> String {
        match self {
            Self::Sh => format!("export {name}='{value}'\n"),
            Self::Fish => format!("set -gx {name} '{value}'\n"),
            Self::Powershell => format!("$env:{name} = '{value}'\n"),
            Self::Go => format!("go env -w {name}='{value}'\n"),
        }
    }
}

fn as_json(own: &OwnSumdb, settings: &[Setting], told: &[String]) -> String {
    let settings: Map<_, _> = settings.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let records = match own.records {
        Records::Private => "private",
        Records::All => "all",
    };
    let old = own.old_key.as_ref().map(|key| key.verifier().to_string());
    let database = json!({ "name": own.key.name(), "verifier_key": own.key.verifier().to_string(), "old_verifier_key": old, "records": records });
    format!("{:#}\n", json!({ "version": 1, "database": database, "settings": settings, "told": told }))
}
