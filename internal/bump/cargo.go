package bump

import (
	"bytes"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"dagger/ship/internal/manifest"
)

// crate is a package of a Cargo workspace.
type crate struct {
	file   string
	values map[string]any
}

// maxCrates bounds how many manifests of a workspace are read.
const maxCrates = 500

// setCargo sets the version in Cargo.lock (https://doc.rust-lang.org/cargo/guide/cargo-toml-vs-cargo-lock.html)
// of the package, and if the version is the workspace's, of all packages that share it. It also sees to what
// other packages of the workspace require.
func (e *editor) setCargo(was manifest.Project, text string) error {
	own, err := e.crate(was.Path)
	if err != nil {
		return err
	}
	root, err := e.workspace(own)
	if err != nil {
		return err
	}
	crates := []crate{own}
	if root != nil {
		if crates, err = e.members(*root, own); err != nil {
			return err
		}
	}
	inherits := func(c crate) bool { return at(c.values, "package", "version", "workspace") == true }
	changed := map[string]string{} // folders of the packages that change, and their names
	for _, c := range crates {
		if c.file == own.file || inherits(own) && inherits(c) {
			name, _ := at(c.values, "package", "name").(string)
			changed[path.Dir(c.file)] = name
		}
	}
	for _, c := range crates {
		if err := e.setRequirements(c, changed, was.Version.Text, text); err != nil {
			return err
		}
	}
	top := own.file
	if root != nil {
		top = root.file
	}
	lock := path.Join(path.Dir(top), "Cargo.lock")
	if exists, err := e.has(lock); err != nil || !exists {
		return err
	}
	return e.setLocked(lock, text, func(p locked) bool {
		_, foreign := p.values["source"]
		return !foreign && slices.Contains(names(changed), p.values["name"])
	})
}

func names(changed map[string]string) (all []string) {
	for _, name := range changed {
		all = append(all, name)
	}
	return all
}

func (e *editor) crate(file string) (crate, error) {
	data, err := e.contents(file)
	if err != nil {
		return crate{}, err
	}
	c := crate{file: file}
	if err := toml.Unmarshal(bytes.TrimPrefix(data, []byte("\ufeff")), &c.values); err != nil {
		return crate{}, fault(file, 0, "%v", err)
	}
	return c, nil
}

// at is the value at the keys, nil if there is none.
func at(values map[string]any, keys ...string) any {
	var value any = values
	for _, key := range keys {
		table, _ := value.(map[string]any)
		value = table[key]
	}
	return value
}

// workspace is the root of the workspace that a package belongs to, nil if it belongs to none.
func (e *editor) workspace(own crate) (*crate, error) {
	if at(own.values, "workspace") != nil {
		return &own, nil
	}
	if folder, is := at(own.values, "package", "workspace").(string); is {
		root, err := e.crate(path.Join(path.Dir(own.file), folder, "Cargo.toml"))
		return &root, err
	}
	var found *crate
	err := e.above(path.Dir(own.file), "Cargo.toml", func(file, relative string) (bool, error) {
		c, err := e.crate(file)
		if err != nil || file == own.file || at(c.values, "workspace") == nil {
			return false, err
		}
		for _, pattern := range texts(at(c.values, "workspace", "exclude")) {
			if relative == path.Clean(pattern) || strings.HasPrefix(relative, path.Clean(pattern)+"/") {
				return true, nil
			}
		}
		found = &c
		return true, nil
	})
	return found, err
}

// members are the packages of a workspace: its root's, those of its list, and those that these depend on
// by a path (https://doc.rust-lang.org/cargo/reference/workspaces.html#the-members-and-exclude-fields).
func (e *editor) members(root, own crate) (all []crate, err error) {
	top := path.Dir(root.file)
	queue := []string{top, path.Dir(own.file)}
	for _, pattern := range texts(at(root.values, "workspace", "members")) {
		folders, err := e.glob(top, pattern)
		if err != nil {
			return nil, err
		}
		queue = append(queue, folders...)
	}
	seen := map[string]bool{}
	for ; len(queue) > 0; queue = queue[1:] {
		folder := queue[0]
		if seen[folder] || strings.HasPrefix(folder, "..") {
			continue
		}
		seen[folder] = true
		file := path.Join(folder, "Cargo.toml")
		if exists, err := e.has(file); err != nil && strings.Contains(path.Base(folder), ".") {
			continue // a pattern of members matches files, too
		} else if err != nil {
			return nil, err
		} else if !exists {
			continue
		}
		if len(all) == maxCrates {
			return nil, fault(root.file, 0, "the workspace has more than %d packages: set the version by cargo",
				maxCrates)
		}
		c, err := e.crate(file)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
		for _, d := range c.dependencies() {
			if d.folder != "" {
				queue = append(queue, d.folder)
			}
		}
	}
	return all, nil
}

// glob returns the folders that a pattern of members names.
func (e *editor) glob(folder, pattern string) (folders []string, err error) {
	folders = []string{folder}
	for part := range strings.SplitSeq(path.Clean(pattern), "/") {
		var next []string
		for _, folder := range folders {
			if !strings.ContainsAny(part, "*?[") {
				next = append(next, path.Join(folder, part))
				continue
			}
			entries, err := e.list(folder)
			if err != nil {
				return nil, err
			}
			for _, entry := range entries {
				entry = strings.TrimSuffix(entry, "/")
				if is, _ := path.Match(part, entry); is && !strings.HasPrefix(entry, ".") {
					next = append(next, path.Join(folder, entry))
				}
			}
		}
		folders = next
	}
	return folders, nil
}

func texts(value any) (all []string) {
	list, _ := value.([]any)
	for _, each := range list {
		if text, is := each.(string); is {
			all = append(all, text)
		}
	}
	return all
}

// dependency is one of a package on another one of the repo.
type dependency struct {
	keys     []string // of its table
	folder   string
	requires string // the version; empty: any
}

var tables = []string{"dependencies", "dev-dependencies", "build-dependencies"}

// dependencies are those by a path.
func (c crate) dependencies() (all []dependency) {
	var ways [][]string
	for _, table := range tables {
		ways = append(ways, []string{table})
	}
	ways = append(ways, []string{"workspace", "dependencies"})
	targets, _ := at(c.values, "target").(map[string]any)
	for target := range targets {
		for _, table := range tables {
			ways = append(ways, []string{"target", target, table})
		}
	}
	for _, way := range ways {
		listed, _ := at(c.values, way...).(map[string]any)
		for name, value := range listed {
			table, _ := value.(map[string]any)
			if folder, is := table["path"].(string); is {
				requires, _ := table["version"].(string)
				all = append(all, dependency{append(slices.Clone(way), name), path.Join(path.Dir(c.file), folder),
					requires})
			}
		}
	}
	slices.SortFunc(all, func(a, b dependency) int { return slices.Compare(a.keys, b.keys) })
	return all
}

// requirement is what Cargo lets people write for one version: 1.4.0, ^1.4, ~1.4, =1.4.0.
var requirement = regexp.MustCompile(`^([=^~]?\s*)(\d+(?:\.\d+){0,2}(?:[-+][0-9A-Za-z.+-]*)?)$`)
