// Package bed runs what end-to-end tests and the demo need: the testbed's servers, and a Dagger session to call ship
// in. The session is BuildKit's, or a Dagger engine's where one is at hand.
//
// The programs are named in the environment, as the Makefile does: SHIP_PROGRAM, EMBEDDED_PROGRAM, TESTBED_PROGRAM,
// CLUSTER_PROGRAMS (a folder, with helm and kubectl in it), SOPS_PROGRAM. SHIP_SESSION says what ship runs in:
// buildkit, engine, or where it is not set, an engine if there is one. A Dagger engine is used where `dagger` is on
// PATH, an engine answers it, and these say how it reaches this machine's servers:
//
//	SHIP_ENGINE_ADDRESS    the address of this machine as the engine's containers see it
//	SHIP_ENGINE_CONFIGURE  a command that tells the engine of the registries in testbed.json, whose path it gets
package bed

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// Bed is a running testbed. Its fields are those of testbed.json.
type Bed struct {
	Git      struct{ URL, TLS, API, User, Token, Push, Job, Control string }
	Registry struct{ Address, TLS, User, Password, Control string }
	Mirror   struct{ Address string } // the stand-in for docker.io
	Cluster  struct{ Kubeconfig, Server, Node, Reason, Disturbed, Control string }
	// Buildkitd is a configuration file that makes BuildKit find the registries.
	Buildkitd string
	// CA is a file with the certificate of the authority that servers with TLS have theirs from.
	CA string

	// Session says what ship runs in, in a few words.
	Session string

	state string
	root  string // ship's own source
	stops []func() error
}

// OnEngine tells whether ship runs in a Dagger engine.
func (b *Bed) OnEngine() bool { return b.Session == onEngine }

// onEngine is the Session of a Dagger engine.
const onEngine = "a Dagger engine"

// ErrNoEngine is returned where a session in a Dagger engine is wanted and none can be used; Start has said why.
var ErrNoEngine = errors.New("no Dagger engine is used")

// Start brings the servers up, with all state below the folder state, and says on log what it does. Flags are more ones
// of `testbed up`.
func Start(ctx context.Context, state string, log io.Writer, flags ...string) (*Bed, error) {
	return StartIn(ctx, os.Getenv("SHIP_SESSION"), state, log, flags...)
}

// StartIn is Start with a session that is wanted, as SHIP_SESSION has it.
func StartIn(ctx context.Context, wanted, state string, log io.Writer, flags ...string) (b *Bed, err error) {
	if os.Getenv("SHIP_PROGRAM") == "" {
		return nil, errors.New("no programs are named in the environment: call make, which builds and names them")
	}
	b = &Bed{state: filepath.Join(state, "testbed"), Session: "BuildKit, without a Dagger engine"}
	if b.root, err = filepath.Abs(".."); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.Stop())
		}
	}()
	address, engine := "127.0.0.1", false
	if wanted != "buildkit" {
		if address, engine = findEngine(ctx, log); !engine && wanted == "engine" {
			return b, ErrNoEngine
		}
	}
	b.stops = append(b.stops, func() error {
		return run(log, os.Getenv("TESTBED_PROGRAM"), "down", "--state", b.state)
	})
	up := append([]string{"up", "--state", b.state, "--address", address,
		"--programs", os.Getenv("CLUSTER_PROGRAMS"), "--sops", os.Getenv("SOPS_PROGRAM")}, flags...)
	if err := run(log, os.Getenv("TESTBED_PROGRAM"), up...); err != nil {
		return b, err
	}
	file := filepath.Join(b.state, "testbed.json")
	data, err := os.ReadFile(file)
	if err != nil {
		return b, err
	}
	if err := json.Unmarshal(data, b); err != nil {
		return b, fmt.Errorf("read %s: %w", file, err)
	}
	if engine {
		b.Session = onEngine
		configure := strings.Fields(os.Getenv("SHIP_ENGINE_CONFIGURE"))
		return b, run(log, configure[0], append(configure[1:], file)...)
	}
	host, stop, err := b.NewBuildKit(filepath.Join(state, "buildkit"))
	if err != nil {
		return b, err
	}
	b.stops = append(b.stops, func() error { stop(); return nil })
	// What the session fetches itself, it fetches with git: it is to trust the testbed's authority as BuildKit does.
	return b, errors.Join(os.Setenv("GIT_SSL_CAINFO", b.CA), os.Setenv("BUILDKIT_HOST", host))
}

// CanTLS says whether the session trusts the testbed's authority. BuildKit's is told to; whoever runs a Dagger engine
// would have to put the certificate into its image (https://docs.dagger.io/reference/configuration/engine/), for each
// testbed anew.
func (b *Bed) CanTLS() bool { return b.Session != onEngine }

