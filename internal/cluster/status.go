package cluster

import (
	"dagger/ship/internal/converge"
	"strings"
	"time"

	"dagger/ship/internal/helm"
	"dagger/ship/internal/rollout"
	"dagger/ship/internal/tools"
)

// State is what runs in an environment, and how it is.
type State struct {
	Version  string // empty: nothing runs there
	Digest   string
	Revision int       // of the Helm release; 0: there is none
	Since    time.Time // when that was deployed
	Healthy  bool      // whether the revision is deployed, and all that it made is ready
	Text     string    // in a few words, how it is
}

// State is what was seen of the environment.
func (e *Environment) State() (State, error) {
	revision, err := e.seen()
	if err != nil {
		return State{}, err
	}
	images := revision.Images(e.Slots)
	state := State{
		Version:  e.Redactor.Line(versionOf(images)),
		Digest:   e.Redactor.Line(converge.Together(images.Digests())),
		Revision: revision.Number,
		Since:    revision.Since,
		Text:     "nothing is deployed",
	}
	if revision.Number > 0 {
		state.Healthy, state.Text = e.health(revision)
	}
	return state, nil
}

// StateNow is the same after another look at the namespace.
func (e *Environment) StateNow() (State, error) {
	e.revisions.Forget(e.Namespace)
	return e.State()
}

// health tells whether a revision is deployed and all that it made is ready, and in a few words how
// it is.
func (e *Environment) health(revision helm.Revision) (healthy bool, text string) {
	if revision.Status != "deployed" {
		return false, "its release is " + revision.Status
	}
	namespaces := e.namespaces(revision)
	seen, err := e.objects.Get(strings.Join(namespaces, " "), func() (objects, error) {
		return e.list(e.Context, namespaces...)
	})
	if err != nil {
		return false, e.unseen(err)
	}
	state, err := e.state(seen, rollout.Release{Name: e.Release, Namespace: e.Namespace})
	if err != nil {
		return false, e.unseen(err)
	}
	if healthy, why := state.Healthy(); !healthy {
		return false, e.Redactor.Line(why)
	}
	return true, "healthy"
}

func (e *Environment) unseen(err error) string {
	why, _, _ := strings.Cut(tools.Explain(err), "\n")
	return "deployed, but how it is cannot be seen: " + e.Redactor.Line(why)
}
