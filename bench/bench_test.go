package main

import (
	"bytes"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == measuring {
		os.Exit(measure(os.Args[2:]))
	}
	os.Exit(m.Run())
}

// TestMeter measures a program that takes a known time and fails with what it printed, and is not told its own memory.
func TestMeter(t *testing.T) {
	held := bytes.Repeat([]byte("held by whoever measures"), 8<<20)
	m := new(meter)
	if err := m.exec(exec.Command("sleep", "0.2")); err != nil {
		t.Fatal(err)
	}
	if m.took < 200*time.Millisecond || m.took > 2*time.Second || m.memory == 0 || m.memory > 64<<20 {
		t.Errorf("sleep took %s and %d bytes", m.took, m.memory)
	}
	if err := m.exec(exec.Command("sh", "-c", "echo said; exit 3")); err == nil ||
		!strings.Contains(err.Error(), "said") || !strings.Contains(err.Error(), "3") {
		t.Errorf("a program that fails: %v", err)
	}
	runtime.KeepAlive(held)
}

// TestNothing measures one short round, and looks whether the table has what it is to say.
func TestNothing(t *testing.T) {
	b, err := start(t.Context(), 1, "--without-cluster")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := b.stop(); err != nil {
			t.Error(err)
		}
	}()
	b.tags, b.trips = []int{10}, []time.Duration{5 * time.Millisecond}
	text, err := b.nothing(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "RESULTS.md")
	for range 2 { // the second takes the place of the first
		if err := record(file, parts[0], b.provenance(parts[0], load())+text); err != nil {
			t.Fatal(err)
		}
	}
	recorded, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\n## Nothing to release\n", "make bench ONLY=nothing RUNS=1",
		"### 10 tags, servers 5 ms away\n", "git ls-remote", "`ship release`"} {
		if strings.Count(string(recorded), want) == 0 {
			t.Errorf("the results do not have %q", want)
		}
	}
	if strings.Count(string(recorded), "\n## Nothing") != 1 {
		t.Error("the part is there twice")
	}
	for line := range strings.Lines(text) {
		cells := strings.Split(line, "|")
		if len(cells) > 8 && strings.Contains(cells[1], "git ls-remote") {
			if floor := strings.TrimSpace(cells[4]); floor != "1.00" {
				t.Errorf("the floor is %s times itself", floor)
			}
			if asked := strings.TrimSpace(cells[7]); asked != "2" {
				t.Errorf("git ls-remote took %s requests, want the two of protocol v2", asked)
			}
		}
	}
	t.Log(text)
}

// TestProxy measures bytes and round trips that are known.
func TestProxy(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() { // twice what came goes back
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			data := make([]byte, 5)
			_, _ = io.ReadFull(client, data)
			_, _ = client.Write(append(data, data...))
			client.Close()
		}
	}()
	p, err := newProxy(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	const trip = 40 * time.Millisecond
	p.away(trip)
	start := time.Now()
	client, err := net.Dial("tcp", p.address())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := client.Write([]byte("12345")); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(client)
	if err != nil || string(got) != "1234512345" {
		t.Errorf("%q, %v", got, err)
	}
	if took := time.Since(start); took < 2*trip {
		t.Errorf("to connect, ask and be answered took %s, less than two round trips of %s", took, trip)
	}
	if sent, received := p.count(); sent != 5 || received != 10 {
		t.Errorf("%d bytes there and %d back, want 5 and 10", sent, received)
	}
}
