// Package tools runs Helm and kubectl in their image, and SOPS in its own, and says in their words what went
// wrong.
package tools

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"dagger/ship/internal/dagger"
	"dagger/ship/internal/foreign"
	"dagger/ship/internal/helm"
	"dagger/ship/internal/network"
	"dagger/ship/internal/once"
	"dagger/ship/internal/report"
)

// Tools is the image that has the programs, and what they may use.
type Tools struct {
	Client      *dagger.Client
	Image       string
	Kubeconfig  *dagger.Secret
	KubeContext string // empty: the kubeconfig's current one
	Credentials []Credential

	Timeout  time.Duration // of what the engine does besides: to fetch and to push, and of each operation of Helm's
	Deadline time.Duration // of each request
	Say      func(string)  // tells whoever waits what is tried again

	// Context is the call's: what several ask for must not end with whoever asked for it first.
	Context context.Context //nolint:containedctx // see above

	versions *once.Answers[string, helm.Version]
}

// New makes tools, of which nothing has been asked yet.
func New(t Tools) *Tools {
	t.versions = new(once.Answers[string, helm.Version])
	return &t
}

// Credential is a secret that the programs that reach the cluster, and SOPS, get in a variable of its name: as it
// is, or if it is a file, as the file's path.
type Credential struct {
	Name   string
	Secret *dagger.Secret
	File   bool
}

// Reaching is the same tools, with the kubeconfig, its context and the credentials of others.
func (t *Tools) Reaching(to Tools) *Tools {
	other := *t
	other.Kubeconfig, other.KubeContext, other.Credentials = to.Kubeconfig, to.KubeContext, to.Credentials
	return &other
}

// Saying is the same tools, that tell somebody else what is tried again.
func (t *Tools) Saying(say func(string)) *Tools {
	other := *t
	other.Say = say
	return &other
}

// Where things are in a container.
const (
	kubeconfigPath = "/ship/kubeconfig"
	contextPath    = "/ship/context"
	printedPath    = "/tmp/printed"
	encryptedPath  = "/ship/encrypted"

	credentialsPath = "/ship/credentials"
)

// Answer is what a program printed, and how it ended.
type Answer struct {
	Code           int
	Stdout, Stderr string
}

// Failure is what went wrong in the program's own words, empty if nothing did.
func (a Answer) Failure() string {
	if a.Code == 0 {
		return ""
	}
	return helm.Failure(a.Code, a.Stderr)
}

// Plain is a container without any secret.
func (t *Tools) Plain() *dagger.Container { return t.Client.Container().From(t.Image) }

// Cluster is a container that Helm and kubectl can reach the cluster from. Nothing that others
// wrote is to be put into it but plain files.
func (t *Tools) Cluster() *dagger.Container {
	container, paths := t.Plain(), kubeconfigPath
	if t.KubeContext != "" {
		container, paths = container.WithNewFile(contextPath, contextFile(t.KubeContext)), contextPath+":"+paths
	}
	container = t.credentialed(container)
	return container.WithEnvVariable("KUBECONFIG", paths).WithMountedSecret(kubeconfigPath, t.Kubeconfig)
}

// credentialed is a container with the credentials.
func (t *Tools) credentialed(container *dagger.Container) *dagger.Container {
	for _, c := range t.Credentials {
		if c.File {
			path := credentialsPath + "/" + c.Name
			container = container.WithMountedSecret(path, c.Secret).WithEnvVariable(c.Name, path)
		} else {
			container = container.WithSecretVariable(c.Name, c.Secret)
		}
	}
	return container
}

// Secret is a text that shows nowhere, under a name that no other one has.
func (t *Tools) Secret(name, text string) *dagger.Secret { return t.Client.SetSecret(name, text) }

// Helm is the version of the Helm in the image.
func (t *Tools) Helm() (helm.Version, error) {
	return t.versions.Get(t.Image, func() (helm.Version, error) {
		answer, err := t.Run(t.Context, t.Plain(), helm.VersionArgs())
		if err == nil && answer.Code != 0 {
			err = errors.New(answer.Failure())
		}
		if err != nil {
			return helm.Version{}, fmt.Errorf("ask %s for Helm's version: %w", t.Image, err)
		}
		version, err := helm.ParseVersion(answer.Stdout)
		if err != nil {
			return helm.Version{}, fmt.Errorf("%s: %w (see --tools)", t.Image, err)
		}
		return version, nil
	})
}

