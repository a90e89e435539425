package settings

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"dagger/ship/internal/charts"
	"dagger/ship/internal/helm"
	"dagger/ship/internal/projects"
	"dagger/ship/internal/registry"
)

// Image is one of those that are published under the project's version.
type Image struct {
	Name       string // among several; empty: it is the only one
	Place      string // HOST/PATH, or a path below the project's image; empty: that, or the name below it
	Context    string // folder that the build sees, relative to the project's
	Dockerfile string // relative to the context
	Target     string
	Args       []Argument
	Platforms  []string // none: the machine's
	Secrets    []string // names of those that the build may mount
	Files      []string // of this job's folder, relative to the project's, that the build gets besides the commit's
	Git        bool     // the build gets the folder .git, with the commit alone
	Cache      bool     // the layers of its build are kept in the registry
	Sets       []helm.Keys
}

// Slots are where the chart takes the project's images.
func (s *Settings) Slots() (slots helm.Slots) {
	for _, image := range s.Images {
		slots = append(slots, helm.Slot{Name: image.Name, Sets: image.Sets})
	}
	return slots
}

// images are those of the tables, or without any, the only one. What a table leaves out is as the
// only one would be.
func images(only Image, tables []projects.Image) (all []Image, err error) {
	if len(tables) == 0 {
		if err := (helm.Slots{{Sets: only.Sets}}).Check(); err != nil {
			return nil, &Error{"keys", err}
		}
		return []Image{only}, nil
	}
	addresses := map[string]string{}
	for _, t := range tables {
		image := only
		image.Name, image.Place = t.Name, strings.TrimSuffix(t.Image, "/")
		if image.Context = path.Clean(t.Context); path.IsAbs(image.Context) {
			return nil, t.Fault("context", "context: %q is no folder of the repo: write it relative to the project's "+
				"folder", t.Context)
		}
		if t.Dockerfile != "" {
			image.Dockerfile = t.Dockerfile
		}
		if t.Target != "" {
			image.Target = t.Target
		}
		if t.Args != nil {
			if image.Args, err = arguments(t.Args); err != nil {
				return nil, t.Fault("args", "args: %v", err)
			}
		}
		if t.Platforms != nil {
			if image.Platforms, err = platforms(t.Platforms); err != nil {
				return nil, t.Fault("platforms", "platforms: %v", err)
			}
		}
		if t.Secrets != nil {
			image.Secrets = t.Secrets
		}
		if t.Cache != nil {
			image.Cache = *t.Cache
		}
		if t.Files != nil {
			if image.Files, err = filesBeside(t.Files); err != nil {
				return nil, t.Fault("files", "files: %v", err)
			}
		}
		if t.Git != nil {
			image.Git = *t.Git
		}
		for _, file := range image.Files {
			if !below(image.Context, file) {
				return nil, t.Fault(
					"files",
					"files: %s is not in %s, which is all that the build sees",
					file,
					image.Context,
				)
			}
		}
		if image.Sets = slices.Clone(defaultSets(t.Name)); t.Keys != nil {
			if image.Sets, err = keysSaid(t.Keys); err != nil {
				return nil, t.Fault("keys", "keys: %v", err)
			}
		}
		all = append(all, image)
		address := image.Place
		if address == "" {
			address = image.Name
		}
		if same := addresses[address]; same != "" {
			return nil, t.Fault(
				"image",
				"the images %s and %s have one address: give one of them another",
				same,
				t.Name,
			)
		}
		addresses[address] = t.Name
		if err := (&Settings{Images: all}).Slots().Check(); err != nil && len(all) == len(tables) {
			return nil, t.Fault("keys", "keys: %v", err)
		}
	}
	return all, nil
}

// chartsAt reads where the chart is published.
func chartsAt(said, chart string) (string, error) {
	place := strings.TrimSuffix(strings.TrimPrefix(said, "oci://"), "/")
	switch {
	case place == "":
		return "", nil
	case charts.Is(chart):
		return "", fmt.Errorf("%s is published already, by somebody else", chart)
	case registry.HasHost(place):
		return place, registry.Check(place)
	}
	return place, registry.Check("registry.example/" + place)
}

