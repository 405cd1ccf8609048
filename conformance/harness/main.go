// Harness runs the Go tree's own mod_* script tests through a module proxy and compares the outcome with what is expected.
//
//	harness -goroot DIR -test cmdgo.test -expected expected.toml [-run PATTERN] [-log FILE] [-- COMMAND ARGS...]
//
// COMMAND starts the proxy under test. It finds in its environment
//
//	UPSTREAM     the base URL of the module proxy to forward to
//	SUMDB_KEY    the verifier key of the checksum database
//	SUMDB_URL    where that database answers
//	WORK         an empty directory of its own
//
// and says on its standard output where it listens, with a line that holds GOPROXY=http://HOST:PORT. It ends when its standard
// input is closed or on SIGTERM. Without a COMMAND the front forwards everything to the upstream: that proves the harness itself.
//
// Ports are never chosen here: every listener takes port 0 and says what it got.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"log"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
)

var (
	goroot   = flag.String("goroot", "", "the Go tree whose scripts are run")
	testBin  = flag.String("test", "", "the test binary of cmd/go, built with the overlay")
	expected = flag.String("expected", "", "file of expected skips and failures")
	pattern  = flag.String("run", "^mod_", "which scripts, as a regular expression")
	logFile  = flag.String("log", "", "where the full output of the tests goes")
	parallel = flag.Int("parallel", 3, "how many scripts run at a time")
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("conformance: ")
	flag.Parse()
	want, err := readExpected(*expected)
	if err != nil {
		log.Fatal(err)
	}
	if flag.NArg() == 0 {
		// Nothing foreign is in the way, so nothing may fail.
		maps.DeleteFunc(want, func(_ string, e expectation) bool { return e.outcome == failed })
	}
	got, err := run(flag.Args())
	if err != nil {
		log.Fatal(err)
	}
	if !report(os.Stdout, got, want, *pattern) {
		os.Exit(1)
	}
}

// run starts the front, the tests and the proxy under test, in this order, and returns the outcome of every script.
//
// The tests hold the upstream inside, so the proxy under test can start only after them; the front lets requests wait until it is there.
func run(command []string) (map[string]outcome, error) {
	front, err := newFront()
	if err != nil {
		return nil, err
	}
	output, err := os.Create(*logFile)
	if err != nil {
		return nil, err
	}
	defer output.Close()

	tests := exec.Command(*testBin, "-test.run", "TestScript/"+*pattern, "-test.v", "-test.parallel", fmt.Sprint(*parallel), "-test.timeout", "30m")
	tests.Dir = filepath.Join(*goroot, "src", "cmd", "go")
	tests.Env = append(os.Environ(), "FOREIGN_GOPROXY=http://"+front.address()+"/mod")
	lines, err := combined(tests)
	if err != nil {
		return nil, err
	}
	var proxy *proxyUnderTest
	defer func() { proxy.stop() }()
	results := newResults()
	for lines.Scan() {
		line := lines.Text()
		fmt.Fprintln(output, line)
		results.line(line)
		if upstream, ok := strings.CutPrefix(line, "go test proxy running at GOPROXY="); ok {
			if proxy, err = aim(front, upstream, command); err != nil {
				tests.Process.Kill()
				tests.Wait()
				return nil, err
			}
		}
	}
	if err := tests.Wait(); err != nil && len(results.outcomes) == 0 {
		return nil, fmt.Errorf("%s: %w; see %s", filepath.Base(*testBin), err, *logFile)
	}
	if proxy != nil && !proxy.alive() {
		return nil, fmt.Errorf("the proxy under test ended before the tests did; see %s", *logFile)
	}
	return results.outcomes, lines.Err()
}

// combined starts cmd and returns the lines of its standard output and error together.
func combined(cmd *exec.Cmd) (*bufio.Scanner, error) {
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd.Stdout, cmd.Stderr = writer, writer
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	writer.Close()
	lines := bufio.NewScanner(reader)
	lines.Buffer(nil, 64<<20)
	return lines, nil
}

// aim starts the proxy under test, if there is one, and opens the front.
func aim(front *front, upstream string, command []string) (*proxyUnderTest, error) {
	base, err := url.Parse(upstream)
	if err != nil {
		return nil, err
	}
	if len(command) == 0 {
		front.open(base, nil)
		return nil, nil
	}
	key, err := verifierKey()
	if err != nil {
		return nil, err
	}
	proxy, err := startProxy(command, upstream, key)
	if err != nil {
		return nil, err
	}
	front.open(base, proxy.base)
	return proxy, nil
}

// verifierKey reads the key of the test checksum database from the Go tree.
func verifierKey() (string, error) {
	source, err := os.ReadFile(filepath.Join(*goroot, "src", "cmd", "go", "proxy_test.go"))
	if err != nil {
		return "", err
	}
	found := regexp.MustCompile(`testSumDBVerifierKey += "([^"]+)"`).FindSubmatch(source)
	if found == nil {
		return "", fmt.Errorf("no testSumDBVerifierKey in proxy_test.go of this Go tree")
	}
	return string(found[1]), nil
}

type proxyUnderTest struct {
	command *exec.Cmd
	stdin   io.Closer
	work    string
	base    *url.URL
	ended   chan struct{}
}

func startProxy(command []string, upstream, key string) (*proxyUnderTest, error) {
	work, err := os.MkdirTemp("", "conformance-proxy-")
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = append(os.Environ(), "UPSTREAM="+upstream, "SUMDB_KEY="+key, "SUMDB_URL="+upstream+"/sumdb-direct", "WORK="+work)
	proxyLog, err := os.Create(*logFile + ".proxy")
	if err != nil {
		return nil, err
	}
	cmd.Stderr = proxyLog
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	proxy := &proxyUnderTest{command: cmd, stdin: stdin, work: work, ended: make(chan struct{})}
	announced := make(chan *url.URL, 1)
	go func() {
		defer close(proxy.ended)
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			fmt.Fprintln(proxyLog, lines.Text())
			if found := regexp.MustCompile(`GOPROXY=['"]?(http://[^\s'"]+)`).FindStringSubmatch(lines.Text()); found != nil {
				if base, err := url.Parse(strings.TrimSuffix(found[1], "/")); err == nil {
					select {
					case announced <- base:
					default:
					}
				}
			}
		}
		cmd.Wait()
	}()
	select {
	case proxy.base = <-announced:
		return proxy, nil
	case <-proxy.ended:
		return nil, fmt.Errorf("the proxy under test ended without saying where it listens; see %s.proxy", *logFile)
	case <-time.After(time.Minute):
		proxy.stop()
		return nil, fmt.Errorf("the proxy under test did not say within a minute where it listens")
	}
}

func (p *proxyUnderTest) alive() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

func (p *proxyUnderTest) stop() {
	if p == nil {
		return
	}
	p.stdin.Close()
	p.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(10 * time.Second):
		p.command.Process.Kill()
		<-p.ended
	}
	os.RemoveAll(p.work)
}
