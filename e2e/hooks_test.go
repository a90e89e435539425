package e2e

import (
	"regexp"
	"strings"
	"testing"
)

// TestHookGone has a hook fail that Helm removes right away, and one whose pod Kubernetes removes. What the pod printed
// is told all the same, and how it ended.
func TestHookGone(t *testing.T) {
	if world.Cluster.Node != "real" {
		t.Skip("the cluster's node is simulated: " + world.Cluster.Reason)
	}
	t.Parallel()
	for name, c := range map[string]struct{ policy, deadline, command, cause string }{
		"removed": {"before-hook-creation,hook-succeeded,hook-failed", "300", "echo no column total; sleep 2; exit 3",
			`(job|pod) \S+-migrate\S*: .*container migrate ended: exit code 3`},
		"ended": {"before-hook-creation", "20", "echo no column total; exec sleep 60",
			`job \S+-migrate: the pre-install hook failed: Job was active longer than specified deadline`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newLight(t)
			a.Settings["environments"] = "live=" + a.Name
			a.write("chart/templates/migrate.yaml", `apiVersion: batch/v1
kind: Job
metadata:
  name: {{ .Release.Name }}-migrate
  annotations: {helm.sh/hook: pre-install, helm.sh/hook-delete-policy: "`+c.policy+`"}
spec:
  backoffLimit: 0
  activeDeadlineSeconds: `+c.deadline+`
  template:
    spec:
      restartPolicy: Never
      terminationGracePeriodSeconds: 1
      containers:
        - name: migrate
          image: {{ include "greeter.image" . | quote }}
          command: [sh, -c, "`+c.command+`"]
`)
			a.commit("a hook")
			out, err := a.ship("release")
			first := regexp.MustCompile(`\ndeploy live: the rollout failed: ` + c.cause + ".*\n")
			if err == nil || !first.MatchString(out) ||
				!regexp.MustCompile(`the last lines of migrate in pod \S+.*\n  no column total\n`).MatchString(out) {
				t.Errorf("the hook's end, or what it printed, is not told: %v", err)
			}
			if strings.Contains(out, "[pod/") {
				t.Error("lines have more than the container printed")
			}
			a.edit("chart/templates/migrate.yaml", "command: .*", "command: [\"true\"]")
			a.edit("chart/templates/migrate.yaml", "activeDeadlineSeconds: .*", "activeDeadlineSeconds: 301")
			a.bump("0.2.0")
			a.release("released")
		})
	}
}
