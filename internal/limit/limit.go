// Package limit says how much of a server's answer is read. Each limit is far above what honest
// servers need, and all of them together keep one request within 64 MB of memory, whatever a server
// sends. docs/errors.md lists them.
package limit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
)

// Kind is what is counted.
type Kind int

// The kinds.
const (
	Bytes    Kind = iota // of an answer as it is read, after HTTP's own compression
	Inflated             // bytes that come out of what is compressed inside an answer
	Kept                 // bytes that are held in memory at one time
	Objects              // in one answer
	Depth                // of objects that are made of one another
	Document             // bytes of an image's manifest or config, which a registry sends
	Nested               // indexes of images that are inside one another
)

const mega = 1 << 20

var kinds = [...]struct {
	most  int64
	words string
}{
	Bytes:    {256 * mega, "256 MB in one answer"},
	Inflated: {1024 * mega, "1 GB when its answer is unpacked"},
	Kept:     {16 * mega, "16 MB to keep of one answer"},
	Objects:  {5_000_000, "5 million objects in one answer"},
	Depth:    {4096, "4096 objects that are made of one another"}, // git makes 4095 at most
	// as much as registries must accept by the distribution spec
	Document: {4 * mega, "4 MB for an image's manifest or config"},
	Nested:   {3, "3 indexes of images inside one another"},
}

// ErrExceeded is wrapped by the errors about what is above a limit.
var ErrExceeded = errors.New("more than Ship takes")

// Budget is what one answer may take. It ends with its context too, so that a deadline holds even
// if the whole answer is there and only takes long to read. Several goroutines may use it.
type Budget struct {
	ctx    context.Context //nolint:containedctx // of the one answer
	server string
	mu     sync.Mutex
	spent  [len(kinds)]int64
}

// New makes the budget of an answer. The server is named in errors.
func New(ctx context.Context, server string) *Budget { return &Budget{ctx: ctx, server: server} }

// Spend takes n of a kind from the budget. It is called before memory is allocated for what is
// kept.
func (b *Budget) Spend(kind Kind, n int64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.ctx.Err(); err != nil {
		return err
	}
	if n < 0 || n > kinds[kind].most-b.spent[kind] {
		return b.exceeded(kind)
	}
	b.spent[kind] += n
	return nil
}

// Within tells whether n is within a kind's limit, and takes nothing from the budget.
func (b *Budget) Within(kind Kind, n int64) error {
	if n < 0 || n > kinds[kind].most {
		return b.exceeded(kind)
	}
	return b.ctx.Err()
}

func (b *Budget) exceeded(kind Kind) error {
	return fmt.Errorf("%s sends %w: %s", b.server, ErrExceeded, kinds[kind].words)
}

// Reader counts what is read as spent of a kind. It returns nothing that is above the limit.
func (b *Budget) Reader(kind Kind, r io.Reader) io.Reader { return &reader{b, kind, r} }

type reader struct {
	budget *Budget
	kind   Kind
	from   io.Reader
}

func (r *reader) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	if over := r.budget.Spend(r.kind, int64(n)); over != nil {
		return 0, over
	}
	return n, err
}

// ReadAll reads an answer that is kept as a whole.
func (b *Budget) ReadAll(r io.Reader) ([]byte, error) { return io.ReadAll(b.Reader(Kept, r)) }
