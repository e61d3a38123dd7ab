// Signed notes by the package of the Go project, as a peer for the tests.
//
// One request a line on stdin, one answer a line on stdout, both JSON.
package main

import (
	"bufio"
	"crypto/rand"
	"encoding/json"
	"os"

	"golang.org/x/mod/sumdb/note"
)

type request struct {
	Do   string   // "key", "sign" or "open"
	Name string   // of a key to make
	Keys []string // private ones to sign with, public ones to open with
	Note []byte   // a text to sign, a note to open
}

type answer struct {
	Private, Public string
	Note            []byte
	Text            string
	Signed          []string // the names of those who did
	Error           string
}

func answered(asked request) (answer, error) {
	switch asked.Do {
	case "key":
		private, public, err := note.GenerateKey(rand.Reader, asked.Name)
		return answer{Private: private, Public: public}, err
	case "sign":
		var signers []note.Signer
		for _, key := range asked.Keys {
			signer, err := note.NewSigner(key)
			if err != nil {
				return answer{}, err
			}
			signers = append(signers, signer)
		}
		signed, err := note.Sign(&note.Note{Text: string(asked.Note)}, signers...)
		return answer{Note: signed}, err
	}
	var known []note.Verifier
	for _, key := range asked.Keys {
		verifier, err := note.NewVerifier(key)
		if err != nil {
			return answer{}, err
		}
		known = append(known, verifier)
	}
	opened, err := note.Open(asked.Note, note.VerifierList(known...))
	if err != nil {
		return answer{}, err
	}
	found := answer{Text: opened.Text, Signed: []string{}}
	for _, signature := range opened.Sigs {
		found.Signed = append(found.Signed, signature.Name)
	}
	return found, nil
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 8<<20)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var asked request
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			panic(err)
		}
		found, err := answered(asked)
		if err != nil {
			found.Error = err.Error()
		}
		out.Encode(found)
	}
}
