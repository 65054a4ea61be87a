package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
)

const (
	// mostUnsynced is how many bytes of changes at most wait for being synced, whatever Options.Sync says: they are kept
	// in memory until then.
	mostUnsynced = 8 << 20
	// The directory that broke is opened again after these times, doubling.
	minDelay = 100 * time.Millisecond
	maxDelay = 5 * time.Second
	// sound is how long it must have worked to be opened again at once.
	sound = 10 * time.Second
)

// directory is the database with what is needed to bring it back. It belongs to one goroutine.
type directory struct {
	o      Options
	schema schema
	lock   *pebble.Lock

	engine *engine // nil while it is broken
	// live holds the sessions that are in the directory, so that changes of others are left out without a look at the disk.
	live   map[p2p.SessionID]struct{}
	broken atomic.Pointer[error] // why engine is nil
	lost   bool                  // it is damaged, and opening it again is no use

	opened, retryAt time.Time
	delay           time.Duration

	// unsynced holds the batches that have been acknowledged and not synced, and since when there are any.
	unsynced [][]byte
	waiting  int // their bytes
	since    time.Time
	// repair is what has to be written first when the directory is opened again: acknowledged batches that may not have
	// reached the disk, and what takes back a batch that was refused and may have.
	repair [][]byte
}

// acquire makes the folder and takes its lock.
func (d *directory) acquire() (err error) {
	if err := makeDir(d.o.FS, d.o.Dir); err != nil {
		return trouble(err)
	}
	if d.lock, err = pebble.LockDirectory(d.o.Dir, d.o.FS); err == nil {
		return nil
	}
	var system *fs.PathError
	if errors.As(err, &system) {
		return trouble(err)
	}
	return fmt.Errorf("%s %w: %w", d.o.Dir, ErrInUse, err)
}

func (d *directory) release() {
	if d.lock != nil {
		_ = d.lock.Close()
		d.lock = nil
	}
}

// start opens the database, after a look at all of it that changes nothing.
func (d *directory) start() (c contents, err error) {
	if c, err = d.inspect(); err != nil {
		return c, err
	}
	if c.version == 0 && !d.opened.IsZero() {
		return c, fmt.Errorf("%w: its files are gone", ErrDamaged)
	}
	e, err := openEngine(&d.o, d.lock, false)
	if err != nil {
		return c, err
	}
	err = d.prepare(e, &c)
	if cause := e.fs.cause(); cause != nil {
		err = trouble(cause)
	}
	if err != nil {
		_ = e.close()
		return c, err
	}
	d.engine, d.live, d.repair, d.opened = e, c.live, nil, time.Now()
	d.broken.Store(nil)
	return c, nil
}

// prepare brings what was found up to date.
func (d *directory) prepare(e *engine, c *contents) error {
	if c.version != d.schema.version {
		if err := d.schema.migrate(e.db, c.version); err != nil {
			return err
		}
	}
	if len(d.repair) > 0 {
		if err := commitAll(e.db, d.repair); err != nil {
			return err
		}
	}
	empty := d.o.Fresh && d.opened.IsZero()
	if empty {
		if err := e.db.DeleteRange(firstRecord, behindRecord, pebble.Sync); err != nil {
			return err
		}
	}
	if c.version != d.schema.version || len(d.repair) > 0 || empty {
		return c.read(e.db)
	}
	return nil
}

// tend does what has come due: it notices that the database broke, opens it again, and syncs.
func (d *directory) tend() {
	if d.engine != nil {
		if cause := d.engine.fs.cause(); cause != nil {
			d.retire(nil)
		} else if len(d.unsynced) > 0 && (time.Since(d.since) >= d.o.Sync || d.waiting > mostUnsynced) {
			_ = d.sync()
		}
	}
	if d.engine == nil && !d.lost && !time.Now().Before(d.retryAt) {
		d.reopen()
	}
}

// due is how long tend has nothing to do.
func (d *directory) due() time.Duration {
	switch {
	case d.engine == nil && !d.lost:
		return time.Until(d.retryAt)
	case len(d.unsynced) > 0:
		return time.Until(d.since.Add(d.o.Sync))
	}
	return time.Hour
}

// trips is closed when the database breaks.
func (d *directory) trips() <-chan struct{} {
	if d.engine == nil {
		return nil
	}
	return d.engine.fs.done
}

// retire closes the database that broke. undo takes back the batch that was refused for it.
func (d *directory) retire(undo []byte) {
	cause := trouble(d.engine.fs.cause())
	d.o.Log.WithError(cause).Error("the directory's database broke and is opened again as soon as that is possible")
	d.broken.Store(&cause)
	_ = d.engine.close()
	d.repair = append(d.repair, d.unsynced...)
	if undo != nil {
		d.repair = append(d.repair, undo)
	}
	d.engine, d.live, d.unsynced, d.waiting = nil, nil, nil, 0
	if time.Since(d.opened) > sound {
		d.delay = 0
	}
	d.retryAt = time.Now().Add(d.delay)
}

