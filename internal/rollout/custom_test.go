package rollout

import (
	"strings"
	"testing"

	"dagger/ship/internal/helm"
)

// TestStage has objects tell how far they are, as controllers write it.
func TestStage(t *testing.T) {
	conditions := func(list ...string) string {
		var all []string
		for _, c := range list {
			kind, status, _ := strings.Cut(c, "=")
			all = append(all, `{"type":"`+kind+`","status":"`+status+`","reason":"Because"}`)
		}
		return `"status":{"conditions":[` + strings.Join(all, ",") + `]}`
	}
	const unseen = "waits for its controller, which has not acted on its newest generation yet"
	for object, want := range map[string]struct {
		at  stage
		why string
	}{
		`"status":{}`: {untold, ""},
		`"status":{"observedGeneration":"1","phase":"Healthy"}`: {underway,
			unseen},
		`"status":{"observedGeneration":1}`:                   {underway, unseen},
		`"status":{"observedGeneration":"2"}`:                 {untold, ""},
		`"status":{"observedGeneration":"6c9f4d"}`:            {untold, ""},
		`"status":{"observedGeneration":{"a":1}}`:             {untold, ""},
		`"spec":{"paused":true},"status":{"phase":"Healthy"}`: {held, "is paused"},
		`"spec":{"suspend":true}`:                             {held, "is paused"},
		`"status":{"phase":"Healthy"}`:                        {done, ""},
		`"status":{"phase":"Paused","message":"CanaryPauseStep"}`: {held,
			"has the phase Paused: CanaryPauseStep"},
		`"status":{"phase":"Progressing","message":"more replicas"}`: {underway,
			"has the phase Progressing: more replicas"},
		`"status":{"phase":"Degraded","message":"ProgressDeadlineExceeded"}`: {failed,
			"has the phase Degraded: ProgressDeadlineExceeded"},
		`"status":{"phase":"WaitingPromotion"}`:               {held, "has the phase WaitingPromotion"},
		`"status":{"phase":"Cluster in healthy state"}`:       {untold, ""},
		conditions("Ready=True", "Progressing=True"):          {done, ""},
		conditions("Available=True", "Progressing=True"):      {done, ""},
		conditions("Ready=False"):                             {unready, "is not ready: Because"},
		conditions("Ready=Unknown"):                           {unready, "is not ready: Because"},
		conditions("Ready=False", "Reconciling=True"):         {underway, "is in progress: Because"},
		conditions("Progressing=True"):                        {underway, "is in progress: Because"},
		conditions("Progressing=False"):                       {untold, ""},
		conditions("Ready=False", "Stalled=True"):             {failed, "has failed: Because"},
		conditions("Degraded=False", "Failed=True"):           {failed, "has failed: Because"},
		conditions("Degraded=False", "Succeeded=True"):        {done, ""},
		conditions("Paused=True", "Ready=False"):              {held, "is paused: Because"},
		conditions("Promoted=True"):                           {untold, ""},
		`"status":{"conditions":"none","phase":["Degraded"]}`: {untold, ""},
	} {
		found, err := decode(`{"kind":"Any","metadata":{"name":"a","generation":2},` + object + `}`)
		if err != nil {
			t.Fatal(err)
		}
		if at, why := found[0].stage(); at != want.at || at != done && why != want.why {
			t.Errorf("%s: stage %d, %q, want %d, %q", object, at, why, want.at, want.why)
		}
	}
}

