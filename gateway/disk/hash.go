package disk

import (
	"context"
	"crypto/md5"
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"syscall"

	"alakazaam/actors/p2p"
)

// hasher computes MD5s: those of the share one after the other in a goroutine of its own, so that a node that starts
// is not busy with nothing else, and single ones for whoever asks.
type hasher struct {
	cache  *cache
	jobs   chan job
	done   chan result
	ctx    context.Context
	cancel context.CancelFunc
	hashed atomic.Int64 // files read
	bytes  atomic.Int64 // of the job at hand
}

// job is a file to hash for the librarian. generation says for which Watch.
type job struct {
	path       string
	generation int
	ctx        context.Context
}

// result is what came of a job.
type result struct {
	job
	id    p2p.FileID
	stamp stamp
	err   error
}

// rooms are what files are read into.
var rooms = sync.Pool{New: func() any { return new([256 << 10]byte) }}

// errChanged says that a file was written while it was read.
var errChanged = errors.New("changed while it was read")

func newHasher(c *cache) *hasher {
	h := &hasher{cache: c, jobs: make(chan job, 1), done: make(chan result, 1)}
	h.ctx, h.cancel = context.WithCancel(context.Background())
	return h
}

// run works for the librarian, who gives out a job only when there is none.
func (h *hasher) run(quit <-chan struct{}) {
	for {
		select {
		case j := <-h.jobs:
			r := result{job: j}
			r.id, r.stamp, r.err = h.hash(j.ctx, j.path, os.OpenFile, &h.bytes)
			h.done <- r
		case <-quit:
			return
		}
	}
}

// opener is os.OpenFile or that of an os.Root.
type opener func(name string, flag int, perm os.FileMode) (*os.File, error)

// hash gives the MD5 of a regular file, from the cache where it is in there.
func (h *hasher) hash(ctx context.Context, path string, open opener, read *atomic.Int64) (id p2p.FileID, st stamp, err error) {
	f, err := open(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return id, st, err
	}
	defer f.Close()
	return h.hashFile(ctx, path, f, read)
}

// hashFile does that for an open file, which the cache knows as path.
func (h *hasher) hashFile(ctx context.Context, path string, f *os.File, read *atomic.Int64) (id p2p.FileID, st stamp, err error) {
	info, err := f.Stat()
	if err != nil {
		return id, st, err
	}
	if !info.Mode().IsRegular() {
		return id, st, &os.PathError{Op: "hash", Path: path, Err: errors.New("not a regular file")}
	}
	st = stampOf(info)
	if id, ok := h.cache.get(path, st); ok {
		return id, st, nil
	}
	h.hashed.Add(1)
	room := rooms.Get().(*[256 << 10]byte)
	defer rooms.Put(room)
	sum, n := md5.New(), int64(0)
	for err == nil {
		if err = ctx.Err(); err != nil {
			return id, st, err
		}
		var k int
		k, err = f.Read(room[:])
		sum.Write(room[:k])
		n += int64(k)
		if read != nil {
			read.Store(n)
		}
	}
	if err != io.EOF {
		return id, st, err
	}
	if info, err = f.Stat(); err != nil {
		return id, st, err
	}
	if stampOf(info) != st || n != st.size {
		return id, st, errChanged
	}
	id = p2p.FileID(sum.Sum(nil))
	h.cache.put(path, st, id)
	return id, st, nil
}
