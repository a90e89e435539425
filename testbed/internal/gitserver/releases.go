package gitserver

import (
	"net/http"
	"slices"
	"sync"
	"time"
)

// releases are the release objects of all projects, by project and tag.
type releases struct {
	mu  sync.Mutex
	all map[string]map[string]*release
	ids int // the last link's
}

// releasesAPI serves https://docs.gitlab.com/api/releases/: list, get, create, update and delete. Milestones and
// evidence are left out.
func (s *Server) releasesAPI(mux *http.ServeMux) {
	handle := func(method, path string, write bool, answer func(call) (int, any)) {
		s.handle(mux, method, "releases"+path, func(c call) (int, any) {
			status, body := s.admit(c.Request, c.project, write)
			if body != nil {
				return status, body
			}
			s.releases.mu.Lock()
			defer s.releases.mu.Unlock()
			s.releases.forget(c)
			return answer(c)
		})
	}
	handle("GET", "", false, s.releases.list)
	handle("GET", "/{tag}", false, s.releases.get)
	handle("POST", "", true, s.releases.create)
	handle("PUT", "/{tag}", true, s.releases.update)
	handle("DELETE", "/{tag}", true, s.releases.delete)
}

// forget drops the releases whose tags are gone: "Deleting a Git tag associated with a release also deletes the
// release" (https://docs.gitlab.com/user/project/releases/).
func (all *releases) forget(c call) {
	for tag := range all.all[c.project] {
		if _, there := c.commit("refs/tags/" + tag); !there {
			delete(all.all[c.project], tag)
		}
	}
}

func (all *releases) list(c call) (int, any) {
	out := []any{}
	var found []*release
	for _, r := range all.all[c.project] {
		found = append(found, r)
	}
	slices.SortFunc(found, func(a, b *release) int { return b.releasedAt.Compare(a.releasedAt) })
	for _, r := range found {
		out = append(out, r.entity(c))
	}
	return http.StatusOK, out
}

func (all *releases) get(c call) (int, any) {
	r := all.all[c.project][c.tag]
	if r == nil {
		return problem(http.StatusNotFound, "404 Not Found")
	}
	return http.StatusOK, r.entity(c)
}

func (all *releases) create(c call) (int, any) {
	in, status, body := c.read()
	switch {
	case body != nil:
		return status, body
	case in.TagName == "":
		return http.StatusBadRequest, map[string]string{"error": "tag_name is missing"}
	case c.protected(in.TagName):
		return problem(http.StatusForbidden, "You are not allowed to create this tag as it is protected.")
	case all.all[c.project][in.TagName] != nil:
		return problem(http.StatusConflict, "Release already exists")
	}
	if _, there := c.commit("refs/tags/" + in.TagName); !there {
		if in.Ref == "" {
			return problem(http.StatusUnprocessableEntity, "Ref is not specified")
		}
		if err := c.makeTag(in); err != nil {
			return problem(http.StatusBadRequest, "Target "+in.Ref+" is invalid")
		}
	}
	made := &release{tag: in.TagName, name: in.TagName, createdAt: time.Now(), releasedAt: time.Now()}
	if complaint := made.change(in); complaint != "" {
		return problem(http.StatusBadRequest, complaint)
	}
	for i := range made.links {
		all.ids++
		made.links[i].ID = all.ids
	}
	if all.all == nil {
		all.all = map[string]map[string]*release{}
	}
	if all.all[c.project] == nil {
		all.all[c.project] = map[string]*release{}
	}
	all.all[c.project][in.TagName] = made
	return http.StatusCreated, made.entity(c)
}

func (all *releases) update(c call) (int, any) {
	r := all.all[c.project][c.tag]
	if r == nil { // who may change what is not there
		return problem(http.StatusForbidden, "403 Forbidden")
	}
	in, status, body := c.read()
	if body != nil {
		return status, body
	}
	if in.Name == nil && in.Description == nil && in.ReleasedAt == nil {
		return problem(http.StatusBadRequest, "params is empty")
	}
	in.Assets.Links = nil // they have an API of their own
	if complaint := r.change(in); complaint != "" {
		return problem(http.StatusBadRequest, complaint)
	}
	return http.StatusOK, r.entity(c)
}

func (all *releases) delete(c call) (int, any) {
	r := all.all[c.project][c.tag]
	if r == nil {
		return problem(http.StatusForbidden, "403 Forbidden")
	}
	delete(all.all[c.project], c.tag)
	return http.StatusOK, r.entity(c)
}
