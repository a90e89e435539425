package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// module is a Dagger module that is loaded.
type module struct {
	name  string
	from  string   // folder with its source
	call  []string // a function and its field
	shows string   // what that prints
	dir   string   // a copy of the source that may be changed
}

// copy makes a folder of all that the engine needs of the module.
func (m *module) copy(dir string) error {
	m.dir = dir
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, pattern := range []string{"dagger.json", "go.*", "*.go"} {
		files, err := filepath.Glob(filepath.Join(m.from, pattern))
		if err != nil {
			return err
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err == nil {
				err = os.WriteFile(filepath.Join(dir, filepath.Base(file)), data, 0o644)
			}
			if err != nil {
				return fmt.Errorf("copy a module: %w", err)
			}
		}
	}
	packages := filepath.Join(m.from, "internal")
	if _, err := os.Stat(packages); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return os.CopyFS(filepath.Join(dir, "internal"), os.DirFS(packages))
}

// change writes a file of the module that it never had.
func (m *module) change(context.Context) error {
	text := fmt.Sprintf("package main\n\n// changed says when this file was written.\nconst changed = %q\n", time.Now())
	return os.WriteFile(filepath.Join(m.dir, "changed.go"), []byte(text), 0o644)
}

// prune empties the engine's caches, of the module's and of all else.
func (m *module) prune(ctx context.Context) error {
	out, err := dagger(ctx, m.dir, os.Environ(), "core", "engine", "local-cache", "prune").CombinedOutput()
	if err != nil {
		return fmt.Errorf("empty the engine's caches: %w\n%s", err, out)
	}
	return nil
}
