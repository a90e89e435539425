package limit

import (
	"context"
	"errors"
	"io"
	"math"
	"os"
	"strings"
	"testing"
)

// endless is what a broken server sends.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestReadersEnd(t *testing.T) {
	for kind, words := range map[Kind]string{Bytes: "256 MB in one answer", Kept: "16 MB to keep"} {
		n, err := io.Copy(io.Discard, New(t.Context(), "git.example.com").Reader(kind, endless{}))
		if !errors.Is(err, ErrExceeded) || n > kinds[kind].most ||
			!strings.Contains(err.Error(), "git.example.com sends more than Ship takes: "+words) {
			t.Errorf("%d bytes, %v", n, err)
		}
	}
	if data, err := New(t.Context(), "").ReadAll(endless{}); err == nil {
		t.Errorf("kept %d bytes of an endless answer", len(data))
	}
	if data, err := New(t.Context(), "").ReadAll(strings.NewReader("short")); err != nil || string(data) != "short" {
		t.Errorf("%q, %v", data, err)
	}
}

func TestSpend(t *testing.T) {
	b := New(t.Context(), "git.example.com")
	for n, fits := range map[int64]bool{0: true, 4096: true, 4097: false, -1: false, math.MaxInt64: false,
		math.MinInt64: false} {
		if err := b.Within(Depth, n); (err == nil) != fits {
			t.Errorf("%d deep: %v", n, err)
		}
	}
	most := kinds[Kept].most
	if err := errors.Join(b.Spend(Kept, most-1), b.Spend(Kept, 1), b.Spend(Objects, 1)); err != nil {
		t.Error(err)
	}
	for _, n := range []int64{1, -1, math.MaxInt64} {
		if err := b.Spend(Kept, n); !errors.Is(err, ErrExceeded) {
			t.Errorf("%d above the limit: %v", n, err)
		}
	}
}

func TestEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	b := New(ctx, "")
	cancel()
	if err := b.Spend(Kept, 1); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := io.Copy(io.Discard, b.Reader(Bytes, endless{})); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestDocumented holds that users find each limit by the words of its error.
func TestDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/errors.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range kinds {
		if !strings.Contains(string(page), kind.words) {
			t.Errorf("docs/errors.md does not list %q", kind.words)
		}
	}
}
