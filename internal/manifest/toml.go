package manifest

import (
	"errors"

	"github.com/pelletier/go-toml/v2"

	"dagger/ship/internal/position"
)

// decodeTOML reads TOML (https://toml.io/en/v1.0.0).
func (d *document) decodeTOML() error {
	if err := toml.Unmarshal(d.data, &d.values); err != nil {
		if at := new(toml.DecodeError); errors.As(err, &at) {
			line, column := at.Position()
			return &Error{Path: d.path, Line: line, Column: column, Text: err.Error()}
		}
		return d.fault(0, "%v", err)
	}
	d.lineOf = func(keys ...string) int {
		line, _ := position.Of(d.data, keys...)
		return line
	}
	return nil
}
