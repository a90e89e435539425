package gitserver

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// deployments are the deployments and the environments of all projects.
type deployments struct {
	mu           sync.Mutex
	all          map[string][]*deployment  // by project, in the order in which they were made
	environments map[string][]*environment // by project
	ids          int                       // the last deployment's or environment's
}

// deploymentsAPI serves https://docs.gitlab.com/api/deployments/: list, get and create. What is left out: to change and
// delete them, filters by time, approvals, and protected environments. GitLab also takes forms; here a body is JSON.
func (s *Server) deploymentsAPI(mux *http.ServeMux) {
	handle := func(method, path string, write bool, answer func(call) (int, any)) {
		s.handle(mux, method, "deployments"+path, func(c call) (int, any) {
			status, body := s.admitToDeployments(c, write)
			if body != nil {
				return status, body
			}
			s.deployments.mu.Lock()
			defer s.deployments.mu.Unlock()
			return answer(c)
		})
	}
	handle("GET", "", false, s.deployments.list)
	handle("GET", "/{id}", false, s.deployments.get)
	handle("POST", "", true, s.deployments.create)
}

// orders compare deployments by what the parameter order_by names.
var orders = map[string]func(a, b *deployment) int{
	"":           func(a, b *deployment) int { return a.ID - b.ID },
	"id":         func(a, b *deployment) int { return a.ID - b.ID },
	"iid":        func(a, b *deployment) int { return a.IID - b.IID },
	"created_at": func(a, b *deployment) int { return a.ID - b.ID },
	"updated_at": func(a, b *deployment) int {
		return cmp.Or(a.UpdatedAt.Compare(b.UpdatedAt), b.ID-a.ID)
	},
	"ref": func(a, b *deployment) int { return cmp.Compare(a.Ref, b.Ref) },
}

func (all *deployments) list(c call) (int, any) {
	query := c.URL.Query()
	order, known := orders[query.Get("order_by")]
	sort, status := query.Get("sort"), query.Get("status")
	switch {
	case !known:
		return invalid("order_by does not have a valid value")
	case sort != "" && sort != "asc" && sort != "desc":
		return invalid("sort does not have a valid value")
	case status != "" && status != "created" && status != "blocked" && !slices.Contains(statuses, status):
		return invalid("status does not have a valid value")
	}
	found := []*deployment{}
	for _, one := range all.all[c.project] {
		if name := query.Get("environment"); (name == "" || name == one.Environment.Name) &&
			(status == "" || status == one.Status) {
			found = append(found, one)
		}
	}
	slices.SortStableFunc(found, order)
	if sort == "desc" {
		slices.Reverse(found)
	}
	return paginate(c, found)
}

func (all *deployments) get(c call) (int, any) {
	for _, one := range all.all[c.project] {
		if strconv.Itoa(one.ID) == c.PathValue("id") {
			return http.StatusOK, one
		}
	}
	return problem(http.StatusNotFound, "404 Not found")
}

// create makes a deployment, and its environment if there is none. If the environment's last successful deployment is
// the same, GitLab answers with that one.
func (all *deployments) create(c call) (int, any) {
	in, complaint := c.readDeployment()
	if complaint != "" {
		return invalid(complaint)
	}
	if _, there := c.commit(*in.Ref); !there {
		return problem(http.StatusBadRequest, map[string][]string{"ref": {"The branch or tag does not exist"}})
	}
	if complaints := checkEnvironment(*in.Environment); complaints != nil {
		return problem(http.StatusBadRequest, map[string][]string{"name": complaints})
	}
	place := all.environment(c.project, *in.Environment)
	if last := all.last(c.project, place); last != nil && last.Ref == *in.Ref && last.SHA == *in.SHA &&
		last.tag == *in.Tag && last.Status == *in.Status {
		return http.StatusCreated, last
	}
	if _, there := c.commit(*in.SHA); !there {
		return problem(http.StatusBadRequest, map[string][]string{"sha": {"The commit does not exist"}})
	}
	all.ids++
	now := time.Now().UTC()
	made := &deployment{ID: all.ids, IID: len(all.all[c.project]) + 1, Ref: *in.Ref, SHA: *in.SHA, CreatedAt: now,
		UpdatedAt: now, Status: *in.Status, Environment: place, tag: *in.Tag}
	if all.all == nil {
		all.all = map[string][]*deployment{}
	}
	all.all[c.project] = append(all.all[c.project], made)
	return http.StatusCreated, made
}

// environment returns a project's environment, which is made if it is not there.
func (all *deployments) environment(project, name string) *environment {
	for _, one := range all.environments[project] {
		if one.Name == name {
			return one
		}
	}
	all.ids++
	made := &environment{ID: all.ids, Name: name}
	if all.environments == nil {
		all.environments = map[string][]*environment{}
	}
	all.environments[project] = append(all.environments[project], made)
	return made
}

// last returns an environment's last successful deployment, or nil.
func (all *deployments) last(project string, in *environment) *deployment {
	for _, one := range slices.Backward(all.all[project]) {
		if one.Environment == in && one.Status == "success" {
			return one
		}
	}
	return nil
}
