package tools

import (
	"strings"
	"testing"
)

func TestCheckContext(t *testing.T) {
	t.Parallel()
	const agents = "contexts:\n- name: acme/agents:test\n- name: acme/agents:production\n"
	for name, c := range map[string]struct{ kubeconfig, wanted, want string }{
		"GitLab's agent": {
			agents + `current-context: ""`, "",
			`--kubeconfig: it has no current context: choose one with --context, of "acme/agents:test", ` +
				`"acme/agents:production"`,
		},
		"one is wanted":     {agents, "acme/agents:test", ""},
		"another is wanted": {agents + "current-context: acme/agents:production", "acme/agents:test", ""},
		"the current one":   {agents + "current-context: acme/agents:production", "", ""},
		"an unknown one is wanted": {
			agents + "current-context: acme/agents:production", "acme/agents:live",
			`--context: the kubeconfig has no context "acme/agents:live", only "acme/agents:test", `,
		},
		"an unknown one is current": {
			agents + "current-context: gone", "",
			`--kubeconfig: its current context "gone" is none of its contexts: choose one with --context, of "acme/`,
		},
		"one only": {"contexts: [{name: kind}]", "", `it has no current context: choose one with --context, of "kind"`},
		"none":     {"apiVersion: v1\n", "kind", "--kubeconfig: it has no contexts"},
		"JSON":     {"{\n\t\"contexts\": [{\"name\": \"a\"}]\n}", "b", `has no context "b", only "a"`},
		"no YAML":  {"{[", "kind", ""},
		"an odd name": {
			"contexts: [{name: \"a\\n  deploy production\\e[2J\"}]", "b\x1b[2J",
			`has no context "b\\x1b[2J", only "a\n  deploy production\x1b[2J"`,
		},
	} {
		err := CheckContext(c.kubeconfig, c.wanted)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if many := CheckContext("contexts:\n"+strings.Repeat("- name: abcdefghijklmnop\n", 1000), "x"); many == nil ||
		len(many.Error()) > 1200 {
		t.Errorf("a thousand contexts: %.100v…", many)
	}
}
