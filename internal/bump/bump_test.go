package bump

import (
	"encoding/binary"
	"errors"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"dagger/ship/internal/manifest"
)

// memory is a tree of files.
func memory(files map[string]string) manifest.Tree {
	return manifest.Tree{
		List: func(folder string) (names []string, err error) {
			for file := range files {
				for at := file; at != "."; at = path.Dir(at) {
					if path.Dir(at) == folder && !slices.Contains(names, path.Base(at)) {
						names = append(names, path.Base(at))
					}
				}
			}
			if names == nil && folder != "." {
				err = errors.New("no such folder")
			}
			return names, err
		},
		Contents: func(file string) ([]byte, error) {
			text, is := files[file]
			if !is {
				return nil, errors.New("no such file")
			}
			return []byte(text), nil
		},
	}
}

func utf16LE(text string) string {
	data := []byte{0xff, 0xfe}
	for _, code := range utf16.Encode([]rune(text)) {
		data = binary.LittleEndian.AppendUint16(data, code)
	}
	return string(data)
}

const (
	lockOfCargo = "version = 4\n\n[[package]]\nname = \"api\"\nversion = \"1.4.0\"\n\n[[package]]\nname = \"dep\"\n" +
		"version = \"1.4.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n"
	parentPOM  = "<parent><groupId>g</groupId><artifactId>all</artifactId><version>1.4.0</version></parent>"
	leafParent = "<parent><groupId>g</groupId><artifactId>mid</artifactId><version>1.4.0</version>" +
		"<relativePath>../mid</relativePath></parent>"
	lockOfNPM = `{"name": "a", "version": "1.4.0", "lockfileVersion": 3, "packages": {"": {"name": "a", "version": ` +
		`"1.4.0"}, "node_modules/b": {"version": "1.4.0"}, "packages/c": {"version": "1.4.0"}}}`
)

