use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};

use super::defaults;
use crate::goproxy::{GoUrl, InvalidUrl};

/// What GOSUMDB says.
///
/// Shape: `off`, `sum.golang.org`, `NAME+HASH+KEY`, or one of the last two with a URL behind a space.
///
/// Source: `dbDial` in Go's `cmd/go/internal/modfetch/sumdb.go`, 1.27.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SumdbSetting {
    /// No checksum database.
    Off,
    /// This one.
    Database {
        /// Its name, `host` or `host/path`, which is also where it is if there is no `url`.
        name: String,
        /// Its verifier key, `NAME+HASH+KEY`; the shape is checked, hash and key are not.
        key: String,
        /// Where to ask it, proxies bypassed.
        url: Option<Box<GoUrl>>,
    },
}

/// A GOSUMDB that Go refuses, in Go's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidGoSumdb {
    /// The setting is empty.
    #[error("missing GOSUMDB")]
    Missing,
    /// More than key and URL.
    #[error("invalid GOSUMDB: too many fields")]
    TooManyFields,
    /// Neither a name that Go knows nor `NAME+HASH+KEY`.
    #[error("invalid GOSUMDB: malformed verifier id")]
    MalformedKey,
    /// A name that cannot stand in a URL.
    #[error("invalid sumdb name (must be host[/path]): {0}")]
    Name(String),
    /// Go's URL parser refuses the URL.
    #[error("invalid GOSUMDB URL: {0}")]
    Url(InvalidUrl),
}

impl SumdbSetting {
    /// Reads the setting.
    ///
    /// Errors: [`InvalidGoSumdb`]; `invalid verifier hash` is left to whoever uses the key.
    pub fn parse(gosumdb: &str) -> Result<Self, InvalidGoSumdb> {
        let gosumdb = if gosumdb == defaults::GOSUMDB_ALIAS { defaults::GOSUMDB_ALIAS_MEANS } else { gosumdb };
        if gosumdb == "off" {
            return Ok(SumdbSetting::Off);
        }
        let mut fields = gosumdb.split_whitespace();
        let key = fields.next().ok_or(InvalidGoSumdb::Missing)?;
        let url = fields.next();
        if fields.next().is_some() {
            return Err(InvalidGoSumdb::TooManyFields);
        }
        let key = if key == defaults::GOSUMDB { defaults::GOSUMDB_KEY } else { key };
        let name = name_of(key).ok_or(InvalidGoSumdb::MalformedKey)?;
        if !GoUrl::parse(&format!("https://{name}")).is_ok_and(|url| url.is_host_and_plain_path()) || name.ends_with('/') {
            return Err(InvalidGoSumdb::Name(name.into()));
        }
        let url = url.map(|url| GoUrl::parse(url).map(Box::new)).transpose().map_err(InvalidGoSumdb::Url)?;
        Ok(SumdbSetting::Database { name: name.into(), key: key.into(), url })
    }
}

/// The name in a verifier key, if the key has the shape of one.
fn name_of(key: &str) -> Option<&str> {
    let (name, rest) = key.split_once('+')?;
    let (hash, key) = rest.split_once('+')?;
    let lenient = GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));
    let key = lenient.decode(key).ok()?;
    let good = !name.is_empty() && hash.len() == 8 && hash.bytes().all(|digit| digit.is_ascii_hexdigit()) && !key.is_empty();
    good.then_some(name)
}
