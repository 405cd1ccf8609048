// Oracle answers questions about modules with the Go tree's own code: one JSON array per line in, one JSON array per line out.
//
//	["path","example.com/x","…"]   ->   [answer, answer, …]
//
// The first element names the operation, the others are its arguments, always strings; arbitrary bytes travel as base64.
// An answer is a value, or {"error": "the text of Go's error"}. Lines are answered in order.
//
// Compiled into cmd/go/internal of an installed Go tree by -overlay (scripts/oracle), for there alone may it import what it asks.
package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strconv"
)

// operations has one entry per area, in the order of the files beside this one.
var operations = map[string]func(arguments []string) []any{
	"path":     path,
	"version":  version,
	"compare":  compare,
	"check":    check,
	"pseudo":   pseudo,
	"patterns": patterns,
	"quote":    func(a []string) []any { return []any{strconv.Quote(a[0])} },
	"gomod":    goMod,
	"gowork":   goWork,

	"goproxy":  goproxy,
	"parseurl": parseURL,
	"walk":     walk,
	"gosumdb":  gosumdb,
	"netrc":    netrc,
	"list":     list,
	"info":     info,

	"known":     known,
	"goimports": goImports,
	"discover":  discover,
	"govcs":     govcs,
	"writeinfo": writeInfo,
	"sums":      sums,

	"verifier":     verifier,
	"note":         openNote,
	"tree":         tree,
	"record":       record,
	"tile":         tilePath,
	"tileprint":    tilePrint,
	"checkrecord":  checkRecord,
	"checktree":    checkTree,
	"proverecord":  proveRecord,
	"provetree":    proveTree,
	"storedhashes": storedHashes,
	"newtiles":     newTiles,

	"zip":    checkZip,
	"create": createZip,
	"files":  checkFiles,
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("oracle: ")
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriterSize(os.Stdout, 1<<20)
	answers := json.NewEncoder(out)
	answers.SetEscapeHTML(false)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			break // the asker is gone
		}
		var question []string
		if err := json.Unmarshal(line, &question); err != nil {
			log.Fatalf("question is no array of strings: %v", err)
		}
		if err := answers.Encode(answer(question)); err != nil {
			log.Fatal(err)
		}
		// Flushing only when no further question waits keeps a batch in few writes and never leaves an asker waiting.
		if in.Buffered() == 0 {
			out.Flush()
		}
	}
	out.Flush()
}

// answer gives a panic in Go's code as a value of its own: it is a finding, not an end.
func answer(question []string) (result []any) {
	defer func() {
		if cause := recover(); cause != nil {
			result = []any{map[string]string{"panic": fmt.Sprint(cause)}}
		}
	}()
	if len(question) == 0 {
		return []any{failure(fmt.Errorf("empty question"))}
	}
	operation, ok := operations[question[0]]
	if !ok {
		return []any{failure(fmt.Errorf("unknown operation %s", question[0]))}
	}
	return operation(question[1:])
}

func failure(err error) any { return map[string]string{"error": err.Error()} }

// either is an answer from a function that returns a value or an error.
func either(value any, err error) any {
	if err != nil {
		return failure(err)
	}
	return value
}

// verdict is an answer from a function that returns only an error: true or the error.
func verdict(err error) any { return either(true, err) }

// unpack decodes an argument that travels as base64.
func unpack(argument string) []byte {
	data, err := base64.StdEncoding.DecodeString(argument)
	if err != nil {
		log.Fatalf("argument is not base64: %v", err)
	}
	return data
}

func number(argument string) int64 {
	n, err := strconv.ParseInt(argument, 10, 64)
	if err != nil {
		log.Fatalf("argument is not a number: %v", err)
	}
	return n
}
