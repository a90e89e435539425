package kubeapi

import (
	"net/http/httptest"
	"testing"
)

func TestClassify(t *testing.T) {
	for _, one := range []struct{ method, target, repository, operation string }{
		{"GET", "/version", "", "non-resource"},
		{"GET", "/api/v1", "", "non-resource"},
		{"GET", "/apis/apps/v1?timeout=32s", "", "non-resource"},
		{"GET", "/api/v1/nodes", "nodes", "list"},
		{"GET", "/api/v1/nodes/node", "nodes", "get"},
		{"POST", "/api/v1/namespaces", "namespaces", "create"},
		{"GET", "/api/v1/namespaces/a", "a/namespaces", "get"},
		{"DELETE", "/api/v1/namespaces/a", "a/namespaces", "delete"},
		{"PUT", "/api/v1/namespaces/a/finalize", "a/namespaces/finalize", "update"},
		{"POST", "/api/v1/namespaces/a/secrets?fieldManager=helm", "a/secrets", "create"},
		{"PUT", "/api/v1/namespaces/a/secrets/sh.helm.release.v1.a.v1", "a/secrets", "update"},
		{"GET", "/api/v1/namespaces/a/secrets?labelSelector=owner%3Dhelm", "a/secrets", "list"},
		{"GET", "/api/v1/namespaces/a/pods?watch=true", "a/pods", "watch"},
		{"GET", "/api/v1/namespaces/a/pods/p/log?follow=true", "a/pods/log", "get"},
		{"PATCH", "/apis/apps/v1/namespaces/a/deployments/d?force=true", "a/deployments", "patch"},
		{"DELETE", "/apis/apps/v1/namespaces/a/deployments/d", "a/deployments", "delete"},
		{"DELETE", "/api/v1/namespaces/a/pods", "a/pods", "deletecollection"},
		{"GET", "/apis/apps/v1/deployments", "deployments", "list"},
	} {
		repository, operation := Classify(httptest.NewRequest(one.method, one.target, nil))
		if repository != one.repository || operation != one.operation {
			t.Errorf("%s %s is %s of %q, want %s of %q", one.method, one.target, operation, repository,
				one.operation, one.repository)
		}
	}
}
