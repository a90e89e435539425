package converge

import (
	"fmt"

	"dagger/ship/internal/version"
)

// ForTag is the part of a plan that tags. The rest is somebody else's affair.
func (p Plan) ForTag() Plan { return Plan{Commit: p.Commit, Withheld: p.Withheld, Tag: p.Tag} }

// ForPublish is the part of a plan that builds and publishes the image.
func (p Plan) ForPublish() Plan {
	return Plan{Commit: p.Commit, Withheld: p.Withheld, Images: p.Images, Chart: p.Chart}
}

// ForDeploy is the part of a plan that deploys.
func (p Plan) ForDeploy() Plan {
	return Plan{Commit: p.Commit, Withheld: p.Withheld, Deploy: p.Deploy, Tell: p.Tell}
}

// BuildOf is a plan that builds an image of a commit and does nothing else.
func BuildOf(commit string) Plan {
	return Plan{Commit: commit, Images: []ImagePlan{{Build: Step{Needed: true, Why: "it was asked for"}}}}
}

// withhold is the plan for a version that people still work on: each commit of a branch has it, and
// only the first one could be released under it. Whoever pushes its tag asks for it.
func withhold(f Facts) (Plan, bool) {
	if f.None != "" {
		return nothing(f, Step{false, f.None}), true
	}
	final, is := f.Version.Development()
	if !is || f.Snapshot || f.Tagged != "" {
		return Plan{}, false
	}
	no := Step{false, f.Name + " is a version that is still worked on"}
	plan := nothing(f, no)
	plan.Withheld = fmt.Sprintf("%s: raise it to %s to release that, or push the tag %s to release it as it is",
		no.Why, final, f.Tag)
	return plan, true
}

// nothing is a plan of which no step is needed, for one reason.
func nothing(f Facts, no Step) Plan {
	plan := Plan{Commit: f.Commit, Tag: no, Chart: no, Notes: no}
	for range f.Images {
		plan.Images = append(plan.Images, ImagePlan{no, no, no})
	}
	for range f.Environments {
		plan.Deploy = append(plan.Deploy, no)
	}
	plan.Withheld = no.Why
	return plan
}

// Behind returns the highest of the versions that is higher than the one that runs, of those that
// the environment takes; empty if there is none.
func Behind(running version.Version, tagged []version.Version, prereleases bool) string {
	highest := running
	for _, v := range tagged {
		if highest.Compare(v) < 0 && (prereleases || !v.Prerelease()) {
			highest = v
		}
	}
	if highest.Text == running.Text {
		return ""
	}
	return highest.Text
}
