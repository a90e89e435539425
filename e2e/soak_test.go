package e2e

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"dagger/ship/internal/registry"
	"dagger/ship/testbed/control"
)

// How TestFaults runs; make soak sets them.
var (
	runs    = flag.Int("runs", 9, "disturbed releases")
	seed    = flag.Int64("seed", 1, "seed of the first disturbed release; each further one has the next")
	workers = flag.Int("workers", 4, "projects that are released at the same time")
	only    = flag.String("only", "", "only faults whose names match this regular expression")
)

// soak is how many runs a soak has at least.
const soak = 30

// TestFaults disturbs releases, each in a way that its seed decides, and releases again until one is through. Whatever
// happened, the world then looks as after a release that nothing disturbed: one tag, one digest, nothing overwritten.
func TestFaults(t *testing.T) {
	if world.OnEngine() {
		t.Skip("faults are set on loopback, where a Dagger engine is not")
	}
	if *runs < soak { // the first faults disturb nobody else
		t.Parallel()
	}
	matching := regexp.MustCompile(*only)
	faults := slices.DeleteFunc(slices.Clone(faults), func(f fault) bool { return !matching.MatchString(f.name) })
	seeds := make(chan int64)
	go func() {
		defer close(seeds)
		for i := range int64(*runs) {
			seeds <- *seed + i
		}
	}()
	var group sync.WaitGroup
	for i := range min(*workers, *runs) {
		group.Go(func() {
			t.Run(fmt.Sprintf("project %d", i), func(t *testing.T) {
				p := newPatient(t, []string{"upgrade", "reinstall", "shaped", "several"}[i%4])
				for seed := range seeds {
					if t.Failed() {
						continue // the others' runs go on without this project
					}
					p.disturb(seed, faults[int(seed)%len(faults)])
				}
				p.neverForced()
			})
		})
	}
	group.Wait()
}

// patient is a project whose releases are disturbed, one version after the other.
type patient struct {
	*app
	gitlab    *gitlab.Client
	version   int
	secret    int
	shaped    bool
	several   bool
	endFaults []func() error
}

// newPatient is one that is deployed by a strategy, or if it is shaped, by a table of ship.toml: then commits without a
// version run too, a value is secret, and rollouts are verified. One of several images has a chart of the registry's.
func newPatient(t *testing.T, strategy string) *patient {
	p := &patient{app: newLight(t), shaped: strategy == "shaped", several: strategy == "several"}
	p.gitlab = p.onGitLab()
	switch {
	case p.shaped:
		p.shape()
	case p.several:
		p.divide()
	default:
		p.Settings["environments"] = "production=" + p.Name + ":" + strategy
	}
	p.Settings["kubeconfig"] = "file://" + p.Cluster.Disturbed
	p.write("chart/values-production.yaml", "terminationGracePeriodSeconds: 3\n")
	calm(func() {
		p.nextVersion()
		p.release("released")
	})
	p.pace()
	return p
}

// divide makes it one of two images, whose chart comes from the registry.
func (p *patient) divide() {
	p.app.several()
	packed := p.t.TempDir()
	out, err := p.Helm("package", filepath.Join(p.Dir, "c"), "--destination="+packed)
	must(p.t, out, err)
	out, err = p.Helm("push", filepath.Join(packed, "c-0.0.1.tgz"), "oci://"+p.Image()+"/charts", "--plain-http",
		"--username="+p.Registry.User, "--password="+p.Registry.Password)
	must(p.t, out, err)
	p.edit("ship.toml", `chart = "c"`, `chart = "oci://`+p.Image()+`/charts/c:0.0.1"`)
	p.edit("ship.toml", `"test=`, `"production=`)
	p.commit("a chart of the registry's")
}

// published are the version's images.
func (p *patient) published(version string) (all []registry.Image) {
	p.t.Helper()
	for _, name := range p.parts() {
		image, err := p.images(name...).Look(p.t.Context(), version)
		all = append(all, must(p.t, image, err))
	}
	return all
}

