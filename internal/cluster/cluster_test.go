package cluster

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dagger/querybuilder"

	"dagger/ship/internal/converge"
	"dagger/ship/internal/dagger"
	"dagger/ship/internal/helm"
	"dagger/ship/internal/report"
	"dagger/ship/internal/tools"
	"dagger/ship/internal/version"
)

// recorded answers programs as a cluster did that had these revisions. What it is told to do is
// written down.
type recorded struct {
	t         *testing.T
	revisions []kept
	now       time.Time // by the cluster's clock
	did       []string
	objects   string                                      // what kubectl get answers
	acts      map[string]func(args []string) tools.Answer // by Helm's command
	rival     string                                      // who claims a revision first
}

// kept is a revision as Helm keeps it.
type kept struct {
	number      int
	status      string
	tag, digest string
	description string
	labels      map[string]string
	manifest    string
	created     time.Time
}

func (r *recorded) Plain() *dagger.Container {
	return (&dagger.Container{}).WithGraphQLQuery(querybuilder.Query().Select("container"))
}
func (r *recorded) Cluster() *dagger.Container           { return r.Plain() }
func (r *recorded) Secret(string, string) *dagger.Secret { return nil }

func (r *recorded) Helm() (helm.Version, error) {
	return helm.Version{Major: 4, Minor: 3}, nil
}
func (r *recorded) Repeat(ctx context.Context, c *dagger.Container, args []string) error {
	answer, err := r.Act(ctx, c, args)
	if err == nil && answer.Code != 0 {
		err = fmt.Errorf("%s", answer.Failure())
	}
	return err
}

func (r *recorded) Run(ctx context.Context, c *dagger.Container, args []string) (tools.Answer, error) {
	return r.Act(ctx, c, args)
}

func (r *recorded) Ask(_ context.Context, _ *dagger.Container, args []string) (tools.Answer, error) {
	line := strings.Join(args, " ")
	switch {
	case strings.HasPrefix(line, "sh -c kubectl get --raw"), strings.HasPrefix(line, "sh -c timeout"):
		return tools.Answer{Stdout: r.list() + "\n--- refused ---\n" + r.objects + "\n--- refused ---\n"}, nil
	case strings.Contains(line, "get --raw"):
		return tools.Answer{Stdout: r.list()}, nil
	case strings.Contains(line, "deployments,statefulsets"):
		return tools.Answer{}, nil
	case strings.HasPrefix(line, "helm history"):
		return tools.Answer{Stdout: r.history()}, nil
	case strings.HasPrefix(line, "kubectl get secrets"):
		marks := ""
		for _, k := range r.revisions {
			if label := k.labels[helm.RolloutLabel]; label != "" {
				marks += fmt.Sprintf("%d %s\n", k.number, label)
			}
		}
		return tools.Answer{Stdout: marks}, nil
	case strings.Contains(line, "ship-clock"):
		return tools.Answer{Stdout: r.now.Format(time.RFC3339)}, nil
	case strings.HasPrefix(line, "kubectl patch"):
		last := &r.revisions[len(r.revisions)-1]
		var operations []struct{ Op, Path, Value string }
		if err := json.Unmarshal([]byte(args[slices.Index(args, "--patch")+1]), &operations); err == nil &&
			len(operations) == 2 && operations[1].Op == "add" {
			r.did = append(r.did, "claim")
			code := 0
			if r.rival != "" {
				operations[1].Value, code = "2.160."+r.rival, 1
			}
			last.labels = maps.Clone(last.labels)
			if last.labels == nil {
				last.labels = map[string]string{}
			}
			last.labels[helm.ClaimLabel] = operations[1].Value
			return tools.Answer{Code: code}, nil
		} else if len(operations) == 2 && strings.HasSuffix(operations[1].Path, helm.ClaimLabel) {
			r.did = append(r.did, "unclaim")
			delete(last.labels, helm.ClaimLabel)
		} else if operations[0].Op == "add" {
			r.did = append(r.did, "fail")
			last.labels = map[string]string{helm.RolloutLabel: operations[0].Value}
		} else {
			r.did = append(r.did, "settle")
			last.labels = nil
		}
		return tools.Answer{}, nil
	}
	r.t.Errorf("nobody has recorded what is answered to %q", line)
	return tools.Answer{Code: 1}, nil
}

func (r *recorded) Act(_ context.Context, _ *dagger.Container, args []string) (tools.Answer, error) {
	at := slices.Index(args, "helm")
	command := args[at+1]
	if command == "rollback" {
		command += " " + args[at+3]
	}
	r.did = append(r.did, command)
	act := r.acts[command]
	if act == nil {
		r.t.Errorf("nobody has recorded what %q does", command)
		return tools.Answer{Code: 1}, nil
	}
	answer := act(args)
	if answer.Code == 0 && answer.Stdout == "" {
		answer.Stdout = r.list()
	}
	return answer, nil
}

