// Package gitlab reads and writes what a GitLab project knows of releases, through its REST API: the
// release objects under Deploy > Releases (https://docs.gitlab.com/api/releases/), and the
// deployments under Operate > Environments (https://docs.gitlab.com/api/deployments/).
//
// GitLab's own client for Go covers the whole API, but five requests are enough here: the client
// would add 7.5 MB to the module.
package gitlab

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"dagger/ship/internal/network"
)

// Project is a project on a GitLab instance, and who calls.
type Project struct {
	API   string // https://host/api/v4
	Path  string // group/name
	User  string // the git remote's: gitlab-ci-token is what a job token goes with
	Token string // a job token, or an access token with the scope api; empty: anonymous, which may be enough to read

	Client *network.Client
}

// Release is a release object: what is told of a tag.
type Release struct {
	Tag         string `json:"tag_name"`
	Name        string `json:"name,omitempty"` // its title
	Description string `json:"description"`    // Markdown
}

var (
	// ErrNotFound is wrapped by Get's error if the tag has no release object.
	ErrNotFound = errors.New("GitLab has no such release")
	// ErrExists is wrapped by Create's error if the tag has a release object already.
	ErrExists = errors.New("GitLab has that release already")
	// ErrRefused is wrapped by errors about the token: missing, wrong, or without the right.
	ErrRefused = errors.New("GitLab refused the token")
)

// Check returns an error if api cannot be the address of GitLab's API.
func Check(api string) error {
	u, err := url.Parse(api)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.RawQuery != "" ||
		!strings.HasSuffix(u.Path, "/api/v4") {
		return errors.New("not the address of GitLab's API: write it as https://gitlab.example.com/api/v4, or in a " +
			"job ${CI_API_V4_URL}")
	}
	return nil
}

// ProjectOf returns the path of the project, group/name, whose git remote this is on the instance
// with that API.
func ProjectOf(api, remote string) (string, error) {
	instance, err := url.Parse(api)
	if err != nil {
		return "", errors.New("not a URL")
	}
	project, err := url.Parse(remote)
	if err != nil {
		return "", errors.New("the git remote's address is not a URL")
	}
	// an instance may be below a path, https://host/gitlab, and so do its projects
	below := strings.TrimSuffix(instance.Path, "/api/v4") + "/"
	path := strings.TrimSuffix(strings.Trim(strings.TrimPrefix(project.Path, below), "/"), ".git")
	if !strings.Contains(path, "/") {
		return "", fmt.Errorf("%s is not a project on GitLab: its path must be GROUP/NAME", remote)
	}
	return path, nil
}

// Get returns the tag's release object. Its error wraps ErrNotFound if there is none.
func (p *Project) Get(ctx context.Context, tag string) (release Release, err error) {
	err = p.do(ctx, "look at GitLab's release "+tag, http.MethodGet, releases, "/"+url.PathEscape(tag), nil, &release)
	return release, err
}

// Create makes a release object for a tag that is there. Its error wraps ErrExists if there is one
// already, whatever it says.
func (p *Project) Create(ctx context.Context, release Release) error {
	return p.do(ctx, "make GitLab's release "+release.Tag, http.MethodPost, releases, "", release, nil)
}

// Describe changes the description of the tag's release object, which must exist. Its name and date
// stay.
func (p *Project) Describe(ctx context.Context, tag, description string) error {
	body := map[string]string{"description": description}
	return p.do(ctx, "change GitLab's release "+tag, http.MethodPut, releases, "/"+url.PathEscape(tag), body, nil)
}

// part is a part of a project's API.
type part struct {
	path string
	asks string // what else than a role may keep a token from writing there
}

var releases = part{
	"/releases",
	"if Settings > Repository > Protected tags has a rule for the tag, that role must be " +
		"allowed to create it; Settings > General > Visibility must have Releases on",
}

// do sends a request about a part of the project, with the token in each header that may be right.
// Below is the rest of the address: a path, a query, or both.
func (p *Project) do(ctx context.Context, doing, method string, of part, below string, body, into any) error {
	if p.Token == "" && method != http.MethodGet {
		return fmt.Errorf("%s: no token was given: name one with --token", doing)
	}
	var sent []byte
	if body != nil {
		var err error
		if sent, err = json.Marshal(body); err != nil {
			return err
		}
	}
	address := strings.TrimSuffix(p.API, "/") + "/projects/" + url.PathEscape(p.Path) + of.path + below
	return p.Client.Do(ctx, doing, func(ctx context.Context) (err error) {
		for _, header := range p.headers() {
			if err = p.send(ctx, method, address, header, sent, into); !errors.Is(err, errUnknownToken) {
				return p.explain(err, of)
			}
		}
		return p.explain(err, of)
	})
}

// noRedirects makes the client return a redirect and not follow it: to follow one could send the
// token to another server.
func noRedirects(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func (p *Project) send(ctx context.Context, method, address, header string, body []byte, into any) error {
	request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Accept", "application/json")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if p.Token != "" {
		request.Header.Set(header, p.Token)
	}
	client := *p.Client.HTTP
	client.CheckRedirect = noRedirects
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 8<<20)) // GitLab allows descriptions of 1 MB
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if response.StatusCode != http.StatusOK && response.StatusCode != http.StatusCreated {
		return refusal(response, answer)
	}
	if into == nil {
		into = new(map[string]any)
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("%w: the answer is not JSON", errNoAPI)
	}
	return nil
}

// headers are how a token may be sent (https://docs.gitlab.com/api/releases/#authentication).
func (p *Project) headers() []string {
	const job, access = "JOB-TOKEN", "PRIVATE-TOKEN"
	switch KindOf(p.User, p.Token) {
	case JobToken:
		return []string{job}
	case AccessToken:
		return []string{access}
	}
	return []string{job, access}
}
