//! GOFLAGS: which words are flags that some go command has.

use crate::text::quote;

/// Every flag of every go command.
///
/// Source: the flag sets in `cmd/go/internal` and `cmd/internal/test2json`'s test flags, Go 1.27.3.
const KNOWN: &[&str] = &[
    "C",
    "a",
    "all",
    "artifacts",
    "asan",
    "asmflags",
    "bench",
    "benchmem",
    "benchtime",
    "blockprofile",
    "blockprofilerate",
    "buildmode",
    "buildvcs",
    "c",
    "cache",
    "changed",
    "cmd",
    "compat",
    "compiled",
    "compiler",
    "count",
    "cover",
    "covermode",
    "coverpkg",
    "coverprofile",
    "cpu",
    "cpuprofile",
    "d",
    "debug-actiongraph",
    "debug-runtime-trace",
    "debug-trace",
    "deps",
    "diff",
    "dropexclude",
    "dropgodebug",
    "dropignore",
    "dropreplace",
    "droprequire",
    "dropretract",
    "droptool",
    "dropuse",
    "e",
    "ex",
    "exclude",
    "exec",
    "export",
    "f",
    "failfast",
    "find",
    "fix",
    "fixtool",
    "fmt",
    "fullpath",
    "fuzz",
    "fuzzcache",
    "fuzzminimizetime",
    "fuzztime",
    "gccgoflags",
    "gcflags",
    "go",
    "godebug",
    "http",
    "i",
    "ignore",
    "insecure",
    "installsuffix",
    "json",
    "ldflags",
    "linkshared",
    "list",
    "m",
    "memprofile",
    "memprofilerate",
    "mod",
    "modcache",
    "modcacherw",
    "modfile",
    "module",
    "msan",
    "mutexprofile",
    "mutexprofilefraction",
    "n",
    "o",
    "outputdir",
    "overlay",
    "p",
    "parallel",
    "pgo",
    "pkgdir",
    "print",
    "r",
    "race",
    "replace",
    "require",
    "retract",
    "retracted",
    "reuse",
    "run",
    "short",
    "shuffle",
    "skip",
    "src",
    "t",
    "tags",
    "test",
    "testcache",
    "timeout",
    "tool",
    "toolchain",
    "toolexec",
    "trace",
    "trimpath",
    "u",
    "u",
    "unix",
    "use",
    "v",
    "versions",
    "vet",
    "vettool",
    "w",
    "work",
    "x",
];

/// Checks GOFLAGS as every go command does before anything else.
///
/// Errors: Go's words, `unknown flag -nosuch`.
///
/// Source: `InitGOFLAGS` in `cmd/go/internal/base/goflags.go`, Go 1.27.
pub(super) fn check(goflags: &str) -> Result<(), String> {
    for flag in split(goflags)? {
        let name = flag.strip_prefix("--").or_else(|| flag.strip_prefix('-')).unwrap_or_default();
        if !flag.starts_with('-') || name.is_empty() || name.starts_with(['-', '=']) {
            return Err(format!("parsing $GOFLAGS: non-flag {}", quote(&flag)));
        }
        let name = name.split('=').next().unwrap_or_default();
        if !KNOWN.contains(&name) {
            return Err(format!("parsing $GOFLAGS: unknown flag -{name}"));
        }
    }
    Ok(())
}

/// Splits words at white space; a word may stand in single or double quotes.
///
/// Errors: a quote without its end.
///
/// Source: `quoted.Split` in `cmd/internal/quoted`, Go 1.27.
pub(super) fn split(goflags: &str) -> Result<Vec<String>, String> {
    let is_space = |byte: char| matches!(byte, ' ' | '\t' | '\n' | '\r');
    let (mut words, mut rest) = (Vec::new(), goflags.trim_start_matches(is_space));
    while let Some(first) = rest.chars().next() {
        let (word, after) = if matches!(first, '"' | '\'') {
            let inside = rest.get(1..).unwrap_or_default();
            inside.split_once(first).ok_or_else(|| format!("parsing $GOFLAGS: unterminated {first} string"))?
        } else {
            rest.split_at(rest.find(is_space).unwrap_or(rest.len()))
        };
        words.push(word.to_owned());
        rest = after.trim_start_matches(is_space);
    }
    Ok(words)
}
