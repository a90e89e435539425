package release

import (
	"cmp"
	"fmt"
	"path"
	"reflect"
	"slices"
	"strings"

	"dagger/ship/internal/cluster"
	"dagger/ship/internal/converge"
	"dagger/ship/internal/helm"
	"dagger/ship/internal/manifest"
	"dagger/ship/internal/projects"
	"dagger/ship/internal/settings"
)

// wanted is what an environment is to run, without its chart.
func (r *Release) wanted(e *environment, commit string) (cluster.Wanted, error) {
	facts := r.facts
	facts.Digest = r.digest()
	// a digest of zeros if the image is not built yet
	image := r.image(cmp.Or(facts.Digest, "sha256:"+strings.Repeat("0", 64)))
	w := cluster.Wanted{Image: image, Facts: facts, Order: r.order}
	var err error
	w.Layers, err = r.layers(e, commit, w.Image)
	if err != nil {
		err = fmt.Errorf("environment %s: %w", e.Name, err)
	}
	return w, err
}

// layers are an environment's values at a commit; none if it has none but those in the chart's
// folder, and Helm can read these. What the repo says is as that commit has it, since code, chart and
// values belong together. What secrets hold is today's.
func (r *Release) layers(e *environment, commit string, image helm.Image) (layers []helm.Layer, err error) {
	said, err := r.saidAt(commit, e)
	if err != nil {
		return nil, err
	}
	own, encrypted, err := r.lookAtOwn(e, commit)
	if err != nil || !said.Valued() && !encrypted {
		return nil, err
	}
	for _, file := range append(own, said.Values...) {
		layer, err := r.fileLayer(e, commit, file)
		if err != nil {
			return nil, err
		}
		layers = append(layers, layer)
	}
	names := strings.NewReplacer("{version}", r.facts.Name, "{commit}", commit, "{environment}", e.Name,
		"{project}", r.read.Project.Name, "{image}", image.String())
	var set, secret []helm.Pair
	for _, value := range said.Set {
		if text, is := value.Value.(string); is {
			value.Value = names.Replace(text)
		}
		set = append(set, value)
	}
	for _, value := range said.Secrets {
		text, err := r.needSecret(value.Name)
		if err != nil {
			return nil, err
		}
		secret = append(secret, helm.Pair{Key: value.Key, Value: text})
	}
	for _, single := range []struct {
		name   string
		pairs  []helm.Pair
		secret bool
	}{{"set", set, false}, {"secrets", secret, true}} {
		if len(single.pairs) == 0 {
			continue
		}
		layer, err := helm.SetLayer(single.name, single.pairs, single.secret)
		if err != nil {
			return nil, err
		}
		layers = append(layers, layer)
	}
	return layers, nil
}

// needSecret is what a secret holds that ship.toml names.
func (r *Release) needSecret(name string) (string, error) {
	text, err := r.secretText(name)
	if err == nil && text == "" {
		err = notGiven(name)
	}
	return text, err
}

// ownValues is the environment's file of values in the chart's folder.
func (r *Release) ownValues(e *environment) string {
	return path.Join(r.Path, r.Chart, cluster.ValuesFile(e.Name))
}

// filesAt are the repo's at a commit. The remote must be known before it is asked for them.
func (r *Release) filesAt(commit string) (manifest.Tree, error) {
	if err := r.resolve(); err != nil {
		return manifest.Tree{}, err
	}
	return r.commitOf(commit, r.Path).Files, nil
}

func (r *Release) contents(commit, file string) ([]byte, error) {
	files, err := r.filesAt(commit)
	if err != nil {
		return nil, err
	}
	return files.Contents(file)
}

// has tells whether a commit has a file.
func (r *Release) has(commit, file string) (bool, error) {
	files, err := r.filesAt(commit)
	if err != nil {
		return false, err
	}
	folder := "."
	for part := range strings.SplitSeq(path.Clean(file), "/") {
		entries, err := files.List(folder)
		if err != nil {
			return false, err
		}
		isFolder := func(entry string) bool { return strings.TrimSuffix(entry, "/") == part }
		if !slices.ContainsFunc(entries, isFolder) {
			return false, nil
		}
		folder = path.Join(folder, part)
	}
	return true, nil
}

// saidAt is what ship.toml says of an environment at a commit.
func (r *Release) saidAt(commit string, e *environment) (settings.Environment, error) {
	if commit == r.head || !e.said.Valued() {
		return e.said, nil
	}
	none := settings.Environment{Target: e.said.Target}
	if there, err := r.has(commit, projects.File); err != nil || !there {
		return none, err
	}
	then, err := r.settingsAt.Get(commit+" "+r.Key, func() (settings.Settings, error) {
		data, err := r.contents(commit, projects.File)
		if err != nil {
			return settings.Settings{}, err
		}
		file, err := projects.Read(data)
		if err != nil {
			return settings.Settings{}, err
		}
		for _, p := range file.Projects {
			if p.Key == r.Key {
				return settings.ForProject(r.Given, file.Top, p)
			}
		}
		return settings.For(r.Given, file.Top)
	})
	if err != nil {
		return none, fmt.Errorf("%s at %s: %w", projects.File, converge.Short(commit), err)
	}
	found := then.Environment(e.Name)
	if found == nil {
		return none, nil
	}
	return found.Named(e.project)
}

// compare finds out what of an environment that runs the image is not as wanted, and what changed on
// the branch since.
func (r *Release) compare() error {
	commit := r.facts.Source()
	for i, e := range r.read.Environments {
		found := &r.facts.Environments[i]
		if !e.said.Valued() && e.Pull.Name == "" || found.Version != r.facts.Name || found.Digest != r.facts.Digest ||
			found.Digest == "" {
			continue
		}
		var w cluster.Wanted
		var err error
		if e.said.Valued() {
			if w, err = r.wanted(e, commit); err != nil {
				return err
			}
		}
		if found.Differs, err = e.Differs(r.Context, w); err != nil {
			return err
		}
		if found.Changed, err = r.changed(e, commit); err != nil {
			return err
		}
	}
	return nil
}

// changed are the environment's files of values that are not any more as a commit has them.
func (r *Release) changed(e *environment, commit string) (files []string, err error) {
	if commit == r.head {
		return nil, nil
	}
	then, err := r.saidAt(commit, e)
	if err != nil {
		return nil, err
	}
	if !reflect.DeepEqual(
		[]any{then.Values, then.Set, then.Secrets},
		[]any{e.said.Values, e.said.Set, e.said.Secrets},
	) {
		files = append(files, projects.File)
	}
	for _, file := range append([]settings.File{{Path: r.ownValues(e)}}, e.said.Values...) {
		if file.Secret != "" {
			continue
		}
		if there, err := r.has(commit, file.Path); err != nil {
			return nil, err
		} else if !there {
			continue
		}
		old, err := r.contents(commit, file.Path)
		if err != nil {
			return nil, err
		}
		if now, err := r.Tree.Contents(file.Path); err == nil && string(now) != string(old) {
			files = append(files, file.Path)
		}
	}
	return files, nil
}