// TestJudgeCustom has objects of others' kinds keep a rollout from being done, or not.
func TestJudgeCustom(t *testing.T) {
	const (
		argo    = "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: web}\n"
		knative = "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: web}\n"
		flagger = "apiVersion: flagger.app/v1beta1\nkind: Canary\nmetadata: {name: web}\n"
		pods    = "apiVersion: apps.example.com/v1\nkind: App\nmetadata: {name: web}\n" +
			"spec: {template: {spec: {containers: [{name: web}]}}}\n"
		secret = "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: web}\n"
		ready  = `"conditions":[{"type":"Ready","status":"STATUS","message":"words"}]`
	)
	as := func(status string) string { return strings.Replace(ready, "STATUS", status, 1) }
	for name, c := range map[string]struct {
		chart, status, refused string // status is empty if the object is not there
		ready, failed          bool
		why, others, underway  string
	}{
		"argo": {argo, `"phase":"Healthy"`, "", true, false, "", "", ""},
		"argo, new": {argo, `"x":1`, "", false, false,
			"rollout web waits for its controller, which has said nothing yet", "", ""},
		"argo, rolling": {argo, `"phase":"Progressing"`, "", false, false,
			"rollout web has the phase Progressing", "", ""},
		"argo, paused": {argo, `"phase":"Paused","message":"step"`, "", true, false, "",
			"rollout web has the phase Paused: step", ""},
		"argo, degraded": {argo, `"observedGeneration":"1","phase":"Degraded"`, "", false, true,
			"rollout web has the phase Degraded", "", ""},
		"argo, degraded before": {argo, `"phase":"Degraded"`, "", false, false,
			"rollout web has the phase Degraded", "", ""},
		"argo, gone":   {argo, "", "", false, false, "rollout web is not there", "", ""},
		"argo, hidden": {argo, "", "forbidden", true, false, "", "rollout web cannot be seen: forbidden", ""},
		"knative":      {knative, as("True"), "", true, false, "", "", ""},
		"knative, new": {knative, as("Unknown"), "", false, false, "service web is not ready: words", "", ""},
		"flagger":      {flagger, `"phase":"Succeeded"`, "", true, false, "", "", ""},
		"flagger, works": {flagger, `"phase":"Progressing"`, "", true, false, "",
			"canary web has the phase Progressing", "canary web has the phase Progressing"},
		"flagger, waits":  {flagger, `"phase":"Waiting"`, "", true, false, "", "canary web has the phase Waiting", ""},
		"flagger, failed": {flagger, `"phase":"Failed"`, "", true, false, "", "canary web has the phase Failed", ""},
		"pods":            {pods, as("True"), "", true, false, "", "", ""},
		"pods, untold":    {pods, `"x":1`, "", true, false, "", "", ""},
		"pods, not ready": {pods, as("False"), "", false, false, "app web is not ready: words", "", ""},
		"a secret":        {secret, as("False"), "", true, false, "", "externalsecret web is not ready: words", ""},
		"a secret, new": {secret, `"conditions":[{"type":"Reconciling","status":"True"}]`, "", true, false, "",
			"externalsecret web is in progress", "externalsecret web is in progress"},
		"a secret, failed": {secret, `"phase":"Failed"`, "", true, false, "",
			"externalsecret web has the phase Failed", ""},
	} {
		all, err := helm.ParseObjects(c.chart, "shop")
		if err != nil {
			t.Fatal(err)
		}
		answer := ""
		if c.status != "" {
			answer = `{"kind":"` + all[0].Kind + `","metadata":{"name":"web","namespace":"shop"},"status":{` +
				c.status + "}}"
		}
		got, err := Judge(answer, c.refused, append(Workloads(all), Others(all)...), nil)
		if err != nil || got.Ready != c.ready || got.Failed != c.failed || got.Why != c.why ||
			strings.Join(got.Others, "; ") != c.others || strings.Join(got.Underway, "; ") != c.underway {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// TestControlled finds the pods of a controller that Ship does not know, if it is shown what owns them.
func TestControlled(t *testing.T) {
	const owner = `"ownerReferences":[{"uid":"OWNER"}]`
	own := func(uid string) string { return strings.Replace(owner, "OWNER", uid, 1) }
	list := `{"kind":"Rollout","metadata":{"uid":"a","name":"web","namespace":"shop","annotations":{
			"meta.helm.sh/release-name":"shop"}},"status":{"phase":"Progressing"}}` +
		`{"kind":"ReplicaSet","metadata":{"uid":"b","name":"web-1",` + own("a") + `}}` +
		`{"kind":"Pod","metadata":{"uid":"c","name":"web-1-x",` + own("b") + `},"status":{"containerStatuses":[
			{"name":"web","restartCount":3,"state":{"waiting":{"reason":"CrashLoopBackOff"}},
			"lastState":{"terminated":{"exitCode":7}}}]}}`
	state, err := Read(list, Release{Name: "shop", Namespace: "shop"}, nil)
	want := "pod web-1-x: container web crashes again and again: exit code 7 (restarts: 3)"
	if err != nil || state.Cause() != want || len(state.Logs()) != 1 {
		t.Errorf("%q, %v", state.Cause(), err)
	}
	if healthy, why := state.Healthy(); !healthy {
		t.Errorf("a controller's object is judged as a deployment: %s", why)
	}
}
