// Ship releases applications: tag, image and environments follow the version in the manifest.
//
// It reads name and version from the manifest at the root of the source. Where that version is not out yet, it builds
// the image, tags the commit on the git remote, publishes the image, and deploys it with Helm to each environment.
// What is there already is left alone, so that a release that failed half-way is finished by calling it again.
package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"dagger/ship/internal/converge"
	"dagger/ship/internal/dagger"
	"dagger/ship/internal/gitlab"
	"dagger/ship/internal/gitremote"
	"dagger/ship/internal/helm"
	"dagger/ship/internal/naming"
	"dagger/ship/internal/registry"
)

// Ship releases one project, or those that a repo's ship.toml lists.
type Ship struct {
	// +private
	Source *dagger.Directory
	// +private
	Project string
	// +private
	Key string
	// +private
	Path string
	// +private
	Container *dagger.Container
	// +private
	CA *dagger.Secret
	// +private
	Deadline string
	// +private
	Manifest string
	// +private
	Commit string
	// +private
	Remote string
	// +private
	User string
	// +private
	Token *dagger.Secret
	// +private
	Template string
	// +private
	Maintenance bool
	// +private
	Pipeline bool
	// +private
	GitLab string
	// +private
	Address string
	// +private
	Registry string
	// +private
	Login string
	// +private
	Password *dagger.Secret
	// +private
	Insecure bool
	// +private
	Service *dagger.Service
	// +private
	Dockerfile string
	// +private
	Target string
	// +private
	Args []string
	// +private
	Environments []string
	// +private
	Prereleases []string
	// +private
	Kubeconfig *dagger.Secret
	// +private
	Chart string
	// +private
	Keys []string
	// +private
	Timeout string
	// +private
	Tools string
}

