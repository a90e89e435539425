package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// ageKey is a new key of age's, and who it is for.
func ageKey(t *testing.T) (key, recipient string) {
	t.Helper()
	program := filepath.Join(filepath.Dir(os.Getenv("SOPS_PROGRAM")), "age-keygen")
	out, err := exec.CommandContext(t.Context(), program).Output()
	must(t, 0, err)
	found := regexp.MustCompile(`(?s)public key: (\S+).*(AGE-SECRET-KEY-\S+)`).FindStringSubmatch(string(out))
	if found == nil {
		t.Fatal("age-keygen prints no key")
	}
	return found[2], found[1]
}

// encrypted is a text as SOPS encrypts it for a recipient. The format is yaml, json or binary.
func encrypted(t *testing.T, recipient, format, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "plain")
	must(t, 0, os.WriteFile(file, []byte(text), 0o600))
	command := exec.CommandContext(t.Context(), os.Getenv("SOPS_PROGRAM"), "--encrypt", "--age", recipient,
		"--input-type", format, "--output-type", format, file)
	command.Dir = t.TempDir()
	out, err := command.Output()
	must(t, 0, err)
	if strings.Contains(string(out), "walrus") {
		t.Fatalf("SOPS has not encrypted it:\n%s", out)
	}
	return string(out)
}

// inNoArgument looks at the arguments and variables of all processes of this machine, BuildKit's containers among
// them, until the test ends: no text may be in any.
func inNoArgument(t *testing.T, texts ...string) {
	t.Helper()
	stop, done := make(chan struct{}), make(chan struct{})
	t.Cleanup(func() { close(stop); <-done })
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			case <-time.After(100 * time.Millisecond):
			}
			for _, of := range []string{"cmdline", "environ"} {
				files, _ := filepath.Glob("/proc/[0-9]*/" + of)
				for _, file := range files {
					data, _ := os.ReadFile(file)
					for _, text := range texts {
						if strings.Contains(string(data), text) {
							t.Errorf("%s holds %q: %.300q", file, text, data)
							return
						}
					}
				}
			}
		}
	}()
}

const chartOfSecrets = `apiVersion: v1
kind: Secret
metadata:
  name: {{ .Release.Name }}-config
stringData:
  own: {{ dig "own" "none" .Values.config | quote }}
  file: {{ dig "file" "none" .Values.config | quote }}
  number: {{ dig "number" 0 .Values.config | int64 | quote }}
  json: {{ dig "json" "none" .Values.config | quote }}
  whole: {{ dig "whole" "none" .Values.config | quote }}
`