// below tells whether a path is in a folder, or that itself.
func below(folder, file string) bool {
	return folder == "." || folder == "" || file == folder || strings.HasPrefix(file, folder+"/")
}

// platform is one as in an image's manifest
// (https://github.com/opencontainers/image-spec/blob/main/image-index.md).
var platform = regexp.MustCompile(`^linux/[a-z0-9]+(?:/[a-z0-9.]+)?$`)

func platforms(said []string) ([]string, error) {
	for i, one := range said {
		if !platform.MatchString(one) {
			return nil, fmt.Errorf("%q is none: write it as linux/amd64 or linux/arm64", one)
		}
		if slices.Contains(said[:i], one) {
			return nil, fmt.Errorf("%s is there twice", one)
		}
	}
	return said, nil
}

// filesBeside are paths of files and folders that an earlier job has made.
func filesBeside(said []string) (files []string, err error) {
	for _, one := range said {
		file := path.Clean(one)
		if path.IsAbs(file) || file == "." || file == ".." || strings.HasPrefix(file, "../") {
			return nil, fmt.Errorf("%q is no file or folder below the project's: name each, as web/dist", one)
		}
		files = append(files, file)
	}
	return files, nil
}

// inRepo refuses a build's folder that is outside of the repo.
func (s *Settings) inRepo(tables []projects.Image) error {
	for i, t := range tables {
		if s.Images[i].Git && path.Join(s.Path, s.Images[i].Context) != "." {
			return t.Fault("git", "git: the folder .git is at the repo's root, and the build of %s sees %s only",
				t.Name, path.Join(s.Path, s.Images[i].Context))
		}
		if folder := path.Join(s.Path, s.Images[i].Context); folder == ".." || strings.HasPrefix(folder, "../") {
			return t.Fault("context", "context: %q leads out of the repo", t.Context)
		}
	}
	return nil
}

// defaultSets are the keys of an image among several: those of `helm create`, below the image's name.
func defaultSets(name string) []helm.Keys {
	var keys helm.Keys
	for _, key := range helm.DefaultKeys {
		keys = append(keys, helm.Key{Part: key.Part, Path: name + "." + key.Path})
	}
	return []helm.Keys{keys}
}

// setsOf are the keys of the only image.
func setsOf(g Given, paths []string) ([]helm.Keys, error) {
	switch {
	case len(g.Sets) > 0:
		return g.Sets, nil
	case len(paths) == 0:
		return []helm.Keys{helm.DefaultKeys}, nil
	}
	keys, err := helm.ParseKeys(paths)
	return []helm.Keys{keys}, err
}

// keysSaid reads what ship.toml says under keys: a list of paths, a table of paths by what they get, or
// a list of these.
func keysSaid(said any) (sets []helm.Keys, err error) {
	list, isList := said.([]any)
	several := isList && len(list) > 0 && !slices.ContainsFunc(list, func(one any) bool {
		_, isPath := one.(string)
		return isPath
	})
	if !several {
		list = []any{said}
	}
	for _, one := range list {
		keys, err := oneSet(one)
		if err != nil {
			return nil, err
		}
		sets = append(sets, keys)
	}
	return sets, nil
}

func oneSet(said any) (keys helm.Keys, err error) {
	wrong := errors.New("write a list of paths, as [\"image.repository\", \"image.tag\"], a table, as " +
		"{repository = \"image.name\", digest = \"image.digest\"}, or a list of these")
	switch said := said.(type) {
	case []any:
		var paths []string
		for _, one := range said {
			text, is := one.(string)
			if !is {
				return nil, wrong
			}
			paths = append(paths, text)
		}
		return helm.ParseKeys(paths)
	case map[string]any:
		for name := range said {
			if !slices.Contains(helm.Parts, helm.Part(name)) {
				return nil, fmt.Errorf("%q is no part of an image: those are %v", name, helm.Parts)
			}
		}
		for _, part := range helm.Parts {
			text, is := said[string(part)].(string)
			if _, there := said[string(part)]; there && !is {
				return nil, wrong
			} else if is {
				keys = append(keys, helm.Key{Part: part, Path: text})
			}
		}
		if len(keys) == 0 {
			return nil, wrong
		}
		return keys, keys.Check()
	}
	return nil, wrong
}
