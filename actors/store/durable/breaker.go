package durable

import (
	"errors"
	"io"
	"io/fs"
	"strings"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// breaker stands between Pebble and the file system. Pebble cannot live with a write that fails: one in its log ends
// the process, some even by a mutex that is unlocked twice; one while it flushes is repeated hundreds of times a second
// and keeps a commit waiting for ever. So the first write that fails trips the breaker, and from then on every change
// seems to succeed and changes nothing. Pebble goes on with what it takes for a disk and can be closed, while what is
// on the real disk stays as after a crash at that very moment, from which Pebble knows how to recover. Nothing that is
// written through a breaker counts before cause has been looked at again.
type breaker struct {
	vfs.FS
	sink *vfs.MemFS // what is made after the trip, so that it can be read again
	why  atomic.Pointer[error]
	done chan struct{} // closed by the trip

	manifest, log witness
}

func newBreaker(inner vfs.FS) *breaker {
	return &breaker{
		FS: inner, sink: vfs.NewMem(), done: make(chan struct{}),
		manifest: witness{note: manifestNote, lasting: true}, log: witness{note: logNote},
	}
}

// close ends what the breaker itself has open.
func (b *breaker) close() {
	b.manifest.close()
	b.log.close()
}

// trip breaks for err; only the first one counts.
func (b *breaker) trip(err error) {
	if b.why.CompareAndSwap(nil, &err) {
		close(b.done)
	}
}

// cause is why the breaker tripped, or nil.
func (b *breaker) cause() error {
	if p := b.why.Load(); p != nil {
		return *p
	}
	return nil
}

// do changes the file system by f, as long as that works.
func (b *breaker) do(f func() error) {
	if b.cause() != nil {
		return
	}
	if err := f(); err != nil {
		b.trip(err)
	}
}

// open makes a file for writing by f, or one in memory after the trip.
func (b *breaker) open(name string, category vfs.DiskWriteCategory, f func() (vfs.File, error)) (vfs.File, error) {
	var inner vfs.File
	b.do(func() error {
		made, err := f()
		if err == nil {
			inner = made // with an error it may be something that is not nil and no file
		}
		return err
	})
	if inner != nil {
		return &brokenFile{File: inner, by: b, name: name}, nil
	}
	return b.create(name, category)
}

// create makes a file in memory.
func (b *breaker) create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if err := b.sink.MkdirAll(b.PathDir(name), 0o700); err != nil {
		return nil, err
	}
	return b.sink.Create(name, category)
}

// Create implements vfs.FS.
func (b *breaker) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return b.open(name, c, func() (vfs.File, error) { return b.FS.Create(name, c) })
}

// OpenReadWrite implements vfs.FS.
func (b *breaker) OpenReadWrite(name string, c vfs.DiskWriteCategory, o ...vfs.OpenOption) (vfs.File, error) {
	return b.open(name, c, func() (vfs.File, error) { return b.FS.OpenReadWrite(name, c, o...) })
}

// ReuseForWrite implements vfs.FS.
func (b *breaker) ReuseForWrite(from, to string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return b.open(to, c, func() (vfs.File, error) { return b.FS.ReuseForWrite(from, to, c) })
}

// OpenDir implements vfs.FS.
func (b *breaker) OpenDir(name string) (vfs.File, error) {
	d, err := b.FS.OpenDir(name)
	if err != nil {
		return nil, err
	}
	return &brokenFile{File: d, by: b, name: name}, nil
}

// Open implements vfs.FS.
func (b *breaker) Open(name string, o ...vfs.OpenOption) (vfs.File, error) {
	if b.cause() != nil {
		if f, err := b.sink.Open(name, o...); err == nil {
			return f, nil
		}
	}
	return b.FS.Open(name, o...)
}

// Stat implements vfs.FS.
func (b *breaker) Stat(name string) (vfs.FileInfo, error) {
	if b.cause() != nil {
		if i, err := b.sink.Stat(name); err == nil {
			return i, nil
		}
	}
	return b.FS.Stat(name)
}

// List implements vfs.FS. It leaves out Pebble's OPTIONS files, which say what options the database was opened with: a
// damaged one would keep it from being opened, and nothing else depends on it.
func (b *breaker) List(dir string) ([]string, error) {
	names, err := b.FS.List(dir)
	kept := names[:0]
	for _, n := range names {
		if !strings.HasPrefix(n, optionsPrefix) {
			kept = append(kept, n)
		}
	}
	return kept, err
}

