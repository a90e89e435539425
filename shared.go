package main

import (
	"path"
	"sync"

	"dagger/ship/internal/manifest"
)

// shared are answers by question, so that the releases of a repo ask each once, whoever of them comes first.
type shared[Q comparable, A any] struct {
	mu      sync.Mutex
	answers map[Q]*answer[A]
}

type answer[A any] struct{ get func() (A, error) }

// get asks a question that has no answer yet. A failure is forgotten, so that it can be tried again.
func (s *shared[Q, A]) get(question Q, ask func() (A, error)) (A, error) {
	s.mu.Lock()
	asked := s.answers[question]
	if asked == nil {
		if s.answers == nil {
			s.answers = map[Q]*answer[A]{}
		}
		asked = &answer[A]{sync.OnceValues(ask)}
		s.answers[question] = asked
	}
	s.mu.Unlock()
	value, err := asked.get()
	if err != nil {
		s.mu.Lock()
		if s.answers[question] == asked { // nobody has asked again
			delete(s.answers, question)
		}
		s.mu.Unlock()
	}
	return value, err
}

// forget makes the question be asked again.
func (s *shared[Q, A]) forget(question Q) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.answers, question)
}

// remembered is a tree of which each folder and file is read once: several projects may have parents in common.
func remembered(tree manifest.Tree) manifest.Tree {
	folders, contents := &shared[string, []string]{}, &shared[string, []byte]{}
	return manifest.Tree{
		List: func(folder string) ([]string, error) {
			return folders.get(path.Clean(folder), func() ([]string, error) { return tree.List(folder) })
		},
		Contents: func(file string) ([]byte, error) {
			return contents.get(path.Clean(file), func() ([]byte, error) { return tree.Contents(file) })
		},
	}
}
