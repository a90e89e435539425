package daemon

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// Private starts buildkitd for one session, with its state in a folder of cache that no other session uses at the
// time: buildkit-1, or the next one that is free. What it prints goes to buildkitd.log there.
func Private(ctx context.Context, cache, config string) (*Daemon, error) {
	for i := 1; ; i++ {
		root := filepath.Join(cache, fmt.Sprintf("buildkit-%d", i))
		if err := os.MkdirAll(root, 0o700); err != nil {
			return nil, fmt.Errorf("make a folder for BuildKit: %w", err)
		}
		lock, err := os.OpenFile(filepath.Join(root, "session.lock"), os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return nil, fmt.Errorf("lock the folder for BuildKit: %w", err)
		}
		err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if errors.Is(err, syscall.EWOULDBLOCK) {
			lock.Close()
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("lock %s: %w", root, err)
		}
		name := filepath.Join(root, "buildkitd.log")
		log, err := os.Create(name)
		if err != nil {
			return nil, fmt.Errorf("make BuildKit's log: %w", err)
		}
		d, err := Start(ctx, Options{Root: root, Config: config, Log: log})
		if err != nil {
			return nil, fmt.Errorf("%w (log: %s)", err, name)
		}
		go func() {
			<-d.ended
			lock.Close()
			log.Close()
		}()
		return d, nil
	}
}
