// The program demo ships a Python service on this machine: two releases and a merge that releases nothing. After each
// it asks the git server, the registry and the cluster what they hold. `make demo` builds what it needs and runs it;
// `make demo DEMO=--keep` leaves everything up until it is interrupted.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"dagger/ship/e2e/bed"
)

func main() {
	keep := flag.Bool("keep", false, "leave everything up until interrupted")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := demo(ctx, *keep); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func demo(ctx context.Context, keep bool) (err error) {
	state, err := os.MkdirTemp("", "ship-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(state)

	say("bring up a git server, a registry and Kubernetes")
	b, err := bed.Start(ctx, state, os.Stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Stop()) }()
	fmt.Printf("ship runs in %s; the cluster's node is %s %s\n", b.Session, b.Cluster.Node, b.Cluster.Reason)

	app, err := b.NewApp("shop", filepath.Join(state, "shop"))
	if err != nil {
		return err
	}
	for _, chapter := range []struct {
		title  string
		change func() error
	}{
		{"release 0.1.0", func() error { return nil }},
		{"merge a change without a new version", func() error {
			if err := os.WriteFile(filepath.Join(app.Dir, "NOTES.md"), []byte("A note.\n"), 0o644); err != nil {
				return err
			}
			_, err := app.Commit("add a note")
			return err
		}},
		{"raise the version to 0.2.0 and release", func() error { _, err := app.Bump("0.2.0"); return err }},
	} {
		say(chapter.title)
		if err := chapter.change(); err != nil {
			return err
		}
		start := time.Now()
		out, errs, err := app.Call(ctx, "release")
		if err != nil {
			return fmt.Errorf("ship release: %w\n%s", err, errs)
		}
		fmt.Printf("%s(ship release took %.1f s)\n", out, time.Since(start).Seconds())
		if err := show(ctx, app); err != nil {
			return err
		}
	}
	if keep {
		say("everything stays up until interrupted")
		fmt.Printf("checkout    %s\nkubeconfig  %s\nservers     %s\n", app.Dir, b.Cluster.Kubeconfig,
			filepath.Join(state, "testbed", "testbed.json"))
		<-ctx.Done()
	}
	say("take everything down")
	return nil
}

var began = time.Now()

func say(what string) { fmt.Printf("\n== %s [%.0f s]\n", what, time.Since(began).Seconds()) }

// show prints what the servers themselves say.
func show(ctx context.Context, app *bed.App) error {
	tags, err := app.Tags()
	if err != nil {
		return err
	}
	fmt.Println("\nthe git server has")
	for _, tag := range sorted(tags) {
		fmt.Printf("  %-12s peels to %s\n", tag, tags[tag])
	}
	fmt.Println("the registry has")
	for _, tag := range []string{"0.1.0", "0.2.0", "latest"} {
		image, err := app.Look(ctx, tag)
		if err != nil {
			return err
		}
		if image.Digest != "" {
			fmt.Printf("  %-12s %s from %.7s\n", tag, image.Digest, image.Revision)
		}
	}
	fmt.Println("the cluster has")
	for _, environment := range []string{"test", "production"} {
		namespace := app.Name + "-" + environment
		history, err := app.Helm("history", app.Name, "--namespace="+namespace)
		if err != nil {
			return err
		}
		pods, err := app.Kubectl("get", "pods", "--namespace="+namespace,
			"--output=custom-columns=POD:.metadata.name,STATUS:.status.phase,IMAGE:.spec.containers[0].image")
		if err != nil {
			return err
		}
		fmt.Println(indent(environment + "\n" + history + "\n" + pods))
	}
	if app.Cluster.Node != "real" {
		return nil
	}
	answer, err := app.Answer(app.Name + "-production")
	fmt.Printf("the service in production answers\n  %s\n", answer)
	return err
}

func indent(text string) string { return "  " + strings.ReplaceAll(text, "\n", "\n  ") }

func sorted(m map[string]string) []string {
	var keys []string
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
