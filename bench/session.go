package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"syscall"

	"dagger/ship/e2e/bed"
)

// session is a Dagger session that is up, for calls of ship in one app's checkout.
type session struct {
	cmd   *exec.Cmd
	stdin io.Closer
	env   []string
}

// newSession starts one, with the app's secrets in its environment: that is where it looks for env://NAME.
func newSession(ctx context.Context, app *bed.App) (*session, error) {
	cmd := exec.CommandContext(ctx, os.Getenv("EMBEDDED_PROGRAM"), "session", "--workdir", app.Dir)
	cmd.Env, cmd.Stderr = os.Environ(), os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	for _, of := range []map[string]string{app.Env, app.Secrets} {
		for name, value := range of {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start a session: %w", err)
	}
	var address struct {
		Port  int    `json:"port"`
		Token string `json:"session_token"`
	}
	if err := json.NewDecoder(stdout).Decode(&address); err != nil {
		return nil, fmt.Errorf("start a session: read where it is: %w", err)
	}
	return &session{cmd, stdin, []string{"DAGGER_SESSION_PORT=" + strconv.Itoa(address.Port),
		"DAGGER_SESSION_TOKEN=" + address.Token}}, nil
}

// end ends the session, and waits for it.
func (s *session) end() error {
	s.stdin.Close()
	return s.cmd.Wait()
}

// ship calls a function in a session that has just come up, which must print what is wanted. The session's start does
// not count: a session reads a folder once, so that each run needs one of its own.
func (m *meter) ship(ctx context.Context, app *bed.App, want string, function ...string) error {
	s, err := newSession(ctx, app)
	if err != nil {
		return err
	}
	cmd := app.Command(ctx, function...)
	cmd.Env = append(cmd.Env, s.env...)
	if err := m.exec(cmd); err != nil {
		return err
	}
	if err := s.end(); err != nil {
		return fmt.Errorf("end the session: %w", err)
	}
	return m.says(want)
}
