package cluster

import (
	"os"
	"strings"
	"testing"

	"dagger/ship/internal/rollout"
)

// TestCause has what the first line of a failed rollout says, by what the cluster has and by Helm's words.
func TestCause(t *testing.T) {
	const (
		begin  = "not done within 9s (see --timeout)"
		judged = "not ready within 9s (see --timeout): deployment shop: 0 of 1 pods are ready"
		late   = "UPGRADE FAILED: resource Deployment/s/shop not ready. status: InProgress, message: 0/1\n" + begin
	)
	for name, c := range map[string]struct{ words, want string }{
		// an address does not answer, though a pod crashed once
		"crash, asked": {"not verified within 9s (see --timeout): http://shop answers 502 Bad Gateway, not 200 OK", ""},
		// more time would not help
		"crash": {late, "pod shop-6847bf5f9c-v874f: container shop crashes again and again: exit code 3 (restarts: 2)"},
		"hooking": {"UPGRADE FAILED: pre-upgrade hooks failed: " + begin,
			begin + ": pod shop-migrate-w7nt5: container migrate has not ended yet"},
		// all is ready by now
		"good": {"UPGRADE FAILED: " + begin, begin},
		// a pod is still to come
		"good, but one": {late, begin + ": deployment shop: 1 of 2 pods are ready"},
		// Ship waits
		"probe": {judged, "not ready within 9s (see --timeout): pod shop-6449848d98-2c5vx: container shop is not " +
			`ready: readiness probe fails: Get "http://10.244.0.36:8080/": dial tcp 10.244.0.36:8080: connect: ` +
			`connection refused`},
		"pull": {judged, "pod shop-84c7ff6bb8-pj96v: container shop needs the image 127.0.0.1:38997/acme/none:1.2.3@" +
			"sha256:" + strings.Repeat("1", 64) + ", which cannot be pulled: not found"},
		// Helm did not wait: something was refused
		"mixed": {`UPGRADE FAILED: services "shop" is forbidden`, ""},
	} {
		asked := strings.HasSuffix(name, ", asked")
		name, lacks, _ := strings.Cut(strings.TrimSuffix(name, ", asked"), ", ")
		data, err := os.ReadFile("../rollout/testdata/" + name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		list := string(data)
		if lacks != "" {
			list = strings.ReplaceAll(list, `"replicas": 1}`, `"replicas": 2}`)
		}
		state, err := rollout.Read(list, rollout.Release{Name: "shop", Namespace: name,
			Hooks: []string{"shop-migrate"}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		failure := trouble{words: c.words, judged: c.words == judged || asked, asked: asked}
		if got := failure.cause(state); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}
