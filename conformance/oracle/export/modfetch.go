package modfetch

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"cmd/go/internal/cfg"
)

// OracleSetProxies makes the next reading of the settings see these.
func OracleSetProxies(goproxy, gonoproxy string) {
	cfg.GOPROXY, cfg.GONOPROXY = goproxy, gonoproxy
	proxyOnce.Once = sync.Once{}
	proxyOnce.list, proxyOnce.err = nil, nil
}

// OracleProxyList is proxyList under these settings.
func OracleProxyList(goproxy, gonoproxy string) ([][2]any, error) {
	OracleSetProxies(goproxy, gonoproxy)
	specs, err := proxyList()
	list := [][2]any{}
	for _, spec := range specs {
		list = append(list, [2]any{spec.url, spec.fallBackOnError})
	}
	return list, err
}

// OracleSumDB is what dbDial makes of GOSUMDB: the name, and the URL if one is given.
func OracleSumDB(gosumdb string) ([]string, error) {
	cfg.GOSUMDB = gosumdb
	name, _, err := dbDial()
	if err != nil {
		return nil, err
	}
	// dbDial keeps its client to itself; the URL is the second field by its own rule.
	fields := strings.Fields(gosumdb)
	explicit := ""
	if gosumdb == "sum.golang.google.cn" {
		explicit = "https://sum.golang.google.cn"
	} else if len(fields) == 2 {
		explicit = fields[1]
	}
	return []string{name, explicit}, nil
}

// OracleList is what the go command takes from the body of a proxy's list.
func OracleList(body []byte) ([]string, error) {
	folder := filepath.Join(os.Getenv("MODWAY_ORACLE_DIR"), "proxy")
	file := filepath.Join(folder, "example.test", "m", "@v", "list")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return nil, err
	}
	if err := os.WriteFile(file, body, 0o600); err != nil {
		return nil, err
	}
	repo, err := newProxyRepo("file://"+folder, "example.test/m")
	if err != nil {
		return nil, err
	}
	versions, err := repo.Versions(context.Background(), "")
	if err != nil {
		return nil, err
	}
	return append([]string{}, versions.List...), nil
}

// OracleWriteInfo is the document as it is, and as the module cache keeps it.
func OracleWriteInfo(info *RevInfo) []any {
	plain, err := json.Marshal(info)
	if err != nil {
		return []any{map[string]string{"error": err.Error()}}
	}
	file := filepath.Join(os.Getenv("MODWAY_ORACLE_DIR"), "written.info")
	if err := writeDiskStat(context.Background(), file, info); err != nil {
		return []any{string(plain), map[string]string{"error": err.Error()}}
	}
	kept, err := os.ReadFile(file)
	if err != nil {
		return []any{string(plain), map[string]string{"error": err.Error()}}
	}
	return []any{string(plain), string(kept)}
}
