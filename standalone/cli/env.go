package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// dotenv is a file .env. It is read as Dagger 0.21 does: one assignment a line, quotes and references
// as in a shell. A reference is first to the program's own settings, by their names without the
// prefix, then to the file's other lines, then to the environment; the order of lines does not
// matter. A line that is neither a setting nor referred to belongs to the app, so nothing in it is an
// error.
type dotenv struct {
	path  string
	lines map[string]assignment
	known map[string]string // values that have been expanded
	busy  map[string]bool   // names that are being expanded
}

type assignment struct {
	line  int
	key   string // as it is written
	value string
	own   bool // a setting of the program
}

// maxValue is how long a value may get by references.
const maxValue = 1 << 20

// errCycle is wrapped if a line refers to itself.
var errCycle = errors.New("it refers to itself")

// readEnv reads the file .env of a folder, or of the nearest one above it that has one. The answer is
// the program's own settings, by name in lower case, with the prefix PROGRAM_.
func readEnv(folder, program string) (map[string]string, error) {
	file, data, err := findUp(folder, ".env")
	if err != nil || file == "" {
		return nil, err
	}
	env := dotenv{file, map[string]assignment{}, map[string]string{}, map[string]bool{}}
	if err := env.parse(string(data), program+"_"); err != nil {
		return nil, err
	}
	values := map[string]string{}
	// In the order of lines: SHIP_image and SHIP_IMAGE are one setting, and the later line counts.
	for _, name := range slices.SortedFunc(maps.Keys(env.lines), env.byLine) {
		a := env.lines[name]
		if !a.own {
			continue
		}
		value, err := env.value(name)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", filepath.Base(file), a.line, err)
		}
		values[strings.ToLower(a.key)] = value
	}
	return values, nil
}

func (env *dotenv) byLine(a, b string) int {
	return cmp.Compare(env.lines[a].line, env.lines[b].line)
}

// findUp reads the file of that name in a folder, or in the nearest one above it that has one.
func findUp(folder, name string) (file string, data []byte, err error) {
	folder, err = filepath.Abs(folder)
	for err == nil {
		file = filepath.Join(folder, name)
		if info, statErr := os.Stat(file); statErr == nil && !info.Mode().IsRegular() {
			return "", nil, nil
		}
		data, err = os.ReadFile(file)
		if !errors.Is(err, fs.ErrNotExist) {
			return file, data, err
		}
		if folder == filepath.Dir(folder) {
			return "", nil, nil
		}
		folder, err = filepath.Dir(folder), nil
	}
	return "", nil, err
}

var (
	exported  = regexp.MustCompile(`^export\s+`)
	validName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// parse sorts the lines by name; a later one counts. A setting is to be written well.
func (env *dotenv) parse(text, prefix string) error {
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = exported.ReplaceAllString(strings.TrimSpace(line), "")
		key, value, is := strings.Cut(line, "=")
		a := assignment{line: number, key: key, value: value}
		name := key
		if len(key) >= len(prefix) && strings.EqualFold(key[:len(prefix)], prefix) {
			if name, a.own = key[len(prefix):], true; !is || !validName.MatchString(key) {
				return fmt.Errorf("%s:%d: write KEY=VALUE", filepath.Base(env.path), number)
			}
		}
		if is && (a.own || !env.lines[name].own) {
			env.lines[name] = a
		}
	}
	return nil
}

// value is what the file says under a name, with references replaced.
func (env *dotenv) value(name string) (string, error) {
	a := env.lines[name]
	if value, is := env.known[name]; is || !needsShell(a.value) {
		if !is {
			value = a.value
		}
		return value, nil
	}
	switch {
	case env.busy[name] && a.own:
		return "", fmt.Errorf(
			"%s is the setting of that name here, not the environment's variable: call that one differently (%w)",
			name,
			errCycle,
		)
	case env.busy[name]:
		return "", fmt.Errorf("%s: %w", name, errCycle)
	}
	env.busy[name] = true
	defer delete(env.busy, name)
	value, err := expand(a.value, env.lookup)
	if err == nil && len(value) > maxValue {
		err = fmt.Errorf("its value is longer than %d letters", maxValue)
	}
	if err == nil {
		env.known[name] = value
	}
	return value, err
}

// lookup is what a reference stands for, empty if nothing says so: like Dagger, it does not tell a
// variable that is empty from one that is not set.
func (env *dotenv) lookup(name string) (string, error) {
	if _, is := env.lines[name]; is {
		return env.value(name)
	}
	return os.Getenv(name), nil
}

// setDefaults fills in what the command line left out: SHIP_IMAGE for a setting,
// SHIP_DEPLOY_ENVIRONMENT for an argument of a function.
func (c *call) setDefaults(program string, env map[string]string) {
	prefix := program + "_"
	if c.method != "" {
		prefix += strings.ToLower(c.method) + "_"
	}
	for _, p := range c.params {
		value, set := env[prefix+p.name]
		if _, given := c.flags[p.name]; set && !given {
			c.flags[p.name] = value
		}
	}
}