func (r *recorded) list() string {
	var items []map[string]any
	for _, k := range r.revisions {
		if k.status == "superseded" {
			continue // it is not asked for
		}
		data, _ := json.Marshal(map[string]any{
			"name": "shop", "version": k.number,
			"info":     map[string]any{"status": k.status, "description": k.description, "last_deployed": k.created},
			"manifest": k.manifest,
			"config": map[string]any{
				"image": map[string]any{"repository": "r/shop", "tag": k.tag, "digest": k.digest},
			},
		})
		var compressed bytes.Buffer
		w := gzip.NewWriter(&compressed)
		_, _ = w.Write(data)
		_ = w.Close()
		release := base64.StdEncoding.EncodeToString([]byte(base64.StdEncoding.EncodeToString(compressed.Bytes())))
		items = append(items, map[string]any{
			"metadata": map[string]any{"labels": k.labels, "creationTimestamp": k.created},
			"data":     map[string]any{"release": release},
		})
	}
	data, _ := json.Marshal(map[string]any{"items": items})
	return string(data)
}

func (r *recorded) history() string {
	var entries []helm.Entry
	for _, k := range r.revisions {
		entries = append(entries, helm.Entry{Revision: k.number, Status: k.status, Description: k.description})
	}
	data, _ := json.Marshal(entries)
	return strings.NewReplacer(`"Revision"`, `"revision"`, `"Status"`, `"status"`, `"Description"`, `"description"`).
		Replace(string(data))
}

// upgrade makes the next revision.
func (r *recorded) upgrade(tag string) {
	for i := range r.revisions {
		if r.revisions[i].status == "deployed" {
			r.revisions[i].status = "superseded"
		}
	}
	r.revisions = append(
		r.revisions,
		kept{len(r.revisions) + 1, "deployed", tag, "sha256:" + tag, "Upgrade complete", nil, "", r.now},
	)
}

// recovery makes revision 3, by which Ship goes back to the first one.
func (r *recorded) recovery([]string) tools.Answer {
	r.upgrade("1.0.0")
	r.revisions[2].description = "Rollback to 1 after a failure, by Ship in 80 s at most"
	return tools.Answer{}
}

// ended checks what was done, and what runs then.
func (r *recorded) ended(did, runs string) {
	r.t.Helper()
	if got := strings.Join(r.did, " "); got != did {
		r.t.Errorf("it did %q, want %q", got, did)
	}
	if last := r.revisions[len(r.revisions)-1]; last.tag != runs {
		r.t.Errorf("it runs %s, want %s", last.tag, runs)
	}
}

func newRecorded(t *testing.T) *recorded {
	r := &recorded{
		t:    t,
		now:  time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		acts: map[string]func([]string) tools.Answer{},
	}
	r.upgrade("1.0.0")
	return r
}

func (r *recorded) environment(t *testing.T) *Environment {
	c := &Cluster{
		Timeout:  time.Minute,
		Deadline: time.Second,
		ID:       "A",
		Redactor: &report.Redactor{},
		Context:  t.Context(),
	}
	return &Environment{
		Cluster: c, Tools: r, Release: "shop", Slots: helm.DefaultSlots,
		Target: helm.Target{Name: "live", Namespace: "shop", Strategy: helm.Upgrade},
		Say:    func(text string) { t.Log(text) },
	}
}

func wanted(t *testing.T, r *recorded, text string) Wanted {
	t.Helper()
	v, err := version.Parse(version.SemVer, text)
	if err != nil {
		t.Fatal(err)
	}
	image := helm.Image{Repository: "r/shop", Tag: text, Digest: "sha256:" + text}
	folder := (&dagger.Directory{}).WithGraphQLQuery(querybuilder.Query().Select("directory"))
	return Wanted{
		Chart: Chart{chart: folder, values: folder}, Images: helm.Images{image},
		Facts: converge.Facts{Name: text, Version: v, Images: []converge.Image{{Digest: image.Digest}}},
	}
}

// overtaken is what Helm says if the chart does not render as the revision that was to be made.
const overtaken = "Error: UPGRADE FAILED: execution error at (shop/" + helm.ComparePath + ":1:42): " + helm.Taken

