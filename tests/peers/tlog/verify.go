// Checks logs that Asepsis wrote with Go's own library: golang.org/x/mod/sumdb. The folder is laid out as check.py says.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

// signed is the tree of a checkpoint whose signature holds.
func signed(text string, key note.Verifier) tlog.Tree {
	opened := must(note.Open([]byte(text), note.VerifierList(key)))
	lines := strings.Split(opened.Text, "\n")
	if lines[0] != key.Name() {
		log.Fatalf("origin %q", lines[0])
	}
	return tlog.Tree{N: must(strconv.ParseInt(lines[1], 10, 64)), Hash: must(tlog.ParseHash(lines[2]))}
}

// c2sp is the path of a tile as C2SP tlog-tiles has it; Go's has the height in front, and data for entries.
func c2sp(tile tlog.Tile) string {
	path := strings.TrimPrefix(tile.Path(), "tile/8/")
	return "tile/" + strings.Replace(path, "data/", "entries/", 1)
}

// stored is a tree in memory.
type stored []tlog.Hash

func (s stored) ReadHashes(places []int64) ([]tlog.Hash, error) {
	var read []tlog.Hash
	for _, place := range places {
		read = append(read, s[place])
	}
	return read, nil
}

type files struct{ folder string }

func (f files) Height() int                     { return 8 }
func (f files) SaveTiles([]tlog.Tile, [][]byte) {}
func (f files) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var read [][]byte
	for _, tile := range tiles {
		content, err := os.ReadFile(filepath.Join(f.folder, c2sp(tile)))
		if err != nil {
			return nil, err
		}
		read = append(read, content)
	}
	return read, nil
}

func entries(folder string, size int64) {
	tree := signed(string(must(os.ReadFile(filepath.Join(folder, "checkpoint")))), verifier)
	if tree.N != size {
		log.Fatalf("%s: size %d", folder, tree.N)
	}
	reader := tlog.TileHashReader(tree, files{folder})
	// The reader compares most tiles with the root and not all, so the tree is also made anew from the entries.
	var anew stored
	for first := int64(0); first < size; first += 256 {
		width := min(256, int(size-first))
		tile := tlog.Tile{H: 8, L: -1, N: first / 256, W: width}
		bundle := must(os.ReadFile(filepath.Join(folder, c2sp(tile))))
		var places []int64
		for i := range width {
			places = append(places, tlog.StoredHashIndex(0, first+int64(i)))
		}
		hashes := must(reader.ReadHashes(places))
		for i := range width {
			length := int(binary.BigEndian.Uint16(bundle))
			if tlog.RecordHash(bundle[2:2+length]) != hashes[i] {
				log.Fatalf("%s: entry %d has another hash", folder, first+int64(i))
			}
			anew = append(anew, must(tlog.StoredHashes(first+int64(i), bundle[2:2+length], anew))...)
			bundle = bundle[2+length:]
		}
		if len(bundle) != 0 {
			log.Fatalf("%s: more than %d entries in a bundle", folder, width)
		}
	}
	if size > 0 && must(tlog.TreeHash(size, anew)) != tree.Hash {
		log.Fatalf("%s: the entries do not give the root", folder)
	}
	roots[size] = tree.Hash
	fmt.Printf("ok log %d\n", size)
}

func hashes(lines []string) []tlog.Hash {
	var proof []tlog.Hash
	for _, line := range lines {
		proof = append(proof, tlog.Hash(must(base64.StdEncoding.DecodeString(line))))
	}
	return proof
}

var (
	verifier note.Verifier
	roots    = map[int64]tlog.Hash{}
)

func main() {
	folder := os.Args[1]
	key, _, _ := bytes.Cut(must(os.ReadFile(filepath.Join(folder, "log.vkey"))), []byte("\n"))
	verifier = must(note.NewVerifier(string(key)))
	for _, entry := range must(os.ReadDir(filepath.Join(folder, "logs"))) {
		entries(filepath.Join(folder, "logs", entry.Name()), must(strconv.ParseInt(entry.Name(), 10, 64)))
	}
	for _, path := range must(filepath.Glob(filepath.Join(folder, "proofs", "*.tlog-proof"))) {
		head, checkpoint, _ := strings.Cut(string(must(os.ReadFile(path))), "\n\n")
		tree := signed(checkpoint, verifier)
		lines := strings.Split(head, "\n")
		index := must(strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64))
		entry := must(os.ReadFile(strings.TrimSuffix(path, ".tlog-proof") + ".entry"))
		if err := tlog.CheckRecord(hashes(lines[2:]), tree.N, tree.Hash, index, tlog.RecordHash(entry)); err != nil {
			log.Fatalf("%s: %v", path, err)
		}
		fmt.Printf("ok proof %s\n", filepath.Base(path))
	}
	for _, path := range must(filepath.Glob(filepath.Join(folder, "grown", "*"))) {
		head, checkpoint, _ := strings.Cut(string(must(os.ReadFile(path))), "\n\n")
		tree := signed(checkpoint, verifier)
		lines := strings.Split(head, "\n")
		old := must(strconv.ParseInt(strings.TrimPrefix(lines[0], "old "), 10, 64))
		// Go has no proof from the empty tree, nor one of a tree in itself.
		if old > 0 {
			if err := tlog.CheckTree(hashes(lines[1:]), tree.N, tree.Hash, old, roots[old]); err != nil {
				log.Fatalf("%s: %v", path, err)
			}
		}
		fmt.Printf("ok grown %s\n", filepath.Base(path))
	}
}
