// Package control is what tests use to watch and disturb the testbed's git server, registries and Kubernetes API while
// they run.
//
// Each server has a control address of its own in testbed.json (git.control, registry.control, mirror.control,
// cluster.control), always on loopback. What a server answers over TLS is disturbed and logged together with the
// rest. Of the cluster's API only what goes through the kubeconfig cluster.disturbed is: the cluster's own parts, and
// who uses cluster.kubeconfig, always get through. A control address speaks JSON:
//
//	GET    /requests              every request since the last reset, oldest first ([]Request)
//	DELETE /requests              forget them
//	GET    /faults                the faults set, with how often each was applied ([]Fault)
//	POST   /faults                set one (Fault); answers it with its id
//	DELETE /faults                end all; requests that are held go on
//	DELETE /faults/ID             end one
//	POST   /stop                  close its ports: connections are refused from now on, open ones are cut
//	POST   /start                 open the same ports again
//
// The git server also has:
//
//	GET    /repositories                    []Repository
//	POST   /repositories                    create one (Repository)
//	PUT    /repositories/PATH               change all of its settings (Repository)
package control

import "time"

// Kinds of Fault.
const (
	// Delay waits Milliseconds, then goes on as usual.
	Delay = "delay"
	// Hang holds the request until the fault is ended or the client goes away.
	Hang = "hang"
	// Status answers with the HTTP status Status (503 unless given) without handling the request.
	Status = "status"
	// CutRequest closes the connection once Bytes of the request's body were read; nothing is handled.
	CutRequest = "cut-request"
	// CutResponse handles the request in full, then closes the connection after Bytes of the answer's body. With Bytes
	// 0 not even the status line is sent: the work is done, and the client cannot know. A watch, or a log that is
	// followed, is cut once that much was sent.
	CutResponse = "cut-response"
	// Barrier holds requests until Parties of them have arrived, then lets them all go on together.
	Barrier = "barrier"
)

// Fault is one disturbance. Empty Repository, Operation and Method match every request of the server.
type Fault struct {
	ID string `json:"id,omitempty"`
	// Repository is the path as in the URL without a leading slash and ".git", for example "group/app". On the
	// cluster's API it is NAMESPACE/RESOURCE or NAMESPACE/RESOURCE/SUBRESOURCE ("shop-test/secrets",
	// "shop-test/pods/log"), for a namespace itself NAMESPACE/namespaces, and RESOURCE alone for all that is in no
	// namespace, for new namespaces, and for a resource in all namespaces. A * at its end stands for anything:
	// "shop-test/*" is all in that namespace.
	Repository string `json:"repository,omitempty"`
	// Operation is advertise-fetch, fetch, advertise-push, push, lfs-batch, lfs-download, lfs-upload, releases or
	// deployments (GitLab's API) on the git server, and base, manifest-read, manifest-write, blob-read, blob-write or
	// tags on a registry. On the cluster's API it is Kubernetes' verb: get, list, watch, create, update, patch, delete
	// or deletecollection (of a subresource too: to follow a log is get), and non-resource for discovery, version and
	// health. Helm keeps its revisions in secrets: it creates one when an operation begins and updates it when that has
	// ended.
	Operation string `json:"operation,omitempty"`
	Method    string `json:"method,omitempty"`

	// Kind is one of the constants above.
	Kind         string `json:"kind"`
	Milliseconds int    `json:"milliseconds,omitempty"`
	Status       int    `json:"status,omitempty"`
	Bytes        int64  `json:"bytes,omitempty"`
	Parties      int    `json:"parties,omitempty"`
	// After applies Delay and Hang once the request was handled, before any of the answer is sent.
	After bool `json:"after,omitempty"`

	// Skip lets that many matching requests through first.
	Skip int `json:"skip,omitempty"`
	// Count ends the fault after that many applications; 0 keeps it until it is ended.
	Count int `json:"count,omitempty"`

	// Hits says how often it was applied, Waiting how many requests it holds now. Answers only.
	Hits    int `json:"hits"`
	Waiting int `json:"waiting"`
}

// Request is one line of the request log. It is written when the request ends, whichever way.
type Request struct {
	Time         time.Time `json:"time"`
	Method       string    `json:"method"`
	Path         string    `json:"path"`
	Repository   string    `json:"repository,omitempty"`
	Operation    string    `json:"operation,omitempty"`
	User         string    `json:"user,omitempty"`
	Agent        string    `json:"agent,omitempty"`
	TLS          bool      `json:"tls,omitempty"` // whether it came over TLS
	Status       int       `json:"status"`        // 0 when the connection was closed without an answer
	In           int64     `json:"in"`            // bytes of the request's body that were read
	Out          int64     `json:"out"`           // bytes of the answer's body
	Milliseconds int64     `json:"milliseconds"`
	Fault        string    `json:"fault,omitempty"` // kind of the fault that was applied
	// Command is git's protocol v2 command, ls-refs or fetch, of a fetch.
	Command string `json:"command,omitempty"`
	// Refs and PushOptions are what a push asked for, and for each ref what became of it.
	Refs        []RefUpdate `json:"refs,omitempty"`
	PushOptions []string    `json:"pushOptions,omitempty"`
}

// RefUpdate is one command of a push: Old is forty zeros for a new ref, New for a deletion.
type RefUpdate struct {
	Name   string `json:"name"`
	Old    string `json:"old"`
	New    string `json:"new"`
	Result string `json:"result"` // "ok", or git's reason for the refusal; empty when the server did not say
}

// Repository is a bare repository of the git server. Path is "group/name", with subgroups where wanted.
type Repository struct {
	Path   string `json:"path"`
	Public bool   `json:"public"`
	// ProtectedTags are GitLab's wildcards, for example "v*": nobody's push may create, move or delete such a tag.
	ProtectedTags []string `json:"protectedTags"`
	// NoJobPush switches GitLab's "allow Git push requests" for job tokens off, as it is there by default.
	NoJobPush bool `json:"noJobPush,omitempty"`
}