// Link implements vfs.FS.
func (b *breaker) Link(from, to string) error {
	b.do(func() error { return b.FS.Link(from, to) })
	return nil
}

// Remove implements vfs.FS. Pebble makes a new marker, by which it finds the manifest, and removes the old one before it
// syncs the folder: on a file system that does not keep that order a power cut would leave none.
func (b *breaker) Remove(name string) (err error) {
	b.do(func() error {
		if strings.HasPrefix(b.PathBase(name), markerPrefix) {
			if err := syncDir(b.FS, b.PathDir(name)); err != nil {
				return err
			}
		}
		failed := b.FS.Remove(name)
		if errors.Is(failed, fs.ErrNotExist) {
			err, failed = failed, nil // Pebble knows what to make of that
		}
		return failed
	})
	return err
}

// RemoveAll implements vfs.FS.
func (b *breaker) RemoveAll(name string) error {
	b.do(func() error { return b.FS.RemoveAll(name) })
	return nil
}

// Rename implements vfs.FS.
func (b *breaker) Rename(from, to string) error {
	b.do(func() error { return b.FS.Rename(from, to) })
	return nil
}

// MkdirAll implements vfs.FS.
func (b *breaker) MkdirAll(dir string, perm fs.FileMode) error {
	b.do(func() error { return b.FS.MkdirAll(dir, perm) })
	return nil
}

// Unwrap implements vfs.FS.
func (b *breaker) Unwrap() vfs.FS { return b.FS }

// brokenFile is a file, or a directory, behind a breaker.
type brokenFile struct {
	vfs.File
	by      *breaker
	name    string
	written int64
	// rest is the whole of a table that the trip found half written. What was in memory before is only in there now, and
	// it is read again when a change has to be taken back.
	rest vfs.File
}

// Write implements vfs.File.
func (f *brokenFile) Write(p []byte) (_ int, err error) {
	before := f.written
	f.by.do(func() error {
		n, err := f.File.Write(p)
		f.written += int64(n)
		return err
	})
	if f.by.cause() != nil && strings.HasSuffix(f.name, tableSuffix) {
		err = f.divert(p[f.written-before:])
	}
	return len(p), err
}

// divert goes on writing in memory.
func (f *brokenFile) divert(p []byte) (err error) {
	if f.rest == nil {
		disk, err := f.by.FS.Open(f.name)
		if err != nil {
			return err
		}
		if f.rest, err = f.by.create(f.name, vfs.WriteCategoryUnspecified); err != nil {
			return errors.Join(err, disk.Close())
		}
		_, err = io.Copy(f.rest, io.NewSectionReader(disk, 0, f.written))
		if err = errors.Join(err, disk.Close()); err != nil {
			return err
		}
	}
	_, err = f.rest.Write(p)
	return err
}

// WriteAt implements vfs.File.
func (f *brokenFile) WriteAt(p []byte, at int64) (int, error) {
	f.by.do(func() error {
		_, err := f.File.WriteAt(p, at)
		return err
	})
	return len(p), nil
}

// Preallocate implements vfs.File. It only helps to write fast.
func (f *brokenFile) Preallocate(at, n int64) error {
	if f.by.cause() == nil {
		_ = f.File.Preallocate(at, n)
	}
	return nil
}

// Sync implements vfs.File.
func (f *brokenFile) Sync() error {
	f.by.do(func() error { return f.synced(f.File.Sync()) })
	return nil
}

// SyncData implements vfs.File.
func (f *brokenFile) SyncData() error {
	f.by.do(func() error { return f.synced(f.File.SyncData()) })
	return nil
}

// SyncTo implements vfs.File.
func (f *brokenFile) SyncTo(n int64) (full bool, err error) {
	f.by.do(func() (err error) {
		full, err = f.File.SyncTo(n)
		return err
	})
	return full, nil
}

// Close implements vfs.File.
func (f *brokenFile) Close() error {
	err := f.File.Close()
	if f.rest != nil {
		_ = f.rest.Close()
	}
	f.by.do(func() error { return err })
	return nil
}

func (f *brokenFile) synced(err error) error {
	switch {
	case err != nil:
	case strings.HasSuffix(f.name, logSuffix):
		err = f.by.log.write(f.by.FS, f.name, f.written)
	case strings.HasPrefix(f.by.PathBase(f.name), manifestPrefix):
		err = f.by.manifest.write(f.by.FS, f.name, f.written)
	}
	return err
}