// findEngine looks for a Dagger engine, and says in a line why none is used.
func findEngine(ctx context.Context, log io.Writer) (address string, found bool) {
	why := "no `dagger` on PATH"
	if _, err := exec.LookPath("dagger"); err == nil {
		address = os.Getenv("SHIP_ENGINE_ADDRESS")
		switch out, err := exec.CommandContext(ctx, "dagger", "core", "version").CombinedOutput(); {
		case address == "" || os.Getenv("SHIP_ENGINE_CONFIGURE") == "":
			why = "SHIP_ENGINE_ADDRESS and SHIP_ENGINE_CONFIGURE are not set"
		case err != nil:
			why = "no engine answers: " + lastLine(string(out))
		default:
			return address, true
		}
	}
	fmt.Fprintf(log, "no Dagger engine is used: %s\n", why)
	return "127.0.0.1", false
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

// NewBuildKit runs a BuildKit with its state in the folder root. The bed's own is for all calls, as on a machine that
// builds often; a new one is like a runner that has built nothing yet. It is used by whoever has host as BUILDKIT_HOST.
func (b *Bed) NewBuildKit(root string) (host string, stop func(), err error) {
	cmd := exec.Command(os.Getenv("EMBEDDED_PROGRAM"), "daemon", "--root", root, "--config", b.Buildkitd)
	cmd.Env = append(os.Environ(), "SSL_CERT_FILE="+b.CA) // for downloads, beside the system's
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	log, err := os.Create(root + ".log")
	if err != nil {
		return "", nil, err
	}
	defer log.Close()
	cmd.Stderr = log
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, fmt.Errorf("start BuildKit: %w", err)
	}
	stop = func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	}
	if line, err := bufio.NewReader(stdout).ReadString('\n'); err != nil || line != "ready\n" {
		said, _ := os.ReadFile(log.Name())
		stop()
		return "", nil, fmt.Errorf("start BuildKit: it said %q\n%s", line, said)
	}
	return "unix://" + filepath.Join(root, "buildkitd.sock"), stop, nil
}

// Stop ends all that Start began, the last first.
func (b *Bed) Stop() (err error) {
	for i := len(b.stops) - 1; i >= 0; i-- {
		err = errors.Join(err, b.stops[i]())
	}
	b.stops = nil
	return err
}

// Ship is a call of ship's functions, with the arguments that `dagger call` takes.
func (b *Bed) Ship(ctx context.Context, args []string) *exec.Cmd {
	if b.OnEngine() {
		return exec.CommandContext(ctx, "dagger", append([]string{"--progress=plain", "-m", b.root, "call"},
			args...)...)
	}
	cmd := exec.CommandContext(ctx, os.Getenv("SHIP_PROGRAM"), args...)
	cmd.Env = append(os.Environ(), "_EXPERIMENTAL_DAGGER_CLI_BIN="+os.Getenv("EMBEDDED_PROGRAM"))
	return cmd
}

// Kubectl asks the cluster.
func (b *Bed) Kubectl(args ...string) (string, error) { return b.cluster("kubectl", args) }

// Helm asks for the releases in the cluster.
func (b *Bed) Helm(args ...string) (string, error) { return b.cluster("helm", args) }

// ClusterProgram runs one of the cluster's programs, as helm3, on the cluster.
func (b *Bed) ClusterProgram(program string, args ...string) (string, error) {
	return b.cluster(program, args)
}

func (b *Bed) cluster(program string, args []string) (string, error) {
	return output(filepath.Join(os.Getenv("CLUSTER_PROGRAMS"), program),
		append([]string{"--kubeconfig=" + b.Cluster.Kubeconfig}, args...)...)
}

func output(program string, args ...string) (string, error) {
	out, err := exec.Command(program, args...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s", filepath.Base(program), strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out)), nil
}

func run(log io.Writer, program string, args ...string) error {
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s %s: %w", filepath.Base(program), args[0], err)
	}
	return nil
}

// DaggerCommand is an environment in which `dagger call` calls ship: in a Dagger engine with ship as its module, or
// where there is none through a command of that name in dir, which must be empty.
func (b *Bed) DaggerCommand(dir string) ([]string, error) {
	script := "#!/bin/sh\ntest \"$1\" != -m || shift 2\n" // the module is the one at hand
	env := append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
	if b.OnEngine() {
		dagger, err := exec.LookPath("dagger")
		if err != nil {
			return nil, err
		}
		script += "exec " + dagger + " \"$@\"\n"
		env = append(env, "DAGGER_MODULE="+b.root, "DAGGER_PROGRESS=plain")
	} else {
		script += "shift # the word call\nexec \"$SHIP_PROGRAM\" \"$@\"\n"
		env = append(env, "_EXPERIMENTAL_DAGGER_CLI_BIN="+os.Getenv("EMBEDDED_PROGRAM"))
	}
	if err := os.WriteFile(filepath.Join(dir, "dagger"), []byte(script), 0o755); err != nil {
		return nil, err
	}
	return env, nil
}
