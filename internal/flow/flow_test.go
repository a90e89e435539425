package flow

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"dagger/ship/internal/report"
)

func newRun() *Run {
	return &Run{
		Report:  report.Report{Project: "shop 1.0.0"},
		Style:   report.ASCII,
		Explain: func(err error) string { return err.Error() },
		Line:    func(text string) string { return strings.ReplaceAll(text, "secret", "***") },
		Text:    func(text string) string { return strings.ReplaceAll(text, "secret", "***") },
		Log:     func(report.Step) {},
		Wait:    func(string, string, time.Duration) {},
		Span:    func(ctx context.Context, _ string) (context.Context, func(string)) { return ctx, func(string) {} },
	}
}

func does(name string, err error) Step {
	return Step{
		Name:   name,
		Needed: true,
		Why:    "it is missing",
		Do:     func(context.Context) (string, error) { return name + "s", err },
	}
}

// states are a report's steps and what became of each.
func states(r report.Report) string {
	var all []string
	for _, s := range r.Steps {
		beside := ""
		if s.Beside {
			beside = "&"
		}
		all = append(all, fmt.Sprintf("%s%s %s", beside, s.Name, s.State))
	}
	return strings.Join(all, ", ")
}

// TestPerform has what each rule of the runner does with invented steps.
func TestPerform(t *testing.T) {
	failure := errors.New("no secret right")
	looks := Step{Name: "look", Looks: true, Do: func(context.Context) (string, error) { return "", nil }}
	unneeded := Step{
		Name: "tag",
		Why:  "it is there",
		Do:   func(context.Context) (string, error) { panic("it was not needed") },
	}
	never := does("deploy", nil)
	for name, c := range map[string]struct {
		plan    bool
		groups  []Group
		want    string
		outcome report.Outcome
		cause   string // of the error; empty if there is none
		atEnd   bool
	}{
		"in order": {groups: []Group{{looks}, {does("build", nil)}, {does("publish", nil)}},
			want: "look done, build done, publish done"},
		"together":   {groups: []Group{{does("eu", nil), does("us", nil)}}, want: "eu done, &us done"},
		"not needed": {groups: []Group{{unneeded}, {does("build", nil)}}, want: "tag skipped, build done"},
		"a plan": {plan: true, groups: []Group{{looks}, {unneeded}, {never}},
			want: "look done, tag skipped, deploy planned"},
		"fails": {groups: []Group{{does("build", failure)}, {never}}, want: "build failed",
			cause: "build: no *** right"},
		"fails together": {groups: []Group{{does("eu", failure), does("us", nil)}, {never}},
			want: "eu failed, &us done", cause: "eu: no *** right"},
		"both fail": {groups: []Group{{does("eu", failure), does("us", failure)}},
			want: "eu failed, &us failed", cause: "eu: no *** right\n\nus: no *** right"},
		"fails at the end": {groups: []Group{{does("notes", FailAtEnd(failure))}, {never}},
			want: "notes failed, deploy done", cause: "notes: no *** right", atEnd: true},
		"fails later, too": {groups: []Group{{does("notes", FailAtEnd(failure))}, {does("eu", failure)}, {never}},
			want: "notes failed, eu failed", cause: "notes: no *** right\n\neu: no *** right"},
		"superseded": {groups: []Group{{does("tag", ErrSuperseded)}, {never}}, want: "tag skipped",
			outcome: report.Superseded},
		"superseded beside": {groups: []Group{{does("tag", ErrSuperseded), does("us", failure)}, {never}},
			want: "tag skipped, &us failed", outcome: report.Superseded, cause: "us: no *** right"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRun()
			r.Plan = c.plan
			err := r.Perform(t.Context(), c.groups...)
			if got := states(r.Report); got != c.want || r.Report.Outcome != c.outcome || r.Report.Cause != c.cause {
				t.Errorf("got %s, outcome %q, cause %q", got, r.Report.Outcome, r.Report.Cause)
			}
			if (err != nil) != (c.cause != "") || FailsAtEnd(err) != c.atEnd ||
				err != nil && !strings.HasSuffix(err.Error(), "\n"+c.cause) {
				t.Errorf("got the error %v", err)
			}
		})
	}
}

// TestStops has a step stop the one beside it, whose own failure then does not count, whichever
// came first.
func TestStops(t *testing.T) {
	for _, first := range []string{"check", "build"} {
		check, build := make(chan struct{}), make(chan struct{})
		close(map[string]chan struct{}{"check": check, "build": build}[first])
		r := newRun()
		err := r.Perform(t.Context(), Group{
			{Name: "check", Needed: true, Stops: true, Do: func(context.Context) (string, error) {
				<-check
				return "", errors.New("no right")
			}},
			{Name: "build", Needed: true, Do: func(ctx context.Context) (string, error) {
				if first == "build" {
					close(check)
				} else {
					<-ctx.Done()
				}
				return "", errors.New("it was cancelled, or fails for the same reason")
			}},
		}, Group{does("deploy", nil)})
		if got := states(r.Report); got != "check failed, &build skipped" || r.Report.Cause != "check: no right" ||
			err == nil {
			t.Errorf("%s first: %s, %q, %v", first, got, r.Report.Cause, err)
		}
		if text := r.Report.Steps[1].Text; text != "stopped, since check failed" {
			t.Errorf("the other one says %q", text)
		}
	}
}

func TestSecondCallGoesOn(t *testing.T) {
	r := newRun()
	if err := r.Perform(t.Context(), Group{does("read", nil)}); err != nil {
		t.Fatal(err)
	}
	if err := r.Perform(t.Context(), Group{does("look", nil)}); err != nil ||
		states(r.Report) != "read done, look done" {
		t.Errorf("%v: %s", err, states(r.Report))
	}
}
