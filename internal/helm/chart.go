package helm

import (
	"fmt"
	"strings"
)

// ComparePath is where Compare is put in a chart.
const ComparePath = "templates/ship-compare-revision.yaml"

// Compare is a template that makes Helm compare before it changes anything: Helm reads the last
// revision, renders the chart as the next one, and then makes that one, which fails if somebody was
// faster. So a chart that renders only as the revision after the one that was looked at, while that
// one's record is there, is never rolled out over one that nobody looked at. The template itself
// renders to nothing.
func (r Release) Compare(before Revision) string {
	number := r.Next
	if before.Status == "uninstalled" { // Helm renders an install as revision 1, whatever number it stores
		number = 1
	}
	words := fmt.Sprintf("%s: the next revision is not %d any more, or it never was", Taken, number)
	fail := fmt.Sprintf("{{ fail %q }}", words)
	text := fmt.Sprintf("{{- if ne (int .Release.Revision) %d }}%s{{ end -}}\n", number, fail)
	if before.UID != "" {
		text += fmt.Sprintf("{{- $record := lookup \"v1\" \"Secret\" .Release.Namespace %q -}}\n"+
			"{{- if ne (dig \"metadata\" \"uid\" \"\" $record) %q }}%s{{ end -}}\n",
			r.record(before.Number), before.UID, fail)
	}
	return text
}

// What PackArgs makes below its folder.
const (
	PackedChart  = "chart"  // the chart's folder, of plain files
	PackedValues = "values" // the chart's files values-*.yaml
)

// PackArgs packs a chart of a commit's tree into the folder out, with its dependencies, as plain
// files: Helm follows links, so whoever writes a chart could have it read anything that Helm can.
// So this runs in a container without secrets, and Helm gets only its result. It prints the names
// of the chart's values files.
//
// The program ends with LinksOutside if links lead out of the tree, and names them on standard
// error; with NoChart if there is no Chart.yaml.
func PackArgs(tree, chart, out string) []string {
	return []string{"sh", "-c", pack, "sh", tree, chart, out}
}

// Exit codes of PackArgs.
const (
	NoChart      = 64
	LinksOutside = 65
)

// pack takes the commit's tree, the chart's folder in it, and the folder to pack into. It looks for
// links in the chart's folder, and then in the folders of the tree that those lead to, and never
// follows one that leads out of the tree.
var pack = strings.NewReplacer("NO_CHART", fmt.Sprint(NoChart), "LINKS_OUTSIDE", fmt.Sprint(LinksOutside)).Replace(`
set -e
tree=$(realpath "$1") out=$3
cd "$tree"
[ -e "$2" ] || exit NO_CHART
chart=$(realpath "$2")
mkdir -p "$out/values" "$out/packed" "$out/links"
cd "$out/links"
touch outside seen
case $chart in
"$tree" | "$tree"/*) echo "$chart" >todo ;;
*) echo "$2 -> $chart" >outside ;;
esac
while [ -s todo ]; do
	mv todo now
	while IFS= read -r folder; do
		if grep -Fxq -e "$folder" seen; then continue; fi
		echo "$folder" >>seen
		find "$folder" -type l -exec sh -c '
			tree=$1
			shift
			for path; do
				to=
				[ ! -e "$path" ] || to=$(realpath "$path")
				case $to in
				"$tree" | "$tree"/*) [ ! -d "$to" ] || echo "$to" >>todo ;;
				*) echo "${path#"$tree"/} -> $(readlink "$path")" >>outside ;;
				esac
			done' sh "$tree" {} +
	done <now
done
if [ -s outside ]; then
	head -n 20 outside >&2
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
