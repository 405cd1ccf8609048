package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// front is a forward proxy that is every host itself: it shows a certificate of its own authority, and answers from the repositories.
// A host that is not in the rows does not exist.
type front struct {
	listener     net.Listener
	authority    string // the file of its certificate
	repositories *repositories
	handler      http.Handler
	issuer       *x509.Certificate
	key          *ecdsa.PrivateKey
	certificates sync.Map // host to *tls.Certificate
}

// Where the paths of a host are served by the repositories: the first prefix that fits.
var places = map[string][][2]string{
	"vcs-test.golang.org": {{"/", "/"}},
	"github.com":          {{"/rsc/vgotest1", "/git/vgotest1"}, {"/rsc/empty", "/git/rsc-empty"}},
}

func newFront(work string, repositories *repositories) (*front, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	base, err := url.Parse(repositories.base)
	if err != nil {
		return nil, err
	}
	f := &front{listener: listener, authority: filepath.Join(work, "ca.pem"), repositories: repositories}
	if err := f.issue(); err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil
	transport.DisableCompression = true
	f.handler = &httputil.ReverseProxy{
		Transport:     transport,
		FlushInterval: -1,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = base.Scheme, base.Host
		},
	}
	go http.Serve(listener, http.HandlerFunc(f.serve))
	return f, nil
}

func (f *front) url() string { return "http://" + f.listener.Addr().String() }

// serve is the forward proxy: CONNECT for https and svn, requests with a whole URL for http.
func (f *front) serve(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodConnect {
		f.answer(w, r, r.URL.Hostname())
		return
	}
	host, port, err := net.SplitHostPort(r.Host)
	if _, known := places[host]; err != nil || !known {
		http.Error(w, "no such host", http.StatusBadGateway)
		return
	}
	conn, buffered, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	io.WriteString(conn, "HTTP/1.1 200 Connection established\r\n\r\n")
	client := &bufferedConn{conn, buffered.Reader}
	switch port {
	case "80":
		f.speak(client, host)
	default:
		f.speak(tls.Server(client, &tls.Config{GetCertificate: f.certificate, NextProtos: []string{"http/1.1"}}), host)
	}
}

// speak serves HTTP on one connection.
func (f *front) speak(conn net.Conn, host string) {
	server := http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { f.answer(w, r, host) })}
	server.Serve(&oneConn{conn: conn, done: make(chan struct{})})
}

func (f *front) answer(w http.ResponseWriter, r *http.Request, host string) {
	for _, place := range places[host] {
		if below, ok := strings.CutPrefix(r.URL.Path, place[0]); ok {
			r.URL.Path, r.URL.RawPath = place[1]+below, ""
			f.handler.ServeHTTP(w, r)
			return
		}
	}
	http.NotFound(w, r)
}

func (f *front) pipe(client net.Conn) {
	defer client.Close()
	address, err := f.repositories.svnserve()
	if err != nil {
		return
	}
	server, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	go func() {
		io.Copy(server, client)
		server.Close()
	}()
	io.Copy(client, server)
}

// issue makes the authority.
func (f *front) issue() (err error) {
	if f.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "conformance"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &f.key.PublicKey, f.key)
	if err != nil {
		return err
	}
	if f.issuer, err = x509.ParseCertificate(der); err != nil {
		return err
	}
	return os.WriteFile(f.authority, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644)
}

func (f *front) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if known, ok := f.certificates.Load(hello.ServerName); ok {
		return known.(*tls.Certificate), nil
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: hello.ServerName}, DNSNames: []string{hello.ServerName},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, f.issuer, &f.key.PublicKey, f.key)
	if err != nil {
		return nil, err
	}
	made := &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: f.key}
	f.certificates.Store(hello.ServerName, made)
	return made, nil
}

// bufferedConn is a connection of which some bytes were read already.
type bufferedConn struct {
	net.Conn
	reader *bufio.Reader
}

func (c *bufferedConn) Read(p []byte) (int, error) { return c.reader.Read(p) }

// oneConn is a listener that has one connection to give, and waits until that is closed.
type oneConn struct {
	conn net.Conn
	once sync.Once
	done chan struct{}
}

func (l *oneConn) Accept() (conn net.Conn, err error) {
	l.once.Do(func() { conn = &closing{l.conn, sync.OnceFunc(func() { close(l.done) })} })
	if conn != nil {
		return conn, nil
	}
	<-l.done
	return nil, io.EOF
}

func (l *oneConn) Close() error   { return nil }
func (l *oneConn) Addr() net.Addr { return l.conn.LocalAddr() }

type closing struct {
	net.Conn
	closed func()
}

func (c *closing) Close() error {
	c.closed()
	return c.Conn.Close()
}
