package position

import "testing"

func TestOf(t *testing.T) {
	data := []byte("\"a b\" = 1\n\n[project]\n  name = \"x\"\nversion = { workspace = true }\n[tool.a]\nb.c = " +
		"2\n[[list]]\nd = 3\n")
	for _, c := range []struct {
		path         []string
		line, column int
	}{
		{[]string{"a b"}, 1, 1},
		{[]string{"project"}, 3, 2},
		{[]string{"project", "name"}, 4, 3},
		{[]string{"project", "version", "workspace"}, 5, 1},
		{[]string{"tool"}, 6, 2},
		{[]string{"tool", "a", "b"}, 7, 1},
		{[]string{"tool", "a", "b", "c"}, 7, 1},
		{[]string{"list", "d"}, 9, 1},
		{[]string{"project", "nothing"}, 0, 0},
		{[]string{"name"}, 0, 0},
	} {
		if line, column := Of(data, c.path...); line != c.line || column != c.column {
			t.Errorf("%q is at %d:%d, want %d:%d", c.path, line, column, c.line, c.column)
		}
	}
}
