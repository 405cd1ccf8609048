package main

import (
	"encoding/json"
	"os"
	"strings"
)

// rows is coderepo-expectations.json, as far as it can be asked for through a door. Its section codehost is about what no door shows.
type rows struct {
	Stat     []statRow     `json:"stat"`
	Versions []versionsRow `json:"versions"`
	Latest   []latestRow   `json:"latest"`
	Observed []observedRow `json:"observed"`
}

// statRow is one of Go's own table: a revision as a version.
type statRow struct {
	Path     string   `json:"path"`
	Rev      string   `json:"rev"`
	Version  string   `json:"version"`
	Name     string   `json:"name"`
	Time     string   `json:"time"`
	GoMod    string   `json:"gomod"`
	ZipH1    string   `json:"zip_h1"`
	ZipFiles []string `json:"zip_files"`
	Error    string   `json:"err_contains"`
	Local    bool     `json:"local"`
}

type versionsRow struct {
	Path     string   `json:"path"`
	Prefix   string   `json:"prefix"`
	Versions []string `json:"versions"`
	Local    bool     `json:"local"`
}

// latestRow is the tip of the default branch as a version.
type latestRow struct {
	Path    string `json:"path"`
	Version string `json:"version"`
	Error   string `json:"err_exact"`
	Local   bool   `json:"local"`
}

// observedRow is what the real go command said of a module in direct mode.
type observedRow struct {
	Path    string           `json:"path"`
	List    []string         `json:"list"`
	Queries map[string]query `json:"queries"`
}

type query struct {
	Version  string            `json:"version"`
	Time     string            `json:"time"`
	Origin   map[string]string `json:"origin"`
	ZipH1    string            `json:"h1"`
	GoModH1  string            `json:"gomod_h1"`
	ZipFiles []string          `json:"zip_files"`
	Error    string            `json:"error"`
}

func readRows(file string) (*rows, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	all := new(rows)
	return all, json.Unmarshal(text, all)
}

// exists tells whether the module has a repository: where it has none, its list is no empty one but an error.
func (r observedRow) exists() bool {
	for _, query := range r.Queries {
		for _, words := range []string{"unrecognized import path", "no secure protocol", "git ls-remote", ": reading https://"} {
			if strings.Contains(query.Error, words) {
				return false
			}
		}
	}
	return true
}

// A class is what an error means for a GOPROXY list.
type class int

const (
	notExist class = iota // 404 or 410
	stopper               // anything else but 200
	either                // Go's own class depends on whether its cache knew the repository before
)

// classOf tells the class that an error has in the go command, for a request to a proxy.
func classOf(key, text string) class {
	switch {
	case strings.Contains(text, "missingrepo-git-ssh"):
		return stopper
	case strings.Contains(text, "git ls-remote"):
		return either
	case strings.Contains(text, ": 401 "):
		// To Go whatever keeps it from finding the repository means that there is none. Nobody said so: a login is missing.
		return stopper
	case key == "latest":
		// What the tip of a branch cannot be does not exist, as the source of versions it is asked as; go then says "no matching versions".
		return notExist
	}
	for _, words := range []string{"resolves to version", "module contains a go.mod file", "is already canonical", "no matching versions for query", "invalid module path"} {
		if strings.Contains(text, words) {
			return stopper
		}
	}
	return notExist
}

// hasUnsureRef tells whether the Ref of an origin depends on what the go command's cache had before: for a hash, and for HEAD, it names a
// reference only if the commit was, or was not, there already (gitRepo.stat in cmd/go/internal/modfetch/codehost/git.go). A row without time
// is what the go command printed, where a pseudo-version still has its Ref; the others are its .info files (writeDiskStat in cache.go).
func hasUnsureRef(key string, row query) bool {
	return row.Time == "" || key == "HEAD" || len(key) >= 7 && strings.Trim(key, "0123456789abcdef") == ""
}

// essence is the part of an error that any proxy in Go's words would say: without what the go command itself puts before it.
func essence(text string) string {
	for _, front := range []string{": invalid version: ", ": invalid pseudo-version: "} {
		if _, rest, ok := strings.Cut(text, front); ok {
			return rest
		}
	}
	for _, said := range []string{"no matching versions for query \"latest\"", "git ls-remote", "reading https://", "no secure protocol"} {
		if strings.Contains(text, said) {
			return ""
		}
	}
	return strings.TrimPrefix(text, "module ")
}
