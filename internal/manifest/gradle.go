package manifest

import (
	"path"
	"regexp"
	"strings"
)

var (
	gradleVersion = regexp.MustCompile(`^\s*(?:project\.)?version\b\s*=?\s*(.*?)\s*;?\s*$`)
	gradleName    = regexp.MustCompile(`^\s*(?:project\.|rootProject\.)name\s*=\s*(.*?)\s*;?\s*$`)
	constant      = regexp.MustCompile(`^(?:'([^'\\]*)'|"([^"\\$]*)")$`)
)

// gradle reads a build script, in Groovy or Kotlin
// (https://docs.gradle.org/current/userguide/writing_build_scripts.html): the last `version = "…"`
// outside of blocks, or else version in gradle.properties
// (https://docs.gradle.org/current/userguide/build_environment.html). The script is not run, so
// anything else is refused.
func gradle(d *document) error {
	if err := d.checkUTF8(); err != nil {
		return err
	}
	if line := conditionalVersion(d.data); line > 0 {
		return d.fault(line, "only running Gradle would tell the version, which is set under a condition here: set "+
			"it once, outside of blocks, or write version=… in gradle.properties")
	}
	found := false
	for i, line := range statements(d.data) {
		stated := gradleVersion.FindStringSubmatch(line)
		if stated == nil {
			continue
		}
		text := constant.FindStringSubmatch(stated[1])
		if text == nil {
			return d.fault(i+1, "only running Gradle would tell the version %s: write version = \"…\" here, or take "+
				"this line out and write version=… in gradle.properties", stated[1])
		}
		d.setVersion(text[1]+text[2], d, i+1)
		found = true
	}
	if !found {
		if found, err := d.gradleProperty(); err != nil {
			return err
		} else if !found {
			return d.noProject("no version: write version = \"…\" outside of blocks, or version=… in gradle.properties")
		}
	}
	return d.gradleProject()
}

// gradleProperties is for a folder without a build script. If there is a script, that is the
// manifest.
func gradleProperties(d *document) error {
	for _, script := range []string{"build.gradle", "build.gradle.kts"} {
		if exists, err := d.has(d.beside(script)); err != nil {
			return err
		} else if exists {
			return d.noProject("%s is read instead", script)
		}
	}
	if found, err := d.gradleProperty(); err != nil {
		return err
	} else if !found {
		return d.noProject("no version")
	}
	return d.gradleProject()
}

// gradleProperty reads the version from the nearest gradle.properties upwards that has one.
func (d *document) gradleProperty() (bool, error) {
	for folder := path.Dir(d.path); ; folder = path.Dir(folder) {
		file := path.Join(folder, "gradle.properties")
		exists, err := d.has(file)
		if err != nil {
			return false, err
		}
		if exists {
			properties, err := d.open(file)
			if err != nil {
				return false, err
			}
			if version, exists := properties.decodeProperties()["version"]; exists {
				d.setVersion(version.text, properties, version.line)
				return true, nil
			}
		}
		if folder == "." {
			return false, nil
		}
	}
}

// gradleProject reads the name from settings.gradle or settings.gradle.kts beside the script.
// Without one the folder is a subproject, and has the folder's name.
func (d *document) gradleProject() error {
	for _, file := range []string{d.beside("settings.gradle"), d.beside("settings.gradle.kts")} {
		if exists, err := d.has(file); err != nil {
			return err
		} else if !exists {
			continue
		}
		settings, err := d.open(file)
		if err != nil {
			return err
		}
		for i, line := range statements(settings.data) {
			stated := gradleName.FindStringSubmatch(line)
			if stated == nil {
				continue
			}
			text := constant.FindStringSubmatch(stated[1])
			if text == nil || text[1]+text[2] == "" {
				return settings.fault(i+1, "only running Gradle would tell the name %s: write rootProject.name = \"…\"",
					stated[1])
			}
			d.setName(text[1]+text[2], settings, i+1)
			return nil
		}
	}
	if d.name = path.Base(path.Dir(d.path)); d.name == "." {
		return d.fault(0, "no name: write rootProject.name = \"…\" in settings.gradle or settings.gradle.kts")
	}
	return nil
}

// statements returns a script's lines without comments, empty if they are inside a block or a text
// of several lines.
func statements(data []byte) []string {
	lines := strings.Split(string(data), "\n")
	depth, inside := 0, "" // inside: what ends the comment or text that goes on
	for i, line := range lines {
		var kept strings.Builder
		outside := depth == 0 && inside == ""
		for at := 0; at < len(line); {
			rest := line[at:]
			switch {
			case inside != "":
				if inside != "*/" {
					kept.WriteByte(line[at])
				}
				switch {
				case rest[0] == '\\' && inside != "*/" && len(rest) > 1:
					kept.WriteByte(rest[1])
					at += 2
				case strings.HasPrefix(rest, inside):
					if inside != "*/" {
						kept.WriteString(inside[1:])
					}
					at += len(inside)
					inside = ""
				default:
					at++
				}
			case strings.HasPrefix(rest, "//"):
				at = len(line)
			case strings.HasPrefix(rest, "/*"):
				inside, at = "*/", at+2
			case strings.HasPrefix(rest, `"""`), strings.HasPrefix(rest, "'''"):
				inside, at = rest[:3], at+3
				kept.WriteString(inside)
			case rest[0] == '"' || rest[0] == '\'':
				inside, at = rest[:1], at+1
				kept.WriteString(inside)
			default:
				switch rest[0] {
				case '{', '(', '[':
					// what allprojects sets holds for this project too
					if kept.Len() > maxText || strings.TrimSpace(kept.String()) != "allprojects" {
						depth++
					}
				case '}', ')', ']':
					depth = max(depth-1, 0)
				}
				kept.WriteByte(rest[0])
				at++
			}
		}
		if len(inside) == 1 { // such texts end with their line
			inside = ""
		}
		lines[i] = ""
		if outside {
			lines[i] = kept.String()
		}
	}
	return lines
}
