// Package sops knows files that SOPS has encrypted (https://getsops.io): it recognizes them, writes the
// program's arguments and reads its words. The program itself runs elsewhere.
package sops

import (
	"encoding/json"
	"path"
	"strings"

	"sigs.k8s.io/yaml"
)

// File is an encrypted one.
type File struct {
	Name string // in the repo, or the secret's that holds it
	Text string
}

// Encrypted tells whether a text is a file that SOPS has encrypted: YAML or JSON with a map sops at its
// top that has a message authentication code. A key of that name alone is a value like any other.
func Encrypted(text string) bool {
	if !strings.Contains(text, "sops") || !strings.Contains(text, "mac") {
		return false
	}
	_, is := read(text)
	return is
}

func read(text string) (file map[string]any, is bool) {
	if yaml.Unmarshal([]byte(text), &file) != nil {
		return nil, false
	}
	about, _ := file["sops"].(map[string]any)
	mac, _ := about["mac"].(string)
	return file, mac != ""
}

// Args decrypt the file at a place in a container. What SOPS prints is the plain file.
func (f File) Args(place string) []string {
	in, out := f.formats()
	return []string{"sh", "-c", script, "sh", "sops", "--decrypt", "--input-type", in, "--output-type", out, place}
}

// script runs a command, and drops of its errors what follows from the plain values: the sum over all of
// them that a file should have, by which short ones could be guessed, and a value that is not encrypted.
const script = `exec 3>&1; words=$("$@" 2>&1 >&3) && exit; code=$?; ` +
	`case $words in *"MAC mismatch. "*) words="${words%%MAC mismatch. *}MAC mismatch";; ` +
	`*"Input string "*) words="${words%%Input string *}a value is not as SOPS writes it";; esac; ` +
	`printf '%s\n' "$words" >&2; exit $code`

// formats are those of the file and of what comes out. As for SOPS itself, a name tells, and what it
// encrypts without knowing the format is JSON that holds the whole file as one text.
func (f File) formats() (in, out string) {
	switch path.Ext(f.Name) {
	case ".yaml", ".yml":
		return "yaml", "yaml"
	case ".json":
		return "json", "json"
	}
	if !json.Valid([]byte(f.Text)) {
		return "yaml", "yaml"
	}
	file, _ := read(f.Text)
	if data, is := file["data"].(string); is && len(file) == 2 && strings.HasPrefix(data, encrypted) {
		return "binary", "binary"
	}
	return "json", "json"
}

// encrypted begins a value that SOPS has encrypted.
const encrypted = "ENC["
