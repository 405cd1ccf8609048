package main

import (
	"bytes"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb/dirhash"
	modzip "golang.org/x/mod/zip"
)

// The zip functions want files; these lie in a folder that the asker names and empties (MODWAY_ORACLE_DIR), best in memory.
func scratch(name string) string { return filepath.Join(os.Getenv("MODWAY_ORACLE_DIR"), name) }

// zip: module path, version, the zip's bytes -> [report or error, the verdict, h1, whether Unzip takes it].
func checkZip(a []string) []any {
	name := scratch("question.zip")
	if err := os.WriteFile(name, unpack(a[2]), 0o600); err != nil {
		panic(err)
	}
	mod := module.Version{Path: a[0], Version: a[1]}
	checked, err := modzip.CheckZip(mod, name)
	folder := scratch("unzipped")
	unzipped := modzip.Unzip(folder, mod, name)
	os.RemoveAll(folder)
	// The temporary file's own name stands in some errors, where the go command has its cache's.
	return []any{
		listed(checked),
		strip(verdict(err), name),
		strip(either(dirhash.HashZip(name, dirhash.Hash1)), name),
		unzipped == nil,
	}
}

func strip(answer any, name string) any {
	if failed, ok := answer.(map[string]string); ok {
		failed["error"] = strings.ReplaceAll(failed["error"], name, "ZIP")
	}
	return answer
}

// listed is the full report: [valid, [path, reason] omitted, [path, reason] invalid, size error].
func listed(c modzip.CheckedFiles) any {
	size := ""
	if c.SizeError != nil {
		size = c.SizeError.Error()
	}
	return []any{append([]string{}, c.Valid...), reasons(c.Omitted), reasons(c.Invalid), size}
}

func reasons(list []modzip.FileError) [][2]string {
	result := [][2]string{}
	for _, e := range list {
		result = append(result, [2]string{e.Path, e.Err.Error()})
	}
	return result
}

// source is a file offered to Create. The arguments of create and files name them in threes: path, kind, content.
// Kinds: file, symlink, dir, device, and size:N, a regular file that claims N bytes.
type source struct {
	path, kind string
	content    []byte
}

func sources(a []string) []modzip.File {
	var files []modzip.File
	for ; len(a) >= 3; a = a[3:] {
		files = append(files, source{a[0], a[1], unpack(a[2])})
	}
	return files
}

func (s source) Path() string                 { return s.path }
func (s source) Lstat() (fs.FileInfo, error)  { return s, nil }
func (s source) Open() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(s.content)), nil }
func (s source) Name() string                 { return filepath.Base(s.path) }
func (s source) ModTime() time.Time           { return time.Time{} }
func (s source) IsDir() bool                  { return s.kind == "dir" }
func (s source) Sys() any                     { return nil }

func (s source) Size() int64 {
	if claimed, ok := strings.CutPrefix(s.kind, "size:"); ok {
		return number(claimed)
	}
	return int64(len(s.content))
}

func (s source) Mode() fs.FileMode {
	switch s.kind {
	case "symlink":
		return fs.ModeSymlink | 0o777
	case "dir":
		return fs.ModeDir | 0o755
	case "device":
		return fs.ModeDevice | 0o644
	default:
		return 0o644
	}
}

// files: sources -> [report, verdict].
func checkFiles(a []string) []any {
	checked, err := modzip.CheckFiles(sources(a))
	return []any{listed(checked), verdict(err)}
}

// create: module path, version, sources -> [h1 of the zip that Create makes].
func createZip(a []string) []any {
	var made bytes.Buffer
	if err := modzip.Create(&made, module.Version{Path: a[0], Version: a[1]}, sources(a[2:])); err != nil {
		return []any{failure(err)}
	}
	name := scratch("created.zip")
	if err := os.WriteFile(name, made.Bytes(), 0o600); err != nil {
		panic(err)
	}
	return []any{either(dirhash.HashZip(name, dirhash.Hash1))}
}
