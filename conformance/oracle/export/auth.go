package auth

import (
	"net/http"

	"cmd/go/internal/cfg"
)

// OracleNetrc is what the go command sends to url when text is the netrc file: "user:password", or nil.
func OracleNetrc(text, url string) any {
	credentialCache.Clear()
	readNetrc = func() ([]netrcLine, error) { return parseNetrc(text), nil }
	cfg.GOAUTH = "netrc"
	runGoAuth(nil, nil, "")
	request := &http.Request{Header: make(http.Header)}
	if !loadCredential(request, url) {
		return nil
	}
	user, password, _ := request.BasicAuth()
	return user + ":" + password
}