// Ask runs a program that looks at the cluster, and again if it met trouble that may pass.
func (t *Tools) Ask(ctx context.Context, container *dagger.Container, args []string) (answer Answer, err error) {
	_ = network.Retry(ctx, t.Say, func() network.Failure {
		start := time.Now()
		answer, err = t.Act(ctx, container, helm.Bounded(t.Deadline, args...))
		if answer.Code != 0 && time.Since(start) >= t.Deadline {
			answer.Stderr += fmt.Sprintf("\nError: %s from the cluster within %s", network.Silence, t.Deadline)
		}
		switch {
		case err != nil:
			return failure(Explain(err))
		case answer.Code != 0:
			return failure(helm.Cause(answer.Stderr))
		}
		return network.Failure{}
	})
	return answer, err
}

func failure(words string) network.Failure {
	return network.Failure{Err: errors.New(words), Temporary: network.Transient(helm.Own(words))}
}

// Act runs a program that looks at or changes the cluster: never from the cache, hence the changing
// variable.
func (t *Tools) Act(ctx context.Context, container *dagger.Container, args []string) (Answer, error) {
	return t.Run(ctx, container.WithEnvVariable("SHIP_AT", time.Now().Format(time.RFC3339Nano)), args)
}

// Repeat acts, and again if the cluster was in trouble that may pass. A program that failed is an
// error in its own words.
func (t *Tools) Repeat(ctx context.Context, container *dagger.Container, args []string) error {
	return network.Retry(ctx, t.Say, func() network.Failure {
		start := time.Now()
		switch answer, err := t.Act(ctx, container, args); {
		case err != nil:
			return failure(Explain(err))
		case answer.Code != 0:
			return failure(helm.Late(answer.Failure(), time.Since(start), t.Timeout))
		}
		return network.Failure{}
	})
}

// Run runs a program in a container, from the cache if it ran there before. What it printed or its
// exit code come from one call, since each further one could run it again. The programs are bounded
// by themselves; what can take long besides is the pull of their image.
func (t *Tools) Run(ctx context.Context, container *dagger.Container, args []string) (Answer, error) {
	limit := 2*(t.Timeout+t.Deadline) + time.Minute
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()

	stdout, err := Ran(container, args).File(printedPath).Contents(limited)
	failed := new(dagger.ExecError)
	switch {
	case errors.As(err, &failed):
		return Answer{Code: failed.ExitCode, Stderr: failed.Stderr}, nil
	case err != nil && limited.Err() != nil && ctx.Err() == nil:
		err = fmt.Errorf("pull %s and run %s in it: not done within %s (see --timeout)", t.Image, args[0], limit)
	}
	return Answer{Stdout: stdout}, err
}

// Ran is a container after a program ran in it. What that printed is in a file instead of the
// session's log: it is long, and in Helm's records and charts are all the values that a chart was
// given.
func Ran(container *dagger.Container, args []string) *dagger.Container {
	return container.WithExec(append([]string{"sh", "-c", `exec "$@" >` + printedPath, "sh"}, args...))
}

// Try has the engine do something that takes a server's answer, within the timeout, and again if it
// met trouble that may pass. Doing says what it is for.
func (t *Tools) Try(ctx context.Context, doing string, do func(context.Context) error) error {
	say := func(text string) { t.Say(doing + ": " + text) }
	err := network.Retry(ctx, say, func() network.Failure {
		limited, cancel := context.WithTimeout(ctx, t.Timeout)
		defer cancel()
		switch err := do(limited); {
		case err == nil:
			return network.Failure{}
		case limited.Err() != nil && ctx.Err() == nil:
			return network.Failure{Err: fmt.Errorf("not done within %s (see --timeout)", t.Timeout)}
		default:
			return failure(Explain(err))
		}
	})
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

// Explain is an error's text. That of a program in a container is made anew, from the last that it
// printed, behind a bar: the engine's own drops what we put around it.
func Explain(err error) string {
	failed := new(dagger.ExecError)
	if !errors.As(err, &failed) {
		return err.Error()
	}
	said := fmt.Sprintf("%s: exit code %d", foreign.Joined(strings.Join(failed.Cmd, " ")), failed.ExitCode)
	if printed := strings.TrimSpace(report.Tail(failed.Stdout) + report.Tail(failed.Stderr)); printed != "" {
		said += "\nit printed last:\n" + foreign.Quote(printed)
	}
	return said
}
