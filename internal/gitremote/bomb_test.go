package gitremote

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"context"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"runtime/metrics"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-git/go-git/v5/plumbing"

	"dagger/ship/internal/limit"
	"dagger/ship/internal/network"
)

// entry is one of a pack: its type and size, what it is made from, and what it holds. The size may
// be a lie.
func entry(kind plumbing.ObjectType, size int, from, content []byte) []byte {
	first := byte(kind)<<4 | byte(size&15)
	var packed bytes.Buffer
	for size >>= 4; size > 0; size >>= 7 {
		packed.WriteByte(first | 0x80)
		first = byte(size & 0x7f)
	}
	packed.WriteByte(first)
	packed.Write(from)
	deflater.Reset(&packed)
	_, _ = deflater.Write(content)
	_ = deflater.Close()
	return packed.Bytes()
}

var deflater, _ = zlib.NewWriterLevel(io.Discard, zlib.BestSpeed)

func whole(kind plumbing.ObjectType, content []byte) []byte {
	return entry(kind, len(content), nil, content)
}

func packHead(entries int) []byte {
	return binary.BigEndian.AppendUint32([]byte("PACK\x00\x00\x00\x02"), uint32(entries))
}

func packOf(entries ...[]byte) []byte {
	pack := append(packHead(len(entries)), slices.Concat(entries...)...)
	sum := sha1.Sum(pack)
	return append(pack, sum[:]...)
}

// copying is a delta that copies its base so many times.
func copying(size, times int) []byte {
	delta := binary.AppendUvarint(binary.AppendUvarint(nil, uint64(size)), uint64(size*times))
	for range times {
		delta = append(delta, 0xf0, byte(size), byte(size>>8), byte(size>>16)) // from its beginning
	}
	return delta
}

// chain is a commit, and deltas that each double what the one before made, by its hash or its
// place.
func chain(n int) (entries [][]byte) {
	content := bytes.Repeat([]byte("x"), 1000)
	entries = append(entries, whole(plumbing.CommitObject, content))
	for size := len(content); n > 0 && size < 1<<24; size, n = size*2, n-1 {
		hash := plumbing.ComputeHash(plumbing.CommitObject, bytes.Repeat([]byte("x"), size))
		delta := copying(size, 2)
		entries = append(entries, entry(plumbing.REFDeltaObject, len(delta), hash[:], delta))
	}
	// from then on each is as large as the last one
	hash := plumbing.ComputeHash(plumbing.CommitObject, bytes.Repeat([]byte("x"), 1000<<14))
	for range n {
		delta := copying(1000<<14, 1)
		entries = append(entries, entry(plumbing.REFDeltaObject, len(delta), hash[:], delta))
	}
	return entries
}

// growing is a commit, and deltas that each add a letter to what the one before made.
func growing(n int) (entries [][]byte) {
	content := []byte("tree\n")
	entries = append(entries, whole(plumbing.CommitObject, content))
	for range n {
		hash := plumbing.ComputeHash(plumbing.CommitObject, content)
		delta := binary.AppendUvarint(binary.AppendUvarint(nil, uint64(len(content))), uint64(len(content)+1))
		if len(content) < 40 {
			delta = append(append(delta, byte(len(content))), content...)
		} else {
			delta = append(delta, 0xb0, byte(len(content)), byte(len(content)>>8))
		}
		delta = append(delta, 1, 'x')
		content = append(content, 'x')
		entries = append(entries, entry(plumbing.REFDeltaObject, len(delta), hash[:], delta))
	}
	return entries
}

func reversed(entries [][]byte) [][]byte {
	slices.Reverse(entries)
	return entries
}

// bombs are small packs that need much time or memory to read.
func bombs() map[string][]byte {
	return map[string][]byte{
		"deltas that double":           packOf(chain(40)...),
		"deltas that double, reversed": packOf(reversed(chain(40))...),
		"deltas in reverse order":      packOf(reversed(growing(6000))...),
		"deltas deeper than git's":     packOf(growing(6000)...),
		"a lie about the size":         packOf(entry(plumbing.CommitObject, 1<<50, nil, []byte("x"))),
		"a lie about the objects":      packHead(1<<32 - 1),
		"a commit of zeros":            packOf(whole(plumbing.CommitObject, make([]byte, 17<<20))),
	}
}

