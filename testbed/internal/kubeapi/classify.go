package kubeapi

import (
	"net/http"
	"strings"
)

// Classify names what a request is about and its verb, as package control describes them. The paths and verbs:
// https://kubernetes.io/docs/reference/using-api/api-concepts/ and
// https://kubernetes.io/docs/reference/access-authn-authz/authorization/#determine-the-request-verb
func Classify(r *http.Request) (repository, operation string) {
	part := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case part[0] == "api" && len(part) > 2: // api/VERSION
		part = part[2:]
	case part[0] == "apis" && len(part) > 3: // apis/GROUP/VERSION
		part = part[3:]
	default:
		return "", "non-resource"
	}
	namespace := ""
	if part[0] == "namespaces" && len(part) > 1 {
		namespace = part[1] + "/"
		if len(part) > 2 && part[2] != "status" && part[2] != "finalize" {
			part = part[2:] // what is in the namespace; otherwise it is the namespace itself
		}
	}
	resource, named := part[0], len(part) > 1
	if len(part) > 2 {
		resource += "/" + part[2]
	}
	return namespace + resource, verb(r, named)
}

// verb is Kubernetes' own word for a method, on one object or on all of a kind.
func verb(r *http.Request, named bool) string {
	query := r.URL.Query()
	switch r.Method {
	case http.MethodPost:
		return "create"
	case http.MethodPut:
		return "update"
	case http.MethodPatch:
		return "patch"
	case http.MethodDelete:
		if named {
			return "delete"
		}
		return "deletecollection"
	}
	switch watch := query.Get("watch"); {
	case watch == "1" || watch == "true":
		return "watch"
	case named:
		return "get"
	}
	return "list"
}