// newEncrypted is a light app with one environment, live, whose chart puts values into a secret. has holds one of them
// against what the cluster keeps.
func newEncrypted(t *testing.T) (a *app, has func(key, want string)) {
	t.Helper()
	a = newLight(t)
	delete(a.Settings, "environments")
	must(t, 0, os.Mkdir(filepath.Join(a.Dir, "deploy"), 0o755))
	a.template("config.yaml", chartOfSecrets)
	a.edit("chart/values.yaml", `\z`, "\nconfig: {}\n")
	return a, func(key, want string) {
		t.Helper()
		got := a.kubectl("get", "secrets", "--namespace="+a.Name+"-live", "--output=go-template="+
			"{{range .items}}{{with .data}}{{with ."+key+"}}{{. | base64decode}}{{end}}{{end}}{{end}}")
		if got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
}

// table writes ship.toml with the table of the one environment.
func (a *app) table(text string) {
	a.t.Helper()
	a.write("ship.toml", "[environments.live]\nnamespace = \""+a.Name+"-live\"\n"+text)
}

// TestSOPS: files of values that SOPS has encrypted are decrypted with the environment's credentials, whether they are
// the repo's or secrets. What they hold shows nowhere, and encrypting it again is no difference.
func TestSOPS(t *testing.T) {
	t.Parallel()
	a, has := newEncrypted(t)
	plain := []string{"walrus-of-yaml", "walrus-of-json", "walrus-of-whole", "walrus-another", "1234598765"}
	a.hidden = plain
	inNoArgument(t, plain...)
	key, recipient := ageKey(t)
	a.write("deploy/live.enc.yaml", encrypted(t, recipient, "yaml",
		"config:\n  file: walrus-of-yaml # of the north\n  number: 1234598765\n"))
	a.write("deploy/live.enc.json", encrypted(t, recipient, "json", `{"config": {"json": "walrus-of-json"}}`))
	whole := filepath.Join(t.TempDir(), "WHOLE")
	keep := func(format, text string) {
		must(t, 0, os.WriteFile(whole, []byte(encrypted(t, recipient, format, text)), 0o600))
	}
	keep("yaml", "config:\n  whole: walrus-of-whole\n")
	a.table(`values = ["deploy/live.enc.yaml", "deploy/live.enc.json", "secret:WHOLE"]
credentials = ["SOPS_AGE_KEY"]
`)
	a.commit("encrypted")
	a.Settings["secrets"] = "env://SOPS_AGE_KEY,file://" + whole
	a.Secrets["SOPS_AGE_KEY"] = key
	a.release("released")
	has("file", "walrus-of-yaml")
	has("number", "1234598765")
	has("json", "walrus-of-json")
	has("whole", "walrus-of-whole")
	a.says([]string{"plan"}, "nothing is missing")

	keep("binary", "config:\n  whole: walrus-of-whole\n")
	a.write("deploy/live.enc.json", encrypted(t, recipient, "json", `{"config": {"json": "walrus-of-json"}}`))
	a.commit("encrypted again")
	a.says([]string{"plan"}, "nothing is missing", "deploy/live.enc.json changed since")
	keep("json", `{"config": {"whole": "walrus-another"}}`)
	a.says([]string{"plan"}, "live runs 0.1.0, but not as wanted: config.whole")
	a.release("resumed")
	has("whole", "walrus-another")
	a.bump("0.2.0")
	a.release("released")
	has("json", "walrus-of-json")
}

// TestSOPSInChart: the environment's own file in the chart's folder may be encrypted too, alone, or beside values that
// are not. The key may be a file.
func TestSOPSInChart(t *testing.T) {
	t.Parallel()
	a, has := newEncrypted(t)
	a.hidden = []string{"walrus-of-chart", "walrus-of-later"}
	key, recipient := ageKey(t)
	file := filepath.Join(t.TempDir(), "SOPS_AGE_KEY_FILE")
	must(t, 0, os.WriteFile(file, []byte(key+"\n"), 0o600))
	a.Settings["secrets"] = "file://" + file
	a.write("chart/values-live.yaml", encrypted(t, recipient, "yaml", "config:\n  own: walrus-of-chart\n"))
	a.table("credentials = [\"SOPS_AGE_KEY_FILE\"]\n")
	a.commit("encrypted")
	a.release("released")
	has("own", "walrus-of-chart")

	a.write("chart/values-live.yaml", encrypted(t, recipient, "yaml", "config:\n  own: walrus-of-later\n"))
	a.write("deploy/all.yaml", "config:\n  file: plain\nsops: {mac: false}\n")
	a.table("credentials = [\"SOPS_AGE_KEY_FILE\"]\nvalues = [\"deploy/all.yaml\"]\n")
	a.bump("0.2.0")
	a.release("released")
	has("own", "walrus-of-later")
	has("file", "plain")
	a.release("nothing to do")
}

// TestSOPSThatCannotBe: a file that cannot be decrypted is an error before anything is touched, which says what to do
// and nothing of what is in the file.
func TestSOPSThatCannotBe(t *testing.T) {
	t.Parallel()
	a, _ := newEncrypted(t)
	a.hidden = []string{"walrus-of-yaml", "walrus-by-hand"}
	key, recipient := ageKey(t)
	wrong, _ := ageKey(t)
	a.Settings["secrets"] = "env://SOPS_AGE_KEY"
	good := encrypted(t, recipient, "yaml", "config:\n  file: walrus-of-yaml\n  json: walrus-of-yaml\n")
	with := func(pattern, by string) string {
		return regexp.MustCompile(pattern).ReplaceAllString(good, by)
	}
	const otherTag = "${1}AAAAAAAAAAAAAAAAAAAAAA=="
	const values, credentials = "values = [\"deploy/live.enc.yaml\"]\n", "credentials = [\"SOPS_AGE_KEY\"]\n"
	damaged, noKey := "it is not as SOPS wrote it: ", "SOPS has no key for it: "+recipient
	for name, c := range map[string]struct {
		text, table, key string
		want             []string
	}{
		"no key is named": {good, values, key, []string{noKey + ": failed to load age",
			"give its key as one of the environment's credentials, as SOPS_AGE_KEY"}},
		"the key is not given": {good, values + credentials, "",
			[]string{"environment live: ship.toml names the secret SOPS_AGE_KEY, which is not given"}},
		"the key is another's": {good, values + credentials, wrong, []string{noKey,
			"incorrect identity for recipient block", "give its key as one of the environment's credentials"}},
		"a value is gone": {with(`(?m)^    json: .*\n`, ""), values + credentials, key,
			[]string{damaged + "MAC mismatch: somebody changed or merged it without SOPS"}},
		"a value is another's": {with(`(json: .*,tag:)[^,]*`, otherTag), values + credentials, key,
			[]string{damaged + "Error decrypting tree: "}},
		"a value is plain": {with(`json: .*`, "json: walrus-by-hand"), values + credentials, key,
			[]string{damaged + "Error decrypting tree: Error walking tree: "}},
		"the MAC is another's": {with(`(mac: .*,tag:)[^,]*`, otherTag), values + credentials, key,
			[]string{damaged + "Cannot decrypt MAC: "}},
	} {
		a.write("deploy/case", name)
		a.write("deploy/live.enc.yaml", c.text)
		a.table(c.table)
		a.commit(name)
		if a.Secrets["SOPS_AGE_KEY"] = c.key; c.key == "" {
			delete(a.Secrets, "SOPS_AGE_KEY")
		}
		out, err := a.ship("release")
		if c.key != "" {
			c.want = append(c.want, "environment live: decrypt deploy/live.enc.yaml at ")
		}
		for _, want := range c.want {
			if err == nil || !strings.Contains(out, want) {
				t.Errorf("%s: %v, want %s", name, err, want)
			}
		}
		if sum := regexp.MustCompile(`[0-9A-F]{64}`).FindString(out); sum != "" {
			t.Errorf("%s: the error has the sum of the values, %s", name, sum)
		}
	}
	a.Secrets["SOPS_AGE_KEY"] = key
	a.write("deploy/live.enc.yaml", good)
	a.write("ship.toml", "sops = '"+a.Registry.Address+"/none:1'\n[environments.live]\n"+values+credentials)
	a.commit("another image")
	if out, err := a.ship("release"); err == nil || !strings.Contains(out, "decrypt deploy/live.enc.yaml at ") ||
		!strings.Contains(out, "run "+a.Registry.Address+"/none:1 (sops in ship.toml may name another image): ") {
		t.Errorf("an image that is not there: %v", err)
	}
	a.template("fail.yaml", `{{ fail (print "it got " .Values.config.file) }}`)
	a.table(values + credentials)
	a.commit("a chart that tells")
	if out, err := a.ship("release"); err == nil || !strings.Contains(out, "it got ***") {
		t.Errorf("a chart that tells: %v", err)
	}
	if tags := a.tags(); len(tags) != 0 || a.look("0.1.0").Digest != "" {
		t.Errorf("tagged %v, or published", tags)
	}
}
