// Package durable is a port.Store on disk: a Pebble database in a folder of its own.
//
// An Apply is one batch. With Options.Sync 0 it is synced before it is acknowledged, and nothing that was acknowledged
// is lost to a kill or a power cut; with a duration it is synced that often, and a power cut may cost as much. One
// goroutine does everything in the order of the calls; the calls only leave it something to do.
//
// A disk that is full, or fails, costs nobody more than an error. Below a reserve of free space changes are refused
// before they are tried. Where a write fails all the same, the database is abandoned as if the machine had crashed at
// that moment and opened again in the background; what was acknowledged and not yet synced is written once more, and
// what was refused is taken back.
//
// Open reads everything before it changes anything. A directory that cannot be read is renamed and begun anew; one of
// a newer program is left alone.
package durable

import (
	"errors"
	"io"
	"path/filepath"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/sirupsen/logrus"

	"alakazaam/actors/port"
)

// What Open and changes fail with, wrapped with the details.
var (
	ErrNoSpace    = errors.New("there is no space for the directory")
	ErrUnwritable = errors.New("the directory cannot be written")
	ErrInUse      = errors.New("is in use by another program")
	ErrNewer      = errors.New("the directory was written by another version of this program")
	ErrDamaged    = errors.New("the directory is damaged")
	ErrClosed     = errors.New("the directory is closed")
)

// Options say where the directory is and how it is kept.
type Options struct {
	// Dir is the folder of the database. Nothing else may be in it, and it must not be a mount point: a damaged
	// directory is set aside by renaming the folder.
	Dir string
	// Sync is how often changes are synced; 0: each before it is acknowledged.
	Sync time.Duration
	// Reserve is how many bytes have to be free for changes to be accepted, so that those accepted before can be brought
	// into their final form. Changes that only take away need half of it. 0 means 64 MiB, less than 0 none.
	Reserve int64
	// Cache and MemTable are bytes of memory: for blocks that were read, 0 meaning 8 MiB, and for changes that are only
	// in the log, of which there are up to three, 0 meaning 16 MiB.
	Cache    int64
	MemTable uint64
	// Fresh has it begin with nothing: what is there from before is removed.
	Fresh bool
	// Damaged is called once when the directory is found damaged while it is in use. From then on everything is refused;
	// a restart sets it aside. It must not block.
	Damaged func(error)
	Metrics port.Metrics // nil: nothing is counted
	// FS is where the folder is; nil: the system's.
	FS  vfs.FS
	Log logrus.FieldLogger
}

func (o Options) withDefaults() Options {
	if o.Reserve == 0 {
		o.Reserve = 64 << 20
	}
	if o.Cache <= 0 {
		o.Cache = 8 << 20
	}
	if o.MemTable == 0 {
		o.MemTable = 16 << 20
	}
	if o.FS == nil {
		o.FS = vfs.Default
	}
	if o.Log == nil {
		silent := logrus.New()
		silent.SetOutput(io.Discard)
		o.Log = silent
	}
	o.Dir = filepath.Clean(o.Dir)
	return o
}

// Opening says what Open has found and done.
type Opening struct {
	Sessions, Files int
	Created         bool   // there was nothing
	From            int    // the version of the layout it was brought up from; 0: it was this program's
	SetAside        string // where the damaged directory is now; empty: it was in order
	Damage          error  // what was wrong with it
	Took            time.Duration
}

// Store is port.Store.
type Store struct {
	root   *actor.RootContext
	dir    *directory
	meters *meters

	mu     sync.Mutex
	jobs   []job
	closed bool
	wake   chan struct{} // says that there is something in jobs, or that closed is set
	done   chan struct{} // closed when the goroutine has ended
	end    error         // how it ended
}

// job is a call of Apply, or of Load.
type job struct {
	changes []port.Change
	load    bool
	after   port.Cursor
	limit   int
	owner   *actor.PID
	token   uint64
}

// Open opens the directory, making it if there is none. Answers go out through system.
func Open(system *actor.ActorSystem, o Options) (*Store, Opening, error) {
	begun := time.Now()
	d, report, err := openDirectory(o, current)
	report.Took = time.Since(begun)
	if err != nil {
		return nil, report, err
	}
	s := &Store{root: system.Root, dir: d, meters: newMeters(o.Metrics), wake: make(chan struct{}, 1), done: make(chan struct{})}
	go s.run()
	return s, report, nil
}

func openDirectory(o Options, as schema) (*directory, Opening, error) {
	var report Opening
	d := &directory{o: o.withDefaults(), schema: as}
	if err := d.acquire(); err != nil {
		return nil, report, err
	}
	c, err := d.start()
	if errors.Is(err, ErrDamaged) {
		report.Damage = err
		if report.SetAside, err = d.setAside(err); err == nil {
			c, err = d.start()
		}
	}
	if err != nil {
		d.release()
		return nil, report, err
	}
	report.Sessions, report.Files, report.Created = len(c.live), c.files, c.version == 0
	if c.version != as.version {
		report.From = c.version
	}
	return d, report, nil
}

// Apply implements port.Store.
func (s *Store) Apply(changes []port.Change, owner *actor.PID, token uint64) {
	if !s.leave(job{changes: changes, owner: owner, token: token}) {
		s.root.Send(owner, &port.Applied{Token: token, Err: ErrClosed})
	}
}

// Load implements port.Store.
func (s *Store) Load(after port.Cursor, limit int, owner *actor.PID, token uint64) {
	if !s.leave(job{load: true, after: after, limit: limit, owner: owner, token: token}) {
		s.root.Send(owner, &port.Loaded{Token: token, Next: after, Err: ErrClosed})
	}
}

// Err is why changes are refused at the moment, or nil. It may be asked from anywhere.
func (s *Store) Err() error { return s.dir.trouble() }

// Close does what has been asked for so far, syncs it and ends.
func (s *Store) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.rouse()
	<-s.done
	return s.end
}

func (s *Store) leave(j job) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.jobs = append(s.jobs, j)
	s.rouse()
	return true
}

func (s *Store) rouse() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *Store) take() (jobs []job, closed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	jobs, s.jobs = s.jobs, nil
	return jobs, s.closed
}

func (s *Store) run() {
	defer close(s.done)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		jobs, closed := s.take()
		for _, j := range jobs {
			s.serve(j)
		}
		if closed {
			s.end = s.dir.close()
			return
		}
		s.dir.tend()
		timer.Reset(s.dir.due())
		select {
		case <-s.wake:
		case <-s.dir.trips():
		case <-timer.C:
		}
	}
}

func (s *Store) serve(j job) {
	begun := time.Now()
	if !j.load {
		err := s.dir.apply(j.changes)
		s.meters.wrote(len(j.changes), begun, err)
		s.root.Send(j.owner, &port.Applied{Token: j.token, Err: err, Trouble: s.dir.trouble()})
		return
	}
	out := &port.Loaded{Token: j.token, Next: j.after}
	out.Err = s.dir.load(j.after, j.limit, out)
	s.meters.loaded(begun)
	s.root.Send(j.owner, out)
}
