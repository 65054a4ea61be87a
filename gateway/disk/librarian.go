package disk

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/sirupsen/logrus"

	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
)

// saveEvery is how often the hash cache is written down while files are hashed. Afterwards it does not wait as long.
const saveEvery = time.Minute

// librarian knows what is shared. All of it belongs to the goroutine that runs run.
type librarian struct {
	Options
	*shares
	cache  *cache
	hasher *hasher
	send   func(*actor.PID, any)

	ear        *ear       // nil where nobody watches, or the system cannot report
	owner      *actor.PID // nil where nobody watches
	generation int        // counts the calls of watch
	shelf      *shelf
	moved      map[string]bool // folders that came, went or were replaced, to be looked through
	ctx        context.Context // of hashing for a watch
	cancel     context.CancelFunc
	hashing    string // the path that is with the hasher
	busy       bool   // the hasher has a job, of this generation or an earlier one
	saved      time.Time
	complained map[string]bool // paths that were complained about
}

func newLibrarian(o Options, s *shares, c *cache, h *hasher, send func(*actor.PID, any)) *librarian {
	l := &librarian{Options: o, shares: s, cache: c, hasher: h, send: send}
	l.ctx, l.cancel = context.WithCancel(h.ctx)
	return l
}

// run works until the disk is closed.
func (l *librarian) run(d *Disk) {
	rescan := time.NewTicker(l.Rescan)
	defer rescan.Stop()
	pause := max(min(l.Quiet/4, l.Progress/4), time.Millisecond)
	tick := time.NewTicker(pause)
	defer tick.Stop()
	ticking := true
	for {
		var reports <-chan struct{}
		if l.ear != nil {
			reports = l.ear.wake
		}
		select {
		case <-d.wake:
			for _, f := range d.jobs() {
				f()
			}
		case <-reports:
			l.listenTo(l.ear.heard())
		case r := <-l.hasher.done:
			l.result(r)
		case <-rescan.C:
			l.rescan()
		case <-tick.C:
			l.due(time.Now())
		case <-d.quit:
			l.stopWatching()
			l.cache.save()
			return
		}
		l.advance()
		// The ticker rests while there is nothing to wait for.
		if pending := l.waiting(); pending != ticking {
			if ticking = pending; ticking {
				tick.Reset(pause)
			} else {
				tick.Stop()
			}
		}
	}
}

// waiting says whether there will be something to do even if nothing happens.
func (l *librarian) waiting() bool {
	return l.owner != nil && (l.shelf.unsettled() || len(l.moved) > 0) || l.cache.dirty()
}

// watch begins from nothing.
func (l *librarian) watch(owner *actor.PID) {
	l.drop()
	l.generation++
	l.owner = owner
	l.complained, l.moved = map[string]bool{}, map[string]bool{}
	l.shelf = newShelf(func(m any) { l.send(owner, m) }, l.Progress)
	var err error
	if l.ear, err = newEar(); err != nil {
		l.Log.WithError(err).Error("changes of shared files are only noticed by looking through them from time to time")
	}
	if err := os.MkdirAll(l.dir, 0o755); err != nil {
		l.Log.WithError(err).Error("no share folder")
	}
	l.rescan()
}

// stopWatching forgets everything but the cache.
func (l *librarian) stopWatching() {
	l.cancel()
	l.ctx, l.cancel = context.WithCancel(l.hasher.ctx)
	l.drop()
}

// drop ends a generation. A file that is being hashed for it may be finished: the next one will want it.
func (l *librarian) drop() {
	if l.ear != nil {
		l.ear.close()
	}
	l.owner, l.ear, l.shelf, l.hashing = nil, nil, nil, ""
}

// share is Disk.Share.
func (l *librarian) share(paths []string) *port.ShareEdited {
	return l.edit(paths, func(path string) (known bool, err error) {
		info, err := os.Stat(path)
		if err != nil || !info.IsDir() && !info.Mode().IsRegular() {
			return false, nil
		}
		return true, l.shares.share(path)
	})
}

// unshare is Disk.Unshare.
func (l *librarian) unshare(paths []string, files []p2p.FileID) *port.ShareEdited {
	var unknown []string
	for _, f := range files {
		with := l.cache.with(f)
		if l.owner != nil {
			with = l.shelf.with(f)
		}
		with = slices.DeleteFunc(with, func(p string) bool { return !l.wants(p) })
		if len(with) == 0 {
			unknown = append(unknown, f.String())
		}
		slices.Sort(with)
		paths = append(slices.Clip(paths), with...)
	}
	m := l.edit(paths, func(path string) (bool, error) {
		if _, err := os.Lstat(path); err != nil && !l.extra[path] {
			return false, nil
		}
		return l.shares.unshare(path), nil
	})
	m.Unknown = append(m.Unknown, unknown...)
	return m
}

// edit changes the shares path by path and writes them down. refresh has to follow.
func (l *librarian) edit(paths []string, change func(path string) (known bool, err error)) *port.ShareEdited {
	before := *l.clone()
	m := &port.ShareEdited{}
	for _, named := range paths {
		path, err := filepath.Abs(named)
		if err != nil {
			m.Unknown = append(m.Unknown, named)
			continue
		}
		known, err := change(path)
		switch {
		case err != nil:
			*l.shares = before
			return &port.ShareEdited{Err: err}
		case known:
			m.Paths = append(m.Paths, path)
		default:
			m.Unknown = append(m.Unknown, named)
		}
	}
	if len(m.Paths) == 0 {
		return m
	}
	if err := l.save(); err != nil {
		*l.shares = before
		return &port.ShareEdited{Err: err}
	}
	return m
}

// refresh brings the shelf in line with an edit.
func (l *librarian) refresh(m *port.ShareEdited) {
	if l.owner != nil {
		l.look(m.Paths)
	}
}

// result takes an MD5 from the hasher.
func (l *librarian) result(r result) {
	l.busy = false
	if l.owner == nil || r.generation != l.generation {
		return // the cache has it
	}
	l.hashing = ""
	switch {
	case r.err == errChanged:
		l.shelf.disturb(r.path, time.Now().Add(l.Quiet))
	case os.IsNotExist(r.err):
		l.shelf.remove(r.path)
	case r.err != nil:
		l.complain(r.path, r.err)
		l.shelf.fail(r.path)
	default:
		if info, err := l.stat(r.path); err != nil || stampOf(info) != r.stamp {
			l.shelf.disturb(r.path, time.Now()) // another file has taken its place meanwhile
			return
		}
		l.shelf.settle(r.path, r.stamp, r.id, false)
	}
}

// advance gives the hasher its next file and the owner what has come together.
func (l *librarian) advance() {
	now := time.Now()
	if l.owner != nil {
		if !l.busy {
			if path, ok := l.shelf.next(); ok {
				l.busy, l.hashing = true, path
				l.hasher.bytes.Store(0)
				l.hasher.jobs <- job{path, l.generation, l.ctx}
			}
		}
		var reading int64
		if l.hashing != "" {
			reading = l.hasher.bytes.Load()
		}
		l.shelf.report(now, reading)
	}
	pause := saveEvery
	if !l.busy {
		pause = saveEvery / 12
	}
	if l.cache.dirty() && now.Sub(l.saved) > pause {
		l.cache.save()
		l.saved = now
	}
}

// complain logs what is wrong with a path, once.
func (l *librarian) complain(path string, err error) {
	if !l.complained[path] {
		l.complained[path] = true
		l.Log.WithError(err).WithFields(logrus.Fields{"path": path}).Warn("not shared")
	}
}
