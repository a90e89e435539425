// Package disturb stands in front of a server of the testbed: it writes the request log, applies the faults that
// tests set, and opens and closes the port. Package control says what each of them means.
package disturb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"dagger/ship/testbed/control"
)

// fault is a control.Fault at work.
type fault struct {
	control.Fault
	ended   chan struct{} // closed when it is ended
	arrived chan struct{} // barrier: closed when the last party has come, then made anew
}

// faults is the set of faults of one server, in the order they were set. The first that matches is applied.
type faults struct {
	mu   sync.Mutex
	next int
	all  []*fault
}

// add checks and sets a fault and returns it with its id.
func (f *faults) add(in control.Fault) (control.Fault, error) {
	switch in.Kind {
	case control.Delay, control.Hang, control.CutRequest, control.CutResponse:
	case control.Status:
		if in.Status == 0 {
			in.Status = 503
		}
	case control.Barrier:
		if in.Parties < 1 {
			return in, errors.New("a barrier needs parties: how many requests to wait for")
		}
	default:
		return in, fmt.Errorf("unknown kind of fault %q", in.Kind)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.next++
	in.ID, in.Hits, in.Waiting = strconv.Itoa(f.next), 0, 0
	f.all = append(f.all, &fault{Fault: in, ended: make(chan struct{}), arrived: make(chan struct{})})
	return in, nil
}

// list returns a copy of the faults.
func (f *faults) list() []control.Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make([]control.Fault, 0, len(f.all))
	for _, one := range f.all {
		out = append(out, one.Fault)
	}
	return out
}

// end ends the fault with that id, or all of them for "". It says whether there was one.
func (f *faults) end(id string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	found := id == ""
	f.all = slices.DeleteFunc(f.all, func(one *fault) bool {
		if id != "" && one.ID != id {
			return false
		}
		found = true
		close(one.ended)
		return true
	})
	return found
}

// take returns the fault to apply to a request, or nil. A fault whose count is used up matches no more; it stays
// listed, since what it holds may still be waiting.
func (f *faults) take(request *control.Request) *fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, one := range f.all {
		if !within(one.Repository, request.Repository) || !matches(one.Operation, request.Operation) ||
			!matches(one.Method, request.Method) || one.Count > 0 && one.Hits >= one.Count {
			continue
		}
		if one.Skip > 0 {
			one.Skip--
			continue
		}
		one.Hits++
		return one
	}
	return nil
}

func matches(want, got string) bool { return want == "" || want == got }

// within is matches, where a * at the end stands for anything.
func within(want, got string) bool {
	if start, ok := strings.CutSuffix(want, "*"); ok {
		return strings.HasPrefix(got, start)
	}
	return matches(want, got)
}

// wait applies Delay, Hang and Barrier. It returns the context's error when the client or the server went away.
func (f *faults) wait(ctx context.Context, one *fault) error {
	f.mu.Lock()
	one.Waiting++
	arrived := one.arrived
	if one.Kind == control.Barrier && one.Waiting >= one.Parties {
		close(one.arrived)
		one.arrived = make(chan struct{})
	}
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		one.Waiting--
		f.mu.Unlock()
	}()

	var timer <-chan time.Time
	switch one.Kind {
	case control.Delay:
		timer = time.After(time.Duration(one.Milliseconds) * time.Millisecond)
	case control.Hang:
		arrived = nil
	}
	select {
	case <-timer:
	case <-arrived:
	case <-one.ended:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}
