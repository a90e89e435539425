package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"dagger/ship/internal/converge"
	"dagger/ship/internal/dagger"
	"dagger/ship/internal/foreign"
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

	container *dagger.Container

	report report.Report
	err    error
	ended  chan struct{} // closed when nothing more will be done
}

// step is one step of a release. What it does is said in the text it returns.
type step struct {
	name   string
	waits  string               // what it waits for, where it takes long
	part   func() converge.Step // its part in the plan; nil: it is always taken
	do     func(context.Context) (string, error)
	beside bool // it is taken at the same time as the step before it, which knows nothing of it
	stops  bool // where it fails, those beside it are stopped: what they do would be in vain
}

// errSuperseded ends a release whose version another pipeline has claimed: no failure, and nothing is left to do.
var errSuperseded = errors.New("superseded")

// setAside is the error of a step that the steps after it do without, and so do the projects that need this one: they are taken, and the
// release fails at its end.
type setAside struct{ error }

// ended is what came of a step, and of one that failed the cause, with the step's name.
type ended struct {
	report.Step
	cause string
	err   error
}

// run takes the steps in order, those that go together at the same time. Each is written to standard error as it ends, and to the report in
// the order of the list. What was done before a failure is in the error, since a value returned beside an error is lost on the way to
// the user. A failure leaves alone what goes together with that step, unless the step says otherwise, since a rollout that is stopped
// half-way helps nobody, but nothing after them is begun.
func (r *release) run(ctx context.Context, steps []step) error {
	failed := false
	for len(steps) > 0 && !failed && r.report.Outcome != report.Superseded {
		n := 1
		for n < len(steps) && steps[n].beside {
			n++
		}
		ends := make([]ended, n)
		inside, stop := context.WithCancelCause(ctx)
		var group, stoppers sync.WaitGroup
		for i, s := range steps[:n] {
			if left := r.leave(s); left.State != "" {
				ends[i].Step = left
				continue
			}
			if s.stops {
				stoppers.Add(1)
			}
			group.Go(func() {
				ends[i] = r.take(inside, s, stoppers.Wait)
				if s.stops {
					if ends[i].err != nil {
						stop(stopped(s.name))
					}
					stoppers.Done()
				}
			})
		}
		group.Wait()
		stop(nil)
		for _, end := range ends {
			r.report.Steps = append(r.report.Steps, end.Step)
			switch {
			case errors.Is(end.err, errSuperseded):
				r.report.Outcome = report.Superseded
			case end.err != nil:
				r.report.Cause = strings.TrimPrefix(r.report.Cause+"\n\n"+end.cause, "\n\n")
				failed = failed || !errors.As(end.err, new(setAside))
			}
		}
		steps = steps[n:]
	}
	if r.report.Cause == "" {
		return nil
	}
	err := errors.New(style.Text(r.report) + "\n" + r.report.Cause)
	if !failed {
		return setAside{err}
	}
	return err
}

// leave writes down a step that is not to be taken: it is not needed, or this is a plan. Of any other step, it returns none.
func (r *release) leave(s step) (left report.Step) {
	if s.part == nil {
		return left
	}
	part := s.part()
	switch {
	case !part.Needed:
		left = report.Step{Name: s.name, State: report.Skipped, Text: r.redactor.Line(part.Why), Beside: s.beside}
	case r.dry:
		left = report.Step{Name: s.name, State: report.Planned, Text: r.redactor.Line(part.Why), Beside: s.beside}
	default:
		return left
	}
	r.log(left)
	return left
}

// stopped is why a step was stopped: the one of that name, which it was beside, failed.
type stopped string

func (s stopped) Error() string { return "stopped, since " + string(s) + " failed" }

// take takes one step, and writes down what came of it. Where it fails beside steps that may stop it, their failure is what counts, whichever
// came first: they look for the same things, and say better what to do.
func (r *release) take(ctx context.Context, s step, stoppers func()) ended {
	start := time.Now()
	told := r.tell(s)
	inside, finish := span(ctx, r.of(s.name))
	text, err := s.do(inside)
	told()
	end := ended{Step: report.Step{Name: s.name, State: report.Done, Text: r.redactor.Line(text), Took: time.Since(start), Beside: s.beside}, err: err}
	if err != nil && s.beside {
		stoppers()
	}
	why := new(stopped)
	switch {
	case err != nil && s.beside && errors.As(context.Cause(ctx), why):
		end.State, end.Text, end.err = report.Skipped, why.Error(), nil
	case errors.Is(err, errSuperseded):
		end.State = report.Skipped
	case err != nil:
		end.State, end.Text = report.Failed, ""
		end.cause = r.redactor.Text(s.name + ": " + explain(err))
	}
	finish(end.cause)
	r.log(end.Step)
	return end
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

// log writes down a step that has ended. Of one project among several, the log has what was done and what failed: the rest is in
// the report.
func (r *release) log(done report.Step) {
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

// explain is an error's text. That of an exec is made anew, from the last that the program printed, behind a bar: the engine's own
// drops what we put around it.
func explain(err error) string {
	failed := new(dagger.ExecError)
	if !errors.As(err, &failed) {
		return err.Error()
	}
	said := fmt.Sprintf("%s: exit code %d", foreign.Joined(strings.Join(failed.Cmd, " ")), failed.ExitCode)
	if printed := strings.TrimSpace(report.Tail(failed.Stdout) + report.Tail(failed.Stderr)); printed != "" {
		said += "\nit printed last:\n" + foreign.Quote(printed)
	}
	return said
}

// How long reading a secret may take, which a program may have to fetch from a vault, and how many bytes it may have. A
// session on BuildKit has its own limits below these.
const (
	secretLimit = time.Minute
	maxSecret   = 1 << 20
)

// secretText reads a secret. One that is not given, or that an unset variable leaves empty, missing or a file without a
// name, is "": looking may do without, and what cannot says which flag it lacks.
func secretText(ctx context.Context, flag string, secret *dagger.Secret) (string, error) {
	if secret == nil {
		return "", nil
	}
	limited, cancel := context.WithTimeout(ctx, secretLimit)
	defer cancel()
	text, err := secret.Plaintext(limited)
	switch {
	case err != nil && limited.Err() != nil && ctx.Err() == nil:
		return "", fmt.Errorf("read --%s: nothing came within %s: name a file that is there, not one that another program is to write", flag, secretLimit)
	case len(text) > maxSecret:
		return "", fmt.Errorf("read --%s: it has more than %d KiB, which no secret has: name the file that holds it", flag, maxSecret>>10)
	}
	if err != nil && (strings.Contains(err.Error(), "env var not found") || strings.Contains(err.Error(), `secret file ""`)) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read --%s: %w", flag, err)
	}
	return strings.TrimSpace(text), nil
}
