//! URL path <-> [`Request`]: one parser, one printer, and whatever does not print back to the same bytes is no request.

use gomod::{
    module::{ModulePath, Rev, Version},
    sumdb::{
        checkpoint::{parse_tile_path, tile_path},
        tile::{Tile, TileLevel},
    },
};

use crate::Reason;

/// A request of the GOPROXY protocol.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Request {
    /// About a module: `/M/@v/list`, `/M/@latest`, `/@direct/M/@v/list`, …
    Module(ModulePath, Ask, Way),
    /// About a checksum database: its name (which may hold slashes) and what is asked of it, `/sumdb/NAME/lookup/M@V`, … It is the same one on
    /// every way; a go command whose GOPROXY ends in `/@direct` looks for it there.
    Sumdb(String, SumdbAsk, Way),
}

/// Which way a module is fetched. A prefix of the URL path says it; all begin with `@`, as no module path does.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Way {
    /// Along the list of its route.
    Route,
    /// `/@direct/`: from version control, past the entries of the list that come before `direct`.
    Direct,
}

/// The prefix of [`Way::Direct`].
const DIRECT: &str = "/@direct";

/// Who asks, as far as what may be answered depends on it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Caller {
    /// Whoever can reach the server.
    #[default]
    Anyone,
    /// An auditor of our own checksum database, by the name in the configuration.
    Auditor(String),
}

/// What is asked of a module.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Ask {
    /// `@v/list`.
    List,
    /// `@latest`.
    Latest,
    /// `@v/REV.info`.
    Info(Rev),
    /// `@v/VERSION.mod`.
    Mod(Version),
    /// `@v/VERSION.zip`.
    Zip(Version),
}

/// What is asked of a checksum database.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum SumdbAsk {
    /// `supported`.
    Supported,
    /// `latest`.
    Latest,
    /// `lookup/M@V`.
    Lookup(ModulePath, Version),
    /// `tile/8/…`, in its canonical spelling.
    Tile(String),
    /// `checkpoint`: the newest tree head in C2SP's form. Only a database of our own has it.
    Checkpoint,
    /// `tile/L/…` or `tile/entries/…`: the tile in C2SP's form. Only a database of our own has it.
    Tlog(Tile),
}

impl Request {
    /// Parses a URL path that has been percent-decoded once, such as `/github.com/!azure/x/@v/v1.0.0.info`.
    ///
    /// # Errors
    /// [`Reason::BadPath`] if it is no request, or does not print back to the same bytes.
    pub fn parse(path: &str) -> Result<Self, Reason> {
        let (way, below) = match path.strip_prefix(DIRECT) {
            Some(below) => (Way::Direct, below),
            None => (Way::Route, path),
        };
        let inner = below.strip_prefix('/').ok_or_else(|| Reason::BadPath("the path must begin with a slash".into()))?;
        let request = match inner.strip_prefix("sumdb/") {
            Some(rest) => parse_sumdb(rest, way)?,
            None => parse_module(inner, way)?,
        };
        if request.path() == path { Ok(request) } else { Err(not_canonical()) }
    }

    /// The URL path, not percent-encoded; parses back to the same request.
    pub fn path(&self) -> String {
        let prefix = self.way().prefix();
        match self {
            Self::Module(module, ask, _) => {
                let module = module.escaped();
                match ask {
                    Ask::List => format!("{prefix}/{module}/@v/list"),
                    Ask::Latest => format!("{prefix}/{module}/@latest"),
                    Ask::Info(rev) => format!("{prefix}/{module}/@v/{}.info", rev.escaped()),
                    Ask::Mod(version) => format!("{prefix}/{module}/@v/{}.mod", version.escaped()),
                    Ask::Zip(version) => format!("{prefix}/{module}/@v/{}.zip", version.escaped()),
                }
            }
            Self::Sumdb(name, ask, _) => format!("{prefix}/sumdb/{name}/{}", ask.path()),
        }
    }

    /// The way that was asked for.
    pub const fn way(&self) -> Way {
        match self {
            Self::Module(_, _, way) | Self::Sumdb(_, _, way) => *way,
        }
    }

    /// The kind of request, from a closed set: for metrics and logs.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Module(_, Ask::List, _) => "list",
            Self::Module(_, Ask::Latest, _) => "latest",
            Self::Module(_, Ask::Info(_), _) => "info",
            Self::Module(_, Ask::Mod(_), _) => "mod",
            Self::Module(_, Ask::Zip(_), _) => "zip",
            Self::Sumdb(_, SumdbAsk::Supported, _) => "sumdb-supported",
            Self::Sumdb(_, SumdbAsk::Latest, _) => "sumdb-latest",
            Self::Sumdb(_, SumdbAsk::Lookup(..), _) => "sumdb-lookup",
            Self::Sumdb(_, SumdbAsk::Tile(_) | SumdbAsk::Tlog(_), _) => "sumdb-tile",
            Self::Sumdb(_, SumdbAsk::Checkpoint, _) => "sumdb-checkpoint",
        }
    }
}

