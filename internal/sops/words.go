package sops

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Exit codes of the program:
// https://github.com/getsops/sops/blob/main/cmd/sops/codes/codes.go
const (
	decryptingMAC  = 24
	decryptingTree = 25
	macMismatch    = 51
	macNotFound    = 52
	noKey          = 128
)

// Failure is what went wrong in the program's own words, and what to do about it.
func Failure(code int, stderr string) string {
	words := strings.Join(strings.Fields(stderr), " ")
	switch code {
	case noKey:
		return fmt.Sprintf("SOPS has no key for it: %s: give its key as one of the environment's credentials, "+
			"as SOPS_AGE_KEY", cmp.Or(refusals(stderr), words))
	case macMismatch, macNotFound, decryptingMAC, decryptingTree:
		return fmt.Sprintf("it is not as SOPS wrote it: %s: somebody changed or merged it without SOPS: take the "+
			"file of before, and change that with `sops edit`", words)
	}
	return cmp.Or(words, fmt.Sprintf("SOPS ended with exit code %d and said nothing", code))
}

// refused is what the program says of a key of the file that it cannot use: its name, and below that why.
var refused = regexp.MustCompile(`(?m)^  (\S.*): FAILED\n((?:    .*\n?)+)`)

// refusals are the keys of the file, each with what the program said of it. What it says of several is
// said once.
func refusals(stderr string) string {
	var causes []string
	keys := map[string][]string{}
	for _, found := range refused.FindAllStringSubmatch(stderr, -1) {
		var words []string
		for line := range strings.Lines(found[2]) {
			words = append(words, strings.Fields(strings.TrimLeft(line, " -|"))...)
		}
		cause := strings.TrimSuffix(strings.Join(words, " "), ".")
		if !slices.Contains(causes, cause) {
			causes = append(causes, cause)
		}
		keys[cause] = append(keys[cause], found[1])
	}
	for i, cause := range causes {
		causes[i] = strings.Join(keys[cause], ", ") + ": " + cause
	}
	return strings.Join(causes, "; ")
}
