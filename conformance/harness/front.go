package main

import (
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
)

// front is the address that the scripts know as GOPROXY. It gives requests that are knobs of the upstream test server (a number, invalid,
// redirect or sumdb-… as the first element) to the upstream as they came, and all others, without /mod, to the proxy under test.
// Escapes are never touched: the proxy under test sees the bytes that the go command sent.
type front struct {
	listener net.Listener
	ready    chan struct{}
	upstream http.Handler
	proxy    http.Handler // nil: everything goes to the upstream
}

// The switches of proxyHandler in the Go tree's src/cmd/go/proxy_test.go. /mod/sumdb/ itself is the protocol, not a switch.
var knob = regexp.MustCompile(`^/mod/(invalid|redirect|sumdb-[^/]*|[0-9]+)/`)

func newFront() (*front, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	f := &front{listener: listener, ready: make(chan struct{})}
	go http.Serve(listener, f)
	return f, nil
}

func (f *front) address() string { return f.listener.Addr().String() }

// open lets the waiting requests go. Called once.
func (f *front) open(upstream, proxy *url.URL) {
	f.upstream = forward(upstream, "")
	if proxy != nil {
		f.proxy = forward(proxy, "/mod")
	}
	close(f.ready)
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	<-f.ready
	if f.proxy == nil || knob.MatchString(r.URL.Path) || !strings.HasPrefix(r.URL.Path, "/mod/") {
		f.upstream.ServeHTTP(w, r)
		return
	}
	f.proxy.ServeHTTP(w, r)
}

// forward sends a request to the host of base with its escaped path less strip. Answers pass as they are, redirects included.
func forward(base *url.URL, strip string) http.Handler {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil
	transport.DisableCompression = true
	transport.MaxIdleConnsPerHost = 32
	return &httputil.ReverseProxy{
		Transport:     transport,
		FlushInterval: -1,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = base.Scheme, base.Host
			r.Out.Host = base.Host
			r.Out.URL.Path = strings.TrimPrefix(r.In.URL.Path, strip)
			r.Out.URL.RawPath = strings.TrimPrefix(r.In.URL.EscapedPath(), strip)
		},
	}
}
