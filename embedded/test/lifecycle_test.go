package test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"dagger.io/dagger"
	"golang.org/x/sync/errgroup"
)

// connect opens another session of the embedded program, with variables of its own.
func connect(t *testing.T, env ...string) *dagger.Client {
	t.Helper()
	if !isEmbedded {
		t.Skip("the session is not the embedded one")
	}
	options := []dagger.ClientOpt{dagger.WithLogOutput(os.Stderr)}
	for _, variable := range env {
		name, value, _ := strings.Cut(variable, "=")
		options = append(options, dagger.WithEnvironmentVariable(name, value))
	}
	c, err := dagger.Connect(background, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// certificate is one for loopback, signed by itself, and the file that holds it.
func certificate(t *testing.T) (*tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.ParseIP("127.0.0.1")}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644); err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file
}

// startDaemon runs `embedded daemon` until stop is called, which fails the test where it does not end cleanly.
func startDaemon(t *testing.T, config string) (host string, stop func()) {
	t.Helper()
	if !isEmbedded {
		t.Skip("the session is not the embedded one")
	}
	root := t.TempDir()
	file := filepath.Join(root, "buildkitd.toml")
	if err := os.WriteFile(file, []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(filepath.Join(programs, "embedded"), "daemon", "--root", root, "--config", file)
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(root, "log"))
	if err != nil {
		t.Fatal(err)
	}
	command.Stderr = log
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	var line string
	if _, err := fmt.Fscanln(out, &line); err != nil || line != "ready" {
		text, _ := os.ReadFile(log.Name())
		t.Fatalf("the daemon said %q, %v\n%s", line, err, text)
	}
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		command.Process.Signal(syscall.SIGTERM)
		if err := command.Wait(); err != nil {
			t.Errorf("the daemon ended with %v", err)
		}
		mounts, err := os.ReadFile("/proc/self/mounts")
		if err != nil || strings.Contains(string(mounts), root) {
			t.Errorf("mounts are left below %s (%v)", root, err)
		}
	}
	t.Cleanup(stop)
	return "unix://" + filepath.Join(root, "buildkitd.sock"), stop
}

func TestRegistries(t *testing.T) {
	ref, err := base()
	if err != nil {
		t.Fatal(err)
	}
	cert, ca := certificate(t)
	secure, unknown := startRegistry(t, cert), startRegistry(t, cert)
	mirror, stopMirror := serveRegistry(nil, nil)
	defer stopMirror()
	host, _ := startDaemon(t, fmt.Sprintf(`
[registry.%q]
  ca = [%q]
  http = false # on loopback, BuildKit would try HTTP
[registry.%q]
  http = false
[registry."docker.io"]
  mirrors = [%q]
[registry.%q]
  http = true
`, secure, ca, unknown, mirror, mirror))
	c := connect(t, "BUILDKIT_HOST="+host)
	image := c.Container().From(ref).WithNewFile("/x", "mirrored")
	login := func(registry string) *dagger.Container {
		return image.WithRegistryAuth(registry, user, c.SetSecret("password", password))
	}
	if _, err := login(secure).Publish(background, secure+"/app:1"); err != nil {
		t.Error("a registry with an own CA:", err)
	}
	if out, err := c.Container().From(secure + "/app:1").File("/x").Contents(background); err != nil ||
		out != "mirrored" {
		t.Errorf("pull from a registry with an own CA: %q, %v", out, err)
	}
	if _, err := login(unknown).Publish(background, unknown+"/app:1"); err == nil ||
		!strings.Contains(err.Error(), "certificate") {
		t.Error("a registry with an unknown CA:", err)
	}
	if _, err := image.Publish(background, mirror+"/library/short:1"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"short:1", "docker.io/library/short:1"} {
		from := c.Container().From(name)
		full, err := from.ImageRef(background)
		if err != nil || !strings.HasPrefix(full, "docker.io/library/short:1@sha256:") {
			t.Errorf("%s is %q, %v", name, full, err)
		}
		if out, err := from.File("/x").Contents(background); err != nil || out != "mirrored" {
			t.Errorf("%s: %q, %v", name, out, err)
		}
	}
	built := c.Directory().WithNewFile("Dockerfile", "FROM short:1\nRUN cat /x > /y").DockerBuild()
	if out, err := built.File("/y").Contents(background); err != nil || out != "mirrored" {
		t.Errorf("FROM a mirrored image: %q, %v", out, err)
	}
}

