// Package converge decides what a release has to do: facts in, a plan out. It reads and changes
// nothing itself.
//
// The whole of it is one rule. A version belongs to one commit: the one that its tag peels to, or
// the source's if there is no tag yet. If the tag, the image or an environment is missing, it is
// made from that commit. If it belongs to another commit, that is an error.
package converge

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"dagger/ship/internal/naming"
	"dagger/ship/internal/version"
)

// Facts are what a release found in the systems that know: the source, the git remote, the registry
// and the clusters.
type Facts struct {
	Name    string          // the version's text; or if it is a snapshot, what that is called
	Version version.Version // a zero value for a snapshot
	Commit  string          // HEAD of the source

	Snapshot bool   // the commit has no version of its own, and runs without
	Pushed   bool   // the tag is somebody's, which Ship never pushes
	None     string // why there is no version; empty: there is one

	Tag    string            // the tag's name
	Tagged string            // the commit that it peels to on the remote; empty: there is no such tag
	Others []version.Version // the versions that are tagged for the project; none if they were not needed

	Images []Image // one at least
	Chart  Image   // the chart beside them; without an address, none is published

	Environments []Environment
	Deployments  []Deployment // of the same environments, on GitLab; none: it is not told

	Notes Notes
}

// Image is one of those that are published under the version, as the registry has it.
type Image struct {
	Name     string // among several; empty: it is the only one
	Address  string // with the version's tag
	Digest   string // what that points at; empty: nothing
	Revision string // the commit that the image's label says it was built from; empty: unlabelled
	Latest   string // what the tag latest points at; empty: nothing
}

// Digest is what the version's images are as a whole, empty if one of them is missing.
func (f Facts) Digest() string {
	var digests []string
	for _, image := range f.Images {
		digests = append(digests, image.Digest)
	}
	return Together(digests)
}

// Together is the one digest, or what several are as a whole; empty if one of them is.
func Together(digests []string) string {
	if slices.Contains(digests, "") {
		return ""
	}
	return strings.Join(digests, "+")
}

// Environment is what runs in one place, as the cluster says.
type Environment struct {
	Name    string
	Version string // empty: nothing is deployed
	Digest  string // of its images, Together; empty: deployed without one
	Status  string // the Helm release's: deployed, failed, pending-upgrade, …; Unknown: nobody looked

	RolledBack string // the version that somebody rolled it back from, on purpose; empty: nobody did

	// Order is where the facts' commit is in the history, as seen from what runs, and Back as seen from
	// what it was rolled back from. Both are asked for only if one of the two is a snapshot.
	Order, Back Order

	// ValuesOf is the commit that the values are of, if they follow the branch. ValuesOrder is where the
	// source's commit is, as seen from that one.
	ValuesOf    string
	ValuesOrder Order

	Differs []string // values that are not as wanted, by their keys
	Changed []string // files of values that changed on the branch since the version

	Prereleases bool   // whether it asked for pre-releases too
	Snapshots   bool   // whether it asked for any commit
	Manual      bool   // whether it is deployed to by name only, and was not named
	After       string // name of the environment that must run well what this one takes; empty: none must
}

// Order is where one commit is in a history, as seen from another one.
type Order int

// The orders.
const (
	NotAsked Order = iota // nobody asked; or the git server does not have the other one
	Earlier
	Same
	Later
)

// Unknown is the status of an environment that nobody looked at: there is no kubeconfig, or it is left
// to a call of its own.
const Unknown = "unknown"

// Plan says what is missing, and why each step is performed or skipped.
type Plan struct {
	Commit   string // what the version is built from and tagged at
	Withheld string // why nothing is done for the version, and what to do; empty: it may be released
	Snapshot bool   // it is for a commit without a version

	Tag, Notes Step
	Images     []ImagePlan // in the order of Facts.Images
	Chart      Step        // that publishes it

	Deploy []Step // in the order of Facts.Environments
	Tell   []Step // GitLab of deployments, in the order of Facts.Deployments
}

// ImagePlan is what is missing of one image.
type ImagePlan struct{ Build, Publish, Latest Step }

// Builds tells whether an image is to be built.
func (p *Plan) Builds() bool {
	return slices.ContainsFunc(p.Images, func(i ImagePlan) bool { return i.Build.Needed })
}

