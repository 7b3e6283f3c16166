// Verifies checkpoints and proofs of a Dealbook ledger with the code that verifies Go's own module checksums, which knows nothing of Dealbook.
//
//	go run verify.go KEY FILE...        KEY is NAME+ID+KEY
//
// It needs golang.org/x/mod, which Debian has as golang-golang-x-mod-dev.
package main

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: verify KEY FILE...")
		os.Exit(2)
	}
	key, err := note.NewVerifier(os.Args[1])
	for _, file := range os.Args[2:] {
		var said string
		if err == nil {
			said, err = verify(file, note.VerifierList(key))
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "NOT VERIFIED: %s: %v\n", file, err)
			os.Exit(1)
		}
		fmt.Printf("VERIFIED: %s. Not covered: whether it is so, and whether it is all.\n", said)
	}
}

func verify(file string, keys note.Verifiers) (string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	if !bytes.HasPrefix(data, []byte("c2sp.org/tlog-proof@v1\n")) {
		origin, tree, err := checkpoint(data, keys)
		return fmt.Sprintf("%s is signed up to #%d", origin, tree.N), err
	}
	head, signed, _ := strings.Cut(string(data), "\n\n")
	lines := strings.Split(head, "\n")
	if len(lines) < 3 || !strings.HasPrefix(lines[1], "extra ") || !strings.HasPrefix(lines[2], "index ") {
		return "", errors.New("extra and index are wanted")
	}
	line, err := base64.StdEncoding.Strict().DecodeString(lines[1][len("extra "):])
	if err != nil {
		return "", err
	}
	index, err := strconv.ParseInt(lines[2][len("index "):], 10, 64)
	if err != nil {
		return "", err
	}
	var proof tlog.RecordProof
	for _, text := range lines[3:] {
		hash, err := tlog.ParseHash(text)
		if err != nil {
			return "", err
		}
		proof = append(proof, hash)
	}
	origin, tree, err := checkpoint([]byte(signed), keys)
	if err != nil {
		return "", err
	}
	err = tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(line))
	return fmt.Sprintf("event #%d is in %s as of #%d", index+1, origin, tree.N), err
}

func checkpoint(data []byte, keys note.Verifiers) (string, tlog.Tree, error) {
	signed, err := note.Open(data, keys)
	if err != nil {
		return "", tlog.Tree{}, err
	}
	lines := strings.Split(signed.Text, "\n")
	if len(lines) != 4 {
		return "", tlog.Tree{}, errors.New("a checkpoint has three lines")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return "", tlog.Tree{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return lines[0], tlog.Tree{N: size, Hash: root}, err
}