func (d *directory) reopen() {
	err := d.room(d.o.Reserve / 4)
	if err == nil {
		_, err = d.start()
	}
	d.delay = min(max(2*d.delay, minDelay), maxDelay)
	d.retryAt = time.Now().Add(d.delay)
	if err == nil {
		d.o.Log.Info("the directory is open again, and nothing that was acknowledged is lost")
		return
	}
	d.broken.Store(&err)
	if errors.Is(err, ErrDamaged) {
		d.lost = true
		d.o.Log.WithError(err).Error("the directory is damaged: it is set aside when the node starts the next time")
		if d.o.Damaged != nil {
			d.o.Damaged(err)
		}
	}
}

// room refuses where fewer than need bytes are free. A file system that does not say is taken to have room.
func (d *directory) room(need int64) error {
	u, err := d.o.FS.GetDiskUsage(d.o.Dir)
	if err != nil || need <= 0 || u.AvailBytes >= uint64(need) {
		return nil
	}
	return fmt.Errorf("%w: %d MiB are free at %s, and %d MiB have to be", ErrNoSpace, u.AvailBytes>>20, d.o.Dir, need>>20)
}

// trouble is why nothing can be written at the moment, or nil.
func (d *directory) trouble() error {
	if p := d.broken.Load(); p != nil {
		return *p
	}
	return d.room(d.o.Reserve)
}

// apply makes the changes, all or none.
func (d *directory) apply(changes []port.Change) error {
	if d.tend(); d.engine == nil {
		return *d.broken.Load()
	}
	need := d.o.Reserve
	if onlyTakes(changes) {
		need /= 2 // it makes room in the end
	}
	if err := d.room(need); err != nil {
		return err
	}
	b := d.engine.db.NewBatch()
	err := d.fill(b, changes)
	var undo []byte
	if err == nil && !b.Empty() {
		undo, err = d.commit(b)
	}
	err = errors.Join(err, b.Close())
	if err != nil {
		d.engine.fs.trip(err) // whatever it was: live does not fit any more
		d.retire(undo)
	}
	return err
}

func onlyTakes(changes []port.Change) bool {
	for _, c := range changes {
		if c.Op != port.OpLogout && c.Op != port.OpDelete {
			return false
		}
	}
	return true
}

// fill writes into b what the changes change. What they say about sessions that are not there changes nothing.
func (d *directory) fill(b *pebble.Batch, changes []port.Change) (err error) {
	key, value := make([]byte, 0, fileKeyLen), make([]byte, 0, p2p.NameLen)
	for _, c := range changes {
		_, here := d.live[c.Session]
		if here == (c.Op == port.OpLogin) {
			continue
		}
		switch key = appendLoginKey(key[:0], c.Session); c.Op {
		case port.OpLogin:
			d.live[c.Session] = struct{}{}
			value = appendEndpoint(value[:0], c.Endpoint)
			err = b.Set(key, value, nil)
		case port.OpLogout:
			delete(d.live, c.Session)
			err = b.DeleteRange(key, keyBehind(c.Session), nil)
		case port.OpPut:
			value = append(value[:0], c.Name...)
			err = b.Set(append(key, c.File[:]...), value, nil)
		case port.OpDelete:
			err = b.Delete(append(key, c.File[:]...), nil)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// sync makes durable what has been acknowledged before.
func (d *directory) sync() error {
	if err := d.engine.db.LogData(nil, pebble.Sync); err != nil {
		d.engine.fs.trip(err)
	}
	if cause := d.engine.fs.cause(); cause != nil {
		d.retire(nil)
		return trouble(cause)
	}
	d.unsynced, d.waiting = nil, 0
	return nil
}

// close ends everything. A flush makes the next start fast, and what it writes is checked more thoroughly than a log.
func (d *directory) close() (err error) {
	defer d.release()
	d.retryAt = time.Time{}
	if d.tend(); d.engine == nil {
		if d.o.Sync > 0 && len(d.repair) > 0 {
			return fmt.Errorf("the last changes are not kept: %w", *d.broken.Load())
		}
		return nil // what has to be taken back may be found the next time
	}
	err = d.engine.db.Flush()
	err = errors.Join(err, d.engine.close())
	if cause := d.engine.fs.cause(); cause != nil {
		err = trouble(cause)
	}
	d.engine = nil
	return err
}

// makeDir makes a folder with its parents, so that a power cut leaves it where it is.
func makeDir(in vfs.FS, dir string) error {
	if _, err := in.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	parent := in.PathDir(dir)
	if parent != dir {
		if err := makeDir(in, parent); err != nil {
			return err
		}
	}
	return errors.Join(in.MkdirAll(dir, 0o750), syncDir(in, parent))
}

func syncDir(in vfs.FS, dir string) error {
	f, err := in.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