// Publishes tells whether an image is to be pushed.
func (p *Plan) Publishes() bool {
	return slices.ContainsFunc(p.Images, func(i ImagePlan) bool { return i.Publish.Needed })
}

// Writes tells whether something is to be written into the registry.
func (p *Plan) Writes() bool {
	return p.Publishes() || p.Chart.Needed ||
		slices.ContainsFunc(p.Images, func(i ImagePlan) bool { return i.Latest.Needed })
}

// Step is one step's part in a plan.
type Step struct {
	Needed bool
	Why    string
}

// Options are what a user may allow beyond the usual.
type Options struct {
	Maintenance bool // release a version lower than the highest: a fix for an older line
	NoLatest    bool // leave the tag latest alone
}

// Decide makes the plan. Its error is a refusal: it names what disagrees and what to do, and
// nothing was touched.
func Decide(f Facts, options Options) (Plan, error) {
	commit := f.Source()
	if plan, is := withhold(f); is {
		return plan, nil
	}
	if err := guard(f, commit, options); err != nil {
		return Plan{}, err
	}
	plan := Plan{Commit: commit, Snapshot: f.Snapshot}
	for _, image := range f.Images {
		plan.Images = append(plan.Images, f.planImage(image, commit, options))
	}
	plan.Chart = f.planChart()
	switch {
	case f.Snapshot:
		plan.Tag = Step{false, "a commit without a version has no tag"}
	case f.Tagged == "":
		plan.Tag = Step{true, f.Tag + " is not on the remote"}
	default:
		plan.Tag = Step{false, f.Tag + " is at " + Short(commit)}
	}
	plan.Notes = TellNotes(f)
	for _, environment := range f.Environments {
		plan.Deploy = append(plan.Deploy, Deploy(f, environment))
	}
	return plan, nil
}

func (f Facts) planImage(image Image, commit string, options Options) (plan ImagePlan) {
	missing := image.Digest == ""
	switch {
	case missing && f.overtaken():
		plan.Build = Step{false, "what runs is of a later commit than " + Short(commit)}
		plan.Publish = plan.Build
	case missing:
		plan.Build = Step{true, image.Address + " is not in the registry"}
		plan.Publish = plan.Build
		if f.Tagged != "" && f.Tagged != f.Commit {
			plan.Build.Why += ": finish " + f.Name + " from its tagged commit " + Short(commit)
		}
	default:
		plan.Build = Step{false, image.Address + " was built from " + Short(commit)}
		plan.Publish = Step{false, image.Address + " is " + image.Digest}
	}
	if plan.Latest = Latest(f, image); options.NoLatest && !f.Snapshot {
		plan.Latest = Step{false, "the setting latest is false"}
	}
	return plan
}

func (f Facts) planChart() Step {
	switch {
	case f.Chart.Address == "":
		return Step{false, "no chart is published"}
	case f.Chart.Digest == "":
		return Step{true, f.Chart.Address + " is not in the registry"}
	}
	return Step{false, f.Chart.Address + " is " + f.Chart.Digest}
}

// Anything tells whether anything is missing. Why names all of it.
func (p *Plan) Anything() Step {
	var missing []string
	all := []Step{p.Tag}
	for _, image := range p.Images {
		all = append(all, image.Build, image.Latest)
	}
	for _, step := range slices.Concat(all, []Step{p.Chart, p.Notes}, p.Deploy, p.Tell) {
		if step.Needed {
			missing = append(missing, step.Why)
		}
	}
	if len(missing) == 0 {
		return Step{false, cmp.Or(p.Withheld, "nothing is missing")}
	}
	return Step{true, strings.Join(missing, "; ")}
}

