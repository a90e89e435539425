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

// CheckWhole makes sure that what the build is to get of the commit is all there: no pointer of Git
// LFS in place of a file, and no empty folder in place of a submodule. A build takes both for the
// real thing. What .dockerignore keeps out is nobody's concern.
func (c *Commit) CheckWhole(ctx context.Context, dockerfile string) error {
	ctx, cancel := context.WithTimeout(ctx, c.limit)
	defer cancel()
	top, err := c.Files.List(".")
	if err != nil {
		return err
	}
	attributes, err := c.attributes(ctx)
	if err != nil {
		return err
	}
	var large, submodules []string
	for file, text := range attributes {
		large = append(large, gitfiles.LFS(text, path.Dir(file))...)
	}
	if slices.Contains(top, ".gitmodules") {
		text, err := c.Files.Contents(".gitmodules")
		if err != nil {
			return err
		}
		submodules = gitfiles.Submodules(string(text))
	}
	if len(large)+len(submodules) == 0 {
		return nil
	}
	ignored, err := c.ignored(dockerfile)
	if err != nil {
		return err
	}
	build := c.Folder().Filter(dagger.DirectoryFilterOpts{Exclude: ignored})
	if err := c.checkPointers(ctx, build, large); err != nil {
		return err
	}
	return c.checkSubmodules(ctx, build, submodules)
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

func (c *Commit) checkPointers(ctx context.Context, build *dagger.Directory, patterns []string) error {
	var large []string
	for _, pattern := range patterns {
		files, err := c.Root.Glob(ctx, pattern)
		if err != nil {
			return fmt.Errorf("find the files that .gitattributes gives to Git LFS: %w", err)
		}
		for _, file := range files {
			if file, is := c.inside(file); is && !strings.HasSuffix(file, "/") {
				large = append(large, file)
			}
		}
	}
	if len(large) == 0 {
		return nil
	}
	built, err := build.Glob(ctx, "**")
	if err != nil {
		return fmt.Errorf("list what the build gets: %w", err)
	}
	slices.Sort(built)
	for _, file := range large {
		if _, is := slices.BinarySearch(built, file); !is {
			continue
		}
		size, err := build.File(file).Size(ctx)
		if err != nil || size >= gitfiles.MaxPointer {
			continue // a link that leads nowhere is no pointer
		}
		text, err := build.File(file).Contents(ctx)
		if err != nil {
			return fmt.Errorf("read %s: %w", file, err)
		}
		if gitfiles.IsPointer([]byte(text)) {
			return fmt.Errorf(
				"%s is in Git LFS, so the build would get a pointer in its place: commit the file itself, "+
					"name it in .dockerignore if the image does not need it, or give an image made elsewhere "+
					"(with-image)",
				path.Join(c.Path, file),
			)
		}
	}
	return nil
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
