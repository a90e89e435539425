package gitfiles

import (
	"slices"
	"strings"
	"testing"
)

const pointer = "version https://git-lfs.github.com/spec/v1\noid " +
	"sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"

func TestIsPointer(t *testing.T) {
	for contents, want := range map[string]bool{
		pointer: true,
		strings.Replace(pointer, "git-lfs", "hawser", 1): true,
		"":             false,
		"# " + pointer: false,
		pointer + strings.Repeat("x", MaxPointer): false,
	} {
		if got := IsPointer([]byte(contents)); got != want {
			t.Errorf("%.60q: %v", contents, got)
		}
	}
}

func TestReadPointer(t *testing.T) {
	const sum = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393"
	for contents, want := range map[string]string{
		pointer: "",
		strings.ReplaceAll(pointer, "\n", "\r\n"):                           "",
		strings.Replace(pointer, "12345", "0", 1):                           "",
		strings.Replace(pointer, "12345", "-1", 1):                          "no number",
		strings.Replace(pointer, "12345", "99999999999999999999", 1):        "no number",
		strings.Replace(pointer, "sha256:", "sha512:", 1):                   "no SHA-256",
		strings.Replace(pointer, sum, sum[1:], 1):                           "no SHA-256",
		strings.Replace(pointer, sum, strings.ToUpper(sum), 1):              "no SHA-256",
		strings.Replace(pointer, sum, "../../"+sum[6:], 1):                  "no SHA-256",
		strings.Replace(pointer, "oid", "ext-0-foo sha256:"+sum+"\noid", 1): "an extension",
		pointer + "oid sha256:" + sum + "\n":                                "no pointer",
		pointer + "more\n":                                                  "no pointer",
		"version https://git-lfs.github.com/spec/v1\n":                      "no oid",
	} {
		p, err := ReadPointer([]byte(contents))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %+v, %v, want %q", contents, p, err, want)
		}
		if err == nil && (p.OID != sum || p.Size != 12345 && p.Size != 0) {
			t.Errorf("%q: %+v", contents, p)
		}
	}
}

func TestLFS(t *testing.T) {
	for text, want := range map[string][]string{
		"": nil,
		"*.bin filter=lfs diff=lfs merge=lfs -text\n*.sh text\n": {"app/**/*.bin"},
		"# *.bin filter=lfs\n":                                    nil,
		"/model.bin filter=lfs\r\nassets/** filter=lfs":           {"app/model.bin", "app/assets/**"},
		"\"a b.bin\" filter=lfs":                                  {"app/**/a b.bin"},
		"[attr]large filter=lfs -text\n*.iso large\n*.zip larger": {"app/**/*.iso"},
		"*.bin filter=lfsx\n*.txt -filter":                        nil,
	} {
		if got := LFS(text, "app"); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if got := LFS("*.bin filter=lfs", "."); !slices.Equal(got, []string{"**/*.bin"}) {
		t.Errorf("at the root: %q", got)
	}
}

func TestSubmodules(t *testing.T) {
	const text = "[submodule \"theme\"]\n\tpath = web/theme/\n\turl = ../house-theme.git\n[submodule " +
		"\"b\"]\n\tPATH=\"lib b\"\n\tbranch = main\n"
	if got, want := Submodules(text), []string{"web/theme", "lib b"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestIgnored(t *testing.T) {
	const text = "\ufeff# comment\n\n/docs/\n  *.bin  \n!keep.bin\n! /b\n/\n"
	if got, want := Ignored(text), []string{"docs", "*.bin", "!keep.bin", "!b"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
