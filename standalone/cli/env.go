package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"
)

// readEnv reads the file .env of the folder that the program was called in, as the Dagger CLI does:
// KEY=VALUE lines, comments, quotes, and ${NAME} or ${NAME:-default} from the environment. The
// answer is by name in lower case. For Dagger, ${NAME} in that file is first the program's own
// setting of that name (PROGRAM_NAME in the file), so that the environment's variable of that name
// cannot be used: readEnv returns an error then.
func readEnv(path, program string) (map[string]string, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	hidden := map[string]bool{}
	settings := regexp.MustCompile(`(?mi)^(?:export )?` + program + `_(\w+)=`)
	for _, key := range settings.FindAllStringSubmatch(string(data), -1) {
		hidden[strings.ToLower(key[1])] = true
	}
	values := map[string]string{}
	number := 0
	for line := range strings.Lines(string(data)) {
		number++
		line = strings.TrimPrefix(strings.TrimSpace(line), "export ")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, value, is := strings.Cut(line, "=")
		if !is || strings.TrimSpace(key) != key {
			return nil, fmt.Errorf("%s:%d: write KEY=VALUE", path, number)
		}
		literal := strings.HasPrefix(value, "'")
		for _, quote := range []string{"'", `"`} {
			if len(value) >= 2 && strings.HasPrefix(value, quote) && strings.HasSuffix(value, quote) {
				value = value[1 : len(value)-1]
				break
			}
		}
		if !literal {
			if value, err = expand(value, hidden); err != nil {
				return nil, fmt.Errorf("%s:%d: %w", path, number, err)
			}
		}
		values[strings.ToLower(key)] = value
	}
	return values, nil
}

func expand(value string, hidden map[string]bool) (text string, err error) {
	text = os.Expand(value, func(name string) string {
		name, fallback, hasFallback := strings.Cut(name, ":-")
		if hidden[strings.ToLower(name)] {
			err = fmt.Errorf("%s is the setting of that name here, not the environment's variable: call that one "+
				"differently", name)
		}
		found, set := os.LookupEnv(name)
		if hasFallback && found == "" {
			return fallback
		}
		if !set {
			err = fmt.Errorf("%s is not set: write ${%s:-} for an empty default", name, name)
		}
		return found
	})
	return text, err
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
