// Ship releases applications: tag, image and environments follow the version in the manifest.
//
// It reads name and version from the manifest at the root of the source. Where that version is not
// out yet, it builds the image, tags the commit on the git remote, publishes the image, and deploys
// it with Helm to each environment. What is there already is left alone, so that a release that
// failed half-way is finished by calling it again.
package main

import (
	"context"

	"dagger/ship/internal/dagger"
	"dagger/ship/internal/release"
	"dagger/ship/internal/repo"
	"dagger/ship/internal/report"
	"dagger/ship/internal/settings"
)

// Ship releases one project, or those that a repo's ship.toml lists.
type Ship struct {
	// +private
	Source *dagger.Directory
	// +private
	Project string
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
	Image string
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
	Latest string
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
	Context string
	// +private
	Chart string
	// +private
	Keys []string
	// +private
	Timeout string
	// +private
	Tools string
	// +private
	VersionText string
	// +private
	Secrets []*dagger.Secret
}

// New takes the settings of a release.
//
// Each can stand in the app repo's .env as SHIP_ and its name in upper case (SHIP_IMAGE,
// SHIP_TOKEN=env://CI_JOB_TOKEN); an empty one counts as not given. It fails on a setting that
// cannot be right, before anything is touched.
func New(
	ws *dagger.Workspace,
	// The app's repo, with its .git folder (or see commit). Default: the repo that dagger is called
	// in. The manifest is read from here; what is built and deployed is the version's commit as the
	// git remote has it
	// +optional
	source *dagger.Directory,
	// Project to act on, of those that the source's ship.toml lists.
	// Default: all of them, for release, plan, reports, status and deployments
	// +optional
	project string,
	// Version to release, instead of the manifest's: of an earlier job, or the tag that started this
	// pipeline. In a GitLab project's .env, ${CI_COMMIT_TAG:-}. Named as the template names tags, it is
	// such a tag: it must be on the remote already, and none is pushed
	// +optional
	version string,
	// Manifest to read name and version from, as services/api/Cargo.toml. Default: the one at the
	// root of the source. It may be one for Python, JavaScript, Rust, Java, .NET, PHP, Dart, Elixir
	// or Helm, or a VERSION file; docs/manifests.md lists them
	// +optional
	manifest string,
	// Commit that the source was checked out at, 40 hexadecimal digits. Default: HEAD of the
	// source's .git folder
	// +optional
	commit string,
	// URL of the git remote to tag, over HTTP(S). Default: the remote called origin in the source's
	// .git/config
	// +optional
	remote string,
	// User name that goes with the token. The default is what GitLab asks for beside a job token;
	// access tokens take any
	// +optional
	// +default="gitlab-ci-token"
	user string,
	// Token that may push tags to the git remote, as env://CI_JOB_TOKEN or file://PATH. On GitLab,
	// a project access token with the scope write_repository, or the job token if its project
	// allows pushes
	// +optional
	token *dagger.Secret,
	// How tags are named, as v{version}; {name} is the project's name
	// +optional
	// +default="{name}-{version}"
	template string,
	// Release a version lower than one that is tagged already: a fix for an older line. The image's
	// tag latest stays
	// +optional
	maintenance bool,
	// Let the tag's push start a pipeline of its own (GitLab).
	// By default it says ci.skip, since the pipeline that calls Ship deploys the version itself
	// +optional
	pipeline bool,
	// URL of GitLab's API, as https://gitlab.example.com/api/v4; in a GitLab project's .env,
	// ${CI_API_V4_URL:-}. The version's tag then gets a release there, with what changed and the
	// image's digest. The token is the job's, or an access token with the scope api too. Default:
	// no release is made
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
	// Speak plain HTTP to the registry, as local ones do, and let the token go to a git remote or
	// GitLab that speaks only that. The push is the engine's own: its configuration must name the
	// registry as one of plain HTTP too
	// +optional
	insecure bool,
	// The registry, if it is one that this machine or a Dagger module runs, as
	// tcp://localhost:5000. It is reached there, in the name of image's host. Called
	// localhost:5000, one of plain HTTP needs no engine configuration
	// +optional
	service *dagger.Service,
	// Whether the image's tag latest follows the highest version: true, or false for a registry whose
	// tags never move, and for those who do without
	// +optional
	// +default="true"
	latest string,
	// Dockerfile, relative to the source
	// +optional
	// +default="Dockerfile"
	dockerfile string,
	// Stage of the Dockerfile to build. Default: the last one
	// +optional
	target string,
	// Build arguments for the Dockerfile, each KEY=VALUE, as --args=PYTHON=3.13,EXTRAS=db. In a
	// value, {version} is the version and {commit} its commit, as --args=VERSION={version}. No
	// secrets: they show in the image
	// +optional
	args []string,
	// Environments to deploy to, in this order, as --environments=test,production. Those with +
	// between them at the same time, as --environments=test,eu+us; one's failure does not stop the
	// others there. Each is NAME[=NAMESPACE][:STRATEGY], as live=shop:upgrade; the namespace is
	// NAME by default. The strategy is upgrade (the default: rolls pods, rolls back on failure) or
	// reinstall (uninstalls first). The chart's values-NAME.yaml is used if there is one
	// +optional
	environments []string,
	// Names of the environments that take pre-releases (1.4.0-rc.1, 1.4.0rc1) too, as
	// --prereleases=test
	// +optional
	prereleases []string,
	// Kubeconfig of the cluster, as file://PATH or env://NAME
	// +optional
	kubeconfig *dagger.Secret,
	// Context of the kubeconfig, for one that has several or none that is current, as that of GitLab's
	// agent: acme/agents:production. Default: the current one
	// +optional
	context string,
	// Helm chart: its folder in the source, or oci://HOST/PATH:VERSION, or in a chart repository
	// https://HOST/PATH/NAME:VERSION
	// +optional
	// +default="chart"
	chart string,
	// Keys of the chart's values that get the image's repository, tag and digest, as
	// --keys=app.image,app.tag,app.digest. For a chart that knows no digest, name two: the tag is
	// then given as TAG@DIGEST. One key gets REPOSITORY:TAG@DIGEST. A key may lead into a list, as
	// containers[0].image. Default: image.repository,image.tag,image.digest
	// +optional
	// +default=["image.repository","image.tag","image.digest"]
	keys []string,
	// How long each of these may take, as 90s or 10m: fetching the source, pushing the image, a
	// Helm operation with its rollout. A build may take twelve times as long
	// +optional
	// +default="5m"
	timeout string,
	// How long the git remote, the registry or the cluster may take to answer one request, as 30s.
	// What fails because of the network, or with a status of 429 or from 500 on, is tried three
	// times
	// +optional
	// +default="30s"
	deadline string,
	// Certificates (PEM) of the authority that signed those of the git remote and of the registry,
	// as file://PATH. In a GitLab project's .env, file://${CI_SERVER_TLS_CA_FILE:-}. The system's
	// count too. What the engine itself fetches and pushes trusts what the engine's machine does
	// +optional
	ca *dagger.Secret,
	// Secrets that ship.toml refers to by their names, as --secrets=env://DB_PASSWORD,file://PATH/CERT:
	// a variable's name, or a file's without its folders. Each is read only if an environment needs it.
	// env://DOCKER_AUTH_CONFIG has logins for registries, for base images, too: docs/registries.md
	// +optional
	secrets []*dagger.Secret,
	// Image that Helm (4, or 3 from 3.13 on) and kubectl run in. It has a shell, too, with timeout,
	// find, realpath and tar
	// +optional
	// +default="docker.io/alpine/k8s:1.37.1"
	tools string,
) (*Ship, error) {
	if source == nil {
		// of .git, a release reads only what says where HEAD and origin are
		source = ws.Directory("/", dagger.WorkspaceDirectoryOpts{Exclude: []string{".git/objects", ".git/lfs"}})
	}
	s := &Ship{
		Source:       source,
		Project:      project,
		Manifest:     manifest,
		Commit:       commit,
		Remote:       remote,
		User:         user,
		Token:        token,
		Template:     template,
		Maintenance:  maintenance,
		Pipeline:     pipeline,
		GitLab:       gitlab,
		Image:        image,
		Registry:     registry,
		Login:        login,
		Password:     password,
		Insecure:     insecure,
		Service:      service,
		Latest:       latest,
		Dockerfile:   dockerfile,
		Target:       target,
		Args:         args,
		Environments: environments,
		Prereleases:  prereleases,
		Kubeconfig:   kubeconfig,
		Context:      context,
		Chart:        chart,
		Keys:         keys,
		Timeout:      timeout,
		Deadline:     deadline,
		CA:           ca,
		Tools:        tools,
		VersionText:  version,
		Secrets:      secrets,
	}
	_, err := settings.Parse(s.given())
	return s, err
}