func TestDeploy(t *testing.T) {
	const byShip = "ship-operation"
	for name, c := range map[string]struct {
		before func(*recorded)
		acts   func(*recorded) map[string]func([]string) tools.Answer
		said   string // of what it says, or of its error
		failed bool
		did    string
		runs   string
	}{
		"behind": {
			said: "shop runs r/shop:1.1.0@sha256:1.1.0", did: "upgrade", runs: "1.1.0",
		},
		"there already": {
			before: func(r *recorded) { r.upgrade("1.1.0") },
			said:   "live runs 1.1.0 by now", runs: "1.1.0",
		},
		"a newer one": {
			before: func(r *recorded) { r.upgrade("1.2.0") },
			said:   "live runs 1.2.0, which is newer by now", runs: "1.2.0",
		},
		"overtaken before Helm looked": {
			acts: func(r *recorded) map[string]func([]string) tools.Answer {
				return map[string]func([]string) tools.Answer{"upgrade": func([]string) tools.Answer {
					r.upgrade("1.2.0") // by another release; the chart does not render as the revision after that
					return tools.Answer{Code: 1, Stderr: overtaken}
				}}
			},
			said: "live runs 1.2.0, which is newer by now", did: "upgrade", runs: "1.2.0",
		},
		"overtaken after Helm was done": {
			acts: func(r *recorded) map[string]func([]string) tools.Answer {
				return map[string]func([]string) tools.Answer{"upgrade": func([]string) tools.Answer {
					r.upgrade("1.1.0")
					r.upgrade("1.2.0")
					return tools.Answer{}
				}}
			},
			said: "live runs 1.2.0, which is newer by now", did: "upgrade", runs: "1.2.0",
		},
		"taken back by a person meanwhile": {
			acts: func(r *recorded) map[string]func([]string) tools.Answer {
				return map[string]func([]string) tools.Answer{"upgrade": func([]string) tools.Answer {
					r.upgrade("1.1.0")
					r.upgrade("1.0.0")
					r.revisions[2].description = "Rollback to 1"
					return tools.Answer{}
				}}
			},
			said: "live runs 1.0.0, rolled back from 1.1.0", failed: true, did: "upgrade", runs: "1.0.0",
		},
		"after somebody deleted the last record": {
			before: func(r *recorded) { r.revisions[0].status = "superseded" },
			acts: func(r *recorded) map[string]func([]string) tools.Answer {
				return map[string]func([]string) tools.Answer{"upgrade": func(args []string) tools.Answer {
					if !strings.Contains(strings.Join(args, " "), "ship-operation=2.") {
						return tools.Answer{Code: 1, Stderr: overtaken}
					}
					r.upgrade("1.1.0")
					return tools.Answer{}
				}}
			},
			said: "shop runs r/shop:1.1.0@sha256:1.1.0", did: "upgrade upgrade", runs: "1.1.0",
		},
		"left by a run that died while it waited": {
			before: func(r *recorded) {
				r.upgrade("1.0.5")
				r.revisions[1].labels = map[string]string{byShip: "2.80", helm.RolloutLabel: "2"}
				r.revisions[1].manifest = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n"
				r.now = r.now.Add(81 * time.Second)
			},
			acts: func(r *recorded) map[string]func([]string) tools.Answer {
				return map[string]func([]string) tools.Answer{"rollback 1": r.recovery}
			},
			said: "revision 2 was left pending-rollout by a run that died: rolled back to revision 1; " +
				"shop runs r/shop:1.1.0@sha256:1.1.0",
			did: "claim rollback 1 upgrade", runs: "1.1.0",
		},
		"left by a run that died while it waited, after one that failed": {
			before: func(r *recorded) {
				r.upgrade("1.0.5")
				r.revisions[0].status = "failed"
				r.revisions[1].labels = map[string]string{byShip: "2.80", helm.RolloutLabel: "2"}
				r.revisions[1].manifest = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n"
				r.now = r.now.Add(81 * time.Second)
			},
			said: "revision 2 was left pending-rollout by a run that died: left as it is, since no earlier " +
				"revision ran; shop runs r/shop:1.1.0@sha256:1.1.0",
			did: "fail upgrade", runs: "1.1.0",
		},
		"left by a run that died, and ready": {
			before: func(r *recorded) {
				r.upgrade("1.0.5")
				r.revisions[1].labels = map[string]string{byShip: "2.80", helm.RolloutLabel: "2"}
				r.now = r.now.Add(81 * time.Second)
			},
			said: "revision 2 was left pending-rollout by a run that died, and is ready; " +
				"shop runs r/shop:1.1.0@sha256:1.1.0",
			did: "settle upgrade", runs: "1.1.0",
		},
		"never ready": {
			acts: func(r *recorded) map[string]func([]string) tools.Answer {
				return map[string]func([]string) tools.Answer{
					"upgrade": func([]string) tools.Answer {
						r.upgrade("1.1.0")
						r.revisions[1].labels = map[string]string{helm.RolloutLabel: "2"}
						r.revisions[1].manifest = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n"
						r.objects = `{"kind":"Deployment","metadata":{"name":"web","namespace":"shop"},"status":{"conditions":[
							{"type":"Progressing","status":"False","reason":"ProgressDeadlineExceeded"}]}}`
						return tools.Answer{}
					},
					"rollback 1": r.recovery,
				}
			},
			said:   "the rollout failed: deployment web: 0 of 1 pods are ready\n\nrolled back to revision 1",
			failed: true, did: "upgrade fail claim rollback 1", runs: "1.0.0",
		},
		"left by a run that died": {
			before: func(r *recorded) {
				r.upgrade("1.0.5")
				r.revisions[1].status, r.revisions[1].description = "pending-upgrade", "Preparing upgrade"
				r.revisions[1].labels = map[string]string{byShip: "2.80"}
				r.revisions[0].status = "deployed"
				r.now = r.now.Add(81 * time.Second)
			},
			acts: func(r *recorded) map[string]func([]string) tools.Answer {
				return map[string]func([]string) tools.Answer{"rollback 1": r.recovery}
			},
			said: "revision 2 was left pending-upgrade by a run that died: rolled back to revision 1; " +
				"shop runs r/shop:1.1.0@sha256:1.1.0",
			did: "claim rollback 1 upgrade", runs: "1.1.0",
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRecorded(t)
			r.acts["upgrade"] = func([]string) tools.Answer { r.upgrade("1.1.0"); return tools.Answer{} }
			if c.before != nil {
				c.before(r)
			}
			if c.acts != nil {
				for command, act := range c.acts(r) {
					r.acts[command] = act
				}
			}
			// what a revision ran that Helm is asked for by number
			e := r.environment(t)
			e.Tools = values{r}
			said, err := e.Deploy(t.Context(), wanted(t, r, "1.1.0"))
			if err != nil {
				said = err.Error()
			}
			if (err != nil) != c.failed || !strings.HasPrefix(said, c.said) {
				t.Errorf("it said %q (%v), want %q", said, err, c.said)
			}
			r.ended(c.did, c.runs)
		})
	}
}

