package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os/exec"
	"slices"
	"strings"
	"time"

	"dagger/ship/testbed/control"
)

// contender is one way to do what is measured.
type contender struct {
	name string
	// run does it once. Only what goes through the meter counts, so a run may prepare things before, and look at what
	// came of it after.
	run func(ctx context.Context, m *meter) error
}

// sample is what one run took.
type sample struct {
	took           time.Duration
	sent, received int64 // bytes to and from the git server
	git, registry  int   // requests
	memory         int64 // bytes: the peak of the largest process
}

// meter adds up what the programs of one run take.
type meter struct {
	sample
	printed string // by the last program, both streams
}

// exec runs a program, which must succeed.
func (m *meter) exec(cmd *exec.Cmd) error {
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	name := cmd.Args[0]
	read, err := through(cmd)
	if err != nil {
		return err
	}
	err = cmd.Run()
	m.printed = out.String()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, out.String())
	}
	took, err := read()
	m.took, m.memory = m.took+took.Took, max(m.memory, took.Memory)
	return err
}

// says fails where the last program did not print what shows that it did its work.
func (m *meter) says(want string) error {
	if !strings.Contains(m.printed, want) {
		return fmt.Errorf("it did not print %q but:\n%s", want, m.printed)
	}
	return nil
}

// measure runs the contenders one after the other, in turns, so that what else the machine does meets all of them. The
// first turn warms up and does not count.
func (b *bench) measure(ctx context.Context, contenders ...contender) ([]row, error) {
	rows := make([]row, len(contenders))
	for turn := -1; turn < b.runs; turn++ {
		for place := range contenders {
			i := (place + turn + len(contenders)) % len(contenders) // each comes first in some turn
			if turn >= 0 && len(rows[i].samples) > turn {
				continue
			}
			m, err := b.once(ctx, contenders[i])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", contenders[i].name, err)
			}
			if rows[i].name = contenders[i].name; turn >= 0 {
				rows[i].samples = append(rows[i].samples, m.sample)
			} else if m.took > b.slow {
				rows[i].name += " (one run)"
				rows[i].samples = slices.Repeat([]sample{m.sample}, b.runs)
			}
		}
	}
	return rows, nil
}

func (b *bench) once(ctx context.Context, c contender) (*meter, error) {
	git, registry := control.Client{URL: b.Git.Control}, control.Client{URL: b.Registry.Control}
	if err := errors.Join(git.Reset(ctx), registry.Reset(ctx)); err != nil {
		return nil, err
	}
	m := new(meter)
	sent, received := b.git.count()
	if err := c.run(ctx, m); err != nil {
		return nil, err
	}
	s, r := b.git.count()
	m.sent, m.received = s-sent, r-received
	asked, err := git.Requests(ctx)
	m.git = len(asked)
	if err == nil {
		asked, err = registry.Requests(ctx)
		m.registry = len(asked)
	}
	b.say("  %-50s %v", c.name, m.took.Round(time.Millisecond))
	return m, err
}

// row is what one contender's runs took.
type row struct {
	name    string
	samples []sample
}

// median is that of one figure of the runs.
func median[N int | int64 | float64 | time.Duration](samples []sample, figure func(sample) N) N {
	values := make([]N, 0, len(samples))
	for _, s := range samples {
		values = append(values, figure(s))
	}
	slices.Sort(values)
	if n := len(values); n%2 == 0 {
		return (values[n/2-1] + values[n/2]) / 2
	}
	return values[len(values)/2]
}

func took(s sample) time.Duration { return s.took }

// spread is the time of the fastest and of the slowest run.
func (r row) spread() (least, most time.Duration) {
	least = math.MaxInt64
	for _, s := range r.samples {
		least, most = min(least, s.took), max(most, s.took)
	}
	return least, most
}

// times is how many times as long as the other's the runs took: the median of the ratios turn by turn, since both met
// the same load of the machine in a turn.
func (r row) times(other row) float64 {
	ratios := make([]float64, 0, len(r.samples))
	for i, s := range r.samples {
		ratios = append(ratios, float64(s.took)/float64(other.samples[i].took))
	}
	slices.Sort(ratios)
	if n := len(ratios); n%2 == 0 {
		return (ratios[n/2-1] + ratios[n/2]) / 2
	}
	return ratios[len(ratios)/2]
}
