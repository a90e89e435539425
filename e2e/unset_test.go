package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"dagger/ship/e2e/bed"
)

// TestUnsetVariables calls ship with the example's .env where all of GitLab's variables are set but one: either that is
// as good, or the error says what is missing in Ship's own words.
func TestUnsetVariables(t *testing.T) {
	t.Parallel()
	p := newProject(t, bed.Poetry)
	wants := map[string]struct{ plan, release string }{ // words of the error, none where there is to be none
		"CI_JOB_TOKEN":      {"it asks for a token and none was given (--token)", "(--token)"},
		"CI_COMMIT_SHA":     {},
		"CI_REGISTRY_IMAGE": {"no image: give its address with --image", "no image"},
		"CI_REGISTRY_USER": {"the registry refused the credentials: a password was given without a user name " +
			"(--login)", "--login"},
		"CI_REGISTRY_PASSWORD": {"the registry refused the credentials: it asks for some and none were given " +
			"(--login, --password)", "--password"},
		"CI_SERVER_TLS_CA_FILE": {"certificate signed by unknown authority; give the", "--ca"},
		"KUBECONFIG_FILE":       {"", "no kubeconfig was given: name one with --kubeconfig"},
	}
	if !world.CanTLS() {
		wants["CI_SERVER_TLS_CA_FILE"] = struct{ plan, release string }{}
	}
	env, err := os.ReadFile(filepath.Join(p.Dir, ".env"))
	must(t, 0, err)
	var named []string
	for _, match := range regexp.MustCompile(`(?:\$\{|env://)(\w+)`).FindAllStringSubmatch(string(env), -1) {
		named = append(named, match[1])
	}
	if len(named) != len(wants) {
		t.Errorf(".env names %q, the test knows %d", named, len(wants))
	}
	p.variables["CI_COMMIT_SHA"] = p.git("rev-parse", "HEAD")
	for _, unset := range named {
		want, known := wants[unset]
		if !known {
			t.Errorf("no test knows what comes of %s unset", unset)
		}
		for function, words := range map[string]string{"plan": want.plan, "release": want.release} {
			if function == "release" && words == "" {
				continue // the test of pipelines releases
			}
			out, err := p.dagger(unset, function)
			if (err == nil) != (words == "") || !strings.Contains(out, words) {
				t.Errorf("%s without %s: %v, want %q", function, unset, err, words)
			}
			// above it, a Dagger engine shows each call that failed, also where that is as good
			if at := strings.LastIndex(out, "Error: "); at > 0 {
				out = out[at:]
			}
			if strings.Contains(out, "unbound") || strings.Contains(out, "env var not found") ||
				strings.Contains(out, "is not set: write") {
				t.Errorf("%s without %s tells of the shell's or Dagger's trouble, not of the setting", function, unset)
			}
		}
	}
	if len(p.tags()) != 0 || p.look("0.1.0").Digest != "" {
		t.Error("something was released")
	}
}

// dagger calls a function in the checkout as a job's script does, with GitLab's variables but one.
func (p *project) dagger(without, function string) (string, error) {
	p.t.Helper()
	cmd := exec.CommandContext(p.t.Context(), "sh", "-eu", "-c", "dagger call "+function)
	cmd.Dir = p.Dir
	cmd.Env = slices.DeleteFunc(slices.Clone(p.env), func(pair string) bool {
		return strings.HasPrefix(pair, "CI_") || strings.HasPrefix(pair, "KUBECONFIG_FILE=")
	})
	for name, value := range p.variables {
		if name != without {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	out, err := cmd.CombinedOutput()
	p.t.Logf("dagger call %s without %s\n%s", function, without, out)
	p.checkSecrets(string(out))
	return string(out), err
}
