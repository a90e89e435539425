// Program bench measures Ship against what people use instead, on this machine, with the servers of the testbed.
//
// Each part runs its contenders in turns and prints a table, which takes the place of that part in RESULTS.md:
//
//	make bench                       all parts
//	make bench ONLY=nothing RUNS=7   one part
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"dagger/ship/e2e/bed"
)

// bench is what the parts have in common.
type bench struct {
	*bed.Bed
	ctx   context.Context //nolint:containedctx // of the one run that the program is
	state string          // folder for all that is made
	runs  int             // that count
	slow  time.Duration   // how long a warm-up may take: what takes longer has that one run only, which counts

	git, registry *proxy
	tags          []int           // on the remotes
	trips         []time.Duration // to the servers and back
	versionsMade  int

	python          string // empty where there is none that reads TOML
	semanticRelease string // empty where it is not installed
	dagger          string // empty until it takes part
}

// part is one comparison.
type part struct {
	name, title string
	run         func(*bench, context.Context) (string, error)
}

var parts = []part{
	{"nothing", "Nothing to release", (*bench).nothing},
	{"release", "A whole release", (*bench).releases},
	{"images", "Six images at once", (*bench).images},
	{"cache", "A layer cache in the registry", (*bench).caches},
	{"retry", "A retry after a kill", (*bench).retries},
	{"monorepo", "Many projects with nothing to do", (*bench).monorepo},
	{"imports", "What imports cost", (*bench).imports},
	{"engine", "On a Dagger engine", (*bench).engine},
}

func main() {
	if len(os.Args) > 2 && os.Args[1] == measuring {
		os.Exit(measure(os.Args[2:]))
	}
	only := flag.String("only", "", "names of the parts to run, separated by commas; default: all")
	runs := flag.Int("runs", 7, "runs of each contender that count, after one that does not")
	results := flag.String("results", "RESULTS.md", "file with the tables")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *only, *runs, *results); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, only string, runs int, results string) (err error) {
	chosen, err := choose(only)
	if err != nil {
		return err
	}
	b, err := start(ctx, runs)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.stop()) }()
	for _, p := range chosen {
		load := load()
		text, err := p.run(b, ctx)
		if errors.Is(err, bed.ErrNoEngine) {
			continue // why not has been said; what was recorded elsewhere stays
		}
		if err != nil {
			return fmt.Errorf("%s: %w", p.title, err)
		}
		text = b.provenance(p, load) + "\n" + text
		fmt.Printf("\n## %s\n\n%s\n", p.title, text)
		if err := record(results, p, text); err != nil {
			return err
		}
	}
	return nil
}

func choose(only string) (chosen []part, err error) {
	for _, p := range parts {
		if only == "" || strings.Contains(","+only+",", ","+p.name+",") {
			chosen = append(chosen, p)
		}
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("there is no part %q", only)
	}
	return chosen, nil
}

// start brings the servers up, with a proxy before those that are looked at.
func start(ctx context.Context, runs int, flags ...string) (b *bench, err error) {
	b = &bench{ctx: ctx, runs: runs, slow: 20 * time.Second, tags: []int{10, 1000, 50_000},
		trips: []time.Duration{0, 20 * time.Millisecond}}
	if b.state, err = os.MkdirTemp("", "ship-bench-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.stop())
		}
	}()
	if b.Bed, err = bed.Start(ctx, b.state, os.Stderr, flags...); err != nil {
		return b, err
	}
	if b.git, err = newProxy(strings.TrimPrefix(b.Git.URL, "http://")); err != nil {
		return b, err
	}
	b.Git.URL = "http://" + b.git.address() // all go through it
	if b.registry, err = newProxy(b.Registry.Address); err != nil {
		return b, err
	}
	if out, err := exec.Command("python3", "-c", "import sys, tomllib; print(sys.executable)").Output(); err == nil {
		b.python = strings.TrimSpace(string(out)) // what a version manager's own command would only look for
	} else {
		b.say("no python3 with tomllib: the shell script is left out")
	}
	if program := os.Getenv("SEMANTIC_RELEASE_PROGRAM"); program != "" {
		b.semanticRelease = program
	} else {
		b.say("no npm: semantic-release is left out")
	}
	return b, nil
}

func (b *bench) stop() (err error) {
	for _, p := range []*proxy{b.git, b.registry} {
		if p != nil {
			err = errors.Join(err, p.Close())
		}
	}
	if b.Bed != nil {
		err = errors.Join(err, b.Bed.Stop())
	}
	return errors.Join(err, os.RemoveAll(b.state))
}

func (b *bench) say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