// hostile is a server that answers with what a function writes, until nobody reads it.
func hostile(t *testing.T, zipped bool, write func(w io.Writer, service string) error) *Remote {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		service, kind := strings.TrimPrefix(r.URL.Path, "/"), "result"
		if r.Method == http.MethodGet {
			service, kind = r.URL.Query().Get("service"), "advertisement"
		}
		w.Header().Set("Content-Type", "application/x-"+service+"-"+kind)
		var to io.Writer = w
		if zipped {
			w.Header().Set("Content-Encoding", "gzip")
			packed, _ := gzip.NewWriterLevel(w, gzip.BestSpeed)
			defer packed.Close()
			to = packed
		}
		_ = write(to, r.Method)
	}))
	t.Cleanup(server.Close)
	client, err := network.New("", time.Minute, func(text string) { t.Log(text) })
	if err != nil {
		t.Fatal(err)
	}
	return &Remote{URL: server.URL, User: "ship", Token: "secret", Client: client}
}

func packet(w io.Writer, payload string) error {
	_, err := fmt.Fprintf(w, "%04x%s", len(payload)+4, payload)
	return err
}

// forever writes a packet with a number again and again.
func forever(w io.Writer, format string) (err error) {
	var block bytes.Buffer
	for i := 0; block.Len() < 1<<20; i++ {
		_ = packet(&block, fmt.Sprintf(format, i))
	}
	for err == nil {
		_, err = w.Write(block.Bytes())
	}
	return err
}

// packets sends a pack as the answer to a fetch does.
type packets struct{ io.Writer }

func (p packets) Write(data []byte) (n int, err error) {
	for part := range slices.Chunk(data, 60_000) {
		if err := packet(p.Writer, "\x01"+string(part)); err != nil {
			return 0, err
		}
	}
	return len(data), nil
}

// peak is the most memory in use, above what was before, in MB.
func peak(do func()) uint64 {
	in := func() uint64 {
		sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		metrics.Read(sample)
		return sample[0].Value.Uint64()
	}
	runtime.GC()
	before, most := in(), uint64(0)
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			most = max(most, in())
			select {
			case <-done:
				return
			case <-time.After(time.Millisecond):
			}
		}
	}()
	do()
	close(done)
	<-ended
	return (most - min(most, before)) >> 20
}

// TestWithinLimits asks servers that send more than any honest one, and wants an error that says
// so, without much memory.
func TestWithinLimits(t *testing.T) {
	const hash = "1111111111111111111111111111111111111111"
	tags := func(r *Remote) error { _, err := r.Tags(t.Context(), "shop-"); return err }
	made := func(r *Remote) error { _, err := r.CommitTime(t.Context(), hash); return err }
	push := func(r *Remote) error {
		return r.PushTag(t.Context(), Tag{"shop-1.0.0", hash}, "x", time.Unix(1, 0))
	}
	type bomb struct {
		call  func(*Remote) error
		write func(w io.Writer, method string) error
	}
	cases := map[string]bomb{
		"refs without end": {
			tags,
			func(w io.Writer, _ string) error { return forever(w, hash+" refs/tags/shop-0.0.%d\n") },
		},
		"long refs without end": {tags, func(w io.Writer, _ string) error {
			return forever(w, hash+" refs/tags/shop-"+strings.Repeat("a", 60_000)+"%d\n")
		}},
		"refs without end, in protocol v0": {tags, func(w io.Writer, method string) error {
			if method == http.MethodPost {
				return packet(w, "ERR no such command")
			}
			_ = packet(w, "# service=git-upload-pack\n")
			_, _ = io.WriteString(w, "0000")
			return forever(w, hash+" refs/tags/shop-0.0.%d\n")
		}},
		"refs without end, before a push": {push, func(w io.Writer, _ string) error {
			_ = packet(w, "# service=git-receive-pack\n")
			_, _ = io.WriteString(w, "0000")
			return forever(w, hash+" refs/heads/%d\n")
		}},
		"words without end, after a push": {push, func(w io.Writer, method string) error {
			if method == http.MethodGet {
				_, err := io.WriteString(w, "001f# service=git-receive-pack\n0000")
				_ = packet(w, hash+" refs/heads/main\x00report-status side-band-64k")
				_, _ = io.WriteString(w, "0000")
				return err
			}
			return forever(w, "\x02"+strings.Repeat("no", 10_000)+"%d")
		}},
		"other refs without end, zipped": {
			tags,
			func(w io.Writer, _ string) error { return forever(w, hash+" refs/heads/%d\n") },
		},
		"sections without end": {made, func(w io.Writer, _ string) error { return forever(w, "shallow %d\n") }},
		"a blob of zeros": {made, func(w io.Writer, _ string) error {
			_ = packet(w, "packfile\n")
			to := packets{w}
			_, _ = to.Write(append(packHead(1), entry(plumbing.BlobObject, 1<<40, nil, nil)[:7]...))
			deflated, _ := zlib.NewWriterLevel(to, zlib.BestSpeed)
			zeros := make([]byte, 1<<20)
			for {
				if _, err := deflated.Write(zeros); err != nil {
					return err
				}
			}
		}},
	}
	for name, pack := range bombs() {
		cases[name] = bomb{made, func(w io.Writer, _ string) error {
			_ = packet(w, "packfile\n")
			_, _ = packets{w}.Write(pack)
			_, err := io.WriteString(w, "0000")
			return err
		}}
	}
	defer func() { newBudget = limit.New }()
	newBudget = func(ctx context.Context, server string) *limit.Budget {
		b := limit.New(ctx, server) // so much is left that it cannot have been kept
		if err := errors.Join(b.Spend(limit.Bytes, 156<<20), b.Spend(limit.Inflated, 800<<20)); err != nil {
			t.Error(err)
		}
		return b
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			remote := hostile(t, strings.HasSuffix(name, "zipped"), c.write)
			var err error
			used := peak(func() { err = c.call(remote) })
			if !errors.Is(err, limit.ErrExceeded) ||
				!strings.Contains(err.Error(), strings.TrimPrefix(remote.URL, "http://")+" sends more than") ||
				len(err.Error()) > 3000 {
				t.Errorf("%.1000v", err)
			}
			if used > 64 {
				t.Errorf("it took %d MB", used)
			}
			t.Log(used, "MB,", err)
		})
	}
}

