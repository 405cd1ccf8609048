package main

import (
	"encoding/base64"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// verifier: a verifier key -> [name, key hash].
func verifier(a []string) []any {
	v, err := note.NewVerifier(a[0])
	if err != nil {
		return []any{failure(err)}
	}
	return []any{[]any{v.Name(), v.KeyHash()}}
}

// note: the bytes of a signed note, then verifier keys -> [text, verified [name, hash] …, unverified …].
func openNote(a []string) []any {
	var known []note.Verifier
	for _, key := range a[1:] {
		v, err := note.NewVerifier(key)
		if err != nil {
			return []any{failure(fmt.Errorf("key: %w", err))}
		}
		known = append(known, v)
	}
	n, err := note.Open(unpack(a[0]), note.VerifierList(known...))
	if err != nil {
		return []any{failure(err)}
	}
	return []any{[]any{pack([]byte(n.Text)), signatures(n.Sigs), signatures(n.UnverifiedSigs)}}
}

func signatures(list []note.Signature) [][]any {
	result := [][]any{}
	for _, s := range list {
		result = append(result, []any{s.Name, s.Hash, s.Base64})
	}
	return result
}

func pack(data []byte) string { return base64.StdEncoding.EncodeToString(data) }

// tree: the text of a tree head -> [size, root].
func tree(a []string) []any {
	t, err := tlog.ParseTree(unpack(a[0]))
	if err != nil {
		return []any{failure(err)}
	}
	return []any{[]any{t.N, t.Hash.String()}, string(tlog.FormatTree(t))}
}

// record: a lookup's record with what follows it -> [number, text, rest].
func record(a []string) []any {
	id, text, rest, err := tlog.ParseRecord(unpack(a[0]))
	if err != nil {
		return []any{failure(err)}
	}
	return []any{[]any{id, pack(text), pack(rest)}}
}

// tile: a path -> [[height, level, number, width], the path printed again].
func tilePath(a []string) []any {
	t, err := tlog.ParseTilePath(a[0])
	if err != nil {
		return []any{failure(err)}
	}
	return []any{[]any{t.H, t.L, t.N, t.W}, t.Path()}
}

// tileprint: height, level, number, width -> path.
func tilePrint(a []string) []any {
	return []any{tlog.Tile{H: int(number(a[0])), L: int(number(a[1])), N: number(a[2]), W: int(number(a[3]))}.Path()}
}

// Hashes travel as one base64 text of 32 bytes each.
func hashes(argument string) []tlog.Hash {
	var result []tlog.Hash
	for chunk := range slices.Chunk(unpack(argument), tlog.HashSize) {
		result = append(result, tlog.Hash(chunk))
	}
	return result
}

func packHashes(list []tlog.Hash) string {
	var all []byte
	for _, h := range list {
		all = append(all, h[:]...)
	}
	return pack(all)
}

// checkrecord: proof, tree size, [root, record hash], record number.
func checkRecord(a []string) []any {
	h := hashes(a[2])
	return []any{verdict(tlog.CheckRecord(tlog.RecordProof(hashes(a[0])), number(a[1]), h[0], number(a[3]), h[1]))}
}

// checktree: proof, new size, [new root, old root], old size.
func checkTree(a []string) []any {
	h := hashes(a[2])
	return []any{verdict(tlog.CheckTree(tlog.TreeProof(hashes(a[0])), number(a[1]), h[0], number(a[3]), h[1]))}
}

// storage is a log of n records whose texts are their decimal numbers, as the stored hashes of tlog.
type storage []tlog.Hash

func (s storage) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	result := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index >= int64(len(s)) {
			return nil, fmt.Errorf("no stored hash %d", index)
		}
		result[i] = s[index]
	}
	return result, nil
}

func logOf(records int64) storage { return growing.to(records, "") }

// growth is a log that grows as far as it is asked for.
type growth struct {
	records int64
	stored  storage
}

// growing is kept between questions: only what is new is hashed. So is lines, whose texts end in a newline as records do.
var growing, lines growth

func (g *growth) to(records int64, end string) storage {
	for ; g.records < records; g.records++ {
		stored, err := tlog.StoredHashes(g.records, fmt.Append(nil, g.records, end), g.stored)
		if err != nil {
			panic(err)
		}
		g.stored = append(g.stored, stored...)
	}
	return g.stored
}

// newtiles: new size, old size -> [root of the new tree, [path, body] ...] of what a log whose records are their numbers on a line has to
// publish when it grows from the one to the other.
func newTiles(a []string) []any {
	size, old := number(a[0]), number(a[1])
	stored := lines.to(size, "\n")
	root, err := tlog.TreeHash(size, stored)
	if err != nil {
		return []any{failure(err)}
	}
	tiles := [][]any{}
	for _, tile := range tlog.NewTiles(8, old, size) {
		body, err := tlog.ReadTileData(tile, stored)
		if err != nil {
			return []any{failure(err)}
		}
		tiles = append(tiles, []any{tile.Path(), pack(body)})
	}
	return []any{[]any{root.String(), tiles}}
}

// storedhashes: n -> [root of the log of n records, index of the n-th leaf, count of stored hashes].
func storedHashes(a []string) []any {
	n := number(a[0])
	root, err := tlog.TreeHash(n, logOf(n))
	if err != nil {
		return []any{failure(err)}
	}
	return []any{root.String(), tlog.StoredHashIndex(0, n), tlog.StoredHashCount(n)}
}

// proverecord: tree size, record number -> [proof, root, record hash].
func proveRecord(a []string) []any {
	size, n := number(a[0]), number(a[1])
	stored := logOf(size)
	proof, err := tlog.ProveRecord(size, n, stored)
	if err != nil {
		return []any{failure(err)}
	}
	root, _ := tlog.TreeHash(size, stored)
	return []any{[]any{packHashes(proof), packHashes([]tlog.Hash{root, tlog.RecordHash(fmt.Append(nil, n))})}}
}

// provetree: new size, old size -> [proof, [new root, old root]].
func proveTree(a []string) []any {
	size, old := number(a[0]), number(a[1])
	stored := logOf(size)
	proof, err := tlog.ProveTree(size, old, stored)
	if err != nil {
		return []any{failure(err)}
	}
	root, _ := tlog.TreeHash(size, stored)
	oldRoot, _ := tlog.TreeHash(old, stored)
	return []any{[]any{packHashes(proof), packHashes([]tlog.Hash{root, oldRoot})}}
}
