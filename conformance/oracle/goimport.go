package main

import (
	"strings"
	"time"

	"cmd/go/internal/modfetch"
	"cmd/go/internal/modfetch/codehost"
	"cmd/go/internal/vcs"
)

// known: an import path -> what the path alone says: [root, system, repository, "" or "suffix"], or "page".
func known(a []string) []any { return []any{either(vcs.OracleKnown(a[0]))} }

// goImports: a page -> its tags, [prefix, system, repo root, subdirectory] each, mod first.
func goImports(a []string) []any { return []any{either(vcs.OracleTags(unpack(a[0])))} }

// discover: a module path, then status, content type and page of its own page and of all others -> [root, system, repository, subdirectory].
func discover(a []string) []any {
	return []any{either(vcs.OracleDiscover(a[0], [2]vcs.OraclePage{
		{Status: a[1], Type: a[2], Body: unpack(a[3])},
		{Status: a[4], Type: a[5], Body: unpack(a[6])},
	}))}
}

// govcs: GOVCS, GOPRIVATE, a system, a root -> whether it may be used.
func govcs(a []string) []any { return []any{verdict(vcs.OracleGOVCS(a[0], a[1], a[2], a[3]))} }

// writeInfo: version, seconds since 1970, nanoseconds, the fields of the origin in the order of their keys -> the document as json.Marshal
// writes it, and as the module cache keeps it.
func writeInfo(a []string) []any {
	info := &modfetch.RevInfo{Version: a[0], Time: time.Unix(number(a[1]), number(a[2])).UTC(), Origin: &codehost.Origin{
		VCS: a[3], URL: a[4], Subdir: a[5], Hash: a[6], TagPrefix: a[7], TagSum: a[8], Ref: a[9], RepoSum: a[10],
	}}
	return modfetch.OracleWriteInfo(info)
}

// sums: a prefix, then names of references and the commits they lead to, in turn -> the sum over the tags, and that over everything.
func sums(a []string) []any {
	refs := map[string]string{}
	for i := 1; i+1 < len(a); i += 2 {
		refs[a[i]] = a[i+1]
	}
	tags, all := codehost.OracleSums(strings.Clone(a[0]), refs)
	return []any{tags, all}
}
