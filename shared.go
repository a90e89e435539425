package main

import "sync"

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

// know gives an answer that came unasked.
func (s *shared[Q, A]) know(question Q, value A) {
	_, _ = s.get(question, func() (A, error) { return value, nil })
}

// forget makes the question be asked again.
func (s *shared[Q, A]) forget(question Q) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.answers, question)
}
