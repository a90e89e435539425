package process

import (
	"os"
	"strings"
)

const tailLines = 5

// tail returns the last lines of a log, indented below the sentence that they explain, or nothing.
func tail(path string) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	const enough = 4096
	if info, err := file.Stat(); err == nil && info.Size() > enough {
		_, _ = file.Seek(-enough, 2)
	}
	buffer := make([]byte, enough)
	n, _ := file.Read(buffer)
	lines := strings.Split(strings.TrimSpace(string(buffer[:n])), "\n")
	if len(lines) > tailLines {
		lines = lines[len(lines)-tailLines:]
	}
	return "\n  " + strings.Join(lines, "\n  ")
}