// parts are the names of its images, of which the only one has none.
func (p *patient) parts() [][]string {
	if p.several {
		return [][]string{{"web"}, {"worker"}}
	}
	return [][]string{nil}
}

// runsAll is what its deployments run if they run a version.
func (p *patient) runsAll(version string) string {
	p.t.Helper()
	var all []string
	for i, image := range p.published(version) {
		all = append(all, strings.Join(append([]string{p.Image()}, p.parts()[i]...), "/")+":"+version+"@"+image.Digest)
	}
	return strings.Join(all, " ")
}

func (p *patient) shape() {
	delete(p.Settings, "environments")
	table := "[environments.production]\nnamespace = \"" + p.Name + "\"\nsnapshots = true\n" +
		"secrets = {\"soak.secret\" = \"SOAK_SECRET\"}\n"
	if p.Cluster.Node == "real" {
		p.verify("", "true")
		table += "test = true\n"
	}
	p.write("ship.toml", table)
	p.Settings["secrets"] = "env://SOAK_SECRET"
	p.changeSecret()
}

func (p *patient) changeSecret() {
	p.secret++
	p.Secrets["SOAK_SECRET"] = fmt.Sprintf("soak-secret-%d-of-many", p.secret)
}

// next is what the next release brings: a version; of a shaped one also a commit without, a secret that changed, or
// what somebody's helm did.
func (p *patient) next(random *rand.Rand) (what string) {
	p.t.Helper()
	kind := 0
	if p.shaped {
		kind = random.IntN(4)
	}
	switch kind {
	case 1:
		p.write("src/soak.txt", time.Now().String())
		p.commit("no new version")
		return "a snapshot"
	case 2:
		p.changeSecret()
		return "a secret"
	case 3: // whose revision has no word of Ship's, and is taken over
		out, err := p.Helm("upgrade", p.Name, filepath.Join(p.Dir, "chart"), "--namespace="+p.Name, "--reuse-values",
			"--set=soak.byhand="+time.Now().Format("150405"))
		must(p.t, out, err)
		return "somebody's helm"
	}
	p.nextVersion()
	return p.versionText()
}

// pace gives a release as much time as it needs on this machine, which may be a slow one, and little more.
func (p *patient) pace() {
	p.Settings["timeout"] = p.brief()
	p.Settings["deadline"] = p.slowly(3 * time.Second).Round(time.Second).String()
}

// disturb releases a new version under a fault, and then until it is through.
func (p *patient) disturb(seed int64, fault fault) {
	p.t.Helper()
	var what string
	random := rand.New(rand.NewPCG(uint64(seed), 0))
	calm(func() { what = p.next(rand.New(rand.NewPCG(uint64(seed), 1))) })
	start := time.Now()
	said := fault.run(p, random)
	for _, end := range p.endFaults {
		must(p.t, 0, end())
	}
	p.endFaults = nil
	version := p.versionText()
	calm(func() {
		attempts := 1
		for more := true; more && attempts <= 6; attempts++ {
			more = !p.finish(&said)
		}
		p.isThrough(version)
		p.t.Logf("seed %d: %s %s, through after %d more, %.0f s", seed, what, fault.name, attempts-1,
			time.Since(start).Seconds())
	})
	p.checkSecrets(said)
	if p.t.Failed() {
		p.t.Errorf("seed %d, %s, said\n%s", seed, fault.name, said)
	}
}

func (p *patient) versionText() string { return fmt.Sprintf("1.%d.0", p.version) }

// nextVersion commits the next version.
func (p *patient) nextVersion() {
	p.t.Helper()
	p.version++
	p.bump(p.versionText())
}

