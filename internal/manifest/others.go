package manifest

import (
	"bytes"
	"strings"
	"unicode"
)

// composer reads composer.json (https://getcomposer.org/doc/04-schema.md). Most packages have no
// version there, since Packagist reads it from tags.
func composer(d *document) error {
	if err := d.decodeJSON(); err != nil {
		return err
	}
	if _, hasVersion := d.value("version"); !hasVersion {
		return d.noProject("it has no version")
	}
	return d.nameAndVersion()
}

// pubspec reads Dart's and Flutter's pubspec.yaml (https://dart.dev/tools/pub/pubspec).
func pubspec(d *document) error {
	if err := d.decodeYAML(); err != nil {
		return err
	}
	if _, hasVersion := d.value("version"); !hasVersion {
		return d.noProject("it has no version")
	}
	return d.nameAndVersionYAML()
}

// chart reads Helm's Chart.yaml (https://helm.sh/docs/topics/charts/#the-chartyaml-file): version,
// which is the chart's own and must be there. appVersion only describes what the chart installs,
// and may be anything.
func chart(d *document) error {
	if err := d.decodeYAML(); err != nil {
		return err
	}
	if number, is := d.values["version"].(yamlNumber); is {
		d.values["version"] = string(number)
	}
	return d.nameAndVersionYAML()
}

// nameAndVersionYAML reads both. The version stands where its anchor is if it is an alias.
func (d *document) nameAndVersionYAML() error {
	if err := d.nameAndVersion(); err != nil {
		return err
	}
	d.parts[0].Line = d.valueLine
	return nil
}

// plain reads a file called VERSION: one line, besides empty ones. It has no name.
func plain(d *document) error {
	text := strings.TrimSpace(string(d.data))
	if text == "" {
		return d.fault(1, "empty: write the version in it")
	}
	if line, _, more := strings.Cut(text, "\n"); more {
		return d.fault(1+strings.Count(string(d.data[:strings.Index(string(d.data), line)]), "\n"),
			"more than the version: leave only that")
	}
	d.setVersion(text, d, firstLine(d.data))
	return nil
}

// firstLine is the line, from 1, of the first text in a file.
func firstLine(data []byte) int {
	return lineAt(data, int64(len(data)-len(bytes.TrimLeftFunc(data, unicode.IsSpace))))
}
