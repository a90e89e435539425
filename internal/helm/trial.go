package helm

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Trial is how a release is tried out on the cluster, which changes nothing there.
type Trial struct {
	Install bool // the release's objects are made anew: it is not there, or is uninstalled before
	Replace bool // it is uninstalled before
	// Kinds are the group and version, or these and the kind, that the chart itself brings. Helm
	// makes them before it asks what there is.
	Kinds []string
	// Apart are the cluster's own kinds and version, for a rendering that does not ask it: Helm 4 takes no
	// Kinds while it does. Then lookup finds nothing.
	Apart *APIs
}

// APIs are what a cluster has: its kinds, as GROUP/VERSION/KIND and as GROUP/VERSION, and its version.
type APIs struct {
	Kinds   []string
	Version string
}

// APIArgs asks for what a cluster has.
func APIArgs() []string {
	return []string{"sh", "-c", "kubectl version --output=json && kubectl api-resources --no-headers"}
}

// ParseAPIs reads the answer to APIArgs: JSON, and behind it a table that ends with APIVERSION,
// NAMESPACED and KIND.
func ParseAPIs(answer string) (*APIs, error) {
	var said struct {
		ServerVersion struct{ GitVersion string }
	}
	decoder := json.NewDecoder(strings.NewReader(answer))
	if err := decoder.Decode(&said); err != nil {
		return nil, fmt.Errorf("read the cluster's version: %w", err)
	}
	apis := &APIs{Version: said.ServerVersion.GitVersion}
	for line := range strings.Lines(answer[decoder.InputOffset():]) {
		columns := strings.Fields(line)
		if n := len(columns); n >= 4 {
			apis.Kinds = append(apis.Kinds, columns[n-3], columns[n-3]+"/"+columns[n-1])
		}
	}
	slices.Sort(apis.Kinds)
	apis.Kinds = slices.Compact(apis.Kinds)
	return apis, nil
}

// UpgradeTrialArgs renders the chart as the very upgrade would, and then has the cluster look at
// each object of the manifest: as a new one, so that what is wrong with it does not depend on what is
// there, and if it is upgraded, as a change of the one that is there. If the namespace is missing,
// the objects are tried in another one.
//
// All of that is one program, since what a chart makes may hold secrets: it is not to be in the
// arguments of another one, nor in a file that the engine is told to write.
func (r Release) UpgradeTrialArgs(t Trial, limit time.Duration) []string {
	args := append([]string{"helm", "upgrade", "--install", r.Name, r.Chart}, r.values()...)
	args = append(args, "--namespace", r.Namespace, "--dry-run=server")
	return r.trial(t.mode(), limit, append(args, r.overwrite()...))
}

// TemplateTrialArgs does the same by `helm template`, for a release that Helm would not upgrade now:
// another operation holds it, or the chart brings kinds that Helm makes at an install only. It does
// not tell hooks from other objects, so none is looked at as a change of what is there.
func (r Release) TemplateTrialArgs(t Trial, limit time.Duration) []string {
	args := append([]string{"helm", "template", r.Name, r.Chart}, r.values()...)
	args = append(args, "--namespace", r.Namespace)
	if t.Apart == nil {
		args = append(args, "--dry-run=server")
	} else {
		args = append(args, "--kube-version", t.Apart.Version, "--api-versions", strings.Join(t.Apart.Kinds, ","))
	}
	mode := t.mode()
	if !t.Install {
		mode, args = replace, append(args, "--is-upgrade")
	}
	for _, kind := range t.Kinds {
		args = append(args, "--api-versions", kind)
	}
	return r.trial(mode, limit, args)
}

// What the cluster is asked of each object.
const (
	upgrade = "upgrade" // whether it may be, and whether it may be changed so
	install = "install" // whether it may be, and whether it may be made there
	replace = "replace" // whether it may be: what else, depends on what is there by now
)

func (t Trial) mode() string {
	switch {
	case t.Replace:
		return replace
	case t.Install:
		return install
	}
	return upgrade
}

func (r Release) trial(mode string, limit time.Duration, helm []string) []string {
	validate := "strict" // as an apply on the server is, which Helm 4 does
	if !r.Helm.from(4, 0) {
		validate = "ignore"
	}
	return append([]string{"sh", "-c", trial, "sh", r.Namespace, validate, mode, seconds(limit)}, helm...)
}

