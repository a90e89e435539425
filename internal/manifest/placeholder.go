package manifest

import (
	"path"
	"regexp"
	"strings"
)

// Tools that read the version from git's tags or commits leave a placeholder in the manifest.
// Releasing it would work once and never again, so it is refused, and the error says what to write
// instead.

// placeholder refuses the manifest's version, since the tool reads the real one from git.
func (d *document) placeholder(tool string, at *document, line int) error {
	return at.fault(line, "the version is not in the manifest: %s takes it from git, so only running that would "+
		"tell it: write the version here and take %s out, or write it in a file VERSION and name that with --manifest",
		tool, tool)
}

// pluginOfPoetry refuses a version of [tool.poetry] that a plugin replaces.
func (d *document) pluginOfPoetry() error {
	line := d.lineOf("tool", "poetry", "version")
	if enabled, _ := d.value("tool", "poetry-dynamic-versioning", "enable"); enabled == true {
		return d.placeholder("poetry-dynamic-versioning", d, line)
	}
	for _, plugin := range []string{"poetry-version-plugin", "poetry-git-version-plugin"} {
		if _, is := d.value("tool", plugin); is {
			return d.placeholder(plugin, d, line)
		}
	}
	return nil
}

var (
	// semanticReleaseUsed finds semantic-release among the dependencies in a package.json.
	semanticReleaseUsed = regexp.MustCompile(`"(?:@semantic-release/[a-z-]+|semantic-release)"\s*:\s*"`)
	// semanticPlaceholder is a version that users of semantic-release write, since npm wants one.
	semanticPlaceholder = regexp.MustCompile(
		`^0\.0\.0-(?i:development|semantic(?:ally)?-released?|semantically.*|managed.*|placeholder)$`,
	)
	// setupFromGit is how a setup.py says that it reads the version from git.
	setupFromGit = regexp.MustCompile(`\b(use_scm_version|pbr|versioneer|setuptools_git_versioning|versioningit)\b`)
	// mavenFromGit are extensions that read the version from git, as .mvn/extensions.xml names
	// them.
	mavenFromGit = regexp.MustCompile(
		`<artifactId>\s*(jgitver-maven-plugin|maven-git-versioning-extension)\s*</artifactId>`,
	)
	// nuGetFromGit are packages that read the version from git while a project is built.
	nuGetFromGit = regexp.MustCompile(
		`<PackageReference\s[^>]*\b(?:Include|Update)\s*=\s*` +
			`["'](?i:(MinVer|Nerdbank\.GitVersioning|GitVersion\.MsBuild))["']`,
	)
	xmlComment = regexp.MustCompile(`(?s)<!--.*?-->`)
)

// semanticRelease refuses a package's version if semantic-release replaces it.
func (d *document) semanticRelease() error {
	if semanticPlaceholder.MatchString(d.version) ||
		strings.HasPrefix(d.version, "0.0.0") && semanticReleaseUsed.Match(d.data) {
		return d.placeholder("semantic-release", d, d.versionLine)
	}
	return nil
}

// setupPyFromGit refuses a setup.cfg whose setup.py reads the version from git.
func (d *document) setupPyFromGit(line int) error {
	if exists, err := d.has(d.beside("setup.py")); err != nil || !exists {
		return err
	}
	setup, err := d.open(d.beside("setup.py"))
	if err != nil {
		return err
	}
	if found := setupFromGit.FindSubmatch(setup.data); found != nil {
		return d.placeholder(string(found[1]), d, line)
	}
	return nil
}

// mavenExtension refuses a pom whose version an extension replaces. Extensions are named at the
// root of the build, above the modules.
func (d *document) mavenExtension(at *document, line int) error {
	for folder := path.Dir(d.path); ; folder = path.Dir(folder) {
		file := path.Join(folder, ".mvn/extensions.xml")
		if exists, err := d.has(file); err != nil {
			return err
		} else if exists {
			extensions, err := d.open(file)
			if err != nil {
				return err
			}
			if found := mavenFromGit.FindSubmatch(xmlComment.ReplaceAll(extensions.data, nil)); found != nil {
				return d.placeholder(string(found[1]), at, line)
			}
		}
		if folder == "." {
			return nil
		}
	}
}

// versioningPackage refuses a project whose version a package replaces, in the project or in a file
// that it shares.
func (d *document) versioningPackage() error {
	if found := nuGetFromGit.FindSubmatch(xmlComment.ReplaceAll(d.data, nil)); found != nil {
		return d.placeholder(string(found[1]), d, 0)
	}
	return nil
}

var (
	gradleBlock  = regexp.MustCompile(`^\s*(?:\}\s*)?(?:if|else|when|switch|try|catch|for|while)\b`)
	gradleAssign = regexp.MustCompile(`(?:^|[\s)])(?:project\.)?version\s*\+?=[^=]`)
)

// conditionalVersion returns the line, from 1, on which a build script sets the version under a
// condition; 0 if none does.
func conditionalVersion(data []byte) int {
	open, conditions := 0, []int(nil) // how many blocks are open, and which of them are conditions
	line := 0
	for text := range strings.Lines(string(data)) {
		line++
		text, _, _ = strings.Cut(text, "//")
		begins := gradleBlock.MatchString(text)
		if gradleAssign.MatchString(text) && (begins || len(conditions) > 0 && open == conditions[0]+len(conditions)) {
			return line
		}
		for _, c := range text {
			switch c {
			case '{':
				if begins {
					conditions, begins = append(conditions, open), false
				}
				open++
			case '}':
				open = max(0, open-1)
				if n := len(conditions); n > 0 && conditions[n-1] >= open {
					conditions = conditions[:n-1]
				}
			}
		}
	}
	return 0
}