func guard(f Facts, commit string, options Options) error {
	for _, image := range append(slices.Clone(f.Images), f.Chart) {
		if err := f.guardImage(image, commit); err != nil {
			return err
		}
	}
	if f.Snapshot {
		return nil
	}
	if f.Pushed && f.Tagged == "" {
		return fmt.Errorf(
			"%s is to be released by its tag, but the git remote has no tag %s: push it (again), or release "+
				"without --version",
			f.Name,
			f.Tag,
		)
	}
	higher, exists := f.higher(func(version.Version) bool { return true })
	if exists && f.Tagged == "" && !options.Maintenance {
		return fmt.Errorf("%s is lower than %s, which is tagged already; raise the version, or pass --maintenance "+
			"to release a fix for an older line", f.Name, higher.Text)
	}
	if same, exists := f.equal(); exists && f.Tagged == "" {
		return fmt.Errorf("%s ranks as high as %s, which is tagged already: nobody could tell which of them is "+
			"newer; raise the version", f.Name, same.Text)
	}
	return nil
}

// guardImage refuses an image of another commit.
func (f Facts) guardImage(image Image, commit string) error {
	if image.Digest == "" || image.Revision == commit {
		return nil
	}
	revision := "unlabelled: the label org.opencontainers.image.revision is missing"
	if image.Revision != "" {
		revision = "built from " + Short(image.Revision)
	}
	const advice = "release a higher version, or delete the image if it should never have been there"
	if f.Tagged != "" {
		return fmt.Errorf("the tag and the image disagree: %s is at %s, but %s is %s; %s", f.Tag, Short(commit),
			image.Address, revision, advice)
	}
	return fmt.Errorf("%s exists already and is %s, not from %s; %s", image.Address, revision, Short(commit), advice)
}

// equal returns a tagged version that is written otherwise than the facts' own, but ranks as high:
// 1.0 beside 1.0.0, 1.4.0+a beside 1.4.0+b.
func (f Facts) equal() (version.Version, bool) {
	for _, v := range f.Others {
		if v.Text != f.Name && f.Version.Compare(v) == 0 {
			return v, true
		}
	}
	return version.Version{}, false
}

// higher returns a tagged version that counts and is above the facts' own.
func (f Facts) higher(counts func(version.Version) bool) (version.Version, bool) {
	for _, v := range f.Others {
		if counts(v) && f.Version.Compare(v) < 0 {
			return v, true
		}
	}
	return version.Version{}, false
}

// Newer are the final versions that are tagged above the facts' own, the highest first.
func (f Facts) Newer() []version.Version {
	newer := slices.DeleteFunc(slices.Clone(f.Others), func(v version.Version) bool {
		return v.Prerelease() || f.Version.Compare(v) >= 0
	})
	slices.SortFunc(newer, func(a, b version.Version) int { return b.Compare(a) })
	return newer
}

// Latest decides on the tag latest of an image: it follows the highest final version, forwards only.
func Latest(f Facts, image Image) Step {
	if f.Snapshot {
		return Step{false, "it stays with the versions"}
	}
	higher, exists := f.higher(func(v version.Version) bool { return !v.Prerelease() })
	same, isEqual := f.equal()
	switch {
	case f.Version.Prerelease():
		return Step{false, f.Name + " is a pre-release"}
	case exists:
		return Step{false, higher.Text + " is higher"}
	case image.Latest != "" && isEqual:
		return Step{false, same.Text + " ranks as high"}
	case image.Digest != "" && image.Latest == image.Digest:
		return Step{false, "latest is " + f.Name}
	}
	return Step{true, "latest is not " + f.Name}
}