// refused begins the line before what the cluster said of the objects.
const refused = "# ship: the cluster says:"

// trial takes the release's namespace, how strict kubectl is, what the cluster is asked, a limit for
// kubectl, and Helm's command. Helm's exit code is its own. `helm template` is told which
// versions the cluster has, since it asks for none.
const trial = `
namespace=$1 validate=$2 mode=$3 limit=$4 command=$6
shift 4
if [ "$command" = template ]; then
	for version in $(timeout -k 5 "$limit" kubectl api-versions); do set -- "$@" --api-versions "$version"; done
fi
rendered=$("$@") || exit
printf '%s\n' "$rendered"
echo '` + refused + `'
manifest() {
	if [ "$command" = template ]; then
		printf '%s\n' "$rendered"
	else
		printf '%s\n' "$rendered" | sed -n '/^MANIFEST:$/,$p' | sed -e 1d -e '/^NOTES:$/,$d'
	fi
}
cluster() {
	verb=$1
	shift
	timeout -k 5 "$limit" kubectl "$verb" --dry-run=server --filename=- "$@" 2>&1 >/dev/null
}
said=$(manifest | cluster create --validate="$validate" --namespace "$namespace")
case $said in
*"namespaces \"$namespace\" not found"*)
	manifest | sed "s/^  namespace: [\"']\{0,1\}$namespace[\"']\{0,1\}\$/  namespace: default/" |
		cluster create --validate="$validate" --namespace default
	exit 0
	;;
esac
printf '%s\n' "$said"
[ "$mode" = ` + replace + ` ] || echo '` + refusedChanges + `'
case $mode in
` + install + `) printf '%s\n' "$said" ;;
` + upgrade + `)
	manifest | cluster apply --validate=ignore --server-side --force-conflicts --field-manager=helm \
		--namespace "$namespace"
	;;
esac
exit 0
`

// refusedChanges begins the line before what the cluster said of the objects as what is to be done
// there.
const refusedChanges = "# ship: and as changes:"

// Tried is what came of a trial.
type Tried struct {
	Manifests string   // of hooks, too
	Refused   []string // what the cluster refuses
}

// ParseTrial reads what a trial printed.
func (r Release) ParseTrial(printed string) (t Tried) {
	var said string
	if at := strings.LastIndex(printed, "\n"+refused+"\n"); at >= 0 {
		printed, said = printed[:at+1], printed[at+len("\n"+refused+"\n"):]
	}
	t.Manifests = manifests(printed)
	asNew, asChanges, _ := strings.Cut(said, refusedChanges+"\n")
	for _, entry := range entries(asNew) {
		if own := withoutQuotes(entry); faulty.MatchString(own) && !taken.MatchString(own) {
			t.Refused = append(t.Refused, brief(entry))
		}
	}
	for _, entry := range entries(asChanges) {
		own := withoutQuotes(entry)
		mayNot := notAllowed.MatchString(own)
		if immutable.MatchString(own) || denied.MatchString(own) && (!mayNot || r.Helm.from(4, 0)) {
			t.Refused = append(t.Refused, brief(entry))
		}
	}
	slices.Sort(t.Refused)
	t.Refused = slices.Compact(t.Refused)
	return t
}

// manifests are those that Helm printed, between what it says of the release.
func manifests(printed string) string {
	_, hooks, table := strings.Cut("\n"+printed, "\nHOOKS:\n")
	if !table {
		return printed
	}
	hooks, rest, _ := strings.Cut("\n"+hooks, "\nMANIFEST:\n")
	manifest, _, _ := strings.Cut("\n"+rest, "\nNOTES:\n")
	return hooks + "\n---\n" + manifest
}

// withoutQuotes is what kubectl and the cluster say themselves, without names and values.
func withoutQuotes(entry string) string { return quoted.ReplaceAllString(withoutDumps(entry), `""`) }

