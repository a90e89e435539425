package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/Khan/genqlient/graphql"

	"dagger/ship/internal/dagger"
	"dagger/ship/internal/manifest"
)

// files are those of a directory, each folder and file read once. To read one is a round trip to the session, and may be one to a git
// remote first, which is given up after the limit.
type files struct {
	directory *dagger.Directory
	limit     time.Duration
	folders   shared[string, []string]
	contents  shared[string, []byte]
}

// tree lets manifests be read from the files.
func (f *files) tree(ctx context.Context) manifest.Tree {
	return manifest.Tree{
		List: func(folder string) ([]string, error) {
			return f.folders.get(path.Clean(folder), func() ([]string, error) {
				limited, cancel := context.WithTimeout(ctx, f.limit)
				defer cancel()
				entries, err := f.directory.Entries(limited, dagger.DirectoryEntriesOpts{Path: folder})
				if err != nil {
					return nil, fmt.Errorf("list the source's folder %s: %w", folder, err)
				}
				return entries, nil
			})
		},
		Contents: func(file string) ([]byte, error) {
			return f.contents.get(path.Clean(file), func() ([]byte, error) {
				limited, cancel := context.WithTimeout(ctx, f.limit)
				defer cancel()
				data, err := f.directory.File(file).Contents(limited)
				if err != nil {
					return nil, fmt.Errorf("read the manifest %s: %w", file, err)
				}
				return []byte(data), nil
			})
		},
	}
}

// readAhead reads the projects' folders and the manifests in them with two queries, where each folder and file by itself is one. What
// cannot be read is left to whoever needs it, since one failure is that of the whole query.
func (f *files) readAhead(ctx context.Context, projects []*release) {
	if len(projects) < 2 {
		return
	}
	id, err := f.directory.ID(ctx)
	if err != nil {
		return
	}
	var folders, manifests []string
	for _, r := range projects {
		if folders = append(folders, r.Path); r.Manifest != "" {
			manifests = append(manifests, path.Join(r.Path, r.Manifest))
		}
	}
	listed := queryAll[[]string](ctx, string(id), folders, func(folder string) string { return "entries(path: " + folder + ")" })
	for folder, entries := range listed {
		f.folders.know(path.Clean(folder), entries)
		for _, entry := range entries {
			if slices.ContainsFunc(manifest.Files(), func(pattern string) bool { is, _ := path.Match(pattern, entry); return is }) {
				manifests = append(manifests, path.Join(folder, entry))
			}
		}
	}
	read := queryAll[struct{ Contents string }](ctx, string(id), manifests, func(file string) string { return "file(path: " + file + ") { contents }" })
	for file, found := range read {
		f.contents.know(path.Clean(file), []byte(found.Contents))
	}
}

// queryAll asks for the same field of a directory with each of the arguments, in one query. There is no answer where one of them has none.
func queryAll[A any](ctx context.Context, directory string, arguments []string, field func(argument string) string) map[string]A {
	var query strings.Builder
	fmt.Fprintf(&query, "{ directory: loadDirectoryFromID(id: %s) {", quoted(directory))
	for i, argument := range arguments {
		fmt.Fprintf(&query, " a%d: %s", i, field(quoted(argument)))
	}
	query.WriteString(" } }")
	var data struct{ Directory map[string]A }
	err := dag.GraphQLClient().MakeRequest(ctx, &graphql.Request{Query: query.String()}, &graphql.Response{Data: &data})
	if err != nil {
		return nil
	}
	answers := map[string]A{}
	for i, argument := range arguments {
		answers[argument] = data.Directory["a"+strconv.Itoa(i)]
	}
	return answers
}

// quoted is a text as a query has it (https://spec.graphql.org/October2021/#sec-String-Value), which is as JSON has it.
func quoted(text string) string {
	data, _ := json.Marshal(text)
	return string(data)
}
