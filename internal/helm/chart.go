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
	PackedValues = "values" // the chart's files values.yaml and values-*.yaml
)

// UnpackedChart is the folder that UnpackArgs makes below its own.
const UnpackedChart = "chart"

// UnpackArgs unpacks a chart's archive, in base64, into a folder.
func UnpackArgs(archive, out string) []string {
	const unpack = `set -e
mkdir -p "$2/in"
base64 -d "$1" | tar -xzf - -C "$2/in"
set -- "$2" "$2"/in/*
[ $# -eq 2 ] && [ -f "$2/Chart.yaml" ] || { echo "it holds no chart" >&2; exit 1; }
mv "$2" "$1/` + UnpackedChart + `"
rmdir "$1/in"`
	return []string{"sh", "-c", unpack, "sh", archive, out}
}

// TarArgs prints a folder as a tar, in base64.
func TarArgs(folder string) []string {
	return []string{"sh", "-c", `tar -C "$(dirname "$1")" -cf - "$(basename "$1")" | base64`, "sh", folder}
}

// PackArgs packs a chart of a commit's tree into the folder out, with its dependencies, as plain
// files: Helm follows links, so whoever writes a chart could have it read anything that Helm can.
// So this runs in a container without secrets, and Helm gets only its result. It prints the chart's
// name and those of its files of values.
//
// Dependencies that are not in the chart's folder charts are put there: those in the tree, and as
// Chart.lock says, those in repositories that anybody may read.
//
// If an app's version is given, the chart says that one.
func PackArgs(tree, chart, out, appVersion string) []string {
	return []string{"sh", "-c", pack, "sh", tree, chart, out, appVersion}
}

// Exit codes of PackArgs, which then says what on standard error.
const (
	NoChart             = 64 // no Chart.yaml
	LinksOutside        = 65 // links that lead out of the tree
	DependenciesOutside = 66 // dependencies outside of the tree
	NoLock              = 67 // dependencies in repositories, and no Chart.lock
	NoDependencies      = 68 // Helm did not get the dependencies
)

// pack takes the commit's tree, the chart's folder in it, and the folder to pack into. It looks for
// links in the chart's folder, and then in the folders of the tree that those lead to, and never
// follows one that leads out of the tree. The same for the charts that it depends on, before Helm
// reads them.
var pack = strings.NewReplacer(
	"NO_CHART", fmt.Sprint(NoChart),
	"LINKS_OUTSIDE", fmt.Sprint(LinksOutside),
	"DEPENDENCIES_OUTSIDE", fmt.Sprint(DependenciesOutside),
	"NO_LOCK", fmt.Sprint(NoLock),
	"NO_DEPENDENCIES", fmt.Sprint(NoDependencies),
).Replace(`
set -e
tree=$(realpath "$1") out=$3 version=$4
cd "$tree"
[ -e "$2" ] || exit NO_CHART
chart=$(realpath "$2")
mkdir -p "$out/values" "$out/packed" "$out/work"
cd "$out/work"
export HELM_CACHE_HOME="$PWD/cache" HELM_CONFIG_HOME="$PWD/config" HELM_DATA_HOME="$PWD/data"
touch outside seen order
case $chart in
"$tree" | "$tree"/*) echo "$chart" | tee todo >lacking ;;
*) echo "$2 -> $chart" >outside ;;
esac

# follow looks for links in the folders that are in the file todo
follow() {
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
	refuse LINKS_OUTSIDE
}
refuse() {
	if [ -s outside ]; then
		head -n 20 outside >&2
		exit "$1"
	fi
}
follow
[ -f "$chart/Chart.yaml" ] || exit NO_CHART

# charts that lack dependencies are put into the file order, what others depend on before these
tab=$(printf '\t')
depth=0
while [ -s lacking ] && [ $depth -lt 20 ]; do
	depth=$((depth + 1))
	mv lacking these
	while IFS= read -r folder; do
		helm dependency list "$folder" --max-col-width 1000 >list 2>/dev/null || continue # helm package says why
		grep -q "${tab}missing *$" list || continue
		{ echo "$folder" && cat order; } >longer
		mv longer order
		sed -n "s|.*${tab}\([^ $tab]*://[^ $tab]*\) *${tab}missing *$|\1|p" list >places
		while IFS= read -r place; do
			case $place in
			file:///*) path=${place#file://} ;;
			file://*) path=$folder/${place#file://} ;;
			*) [ -f "$folder/Chart.lock" ] || { cat list >&2; exit NO_LOCK; } && continue ;;
			esac
			to=
			[ ! -e "$path" ] || to=$(realpath "$path")
			case $to in
			"$tree" | "$tree"/*) echo "$to" | tee -a todo >>lacking ;;
			*) echo "${folder#"$tree"/}/Chart.yaml: $place" >>outside ;;
			esac
		done <places
	done <these
	refuse DEPENDENCIES_OUTSIDE
	follow
done
while IFS= read -r folder; do
	if [ -f "$folder/Chart.lock" ]; then
		helm dependency list "$folder" --max-col-width 1000 |
			sed -n "s|.*$tab\(https\{0,1\}://[^ $tab]*\) *$tab.*|\1|p" >places
		while IFS= read -r place; do
			helm repo add "$(echo "$place" | tr -c '[:alnum:]\n' -)" "$place" >/dev/null
		done <places
		helm dependency build "$folder" >/dev/null
	else
		helm dependency update "$folder" >/dev/null
	fi || exit NO_DEPENDENCIES
done <order

[ -z "$version" ] || set -- --app-version "$version"
[ -n "$version" ] || set --
helm package "$chart" --destination "$out/packed" "$@" >/dev/null
tar -xzf "$out"/packed/*.tgz -C "$out/packed"
rm "$out"/packed/*.tgz
basename "$out"/packed/*
mv "$out"/packed/* "$out/chart"
rm -f "$out/chart/.helmignore" # it has been followed
for file in "$chart"/values.yaml "$chart"/values-*.yaml; do
	[ -f "$file" ] || continue
	cp -L "$file" "$out/values/"
	basename "$file"
done
`)
