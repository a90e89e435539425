package gitserver

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// release is a release object: https://docs.gitlab.com/api/releases/#create-a-release.
type release struct {
	tag, name, description string
	createdAt, releasedAt  time.Time
	links                  []link
}

// link is one of a release's assets.
type link struct {
	ID         int    `json:"id"`
	Name       string `json:"name"`
	URL        string `json:"url"`
	DirectPath string `json:"direct_asset_path,omitempty"`
	Type       string `json:"link_type"`
}

// input is what a release is made or changed with.
type input struct {
	TagName     string     `json:"tag_name"`
	TagMessage  string     `json:"tag_message"`
	Ref         string     `json:"ref"`
	Name        *string    `json:"name"`
	Description *string    `json:"description"`
	ReleasedAt  *time.Time `json:"released_at"`
	Assets      struct {
		Links []link `json:"links"`
	} `json:"assets"`
}

// read reads the call's body; where it cannot, it returns the answer.
func (c call) read() (in input, status int, body any) {
	if err := json.NewDecoder(c.Body).Decode(&in); err != nil {
		return in, http.StatusBadRequest, map[string]string{"error": "the body is no JSON as documented: " +
			err.Error()}
	}
	for _, l := range in.Assets.Links {
		if l.Name == "" || l.URL == "" {
			return in, http.StatusBadRequest,
				map[string]string{"error": "assets[links][0][name] is missing, assets[links][0][url] is missing"}
		}
	}
	return in, 0, nil
}

// change takes over what is given; it returns what is wrong with it.
func (r *release) change(in input) (complaint string) {
	names, urls := map[string]bool{}, map[string]bool{}
	for _, l := range in.Assets.Links {
		if names[l.Name] || urls[l.URL] {
			return "Validation failed: Links have duplicate values (" + l.Name + ")"
		}
		names[l.Name], urls[l.URL] = true, true
		if l.Type == "" {
			l.Type = "other"
		}
		r.links = append(r.links, l)
	}
	if in.Name != nil {
		r.name = *in.Name
	}
	if in.Description != nil {
		r.description = *in.Description
	}
	if in.ReleasedAt != nil {
		r.releasedAt = *in.ReleasedAt
	}
	return ""
}

// entity is how the API shows a release.
func (r *release) entity(c call) map[string]any {
	page := "/" + c.project + "/-/"
	commit, _ := c.commit("refs/tags/" + r.tag)
	links := []link{}
	return map[string]any{
		"tag_name": r.tag, "name": r.name, "description": r.description,
		"created_at":       r.createdAt.UTC().Format(time.RFC3339Nano),
		"released_at":      r.releasedAt.UTC().Format(time.RFC3339Nano),
		"upcoming_release": r.releasedAt.After(time.Now()),
		"commit":           commit, "commit_path": page + "commit/" + commit["id"].(string),
		"tag_path": page + "tags/" + url.PathEscape(r.tag),
		"assets":   map[string]any{"count": len(r.links), "sources": []any{}, "links": append(links, r.links...)},
		"_links":   map[string]string{"self": c.server.at(c.Request) + page + "releases/" + url.PathEscape(r.tag)},
	}
}

// at is the address that the server was called at.
func (s *Server) at(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// commit is how the API shows the commit that a ref peels to.
func (c call) commit(ref string) (map[string]any, bool) {
	folder, err := c.server.folder(c.project)
	if err != nil {
		return nil, false
	}
	out, err := c.server.command("-C", folder, "log", "-1",
		"--format=%H%x00%P%x00%s%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B",
		"--end-of-options", ref+"^{commit}", "--")
	if err != nil {
		return nil, false
	}
	f := strings.SplitN(strings.TrimSpace(string(out)), "\x00", 10)
	return map[string]any{
		"id": f[0], "short_id": f[0][:8], "parent_ids": strings.Fields(f[1]), "title": f[2], "message": f[9],
		"created_at":  f[8],
		"author_name": f[3], "author_email": f[4], "authored_date": f[5],
		"committer_name": f[6], "committer_email": f[7], "committed_date": f[8],
	}, true
}

// makeTag makes the tag of a release that is made from a ref.
func (c call) makeTag(in input) error {
	folder, err := c.server.folder(c.project)
	if err != nil {
		return err
	}
	args := []string{"-C", folder, "-c", "user.name=Project bot", "-c", "user.email=bot@localhost", "tag"}
	if in.TagMessage != "" {
		args = append(args, "--annotate", "--message="+in.TagMessage)
	}
	_, err = c.server.command(append(args, "--end-of-options", in.TagName, in.Ref)...)
	return err
}

// protected tells whether nobody may create the tag.
func (c call) protected(tag string) bool {
	folder, err := c.server.folder(c.project)
	if err != nil {
		return false
	}
	patterns, _ := os.ReadFile(filepath.Join(folder, "protected-tags"))
	for _, pattern := range strings.Fields(string(patterns)) {
		flat := strings.NewReplacer("/", "\x00") // a * matches a slash, too
		if is, _ := path.Match(flat.Replace(pattern), flat.Replace(tag)); is {
			return true
		}
	}
	return false
}

// admit says whom the API lets in (https://docs.gitlab.com/api/releases/#authentication); a body is its refusal. All
// tokens are those of members who may make releases: what they lack is a scope.
func (s *Server) admit(r *http.Request, project string, write bool) (status int, body any) {
	known, public := s.lookUp(project)
	private, job := r.Header.Get("PRIVATE-TOKEN"), r.Header.Get("JOB-TOKEN")
	if strings.HasPrefix(private, "glcbt-") {
		private = "" // GitLab passes over a job token there
	}
	tokens, member := s.config.Tokens, true
	switch {
	case equal(private, tokens.Project), private == "" && equal(job, tokens.Job):
	case equal(private, tokens.Push), equal(private, tokens.ReadOnly):
		scopes := "api read_api"
		if write {
			scopes = "api"
		}
		return http.StatusForbidden, map[string]string{"error": "insufficient_scope", "scope": scopes,
			"error_description": "The request requires higher privileges than provided by the access token."}
	case private != "" || job != "":
		return problem(http.StatusUnauthorized, "401 Unauthorized")
	default:
		member = false
	}
	switch {
	case !known || !member && !public:
		return problem(http.StatusNotFound, "404 Project Not Found")
	case write && !member:
		return problem(http.StatusForbidden, "403 Forbidden")
	}
	return 0, nil
}
