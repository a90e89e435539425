package main

import (
	"cmp"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// Columns of a table beside time.
const (
	all    = "all"    // bytes and requests too
	memory = "memory" // only memory
)

// table is what the contenders took, in Markdown. The first is what the others are compared with.
func (b *bench) table(rows []row, columns string) string {
	var text strings.Builder
	if columns == all {
		text.WriteString("| | median | fastest to slowest | ratio | bytes to git server | from it | requests to it | " +
			"to registry | peak memory |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	} else {
		text.WriteString("| | median | fastest to slowest | ratio | peak memory |\n|---|--:|--:|--:|--:|\n")
	}
	for _, r := range rows {
		least, most := r.spread()
		fmt.Fprintf(&text, "| %s | %s | %s to %s | %.2f |", r.name, seconds(median(r.samples, took)), seconds(least),
			seconds(most), r.times(rows[0]))
		if columns == all {
			fmt.Fprintf(&text, " %s | %s | %d | %d |",
				thousands(median(r.samples, func(s sample) int64 { return s.sent })),
				thousands(median(r.samples, func(s sample) int64 { return s.received })),
				median(r.samples, func(s sample) int { return s.git }), median(r.samples, func(s sample) int {
					return s.registry
				}))
		}
		fmt.Fprintf(&text, " %d MB |\n", median(r.samples, func(s sample) int64 { return s.memory })/1_000_000)
	}
	return text.String()
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f s", d.Seconds()) }

// thousands writes a number with its digits in threes.
func thousands(n int64) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// provenance says how a part's table came about: the command that gives it again, when, on what machine, with which
// programs.
func (b *bench) provenance(p part, load string) string {
	text := fmt.Sprintf("`make bench ONLY=%s RUNS=%d`, %s. %d cores (%s), %s of memory, %s; load before: %s.\n",
		p.name, b.runs, time.Now().UTC().Format("2006-01-02 15:04 UTC"), runtime.NumCPU(), runtime.GOARCH,
		total(), system(), load)
	return text + b.versions() + "\n"
}

// versions are those of the programs that take part.
func (b *bench) versions() string {
	var known []string
	for _, program := range []struct{ name, path, flag string }{
		{"ship", "git", "rev-parse --short HEAD"},
		{"git", "git", "--version"},
		{"Python", b.python, "--version"},
		{"Node.js", "node", "--version"},
		{"Helm", filepath.Join(os.Getenv("CLUSTER_PROGRAMS"), "helm"), "version --short"},
		{"Go", "go", "version"},
		{"Dagger", b.dagger, "version"},
	} {
		if program.path == "" {
			continue
		}
		if out, err := exec.Command(program.path, strings.Fields(program.flag)...).Output(); err == nil {
			known = append(known, program.name+" "+number(string(out), program.name))
		}
	}
	if data, err := os.ReadFile("npm/package.json"); err == nil && b.semanticRelease != "" {
		var file struct{ Dependencies map[string]string }
		if json.Unmarshal(data, &file) == nil {
			known = append(known, "semantic-release "+file.Dependencies["semantic-release"])
		}
	}
	if info, err := buildinfo.ReadFile(os.Getenv("BUILDCTL_PROGRAM")); err == nil {
		for _, module := range append(info.Deps, &info.Main) {
			if module.Path == "github.com/moby/buildkit" {
				known = append(known, "BuildKit "+strings.TrimPrefix(module.Version, "v"))
			}
		}
	}
	return strings.Join(known, ", ") + "."
}

// number is the version in what a program says of itself.
func number(said, name string) string {
	for _, word := range strings.Fields(said) {
		word = strings.TrimPrefix(strings.TrimPrefix(word, "go"), "v")
		if word != "" && (word[0] >= '0' && word[0] <= '9' || name == "ship") {
			return word
		}
	}
	return strings.TrimSpace(said)
}

// load is the machine's load average of the last minute.
func load() string {
	data, _ := os.ReadFile("/proc/loadavg")
	return cmp.Or(strings.Join(strings.Fields(string(data))[:1], ""), "unknown")
}

// total is the machine's memory.
func total() string {
	data, _ := os.ReadFile("/proc/meminfo")
	var kilobytes int64
	fmt.Sscanf(string(data), "MemTotal: %d", &kilobytes)
	return fmt.Sprintf("%d GB", kilobytes*1024/1_000_000_000)
}

func system() string {
	data, _ := os.ReadFile("/etc/os-release")
	for line := range strings.Lines(string(data)) {
		if name, is := strings.CutPrefix(strings.TrimSpace(line), "PRETTY_NAME="); is {
			return strings.Trim(name, `"`)
		}
	}
	return runtime.GOOS
}

const preface = `# What Ship costs beside what people use instead

A record, not a promise: one machine, the real programs, and the testbed's git server, registry and Kubernetes on
loopback. The contenders of a table run in turns, RUNS of each after one that warms up. Each ratio is the median of
those turn by turn, to the first line of its table. Memory is the peak of
the largest process of a contender; the session's is its own affair. "n away" is the time of a round trip to the server.
`

// record puts a part's text in its place in the file of results.
func record(file string, p part, text string) error {
	data, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	sections := map[string]string{}
	for i, section := range strings.Split(string(data), "\n## ") {
		if title, body, is := strings.Cut(section, "\n"); i > 0 && is {
			sections[title] = strings.TrimSpace(body)
		}
	}
	sections[p.title] = strings.TrimSpace(text)
	out := preface
	for _, p := range parts {
		if body, is := sections[p.title]; is {
			out += "\n## " + p.title + "\n\n" + body + "\n"
		}
	}
	return os.WriteFile(file, []byte(out), 0o644)
}
