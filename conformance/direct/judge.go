package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
)

// judge asks one proxy.
type judge struct {
	base   string
	client *http.Client
	folder string // where the go command runs
}

// Rows are asked for side by side, so many at a time.
const together = 6

func newJudge(base, work string) (*judge, error) {
	folder := filepath.Join(work, "go")
	if err := os.Mkdir(folder, 0o755); err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil
	return &judge{base, &http.Client{Transport: transport}, folder}, nil
}

// check is one row: its name, and what is wrong with it.
type check struct {
	name  string
	wrong func() error
}

// all checks every row, and writes what is wrong.
func (j *judge) all(rows *rows, chosen *regexp.Regexp, output io.Writer) (passed, failed int) {
	var wait sync.WaitGroup
	var tell sync.Mutex
	slots := make(chan struct{}, together)
	for _, check := range j.checks(rows) {
		if !chosen.MatchString(check.name) {
			continue
		}
		slots <- struct{}{}
		wait.Go(func() {
			err := check.wrong()
			<-slots
			tell.Lock()
			defer tell.Unlock()
			if err == nil {
				passed++
				return
			}
			failed++
			fmt.Fprintf(output, "FAIL %s: %v\n", check.name, err)
		})
	}
	wait.Wait()
	return passed, failed
}

func (j *judge) checks(rows *rows) (checks []check) {
	add := func(name string, wrong func() error) { checks = append(checks, check{name, wrong}) }
	for _, row := range rows.Stat {
		if row.Local {
			add("stat "+row.Path+"@"+row.Rev, func() error { return j.stat(row) })
		}
	}
	for _, row := range rows.Versions {
		if row.Local {
			add("versions "+row.Path+"@"+row.Prefix, func() error { return j.versions(row) })
		}
	}
	for _, row := range rows.Latest {
		if row.Local {
			add("latest "+row.Path+"@", func() error { return j.tip(row) })
		}
	}
	for _, row := range rows.Observed {
		add("list "+row.Path+"@", func() error { return j.list(row) })
		for _, key := range slices.Sorted(maps.Keys(row.Queries)) {
			// A slash cannot be asked for through any GOPROXY.
			if !strings.Contains(key, "/") {
				add("observed "+row.Path+"@"+key, func() error { return j.observed(row.Path, key, row.Queries[key]) })
			}
		}
		if query, ok := row.Queries["latest"]; ok {
			add("go list "+row.Path+"@latest", func() error { return j.goLatest(row.Path, query) })
		}
	}
	return checks
}

// unasked says which rows no door on this machine can be asked for, and why.
func (j *judge) unasked(rows *rows) string {
	remote, slashes := 0, 0
	for _, row := range rows.Stat {
		if !row.Local {
			remote++
		}
	}
	for _, row := range rows.Versions {
		if !row.Local {
			remote++
		}
	}
	for _, row := range rows.Latest {
		if !row.Local {
			remote++
		}
	}
	for _, row := range rows.Observed {
		for key := range row.Queries {
			if strings.Contains(key, "/") {
				slashes++
			}
		}
	}
	return fmt.Sprintf("%d of repositories in the internet, %d with a slash in the query, which no GOPROXY can be asked for", remote, slashes)
}

func (j *judge) stat(row statRow) error {
	if row.Rev == "" {
		return j.refuses(row.Path+"/@latest", stopper, `module path "`+row.Path+`"`)
	}
	if row.Error != "" {
		return j.refuses(row.Path+"/@v/"+escape(row.Rev)+".info", classOf(row.Rev, row.Error), row.Error)
	}
	info, err := j.info(row.Path + "/@v/" + escape(row.Rev) + ".info")
	if err != nil {
		return err
	}
	if info.Version != row.Version || info.Time != row.Time || info.Origin["Hash"] != row.Name {
		return fmt.Errorf("got %s of %s at %s, want %s of %s at %s", info.Version, info.Time, info.Origin["Hash"], row.Version, row.Time, row.Name)
	}
	return errors.Join(j.goMod(row.Path, row.Version, row.GoMod, ""), j.zip(row.Path, row.Version, row.ZipH1, row.ZipFiles))
}

