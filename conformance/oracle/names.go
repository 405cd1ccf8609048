package main

import (
	"strings"
	"time"

	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
)

// path: a text taken as module path, import path, file path and escaped path.
func path(a []string) []any {
	prefix, major, ok := module.SplitPathVersion(a[0])
	return []any{
		verdict(module.CheckPath(a[0])),
		verdict(module.CheckImportPath(a[0])),
		verdict(module.CheckFilePath(a[0])),
		either(module.EscapePath(a[0])),
		either(module.UnescapePath(a[0])),
		[]any{prefix, major, ok},
	}
}

// version: a text taken as semantic version, canonical version, escaped version and pseudo-version.
func version(a []string) []any {
	v := a[0]
	return []any{
		semver.IsValid(v), semver.Canonical(v), semver.Major(v), semver.MajorMinor(v), semver.Prerelease(v), semver.Build(v),
		module.CanonicalVersion(v),
		either(module.EscapeVersion(v)),
		either(module.UnescapeVersion(v)),
		module.IsPseudoVersion(v), module.IsZeroPseudoVersion(v),
		moment(module.PseudoVersionTime(v)),
		either(module.PseudoVersionRev(v)),
		either(module.PseudoVersionBase(v)),
	}
}

func moment(t time.Time, err error) any {
	if err != nil {
		return failure(err)
	}
	return t.Unix()
}

// compare: two texts as versions; Sort's order is compare, then the text.
func compare(a []string) []any {
	return []any{semver.Compare(a[0], a[1]), semver.Max(a[0], a[1])}
}

// check: a module path with a version.
func check(a []string) []any {
	_, major, _ := module.SplitPathVersion(a[0])
	return []any{
		verdict(module.Check(a[0], a[1])),
		module.MatchPathMajor(a[1], major),
		verdict(module.CheckPathMajor(a[1], major)),
	}
}

// pseudo: major, older version, seconds since 1970, revision -> pseudo-version.
func pseudo(a []string) []any {
	return []any{module.PseudoVersion(a[0], a[1], time.Unix(number(a[2]), 0), a[3]), module.ZeroPseudoVersion(a[0])}
}

// patterns: a comma list and a module path -> whether it matches, and which pattern does so first ("" if none).
func patterns(a []string) []any {
	first := ""
	for pattern := range strings.SplitSeq(a[0], ",") {
		if module.MatchPrefixPatterns(pattern, a[1]) {
			first = strings.TrimSuffix(pattern, "/")
			break
		}
	}
	return []any{module.MatchPrefixPatterns(a[0], a[1]), first}
}
