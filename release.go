package main

import "context"

// Release the version that the manifest says: push tag and image and deploy it, whatever of that is
// missing.
//
// It returns the report as text: what was done, what was already there, and where it runs now.
// Called again after a failure, it does what is missing. An error says what failed, what was done
// before, and what to do next. If ship.toml lists several projects, each is released, after those
// that it needs; one's failure does not stop the others.
// +cache="session"
func (s *Ship) Release(ctx context.Context) (string, error) {
	return s.run(ctx, false)
}

// Plan a release: say what it would do and why, and change nothing.
//
// It returns the steps as text. It needs no token if the remote and the registry can be read
// without.
// +cache="session"
func (s *Ship) Plan(ctx context.Context) (string, error) {
	return s.run(ctx, true)
}

func (s *Ship) run(ctx context.Context, plan bool) (string, error) {
	all, err := s.open(ctx, plan)
	if err != nil {
		return "", err
	}
	if err := all.Run(ctx); err != nil {
		return "", err
	}
	return all.Text(), nil
}
