package converge

import "dagger/ship/internal/version"

// ForTag is the part of a plan that tags. The rest is somebody else's affair.
func (p Plan) ForTag() Plan { return Plan{Commit: p.Commit, Tag: p.Tag} }

// ForPublish is the part of a plan that builds and publishes the image.
func (p Plan) ForPublish() Plan {
	return Plan{Commit: p.Commit, Build: p.Build, Publish: p.Publish, Latest: p.Latest}
}

// ForDeploy is the part of a plan that deploys.
func (p Plan) ForDeploy() Plan { return Plan{Commit: p.Commit, Deploy: p.Deploy} }

// BuildOf is a plan that builds a commit and does nothing else.
func BuildOf(commit string) Plan {
	return Plan{Commit: commit, Build: Step{Needed: true, Why: "it was asked for"}}
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
