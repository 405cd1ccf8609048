package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net/url"

	"cmd/go/internal/auth"
	"cmd/go/internal/modfetch"
)

// goproxy: GOPROXY, GONOPROXY -> [[entry, falls back on any error], …].
func goproxy(a []string) []any { return []any{either(modfetch.OracleProxyList(a[0], a[1]))} }

// walk: GOPROXY, GONOPROXY, one digit per entry that says what asking it gives -> [the entries asked, whose answer it is].
//
// Digits: 2 found, 4 does not exist, anything else trouble. The answer is the number of an entry, -1 for a bad list.
// An entry beyond the digits does not exist.
func walk(a []string) []any {
	asked := []string{}
	modfetch.OracleSetProxies(a[0], a[1])
	err := modfetch.TryProxies(func(entry string) error {
		number := len(asked)
		asked = append(asked, entry)
		digit := byte('4')
		if number < len(a[2]) {
			digit = a[2][number]
		}
		if entry == "off" {
			digit = '4' // it never says anything else
		}
		switch digit {
		case '2':
			return nil
		case '4':
			return numbered{number, fs.ErrNotExist}
		default:
			return numbered{number, errors.New("trouble")}
		}
	})
	var from numbered
	switch {
	case err == nil:
		return []any{asked, len(asked) - 1, "found"}
	case !errors.As(err, &from):
		return []any{asked, -1, err.Error()}
	case errors.Is(err, fs.ErrNotExist):
		return []any{asked, from.entry, "does not exist"}
	default:
		return []any{asked, from.entry, "trouble"}
	}
}

// numbered is an error that knows which entry gave it.
type numbered struct {
	entry int
	error
}

func (n numbered) Unwrap() error { return n.error }

// gosumdb: GOSUMDB -> [name, verifier key, URL or ""].
func gosumdb(a []string) []any { return []any{either(modfetch.OracleSumDB(a[0]))} }

// netrc: the text, a URL -> the "user:password" that is sent there, or null.
func netrc(a []string) []any { return []any{auth.OracleNetrc(a[0], a[1])} }

// parseurl: a text -> [redacted, scheme, host, path as bytes, [user, password]].
func parseURL(a []string) []any {
	u, err := url.Parse(a[0])
	if err != nil {
		return []any{failure(err)}
	}
	password, _ := u.User.Password()
	return []any{u.Redacted(), u.Scheme, u.Host, pack([]byte(u.Path)), []string{pack([]byte(u.User.Username())), pack([]byte(password))}}
}

// list: the body of @v/list -> the versions the go command takes from it, sorted.
func list(a []string) []any { return []any{either(modfetch.OracleList(unpack(a[0])))} }

// info: the body of .info -> what the go command reads.
func info(a []string) []any {
	read := new(modfetch.RevInfo)
	if err := json.Unmarshal(unpack(a[0]), read); err != nil {
		return []any{failure(err)}
	}
	var origin any
	if o := read.Origin; o != nil {
		origin = []string{o.VCS, o.URL, o.Subdir, o.Hash, o.TagPrefix, o.TagSum, o.Ref, o.RepoSum}
	}
	return []any{[]any{read.Version, read.Time.Unix(), read.Time.Nanosecond(), origin}}
}
