package converge

import "testing"

func TestTellDeployment(t *testing.T) {
	const one, other = "a91957a858320c0e17f3a0eca7cfacbff50ea29a", "99d03678b90d914dbb1b109132516d71a4a03ea8"
	needed, not := Step{Needed: true}, Step{}
	for name, c := range map[string]struct {
		deploy Step
		facts  Deployment
		want   Step
	}{
		"no GitLab": {needed, Deployment{Commit: one, Running: one}, Step{false, "there is no GitLab to tell"}},
		"first deploy": {
			needed,
			Deployment{Wanted: true, Commit: one},
			Step{true, "GitLab's page of eu says nothing"},
		},
		"next deploy": {
			needed,
			Deployment{Wanted: true, Commit: one, Running: other, Told: other},
			Step{true, "GitLab's page of eu says 99d0367"},
		},
		"a run died after its deploy": {
			not,
			Deployment{Wanted: true, Commit: one, Running: one, Told: other},
			Step{true, "GitLab's page of eu says 99d0367"},
		},
		"a run died after it told": {
			not,
			Deployment{Wanted: true, Commit: one, Running: one, Told: one},
			Step{false, "GitLab's page of eu says a91957a"},
		},
		"deployed again": {
			needed,
			Deployment{Wanted: true, Commit: one, Running: one, Told: one},
			Step{false, "GitLab's page of eu says a91957a"},
		},
		"another commit runs": {
			not,
			Deployment{Wanted: true, Commit: one, Running: other, Told: other},
			Step{false, "eu does not run a91957a"},
		},
		"rolled back, and GitLab not told": {
			not,
			Deployment{Wanted: true, Commit: one, Running: other, Told: one},
			Step{false, "eu does not run a91957a"},
		},
		"nothing runs, or nobody knows": {
			not,
			Deployment{Wanted: true, Commit: one},
			Step{false, "eu does not run a91957a"},
		},
		"nobody knows what GitLab says": {
			not,
			Deployment{Wanted: true, Commit: one, Running: one, Told: one, Failure: "no answer"},
			Step{true, "what GitLab's page of eu says is unknown: no answer"},
		},
		"another commit runs, and nobody knows what GitLab says": {
			not,
			Deployment{Wanted: true, Commit: one, Running: other, Failure: "no answer"},
			Step{false, "eu does not run a91957a"},
		},
		"no commit yet": {needed, Deployment{Wanted: true}, Step{false, "eu does not run a commit of the version"}},
	} {
		c.facts.Environment = "eu"
		if got := TellDeployment(c.facts.After(c.deploy)); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}