// given are the settings as they were given.
func (s *Ship) given() settings.Given {
	return settings.Given{
		Project:      s.Project,
		Manifest:     s.Manifest,
		Commit:       s.Commit,
		Remote:       s.Remote,
		User:         s.User,
		Template:     s.Template,
		Version:      s.VersionText,
		Maintenance:  s.Maintenance,
		Pipeline:     s.Pipeline,
		GitLab:       s.GitLab,
		Image:        s.Image,
		Registry:     s.Registry,
		Login:        s.Login,
		Insecure:     s.Insecure,
		Latest:       s.Latest,
		Dockerfile:   s.Dockerfile,
		Target:       s.Target,
		Args:         s.Args,
		Environments: s.Environments,
		Prereleases:  s.Prereleases,
		Context:      s.Context,
		Chart:        s.Chart,
		Keys:         s.Keys,
		Timeout:      s.Timeout,
		Deadline:     s.Deadline,
		Tools:        s.Tools,
	}
}

// open finds the projects of the source. A plan does nothing.
func (s *Ship) open(ctx context.Context, plan bool) (*repo.Repo, error) {
	engine := release.Engine{
		Client:     dag,
		Source:     s.Source,
		Container:  s.Container,
		Service:    s.Service,
		Token:      s.Token,
		Password:   s.Password,
		Kubeconfig: s.Kubeconfig,
		CA:         s.CA,
		Secrets:    s.Secrets,
	}
	return repo.Open(ctx, engine, s.given(), plan, style)
}

// one is the release of a function that is about one project.
func (s *Ship) one(ctx context.Context) (*release.Release, error) {
	all, err := s.open(ctx, false)
	if err != nil {
		return nil, err
	}
	return all.One()
}

// style is what reports are drawn with: what a function returns may end anywhere.
var style = report.ASCII
