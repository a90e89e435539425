package bump

import (
	"bytes"

	"github.com/pelletier/go-toml/v2/unstable"
)

// locked is a package of a lock file in TOML, whose packages are tables [[package]].
type locked struct {
	values map[string]string // texts by their keys, as name, version and source.editable
	at     map[string]span   // where these are, without their quotes
}

// lockedPackages reads a lock file.
func lockedPackages(data []byte) (all []locked, err error) {
	parser := unstable.Parser{}
	parser.Reset(data)
	inPackage := false
	for parser.NextExpression() {
		node := parser.Expression()
		keys := keysOf(node)
		switch {
		case node.Kind == unstable.ArrayTable && len(keys) == 1 && keys[0] == "package":
			inPackage = true
			all = append(all, locked{map[string]string{}, map[string]span{}})
		case node.Kind == unstable.ArrayTable, node.Kind == unstable.Table:
			inPackage = false
		case node.Kind == unstable.KeyValue && inPackage && len(keys) == 1:
			all[len(all)-1].add(keys[0], node.Value())
		}
	}
	return all, parser.Error()
}

func keysOf(node *unstable.Node) (keys []string) {
	for key := node.Key(); key.Next(); {
		keys = append(keys, string(key.Node().Data))
	}
	return keys
}

// add writes down a text, or the texts of a table or a list.
func (l *locked) add(key string, value *unstable.Node) {
	switch value.Kind {
	case unstable.String:
		from, length := int(value.Raw.Offset), int(value.Raw.Length)
		if length != len(value.Data)+2 { // it has escapes, or is of several lines: no lock file does
			return
		}
		l.values[key], l.at[key] = string(value.Data), span{from + 1, from + length - 1}
	case unstable.InlineTable:
		for child := value.Children(); child.Next(); {
			if keys := keysOf(child.Node()); len(keys) == 1 {
				l.add(key+"."+keys[0], child.Node().Value())
			}
		}
	}
}

// setLocked sets the version of those packages of a lock file that are meant, and reads that back.
func (e *editor) setLocked(file, text string, meant func(locked) bool) error {
	data, err := e.contents(file)
	if err != nil {
		return err
	}
	packages, err := lockedPackages(data)
	if err != nil {
		return fault(file, 0, "%v: make the lock file anew", err)
	}
	var spans []span
	for _, p := range packages {
		if !meant(p) || p.values["version"] == "" {
			continue
		}
		for _, other := range packages {
			if other.values["name"] == p.values["name"] && other.at["version"] != p.at["version"] {
				line := 1 + bytes.Count(data[:p.at["version"].from], []byte("\n"))
				return fault(file, line, "the lock file has several packages %s, whose order may change with a "+
					"version: set the version by the ecosystem's own tool", p.values["name"])
			}
		}
		spans = append(spans, p.at["version"])
	}
	if len(spans) == 0 {
		return nil
	}
	e.replace(file, data, text, spans...)
	again, err := lockedPackages(e.edited[file])
	if err != nil || len(again) != len(packages) {
		return fault(file, 0, "it cannot be read after the version was written: make the lock file anew")
	}
	return nil
}