func TestSessions(t *testing.T) {
	ref, err := base()
	if err != nil {
		t.Fatal(err)
	}
	host, stop := startDaemon(t, "")
	cache := t.TempDir()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "Dockerfile"),
		[]byte("FROM "+ref+"\nCOPY . /src\nRUN "+clock+" > /when\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	// what one session prints and publishes, and how long it takes
	run := func(tag string) (outputs []string) {
		c := connect(t, "BUILDKIT_HOST="+host, "SHIP_CACHE="+cache)
		defer c.Close()
		built := c.Host().Directory(dir).DockerBuild().WithLabel("a", "b")
		published, err := built.Publish(background, baseRegistry+"/sessions:"+tag)
		if err != nil {
			t.Fatal(err)
		}
		_, digest, _ := strings.Cut(published, "@")
		ran, err := c.Container().From(ref).WithMountedDirectory("/d", c.Host().Directory(dir)).
			WithSecretVariable("S", c.Secret("env://SHIP_TEST_SECRET")).WithExec(sh(clock)).Stdout(background)
		if err != nil {
			t.Fatal(err)
		}
		return []string{digest, ran}
	}
	first, second := run("1"), run("2")
	if first[0] != second[0] {
		t.Errorf("the same build, published from two sessions: %s and %s", first[0], second[0])
	}
	if first[1] != second[1] {
		t.Errorf("a command ran again in another session: %s and %s", first[1], second[1])
	}

	t.Run("a client that goes away ends its command", func(t *testing.T) {
		c := connect(t, "BUILDKIT_HOST="+host, "SHIP_CACHE="+cache)
		ctx, cancel := context.WithCancel(background)
		time.AfterFunc(time.Second, cancel)
		began := time.Now()
		mark := "77" + fmt.Sprint(os.Getpid())
		_, err := c.Container().From(ref).WithExec([]string{"sleep", mark}).Stdout(ctx)
		if err == nil || time.Since(began) > 10*time.Second {
			t.Errorf("%v after %s", err, time.Since(began))
		}
		gone(t, "sleep\x00"+mark)
	})
	t.Run("a session that is ended ends its command", func(t *testing.T) {
		c := connect(t, "BUILDKIT_HOST="+host, "SHIP_CACHE="+cache)
		mark := "88" + fmt.Sprint(os.Getpid())
		time.AfterFunc(time.Second, func() { c.Close() })
		if _, err := c.Container().From(ref).WithExec([]string{"sleep", mark}).Stdout(background); err == nil {
			t.Error("no error")
		}
		gone(t, "sleep\x00"+mark)
	})
	t.Run("two sessions with a BuildKit each", func(t *testing.T) {
		var clients []*dagger.Client
		for range 2 {
			c := connect(t, "SHIP_CACHE="+cache)
			clients = append(clients, c)
			if out, err := c.Container().From(ref).WithExec([]string{"echo", "hi"}).Stdout(background); err != nil ||
				out != "hi\n" {
				t.Errorf("%q, %v", out, err)
			}
		}
		for _, c := range clients {
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
		if mounts, err := os.ReadFile("/proc/self/mounts"); err != nil || strings.Contains(string(mounts), cache) {
			t.Errorf("mounts are left below %s (%v)", cache, err)
		}
		gone(t, filepath.Join(programs, "buildkitd")+"\x00--root\x00"+cache)
	})
	t.Run("many queries at once", func(t *testing.T) {
		c := connect(t, "BUILDKIT_HOST="+host, "SHIP_CACHE="+cache)
		var group errgroup.Group
		for i := range 24 {
			group.Go(func() error {
				out, err := c.Container().From(ref).WithDirectory("/d", c.Host().Directory(dir)).
					WithExec([]string{"echo", fmt.Sprint(i % 8)}).WithExec(sh("ls /d")).Stdout(background)
				if err == nil && out != "Dockerfile\n" {
					err = fmt.Errorf("got %q", out)
				}
				return err
			})
		}
		if err := group.Wait(); err != nil {
			t.Error(err)
		}
	})
	stop()
	t.Run("no BuildKit", func(t *testing.T) {
		c, err := dagger.Connect(background, dagger.WithEnvironmentVariable("BUILDKIT_HOST", host))
		if err == nil {
			c.Close()
			t.Error("connected")
		} else if !strings.Contains(err.Error(), host) {
			t.Error(err)
		}
	})
}

// gone waits until no process has the command line.
func gone(t *testing.T, line string) {
	t.Helper()
	for range 50 {
		found := false
		files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
		for _, file := range files {
			if data, err := os.ReadFile(file); err == nil && strings.HasPrefix(string(data), line) {
				found = true
			}
		}
		if !found {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Errorf("the process %q still runs", line)
}

// What takes long gets one line; nothing else does, and no output.
func TestProgress(t *testing.T) {
	ref, err := base()
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	if !isEmbedded {
		t.Skip("the session is not the embedded one")
	}
	c, err := dagger.Connect(background, dagger.WithLogOutput(&log))
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Container().From(ref).WithSecretVariable("S",
		c.Secret("env://SHIP_TEST_SECRET")).WithExec(sh("echo $S; sleep 12")).Sync(background)
	if err := errors.Join(err, c.Close()); err != nil {
		t.Fatal(err)
	}
	_, said, _ := strings.Cut(log.String(), "Establishing connection to Engine... OK!\n")
	if want := "still running: run sh -c echo $S; sleep 12\n"; said != want {
		t.Errorf("it said %q, want %q", said, want)
	}
}
