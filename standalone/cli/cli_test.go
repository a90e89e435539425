package cli

import (
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
)

const source = `package main

// Ship ships.
type Ship struct{}

// New takes settings.
func New(
	ws *dagger.Workspace,
	// Where the image goes
	// +optional
	image string,
	// What to build
	// +optional
	// +default="Dockerfile"
	dockerfile string,
	// Keys, in order
	// +optional
	// +default=["a.b","c"]
	keys []string,
	// Secrets that are named elsewhere
	// +optional
	secrets []*dagger.Secret,
	// +optional
	insecure bool,
) (*Ship, error) { return nil, nil }

// WithImage takes a container. It is used instead.
func (s *Ship) WithImage(container *dagger.Container) *Ship { return s }

// Deploy deploys.
// +cache="session"
func (s *Ship) Deploy(ctx context.Context, environment string) (string, error) { return "", nil }

func (s *Ship) hidden() {}

// Error is another type's.
func (e *fault) Error() string { return "" }
`

func parseLine(t *testing.T, line string) (string, error) {
	t.Helper()
	constructor, methods, err := readFunctions(fstest.MapFS{"main.go": {Data: []byte(source)}})
	if err != nil {
		t.Fatal(err)
	}
	calls, fields, err := parse(constructor, methods, strings.Fields(line), "ship",
		map[string]string{"ship_image": "from-env", "ship_deploy_environment": "test"})
	if err != nil {
		return "", err
	}
	var text []string
	for _, c := range calls {
		text = append(text, c.name)
		for _, p := range c.params {
			if value, given := c.flags[p.name]; given {
				text = append(text, p.name+"="+value)
			}
		}
	}
	for _, f := range fields {
		text = append(text, "."+string(f))
	}
	return strings.Join(text, " "), nil
}

func TestParse(t *testing.T) {
	for line, want := range map[string]string{
		"--image=x --insecure deploy --environment production": "new image=x insecure=true deploy " +
			"environment=production",
		"deploy":                             "new image=from-env deploy environment=test",
		"--secrets=env://A,file:///b deploy": "new image=from-env secrets=env://A,file:///b deploy environment=test",
		"deploy digest":                      "new image=from-env deploy environment=test .digest",
		"with-image --container=c deploy":    "new image=from-env with-image container=c deploy environment=test",
	} {
		if got, err := parseLine(t, line); err != nil || got != want {
			t.Errorf("%q: %q, %v; want %q", line, got, err, want)
		}
	}
	for line, want := range map[string]string{
		"publish":              `no function "publish"`,
		"--imag=x deploy":      "no argument --imag",
		"with-image":           "with-image needs --container",
		"deploy --ctx=1":       "no argument --ctx",
		"hidden":               `no function "hidden"`,
		"error":                `no function "error"`,
		"deploy --environment": "--environment needs a value",
	} {
		if got, err := parseLine(t, line); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %q, %v; want an error with %q", line, got, err, want)
		}
	}
}

func TestHelp(t *testing.T) {
	program := Program{Name: "ship", Sources: fstest.MapFS{"main.go": {Data: []byte(source)}}}
	var out strings.Builder
	if err := program.Run(t.Context(), []string{"--help"}, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"with-image   WithImage takes a container\n",
		"--image string\n      Where the image goes\n", "(default Dockerfile)", "(default a.b,c)",
		"--keys list of string\n", "--secrets list of secret\n      Secrets that are named elsewhere\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("help lacks %q:\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "+optional") || strings.Contains(out.String(), "cache=") {
		t.Errorf("help shows pragmas:\n%s", out.String())
	}
}

func TestFieldOfList(t *testing.T) {
	type report struct {
		Dotenv string
		Took   int
	}
	list := reflect.ValueOf([]*report{{"A=1\nB=2", 1}, {"C=3", 2}})
	var out strings.Builder
	if err := print(t.Context(), &out, field("dotenv").of(list)); err != nil || out.String() != "A=1\nB=2\nC=3\n" {
		t.Errorf("printed %q, %v", out.String(), err)
	}
	if field("none").of(list).IsValid() || field("took").of(list).IsValid() {
		t.Error("a field that there is not, or of no text, has a value")
	}
}
