package helm

import (
	"fmt"
	"strings"
)

// ComparePath is where Compare is put in a chart.
const ComparePath = "templates/ship-compare-revision.yaml"

// Compare is a template that makes Helm compare before it changes anything: Helm reads the last revision, renders the chart
// as the next one, and then makes that one, which fails if somebody was faster. So a chart that renders only as the revision that was
// looked for is never rolled out over one that nobody looked at. The template itself renders to nothing.
func (r Release) Compare(before Revision) string {
	number := r.Next
	if before.Status == "uninstalled" { // Helm renders an install as revision 1, whatever it is kept as
		number = 1
	}
	return fmt.Sprintf("{{- if ne (int .Release.Revision) %d }}{{ fail (printf \"%s: revision %%d is not the next one any more, "+
		"or it was never there\" %d) }}{{ end -}}\n", number, Taken, number)
}

// What PackArgs makes below its folder.
const (
	PackedChart  = "chart"  // the chart's folder, of plain files
	PackedValues = "values" // the chart's files values-*.yaml
)

// PackArgs packs a chart of a commit's tree into the folder out, with its dependencies, as plain files: Helm follows links, so whoever
// writes a chart could have it read anything that Helm can. This therefore runs where no secret is, and Helm gets only what
// came of it. It prints the names of the chart's values files.
//
// The program ends with LinksOutside if links lead out of the tree, and names them on standard error; with NoChart if there is no
// Chart.yaml.
func PackArgs(tree, chart, out string) []string {
	return []string{"sh", "-c", pack, "sh", tree, chart, out}
}

// Exit codes of PackArgs.
const (
	NoChart      = 64
	LinksOutside = 65
)

// pack takes the commit's tree, the chart's folder in it, and the folder to pack into. A chart may be reached through links itself.
var pack = strings.NewReplacer("NO_CHART", fmt.Sprint(NoChart), "LINKS_OUTSIDE", fmt.Sprint(LinksOutside)).Replace(`
set -e
tree=$(realpath "$1") chart=$2 out=$3
cd "$tree"
mkdir -p "$out/values" "$out/packed"
{
	find -L "$chart" -exec sh -c '
		tree=$1
		shift
		for path; do
			[ -L "$path" ] || continue
			to=
			[ ! -e "$path" ] || to=$(realpath "$path")
			case $to in "$tree"/*) ;; *) echo "${path#./} -> $(readlink "$path")" ;; esac
		done' sh "$tree" {} + 2>"$out/trouble" || :
	case $(realpath "$chart" 2>/dev/null) in "$tree" | "$tree"/* | "") ;; *) echo "${chart#./} -> $(realpath "$chart")" ;; esac
} >"$out/links"
if [ -s "$out/links" ]; then
	cat "$out/links" >&2
	exit LINKS_OUTSIDE
fi
[ -f "$chart/Chart.yaml" ] || exit NO_CHART
helm package "$chart" --destination "$out/packed" >/dev/null
tar -xzf "$out"/packed/*.tgz -C "$out/packed"
rm "$out"/packed/*.tgz
mv "$out"/packed/* "$out/chart"
rm -f "$out/chart/.helmignore" # it has been followed
for file in "$chart"/values-*.yaml; do
	[ -f "$file" ] || continue
	cp -L "$file" "$out/values/"
	basename "$file"
done
`)