// TestSet sets 1.5.0, or another version that is named. Want is what becomes of the files that change; of an
// error it is one that the file "error" begins with.
func TestSet(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		files             map[string]string
		folder, file, set string
		want              map[string]string
	}{
		"byte order mark, line ends of Windows, and a comment": {
			files: map[string]string{"pyproject.toml": "\ufeff[project] # 1.4.0\r\nname = 'shop'\r\nversion = " +
				"'1.4.0' # 1.4.0\r\n"},
			want: map[string]string{"pyproject.toml": "\ufeff[project] # 1.4.0\r\nname = 'shop'\r\nversion = " +
				"'1.5.0' # 1.4.0\r\n"},
		},
		"UTF-16": {
			files: map[string]string{"VERSION": utf16LE("\r\n 1.4.0 \r\n")},
			want:  map[string]string{"VERSION": utf16LE("\r\n 1.5.0 \r\n")},
		},
		"UTF-16 that was taken for a text": {
			files: map[string]string{"VERSION": "\ufffd\ufffd1\x00.\x004\x00"},
			want:  map[string]string{"error": "VERSION: not UTF-8, but UTF-16: save the file as UTF-8"},
		},
		"several on one line": {
			files: map[string]string{
				"package.json": `{"dependencies":{"a":"1.4.0"},"name":"a1.4.0","version":"1.4.0","x":"1.4.0"}`,
			},
			want: map[string]string{
				"package.json": `{"dependencies":{"a":"1.4.0"},"name":"a1.4.0","version":"1.5.0","x":"1.4.0"}`,
			},
		},
		"several manifests of one project": {
			files: map[string]string{"package.json": `{"name":"a","version":"1.4.0"}`, "VERSION": "1.4.0\n",
				"README": "1.4.0"},
			want: map[string]string{"package.json": `{"name":"a","version":"1.5.0"}`, "VERSION": "1.5.0\n"},
		},
		"a file that the manifest refers to": {
			files: map[string]string{
				"pyproject.toml": "[build-system]\nbuild-backend = \"flit_core.buildapi\"\n[project]\nname = " +
					"\"a\"\ndynamic = [\"version\"]\n",
				"a.py": "\"\"\"1.4.0\"\"\"\n__version__ = \"1.4.0\"  # 1.4.0\n",
			},
			want: map[string]string{"a.py": "\"\"\"1.4.0\"\"\"\n__version__ = \"1.5.0\"  # 1.4.0\n"},
		},
		"only running it would tell": {
			files: map[string]string{"build.gradle": "version = git()\n", "settings.gradle": "rootProject.name = " +
				"'a'\n"},
			want: map[string]string{"error": "build.gradle:1: only running Gradle would tell the version"},
		},
		"not of its scheme": {
			files: map[string]string{"package.json": `{"name":"a","version":"1.4.0"}`},
			set:   "1.5",
			want:  map[string]string{"error": `"1.5" is not a valid SemVer version`},
		},
		"the end of a pre-release": {
			files: map[string]string{"a.csproj": "<Project><PropertyGroup><VersionPrefix>1.5.0</VersionPrefix>" +
				"<VersionSuffix>rc.1</VersionSuffix></PropertyGroup></Project>"},
			want: map[string]string{"a.csproj": "<Project><PropertyGroup><VersionPrefix>1.5.0</VersionPrefix>" +
				"<VersionSuffix></VersionSuffix></PropertyGroup></Project>"},
		},
		"a property of Maven's that says that it is a snapshot": {
			files: map[string]string{"pom.xml": "<project><artifactId>a</artifactId>" +
				"<version>${revision}${changelist}</version>" +
				"<properties>\n<revision>1.5.0</revision>\n<changelist>-SNAPSHOT</changelist></properties></project>"},
			want: map[string]string{"pom.xml": "<project><artifactId>a</artifactId>" +
				"<version>${revision}${changelist}</version>" +
				"<properties>\n<revision>1.5.0</revision>\n<changelist></changelist></properties></project>"},
		},
		"the modules of a pom": {
			files: map[string]string{
				"pom.xml": "<project><groupId>g</groupId><artifactId>all</artifactId><version>1.4.0</version>" +
					"<modules><module>api</module><module>web/pom.xml</module><module>own</module></modules></project>",
				"api/pom.xml": "<project>" + parentPOM + "<artifactId>api</artifactId></project>",
				"own/pom.xml": "<project>" + parentPOM +
					"<artifactId>own</artifactId><version>1.4.0</version></project>",
				"web/pom.xml": "<project>" + parentPOM + "<artifactId>web</artifactId><dependencies>" +
					"<dependency><groupId>g</groupId><artifactId>api</artifactId>" +
					"<version>1.4.0</version></dependency>" +
					"<dependency><groupId>g</groupId><artifactId>own</artifactId>" +
					"<version>1.4.0</version></dependency>" +
					"</dependencies></project>",
			},
			folder: "api",
			want: map[string]string{
				"pom.xml": "<project><groupId>g</groupId><artifactId>all</artifactId><version>1.5.0</version>" +
					"<modules><module>api</module><module>web/pom.xml</module><module>own</module></modules></project>",
				"api/pom.xml": "<project>" + strings.ReplaceAll(parentPOM, "4", "5") +
					"<artifactId>api</artifactId></project>",
				"own/pom.xml": "<project>" + strings.ReplaceAll(parentPOM, "4", "5") +
					"<artifactId>own</artifactId><version>1.4.0</version></project>",
				"web/pom.xml": "<project>" + strings.ReplaceAll(parentPOM, "4", "5") +
					"<artifactId>web</artifactId><dependencies>" +
					"<dependency><groupId>g</groupId><artifactId>api</artifactId>" +
					"<version>1.5.0</version></dependency>" +
					"<dependency><groupId>g</groupId><artifactId>own</artifactId>" +
					"<version>1.4.0</version></dependency>" +
					"</dependencies></project>",
			},
		},
		"a module that is listed before its parent": {
			files: map[string]string{
				"pom.xml": "<project><groupId>g</groupId><artifactId>all</artifactId><version>1.4.0</version>" +
					"<modules><module>leaf</module><module>mid</module></modules></project>",
				"leaf/pom.xml": "<project>" + leafParent + "<artifactId>leaf</artifactId></project>",
				"mid/pom.xml":  "<project>" + parentPOM + "<artifactId>mid</artifactId></project>",
			},
			want: map[string]string{
				"pom.xml": "<project><groupId>g</groupId><artifactId>all</artifactId><version>1.5.0</version>" +
					"<modules><module>leaf</module><module>mid</module></modules></project>",
				"leaf/pom.xml": "<project>" + strings.ReplaceAll(leafParent, "1.4", "1.5") +
					"<artifactId>leaf</artifactId></project>",
				"mid/pom.xml": "<project>" + strings.ReplaceAll(parentPOM, "1.4", "1.5") +
					"<artifactId>mid</artifactId></project>",
			},
		},
		"a parent of another repo": {
			files: map[string]string{"pom.xml": "<project>\n" + parentPOM + "<artifactId>api</artifactId></project>"},
			want: map[string]string{"error": "pom.xml:2: the version is that of the <parent>, which is not in this " +
				"repo: write a <version> of the project's own"},
		},
		"npm's lock file, and a package of a workspace": {
			files: map[string]string{"package.json": `{"name":"a","version":"1.4.0"}`, "package-lock.json": lockOfNPM},
			want: map[string]string{
				"package.json": `{"name":"a","version":"1.5.0"}`,
				"package-lock.json": `{"name": "a", "version": "1.5.0", "lockfileVersion": 3, "packages": ` +
					`{"": {"name": "a", "version": ` +
					`"1.5.0"}, "node_modules/b": {"version": "1.4.0"}, "packages/c": {"version": "1.4.0"}}}`,
			},
		},
		"a package of npm's workspace": {
			files: map[string]string{"packages/c/package.json": `{"name":"c","version":"1.4.0"}`,
				"package-lock.json": lockOfNPM},
			file: "packages/c/package.json",
			want: map[string]string{
				"packages/c/package.json": `{"name":"c","version":"1.5.0"}`,
				"package-lock.json": strings.Replace(lockOfNPM, `c": {"version": "1.4.0`,
					`c": {"version": "1.5.0`, 1),
			},
		},
		"a lock file that is not JSON": {
			files: map[string]string{"package.json": `{"name":"a","version":"1.4.0"}`,
				"package-lock.json": `{"version": `},
			want: map[string]string{"error": "package-lock.json: EOF: make the lock file anew"},
		},
		"Cargo's lock file, and a package of the same version": {
			files: map[string]string{"Cargo.toml": "[package]\nname = \"api\"\nversion = \"1.4.0\"\n",
				"Cargo.lock": lockOfCargo},
			want: map[string]string{"Cargo.toml": "[package]\nname = \"api\"\nversion = \"1.5.0\"\n",
				"Cargo.lock": strings.Replace(lockOfCargo, "1.4.0", "1.5.0", 1)},
		},
		"Cargo's lock file without the package, and somebody else's of its name": {
			files: map[string]string{"Cargo.toml": "[package]\nname = \"dep\"\nversion = \"1.4.0\"\n",
				"Cargo.lock": lockOfCargo},
			want: map[string]string{"Cargo.toml": "[package]\nname = \"dep\"\nversion = \"1.5.0\"\n"},
		},
		"two packages of one name": {
			files: map[string]string{"Cargo.toml": "[package]\nname = \"dep\"\nversion = \"1.4.0\"\n",
				"Cargo.lock": strings.Replace(lockOfCargo, "api", "dep", 1)},
			want: map[string]string{"error": "Cargo.lock:5: the lock file has several packages dep"},
		},
		"what Cargo requires in words that are not read": {
			files: map[string]string{
				"Cargo.toml":     "[workspace]\nmembers = [\"api\", \"web\"]\n",
				"api/Cargo.toml": "[package]\nname = \"api\"\nversion = \"1.4.0\"\n",
				"web/Cargo.toml": "[package]\nname = \"web\"\nversion = \"1.4.0\"\n[dependencies]\napi = { path = " +
					"\"../api\", version = \">=1, <2\" }\n",
			},
			folder: "api",
			want: map[string]string{"error": "web/Cargo.toml:5: it requires \">=1, <2\" of a package whose " +
				"version changes"},
		},
		"uv's lock file has normal forms": {
			files: map[string]string{
				"pyproject.toml": "[project]\nname = \"Shop.API\"\nversion = \"1.4.0\"\n",
				"uv.lock": "version = 1\n\n[[package]]\nname = \"shop-api\"\nversion = \"1.4.0\"\nsource = { " +
					"virtual = \".\" }\n\n" +
					"[package.metadata]\nversion = \"1.4.0\"\n",
			},
			set: "1.5.0-RC1",
			want: map[string]string{
				"pyproject.toml": "[project]\nname = \"Shop.API\"\nversion = \"1.5.0-RC1\"\n",
				"uv.lock": "version = 1\n\n[[package]]\nname = \"shop-api\"\nversion = \"1.5.0rc1\"\nsource = { " +
					"virtual = \".\" }\n\n" +
					"[package.metadata]\nversion = \"1.4.0\"\n",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.folder == "" {
				c.folder = "."
			}
			if c.set == "" {
				c.set = "1.5.0"
			}
			changes, err := Set(memory(c.files), c.folder, c.file, c.set)
			got := map[string]string{}
			for _, change := range changes {
				got[change.Path] = string(change.New)
				if string(change.Old) != c.files[change.Path] {
					t.Errorf("%s was %q", change.Path, change.Old)
				}
			}
			switch want, is := c.want["error"]; {
			case is && (err == nil || !strings.HasPrefix(err.Error(), want) || len(changes) > 0):
				t.Errorf("got %v, %v, want %s", got, err, want)
			case !is && (err != nil || !maps.Equal(got, c.want)):
				t.Errorf("got %q, %v, want %q", got, err, c.want)
			}
			if err == nil {
				again, err := Set(over(memory(c.files), changes), c.folder, c.file, c.set)
				if err != nil || len(again) > 0 {
					t.Errorf("a second time changes %d files, %v", len(again), err)
				}
			}
		})
	}
}
