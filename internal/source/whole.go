package source

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"dagger/ship/internal/dagger"
	"dagger/ship/internal/gitfiles"
)

// CheckWhole makes sure that what the build is to get of the commit can all be had: the contents of
// each file that the commit has a pointer of Git LFS for, and the files of each submodule. A build takes
// a pointer and an empty folder for the real thing. What .dockerignore keeps out is nobody's concern.
func (c *Commit) CheckWhole(ctx context.Context, dockerfile string) error {
	_, err := c.findLarge(ctx, dockerfile)
	return err
}

// findLarge finds the files of a build that are in Git LFS, and where their contents are. It does so
// once for each build.
func (c *Commit) findLarge(ctx context.Context, dockerfile string) ([]large, error) {
	return c.large.found.Get([2]string{c.Path, dockerfile}, func() ([]large, error) {
		ctx, cancel := context.WithTimeout(ctx, c.limit)
		defer cancel()
		return c.look(ctx, dockerfile)
	})
}

// look looks at what a build is to get.
func (c *Commit) look(ctx context.Context, dockerfile string) ([]large, error) {
	top, err := c.Files.List(".")
	if err != nil {
		return nil, err
	}
	attributes, err := c.attributes(ctx)
	if err != nil {
		return nil, err
	}
	var patterns, submodules []string
	for file, text := range attributes {
		patterns = append(patterns, gitfiles.LFS(text, path.Dir(file))...)
	}
	if slices.Contains(top, ".gitmodules") {
		text, err := c.Files.Contents(".gitmodules")
		if err != nil {
			return nil, err
		}
		submodules = gitfiles.Submodules(string(text))
	}
	if len(patterns)+len(submodules) == 0 {
		return nil, nil
	}
	ignored, err := c.ignored(dockerfile)
	if err != nil {
		return nil, err
	}
	build := c.Folder().Filter(dagger.DirectoryFilterOpts{Exclude: ignored})
	if err := c.checkSubmodules(ctx, build, submodules); err != nil {
		return nil, err
	}
	pointers, err := c.pointers(ctx, build, patterns)
	if err != nil || len(pointers) == 0 {
		return nil, err
	}
	for _, l := range pointers {
		for _, folder := range submodules {
			if file := path.Join(c.Path, l.file); strings.HasPrefix(file, folder+"/") {
				return nil, fmt.Errorf("%s is in Git LFS, of the submodule %s, whose large files Ship does not fetch: "+
					"%s", file, folder, instead)
			}
		}
	}
	config := ""
	if slices.Contains(top, ".lfsconfig") {
		text, err := c.Files.Contents(".lfsconfig")
		if err != nil {
			return nil, err
		}
		config = string(text)
	}
	return c.locate(ctx, pointers, config)
}

// attributes are the texts of the commit's files .gitattributes, by their paths.
func (c *Commit) attributes(ctx context.Context) (map[string]string, error) {
	files, err := c.Root.Glob(ctx, "**/.gitattributes")
	if err != nil {
		return nil, fmt.Errorf("find the commit's files .gitattributes: %w", err)
	}
	texts := map[string]string{}
	for _, file := range files {
		data, err := c.Files.Contents(file)
		if err != nil {
			return nil, err
		}
		texts[file] = string(data)
	}
	return texts, nil
}

// ignored are the patterns of what stays out of the build: those of the Dockerfile's own file, or
// of the folder's.
func (c *Commit) ignored(dockerfile string) ([]string, error) {
	for _, name := range []string{dockerfile + ".dockerignore", ".dockerignore"} {
		folder, base := path.Split(path.Join(c.Path, name))
		entries, err := c.Files.List(path.Clean(folder))
		if err != nil || !slices.Contains(entries, base) {
			continue // a Dockerfile's folder that is not there is the build's to report
		}
		data, err := c.Files.Contents(folder + base)
		return gitfiles.Ignored(string(data)), err
	}
	return nil, nil
}

// inside is where a path of the repo is in the project's folder, whose files alone reach the build.
func (c *Commit) inside(name string) (string, bool) {
	if c.Path == "." {
		return name, true
	}
	return strings.CutPrefix(name, c.Path+"/")
}

func (c *Commit) checkSubmodules(ctx context.Context, build *dagger.Directory, folders []string) error {
	for _, folder := range folders {
		folder, is := c.inside(folder)
		if !is {
			continue
		}
		is, err := build.Exists(ctx, folder)
		if err != nil {
			return fmt.Errorf("look for the submodule %s: %w", folder, err)
		}
		if !is {
			continue // .dockerignore keeps it out
		}
		files, err := build.Entries(ctx, dagger.DirectoryEntriesOpts{Path: folder})
		if err != nil {
			return fmt.Errorf("list the submodule %s: %w", folder, err)
		}
		if len(files) == 0 {
			return fmt.Errorf(
				"%s is a git submodule whose files were not fetched (.gitmodules may say update = none): have them "+
					"fetched, commit the files themselves, or name the folder in .dockerignore if the image does not "+
					"need it",
				path.Join(c.Path, folder),
			)
		}
	}
	return nil
}
