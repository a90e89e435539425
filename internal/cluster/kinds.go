package cluster

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"dagger/ship/internal/helm"
)

// mayUninstall refuses to begin what cannot be ended: Helm removes nothing of a kind that the
// cluster has no more, and leaves the release half removed.
func (e *Environment) mayUninstall(ctx context.Context, revision helm.Revision) error {
	objects, err := revision.Objects(e.Namespace)
	if err != nil || len(objects) == 0 {
		return err
	}
	answer, err := e.Tools.Ask(ctx, e.Tools.Cluster(), helm.KindsArgs(objects))
	if err == nil && answer.Code != 0 {
		err = errors.New("look at the cluster's kinds: " + answer.Failure())
	}
	if err != nil {
		return err
	}
	missing := helm.MissingKinds(objects, answer.Stdout)
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("revision %d of %s holds %s, of a kind that the cluster no longer has, so Helm can neither "+
		"upgrade nor remove it: install that kind's definition again until this is done, or take the release over by "+
		"hand (kubectl delete secret --namespace %s --selector owner=helm,name=%s lets Helm forget it; what it made "+
		"stays)",
		revision.Number, e.Release, e.Redactor.Line(strings.Join(missing, ", ")), e.Namespace, e.Release)
}