// New takes the settings of a release.
//
// Each can stand in the app repo's .env as SHIP_ and its name in upper case (SHIP_IMAGE, SHIP_TOKEN=env://CI_JOB_TOKEN);
// an empty one counts as not given. It fails on a setting that cannot be right, before anything is touched.
func New(
	ws *dagger.Workspace,
	// The app's repo, with its .git folder (or see commit). Default: the repo that dagger is called in.
	// The manifest is read from here; what is built and deployed is the version's commit as the git remote has it
	// +optional
	source *dagger.Directory,
	// Project to act on, of those that the source's ship.toml lists.
	// Default: all of them, for release, plan, reports, status and deployments
	// +optional
	project string,
	// Manifest to read name and version from, as services/api/Cargo.toml. Default: the one at the root of the source.
	// It may be one for Python, JavaScript, Rust, Java, .NET, PHP, Dart, Elixir or Helm, or a VERSION file; the README lists them
	// +optional
	manifest string,
	// Commit that the source was checked out at, 40 hexadecimal digits. Default: HEAD of the source's .git folder
	// +optional
	commit string,
	// URL of the git remote to tag, over HTTP(S). Default: the remote called origin in the source's .git/config
	// +optional
	remote string,
	// User name that goes with the token. The default is what GitLab asks for beside a job token; access tokens take any
	// +optional
	// +default="gitlab-ci-token"
	user string,
	// Token that may push tags to the git remote, as env://CI_JOB_TOKEN or file://PATH.
	// On GitLab, a project access token with the scope write_repository, or the job token where its project allows pushes
	// +optional
	token *dagger.Secret,
	// How tags are named, as v{version}; {name} is the project's name
	// +optional
	// +default="{name}-{version}"
	template string,
	// Release a version lower than one that is tagged already: a fix for an older line. The image's tag latest stays
	// +optional
	maintenance bool,
	// Let the tag's push start a pipeline of its own (GitLab).
	// By default it says ci.skip, since the pipeline that calls Ship deploys the version itself
	// +optional
	pipeline bool,
	// URL of GitLab's API, as https://gitlab.example.com/api/v4; in a GitLab project's .env, ${CI_API_V4_URL:-}.
	// The version's tag then gets a release there, with what changed and the image's digest.
	// The token is the job's, or an access token with the scope api too. Default: no release is made
	// +optional
	gitlab string,
	// Image to publish, as HOST[:PORT]/PATH without a tag (docker.io/ACCOUNT/NAME on Docker Hub).
	// Default: the project's name below registry
	// +optional
	image string,
	// Registry, as HOST[:PORT][/PATH], for the default of image
	// +optional
	registry string,
	// User name for the registry
	// +optional
	login string,
	// Password or token for the registry, as env://CI_REGISTRY_PASSWORD or file://PATH
	// +optional
	password *dagger.Secret,
	// Speak plain HTTP to the registry, as local ones do, and let the token go to a git remote or GitLab that speaks only that.
	// The push is the engine's own: its configuration must name the registry as one of plain HTTP too
	// +optional
	insecure bool,
	// The registry, where it is one that this machine or a Dagger module runs, as tcp://localhost:5000.
	// It is reached there, in the name of image's host. Called localhost:5000, one of plain HTTP needs no engine configuration
	// +optional
	service *dagger.Service,
	// Dockerfile, relative to the source
	// +optional
	// +default="Dockerfile"
	dockerfile string,
	// Stage of the Dockerfile to build. Default: the last one
	// +optional
	target string,
	// Build arguments for the Dockerfile, each KEY=VALUE, as --args=PYTHON=3.13,EXTRAS=db. No secrets: they show in the image
	// +optional
	args []string,
	// Environments to deploy to, in this order, as --environments=test,production.
	// Those with + between them at the same time, as --environments=test,eu+us; one's failure does not stop the others there.
	// Each is NAME[=NAMESPACE][:STRATEGY], as live=shop:upgrade; the namespace is NAME by default.
	// The strategy is upgrade (the default: rolls pods, rolls back on failure) or reinstall (uninstalls first).
	// The chart's values-NAME.yaml is used where there is one
	// +optional
	environments []string,
	// Names of the environments that take pre-releases (1.4.0-rc.1, 1.4.0rc1) too, as --prereleases=test
	// +optional
	prereleases []string,
	// Kubeconfig of the cluster, as file://PATH or env://NAME
	// +optional
	kubeconfig *dagger.Secret,
	// Helm chart, relative to the source
	// +optional
	// +default="chart"
	chart string,
	// Keys of the chart's values that get the image's repository, tag and digest, as --keys=app.image,app.tag,app.digest.
	// For a chart that knows no digest, name two: the tag is then given as TAG@DIGEST.
	// Default: image.repository,image.tag,image.digest
	// +optional
	// +default=["image.repository","image.tag","image.digest"]
	keys []string,
	// How long each of these may take, as 90s or 10m: fetching the source, pushing the image, a Helm operation with its rollout.
	// A build may take twelve times as long
	// +optional
	// +default="5m"
	timeout string,
	// How long the git remote, the registry or the cluster may take to answer one request, as 30s.
	// What fails because of the network, or with a status of 429 or from 500 on, is tried three times
	// +optional
	// +default="30s"
	deadline string,
	// Certificates (PEM) of the authority that signed those of the git remote and of the registry, as file://PATH.
	// In a GitLab project's .env, file://${CI_SERVER_TLS_CA_FILE:-}. The system's count too.
	// What the engine itself fetches and pushes trusts what the engine's machine does
	// +optional
	ca *dagger.Secret,
	// Image that Helm (4, or 3 from 3.13 on) and kubectl run in. It has a shell, too, with timeout, find, realpath and tar
	// +optional
	// +default="docker.io/alpine/k8s:1.37.1"
	tools string,
) (*Ship, error) {
	if source == nil {
		// of .git, a release reads only what says where HEAD and origin are
		source = ws.Directory("/", dagger.WorkspaceDirectoryOpts{Exclude: []string{".git/objects", ".git/lfs"}})
	}
	s := &Ship{
		Source: source, Project: project, Path: ".", Manifest: manifest, Commit: commit,
		Remote: remote, User: cmp.Or(user, "gitlab-ci-token"), Token: token, Template: cmp.Or(template, string(naming.DefaultTemplate)), Maintenance: maintenance, Pipeline: pipeline, GitLab: strings.TrimSuffix(gitlab, "/"),
		Address: strings.TrimSuffix(image, "/"), Registry: strings.TrimSuffix(registry, "/"), Login: login, Password: password, Insecure: insecure, Service: service,
		Dockerfile: cmp.Or(dockerfile, "Dockerfile"), Target: target, Args: slices.DeleteFunc(args, empty),
		Environments: slices.DeleteFunc(environments, empty), Prereleases: slices.DeleteFunc(prereleases, empty), Kubeconfig: kubeconfig,
		CA: ca, Deadline: cmp.Or(deadline, "30s"),
		Chart: cmp.Or(chart, "chart"), Keys: slices.DeleteFunc(keys, empty), Timeout: cmp.Or(timeout, "5m"), Tools: cmp.Or(tools, defaultTools),
	}
	if len(s.Keys) == 0 {
		s.Keys = helm.DefaultKeys
	}
	return s, s.check()
}

// defaultTools is the default that New's argument repeats for the engine.
const defaultTools = "docker.io/alpine/k8s:1.37.1"

func empty(text string) bool { return strings.TrimSpace(text) == "" }

