package e2e

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// template adds a template to the app's chart.
func (a *app) template(name, text string) {
	a.t.Helper()
	a.write(filepath.Join("chart", "templates", name), text)
}

// TestValues: an environment's values come from files of the repo, from settings and from secrets. A secret that
// changes is brought out without a new version; a file that changed waits for one.
func TestValues(t *testing.T) {
	t.Parallel()
	a := newLight(t)
	delete(a.Settings, "environments")
	a.template("config.yaml", `apiVersion: v1
kind: Secret
metadata:
  name: {{ .Release.Name }}-config
stringData:
  file: {{ .Values.config.file | quote }}
  version: {{ .Values.config.version | quote }}
  replicas: {{ .Values.config.number | quote }}
  password: {{ .Values.config.password | quote }}
  whole: {{ .Values.whole.secret | quote }}
`)
	must(t, 0, os.Mkdir(filepath.Join(a.Dir, "deploy"), 0o755))
	a.write("deploy/all.yaml", "config:\n  file: one\n  number: 1\n")
	a.write("ship.toml", `[environments.live]
namespace = "`+a.Name+`-live"
values = ["deploy/all.yaml", "secret:WHOLE"]
set = {"config.version" = "{environment} {version} {args.BRANCH}", "config.number" = 2}
secrets = {"config.password" = "DB_PASSWORD"}
`)
	a.commit("values")
	whole := filepath.Join(t.TempDir(), "WHOLE")
	must(t, 0, os.WriteFile(whole, []byte("whole:\n  secret: walrus-in-the-file\n"), 0o600))
	a.Settings["secrets"] = "env://DB_PASSWORD,file://" + whole
	a.Settings["args"] = "BRANCH=main"
	if out, err := a.ship("release"); err == nil ||
		!strings.Contains(out, "ship.toml names the secret DB_PASSWORD, which is not given") {
		t.Fatalf("a secret that is not given: %v", err)
	}
	if tags := a.tags(); len(tags) != 0 {
		t.Fatalf("tagged %v", tags)
	}
	a.Secrets["DB_PASSWORD"] = "correct-horse-battery"
	a.release("released")
	namespace := a.Name + "-live"
	has := func(key, want string) {
		t.Helper()
		got := a.kubectl("get", "secrets", "--namespace="+namespace, "--output=go-template="+
			"{{range .items}}{{with .data}}{{with ."+key+"}}{{. | base64decode}}{{end}}{{end}}{{end}}")
		if got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	has("file", "one")
	has("version", "live 0.1.0 main")
	has("replicas", "2")
	has("password", "correct-horse-battery")
	has("whole", "walrus-in-the-file")
	a.release("nothing to do")

	pods := a.kubectl("get", "pods", "--namespace="+namespace, "--output=name")
	a.Secrets["DB_PASSWORD"] = "another-horse-battery"
	a.says([]string{"plan"}, "live runs 0.1.0, but not as wanted: config.password")
	a.release("resumed")
	has("password", "another-horse-battery")
	if got := a.kubectl("get", "pods", "--namespace="+namespace, "--output=name"); got != pods {
		t.Errorf("the pods %q were replaced by %q, though nothing of them changed", pods, got)
	}
	a.release("nothing to do")

	a.write("deploy/all.yaml", "config:\n  file: two\n  number: 1\n")
	a.commit("a file of values")
	a.says([]string{"release"}, "nothing to do", "deploy/all.yaml changed since: raise the version to bring that out")
	has("file", "one")
	a.edit("ship.toml", `"config.number" = 2`, `"config.number" = 3`)
	a.commit("a value")
	a.says([]string{"plan"}, "ship.toml, deploy/all.yaml changed since")
	a.bump("0.2.0")
	a.release("released")
	has("file", "two")
	has("replicas", "3")

	out, err := a.Helm("upgrade", a.Name, filepath.Join(a.Dir, "chart"), "--namespace="+namespace, "--reuse-values",
		"--set=config.byhand=1")
	must(t, out, err)
	a.says([]string{"plan"}, "live runs 0.2.0, but not as wanted: config.byhand")
	a.release("resumed")
	a.release("nothing to do")

	// values that follow the branch need no version, and an older commit does not put them back
	a.edit("ship.toml", "\nset =", "\nfollow = true\nset =")
	a.write("deploy/all.yaml", "config:\n  file: three\n  number: 1\n")
	a.commit("values that follow")
	a.says([]string{"plan"}, "live runs 0.2.0, but not as wanted: config.file")
	a.release("resumed")
	has("file", "three")
	has("version", "live 0.2.0 main")
	a.write("deploy/all.yaml", "config:\n  file: four\n  number: 1\n")
	a.commit("values that follow again")
	a.git("checkout", "--quiet", "--detach", "HEAD~1")
	a.release("nothing to do")
	a.git("checkout", "--quiet", "main")
	a.release("resumed")
	has("file", "four")
	for _, older := range []string{"main~1", "main~2"} { // the second one does not ask for values that follow
		a.git("checkout", "--quiet", "--detach", older)
		a.says([]string{"release"}, "nothing to do", "live runs 0.2.0, with values or a chart of a later commit than "+
			a.git("rev-parse", "HEAD")[:7])
	}
	has("file", "four")
}

// TestValuesThatCannotBe: what is wrong with values is said before anything is touched.
func TestValuesThatCannotBe(t *testing.T) {
	t.Parallel()
	a := newLight(t)
	delete(a.Settings, "environments")
	for text, want := range map[string]string{
		`values = ["deploy/none.yaml"]`: "environment live: there is no file of values deploy/none.yaml at",
		`values = ["bad.yaml"]`:         "environment live: bad.yaml: ",
		`values = ["secret:NONE"]`:      "environment live: ship.toml names the secret NONE, which is not given",
		`credentials = ["NONE"]`:        "environment live: ship.toml names the secret NONE, which is not given",
		`kubeconfig = "NONE"`:           "environment live: ship.toml names the secret NONE, which is not given",
		`context = "none"`:              `environment live: --context: the kubeconfig has no context "none", only`,
		`set = {"a[0]" = 1}`:            "environment live: set: a[0] leads into a list",
	} {
		a.write("bad.yaml", "a: [\n")
		a.write("ship.toml", "[environments.live]\nnamespace = '"+a.Name+"-live'\n"+text+"\n")
		a.commit(text)
		if out, err := a.ship("release"); err == nil || !strings.Contains(out, want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	if tags := a.tags(); len(tags) != 0 || a.look("0.1.0").Digest != "" {
		t.Errorf("tagged %v, or published", tags)
	}
}

// TestCredentials: what an exec plugin of a kubeconfig needs reaches it, as a variable or as a file; and what pods pull
// with is there before they are, and is kept up to date.
func TestCredentials(t *testing.T) {
	t.Parallel()
	a := newLight(t)
	delete(a.Settings, "environments")
	a.write("ship.toml", `[environments.live]
namespace = "`+a.Name+`-live"
credentials = ["CLOUD_TOKEN", "CLOUD_FILE"]
context = "cloud"
pull = {name = "registry", user = "PULL_USER", password = "PULL_PASSWORD"}
`)
	a.commit("a cloud")
	token, kubeconfig := pluginKubeconfig(t, a)
	a.Settings["kubeconfig"] = "file://" + kubeconfig
	file := filepath.Join(t.TempDir(), "CLOUD_FILE")
	must(t, 0, os.WriteFile(file, []byte("service-account-file\n"), 0o600))
	a.Settings["secrets"] = "env://PULL_USER,env://PULL_PASSWORD,env://CLOUD_TOKEN,file://" + file
	a.Secrets["CLOUD_TOKEN"], a.Secrets["PULL_USER"] = token, "only-a-reader"
	if out, err := a.ship("release"); err == nil ||
		!strings.Contains(out, "ship.toml names the secret PULL_PASSWORD, which") {
		t.Errorf("a login that is not given: %v", err)
	}
	kept := func(password string) {
		t.Helper()
		got := a.kubectl("get", "secret", "registry", "--namespace="+a.Name+"-live",
			`--output=go-template={{.type}} {{index .data ".dockerconfigjson" | base64decode}}`)
		auth := base64.StdEncoding.EncodeToString([]byte("only-a-reader:" + password))
		want := `kubernetes.io/dockerconfigjson {"auths":{"` + a.Registry.Address + `":{"auth":"` + auth + `"}}}`
		if got != want {
			t.Errorf("the pull secret is %s, want %s", got, want)
		}
	}
	a.Secrets["PULL_PASSWORD"] = "may-read-images"
	a.release("released")
	kept("may-read-images")
	a.release("nothing to do")
	a.Secrets["PULL_PASSWORD"] = "may-read-them-still"
	a.says([]string{"plan"}, "live runs 0.1.0, but not as wanted: the pull secret registry")
	a.release("resumed")
	kept("may-read-them-still")
	a.release("nothing to do")
}

// pluginKubeconfig is a kubeconfig whose user gets its token from a program that wants a variable and a file.
func pluginKubeconfig(t *testing.T, a *app) (token, path string) {
	t.Helper()
	return plugins(t, a, map[string]string{"cloud": `test "$(cat "$CLOUD_FILE")" = service-account-file || exit 1; ` +
		gives("$CLOUD_TOKEN")})
}

// gives is a shell's command that prints a token as kubectl wants it from a plugin.
func gives(token string) string {
	return `echo '{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "'"` +
		token + `"'"}}'`
}

// plugins is a kubeconfig without a current context that has one for each of the programs, which the shell runs for its
// user's token.
func plugins(t *testing.T, a *app, programs map[string]string) (token, path string) {
	t.Helper()
	token = a.kubectl("config", "view", "--raw", "--minify", "--output=jsonpath={.users[0].user.token}")
	cluster := a.kubectl("config", "view", "--raw", "--minify", "--output=jsonpath={.clusters[0].cluster}")
	var contexts, users []any
	for name, program := range programs {
		contexts = append(contexts, map[string]any{"name": name,
			"context": map[string]any{"cluster": "cloud", "user": name}})
		users = append(users, map[string]any{"name": name, "user": map[string]any{"exec": map[string]any{
			"apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "interactiveMode": "Never",
			"args": []string{"-c", program}}}})
	}
	text, err := json.Marshal(map[string]any{"apiVersion": "v1", "kind": "Config",
		"clusters": []any{map[string]any{"name": "cloud", "cluster": json.RawMessage(cluster)}},
		"contexts": contexts, "users": users})
	path = filepath.Join(t.TempDir(), "kubeconfig")
	must(t, 0, os.WriteFile(path, must(t, text, err), 0o600))
	return token, path
}