// finish releases once more, as the plan says, and tells whether that went through.
func (p *patient) finish(said *string) bool {
	p.t.Helper()
	plan, _, planErr := p.Call(p.t.Context(), "plan")
	start := time.Now()
	stdout, stderr, err := p.Call(p.t.Context(), "release")
	if err == nil && strings.Contains(stdout, ": released") {
		p.took = time.Since(start)
		p.pace()
	}
	*said += fmt.Sprintf("\n--- plan: %v\n%s\n--- release: %v\n%s%s", planErr, plan, err, stdout, stderr)
	if planned, done := steps(plan, ">"), steps(stdout, "+"); err == nil && (planErr != nil || planned != done) {
		p.t.Errorf("the plan was %q, %v; done was %q", planned, planErr, done)
	}
	return err == nil
}

// isThrough asks git, the registry and the cluster for the state that an undisturbed release ends in.
func (p *patient) isThrough(version string) {
	p.t.Helper()
	tags := p.tags()
	commit := tags[p.Name+"-"+version]
	if len(tags) != p.version || commit == "" {
		p.t.Errorf("the tags are %v, want one for each of %d versions", tags, p.version)
	}
	latest, notes := p.published("latest"), p.told(p.gitlab, p.Name+"-"+version).Description
	for i, image := range p.published(version) {
		if image.Revision != commit {
			p.t.Errorf("the image of %s is labelled with %q, its tag is at %s", version, image.Revision, commit)
		}
		if latest[i] != image {
			p.t.Errorf("latest is %+v, want %+v", latest[i], image)
		}
		if !strings.Contains(notes, image.Digest) {
			p.t.Errorf("GitLab's release of %s says\n%s", version, notes)
		}
	}
	if head := p.git("rev-parse", "HEAD"); p.shaped && head != commit { // it runs without a version
		version = "sha-" + head
		if image := p.look(version); image.Revision != head {
			p.t.Errorf("the image of %s is labelled with %q", version, image.Revision)
		}
	}
	if p.shaped {
		values, err := p.Helm("get", "values", p.Name, "--namespace="+p.Name, "--output=json")
		if !strings.Contains(must(p.t, values, err), `"soak":{"secret":"`+p.Secrets["SOAK_SECRET"]+`"}`) {
			p.t.Errorf("Helm has not the secret's last value")
		}
	}
	if want := p.runsAll(version); p.running(p.Name) != want {
		p.t.Errorf("production runs %s, want %s", p.running(p.Name), want)
	}
	if status := p.helm("status"); !strings.Contains(status, "STATUS: deployed") {
		p.t.Errorf("Helm says\n%s", status)
	}
	if out, errs, err := p.Call(p.t.Context(), "release"); err != nil || !strings.Contains(out, ": nothing to do") {
		p.t.Errorf("one more release: %v, want nothing to do\n%s%s", err, out, errs)
	}
}

// steps are a report's steps with a mark, without those that a plan performs, too.
func steps(report, mark string) string {
	var names []string
	for _, step := range regexp.MustCompile(`(?m)^\S- (\S) (\S+)`).FindAllStringSubmatch(report, -1) {
		if step[1] == mark && !slices.Contains([]string{"read", "look", "check"}, step[2]) {
			names = append(names, step[2])
		}
	}
	return strings.Join(names, " ")
}

// neverForced reads in the git server's log that every tag was pushed as a new one, and none was moved or deleted.
func (p *patient) neverForced() {
	p.t.Helper()
	requests, err := control.Client{URL: p.Bed.Git.Control}.Requests(p.t.Context())
	must(p.t, 0, err)
	const zero = "0000000000000000000000000000000000000000"
	for _, request := range requests {
		for _, ref := range request.Refs {
			if request.Repository == p.Repo && strings.HasPrefix(ref.Name, "refs/tags/") &&
				(ref.Old != zero || ref.New == zero) {
				p.t.Errorf("a push asked to move or delete %s from %s to %s", ref.Name, ref.Old, ref.New)
			}
		}
	}
}
