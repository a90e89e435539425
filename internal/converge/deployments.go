package converge

// Deployment is what GitLab's page of one environment says runs there, and what does.
type Deployment struct {
	Environment string // GitLab's name of it
	Wanted      bool   // whether GitLab is to be told

	Commit  string // the version's
	Running string // the commit that the environment runs well; empty: another one, or nobody knows

	Told    string // the commit of GitLab's newest successful deployment there; empty: there is none
	Failure string // why nobody knows what GitLab was told; empty: it was looked at
}

// After is the deployment once a deploy is done that was planned: if the step is needed, the
// environment will run the commit.
func (d Deployment) After(deploy Step) Deployment {
	if deploy.Needed {
		d.Running = d.Commit
	}
	return d
}

// TellDeployment decides whether GitLab is to be told that the environment runs the commit. Only an
// environment that runs it is told of: not one that takes no such version, waits, or was rolled
// back. Only the newest deployment counts: an older one of the commit is over, as that of 1.4.0 is
// if 1.3.0 was deployed since.
func TellDeployment(d Deployment) Step {
	page := "GitLab's page of " + d.Environment
	switch {
	case !d.Wanted:
		return Step{false, "there is no GitLab to tell"}
	case d.Commit == "" || d.Running != d.Commit:
		return Step{false, d.Environment + " does not run " + d.commit()}
	case d.Failure != "":
		return Step{true, "what " + page + " says is unknown: " + d.Failure}
	case d.Told == "":
		return Step{true, page + " says nothing"}
	case d.Told != d.Commit:
		return Step{true, page + " says " + Short(d.Told)}
	}
	return Step{false, page + " says " + Short(d.Told)}
}

// TellDeployments decides that about all environments, once it is decided which are deployed to.
func TellDeployments(f Facts, p Plan) (tell []Step) {
	for i, d := range f.Deployments {
		if d.Commit = p.Commit; RunsWell(f, f.Environments[i]) {
			d.Running = p.Commit
		}
		tell = append(tell, TellDeployment(d.After(p.Deploy[i])))
	}
	return tell
}

// commit is how the reasons call the version's commit.
func (d Deployment) commit() string {
	if d.Commit == "" {
		return "a commit of the version"
	}
	return Short(d.Commit)
}
