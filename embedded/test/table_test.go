package test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"dagger.io/dagger"
)

var background = context.Background()

const secretValue = "s3cret-Value/with+signs"

func TestMainly(t *testing.T) {
	baseRegistry = startRegistry(t, false, nil)
	out, err := shell(t).WithExec([]string{"sh", "-c", "echo hello; echo err >&2; id -u"}).Stdout(background)
	t.Logf("%q %v", out, err)
	_, err = shell(t).WithExec([]string{"sh", "-c", "echo hello; echo err >&2; exit 3"}).Stdout(background)
	exec := (*dagger.ExecError)(nil)
	if !errors.As(err, &exec) {
		t.Fatal(err)
	}
	t.Logf("%+v", exec)
	if !strings.Contains(exec.Stderr, "err") {
		t.Fatal()
	}
}
