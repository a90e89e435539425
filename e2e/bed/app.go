package bed

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// App is a checkout of the example project, with a repository of its own on the git server.
type App struct {
	*Bed
	Name string
	Dir  string
	Repo string // group/name on the git server
	// Settings are the arguments of every call of ship, by name.
	Settings map[string]string
	// Secrets are the environment variables that the settings name.
	Secrets map[string]string
	// Env are further ones.
	Env map[string]string

	example Example
	tls     bool
}

// NewApp makes a checkout in dir of the poetry example under the project's name, and pushes it. It is without the files
// that hold Ship's settings, since they are given as arguments.
func (b *Bed) NewApp(name, dir string) (*App, error) {
	return b.newApp(Poetry, name, dir, ".env", ".gitlab-ci.yml", "dagger.json")
}

// NewLight is NewApp with an image that is built and rolled out fast: a web server of busybox's, which answers with the
// manifest.
func (b *Bed) NewLight(name, dir string) (*App, error) {
	light := Poetry
	light.files = map[string]string{"Dockerfile": LightDockerfile}
	return b.newApp(light, name, dir, ".env", ".gitlab-ci.yml", "dagger.json")
}

// LightDockerfile is that of a light app.
const LightDockerfile = `FROM busybox:1.35
USER 10001:10001
COPY pyproject.toml /www/index.html
COPY pyproject.toml /www/healthz
CMD ["sh", "-c", "trap 'exit 0' TERM; httpd -p 8080 -h /www; while :; do sleep 1 & wait; done"]
`

// NewExample makes a checkout in dir of a whole example under the project's name, and pushes it.
func (b *Bed) NewExample(example Example, name, dir string) (*App, error) {
	return b.newApp(example, name, dir)
}

func (b *Bed) newApp(example Example, name, dir string, without ...string) (*App, error) {
	a := &App{Bed: b, Name: name, Dir: dir, Repo: "acme/" + name, example: example}
	a.Settings = map[string]string{
		"source": dir, "token": "env://SHOP_GIT_TOKEN", "image": a.Image(),
		"login": b.Registry.User, "password": "env://SHOP_REGISTRY_PASSWORD",
		"kubeconfig":   "file://" + b.Cluster.Kubeconfig,
		"environments": "test=" + name + "-test:reinstall,production=" + name + "-production",
		"timeout":      "2m", "insecure": "true",
	}
	a.Secrets = map[string]string{"SHOP_GIT_TOKEN": b.Git.Token, "SHOP_REGISTRY_PASSWORD": b.Registry.Password}
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(b.root, "examples", example.Folder))); err != nil {
		return nil, err
	}
	for _, file := range without {
		if err := os.Remove(filepath.Join(dir, file)); err != nil {
			return nil, err
		}
	}
	for file, text := range example.files {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o644); err != nil {
			return nil, err
		}
	}
	if _, err := output(os.Getenv("TESTBED_PROGRAM"), "repo", a.Repo, "--state", b.state); err != nil {
		return nil, err
	}
	if err := a.rewrite(example.name, name); err != nil {
		return nil, err
	}
	for _, args := range [][]string{
		{"init", "--quiet", "--initial-branch=main"},
		{"remote", "add", "origin", b.Git.URL + "/" + a.Repo + ".git"},
	} {
		if _, err := a.RunGit(args...); err != nil {
			return nil, err
		}
	}
	_, err := a.Commit("first")
	return a, err
}

// OverTLS makes the app use the git server and the registry over TLS, which Ship is told to trust.
func (a *App) OverTLS() error {
	a.tls = true
	a.Settings["image"] = a.Image()
	delete(a.Settings, "insecure")
	a.Settings["ca"] = "file://" + a.CA
	_, err := a.RunGit("remote", "set-url", "origin", a.Bed.Git.TLS+"/"+a.Repo+".git")
	return err
}

