package position

import (
	"fmt"

	"dagger/ship/internal/foreign"
)

// Fault is what is wrong in a file: where it is, what it is and what to write instead.
type Fault struct {
	Path   string
	Line   int // from 1; 0 if the fault is that something is missing
	Column int // from 1, in bytes; 0 if it is not known
	Text   string
}

// Error is one line, whatever the file says.
func (f *Fault) Error() string {
	file, text := foreign.Line(f.Path), foreign.Line(f.Text)
	switch {
	case f.Line == 0:
		return file + ": " + text
	case f.Column == 0:
		return fmt.Sprintf("%s:%d: %s", file, f.Line, text)
	}
	return fmt.Sprintf("%s:%d:%d: %s", file, f.Line, f.Column, text)
}
