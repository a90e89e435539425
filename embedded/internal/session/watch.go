package session

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	bk "github.com/moby/buildkit/client"
	gatewaypb "github.com/moby/buildkit/frontend/gateway/pb"
	"github.com/moby/buildkit/solver/errdefs"
	"github.com/opencontainers/go-digest"

	"dagger/ship/embedded/internal/shim"
)

// slow is when a step that still runs is worth a line.
const slow = 10 * time.Second

// watch follows a build: it says on the log what takes long, and keeps what steps print, for their errors.
type watch struct {
	session *Session
	names   map[digest.Digest]string
	output  map[digest.Digest]*[2]tail // standard output and standard error
	running map[digest.Digest]time.Time
}

func newWatch(s *Session) *watch {
	return &watch{s, map[digest.Digest]string{}, map[digest.Digest]*[2]tail{}, map[digest.Digest]time.Time{}}
}

// follow reads the build's status until it ends.
func (w *watch) follow(status <-chan *bk.SolveStatus) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case s, more := <-status:
			if !more {
				return
			}
			w.add(s)
		case <-tick.C:
			for step, since := range w.running {
				if time.Since(since) > slow {
					fmt.Fprintf(w.session.log, "still running: %.200s\n", visible(w.names[step]))
					delete(w.running, step)
				}
			}
		}
	}
}

// visible is a step's name, as the one that a Dockerfile's author gave, without what acts on a terminal or begins a
// line.
func visible(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsGraphic(r) {
			return r
		}
		return '?'
	}, name)
}

func (w *watch) add(s *bk.SolveStatus) {
	for _, vertex := range s.Vertexes {
		w.names[vertex.Digest] = vertex.Name
		w.session.unread(vertex)
		delete(w.running, vertex.Digest)
		if vertex.Started != nil && vertex.Completed == nil {
			w.running[vertex.Digest] = *vertex.Started
		}
	}
	for _, log := range s.Logs {
		if w.output[log.Vertex] == nil {
			w.output[log.Vertex] = &[2]tail{}
		}
		if log.Stream == 1 || log.Stream == 2 {
			w.output[log.Vertex][log.Stream-1].Write(log.Data)
		}
	}
}

// tail keeps the end of what is written to it, a little more than an error shows.
type tail struct{ bytes.Buffer }

func (t *tail) Write(data []byte) (int, error) {
	t.Buffer.Write(data)
	if over := t.Len() - 2*shim.MaxErrorOutput; over > 0 {
		t.Next(over)
	}
	return len(data), nil
}

// explain turns a build's error into what the engine would say. A process that failed becomes an ExecError.
func (w *watch) explain(err error) error {
	exit, vertex := (*gatewaypb.ExitError)(nil), (*errdefs.VertexError)(nil)
	if !errors.As(err, &exit) || !errors.As(err, &vertex) {
		return err
	}
	step := digest.Digest(vertex.Digest)
	var stdout, stderr []byte
	if printed := w.output[step]; printed != nil {
		stdout, stderr = printed[0].Bytes(), printed[1].Bytes()
	}
	if stderr, failure, is := shim.ParseFailure(stderr); is {
		return &ExecError{
			Message: fmt.Sprintf("exit code: %d", failure.ExitCode), Cmd: failure.Args, ExitCode: failure.ExitCode,
			Stdout: strings.TrimSpace(string(stdout)), Stderr: strings.TrimSpace(string(stderr)),
		}
	}
	// a Dockerfile's RUN, which no shim has scrubbed
	out, problem := w.session.scrub(strings.TrimSpace(string(stdout))),
		w.session.scrub(strings.TrimSpace(string(stderr)))
	shown := problem
	if shown == "" {
		shown = out
	}
	return &ExecError{
		Message: fmt.Sprintf("%s\nexit code: %d\n%s", w.names[step], exit.ExitCode, lastLines(shown, 20)),
		Cmd:     []string{w.names[step]}, ExitCode: int(exit.ExitCode), Stdout: out, Stderr: problem,
	}
}

func lastLines(text string, count int) string {
	lines := strings.Split(text, "\n")
	return strings.Join(lines[max(0, len(lines)-count):], "\n")
}

// ExecError is a process that exited otherwise than it was expected to. Output is trimmed and, past
// shim.MaxErrorOutput, cut at its beginning.
type ExecError struct {
	Message        string
	Cmd            []string
	ExitCode       int
	Stdout, Stderr string
}

func (e *ExecError) Error() string { return e.Message }

// extensions has the shape that Dagger's SDKs look for.
func (e *ExecError) extensions() map[string]any {
	return map[string]any{"_type": "EXEC_ERROR", "cmd": e.Cmd, "exitCode": e.ExitCode, "stdout": e.Stdout,
		"stderr": e.Stderr}
}
