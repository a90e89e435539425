package images

import (
	"archive/tar"
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// pack writes a folder tree as a compressed layer. The same tree gives the same bytes: entries are in the order of
// their names, and times after `newest` (when files were made here, not in a package) are set back to it.
func pack(root, target string) error {
	file, err := os.Create(target)
	if err != nil {
		return err
	}
	defer file.Close()
	packer, err := gzip.NewWriterLevel(file, gzip.BestSpeed)
	if err != nil {
		return err
	}
	writer := &layerWriter{tar: tar.NewWriter(packer), root: root, newest: newest(root), seen: map[uint64]string{}}
	if err := filepath.WalkDir(root, writer.add); err != nil {
		return fmt.Errorf("pack the layer: %w", err)
	}
	if err := writer.tar.Close(); err != nil {
		return err
	}
	if err := packer.Close(); err != nil {
		return err
	}
	return file.Close()
}

// newest is the time of the Debian release that a tree is made of, or of the epoch.
func newest(root string) time.Time {
	if info, err := os.Stat(filepath.Join(root, "etc/debian_version")); err == nil {
		return info.ModTime()
	}
	return time.Unix(0, 0)
}

type layerWriter struct {
	tar    *tar.Writer
	root   string
	newest time.Time
	seen   map[uint64]string // files with several names, by inode
}

func (l *layerWriter) add(path string, entry fs.DirEntry, err error) error {
	if err != nil || path == l.root {
		return err
	}
	info, err := entry.Info()
	if err != nil {
		return err
	}
	link := ""
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		if link, err = os.Readlink(path); err != nil {
			return err
		}
	case !info.Mode().IsRegular() && !info.IsDir():
		return nil // devices and sockets are the runtime's business
	}
	header, err := tar.FileInfoHeader(info, link)
	if err != nil {
		return err
	}
	name, err := filepath.Rel(l.root, path)
	if err != nil {
		return err
	}
	header.Name, header.Format = name, tar.FormatPAX
	if info.IsDir() {
		header.Name += "/"
	}
	header.Uname, header.Gname = "", ""
	header.AccessTime, header.ChangeTime = time.Time{}, time.Time{}
	if header.ModTime = info.ModTime().Truncate(time.Second); header.ModTime.After(l.newest) {
		header.ModTime = l.newest.Truncate(time.Second)
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok && info.Mode().IsRegular() && stat.Nlink > 1 {
		if first, ok := l.seen[stat.Ino]; ok {
			header.Typeflag, header.Linkname, header.Size = tar.TypeLink, first, 0
		} else {
			l.seen[stat.Ino] = name
		}
	}
	if err := l.tar.WriteHeader(header); err != nil {
		return err
	}
	if header.Typeflag != tar.TypeReg {
		return nil
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = io.Copy(l.tar, file)
	return err
}