impl Way {
    /// What a path begins with on this way: `/@direct`, or nothing.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Route => "",
            Self::Direct => DIRECT,
        }
    }
}

impl SumdbAsk {
    /// The path below the database's base: `supported`, `lookup/M@V`, `tile/8/0/000`.
    pub fn path(&self) -> String {
        match self {
            Self::Supported => "supported".into(),
            Self::Latest => "latest".into(),
            Self::Lookup(module, version) => format!("lookup/{}@{}", module.escaped(), version.escaped()),
            Self::Tile(path) => path.clone(),
            Self::Checkpoint => "checkpoint".into(),
            Self::Tlog(tile) => tile_path(tile).unwrap_or_default(),
        }
    }

    /// True if the answer holds records themselves, and with them the names of modules.
    pub fn tells_records(&self) -> bool {
        match self {
            Self::Tile(path) => Tile::parse(path).is_ok_and(|tile| tile.level() == TileLevel::Data),
            Self::Tlog(tile) => tile.level() == TileLevel::Data,
            // One record, of a module whose name the client has.
            Self::Lookup(..) => false,
            Self::Supported | Self::Latest | Self::Checkpoint => false,
        }
    }
}

fn parse_module(inner: &str, way: Way) -> Result<Request, Reason> {
    if let Some(module) = inner.strip_suffix("/@latest") {
        return Ok(Request::Module(unescape(module)?, Ask::Latest, way));
    }
    let (module, file) = inner.split_once("/@v/").ok_or_else(no_request)?;
    let module = unescape(module)?;
    let version = |text: &str| Version::unescape(text).map_err(|error| Reason::BadPath(error.to_string()));
    let ask = match file.rsplit_once('.') {
        _ if file == "list" => Ask::List,
        Some((rev, "info")) => Ask::Info(Rev::unescape(rev).map_err(|error| Reason::BadPath(error.to_string()))?),
        Some((text, "mod")) => Ask::Mod(version(text)?),
        Some((text, "zip")) => Ask::Zip(version(text)?),
        _ => return Err(no_request()),
    };
    Ok(Request::Module(module, ask, way))
}

/// A database's name may hold slashes, so it ends where the first known endpoint begins.
fn parse_sumdb(rest: &str, way: Way) -> Result<Request, Reason> {
    let endpoints = ["/lookup/", "/tile/"].iter().filter_map(|mark| rest.find(mark)).min();
    let end = endpoints.or_else(|| rest.rfind('/')).ok_or_else(no_request)?;
    let (name, file) = (&rest[..end], &rest[end + 1..]);
    if !is_database_name(name) {
        return Err(Reason::BadPath(format!("{name:?} cannot be the name of a checksum database")));
    }
    let ask = match (file, file.strip_prefix("lookup/")) {
        ("supported", _) => SumdbAsk::Supported,
        ("latest", _) => SumdbAsk::Latest,
        ("checkpoint", _) => SumdbAsk::Checkpoint,
        (_, Some(lookup)) => parse_lookup(lookup)?,
        // No path is of both forms.
        _ => match parse_tile_path(file) {
            Ok(tile) => SumdbAsk::Tlog(tile),
            Err(_) => SumdbAsk::Tile(tile(file)?),
        },
    };
    Ok(Request::Sumdb(name.into(), ask, way))
}

fn parse_lookup(lookup: &str) -> Result<SumdbAsk, Reason> {
    let (module, version) = lookup.split_once('@').ok_or_else(no_request)?;
    let version = Version::unescape(version).map_err(|error| Reason::BadPath(error.to_string()))?;
    Ok(SumdbAsk::Lookup(unescape(module)?, version))
}

fn tile(path: &str) -> Result<String, Reason> {
    let tile = Tile::parse(path).map_err(|error| Reason::BadPath(error.to_string()))?;
    Ok(tile.to_string())
}

fn unescape(module: &str) -> Result<ModulePath, Reason> {
    ModulePath::unescape(module).map_err(|error| Reason::BadPath(error.to_string()))
}

/// A host, perhaps with a path: what GOSUMDB accepts as a name.
fn is_database_name(name: &str) -> bool {
    let legal = |element: &str| !element.is_empty() && !element.trim_matches('.').is_empty() && element.bytes().all(is_name_byte);
    name.split('/').all(legal)
}

const fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'~')
}

fn no_request() -> Reason {
    Reason::BadPath("not a request of the module proxy protocol; see https://go.dev/ref/mod#goproxy-protocol".into())
}

