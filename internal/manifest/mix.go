package manifest

import (
	"bytes"
	"regexp"
	"strings"
)

var (
	mixProject   = regexp.MustCompile(`(?m)^[ \t]*def\s+project(?:\(\))?(?:\s+do\b|,\s*do:)`)
	mixEnd       = regexp.MustCompile(`(?m)^[ \t]*(?:def|defp|end)\b`)
	mixApp       = regexp.MustCompile(`(?:^|[\s\[,])app:\s*([^,\n\]]*)`)
	mixVersion   = regexp.MustCompile(`(?:^|[\s\[,])version:\s*([^,\n\]]*)`)
	mixApps      = regexp.MustCompile(`(?:^|[\s\[,])apps_path:`)
	mixAtom      = regexp.MustCompile(`^:([a-zA-Z_][a-zA-Z0-9_@]*[?!]?)$`)
	mixText      = regexp.MustCompile(`^"([^"\\#]*)"$`)
	mixAttribute = regexp.MustCompile(`^@(\w{1,100})$`)
)

// mix reads app and version of project/0 in Elixir's mix.exs
// (https://hexdocs.pm/mix/Mix.Project.html). The version is a string, there or in a module
// attribute; the script is not run, so anything else is refused.
func mix(d *document) error {
	if err := d.checkUTF8(); err != nil {
		return err
	}
	script := withoutMixComments(d.data)
	start := mixProject.FindStringIndex(script)
	if start == nil {
		return d.noProject("no def project")
	}
	body := script[start[1]:]
	if end := mixEnd.FindStringIndex(body); end != nil {
		body = body[:end[0]]
	}
	line := func(at int) int { return lineAt([]byte(script), int64(at)) }
	app, version := mixApp.FindStringSubmatchIndex(body), mixVersion.FindStringSubmatchIndex(body)
	if app == nil && mixApps.MatchString(body) {
		return d.noProject("an umbrella: name an app's mix.exs with --manifest")
	}
	if app == nil {
		return d.fault(line(start[0]), "no app: in project")
	}
	if version == nil {
		return d.fault(line(start[0]), "no version: in project")
	}
	named := mixAtom.FindStringSubmatch(strings.TrimSpace(body[app[2]:app[3]]))
	if named == nil {
		return d.fault(line(start[1]+app[2]), "only running mix would tell the app: write app: :name")
	}
	d.setName(named[1], d, line(start[1]+app[2]))

	stated, at := strings.TrimSpace(body[version[2]:version[3]]), start[1]+version[2]
	if attribute := mixAttribute.FindStringSubmatch(stated); attribute != nil {
		definition := regexp.MustCompile(`(?m)^[ \t]*@` + attribute[1] + `[ \t]+(.*?)[ \t\r]*$`)
		defined := definition.FindAllStringSubmatchIndex(script[:start[0]], -1)
		if len(defined) == 0 {
			return d.fault(line(at), "@%s is not defined before project", attribute[1])
		}
		last := defined[len(defined)-1]
		stated, at = script[last[2]:last[3]], last[2]
	}
	text := mixText.FindStringSubmatch(stated)
	if text == nil {
		return d.fault(line(at), "only running mix would tell the version: write it as a string, \"1.4.0\"")
	}
	d.setVersion(text[1], d, line(at))
	return nil
}

// withoutMixComments replaces comments and texts of several lines by blanks.
func withoutMixComments(data []byte) string {
	plain := bytes.Clone(data)
	for i := 0; i < len(plain); {
		rest := string(plain[i:min(len(plain), i+3)])
		switch {
		case rest == `"""`:
			end := bytes.Index(plain[i+3:], []byte(`"""`))
			if end < 0 {
				end = len(plain) - i - 6
			}
			i = blank(plain, i, i+end+6)
		case rest[0] == '"':
			for i++; i < len(plain) && plain[i] != '"' && plain[i] != '\n'; i++ {
				if plain[i] == '\\' {
					i++
				}
			}
			i++
		case rest[0] == '#':
			end := bytes.IndexByte(plain[i:], '\n')
			if end < 0 {
				end = len(plain) - i
			}
			i = blank(plain, i, i+end)
		default:
			i++
		}
	}
	return string(plain)
}