// TestReversedDeltas reads as many deltas as git itself would make, in time, in any order.
func TestReversedDeltas(t *testing.T) {
	for _, n := range []int{1, 50, 4000} {
		entries := growing(n)
		for _, entries := range [][][]byte{entries, reversed(slices.Clone(entries))} {
			begun := time.Now()
			found, err := unpackAll(t.Context(), packOf(entries...))
			if err != nil || len(found.found) != n+1 {
				t.Errorf("%d: %v", n, err)
			}
			if took := time.Since(begun); took > 6*time.Second {
				t.Errorf("%d took %s", n, took)
			}
		}
	}
	if _, err := unpackAll(t.Context(), packOf(growing(3)[1:]...)); !errors.Is(err, errPack) {
		t.Errorf("without what they are made from: %v", err)
	}
}

func unpackAll(ctx context.Context, pack []byte, kinds ...plumbing.ObjectType) (*objects, error) {
	keep := func(kind plumbing.ObjectType) bool { return len(kinds) == 0 || slices.Contains(kinds, kind) }
	return (&unpacking{budget: limit.New(ctx, "git.example.com"), keep: keep}).read(bytes.NewReader(pack))
}

// FuzzUnpack holds that a pack can only cause an error, not a panic.
func FuzzUnpack(f *testing.F) {
	for _, pack := range bombs() {
		if len(pack) < 50_000 {
			f.Add(pack)
		}
	}
	f.Add(packOf(growing(3)...))
	f.Add(packOf(reversed(growing(3))...))
	f.Add(packOf(whole(plumbing.BlobObject, []byte("x")), entry(plumbing.OFSDeltaObject, 4, []byte{10},
		[]byte{1, 1, 1, 'y'})))
	f.Fuzz(func(t *testing.T, pack []byte) {
		for _, kinds := range [][]plumbing.ObjectType{nil, {plumbing.CommitObject}} {
			if found, err := unpackAll(t.Context(), pack, kinds...); err == nil {
				for hash := range found.found {
					_, _ = found.commit(hash)
					_, _ = found.entry(hash, "x")
				}
			}
		}
	})
}

// FuzzRefs holds that a line of refs can only cause an error, not a panic.
func FuzzRefs(f *testing.F) {
	hash := strings.Repeat("1", 40)
	f.Add(hash + " refs/tags/shop-1.0.0^{}\n")
	f.Add(hash + " capabilities^{}\x00report-status side-band-64k\n")
	f.Add(hash + strings.Repeat(" peeled:"+hash, 1000))
	f.Add("\x00\x00 ^{}")
	f.Fuzz(func(t *testing.T, line string) {
		a := &advertisement{refs: map[string]string{}}
		_ = a.add(line, func(string) bool { return true }, limit.New(t.Context(), ""))
		for _, name := range a.refs {
			if !plumbing.IsHash(name) {
				t.Errorf("%q is no hash", name)
			}
		}
		_ = remoteWords(line)
		_, _ = Address(line)
		readSettings(line, func(setting) {})
	})
}