fn not_canonical() -> Reason {
    Reason::BadPath("this spelling of the path is not the one it stands for".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, kind: Option<&str>) {
        let parsed = Request::parse(path);
        assert_eq!(parsed.as_ref().ok().map(Request::kind), kind, "{path}: {parsed:?}");
        if let Ok(request) = parsed {
            assert_eq!(request.path(), path);
        }
    }

    #[test]
    fn every_endpoint_of_the_protocol_is_a_request() {
        check("/github.com/!azure/x/@v/list", Some("list"));
        check("/github.com/!azure/x/@latest", Some("latest"));
        check("/example.com/m/@v/v1.0.0.info", Some("info"));
        check("/example.com/m/@v/main.info", Some("info"));
        check("/example.com/m/@v/v1.0.0-!r!c1.mod", Some("mod"));
        check("/example.com/m/@v/v1.0.0.zip", Some("zip"));
        check("/golang.org/toolchain/@v/v0.0.1-go1.27.3.linux-amd64.zip", Some("zip"));
    }

    #[test]
    fn a_checksum_database_may_have_a_slash_in_its_name() {
        check("/sumdb/sum.golang.org/supported", Some("sumdb-supported"));
        check("/sumdb/localhost.localdev/sumdb/supported", Some("sumdb-supported"));
        check("/sumdb/localhost.localdev/sumdb/latest", Some("sumdb-latest"));
        check("/sumdb/localhost.localdev/sumdb/lookup/example.com/tile/m@v1.0.0", Some("sumdb-lookup"));
        check("/sumdb/sum.golang.org/tile/8/0/x001/x234/067.p/12", Some("sumdb-tile"));
        check("/sumdb/sum.golang.org/tile/8/data/000", Some("sumdb-tile"));
    }

    #[test]
    fn what_auditors_ask_for_is_a_request_too() {
        check("/sumdb/corp.example/sumdb/checkpoint", Some("sumdb-checkpoint"));
        check("/sumdb/corp.example/tile/0/x001/x234/067.p/12", Some("sumdb-tile"));
        check("/sumdb/corp.example/tile/8/x008/008", Some("sumdb-tile"));
        check("/sumdb/corp.example/tile/entries/000.p/5", Some("sumdb-tile"));
        check("/sumdb/corp.example/tile/data/000", None);
        check("/sumdb/corp.example/tile/0/x000/001", None);
        check("/sumdb/corp.example/entries/000", None);
        check("/sumdb/corp.example/checkpoint/", None);
    }

    #[test]
    fn tiles_of_records_are_told_from_tiles_of_hashes_in_both_forms() {
        let tells = |path: &str| match Request::parse(&format!("/sumdb/a.example/{path}")) {
            Ok(Request::Sumdb(_, ask, _)) => ask.tells_records(),
            other => panic!("{path}: {other:?}"),
        };
        assert!(tells("tile/8/data/000") && tells("tile/entries/000") && tells("tile/8/data/x001/067.p/5"));
        assert!(tells("tile/4/data/000"), "a tile of any height");
        for path in ["tile/8/0/000", "tile/0/000", "tile/8/x001/067", "latest", "checkpoint", "supported", "lookup/a.b/c@v1.0.0"]
        {
            assert!(!tells(path), "{path}");
        }
    }

    #[test]
    fn a_prefix_asks_for_version_control_and_prints_back() {
        check("/@direct/github.com/!azure/x/@v/list", Some("list"));
        check("/@direct/github.com/!azure/x/@latest", Some("latest"));
        check("/@direct/example.com/m/@v/main.info", Some("info"));
        check("/@direct/example.com/m/@v/v1.0.0.zip", Some("zip"));
        check("/@direct/sumdb/sum.golang.org/supported", Some("sumdb-supported"));
        let way = |path: &str| Request::parse(path).map(|request| request.way());
        assert_eq!(way("/example.com/m/@latest"), Ok(Way::Route));
        assert_eq!(way("/@direct/example.com/m/@latest"), Ok(Way::Direct));
        check("/@direct/@direct/example.com/m/@latest", None);
        check("/@directexample.com/m/@latest", None);
        check("/@direct", None);
        check("/@direct/", None);
        check("/@Direct/example.com/m/@latest", None);
        check("/@other/example.com/m/@latest", None);
        check("//@direct/example.com/m/@latest", None);
    }

    #[test]
    fn what_does_not_print_back_to_the_same_bytes_is_refused() {
        check("github.com/x/y/@v/list", None);
        check("/github.com/Azure/x/@v/list", None);
        check("/github.com//x/@v/list", None);
        check("/github.com/x/../y/@v/list", None);
        check("/github.com/x/@v/list/", None);
        check("/github.com/x/@v/v1.0.mod", None);
        check("/github.com/x/@v/v1.0.0.ziphash", None);
        check("/github.com/x/@v/../list", None);
        check("/sumdb/sum.golang.org/tile/8/0/x000/001", None);
        check("/sumdb/../lookup/x@v1", None);
        check("/sumdb/sum.golang.org/anything", None);
        check("/", None);
    }
}
