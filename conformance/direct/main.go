// Direct asks a module proxy, through its HTTP door, for what coderepo-expectations.json says of the repositories that the Go tree builds
// for its own tests, and counts the rows that come out as they do with the real go command.
//
//	direct -goroot DIR -vcweb PROGRAM -codehost PROGRAM -expectations FILE -log FILE [-run PATTERN] -- COMMAND ARGS...
//
// PROGRAM is the test binary of cmd/go/internal/vcweb/vcstest: it builds the repositories from Go's recipes and serves them. A front of our
// own stands before it as a forward proxy, and is every host that the rows name: vcs-test.golang.org, github.com.
//
// What no door tells (the section codehost) is asked of the repositories by the second PROGRAM, crates/proxy/examples/codehost.rs.
//
// COMMAND starts the proxy under test. It finds in its environment
//
//	FORWARD_PROXY  the forward proxy through which every host is reached
//	CA_FILE        the authority of the certificates that are shown there
//	WORK           an empty directory of its own
//
// and says on its standard output where it listens, with a line that holds GOPROXY=http://HOST:PORT. It is asked below /@direct. It ends
// when its standard input is closed or on SIGTERM.
//
// All of it runs in a network of its own, which needs root or user namespaces. There svn has its real port; every other listener takes
// port 0 and says what it got.
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
)

var (
	goroot       = flag.String("goroot", "", "the Go tree whose recipes are served, and whose go command asks")
	vcweb        = flag.String("vcweb", "", "the test binary that serves them")
	codehost     = flag.String("codehost", "", "the program that asks the repositories for what no door tells; none if a door of others is tried")
	expectations = flag.String("expectations", "", "what is expected")
	logFile      = flag.String("log", "", "where the reasons of failures go, and what the servers say")
	pattern      = flag.String("run", "", "which rows, as a regular expression on `PATH@QUERY`")
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("direct: ")
	flag.Parse()
	if err := enter(); err != nil {
		log.Fatal(err)
	}
	failed, err := run(flag.Args())
	if err != nil {
		log.Fatal(err)
	}
	if failed > 0 {
		os.Exit(1)
	}
}

func run(command []string) (failed int, err error) {
	rows, err := readRows(*expectations)
	if err != nil {
		return 0, err
	}
	work, err := os.MkdirTemp("", "conformance-direct-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(work)
	if err := nameHosts(work); err != nil {
		return 0, err
	}
	output, err := os.Create(*logFile)
	if err != nil {
		return 0, err
	}
	defer output.Close()
	repositories, err := startRepositories(work, output)
	if err != nil {
		return 0, err
	}
	defer repositories.stop()
	front, err := newFront(work, repositories)
	if err != nil {
		return 0, err
	}
	if err := front.serveSvn(); err != nil {
		return 0, err
	}
	proxy, err := startProxy(command, work, front, output)
	if err != nil {
		return 0, err
	}
	defer proxy.stop()
	judge, err := newJudge(proxy.base+"/@direct", work)
	if err != nil {
		return 0, err
	}
	passed, failed := judge.all(rows, regexp.MustCompile(*pattern), output)
	if !proxy.alive() {
		return 0, errors.New("the proxy under test ended; see " + *logFile)
	}
	fmt.Printf("direct: %d rows passed, %d failed; not asked: %s\n", passed, failed, judge.unasked(rows))
	if *pattern == "" && passed+failed == 0 {
		return 0, errors.New("no row was asked")
	}
	if *codehost != "" {
		if err := askRepositories(repositories.base, work, output); err != nil {
			fmt.Printf("direct: %v\n", err)
			failed++
		}
	}
	if failed > 0 {
		fmt.Printf("direct: see %s\n", *logFile)
	}
	return failed, nil
}

// askRepositories runs the program that asks for the section codehost. What it says of rows goes where ours goes.
func askRepositories(base, work string, output io.Writer) error {
	folder := filepath.Join(work, "codehost")
	if err := os.Mkdir(folder, 0o700); err != nil {
		return err
	}
	command := exec.Command(*codehost, *expectations, base, folder)
	said, err := command.CombinedOutput()
	output.Write(said)
	lines := strings.Split(strings.TrimSpace(string(said)), "\n")
	fmt.Printf("direct: %s\n", lines[len(lines)-1])
	return err
}

// child is a program that says on one of its outputs where it listens.
type child struct {
	command *exec.Cmd
	stdin   io.Closer
	base    string
	ended   chan struct{}
}

// start starts command in a process group of its own and waits for the address, the first group of found.
func start(command *exec.Cmd, found *regexp.Regexp, output io.Writer) (*child, error) {
	stdin, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	command.Stdout, command.Stderr = writer, writer
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := command.Start(); err != nil {
		return nil, err
	}
	writer.Close()
	started := &child{command: command, stdin: stdin, ended: make(chan struct{})}
	said := make(chan string, 1)
	go func() {
		command.Wait()
		close(started.ended)
	}()
	go func() {
		lines := bufio.NewScanner(reader)
		lines.Buffer(nil, 64<<20)
		for lines.Scan() {
			fmt.Fprintf(output, "%s: %s\n", filepath.Base(command.Path), lines.Text())
			if match := found.FindStringSubmatch(lines.Text()); match != nil {
				select {
				case said <- strings.TrimSuffix(match[1], "/"):
				default:
				}
			}
		}
	}()
	select {
	case started.base = <-said:
		return started, nil
	case <-started.ended:
		return nil, fmt.Errorf("%s ended without saying where it listens; see %s", command.Path, *logFile)
	case <-time.After(time.Minute):
		started.stop()
		return nil, fmt.Errorf("%s did not say within a minute where it listens", command.Path)
	}
}

func (c *child) alive() bool {
	select {
	case <-c.ended:
		return false
	default:
		return true
	}
}

// stop ends the whole group: vcweb leaves its `hg serve` children behind.
func (c *child) stop() {
	c.stdin.Close()
	syscall.Kill(-c.command.Process.Pid, syscall.SIGTERM)
	select {
	case <-c.ended:
	case <-time.After(10 * time.Second):
	}
	syscall.Kill(-c.command.Process.Pid, syscall.SIGKILL)
}

func startProxy(command []string, work string, front *front, output io.Writer) (*child, error) {
	own := filepath.Join(work, "proxy")
	if err := os.Mkdir(own, 0o755); err != nil {
		return nil, err
	}
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = append(os.Environ(), "FORWARD_PROXY="+front.url(), "CA_FILE="+front.authority, "WORK="+own)
	return start(cmd, regexp.MustCompile(`GOPROXY=['"]?(http://[^\s'"]+)`), output)
}
