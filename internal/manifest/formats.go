package manifest

import "dagger/ship/internal/version"

// format is one kind of manifest: the name of its file, the rules that its version follows, and the
// function that reads it.
type format struct {
	pattern string
	scheme  version.Scheme
	read    func(*document) error
}

// formats in the order in which they are looked for: the surest names of a project come first, and
// files that often only accompany another manifest come last.
var formats []format

func init() { // not in the declaration: the readers' errors list the formats, which would be an initialization cycle
	formats = []format{
		{"pyproject.toml", version.PEP440, pyproject},
		{"setup.cfg", version.PEP440, setupCfg},
		{"package.json", version.SemVer, packageJSON},
		{"deno.json", version.SemVer, deno},
		{"deno.jsonc", version.SemVer, deno},
		{"Cargo.toml", version.SemVer, cargo},
		{"pom.xml", version.Maven, maven},
		{"build.gradle", version.Gradle, gradle},
		{"build.gradle.kts", version.Gradle, gradle},
		{"gradle.properties", version.Gradle, gradleProperties},
		{"*.csproj", version.NuGet, dotnet},
		{"*.fsproj", version.NuGet, dotnet},
		{"*.vbproj", version.NuGet, dotnet},
		{"Directory.Build.props", version.NuGet, buildProps},
		{"composer.json", version.Composer, composer},
		{"pubspec.yaml", version.Pub, pubspec},
		{"mix.exs", version.SemVer, mix},
		{"Chart.yaml", version.Helm, chart},
		{"VERSION", version.Gradle, plain},
		{"setup.py", version.PEP440, setupPy},
	}
}
