package report

import (
	"strings"
	"text/tabwriter"

	"dagger/ship/internal/foreign"
)

// Table sets rows in columns, each on one line. The first row is the heading; an empty cell shows
// as a dash.
func Table(rows [][]string) string {
	var text strings.Builder
	columns := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			if cells[i] = strings.ReplaceAll(foreign.Line(cell), "\t", " "); cell == "" {
				cells[i] = "-"
			}
		}
		_, _ = columns.Write([]byte(strings.Join(cells, "\t") + "\n"))
	}
	_ = columns.Flush()
	return text.String()
}