// Image is where the app's image goes.
func (a *App) Image() string {
	if a.tls {
		return a.Registry.TLS + "/" + a.Repo
	}
	return a.Registry.Address + "/" + a.Repo
}

// Args are the arguments of a call of ship.
func (a *App) Args(function ...string) (args []string) {
	for name, value := range a.Settings {
		args = append(args, "--"+name+"="+value)
	}
	return append(args, function...)
}

// Call runs a function of ship in the checkout. What it printed is returned even beside an error.
func (a *App) Call(ctx context.Context, function ...string) (stdout, stderr string, err error) {
	cmd := a.Command(ctx, function...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}

// Command is a call of a function of ship in the checkout.
func (a *App) Command(ctx context.Context, function ...string) *exec.Cmd {
	cmd := a.Ship(ctx, a.Args(function...))
	cmd.Dir = a.Dir
	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	for _, of := range []map[string]string{a.Env, a.Secrets} {
		for name, value := range of {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	return cmd
}

// RunGit runs git in the checkout, with the git server's credentials.
func (a *App) RunGit(args ...string) (string, error) {
	command := []string{"-C", a.Dir, "-c", "user.name=a", "-c", "user.email=a@localhost"}
	for _, server := range []string{a.Git.URL, a.Git.TLS} {
		command = append(command, "-c", "http."+server+"/.extraHeader=Authorization: Basic "+
			base64.StdEncoding.EncodeToString([]byte(a.Git.User+":"+a.Git.Token)))
	}
	return output("git", append(command, args...)...)
}

// Edit replaces what matches the pattern in one file of the checkout.
func (a *App) Edit(file, pattern, with string) error {
	path := filepath.Join(a.Dir, file)
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	edited := regexp.MustCompile(pattern).ReplaceAll(data, []byte(with))
	if bytes.Equal(edited, data) {
		return fmt.Errorf("%s: nothing matches %s, or it is so already", file, pattern)
	}
	return os.WriteFile(path, edited, 0o644)
}

// Commit commits all there is, pushes it, and returns the commit.
func (a *App) Commit(message string) (string, error) {
	for _, args := range [][]string{{"add", "--all"}, {"commit", "--quiet", "--message=" + message},
		{"push", "--quiet", "origin", "main"}} {
		if _, err := a.RunGit(args...); err != nil {
			return "", err
		}
	}
	return a.RunGit("rev-parse", "HEAD")
}

// Write writes a version into the manifest.
func (a *App) Write(version string) error { return a.rewrite(a.example.version, version) }

// Bump writes a version into the manifest, commits and pushes it.
func (a *App) Bump(version string) (commit string, err error) {
	if err := a.Write(version); err != nil {
		return "", err
	}
	return a.Commit("release " + version)
}

// Tags are the annotated tags on the remote, as git tells them, and the commits that they peel to.
func (a *App) Tags() (map[string]string, error) {
	lines, err := a.RunGit("ls-remote", "--tags", "origin")
	tags := map[string]string{}
	for line := range strings.Lines(lines) {
		commit, ref, _ := strings.Cut(strings.TrimSpace(line), "\t")
		if tag, peeled := strings.CutSuffix(strings.TrimPrefix(ref, "refs/tags/"), "^{}"); peeled {
			tags[tag] = commit
		}
	}
	return tags, err
}

// Answer asks the service for its front page, through the API server, at a pod that runs.
func (a *App) Answer(namespace string) (string, error) {
	pods, err := a.Kubectl("get", "pods", "--namespace="+namespace, "--field-selector=status.phase=Running",
		"--sort-by=.metadata.creationTimestamp", "--output=jsonpath={.items[*].metadata.name}")
	if err != nil {
		return "", err
	}
	names := strings.Fields(pods)
	if len(names) == 0 {
		return "", fmt.Errorf("no pod runs in %s", namespace)
	}
	return a.Kubectl("get", "--raw", "/api/v1/namespaces/"+namespace+"/pods/"+names[len(names)-1]+":8080/proxy/")
}
