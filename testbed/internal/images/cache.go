package images

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// lock waits until no other process makes images in the same cache.
func lock(path string) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock the folder for images: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		return nil, fmt.Errorf("lock the folder for images: %w", err)
	}
	return func() { file.Close() }, nil
}

// have says whether something is in the cache, and marks it as used now.
func have(folder string) bool {
	now := time.Now()
	return os.Chtimes(folder, now, now) == nil
}

// unused is how long something stays in the cache that no testbed has asked for: every new build of helm or kubectl
// makes a new image.
const unused = 7 * 24 * time.Hour

// prune removes what was not used for long, and what a killed process left half made. The cache must be locked.
func prune(cache string) error {
	entries, err := os.ReadDir(cache)
	if err != nil {
		return fmt.Errorf("read the folder for images: %w", err)
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil || !entry.IsDir() {
			continue
		}
		if strings.HasPrefix(entry.Name(), "work-") || time.Since(info.ModTime()) > unused {
			if err := os.RemoveAll(filepath.Join(cache, entry.Name())); err != nil {
				return fmt.Errorf("remove what is not used from the folder for images: %w", err)
			}
		}
	}
	return nil
}
