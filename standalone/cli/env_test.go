package cli

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// dotenvOf reads a .env with the text, from a folder below its own.
func dotenvOf(t *testing.T, text string) (map[string]string, error) {
	t.Helper()
	folder := t.TempDir()
	below := filepath.Join(folder, "services", "api")
	if err := os.MkdirAll(below, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, ".env"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return readEnv(below, "ship")
}

// TestReadEnv has what Dagger 0.21.8 (core/dotenv) makes of the same lines.
func TestReadEnv(t *testing.T) {
	t.Setenv("SET", "value")
	t.Setenv("SPACED", " a  b ")
	t.Setenv("EMPTY", "")
	for text, want := range map[string]string{
		"IMAGE=${SET}/shop":                              "value/shop",
		"IMAGE=$SET/shop":                                "value/shop",
		"image=a\nSHIP_IMAGE=later":                      "later",
		"LOGIN=${CI_UNSET:-nobody}":                      "nobody",
		"LOGIN=${EMPTY:-nobody}":                         "nobody",
		"LOGIN=${EMPTY-nobody}":                          "nobody",
		"LOGIN=${SET:-${CI_UNSET}}":                      "value",
		"LOGIN=${CI_UNSET:-${SET:-x}-$SET}":              "value-value",
		"LOGIN=${CI_UNSET:-}":                            "",
		"LOGIN=${SET:+is set}${CI_UNSET:+$CI_OTHER}":     "is set",
		"TEMPLATE='{name}@${version}'":                   "{name}@${version}",
		`TOKEN="env://A"`:                                "env://A",
		`CHART="a b"/'c d'`:                              "a b/c d",
		`CHART="a \"b\" \$SET \x"`:                       `a "b" $SET \x`,
		`CHART=a\ b\$SET`:                                "a b$SET",
		"CHART=$SET # a comment":                         "value",
		"CHART=$SET#none":                                "value#none",
		"CHART=a  # letter for letter":                   "a  # letter for letter",
		"CHART=costs 5$ or (six)":                        "costs 5$ or (six)",
		"CHART=x$SPACED-y":                               "x a b -y",
		`CHART="x$SPACED-y"`:                             "x a  b -y",
		"CHART=$SET$":                                    "value$",
		"CHART=":                                         "",
		"IMAGE=$REGISTRY/shop\nSHIP_REGISTRY=r.example":  "r.example/shop",
		"IMAGE=$ROUTE\nROUTE=$BASE/v1\nBASE=/app":        "/app/v1",
		"IMAGE=${BROKEN:-x}\nBROKEN=$CI_UNSET":           "x",
		"IMAGE=a\nIMAGE=b\nSHIP_LOGIN=$IMAGE":            "a",
		"IMAGE=a\r\nBASE=/app\r\nROUTE=$NO/v1\r":         "a",
		"IMAGE=a\nKEY=\"-----BEGIN\nx=\n-----END\"\n(;|": "a",
		"IMAGE=a\nA=$B\nB=$A\n# it's\nno assignment":     "a",
	} {
		got, err := dotenvOf(t, "SHIP_"+text)
		key, _, _ := strings.Cut("ship_"+strings.ToLower(text), "=")
		if value, is := got[key]; err != nil || !is || value != want {
			t.Errorf("%q: %q, %v; want %q", text, got, err, want)
		}
		exported, err := dotenvOf(t, "# a comment\n\n  export \tSHIP_"+text)
		if err != nil || !maps.Equal(got, exported) {
			t.Errorf("%q exported: %q, %v; want %q", text, exported, err, got)
		}
	}
}

func TestReadEnvFaults(t *testing.T) {
	t.Setenv("EMPTY", "")
	for text, want := range map[string]string{
		"A=1\nSHIP_B=${CI_UNSET}\n": ".env:2: CI_UNSET is not set: write ${CI_UNSET:-} for",
		"SHIP_B=$EMPTY":             ".env:1: EMPTY is not set",
		"SHIP_B=$A\nA=$CI_UNSET":    ".env:1: CI_UNSET is not set",
		"SHIP_B\n":                  ".env:1: write KEY=VALUE",
		"SHIP_B = x\n":              ".env:1: write KEY=VALUE",
		"SHIP_SOURCE=.\nSHIP_KUBECONFIG=file://${KUBECONFIG:-}\n": ".env:2: KUBECONFIG is the setting of that name",
		"SHIP_B=$A\nA=$C\nC=${A:-}":                               "A: it refers to itself",
		"SHIP_B=\"a":                                              `.env:1: a " is missing`,
		"SHIP_B='a":                                               "is not closed",
		"SHIP_B=${SET:-a":                                         "a } is missing",
		"SHIP_B=$(id)":                                            "of references, $NAME, ",
		"SHIP_B=\"`id`\"":                                         "what ` would do in a shell is not done here",
		"SHIP_B='a'; id":                                          "what ; would do in a shell is not done here",
		"SHIP_B=${CI_UNSET##*/}":                                  "of references, $NAME, ",
		"SHIP_X=$A$A\n" + doubled:                                 "letters",
	} {
		if got, err := dotenvOf(t, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.50q: %v, %v; want %q", text, got, err, want)
		}
	}
	for name, make := range map[string]func(string) error{
		"a folder": func(path string) error { return os.Mkdir(path, 0o700) },
		"no file":  func(string) error { return nil },
	} {
		folder := t.TempDir()
		if err := make(filepath.Join(folder, ".env")); err != nil {
			t.Fatal(err)
		}
		if got, err := readEnv(folder, "ship"); len(got) != 0 || err != nil {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

// doubled are lines of which each is twice as long as the next one.
const doubled = "A=$B$B$B$B$B$B$B$B\nB=$C$C$C$C$C$C$C$C\nC=$D$D$D$D$D$D$D$D\nD=$E$E$E$E$E$E$E$E\n" +
	"E=$F$F$F$F$F$F$F$F\nF=$G$G$G$G$G$G$G$G\nG=$H$H$H$H$H$H$H$H\nH=12345678"