func (j *judge) versions(row versionsRow) error {
	list, err := j.listed(row.Path)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(version string) bool { return !strings.HasPrefix(version, row.Prefix) })
	return equal("list", list, row.Versions)
}

// tip asks for the tip of the default branch. Where there are versions, `@latest` is one of them.
func (j *judge) tip(row latestRow) error {
	list, err := j.listed(row.Path)
	if err != nil {
		return err
	}
	where := row.Path + "/@latest"
	if len(list) > 0 {
		where = row.Path + "/@v/" + escape("HEAD") + ".info"
	}
	if row.Error != "" {
		return j.refuses(where, notExist, row.Error)
	}
	info, err := j.info(where)
	if err == nil && info.Version != row.Version {
		err = fmt.Errorf("got %s, want %s", info.Version, row.Version)
	}
	return err
}

// list asks with the real go command, which takes out what is retracted, and says nothing where the highest version is none. Then it looks
// at the list itself: empty for a module without versions, an error for none.
func (j *judge) list(row observedRow) error {
	var said struct{ Versions []string }
	if err := j.goCommand(&said, "list", "-m", "-versions", "-json", row.Path); err != nil {
		said.Versions = nil
	}
	if err := equal("go list -m -versions", said.Versions, row.List); err != nil {
		return err
	}
	if !row.exists() {
		return j.refuses(row.Path+"/@v/list", either, "")
	}
	_, err := j.listed(row.Path)
	return err
}

func (j *judge) goLatest(path string, want query) error {
	var said struct{ Version string }
	err := j.goCommand(&said, "list", "-m", "-json", path+"@latest")
	if want.Error == "" {
		if err == nil && said.Version != want.Version {
			err = fmt.Errorf("got %s, want %s", said.Version, want.Version)
		}
		return err
	}
	if err == nil {
		return fmt.Errorf("got %s, want %s", said.Version, want.Error)
	}
	if !strings.Contains(err.Error(), essence(want.Error)) {
		return fmt.Errorf("got %w, want %s", err, want.Error)
	}
	return nil
}

func (j *judge) observed(path, key string, want query) error {
	where := path + "/@v/" + escape(key) + ".info"
	if key == "latest" {
		where = path + "/@latest"
	}
	if want.Error != "" {
		return j.refuses(where, classOf(key, want.Error), essence(want.Error))
	}
	info, err := j.info(where)
	if err != nil {
		return err
	}
	if info.Version != want.Version || want.Time != "" && info.Time != want.Time {
		return fmt.Errorf("got %s of %s, want %s of %s", info.Version, info.Time, want.Version, want.Time)
	}
	if hasUnsureRef(key, want) {
		delete(info.Origin, "Ref")
		delete(want.Origin, "Ref")
	}
	if !maps.Equal(info.Origin, want.Origin) {
		return fmt.Errorf("got origin %v, want %v", info.Origin, want.Origin)
	}
	return errors.Join(j.goMod(path, want.Version, "", want.GoModH1), j.zip(path, want.Version, want.ZipH1, want.ZipFiles))
}

func (j *judge) goMod(path, version, want, wantH1 string) error {
	body, err := j.get(path + "/@v/" + escape(version) + ".mod")
	if err != nil {
		return err
	}
	if want != "" && string(body) != want {
		return fmt.Errorf("got go.mod %q, want %q", body, want)
	}
	if got := h1(map[string][]byte{"go.mod": body}); wantH1 != "" && got != wantH1 {
		return fmt.Errorf("go.mod: got %s, want %s", got, wantH1)
	}
	return nil
}

