package manifest

import "strings"

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
	return d.nameAndVersion()
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
	return d.nameAndVersion()
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
	d.setVersion(text, d, 1)
	return nil
}
