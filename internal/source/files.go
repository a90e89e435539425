// Package source has the files of the checkout and of a commit as the engine has them, and reads
// secrets.
package source

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
	"dagger/ship/internal/once"
)

// Files are those of a directory, each folder and file read once. To read one is a round trip to
// the session, and may be one to a git remote first, which is given up after the limit.
type Files struct {
	client    *dagger.Client
	directory *dagger.Directory
	limit     time.Duration
	folders   once.Answers[string, []string]
	contents  once.Answers[string, []byte]
}

// NewFiles are the files of a directory.
func NewFiles(client *dagger.Client, directory *dagger.Directory, limit time.Duration) *Files {
	return &Files{client: client, directory: directory, limit: limit}
}

// Tree lets manifests be read from the files.
func (f *Files) Tree(ctx context.Context) manifest.Tree {
	return manifest.Tree{
		List: func(folder string) ([]string, error) {
			return f.folders.Get(path.Clean(folder), func() ([]string, error) {
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
			return f.contents.Get(path.Clean(file), func() ([]byte, error) {
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

// ReadAhead reads folders, and manifests and those in the folders, with two queries: each of them
// by itself is one. What cannot be read is left to whoever needs it, since one failure is that of
// the whole query.
func (f *Files) ReadAhead(ctx context.Context, folders, manifests []string) {
	id, err := f.directory.ID(ctx)
	if err != nil {
		return
	}
	listed, _ := queryAll[[]string](
		ctx,
		f.client,
		string(id),
		folders,
		func(folder string) string { return "entries(path: " + folder + ")" },
	)
	for folder, entries := range listed {
		f.folders.Know(path.Clean(folder), entries)
		for _, entry := range entries {
			if slices.ContainsFunc(
				manifest.Files(),
				func(pattern string) bool { is, _ := path.Match(pattern, entry); return is },
			) {
				manifests = append(manifests, path.Join(folder, entry))
			}
		}
	}
	read, _ := queryAll[struct{ Contents string }](
		ctx,
		f.client,
		string(id),
		manifests,
		func(file string) string { return "file(path: " + file + ") { contents }" },
	)
	for file, found := range read {
		f.contents.Know(path.Clean(file), []byte(found.Contents))
	}
}

// queryAll asks for the same field of a directory with each of the arguments, in one query. There
// is no answer if one of them has none.
func queryAll[A any](
	ctx context.Context,
	client *dagger.Client,
	directory string,
	arguments []string,
	field func(argument string) string,
) (map[string]A, error) {
	var query strings.Builder
	fmt.Fprintf(&query, "{ directory: loadDirectoryFromID(id: %s) {", quoted(directory))
	for i, argument := range arguments {
		fmt.Fprintf(&query, " a%d: %s", i, field(quoted(argument)))
	}
	query.WriteString(" } }")
	var data struct{ Directory map[string]A }
	err := client.GraphQLClient().
		MakeRequest(ctx, &graphql.Request{Query: query.String()}, &graphql.Response{Data: &data})
	if err != nil {
		return nil, err
	}
	answers := map[string]A{}
	for i, argument := range arguments {
		answers[argument] = data.Directory["a"+strconv.Itoa(i)]
	}
	return answers, nil
}

// quoted is a text as a query has it (https://spec.graphql.org/October2021/#sec-String-Value),
// which is as JSON has it.
func quoted(text string) string {
	data, _ := json.Marshal(text)
	return string(data)
}
