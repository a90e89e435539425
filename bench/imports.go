package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// listed is a package as `go list -deps -json` writes it.
type listed struct {
	ImportPath string
	Imports    []string
	ImportMap  map[string]string
	Module     *struct{ Path string }
}

// imports measures what each module that Ship requires itself adds to its build: the packages that nothing else needs.
func (b *bench) imports(ctx context.Context) (string, error) {
	source := []string{"-tags=standalone", "-overlay=standalone/overlay.json"}
	packages, err := list(ctx, source)
	if err != nil {
		return "", err
	}
	direct, err := required(ctx)
	if err != nil {
		return "", err
	}
	program := filepath.Join(b.state, "ship")
	m := new(meter)
	compiled, err := b.coldBuild(ctx, m, source, program)
	if err != nil {
		return "", err
	}
	sizes, err := symbols(ctx, program)
	if err != nil {
		return "", err
	}
	file, err := os.Stat(program)
	if err != nil {
		return "", err
	}
	type cost struct {
		module string
		added  []string
		took   time.Duration
		size   int64
	}
	var costs []cost
	for _, module := range direct {
		c := cost{module: module, added: exclusive(packages, module)}
		for _, name := range c.added {
			c.took += compiled[name]
			c.size += sizes[name]
		}
		costs = append(costs, c)
	}
	slices.SortFunc(costs, func(a, b cost) int { return cmp.Compare(b.took, a.took) })
	text := fmt.Sprintf("Each module that Ship's `go.mod` requires itself, with the packages that would not be "+
		"compiled without it: processor time that the compiler took for them in a build of the standalone program "+
		"with an empty build cache, and the size of their code and data in it. What several of the modules need "+
		"counts for none. One build: the whole of it took %s; the program has %s bytes.\n\n| module | packages added "+
		"| compile time added | size added |\n|---|--:|--:|--:|\n",
		seconds(m.took), thousands(file.Size()))
	for _, c := range costs {
		text += fmt.Sprintf("| %s | %d | %s | %s |\n", c.module, len(c.added), seconds(c.took), thousands(c.size))
	}
	return text, nil
}

// goCommand is a go command in Ship's own module.
func goCommand(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir, cmd.Stderr = "..", os.Stderr
	return cmd
}

// list are all packages that the program is made of, by import path.
func list(ctx context.Context, source []string) (map[string]listed, error) {
	out, err := goCommand(ctx, append(append([]string{"list", "-deps", "-json=ImportPath,Imports,ImportMap,Module"},
		source...), ".")...).Output()
	if err != nil {
		return nil, fmt.Errorf("list the program's packages: %w", err)
	}
	packages := map[string]listed{}
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages, nil
		} else if err != nil {
			return nil, fmt.Errorf("read the list of the program's packages: %w", err)
		}
		packages[p.ImportPath] = p
	}
}

// required are the modules that go.mod requires directly.
func required(ctx context.Context) (modules []string, err error) {
	out, err := goCommand(ctx, "mod", "edit", "-json").Output()
	if err != nil {
		return nil, fmt.Errorf("read go.mod: %w", err)
	}
	var file struct {
		Require []struct {
			Path     string
			Indirect bool
		}
	}
	if err := json.Unmarshal(out, &file); err != nil {
		return nil, fmt.Errorf("read go.mod: %w", err)
	}
	for _, r := range file.Require {
		if !r.Indirect {
			modules = append(modules, r.Path)
		}
	}
	return modules, nil
}

// exclusive are the packages that are reached only through the module's.
func exclusive(packages map[string]listed, module string) (only []string) {
	reached := map[string]bool{}
	var visit func(name string)
	visit = func(name string) {
		p, known := packages[name]
		if !known || reached[name] || p.Module != nil && p.Module.Path == module {
			return
		}
		reached[name] = true
		for _, imported := range p.Imports {
			visit(cmp.Or(p.ImportMap[imported], imported))
		}
	}
	for name, p := range packages {
		if p.Module != nil && p.Module.Path == "dagger/ship" {
			visit(name)
		}
	}
	for name := range packages {
		if !reached[name] && name != "unsafe" && !strings.HasPrefix(name, "runtime") {
			only = append(only, name)
		}
	}
	return only
}

// coldBuild builds the program with an empty build cache, and returns the processor time that each package's
// compilation took.
func (b *bench) coldBuild(ctx context.Context, m *meter, source []string,
	program string) (map[string]time.Duration, error) {
	graph, cache := filepath.Join(b.state, "actions.json"), filepath.Join(b.state, "gocache")
	defer os.RemoveAll(cache)
	cmd := goCommand(ctx, append(append([]string{"build", "-debug-actiongraph=" + graph}, source...), "-o",
		program, ".")...)
	cmd.Env, cmd.Stderr = append(os.Environ(), "GOCACHE="+cache), nil
	if err := m.exec(cmd); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(graph)
	if err != nil {
		return nil, err
	}
	var actions []struct {
		Mode, Package   string
		CmdUser, CmdSys int64 // nanoseconds
	}
	if err := json.Unmarshal(data, &actions); err != nil {
		return nil, fmt.Errorf("read what the build did: %w", err)
	}
	compiled := map[string]time.Duration{}
	for _, a := range actions {
		if a.Mode == "build" {
			compiled[a.Package] += time.Duration(a.CmdUser + a.CmdSys)
		}
	}
	return compiled, nil
}

// symbols are the bytes of code and data in the program, by package.
func symbols(ctx context.Context, program string) (map[string]int64, error) {
	out, err := goCommand(ctx, "tool", "nm", "-size", program).Output()
	if err != nil {
		return nil, fmt.Errorf("read the program's symbols: %w", err)
	}
	sizes := map[string]int64{}
	for line := range strings.Lines(string(out)) {
		// ADDRESS SIZE TYPE NAME
		fields := strings.Fields(line)
		if len(fields) < 4 || strings.EqualFold(fields[2], "b") || fields[2] == "U" {
			continue
		}
		if size, err := strconv.ParseInt(fields[1], 10, 64); err == nil {
			sizes[packageOf(fields[3])] += size
		}
	}
	return sizes, nil
}

// packageOf is the import path in a symbol's name: what stands before the first dot after the last slash of it.
func packageOf(symbol string) string {
	symbol = strings.TrimPrefix(symbol, "type:.eq.")
	symbol = strings.TrimPrefix(symbol, "go:itab.*")
	end := strings.IndexAny(symbol, "[(,")
	if end < 0 {
		end = len(symbol)
	}
	from := strings.LastIndexByte(symbol[:end], '/') + 1
	dot := strings.IndexByte(symbol[from:], '.')
	if dot < 0 {
		return symbol
	}
	return strings.ReplaceAll(symbol[:from+dot], "%2e", ".")
}
