// Package flow performs groups of steps in order. A step is a value; what it does is its own
// affair: this package knows no Dagger, git or Helm.
package flow

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"dagger/ship/internal/report"
)

// Step is one step. What it does is said in the text that Do returns.
type Step struct {
	Name  string
	Waits string // what it waits for, in case it takes long

	// Looks is set for a step that changes nothing and is always performed, in a plan, too. Of the
	// others, those are performed that are Needed; Why says why a step is needed, or why not.
	Looks  bool
	Needed bool
	Why    string

	Stops bool // if it fails, those of its group are stopped: what they do would be in vain
	Do    func(context.Context) (string, error)
}

// Group is steps that are performed at the same time: none of them knows of the others. Most groups
// have one.
type Group []Step

// ErrSuperseded is wrapped by the error of a step after which nothing is left to do, since somebody
// else does the rest. It is no failure.
var ErrSuperseded = errors.New("superseded")

// FailAtEnd makes an error one that the following steps do without, and so do the projects that
// need this one: they are performed, and the run fails at its end.
func FailAtEnd(err error) error { return failAtEnd{err} }

type failAtEnd struct{ error }

func (f failAtEnd) Unwrap() error { return f.error }

// FailsAtEnd tells whether an error is one of FailAtEnd.
func FailsAtEnd(err error) bool { return errors.As(err, new(failAtEnd)) }

// Run performs steps, and writes into its report what became of each. One Run may be given several
// groups, one call after the other.
type Run struct {
	Plan   bool // performs only what looks, and says of the rest whether it would be done
	Report report.Report

	Style report.Style

	// Explain is what a failed step's error says. Line and Text make what others wrote fit to print,
	// on one line and on several.
	Explain func(error) string
	Line    func(string) string
	Text    func(string) string

	// Log is told of each step as it ends, Wait of one that takes long, and what it waits for.
	Log  func(report.Step)
	Wait func(step, what string, since time.Duration)

	// Span begins a span for a step. Its end is told what failed, or "".
	Span func(ctx context.Context, step string) (_ context.Context, end func(failure string))
}

// Perform performs groups in order, the steps of each at the same time. What was done before a
// failure is in the error, since a value returned beside an error is lost on the way to the user. A
// failure leaves alone what is in the same group, unless the step says otherwise, since a rollout
// that is stopped half-way helps nobody, but no later group is begun.
func (r *Run) Perform(ctx context.Context, groups ...Group) error {
	ended := false
	for _, group := range groups {
		if ended || r.Report.Outcome == report.Superseded {
			break
		}
		for _, end := range r.performGroup(ctx, group) {
			r.Report.Steps = append(r.Report.Steps, end.Step)
			switch {
			case errors.Is(end.err, ErrSuperseded):
				r.Report.Outcome = report.Superseded
			case end.err != nil:
				r.Report.Cause = strings.TrimPrefix(r.Report.Cause+"\n\n"+end.cause, "\n\n")
				ended = ended || !FailsAtEnd(end.err)
			}
		}
	}
	if r.Report.Cause == "" {
		return nil
	}
	err := r.Failure()
	if !ended {
		return FailAtEnd(err)
	}
	return err
}

// Failure is an error that says what was done, and then what failed.
func (r *Run) Failure() error { return errors.New(r.Style.Text(r.Report) + "\n" + r.Report.Cause) }

// end is what became of a step, and if it failed, the cause with the step's name.
type end struct {
	report.Step
	cause string
	err   error
}

func (r *Run) performGroup(ctx context.Context, group Group) []end {
	ends := make([]end, len(group))
	inside, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var all, stoppers sync.WaitGroup
	for i, step := range group {
		if skipped, is := r.skip(step); is {
			skipped.Beside = i > 0
			ends[i].Step = skipped
			r.Log(skipped)
			continue
		}
		if step.Stops {
			stoppers.Add(1)
		}
		all.Go(func() {
			// if it may be stopped, it waits for those that may stop it before it says why it
			// failed: see perform
			ends[i] = r.perform(inside, step, i > 0, stoppers.Wait)
			if step.Stops {
				if ends[i].err != nil {
					stop(stopped(step.Name))
				}
				stoppers.Done()
			}
		})
	}
	all.Wait()
	return ends
}

// skip tells whether a step is not to be performed: it is not needed, or this is a plan.
func (r *Run) skip(step Step) (skipped report.Step, is bool) {
	skipped = report.Step{Name: step.Name, State: report.Skipped, Text: r.Line(step.Why)}
	if step.Needed {
		skipped.State = report.Planned
	}
	return skipped, !step.Looks && (!step.Needed || r.Plan)
}

// stopped is why a step was stopped: the one of that name, in the same group, failed.
type stopped string

func (s stopped) Error() string { return "stopped, since " + string(s) + " failed" }

// perform performs one step. If it fails beside steps that may stop it, their failure is what
// counts, whichever came first: they look for the same things, and say better what to do.
func (r *Run) perform(ctx context.Context, step Step, beside bool, stoppers func()) end {
	start := time.Now()
	told := r.tell(step, start)
	inside, finish := r.Span(ctx, step.Name)
	text, err := step.Do(inside)
	told()
	done := end{err: err, Step: report.Step{
		Name: step.Name, State: report.Done, Text: r.Line(text), Took: time.Since(start), Beside: beside,
		Looks: step.Looks,
	}}
	if err != nil && !step.Stops {
		stoppers()
	}
	why := new(stopped)
	switch {
	case err != nil && !step.Stops && errors.As(context.Cause(ctx), why):
		done.State, done.Text, done.err = report.Skipped, why.Error(), nil
	case errors.Is(err, ErrSuperseded):
		done.State = report.Skipped
	case err != nil:
		done.State, done.Text = report.Failed, ""
		done.cause = r.Text(step.Name + ": " + r.Explain(err))
	}
	finish(done.cause)
	r.Log(done.Step)
	return done
}

// When whoever waits is told what a step waits for: first, and then again and again.
const (
	firstWait = 3 * time.Second
	nextWait  = 30 * time.Second
)

// tell says what a step waits for while it takes long, until it is told to stop.
func (r *Run) tell(step Step, start time.Time) (stop func()) {
	ended := make(chan struct{})
	go func() {
		for wait := firstWait; ; wait = nextWait {
			select {
			case <-ended:
				return
			case <-time.After(wait):
				r.Wait(step.Name, step.Waits, time.Since(start))
			}
		}
	}()
	return func() { close(ended) }
}
