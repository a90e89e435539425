package source

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"path"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"dagger/ship/internal/dagger"
	"dagger/ship/internal/gitfiles"
	"dagger/ship/internal/gitremote"
	"dagger/ship/internal/once"
)

// large is a file of a build that is in Git LFS: the commit has a pointer in its place.
type large struct {
	file string // in the project's folder
	mode int    // its permissions
	gitremote.Object
	gitremote.Download
}

// largeFiles are a commit's, each found and fetched once.
type largeFiles struct {
	found   once.Answers[[2]string, []large]      // by the build's folder and Dockerfile
	fetched once.Answers[[2]string, *dagger.File] // by the build's folder and the OID
}

// instead is what else to do about a file in Git LFS.
const instead = "commit the file itself, name it in .dockerignore if the image does not need it, or give an image " +
	"made elsewhere (with-image)"

// How many files are asked about in one query, are fetched at the same time, and are put into one
// folder before that is put into the build: each file that is put is a layer of the engine's on top of
// those before it, and those are limited.
const (
	askedAtOnce   = 100
	fetchedAtOnce = 8
	putAtOnce     = 32
)

// pointers are the files of a build that are pointers of Git LFS, among those of the patterns.
func (c *Commit) pointers(ctx context.Context, build *dagger.Directory, patterns []string) (found []large, err error) {
	files, err := c.matching(ctx, build, patterns)
	if err != nil || len(files) == 0 {
		return nil, err
	}
	id, err := c.Folder().ID(ctx) // its files are looked at where they are; each look at what is filtered is a build
	if err != nil {
		return nil, fmt.Errorf("look at what the build gets: %w", err)
	}
	for part := range slices.Chunk(files, askedAtOnce) {
		small := map[string]int{} // modes
		stats, err := queryAll[struct {
			FileType          string
			Permissions, Size int
		}](ctx, c.client, string(id), part, func(file string) string {
			return "stat(path: " + file + ", doNotFollowSymlinks: true) { fileType permissions size }"
		})
		if err != nil {
			return nil, fmt.Errorf("look at what the build gets: %w", err)
		}
		for _, file := range part {
			// what a link leads to is found by itself
			if stat := stats[file]; strings.HasPrefix(stat.FileType, "REGULAR") && stat.Size < gitfiles.MaxPointer {
				small[file] = stat.Permissions
			}
		}
		if len(small) == 0 {
			continue
		}
		read, err := queryAll[struct{ Contents string }](ctx, c.client, string(id), slices.Collect(maps.Keys(small)),
			func(file string) string { return "file(path: " + file + ") { contents }" })
		if err != nil {
			return nil, fmt.Errorf("read what the build gets: %w", err)
		}
		for _, file := range slices.Sorted(maps.Keys(small)) {
			text := []byte(read[file].Contents)
			if !gitfiles.IsPointer(text) {
				continue
			}
			pointer, err := gitfiles.ReadPointer(text)
			if err != nil {
				return nil, fmt.Errorf("%s is a pointer of Git LFS, but %w: write it again (git add --renormalize)",
					path.Join(c.Path, file), err)
			}
			found = append(found, large{file: file, mode: small[file], Object: gitremote.Object(pointer)})
		}
	}
	return found, nil
}

// matching are the files of a build, in the order of their names, that patterns of the repo match.
func (c *Commit) matching(ctx context.Context, build *dagger.Directory, patterns []string) ([]string, error) {
	matched := map[string]bool{}
	for _, pattern := range patterns {
		files, err := c.Root.Glob(ctx, pattern)
		if err != nil {
			return nil, fmt.Errorf("find the files that .gitattributes gives to Git LFS: %w", err)
		}
		for _, file := range files {
			if file, is := c.inside(file); is && !strings.HasSuffix(file, "/") {
				matched[file] = true
			}
		}
	}
	if len(matched) == 0 {
		return nil, nil
	}
	built, err := build.Glob(ctx, "**")
	if err != nil {
		return nil, fmt.Errorf("list what the build gets: %w", err)
	}
	built = slices.DeleteFunc(built, func(file string) bool { return !matched[file] })
	slices.Sort(built)
	return slices.Compact(built), nil
}

// locate finds out where the contents of files are. One that cannot be had is an error that names it.
func (c *Commit) locate(ctx context.Context, files []large, config string) ([]large, error) {
	server, err := c.remote.LFSServer(config)
	if err != nil {
		return nil, c.missing(files, err)
	}
	var objects []gitremote.Object
	for _, l := range files {
		if !slices.Contains(objects, l.Object) {
			objects = append(objects, l.Object)
		}
	}
	found, err := c.remote.Downloads(ctx, server, objects)
	if err != nil {
		return nil, c.missing(files, err)
	}
	var without []large
	for i, l := range files {
		files[i].Download = found[l.OID]
		c.conceal(files[i].Download)
		if files[i].Err != nil {
			without = append(without, files[i])
		}
	}
	if len(without) > 0 {
		return nil, c.missing(without, without[0].Err)
	}
	return files, nil
}

