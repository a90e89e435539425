package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func readme(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("../README.md")
	return string(must(t, data, err))
}

// block is the README's code block after the line that names its file.
func block(t *testing.T, file string) string {
	t.Helper()
	_, after, found := strings.Cut(readme(t), "\n`"+file+"`")
	_, after, _ = strings.Cut(after, "```")
	_, after, _ = strings.Cut(after, "\n")
	text, _, closed := strings.Cut(after, "```")
	if !found || !closed {
		t.Fatalf("README.md shows no %s", file)
	}
	return text
}

// TestReadmeCommands runs every `dagger call` of the README in an app repo with the README's .env, as a GitLab job
// would have it.
func TestReadmeCommands(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	home := t.TempDir()
	kubeconfig, err := os.ReadFile(a.Cluster.Kubeconfig)
	must(t, 0, err)
	must(t, 0, os.MkdirAll(filepath.Join(home, ".kube"), 0o700))
	must(t, 0, os.WriteFile(filepath.Join(home, ".kube", "config"), kubeconfig, 0o600))
	a.write(".env", block(t, ".env")+"SHIP_INSECURE=true\n")
	a.commit("let Ship release")

	commands := regexp.MustCompile(`(?m)^ *(?:script: )?(dagger call [^#\n]*)`).FindAllStringSubmatch(readme(t), -1)
	if len(commands) < 4 {
		t.Fatalf("the README shows %d calls", len(commands))
	}
	env, err := a.DaggerCommand(t.TempDir())
	must(t, 0, err)
	for _, command := range commands {
		cmd := exec.CommandContext(t.Context(), "sh", "-c", command[1])
		cmd.Dir = a.Dir
		cmd.Env = append(env[:len(env):len(env)], "HOME="+home, "CI_JOB_TOKEN="+a.Bed.Git.Token,
			"CI_REGISTRY_IMAGE="+a.Image(), "CI_REGISTRY_USER="+a.Registry.User, "CI_REGISTRY_PASSWORD="+a.Registry.Password,
			"KUBECONFIG_TEXT="+string(kubeconfig))
		out, err := cmd.CombinedOutput()
		t.Logf("%s\n%s", command[1], out)
		if err != nil {
			t.Errorf("%s: %v", command[1], err)
		}
		a.checkSecrets(string(out))
	}
	if a.tags()[a.Name+"-0.1.0"] == "" || a.running("production") == "" {
		t.Error("the README's commands released nothing")
	}
}

// TestReadmeReference compares the README's tables with the functions and settings that there are, both ways.
func TestReadmeReference(t *testing.T) {
	t.Parallel()
	help := exec.CommandContext(t.Context(), os.Getenv("SHIP_PROGRAM"), "--help")
	out, err := help.Output()
	must(t, 0, err)
	for section, pattern := range map[string]string{"Functions": `(?m)^  ([a-z-]+) +[A-Z]`, "Settings": `(?m)^  --([a-z]+) `} {
		_, table, _ := strings.Cut(readme(t), "\n## "+section+"\n")
		table, _, _ = strings.Cut(table, "\n## ")
		var rows string
		for line := range strings.Lines(table) {
			if cells := strings.Split(line, "|"); len(cells) > 2 {
				rows += cells[1]
			}
		}
		documented := map[string]bool{}
		for _, name := range regexp.MustCompile("`([a-z-]+)").FindAllStringSubmatch(rows, -1) {
			documented[name[1]] = true
		}
		for _, name := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(out), -1) {
			if !documented[name[1]] {
				t.Errorf("%s: README.md does not have %s", section, name[1])
			}
			delete(documented, name[1])
		}
		if len(documented) > 0 {
			t.Errorf("%s: README.md has %v, which do not exist", section, fmt.Sprint(documented))
		}
	}
}
