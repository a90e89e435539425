package cluster

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"dagger/ship/internal/dagger"
	"dagger/ship/internal/helm"
	"dagger/ship/internal/tools"
)

// stepping has a canary that goes on to its next phase each time that somebody looks.
type stepping struct {
	*recorded
	phases []string
}

func (s *stepping) Ask(ctx context.Context, c *dagger.Container, args []string) (tools.Answer, error) {
	if strings.Contains(strings.Join(args, " "), "Canary") {
		s.objects = fmt.Sprintf(
			`{"kind":"Canary","metadata":{"name":"web","namespace":"shop"},"status":{"phase":%q}}`, s.phases[0])
		if len(s.phases) > 1 {
			s.phases = s.phases[1:]
		}
	}
	return s.recorded.Ask(ctx, c, args)
}

// TestWaitForCanary waits for what says that it is at work, and not for what waits by design.
func TestWaitForCanary(t *testing.T) {
	for name, c := range map[string]struct {
		phases, others string
		next           string // the phase that nobody waits for
	}{
		"ends":              {"Initializing Progressing Succeeded", "", "Succeeded"},
		"takes long":        {"Progressing", "canary web has the phase Progressing", "Progressing"},
		"waits by design":   {"Progressing Waiting Succeeded", "canary web has the phase Waiting", "Succeeded"},
		"failed long ago":   {"Failed Succeeded", "canary web has the phase Failed", "Succeeded"},
		"was held at first": {"WaitingPromotion Failed", "canary web has the phase WaitingPromotion", "Failed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // it looks each second
			r := newRecorded(t)
			r.revisions[0].manifest = "apiVersion: flagger.app/v1beta1\nkind: Canary\nmetadata: {name: web}\n"
			r.revisions[0].labels = map[string]string{helm.RolloutLabel: "1"}
			s := &stepping{r, strings.Fields(c.phases)}
			e := r.environment(t)
			e.Tools = s
			last, err := e.last(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			limit := 10 * time.Second
			if name == "takes long" {
				limit = 2 * time.Second
			}
			others, failure, err := e.settle(t.Context(), e.helm(), last, time.Now().Add(limit), true)
			if err != nil || others != c.others || failure.words != "" || strings.Join(s.phases, " ") != c.next {
				t.Errorf("others %q, failure %+v, %v, left %q", others, failure, err, s.phases)
			}
			r.ended("settle", "1.0.0")
		})
	}
}
