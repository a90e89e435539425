package gitlab

import (
	"context"
	"net/http"
	"net/url"
)

// Deployment says that an environment runs a commit, for GitLab's pages and its DORA figures.
type Deployment struct {
	Environment string // GitLab's name of it: GitLab makes the environment if it has none of that name
	Commit      string // all digits of it
	Tag         string // the tag that was deployed, which GitLab must have; when read, it may be a branch
}

// deployment is how the API writes one, in a list and as a request's body
// (https://docs.gitlab.com/api/deployments/#create-a-deployment).
type deployment struct {
	Environment any    `json:"environment"` // its name in a request, an object in an answer
	SHA         string `json:"sha"`
	Ref         string `json:"ref"`
	Tag         bool   `json:"tag"`
	Status      string `json:"status"`
}

// success is the status of a deployment that has ended well: only these are read and made here.
const success = "success"

var deployments = part{"/deployments", "if Settings > CI/CD > Protected environments has a rule for the environment, " +
	"that role must be allowed to deploy; Settings > General > Visibility must have Environments on"}

// LastDeployment returns the newest successful deployment of an environment: what GitLab says runs
// there. Its commit is empty if there is none, or no such environment.
//
// It is the newest one that says what runs there, not any: after a rollback from 1.4.0 to 1.3.0 the
// environment has a deployment of 1.4.0, which is over. GitLab never answers without a token. A job
// token will do, that of a job of the same project, and so will an access token with the scope api.
//
// A job with `environment:` makes a deployment, too, of the commit of its pipeline, whatever it
// deployed. It is read like any other.
func (p *Project) LastDeployment(ctx context.Context, environment string) (Deployment, error) {
	query := url.Values{
		"environment": {environment},
		"status":      {success},
		"order_by":    {"id"}, // they count up as deployments are made
		"sort":        {"desc"},
		"per_page":    {"1"},
	}
	var found []deployment
	err := p.do(ctx, "look at GitLab's deployments of "+environment, http.MethodGet, deployments, "?"+query.Encode(),
		nil, &found)
	if err != nil || len(found) == 0 {
		return Deployment{}, err
	}
	return Deployment{Environment: environment, Commit: found[0].SHA, Tag: found[0].Ref}, nil
}

// CreateDeployment tells GitLab that a tag's commit was deployed. It needs the role Developer; of
// tokens, those that LastDeployment takes.
//
// If the newest successful deployment of the environment has the same commit and tag, GitLab makes
// none and answers with that one, as if it had been made. So a request that is sent again, since its
// answer was lost, leaves one deployment. GitLab has no lock there: two requests at the same moment
// may leave two alike, which LastDeployment finds as one.
func (p *Project) CreateDeployment(ctx context.Context, made Deployment) error {
	body := deployment{Environment: made.Environment, SHA: made.Commit, Ref: made.Tag, Tag: true, Status: success}
	doing := "make GitLab's deployment of " + made.Tag + " in " + made.Environment
	return p.do(ctx, doing, http.MethodPost, deployments, "", body, nil)
}