// Deploy decides on one environment: it goes forwards only. If the last rollout did not succeed, it
// is deployed to again. If somebody rolled it back on purpose, it waits for something newer than
// what was rolled back.
func Deploy(f Facts, e Environment) Step {
	switch {
	case e.Manual:
		return Step{false, e.Name + " is left to deploy --environment=" + e.Name}
	case f.Snapshot && !e.Snapshots:
		return Step{false, e.Name + " takes versions only"}
	case !f.Snapshot && f.Version.Prerelease() && !e.Prereleases && !e.Snapshots:
		return Step{false, e.Name + " takes no pre-releases"}
	case e.Status == Unknown:
		return Step{true, e.Name + " was not looked at, for want of a kubeconfig"}
	case e.Version == "":
		return Step{true, e.Name + " runs nothing"}
	}
	running := e.Name + " runs " + naming.Short(e.Version)
	if newer := f.newer(e.Version, e.Order); newer != "" {
		return Step{false, running + ", which " + newer}
	}
	switch {
	case e.Version != f.Name && f.withdrawn(e):
		return Step{
			false,
			running + ", rolled back from " + naming.Short(e.RolledBack) +
				": release a higher version, or deploy to it by name",
		}
	case e.Version != f.Name:
		return Step{true, running}
	case f.Digest() != "" && e.Digest == "":
		return Step{true, running + ", but not by its digest"}
	case f.Digest() == "" || e.Digest != f.Digest():
		return Step{true, running + " from another image"}
	case e.Status != "deployed":
		return Step{true, running + ", but its release is " + e.Status}
	case len(e.Differs) > 0 && e.ValuesOrder == Earlier:
		return Step{false, running + ", with values or a chart of a later commit than " + Short(f.Commit)}
	case len(e.Differs) > 0 && e.RolledBack == f.Name:
		return Step{false, running + ", taken back to other values by hand: deploy to it by name to bring those out"}
	case len(e.Differs) > 0:
		return Step{true, running + ", but not as wanted: " + strings.Join(e.Differs, ", ")}
	}
	if len(e.Changed) > 0 {
		running += fmt.Sprintf(
			" (%s changed since: raise the version to bring that out)",
			strings.Join(e.Changed, ", "),
		)
	}
	return Step{false, running}
}

// newer says why what runs counts for newer than the facts' own, and is left alone; empty if it does
// not. Versions compare with versions. A snapshot compares by its commit, with whatever it is: at one
// commit, a version counts for more.
func (f Facts) newer(running string, order Order) string {
	_, isSnapshot := naming.SnapshotOf(running)
	if f.Snapshot || isSnapshot {
		switch {
		case order == Earlier:
			return "is of a later commit than " + Short(f.Source())
		case order == Same && f.Snapshot && !isSnapshot:
			return "is of the same commit"
		}
		return ""
	}
	if v, err := version.Parse(f.Version.Scheme, running); err == nil {
		switch c := f.Version.Compare(v); {
		case c < 0:
			return "is newer"
		case c == 0 && running != f.Name: // of another commit: it may be the newer one
			return "ranks as high"
		}
	}
	return ""
}

// overtaken tells whether a snapshot has nowhere to run, since all that takes it runs something newer.
func (f Facts) overtaken() bool {
	takes := 0
	for _, e := range f.Environments {
		switch {
		case !e.Snapshots:
		case e.Manual || f.newer(e.Version, e.Order) == "":
			return false
		default:
			takes++
		}
	}
	return f.Snapshot && takes > 0
}

// Source is the commit that is built and is to run: the tagged one, or the source's.
func (f Facts) Source() string { return cmp.Or(f.Tagged, f.Commit) }

// Below tells whether an environment runs less than what was to be deployed: a release that set out to
// do so has not done it.
func Below(f Facts, e Environment) bool {
	if _, isSnapshot := naming.SnapshotOf(e.Version); f.Snapshot || isSnapshot {
		return e.Version == "" || e.Order == Later
	}
	v, err := version.Parse(f.Version.Scheme, e.Version)
	return e.Version == "" || err == nil && f.Version.Compare(v) > 0
}

// withdrawn tells whether an environment was rolled back from the facts' own, or from a newer one.
func (f Facts) withdrawn(e Environment) bool {
	if e.RolledBack == "" {
		return false
	}
	return e.RolledBack == f.Name || f.newer(e.RolledBack, e.Back) != ""
}

// Hold is the decision on an environment that takes only what runs well in another one: that one as it
// is now, and what was decided about it.
func Hold(f Facts, e Environment, decided Step, before Environment, its Step) Step {
	switch {
	case e.After == "" || !decided.Needed || RunsWell(f, before):
		return decided
	case its.Needed:
		return Step{true, decided.Why + ", after " + before.Name}
	}
	return Step{false, fmt.Sprintf("%s takes only what runs well in %s, which runs %s", e.Name, before.Name,
		cmp.Or(naming.Short(before.Version), "nothing"))}
}

// RunsWell tells whether an environment runs the facts' own, and its rollout succeeded.
func RunsWell(f Facts, e Environment) bool {
	return e.Version == f.Name && f.Digest() != "" && e.Digest == f.Digest() && e.Status == "deployed"
}

// Short is how people write a commit: its first seven digits.
func Short(commit string) string {
	return commit[:min(7, len(commit))]
}
