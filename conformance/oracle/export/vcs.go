package vcs

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"

	"cmd/go/internal/cfg"
	"cmd/go/internal/str"
	"cmd/go/internal/web"
	"cmd/go/internal/web/intercept"

	"fmt"
)

// setGOVCS makes checkGOVCS see these.
func setGOVCS(setting, goprivate string) {
	govcsOnce.Do(func() {})
	govcs, govcsErr = parseGOVCS(setting)
	govcs = append(govcs, defaultGOVCS...)
	cfg.GOPRIVATE = goprivate
}

// OracleGOVCS is checkGOVCS under these settings.
func OracleGOVCS(setting, goprivate, system, root string) error {
	setGOVCS(setting, goprivate)
	return checkGOVCS(vcsByCmd(system), root)
}

// OracleKnown is repoRootFromVCSPaths with every system allowed and no repository connected to: the general rule stays without its scheme.
// That a root is no prefix of the path, Go says later, in newCodeRepo.
func OracleKnown(path string) (any, error) {
	setGOVCS("*:all", "")
	paths := slices.Clone(vcsPaths)
	general := *paths[len(paths)-1]
	general.schemelessRepo = false
	paths[len(paths)-1] = &general
	root, err := repoRootFromVCSPaths(path, web.SecureOnly, paths)
	if err == errUnknownSite {
		return "page", nil
	}
	if err != nil {
		return nil, err
	}
	kind := ""
	if !strings.Contains(root.Repo, "://") {
		kind = "suffix"
	}
	if !str.HasPathPrefix(path, root.Root) {
		return nil, fmt.Errorf("mismatched repo: found %s for %s", root.Root, path)
	}
	if strings.Contains(root.Root, "...") {
		return nil, fmt.Errorf("cannot expand ... in %q", path)
	}
	return []string{root.Root, root.VCS.Cmd, root.Repo, kind}, nil
}

// OracleTags is parseMetaGoImports as the module commands use it.
func OracleTags(page []byte) ([][4]string, error) {
	tags, err := parseMetaGoImports(bytes.NewReader(page), PreferMod)
	result := [][4]string{}
	for _, tag := range tags {
		result = append(result, [4]string{tag.Prefix, tag.VCS, tag.RepoRoot, tag.SubDir})
	}
	return result, err
}

// OraclePage is what a server answers.
type OraclePage struct {
	Status, Type string
	Body         []byte
}

// OracleDiscover is RepoRootForImportPath with these pages: that of the path itself, and that of every other path.
func OracleDiscover(path string, pages [2]OraclePage) ([]string, error) {
	setGOVCS("*:all", "")
	fetchCacheMu.Lock()
	fetchCache = map[string]fetchResult{}
	fetchCacheMu.Unlock()
	host, below, _ := strings.Cut(path, "/")
	server := roundTrip(func(request *http.Request) *http.Response {
		page := pages[1]
		if request.URL.Path == "/"+below {
			page = pages[0]
		}
		var code int
		fmt.Sscan(page.Status, &code)
		return &http.Response{
			Status: page.Status, StatusCode: code, ProtoMajor: 1, ProtoMinor: 1, Request: request,
			Header: http.Header{"Content-Type": {page.Type}},
			Body:   io.NopCloser(bytes.NewReader(page.Body)),
		}
	})
	intercept.EnableTestHooks([]intercept.Interceptor{{Scheme: "https", FromHost: host, ToHost: "127.0.0.1:1", Client: &http.Client{Transport: server}}})
	defer intercept.DisableTestHooks()
	root, err := RepoRootForImportPath(path, PreferMod, web.SecureOnly)
	if err != nil {
		return nil, err
	}
	system := root.VCS.Cmd
	if root.VCS == vcsMod {
		system = "mod"
	}
	return []string{root.Root, system, root.Repo, root.SubDir}, nil
}

type roundTrip func(*http.Request) *http.Response

func (answer roundTrip) RoundTrip(request *http.Request) (*http.Response, error) {
	return answer(request), nil
}
