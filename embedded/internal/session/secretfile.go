package session

import (
	"fmt"
	"io"
	"os"
	"time"
)

// What a secret's file may have, and how long it may take to give that. A file may be a device that never ends, or a
// pipe that nobody writes.
const (
	maxSecret   = 1 << 20
	secretLimit = 20 * time.Second
)

// readSecret reads a file. To open a pipe or to read one may take for ever and cannot be stopped, so that is left
// behind when the time is over.
func readSecret(file string, limit time.Duration) ([]byte, error) {
	type result struct {
		value []byte
		err   error
	}
	read := make(chan result, 1)
	go func() {
		f, err := os.Open(file)
		if err != nil {
			read <- result{nil, err}
			return
		}
		defer f.Close()
		value, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
		if err == nil && len(value) > maxSecret {
			err = fmt.Errorf("it has more than %d KiB, which no secret has", maxSecret>>10)
		}
		read <- result{value, err}
	}()
	select {
	case r := <-read:
		return r.value, r.err
	case <-time.After(limit):
		return nil, fmt.Errorf("it gave nothing, or did not end, within %s: name a file that is there, not a pipe",
			limit)
	}
}
