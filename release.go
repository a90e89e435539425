package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"dagger/ship/internal/converge"
	"dagger/ship/internal/dagger"
	"dagger/ship/internal/helm"
	"dagger/ship/internal/manifest"
	"dagger/ship/internal/registry"
	"dagger/ship/internal/report"
)

// release is one project's: what was read, what was seen, what is to be done about it, and what was done.
type release struct {
	*Ship // the project's settings
	*repo

	key     string   // what ship.toml calls the project; empty where there is no such file
	needs   []string // keys of the projects that are released before it
	targets []helm.Target
	rival   bool // another release of the same commit pushed the tag at the same time
	byName  bool // the one target was asked for by name, so what it was rolled back from does not matter

	project  manifest.Project
	images   registry.Repository
	imageTag string // the version, as an image's tag has it
	facts    converge.Facts
	plan     converge.Plan

	made      time.Time // the commit's time
	container *dagger.Container

	report report.Report
	err    error
	ended  chan struct{} // closed when nothing more will be done
}

// step is one step of a release. What it does is said in the text it returns.
type step struct {
	name  string
	waits string               // what it waits for, where it takes long
	part  func() converge.Step // its part in the plan; nil: it is always taken
	do    func(context.Context) (string, error)
}

// errSuperseded ends a release whose version another pipeline has claimed: no failure, and nothing is left to do.
var errSuperseded = errors.New("superseded")

// setAside is the error of a step that the steps after it do without, and so do the projects that need this one: they are taken, and the
// release fails at its end.
type setAside struct{ error }

// run takes the steps in order, writing each down in the report and on standard error as it ends. The error of a step
// gets its name and what was done before it, since a value returned beside an error is lost on the way to the user.
func (r *release) run(ctx context.Context, steps []step) error {
	for _, s := range steps {
		done := report.Step{Name: s.name}
		if s.part != nil {
			if part := s.part(); !part.Needed || r.dry {
				done.State, done.Text = report.Skipped, part.Why
				if part.Needed {
					done.State = report.Planned
				}
				r.record(done)
				continue
			}
		}
		start := time.Now()
		told := r.tell(s)
		inside, end := span(ctx, r.of(s.name))
		text, err := s.do(inside)
		told()
		done.State, done.Text, done.Took = report.Done, r.redactor.Redact(text), time.Since(start)
		if errors.Is(err, errSuperseded) {
			done.State = report.Skipped
			end("")
			r.record(done)
			r.report.Outcome = report.Superseded
			return nil
		}
		if err != nil {
			done.State, done.Text = report.Failed, ""
			r.record(done)
			cause := r.redactor.Redact(s.name + ": " + explain(err))
			end(cause)
			if r.report.Cause != "" {
				r.report.Cause += "\n\n"
			}
			r.report.Cause += cause
			if errors.As(err, new(setAside)) {
				continue
			}
			return errors.New(style.Text(r.report) + "\n" + r.report.Cause)
		}
		end("")
		r.record(done)
	}
	if r.report.Cause != "" {
		return setAside{errors.New(style.Text(r.report) + "\n" + r.report.Cause)}
	}
	return nil
}

// of is a step's name in a log of several projects.
func (r *release) of(step string) string {
	if r.key == "" {
		return step
	}
	return r.key + ": " + step
}

// tell says what a step waits for, once that takes a while and then now and again, until it is told to stop.
func (r *release) tell(s step) (stop func()) {
	start, ended := time.Now(), make(chan struct{})
	go func() {
		for wait := 3 * time.Second; ; wait = 30 * time.Second {
			select {
			case <-ended:
				return
			case <-time.After(wait):
				r.say("%-18s waiting for %s (%s)", s.name, s.waits, time.Since(start).Round(time.Second))
			}
		}
	}()
	return func() { close(ended) }
}

// record writes down a step that has ended. Of one project among several, the log has what was done and what failed: the rest is in
// the report.
func (r *release) record(done report.Step) {
	r.report.Steps = append(r.report.Steps, done)
	if len(r.releases) == 1 {
		fmt.Fprintln(os.Stderr, done.Line())
	} else if done.State == report.Failed || done.State == report.Done && done.Name != "read" && done.Name != "look" {
		fmt.Fprintf(os.Stderr, "  %s:%s\n", r.key, done.Line())
	}
}

// say tells whoever waits what is being waited for.
func (r *release) say(format string, args ...any) {
	if len(r.releases) > 1 {
		format, args = "%s: "+format, append([]any{r.key}, args...)
	}
	r.repo.say(format, args...)
}

func (r *release) outcome() report.Outcome {
	switch {
	case r.report.Outcome != "":
		return r.report.Outcome
	case !r.plan.Anything().Needed:
		return report.Nothing
	case r.plan.Tag.Needed && r.plan.Publish.Needed:
		return report.Released
	}
	return report.Resumed
}

// explain is an error's text. That of an exec is made anew, from the last that the program printed: the engine's own
// drops what we put around it.
func explain(err error) string {
	failed := new(dagger.ExecError)
	if !errors.As(err, &failed) {
		return err.Error()
	}
	return fmt.Sprintf("%s: exit code %d\n%s", strings.Join(failed.Cmd, " "), failed.ExitCode,
		strings.TrimSpace(report.Tail(failed.Stdout)+report.Tail(failed.Stderr)))
}

// secretText reads a secret. One that is not given, or that an unset variable leaves empty, missing or a file without a
// name, is "": looking may do without, and what cannot says which flag it lacks.
func secretText(ctx context.Context, flag string, secret *dagger.Secret) (string, error) {
	if secret == nil {
		return "", nil
	}
	text, err := secret.Plaintext(ctx)
	if err != nil && (strings.Contains(err.Error(), "env var not found") || strings.Contains(err.Error(), `secret file ""`)) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read --%s: %w", flag, err)
	}
	return strings.TrimSpace(text), nil
}
