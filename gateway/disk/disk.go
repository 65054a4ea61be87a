// Package disk puts the shared files and the download folder behind port.Disk.
//
// All that is known about the share belongs to one goroutine, the librarian's; calls of Disk only leave it something to
// do. Beside it one goroutine hashes, one takes what the system reports, and each Keep and Have has one of its own. The
// share is never written to. The download folder is reached through an os.Root, so that no name, however hostile, leads
// out of it.
//
// Two files in the data directory outlast the process: shares.json, what the user has added to the share and taken
// away, and hashes, the MD5 of each file that has been seen, which spares a restart from reading a terabyte again. Beside
// them the folder notes holds what the actors keep for the next start, behind port.Notes.
package disk

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/sirupsen/logrus"

	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
)

// Options are what a Disk is told. The three folders have to be given; they are created where they are missing.
type Options struct {
	ShareDir    string // shared with everything below it
	DownloadDir string // where downloads end up; may be the ShareDir or lie in it
	DataDir     string // never shared, wherever it lies

	// Quiet is for how long a file must not have changed before it is read, so that one that is still being copied is
	// not published. 0 means 500 ms.
	Quiet time.Duration

	// Rescan is how often everything is looked through for what the system did not report: changes on network file
	// systems and behind symbolic links, files that could not be read. 0 means 10 min.
	Rescan time.Duration

	// Progress is the least time between two ShareProgress. 0 means 200 ms.
	Progress time.Duration

	Log logrus.FieldLogger
}

func (o Options) withDefaults() Options {
	if o.Quiet <= 0 {
		o.Quiet = 500 * time.Millisecond
	}
	if o.Rescan <= 0 {
		o.Rescan = 10 * time.Minute
	}
	if o.Progress <= 0 {
		o.Progress = 200 * time.Millisecond
	}
	if o.Log == nil {
		silent := logrus.New()
		silent.SetOutput(io.Discard)
		o.Log = silent
	}
	return o
}

// Disk is port.Disk.
type Disk struct {
	root      *actor.RootContext
	log       logrus.FieldLogger
	lib       *librarian
	hasher    *hasher
	downloads *downloads

	mu     sync.Mutex
	closed bool
	todo   []func()      // for the librarian
	wake   chan struct{} // says that there is something in todo
	quit   chan struct{}
	work   sync.WaitGroup
}

var _ port.Disk = (*Disk)(nil)

// New is a Disk that sends its messages through system. An error means that a folder cannot be made or used, or that
// shares.json cannot be read: guessing what the user does not want to share is no option.
func New(system *actor.ActorSystem, o Options) (*Disk, error) {
	o = o.withDefaults()
	for _, dir := range []*string{&o.ShareDir, &o.DownloadDir, &o.DataDir} {
		if *dir == "" {
			return nil, errors.New("disk: share, download and data folder must be named")
		}
		var err error
		if *dir, err = filepath.Abs(*dir); err != nil {
			return nil, fmt.Errorf("disk: %w", err)
		}
		if err = os.MkdirAll(*dir, 0o755); err != nil {
			return nil, fmt.Errorf("disk: %w", err)
		}
	}
	if o.DataDir == o.ShareDir {
		return nil, fmt.Errorf("disk: %s cannot be both data and share folder", o.DataDir)
	}
	shares, err := loadShares(filepath.Join(o.DataDir, "shares.json"), o.ShareDir, o.DataDir)
	if err != nil {
		return nil, fmt.Errorf("disk: %w", err)
	}
	cache := loadCache(filepath.Join(o.DataDir, "hashes"), o.Log)
	hasher := newHasher(cache)
	downloads, err := openDownloads(o.DownloadDir, hasher, o.Log)
	if err != nil {
		return nil, fmt.Errorf("disk: %w", err)
	}
	d := &Disk{
		root: system.Root, log: o.Log, hasher: hasher, downloads: downloads,
		wake: make(chan struct{}, 1), quit: make(chan struct{}),
	}
	d.lib = newLibrarian(o, shares, cache, hasher, d.root.Send)
	d.work.Add(2)
	go func() {
		defer d.work.Done()
		hasher.run(d.quit)
	}()
	go func() {
		defer d.work.Done()
		d.lib.run(d)
	}()
	return d, nil
}

// Close ends everything. It waits for a Keep under way and for the hashes to be written down.
func (d *Disk) Close() {
	d.mu.Lock()
	closed := d.closed
	d.closed = true
	d.mu.Unlock()
	if !closed {
		close(d.quit)
		d.hasher.cancel()
	}
	d.work.Wait()
	if !closed {
		d.downloads.close()
	}
}

// Hashed is how many files have been read to compute their MD5.
func (d *Disk) Hashed() int64 { return d.hasher.hashed.Load() }

// do leaves the librarian something to do; false where the disk is closed.
func (d *Disk) do(f func()) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return false
	}
	d.todo = append(d.todo, f)
	select {
	case d.wake <- struct{}{}:
	default:
	}
	return true
}

// jobs takes what there is to do.
func (d *Disk) jobs() []func() {
	d.mu.Lock()
	defer d.mu.Unlock()
	todo := d.todo
	d.todo = nil
	return todo
}

// start runs f beside everything else; false where the disk is closed.
func (d *Disk) start(f func()) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return false
	}
	d.work.Go(f)
	return true
}

// Watch begins to look through the share.
func (d *Disk) Watch(owner *actor.PID) { d.do(func() { d.lib.watch(owner) }) }

// StopWatching ends Watch.
func (d *Disk) StopWatching() { d.do(d.lib.stopWatching) }

// Share adds paths.
func (d *Disk) Share(paths []string, owner *actor.PID) {
	d.edit(owner, func() *port.ShareEdited { return d.lib.share(paths) })
}

// Unshare takes paths away, and every path with the content of one of the files.
func (d *Disk) Unshare(paths []string, files []p2p.FileID, owner *actor.PID) {
	d.edit(owner, func() *port.ShareEdited { return d.lib.unshare(paths, files) })
}

// edit lets the librarian change what is shared, and reports it.
func (d *Disk) edit(owner *actor.PID, change func() *port.ShareEdited) {
	if !d.do(func() {
		m := change()
		d.root.Send(owner, m)
		d.lib.refresh(m)
	}) {
		d.root.Send(owner, &port.ShareEdited{Err: errClosed})
	}
}

// Partial is in a hidden folder of the download folder, which is on the same file system and never shared.
func (d *Disk) Partial(f p2p.FileID) string { return d.downloads.partial(f) }

// Keep gives a complete download its name.
func (d *Disk) Keep(f p2p.FileID, name string, owner *actor.PID) {
	d.report(owner, func() (string, error) { return d.downloads.keep(f, name) })
}

// Have looks for a finished download.
func (d *Disk) Have(f p2p.FileID, name string, owner *actor.PID) {
	d.report(owner, func() (string, error) { return d.downloads.have(f, name) })
}

// report runs f beside everything else and sends its outcome.
func (d *Disk) report(owner *actor.PID, f func() (string, error)) {
	if !d.start(func() {
		path, err := f()
		d.root.Send(owner, &port.Kept{Path: path, Err: err})
	}) {
		d.root.Send(owner, &port.Kept{Err: errClosed})
	}
}

// Discard removes a partial file. When it returns the path is free for another one; only the space on the disk may take
// a moment longer.
func (d *Disk) Discard(f p2p.FileID) {
	if trash := d.downloads.discard(f); trash != "" {
		d.start(func() { d.downloads.remove(trash) })
	}
}

var errClosed = fmt.Errorf("disk: %w", os.ErrClosed)
