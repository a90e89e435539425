package bump

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"dagger/ship/internal/manifest"
	"dagger/ship/internal/version"
)

const corpus = "../manifest/testdata/corpus"

// raised is another version of each scheme.
var raised = map[version.Scheme]string{
	version.SemVer: "2.10.3", version.Pub: "2.10.3+11", version.Helm: "2.10.3", version.PEP440: "2.10.3",
	version.Maven: "2.10.3", version.Gradle: "2.10.3", version.NuGet: "2.10.3", version.Composer: "2.10.3",
}

// parts are versions of the corpus of which one part only can be set: what they may become, and an error
// for anything else.
var parts = map[string]struct{ text, refused string }{
	"maven-parent/pom.xml": {"2.7-rc1", "pom.xml:7: no edit of one place makes 2.10.3 of 2.0-rc1, which is made of " +
		"several: pom.xml:7, pom.xml:7, pom.xml:7: write the version as one text, or set it yourself"},
	"maven-parent/api/pom.xml": {"2.0-beta2", "pom.xml:7: no edit of one place makes 2.10.3"},
	"dotnet-props/src/Shop/Shop.csproj": {"2.1.0.3-rc.2", "Directory.Build.props:4: no edit of one place makes " +
		"2.10.3 of 2.1.0.3-rc.1, which is made of several"},
}

// disk is the tree of a folder.
func disk(root string) manifest.Tree {
	return manifest.Tree{
		List: func(folder string) (names []string, err error) {
			entries, err := os.ReadDir(filepath.Join(root, folder))
			for _, entry := range entries {
				names = append(names, entry.Name())
			}
			return names, err
		},
		Contents: func(file string) ([]byte, error) { return os.ReadFile(filepath.Join(root, file)) },
	}
}

// over is a tree with changes.
func over(tree manifest.Tree, changes []Change) manifest.Tree {
	return manifest.Tree{List: tree.List, Contents: func(file string) ([]byte, error) {
		for _, c := range changes {
			if c.Path == file {
				return c.New, nil
			}
		}
		return tree.Contents(file)
	}}
}

// TestCorpus sets another version in each manifest that the reader's corpus has, and compares what is
// read and which bytes differ.
func TestCorpus(t *testing.T) {
	count := 0
	err := filepath.WalkDir(corpus, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		rest := strings.TrimPrefix(file, corpus+"/")
		root, name, _ := strings.Cut(rest, "/")
		tree := disk(filepath.Join(corpus, root))
		was, err := manifest.Read(tree, name)
		if err != nil {
			if _, setting := Set(tree, "", name, "2.10.3"); setting == nil {
				t.Errorf("%s cannot be read, but is set", rest)
			}
			return nil
		}
		text := raised[was.Version.Scheme]
		if part, is := parts[rest]; is {
			if _, err := Set(tree, "", name, text); err == nil || !strings.HasPrefix(err.Error(), part.refused) {
				t.Errorf("%s: got %v, want %s", rest, err, part.refused)
			}
			text = part.text
		}
		count++
		checkSet(t, rest, tree, was, text)
		return nil
	})
	if err != nil || count < 40 {
		t.Errorf("%d manifests were set: %v", count, err)
	}
}

// checkSet sets a version and makes sure that it is read back, and that one place of one file differs.
func checkSet(t *testing.T, file string, tree manifest.Tree, was manifest.Project, text string) {
	t.Helper()
	changes, err := Set(tree, "", was.Path, text)
	if err != nil {
		t.Errorf("%s: %v", file, err)
		return
	}
	now, err := manifest.Read(over(tree, changes), was.Path)
	if err != nil || now.Version.Text != text || now.Name != was.Name {
		t.Errorf("%s: reads as %q %q, %v", file, now.Name, now.Version.Text, err)
	}
	if len(changes) != 1 {
		t.Errorf("%s: %d files changed", file, len(changes))
		return
	}
	from, to := difference(changes[0])
	if len(to) > len(text) || len(from) > 6*len(was.Version.Text) || strings.ContainsAny(from+to, "\r\n\"'<> =") {
		t.Errorf("%s: %q became %q", file, from, to)
	}
	back, err := Set(over(tree, changes), "", was.Path, was.Version.Text)
	if err != nil || len(back) != 1 {
		t.Errorf("%s: back: %v", file, err)
	} else if escaped := strings.Contains(string(changes[0].Old), "u002e"); !escaped &&
		string(back[0].New) != string(changes[0].Old) {
		t.Errorf("%s: the way back does not lead to the same bytes", file)
	}
	if none, err := Set(tree, "", was.Path, was.Version.Text); err != nil || len(none) > 0 {
		t.Errorf("%s: the same version changes %d files, %v", file, len(none), err)
	}
}

// difference is what differs between the bytes of before and those of now.
func difference(c Change) (from, to string) {
	a, b := string(c.Old), string(c.New)
	for a != "" && b != "" && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for a != "" && b != "" && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	return a, b
}

// FuzzSet sets versions in manifests that nobody would write: what can be set is read back, and one
// place differs.
func FuzzSet(f *testing.F) {
	err := filepath.WalkDir(corpus, func(file string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			data, _ := os.ReadFile(file)
			f.Add(path.Base(file), data, "2.10.3")
		}
		return err
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, name string, data []byte, text string) {
		name = path.Base(name)
		missing := errors.New("no such file")
		tree := manifest.Tree{
			List: func(folder string) ([]string, error) {
				if folder != "." {
					return nil, missing
				}
				return []string{name}, nil
			},
			Contents: func(file string) ([]byte, error) {
				if file != name {
					return nil, missing
				}
				return data, nil
			},
		}
		was, err := manifest.Read(tree, name)
		if err != nil {
			return
		}
		changes, err := Set(tree, "", name, text)
		if err != nil || was.Version.Text == text {
			if len(changes) > 0 {
				t.Fatalf("%d changes", len(changes))
			}
			return
		}
		now, err := manifest.Read(over(tree, changes), name)
		if err != nil || now.Version.Text != text || now.Name != was.Name || len(changes) != 1 {
			t.Fatalf("reads as %q %q, %v", now.Name, now.Version.Text, err)
		}
		if _, to := difference(changes[0]); len(to) > 2*len(text) {
			t.Fatalf("%q became %q", changes[0].Old, changes[0].New)
		}
	})
}