func (j *judge) zip(path, version, wantH1 string, wantFiles []string) error {
	body, err := j.get(path + "/@v/" + escape(version) + ".zip")
	if err != nil {
		return err
	}
	archive, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		return err
	}
	files, names := map[string][]byte{}, []string(nil)
	for _, entry := range archive.File {
		reader, err := entry.Open()
		if err != nil {
			return err
		}
		if files[entry.Name], err = io.ReadAll(reader); err != nil {
			return err
		}
		names = append(names, strings.TrimPrefix(entry.Name, path+"@"+version+"/"))
	}
	if got := h1(files); wantH1 != "" && got != wantH1 {
		return fmt.Errorf("zip: got %s of %v, want %s of %v", got, names, wantH1, wantFiles)
	}
	if wantFiles == nil {
		return nil
	}
	slices.Sort(names)
	return equal("files", names, slices.Sorted(slices.Values(wantFiles)))
}

func (j *judge) listed(path string) ([]string, error) {
	body, err := j.get(path + "/@v/list")
	return strings.Fields(string(body)), err
}

// info is a .info document.
type info struct {
	Version, Time string
	Origin        map[string]string
}

func (j *judge) info(where string) (found info, err error) {
	body, err := j.get(where)
	if err != nil {
		return found, err
	}
	return found, json.Unmarshal(body, &found)
}

func (j *judge) get(where string) ([]byte, error) {
	status, body, err := j.ask(where)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("%s: got %d: %s", where, status, body)
	}
	return body, err
}

// refuses wants an error of this class that says these words.
func (j *judge) refuses(where string, class class, words string) error {
	status, body, err := j.ask(where)
	if err != nil {
		return err
	}
	is := stopper
	if status == http.StatusNotFound || status == http.StatusGone {
		is = notExist
	}
	switch {
	case status == http.StatusOK:
		return fmt.Errorf("%s: got %q, want an error: %s", where, body, words)
	case class != either && is != class:
		return fmt.Errorf("%s: got status %d: %s", where, status, body)
	case !strings.Contains(string(body), words):
		return fmt.Errorf("%s: got %d: %q, want %q", where, status, body, words)
	}
	return nil
}

func (j *judge) ask(where string) (int, []byte, error) {
	response, err := j.client.Get(j.base + "/" + escape(where))
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, body, err
}

// goCommand runs the real go command with the proxy under test as its only one. What it prints is read into answer.
func (j *judge) goCommand(answer any, args ...string) error {
	cache, err := os.MkdirTemp(j.folder, "cache-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(cache)
	cmd := exec.Command(filepath.Join(*goroot, "bin/go"), args...)
	cmd.Dir = cache
	cmd.Env = append(os.Environ(), "GOPROXY="+j.base, "GONOSUMDB=*", "GOSUMDB=off", "GOENV=off", "GOFLAGS=", "GOTOOLCHAIN=local",
		"GOMODCACHE="+filepath.Join(cache, "mod"), "GOPATH="+cache, "GOVCS=*:off", "HTTP_PROXY=", "HTTPS_PROXY=")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%w: %s", err, stderr.String())
	}
	return json.Unmarshal(stdout.Bytes(), answer)
}

// h1 is dirhash.Hash1 of golang.org/x/mod.
func h1(files map[string][]byte) string {
	sum := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(sum, "%x  %s\n", sha256.Sum256(files[name]), name)
	}
	return "h1:" + base64.StdEncoding.EncodeToString(sum.Sum(nil))
}

// escape writes capitals as the protocol does. What is escaped already stays.
func escape(text string) string {
	var escaped strings.Builder
	for _, letter := range text {
		if unicode.IsUpper(letter) {
			escaped.WriteByte('!')
			letter = unicode.ToLower(letter)
		}
		escaped.WriteRune(letter)
	}
	return escaped.String()
}

func equal(what string, got, want []string) error {
	if !slices.Equal(got, want) {
		return fmt.Errorf("%s: got %v, want %v", what, got, want)
	}
	return nil
}
