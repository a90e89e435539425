package shim

import (
	"bytes"
	"slices"
	"testing"
)

func TestScrub(t *testing.T) {
	for _, test := range []struct {
		name    string
		secrets []string
		pieces  []string
		want    string
	}{
		{"none", nil, []string{"abc"}, "abc"},
		{"whole", []string{"secret"}, []string{"a secret b"}, "a *** b"},
		{"in pieces", []string{"secret"}, []string{"a se", "cr", "et b"}, "a *** b"},
		{"twice", []string{"secret"}, []string{"secretsecret"}, "******"},
		{"only a beginning", []string{"secret"}, []string{"secre"}, "secre"},
		{"a beginning, then it", []string{"aab"}, []string{"aaab"}, "a***"},
		{"the longer one", []string{"key", "key-long"}, []string{"key-", "long key"}, "*** ***"},
		{"the shorter one", []string{"key", "key-long"}, []string{"key-", "lo"}, "***-lo"},
		{"lines", []string{"a\nb"}, []string{"xa\n", "bx"}, "x***x"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			var secrets [][]byte
			for _, secret := range test.secrets {
				secrets = append(secrets, []byte(secret))
			}
			slices.SortFunc(secrets, func(a, b []byte) int { return len(b) - len(a) })
			s := newScrubber(&out, secrets)
			for _, piece := range test.pieces {
				if _, err := s.Write([]byte(piece)); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.Flush(); err != nil || out.String() != test.want {
				t.Errorf("got %q, want %q (%v)", out.String(), test.want, err)
			}
		})
	}
}

func TestExpected(t *testing.T) {
	for expect, codes := range map[string]map[int]bool{
		"SUCCESS": {0: true, 1: false, 137: false},
		"FAILURE": {0: false, 1: true, 127: true, 128: false, 191: false, 192: true},
		"ANY":     {0: true, 1: true, 127: true, 137: false, 255: true},
	} {
		for code, want := range codes {
			if expected(expect, code) != want {
				t.Errorf("%s %d: want %v", expect, code, want)
			}
		}
	}
}

func TestParseFailure(t *testing.T) {
	text, failure, is := ParseFailure([]byte("err\x00\n" + mark + `{"Args":["a"],"ExitCode":3}`))
	if !is || string(text) != "err\x00\n" || failure.ExitCode != 3 || !slices.Equal(failure.Args, []string{"a"}) {
		t.Errorf("%q %+v %v", text, failure, is)
	}
	if _, _, is := ParseFailure([]byte("what a Dockerfile's RUN prints")); is {
		t.Error("taken for the shim's")
	}
}
