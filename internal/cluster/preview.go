package cluster

import (
	"context"
	"fmt"

	"dagger/ship/internal/helm"
)

// previewPath is where a preview's namespace is in a container.
const previewPath = "/ship/preview.json"

// makeNamespace makes a preview's namespace if it is missing, with the labels by which it is removed
// again.
func (e *Environment) makeNamespace(ctx context.Context, release helm.Release) error {
	if !e.Preview {
		return nil
	}
	container := e.Tools.Cluster().WithNewFile(previewPath, release.PreviewNamespace())
	if err := e.Tools.Repeat(ctx, container, release.MakePreviewArgs(previewPath)); err != nil {
		return fmt.Errorf("make the namespace %s: %w", e.Namespace, err)
	}
	return nil
}

// Remove uninstalls the preview, and removes its namespace if that was made for it. It says what it
// removed, and whether there was anything.
func (e *Environment) Remove(ctx context.Context) (said string, removed bool, err error) {
	release, err := e.versioned()
	if err != nil {
		return "", false, err
	}
	for {
		before, _, err := e.unlock(ctx, release)
		if err != nil {
			return "", false, err
		}
		if before.Number == 0 {
			break
		}
		if err := e.mayUninstall(ctx, before); err != nil {
			return "", false, err
		}
		if claimed, err := e.claim(ctx, release, before); err != nil {
			return "", false, err
		} else if !claimed { // by a push that came in between: what that one made goes, too
			continue
		}
		if err := e.Tools.Repeat(ctx, e.Tools.Cluster(), release.UninstallArgs()); err != nil {
			return "", false, fmt.Errorf("uninstall %s in %s: %w", e.Release, e.Namespace, err)
		}
		said, removed = "uninstalled "+e.Release+" in "+e.Namespace, true
		break
	}
	answer, err := e.Tools.Act(ctx, e.Tools.Cluster(), release.RemovePreviewArgs())
	switch {
	case err != nil:
		return said, removed, err
	case answer.Code != 0:
		return said, removed, fmt.Errorf("remove the namespace %s: %s", e.Namespace, answer.Failure())
	case answer.Stdout != "":
		said, removed = "removed the namespace "+e.Namespace+" with all that was in it", true
	case !removed:
		said = "there is no preview " + e.Name
	}
	return said, removed, nil
}
