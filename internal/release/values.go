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
	w := cluster.Wanted{Images: r.images(), Facts: r.now(), Order: r.order}
	for i, image := range w.Images {
		// zeros if it is not built yet, and the other ones so that none is taken for another
		w.Images[i].Digest = cmp.Or(image.Digest, fmt.Sprintf("sha256:%064x", i))
	}
	var err error
	of := commit
	if e.said.Follow {
		of = r.head
	}
	if e.said.Follow || !r.ChartFrom.IsZero() {
		w.Following = r.head
	}
	if !r.ChartFrom.IsZero() {
		found, err := r.foundChart()
		if err != nil {
			return w, fmt.Errorf("environment %s: %w", e.Name, err)
		}
		w.ChartOf = found.Digest
	}
	w.Layers, err = r.layers(e, commit, of, w.Images)
	if err != nil {
		err = fmt.Errorf("environment %s: %w", e.Name, err)
	}
	return w, err
}

// layers are an environment's values; none if it has none but those in the chart's folder, and Helm can
// read these. What the repo says is as the commit has it that values are of: by default that of the
// code, since code, chart and values belong together. What secrets hold is today's.
func (r *Release) layers(e *environment, code, commit string, images helm.Images) (layers []helm.Layer, err error) {
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
	words := []string{
		"{version}", r.facts.Name, "{commit}", code, "{environment}", e.Name, "{project}", r.read.Project.Name,
	}
	if e.said.Preview {
		words = append(words, "{preview}", e.Name)
	}
	for _, arg := range r.Outside {
		words = append(words, "{args."+arg.Name+"}", arg.Value)
	}
	for i, image := range images {
		word := "{image}"
		if name := r.read.Images[i].Name; name != "" {
			word = "{image." + name + "}"
		}
		words = append(words, word, image.String())
	}
	names := strings.NewReplacer(words...)
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

// ownValues is the environment's file of values in the chart's folder; empty if that is not in the repo.
func (r *Release) ownValues(e *environment) string {
	if !r.ChartFrom.IsZero() {
		return ""
	}
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
	there, _, err := inTree(files, file)
	return there, err
}

// inTree tells whether a tree has a file or a folder of a path.
func inTree(files manifest.Tree, file string) (there, isFolder bool, err error) {
	folder := "."
	if file == "" {
		return false, false, nil
	}
	for part := range strings.SplitSeq(path.Clean(file), "/") {
		entries, err := files.List(folder)
		if err != nil {
			return false, false, err
		}
		at := slices.IndexFunc(entries, func(entry string) bool { return strings.TrimSuffix(entry, "/") == part })
		if at < 0 {
			return false, false, nil
		}
		folder, isFolder = path.Join(folder, part), strings.HasSuffix(entries[at], "/")
	}
	return true, isFolder, nil
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
		asked := e.said.Valued() || e.Pull.Name != "" || !r.ChartFrom.IsZero()
		if !asked || found.Version != r.facts.Name || found.Digest != r.facts.Digest() ||
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
		if e.said.Follow {
			continue
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
