package gitserver

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// environment is one of a project's environments.
type environment struct {
	ID          int     `json:"id"`
	Name        string  `json:"name"`
	ExternalURL *string `json:"external_url"`
}

// deployment is how the API shows one: https://docs.gitlab.com/api/deployments/#create-a-deployment. All are made
// by calls, none by jobs. The user is left out.
type deployment struct {
	ID          int          `json:"id"`
	IID         int          `json:"iid"` // counts in the project
	Ref         string       `json:"ref"`
	SHA         string       `json:"sha"`
	CreatedAt   time.Time    `json:"created_at"`
	UpdatedAt   time.Time    `json:"updated_at"`
	Status      string       `json:"status"`
	Environment *environment `json:"environment"`
	Deployable  *struct{}    `json:"deployable"` // the job
	tag         bool
}

// statuses are those that a call may give.
var statuses = []string{"running", "success", "failed", "canceled"}

// deploymentInput is what a deployment is made with.
type deploymentInput struct {
	Environment *string `json:"environment"`
	SHA         *string `json:"sha"`
	Ref         *string `json:"ref"`
	Tag         *bool   `json:"tag"`
	Status      *string `json:"status"`
}

// readDeployment reads the call's body; complaint is what is wrong with it.
func (c call) readDeployment() (in deploymentInput, complaint string) {
	if err := json.NewDecoder(c.Body).Decode(&in); err != nil {
		return in, "the body is no JSON as documented: " + err.Error()
	}
	var complaints []string
	for _, field := range []struct {
		name  string
		value *string
	}{{"environment", in.Environment}, {"sha", in.SHA}, {"ref", in.Ref}} {
		switch {
		case field.value == nil:
			complaints = append(complaints, field.name+" is missing")
		case *field.value == "":
			complaints = append(complaints, field.name+" is empty")
		}
	}
	if in.Tag == nil {
		complaints = append(complaints, "tag is missing")
	}
	switch {
	case in.Status == nil:
		complaints = append(complaints, "status is missing")
	case !slices.Contains(statuses, *in.Status):
		complaints = append(complaints, "status does not have a valid value")
	}
	return in, strings.Join(complaints, ", ")
}

// environmentName is a name as GitLab allows it.
var environmentName = regexp.MustCompile(`^[A-Za-z0-9_${}. -]([A-Za-z0-9_/${}. -]*[A-Za-z0-9_${}. -])?$`)

// maxEnvironmentName is how many characters such a name may have.
const maxEnvironmentName = 255

// checkEnvironment returns what is wrong with an environment's name.
func checkEnvironment(name string) (complaints []string) {
	if len(name) > maxEnvironmentName {
		complaints = append(complaints, "is too long (maximum is 255 characters)")
	}
	if !environmentName.MatchString(name) {
		complaints = append(complaints, "can contain only letters, digits, '-', '_', '/', '$', '{', '}', '.', "+
			"and spaces, but it cannot start or end with '/'")
	}
	return complaints
}

// admitToDeployments says whom this part of the API lets in: like admit, but nobody without a token, not even to read
// a public project.
func (s *Server) admitToDeployments(c call, write bool) (status int, body any) {
	if c.Header.Get("PRIVATE-TOKEN") == "" && c.Header.Get("JOB-TOKEN") == "" {
		return problem(http.StatusUnauthorized, "401 Unauthorized")
	}
	return s.admit(c.Request, c.project, write)
}