// missing is the error that files in Git LFS cannot be had.
func (c *Commit) missing(files []large, err error) error {
	names := path.Join(c.Path, files[0].file)
	if more := len(files) - 1; more > 0 {
		names += fmt.Sprintf(" (and %d more)", more)
	}
	return fmt.Errorf("%s is in Git LFS, and the contents cannot be had: %w\npush them (git lfs push --all origin), "+
		"let the token read them, or else %s", names, err, instead)
}

// conceal keeps what a server says in confidence out of all that is printed: a header, and what signs an
// address.
func (c *Commit) conceal(d gitremote.Download) {
	const least = 16 // shorter ones are words
	if _, credentials, is := strings.Cut(d.Authorization, " "); is {
		c.hide(credentials)
	} else {
		c.hide(d.Authorization)
	}
	at, err := url.Parse(d.URL)
	if err != nil {
		return
	}
	for _, values := range at.Query() {
		for _, value := range values {
			if len(value) >= least {
				c.hide(value)
			}
		}
	}
}

// Build is the folder that a build gets, with the contents of its files in Git LFS in place of the
// pointers, and how many those are. With git, it has the folder .git too, and is the root.
func (c *Commit) Build(ctx context.Context, dockerfile string, git bool) (
	folder *dagger.Directory, count int, err error,
) {
	files, err := c.findLarge(ctx, dockerfile)
	if err != nil {
		return nil, 0, err
	}
	fetched := make([]*dagger.File, len(files))
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(fetchedAtOnce)
	for i, l := range files {
		group.Go(func() (err error) {
			fetched[i], err = c.large.fetched.Get([2]string{c.Path, l.OID}, func() (*dagger.File, error) {
				return c.fetch(gctx, l)
			})
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, 0, err
	}
	if folder = c.Folder(); git {
		folder = c.withGit
	}
	for from := 0; from < len(files); from += putAtOnce {
		to := min(from+putAtOnce, len(files))
		onto := folder
		if len(files) > putAtOnce {
			onto = c.client.Directory()
		}
		for i := from; i < to; i++ {
			onto = onto.WithFile(files[i].file, fetched[i], dagger.DirectoryWithFileOpts{Permissions: files[i].mode})
		}
		if len(files) > putAtOnce {
			onto = folder.WithDirectory(".", onto)
		}
		folder = onto
	}
	return folder, len(files), nil
}

// fetch has the engine download a file. Its contents do not come into this process. The engine makes
// sure of their SHA-256, and knows them by that when it looks into its cache.
func (c *Commit) fetch(ctx context.Context, l large) (*dagger.File, error) {
	at, err := c.remote.Follow(ctx, l.Object, l.Download)
	if err != nil {
		return nil, c.missing([]large{l}, err)
	}
	c.conceal(at)
	options := dagger.HTTPOpts{Name: l.OID, Checksum: "sha256:" + l.OID}
	if at.Authorization != "" {
		// the name is part of the cache's key, so it is the same for each job's token
		options.AuthHeader = c.client.SetSecret("ship-lfs-"+l.OID, at.Authorization)
	}
	file := c.client.HTTP(at.URL, options)
	size, err := file.Size(ctx)
	name := path.Join(c.Path, l.file)
	switch {
	case err != nil && strings.Contains(err.Error(), "mismatch"):
		return nil, fmt.Errorf("%s is in Git LFS, and what its server sends is something else: it does not have the "+
			"SHA-256 that the pointer says: push the file again (git lfs push --all origin)", name)
	case err != nil:
		return nil, fmt.Errorf("fetch %s from Git LFS: %w", name, unsigned(err, at.URL))
	case int64(size) != l.Size:
		return nil, fmt.Errorf("%s is in Git LFS with %d bytes, and its pointer says %d: write the pointer again", name,
			size, l.Size)
	}
	return file, nil
}

// unsigned is the error of a download, without what signs the address.
func unsigned(err error, address string) error {
	text := err.Error()
	if _, query, is := strings.Cut(address, "?"); is && query != "" {
		text = strings.ReplaceAll(text, query, "...")
	}
	if strings.Contains(text, "x509:") {
		text += "\nthe engine must trust the server's authority, too: give BuildKit its certificate with " +
			"SSL_CERT_FILE, or a Dagger engine by its own configuration"
	}
	return errors.New(text)
}
