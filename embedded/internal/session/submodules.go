package session

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
)

// submodulesAtOnce is how many submodules of one commit are fetched at the same time.
const submodulesAtOnce = 4

// submodule is a folder of a commit that stands for a commit of another repository.
type submodule struct{ path, commit, url string }

// submodules fetches those of a commit, and theirs.
type submodules struct {
	temp string         // a folder for what is needed meanwhile
	home *GitRepository // whose server alone gets its token
}

// fetch puts the files of a commit's submodules into their folders below dir, where the commit's own files are. The
// folder repository is the one that has the commit, of the remote from. Only files come: each submodule's own
// repository is removed again. Within stands before the folders' names in errors.
func (f submodules) fetch(ctx context.Context, from *GitRepository, repository, commit, dir, within string) error {
	listed, err := from.listSubmodules(ctx, repository, commit, within)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(submodulesAtOnce)
	for _, m := range listed {
		group.Go(func() error { return f.one(ctx, from, m, dir, path.Join(within, m.path)) })
	}
	return group.Wait()
}

// one puts the files of one submodule, and of its own submodules, into its folder below dir.
func (f submodules) one(ctx context.Context, from *GitRepository, m submodule, dir, name string) error {
	repository, err := os.MkdirTemp(f.temp, "submodule-")
	if err != nil {
		return fmt.Errorf("make a folder for the submodule %s: %w", name, err)
	}
	defer os.RemoveAll(repository)
	files := filepath.Join(dir, filepath.FromSlash(m.path))
	remote, err := f.remote(from, m.url)
	if err == nil {
		err = plainFolder(dir, m.path)
	}
	if err != nil {
		return fmt.Errorf("the submodule %s cannot be fetched: %w", name, err)
	}
	for _, args := range [][]string{
		{"init", "--quiet", "--initial-branch=main"},
		{"config", "core.worktree", files},
		{"fetch", "--quiet", "--depth=1", "--no-recurse-submodules", remote.url, m.commit},
		{"checkout", "--quiet", "--detach", m.commit},
	} {
		if _, err := remote.git(ctx, repository, args...); err != nil {
			return fmt.Errorf("the submodule %s cannot be fetched: %w%s", name, err, f.help(remote))
		}
	}
	return f.fetch(ctx, remote, repository, m.commit, files, name)
}

// help says what may help where a submodule's remote does not give its commit.
func (f submodules) help(remote *GitRepository) string {
	switch {
	case f.home.token == nil:
		return ""
	case remote.token == nil:
		return "\nit is on another server than " + f.home.url + ", which alone gets the token: keep a copy of it " +
			"there, or let everybody read it"
	}
	return "\nthe token must be allowed to read it (on GitLab, a job token by Settings > CI/CD > Job token " +
		"permissions of the submodule's project)"
}

// listSubmodules finds a commit's submodules. What .gitmodules excludes from updates (update = none) is left out.
func (r *GitRepository) listSubmodules(ctx context.Context, repository, commit, within string) ([]submodule, error) {
	tree, err := r.git(ctx, repository, "ls-tree", "-r", "-z", "--full-tree", commit)
	if err != nil {
		return nil, err
	}
	var listed []submodule
	hasSettings := false
	for entry := range strings.SplitSeq(tree, "\x00") {
		about, name, _ := strings.Cut(entry, "\t") // MODE TYPE ID
		fields := strings.Fields(about)
		switch {
		case len(fields) == 3 && fields[0] == "160000":
			listed = append(listed, submodule{path: name, commit: fields[2]})
		case len(fields) == 3 && fields[1] == "blob" && name == ".gitmodules":
			hasSettings = true
		}
	}
	if len(listed) == 0 {
		return nil, nil
	}
	settings := map[string]map[string]string{}
	if hasSettings {
		if settings, err = r.submoduleSettings(ctx, repository, commit); err != nil {
			return nil, err
		}
	}
	folders := map[string]bool{}
	for _, m := range listed {
		folders[m.path] = true
	}
	for i := range listed {
		name := path.Join(within, listed[i].path)
		for above := path.Dir(listed[i].path); above != "."; above = path.Dir(above) {
			if folders[above] {
				return nil, fmt.Errorf("the submodule %s is inside of another one of the same commit", name)
			}
		}
		of := settings[listed[i].path]
		if of["update"] == "none" {
			continue
		}
		if listed[i].url = of["url"]; listed[i].url == "" {
			return nil, fmt.Errorf("the submodule %s cannot be fetched: .gitmodules does not say where from: add its "+
				"url (git submodule add), or remove it (git rm --cached %s)", name, listed[i].path)
		}
	}
	return slices.DeleteFunc(listed, func(m submodule) bool { return m.url == "" }), nil
}

