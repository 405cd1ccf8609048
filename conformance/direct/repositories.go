package main

import (
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// repositories are those of Go's recipes, served by Go's own server, and one more.
type repositories struct {
	*child
}

// The repository github.com/rsc/empty of Go's tables is not among the recipes.
const emptyRecipe = "handle git\n\ngit init\n"

func startRepositories(work string, output io.Writer) (*repositories, error) {
	recipes := filepath.Join(work, "recipes")
	if err := copyTree(filepath.Join(*goroot, "src/cmd/go/testdata/vcstest"), recipes); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(recipes, "git/rsc-empty.txt"), []byte(emptyRecipe), 0o644); err != nil {
		return nil, err
	}
	home := filepath.Join(work, "home")
	if err := os.Mkdir(home, 0o755); err != nil {
		return nil, err
	}
	cmd := exec.Command(*vcweb, "-dir="+recipes, "-host=127.0.0.1", "-port=0")
	// It reads go.mod of the tree it stands in.
	cmd.Dir = filepath.Join(*goroot, "src/cmd/go/internal/vcweb/vcstest")
	// fossil wants to know who it is.
	cmd.Env = append(os.Environ(), "HOME="+home, "TMPDIR="+work, "USER=rsc", "GOPROXY=off", "GOSUMDB=off")
	server, err := start(cmd, regexp.MustCompile(`serving on (http://\S+)`), output)
	if err != nil {
		return nil, err
	}
	return &repositories{server}, nil
}

// svnserve says where the svn protocol of the repositories is spoken.
func (r *repositories) svnserve() (string, error) {
	response, err := http.Get(r.base + "/svn/hello?vcwebsvn=1")
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return strings.TrimPrefix(strings.TrimSpace(string(body)), "svn://"), err
}

func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		below, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return os.MkdirAll(filepath.Join(to, below), 0o755)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, below), content, 0o644)
	})
}