// values answers helm get values, too.
type values struct{ *recorded }

func (v values) Ask(ctx context.Context, c *dagger.Container, args []string) (tools.Answer, error) {
	if !slices.Contains(args, "values") {
		return v.recorded.Ask(ctx, c, args)
	}
	var number int
	_, _ = fmt.Sscan(args[slices.Index(args, "--revision")+1], &number)
	k := v.revisions[number-1]
	data, err := json.Marshal(
		map[string]any{"image": map[string]any{"repository": "r/shop", "tag": k.tag, "digest": k.digest}},
	)
	return tools.Answer{Stdout: string(data)}, err
}

func TestRollback(t *testing.T) {
	for name, c := range map[string]struct {
		version string
		back    func(*recorded)
		said    string
		failed  bool
		did     string
		runs    string
	}{
		"to the one before": {
			back: func(r *recorded) {
				r.upgrade("1.0.0")
				r.revisions[2].description = "Rollback to 1, by Ship in 80 s at most"
			},
			said: "shop runs r/shop:1.0.0@sha256:1.0.0 again, as in revision 1; it ran 1.1.0",
			did:  "claim rollback 1", runs: "1.0.0",
		},
		"to what runs": {version: "1.1.0", said: "live runs 1.1.0", runs: "1.1.0"},
		"to what never ran": {
			version: "0.9.0", said: "no version 0.9.0 in Helm's history", failed: true, runs: "1.1.0",
		},
		"a release comes in between": {
			back: func(r *recorded) {
				r.upgrade("1.2.0")
				r.upgrade("1.0.0")
				r.revisions[3].description = "Rollback to 1, by Ship in 80 s at most"
			},
			said: "not rolled back: another operation came in between: revision 3, which runs again", failed: true,
			did: "claim rollback 1 claim rollback 3", runs: "1.2.0",
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRecorded(t)
			r.upgrade("1.1.0")
			r.acts["rollback 1"] = func([]string) tools.Answer { c.back(r); return tools.Answer{} }
			r.acts["rollback 3"] = func([]string) tools.Answer {
				r.upgrade("1.2.0")
				r.revisions[4].description = "Rollback to 3 after a failure, by Ship in 80 s at most"
				return tools.Answer{}
			}
			e := r.environment(t)
			e.Tools = values{r}
			said, _, err := e.Rollback(t.Context(), c.version)
			if err != nil {
				said = err.Error()
			}
			if (err != nil) != c.failed || !strings.HasPrefix(said, c.said) {
				t.Errorf("it said %q (%v), want %q", said, err, c.said)
			}
			r.ended(c.did, c.runs)
		})
	}
}
