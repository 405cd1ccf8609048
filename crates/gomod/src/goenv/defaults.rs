//! Go's documented defaults. This is the one file that knows the names of public hosts.

/// The list that a Go installation comes with.
///
/// Source: `go.env` of Go 1.27; <https://go.dev/ref/mod#environment-variables>, GOPROXY.
pub const GOPROXY: &str = "https://proxy.golang.org,direct";

/// The checksum database that a Go installation comes with.
///
/// Source: `go.env` of Go 1.27; <https://go.dev/ref/mod#environment-variables>, GOSUMDB.
pub const GOSUMDB: &str = "sum.golang.org";

/// The verifier key of [`GOSUMDB`], the only one that the go command knows by name.
///
/// Source: `knownGOSUMDB` in `cmd/go/internal/modfetch/key.go`, Go 1.27.
pub const GOSUMDB_KEY: &str = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8";

/// A name for [`GOSUMDB`] at another address.
///
/// Source: `dbDial` in `cmd/go/internal/modfetch/sumdb.go`, Go 1.27.
pub const GOSUMDB_ALIAS: &str = "sum.golang.google.cn";

/// What [`GOSUMDB_ALIAS`] stands for.
pub const GOSUMDB_ALIAS_MEANS: &str = "sum.golang.org https://sum.golang.google.cn";

/// The version control tools that the go command may run, appended to whatever GOVCS says.
///
/// Source: <https://go.dev/ref/mod#vcs-govcs>; `go help vcs`, Go 1.27.
pub const GOVCS: &str = "public:git|hg,private:all";

/// How the go command finds credentials.
///
/// Source: `cmd/go/internal/cfg/cfg.go`, Go 1.27; `go help goauth`.
pub const GOAUTH: &str = "netrc";

/// Go's choice of toolchain.
///
/// Source: `go.env` of Go 1.27; <https://go.dev/doc/toolchain>.
pub const GOTOOLCHAIN: &str = "auto";

/// What `go.env` says of a variable where there is no Go installation to ask.
pub(super) fn go_env(variable: &str) -> Option<&'static str> {
    match variable {
        "GOPROXY" => Some(GOPROXY),
        "GOSUMDB" => Some(GOSUMDB),
        "GOTOOLCHAIN" => Some(GOTOOLCHAIN),
        _ => None,
    }
}

/// The value of a variable that is empty everywhere.
pub(super) fn built_in(variable: &str) -> Option<&'static str> {
    (variable == "GOAUTH").then_some(GOAUTH)
}
