package sops

import (
	"os/exec"
	"strings"
	"testing"
)

// aFile is what SOPS writes, but for the length of its texts.
const aFile = `db:
    password: ENC[AES256_GCM,data:a,iv:b,tag:c,type:str]
    host_unencrypted: db.example.com
sops:
    age:
        - enc: x
          recipient: age1x
    lastmodified: "2026-01-01T00:00:00Z"
    mac: ENC[AES256_GCM,data:d,iv:e,tag:f,type:str]
    version: 3.13.3
`

func TestEncrypted(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		aFile: true,
		`{"a": "ENC[b]", "sops": {"mac": "ENC[x]", "version": "3.9.0"}}`: true,
		"sops:\n  mac: ENC[x]\n---\na: b\n":                              true,
		"":                                                               false,
		"a: b\n":                                                         false,
		"sops: true # on macOS\n":                                        false,
		"sops:\n  machine: a\n":                                          false, // a chart's own settings for the tool
		"sops:\n  mac: true\n":                                           false,
		"sops:\n  mac: ''\n":                                             false,
		"below:\n  sops:\n    mac: ENC[x]\n":                             false,
		"SOPS:\n  mac: ENC[x]\n":                                         false,
		"- sops\n- mac\n":                                                false,
		"sops: {mac: [":                                                  false,
	} {
		if got := Encrypted(text); got != want {
			t.Errorf("%q: %t", text, got)
		}
	}
}

func TestFormats(t *testing.T) {
	t.Parallel()
	const meta = `, "sops": {"mac": "ENC[x]"}}`
	for name, c := range map[string]struct{ text, in, out string }{
		"deploy/a.enc.yaml": {aFile, "yaml", "yaml"},
		"a.yml":             {`{"data": "ENC[x]"` + meta, "yaml", "yaml"},
		"a.json":            {`{"data": "ENC[x]"` + meta, "json", "json"},
		"VALUES":            {aFile, "yaml", "yaml"},
		"JSON":              {`{"a": 1, "data": "ENC[x]"` + meta, "json", "json"},
		"PLAIN":             {`{"data": {"a": "ENC[x]"}` + meta, "json", "json"},
		"WHOLE":             {`{"data": "ENC[x]"` + meta, "binary", "binary"},
	} {
		if in, out := (File{name, c.text}).formats(); in != c.in || out != c.out {
			t.Errorf("%s: %s, %s", name, in, out)
		}
	}
}

// TestScript runs what runs the program, with a shell in its place.
func TestScript(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		program              string
		code                 int
		wantOut, wantErrored string
	}{
		"good":   {`echo warned >&2; echo "a: 1"; echo "b: 2"`, 0, "a: 1\nb: 2\n", ""},
		"failed": {`echo one >&2; echo two >&2; exit 128`, 128, "", "one\ntwo\n"},
		"says sums": {`echo "it warns" >&2; echo "MAC mismatch. File has 2A9, computed 221" >&2; exit 51`, 51, "",
			"it warns\nMAC mismatch\n"},
		"says a value": {`echo "Error walking tree: Input string hunter2 does not match sops' data format" >&2; exit 25`,
			25, "", "Error walking tree: a value is not as SOPS writes it\n"},
	} {
		args := File{Name: "a.yaml"}.Args("/file")
		at := 4 // sh -c script sh
		command := exec.Command(args[0], append(args[1:at:at], "sh", "-c", c.program)...)
		var out, errored strings.Builder
		command.Stdout, command.Stderr = &out, &errored
		_ = command.Run()
		if code := command.ProcessState.ExitCode(); code != c.code || out.String() != c.wantOut ||
			errored.String() != c.wantErrored {
			t.Errorf("%s: exit code %d, %q, %q", name, code, out.String(), errored.String())
		}
	}
}

func TestHidden(t *testing.T) {
	t.Parallel()
	plain := "db:\n    password: hunter2\n    host_unencrypted: db.example.com\n    ports: [5432, 1.5, true, null]\n" +
		"    key: |\n        one\n        two\n    big: 12345678901234567890\n"
	got := strings.Join(Hidden(plain, aFile), ",")
	if want := "1.5,12345678901234567890,5432,hunter2,one\ntwo\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := Hidden("a: [", aFile); len(got) > 0 {
		t.Errorf("of no YAML: %q", got)
	}
}

func FuzzEncrypted(f *testing.F) {
	f.Add(aFile, "a: b")
	f.Add(`{"data": "ENC[", "sops": {"mac": "x"}}`, `{"a": [1e999, -0]}`)
	f.Add("sops: &a {mac: x, b: *a}", "a: &a [*a]")
	f.Add("sops: {mac: x}\na: &a [b,b,b,b,b,b,b,b,b]\nc: &c [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"+
		"d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d,*d,*d,*d,*d]", "? [a]\n: b")
	f.Fuzz(func(t *testing.T, text, plain string) {
		if Encrypted(text) && !strings.Contains(text, "mac") {
			t.Error("it has no MAC")
		}
		_ = File{Name: "X", Text: text}.Args("/file")
		_ = Hidden(plain, text)
		_ = Failure(noKey, text)
	})
}