// How kubectl says why an object cannot be. The cluster's own words are in it.
var (
	// of the object itself
	faulty = regexp.MustCompile(`is invalid: |cannot be handled as a |strict decoding error`)
	// what this release's own objects have, or what is decided as it comes to it
	taken = regexp.MustCompile(`already allocated|already exists`)
	// of a change. What is invalid besides has been found in the object itself, or is a mixture of
	// it and what is there, which Helm would not make
	immutable = regexp.MustCompile(`immutable|updates to \S+ spec for fields other than|may not change once set|` +
		`cannot be changed|field may not be changed`)
	// by rules of the cluster, or since the account may not do it
	denied     = regexp.MustCompile(`denied the request|denied request|\(Forbidden\)| is forbidden: `)
	notAllowed = regexp.MustCompile(`cannot \w+ resource ""`)

	begins = regexp.MustCompile(`^(?:Error from server|The \S+ "|error: |Warning: |the namespace from |` +
		`resource mapping |[EIW]\d{4} )`)
	wrapped = regexp.MustCompile(`(?:Error from server(?: \(\w+\))?: )(?:error when \w+ "\S+": )?`)
	diff    = regexp.MustCompile(`(?m)(?:^@@.*|^[ +-] .*)\n?`)
)

// entries are the errors in what kubectl printed. One may have several lines.
func entries(said string) (all []string) {
	for line := range strings.Lines(said) {
		if len(all) == 0 || begins.MatchString(line) {
			all = append(all, "")
		}
		all[len(all)-1] += line
	}
	return all
}

// brief is an error without what kubectl puts around it, and without objects that are printed whole.
func brief(entry string) string {
	return strings.TrimSpace(diff.ReplaceAllString(withoutDumps(wrapped.ReplaceAllString(entry, "")), ""))
}

// UnknownKinds are the kinds that Helm did not find in the cluster, as GROUP/VERSION/KIND.
func UnknownKinds(cause string) (kinds []string) {
	for _, found := range noMatch.FindAllStringSubmatch(cause, -1) {
		kinds = append(kinds, found[2]+"/"+found[1])
	}
	return kinds
}

var noMatch = regexp.MustCompile(`no matches for kind "([^"]+)" in version "([^"]+)"`)

// NotNow recognizes that Helm would not upgrade the release in the state that it is in: another
// operation holds it, or it ran never, or is being uninstalled.
func NotNow(cause string) bool { return Locked(cause) || ranNever.MatchString(cause) }

var ranNever = regexp.MustCompile(failed + `"[^"]*" has no deployed releases$`)

// CRDArgs prints the custom resource definitions that a chart brings in its folders crds, which Helm
// makes before the rest if it installs the release.
func (r Release) CRDArgs() []string { return []string{"helm", "show", "crds", r.Chart} }

// Defined are the kinds that custom resource definitions bring, as GROUP/VERSION and as
// GROUP/VERSION/KIND.
func Defined(manifests string) (kinds []string) {
	objects, _ := ParseObjects(manifests, "")
	for _, o := range objects {
		versions, _ := valueAt(o.Body, []step{{key: "spec"}, {key: "versions"}}).([]any)
		for _, version := range versions {
			fields, _ := version.(map[string]any)
			in := text(o.Body, "spec", "group") + "/" + fmt.Sprint(fields["name"])
			kinds = append(kinds, in, in+"/"+text(o.Body, "spec", "names", "kind"))
		}
	}
	return kinds
}

// AsksArgs prints the chart's templates that ask the cluster for objects or for its API's versions.
func (r Release) AsksArgs() []string {
	return []string{"grep", "-rlE", `(^|[^A-Za-z.])lookup[^A-Za-z]|[.]Capabilities`, r.Chart}
}

// AskedIn tells whether Helm failed in one of the templates that AsksArgs printed, and in which.
func AskedIn(cause string, asks []string) (file string, is bool) {
	for _, found := range inTemplate.FindAllStringSubmatch(cause, -1) {
		for _, path := range asks {
			if strings.HasSuffix(path, "/"+found[1]) {
				return found[1], true
			}
		}
	}
	return "", false
}

// inTemplate finds where Helm failed, as CHART/templates/FILE:LINE.
var inTemplate = regexp.MustCompile(`(?m)(?:^|[\s(])[^/\s:()]+/([^\s:()]+):\d+`)
