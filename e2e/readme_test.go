package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// read returns pages of this repository, one after the other.
func read(t *testing.T, names ...string) (pages string) {
	t.Helper()
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join("..", name))
		pages += string(must(t, data, err))
	}
	return pages
}

// block is the code block after the line of a page that names its file.
func block(t *testing.T, page, file string) string {
	t.Helper()
	_, after, found := strings.Cut(page, "\n`"+file+"`")
	_, after, _ = strings.Cut(after, "```")
	_, after, _ = strings.Cut(after, "\n")
	text, _, closed := strings.Cut(after, "```")
	if !found || !closed {
		t.Fatalf("the page shows no %s", file)
	}
	return text
}

// TestCommands runs every `dagger call` of the README and the docs in an app repo with the page's .env, as a GitLab job
// would have it. The app's first version is out, and its second is what the commands release.
func TestCommands(t *testing.T) {
	t.Parallel()
	docs, err := filepath.Glob("../docs/*.md")
	must(t, 0, err)
	names := []string{"docs/getting-started.md"} // first, since its .env is the one to use
	for _, doc := range docs {
		if name := filepath.Join("docs", filepath.Base(doc)); name != names[0] {
			names = append(names, name)
		}
	}
	for name, page := range map[string]string{"README": read(t, "README.md"), "docs": read(t, names...)} {
		commands := regexp.MustCompile("(?m)(?:^ +|`)(?:script: )?(dagger call [^#\n`]*)").FindAllStringSubmatch(page,
			-1)
		if len(commands) < 4 {
			t.Fatalf("%s shows %d calls", name, len(commands))
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newLight(t)
			a.Settings["environments"] = "test:reinstall,production"
			a.release("released")
			home := t.TempDir()
			kubeconfig, err := os.ReadFile(a.Cluster.Kubeconfig)
			must(t, 0, err)
			must(t, 0, os.MkdirAll(filepath.Join(home, ".kube"), 0o700))
			must(t, 0, os.WriteFile(filepath.Join(home, ".kube", "config"), kubeconfig, 0o600))
			a.write(".env", block(t, page, ".env")+"SHIP_INSECURE=true\n")
			commit := a.bump("0.2.0")
			env, err := a.DaggerCommand(t.TempDir())
			must(t, 0, err)
			for _, command := range commands {
				cmd := exec.CommandContext(t.Context(), "sh", "-c", command[1])
				cmd.Dir = a.Dir
				cmd.Env = append(env[:len(env):len(env)], "HOME="+home, "CI_JOB_TOKEN="+a.Bed.Git.Token,
					"CI_COMMIT_SHA="+commit,
					"CI_REGISTRY_IMAGE="+a.Image(), "CI_REGISTRY_USER="+a.Registry.User,
					"CI_REGISTRY_PASSWORD="+a.Registry.Password,
					"KUBECONFIG_FILE="+a.Cluster.Kubeconfig, "CI_SERVER_TLS_CA_FILE=")
				out, err := cmd.CombinedOutput()
				t.Logf("%s\n%s", command[1], out)
				if err != nil {
					t.Errorf("%s: %v", command[1], err)
				}
				a.checkSecrets(string(out))
			}
			if a.tags()[a.Name+"-0.2.0"] == "" {
				t.Error("the commands released nothing")
			}
		})
	}
}