// badSetting is a setting that cannot be right.
type badSetting struct {
	name string
	err  error
}

func (b *badSetting) Error() string { return "--" + b.name + ": " + b.err.Error() }

// check refuses settings that are wrong whatever the project is. Its error is a *badSetting.
func (s *Ship) check() error {
	bad := func(name, format string, values ...any) error {
		return &badSetting{name, fmt.Errorf(format, values...)}
	}
	if s.Address != "" {
		if err := registry.Check(s.Address); err != nil {
			return &badSetting{"image", err}
		}
	}
	if s.GitLab != "" {
		if err := gitlab.Check(s.GitLab); err != nil {
			return &badSetting{"gitlab", err}
		}
	}
	targets, err := helm.ParseTargets(s.Environments)
	if err != nil {
		return &badSetting{"environments", err}
	}
	for _, name := range s.Prereleases {
		if !slices.ContainsFunc(targets, func(t helm.Target) bool { return t.Name == name }) {
			return bad("prereleases", "there is no environment %q", name)
		}
	}
	if s.Commit != "" && !gitremote.IsCommit(s.Commit) {
		return bad("commit", "%q is not a commit's 40 hexadecimal digits", s.Commit)
	}
	if err := helm.Keys(s.Keys).Check(); err != nil {
		return &badSetting{"keys", err}
	}
	if _, err := naming.Template(s.Template).Tag("name", "1.0.0"); err != nil {
		return &badSetting{"template", err}
	}
	for name, text := range map[string]string{"timeout": s.Timeout, "deadline": s.Deadline} {
		if d, err := time.ParseDuration(text); err != nil || d <= 0 {
			return bad(name, "%q is no duration: write it as 90s or 10m", text)
		}
	}
	for _, arg := range s.Args {
		if key, _, is := strings.Cut(arg, "="); !is || key == "" {
			return bad("args", "%q is not KEY=VALUE", arg)
		}
	}
	return nil
}

// Release the version that the manifest says: push tag and image and deploy it, whatever of that is missing.
//
// It returns the report as text: what was done, what was already there, and where it runs now. Called again after
// a failure, it does what is missing. An error says what failed, what was done before, and what to do next.
// Where ship.toml lists several projects, each is released, after those that it needs; one's failure does not stop the others.
// +cache="session"
func (s *Ship) Release(ctx context.Context) (string, error) {
	all, err := s.release(ctx)
	if err != nil {
		return "", err
	}
	return all.text(), nil
}

// Plan a release: say what it would do and why, and change nothing.
//
// It returns the steps as text. It needs no token where the remote and the registry can be read without.
// +cache="session"
func (s *Ship) Plan(ctx context.Context) (string, error) {
	all, err := s.open(ctx)
	if err != nil {
		return "", err
	}
	all.dry = true
	if err := all.run(ctx); err != nil {
		return "", err
	}
	return all.text(), nil
}

func (s *Ship) release(ctx context.Context) (*repo, error) {
	all, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	return all, all.run(ctx)
}

// steps is the story of a release, in order.
func (r *release) steps() []step {
	steps := []step{
		{name: "read", waits: "the source", do: r.read},
		{name: "look", waits: "git remote, registry and cluster to answer", do: r.look},
		{name: "check", waits: "git remote, registry and chart", part: r.plan.Anything, do: r.check, stops: true},
		{name: "build", waits: "the build of " + r.Dockerfile + ", for " + r.buildLimit().String() + " at most", part: func() converge.Step { return r.plan.Build }, do: r.build, beside: true},
		// nothing has been touched before these two have passed
		{name: "tag", waits: "the git remote to take the tag", part: func() converge.Step { return r.plan.Tag }, do: r.tag},
		{name: "publish", waits: "the push of " + r.facts.Image, part: func() converge.Step { return r.plan.Publish }, do: r.publish},
		{name: "latest", waits: "the registry to move latest", part: func() converge.Step { return r.plan.Latest }, do: r.latest},
	}
	if r.GitLab != "" { // before the deploys, which may fail or take long: it says what is being deployed, and they do without it
		steps = append(steps, step{name: "notes", waits: "GitLab to make the release", part: func() converge.Step { return r.plan.Notes }, do: r.notes})
	}
	for i, target := range r.targets {
		steps = append(steps, step{
			name: "deploy " + target.Name, waits: "the rollout in " + target.Namespace + ", for " + r.Timeout + " at most",
			part:   func() converge.Step { return r.plan.Deploy[i] },
			do:     func(ctx context.Context) (string, error) { return r.deploy(ctx, target) },
			beside: target.Beside && i > 0, // the one before it may not be wanted here
		})
	}
	return steps
}