// submoduleSettings are those of a commit's .gitmodules, by the submodules' folders.
func (r *GitRepository) submoduleSettings(ctx context.Context, repository, commit string) (map[string]map[string]string,
	error) {
	text, err := r.git(ctx, repository, "config", "--blob", commit+":.gitmodules", "--null", "--list")
	if err != nil {
		return nil, err
	}
	byName, byPath := map[string]map[string]string{}, map[string]map[string]string{}
	for setting := range strings.SplitSeq(text, "\x00") {
		key, value, _ := strings.Cut(setting, "\n")
		rest, is := strings.CutPrefix(key, "submodule.")
		at := strings.LastIndex(rest, ".")
		if !is || at < 0 {
			continue
		}
		name := rest[:at]
		if byName[name] == nil {
			byName[name] = map[string]string{}
		}
		byName[name][rest[at+1:]] = value
	}
	for _, of := range byName {
		byPath[path.Clean(of["path"])] = of
	}
	return byPath, nil
}

// remote is the repository that a submodule's address names. It gets the token if it is on the server that this was
// given for.
func (f submodules) remote(from *GitRepository, address string) (*GitRepository, error) {
	address, err := from.beside(address)
	if err != nil {
		return nil, err
	}
	whole, err := url.Parse(address)
	if err != nil || whole.Scheme != "http" && whole.Scheme != "https" || whole.Host == "" {
		return nil, fmt.Errorf("its address %q is neither http(s) nor relative: this session reads remotes over HTTP "+
			"and HTTPS only; write ../NAME.git for a repository beside this one", withoutUser(address))
	}
	if _, has := whole.User.Password(); has {
		return nil, errors.New("its address has a password in it: remove that from .gitmodules")
	}
	whole.User = nil
	other := &GitRepository{url: whole.String()}
	if home, err := url.Parse(f.home.url); err == nil && sameServer(whole, home) {
		other.user, other.token = f.home.user, f.home.token
	}
	return other, nil
}

// beside is an address that may begin with ./ or ../, and is then meant from this repository's own
// (https://git-scm.com/docs/gitmodules#Documentation/gitmodules.txt-submodulenameurl).
func (r *GitRepository) beside(address string) (string, error) {
	if !strings.HasPrefix(address, "./") && !strings.HasPrefix(address, "../") {
		return address, nil
	}
	at, err := url.Parse(r.url)
	if err != nil {
		return "", err
	}
	folder := strings.TrimSuffix(at.Path, "/")
	for rest := address; ; {
		part, after, _ := strings.Cut(rest, "/")
		switch {
		case part == ".":
			rest = after
		case part == ".." && folder == "":
			return "", fmt.Errorf("its address %s leads out of %s", address, r.url)
		case part == "..":
			rest, folder = after, strings.TrimSuffix(path.Dir(folder), "/")
		default:
			at.Path, at.RawPath = folder+"/"+strings.TrimSuffix(rest, "/"), ""
			return at.String(), nil
		}
	}
}

// withoutUser takes what may be a secret out of an address that is none of HTTP.
func withoutUser(address string) string {
	if at := strings.LastIndex(address, "@"); at >= 0 {
		return address[at+1:]
	}
	return address
}

// sameServer tells whether two addresses have scheme, host and port in common.
func sameServer(a, b *url.URL) bool {
	port := func(u *url.URL) string {
		return cmp.Or(u.Port(), map[string]string{"http": "80", "https": "443"}[u.Scheme])
	}
	return a.Scheme == b.Scheme && strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

// plainFolder makes sure that a path below dir leads through folders only: a commit that somebody made on purpose could
// have a link there, which leads out of dir.
func plainFolder(dir, name string) error {
	if !filepath.IsLocal(filepath.FromSlash(name)) {
		return errors.New("its folder is outside of the commit's")
	}
	at := dir
	for part := range strings.SplitSeq(name, "/") {
		at = filepath.Join(at, part)
		info, err := os.Lstat(at)
		if errors.Is(err, os.ErrNotExist) {
			if err := os.Mkdir(at, 0o755); err != nil {
				return errors.New("its folder cannot be made")
			}
			continue
		}
		if err != nil || !info.IsDir() {
			return errors.New("its folder is a file or a link in the commit")
		}
	}
	return nil
}
