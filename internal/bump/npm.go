package bump

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path"
	"slices"
)

// setNPM sets the version where npm's lock files have it
// (https://docs.npmjs.com/cli/configuring-npm/package-lock-json): beside the manifest at the top and in
// packages[""], and in a folder above, whose workspace the package is, in packages[FOLDER].
func (e *editor) setNPM(manifest, text string) error {
	for _, name := range []string{"npm-shrinkwrap.json", "package-lock.json"} {
		err := e.above(path.Dir(manifest), name, func(file, relative string) (bool, error) {
			paths := [][]string{{"packages", relative, "version"}}
			if relative == "." {
				paths = [][]string{{"version"}, {"packages", "", "version"}}
			}
			return false, e.setJSON(file, text, paths)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// setJSON sets the strings that are at the paths of a JSON file, and reads them back.
func (e *editor) setJSON(file, text string, paths [][]string) error {
	data, err := e.contents(file)
	if err != nil {
		return err
	}
	found, err := stringsAt(data, paths)
	if err != nil {
		return fault(file, 0, "%v: make the lock file anew", err)
	}
	var spans []span
	for _, s := range found {
		spans = append(spans, span{s.from + 1, s.to - 1}) // the quotes stay
	}
	e.replace(file, data, text, spans...)
	again, err := stringsAt(e.edited[file], paths)
	if err != nil || len(again) != len(found) {
		return fault(file, 0, "it cannot be read after the version was written: make the lock file anew")
	}
	return nil
}

// stringsAt finds the strings at paths of a JSON object, with their quotes; if a key is there twice, the
// last one counts.
func stringsAt(data []byte, paths [][]string) (found []span, err error) {
	at := map[string]span{}
	body := bytes.TrimPrefix(data, []byte("\ufeff"))
	shift := len(data) - len(body)
	decoder := json.NewDecoder(bytes.NewReader(body))
	if token, err := decoder.Token(); err != nil {
		return nil, err
	} else if token != json.Delim('{') {
		return nil, fmt.Errorf("not a JSON object")
	}
	var object func(paths [][]string, way string) error
	object = func(paths [][]string, way string) error {
		for decoder.More() {
			key, err := decoder.Token()
			if err != nil {
				return err
			}
			var rest [][]string
			for _, path := range paths {
				if len(path) > 0 && path[0] == key {
					rest = append(rest, path[1:])
				}
			}
			if err := value(decoder, rest, fmt.Sprintf("%s\x00%s", way, key), shift, at, object); err != nil {
				return err
			}
		}
		_, err := decoder.Token()
		return err
	}
	if err := object(paths, ""); err != nil {
		return nil, err
	}
	for _, s := range at {
		found = append(found, s)
	}
	slices.SortFunc(found, func(a, b span) int { return a.from - b.from })
	return found, nil
}

// value reads a value, and writes down where it is if it is a string at the end of a path.
func value(decoder *json.Decoder, rest [][]string, way string, shift int, at map[string]span,
	object func([][]string, string) error,
) error {
	if len(rest) == 0 {
		return decoder.Decode(new(json.RawMessage))
	}
	if slices.ContainsFunc(rest, func(path []string) bool { return len(path) == 0 }) {
		var raw json.RawMessage
		err := decoder.Decode(&raw)
		if err == nil && raw[0] == '"' {
			end := int(decoder.InputOffset()) + shift
			at[way] = span{end - len(raw), end}
		}
		return err
	}
	// a value that is no object is read as one token
	var token json.Token
	token, err := decoder.Token()
	if err != nil || token != json.Delim('{') {
		if token == json.Delim('[') {
			return fmt.Errorf("a list, where lock files have an object")
		}
		return err
	}
	return object(rest, way)
}
