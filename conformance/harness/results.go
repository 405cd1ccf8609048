package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
)

type outcome string

const (
	passed  outcome = "PASS"
	failed  outcome = "FAIL"
	skipped outcome = "SKIP"
)

// results reads the lines of a verbose test run.
type results struct {
	outcomes map[string]outcome
}

func newResults() *results { return &results{map[string]outcome{}} }

var (
	endLine   = regexp.MustCompile(`^\s+--- (PASS|FAIL|SKIP): TestScript/([^ ]+) `)
	startLine = regexp.MustCompile(`^=== RUN\s+TestScript/([^ /]+)$`)
)

// line takes one line. A script that started and never ended (a crash, a time limit) counts as failed.
func (r *results) line(line string) {
	if found := startLine.FindStringSubmatch(line); found != nil {
		r.outcomes[found[1]] = failed
	}
	if found := endLine.FindStringSubmatch(line); found != nil {
		r.outcomes[found[2]] = outcome(found[1])
	}
}

// expectation is what we know beforehand about one script, and why.
type expectation struct {
	outcome outcome
	reason  string
}

// readExpected reads the small part of TOML that expected.toml is written in: tables [skip] and [fail] of name = "reason".
func readExpected(name string) (map[string]expectation, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	want := map[string]expectation{}
	var table outcome
	entry := regexp.MustCompile(`^(\w+) = "([^"]+)"$`)
	lines := bufio.NewScanner(file)
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimSpace(lines.Text())
		found := entry.FindStringSubmatch(line)
		switch {
		case line == "" || line[0] == '#':
		case line == "[skip]":
			table = skipped
		case line == "[fail]":
			table = failed
		case found != nil && table != "":
			want[found[1]] = expectation{table, found[2]}
		default:
			return nil, fmt.Errorf("%s:%d: not a table and not name = \"reason\": %s", name, number, line)
		}
	}
	return want, lines.Err()
}

// report prints the surprises and the counts (the deliberate failures are among the failed), and tells whether there was no surprise. A deliberate failure that passes is one too:
// the list must stay true. An expected script that pattern leaves out is none.
func report(w io.Writer, got map[string]outcome, want map[string]expectation, pattern string) bool {
	chosen := regexp.MustCompile(pattern)
	count := map[outcome]int{}
	surprises, deliberate := 0, 0
	surprise := func(format string, arguments ...any) {
		surprises++
		fmt.Fprintf(w, format+"\n", arguments...)
	}
	for _, script := range sorted(got) {
		count[got[script]]++
		expect, ok := want[script]
		if !ok {
			expect.outcome = passed
		}
		if got[script] == passed && expect.outcome == skipped {
			continue // whether a script skips depends on who runs it
		}
		if got[script] != expect.outcome {
			surprise("unexpected: %s %s, expected %s", got[script], script, expect.outcome)
		} else if expect.outcome == failed {
			deliberate++
			fmt.Fprintf(w, "deliberate: %s fails: %s\n", script, expect.reason)
		}
	}
	for _, script := range sorted(want) {
		if _, ok := got[script]; !ok && chosen.MatchString(script) {
			surprise("unexpected: %s did not run", script)
		}
	}
	if count[passed] == 0 {
		surprise("unexpected: nothing passed")
	}
	fmt.Fprintf(w, "conformance: %d passed, %d failed, %d skipped, %d deliberate\n", count[passed], count[failed], count[skipped], deliberate)
	return surprises == 0
}

func sorted[V any](m map[string]V) []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
