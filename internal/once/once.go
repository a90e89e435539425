// Package once keeps answers by question, so that what several ask is asked once.
package once

import "sync"

// Answers are answers by question, so that the releases of a repo ask each once, whoever of them
// comes first.
type Answers[Q comparable, A any] struct {
	mu      sync.Mutex
	answers map[Q]*answer[A]
}

type answer[A any] struct{ get func() (A, error) }

// Get asks a question that has no answer yet. A failure is forgotten, so that it can be tried
// again.
func (s *Answers[Q, A]) Get(question Q, ask func() (A, error)) (A, error) {
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

// Know gives an answer that came unasked.
func (s *Answers[Q, A]) Know(question Q, value A) {
	_, _ = s.Get(question, func() (A, error) { return value, nil })
}

// Forget makes the question be asked again.
func (s *Answers[Q, A]) Forget(question Q) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.answers, question)
}
