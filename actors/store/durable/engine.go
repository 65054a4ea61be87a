package durable

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/sirupsen/logrus"
)

// format is how Pebble writes its files. Raising it cannot be taken back, so that it is not left to the library's
// version.
const format = pebble.FormatTableFormatV6

// engine is an open database. One whose breaker has tripped is only good for being closed.
type engine struct {
	db      *pebble.DB
	fs      *breaker
	dir     string
	options *pebble.Options
}

// openEngine opens the database, for reading only if readOnly says so. What keeps it from being opened is ErrDamaged
// where the files are to blame, and otherwise ErrNoSpace, ErrUnwritable or what the system says.
func openEngine(o *Options, lock *pebble.Lock, readOnly bool) (e *engine, err error) {
	b := newBreaker(o.FS)
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", ErrDamaged, r) // Pebble takes some damage for mistakes in its own code
		}
		if err != nil {
			b.close()
		}
	}()
	if !readOnly {
		removeOptions(o.FS, o.Dir)
	}
	options := pebbleOptions(o, lock, b, readOnly)
	options.EnsureDefaults()
	db, err := pebble.Open(o.Dir, options)
	if cause := b.cause(); cause != nil {
		if err == nil {
			_ = db.Close()
		}
		if readOnly {
			return nil, judge(cause)
		}
		return nil, trouble(cause)
	}
	if err != nil {
		return nil, judge(err)
	}
	return &engine{db: db, fs: b, dir: o.Dir, options: options}, nil
}

// removeOptions removes what the breaker hides from Pebble, so that it does not pile up.
func removeOptions(in vfs.FS, dir string) {
	names, _ := in.List(dir)
	for _, n := range names {
		if strings.HasPrefix(n, optionsPrefix) {
			_ = in.Remove(in.PathJoin(dir, n))
		}
	}
}

func pebbleOptions(o *Options, lock *pebble.Lock, b *breaker, readOnly bool) *pebble.Options {
	l := &logger{log: o.Log, by: b}
	return &pebble.Options{
		FS: b, Lock: lock, ReadOnly: readOnly, FormatMajorVersion: format,
		CacheSize: o.Cache, MaxOpenFiles: 256,
		MemTableSize: o.MemTable,
		// At most this many memtables are in memory. Commits wait beyond it, until one is flushed.
		MemTableStopWritesThreshold: 3,
		// Tables in level 0 are merged down soon, since every read looks into all of them. Commits never wait for that.
		L0CompactionThreshold: 4, L0StopWritesThreshold: 1000,
		CompactionConcurrencyRange: func() (int, int) { return 1, 1 },
		Logger:                     l,
		EventListener: &pebble.EventListener{
			BackgroundError: l.background,
			DataCorruption:  func(i pebble.DataCorruptionInfo) { b.trip(fmt.Errorf("%w: %s", ErrDamaged, i)) },
		},
	}
}

// checkTables compares the checksums of everything in the tables. Reading the records alone would pass over those that
// later ones hide, until they are merged some day and it is too late to say so.
func (e *engine) checkTables() error {
	levels, err := e.db.SSTables()
	if err != nil {
		return err
	}
	for _, tables := range levels {
		for _, t := range tables {
			if err := e.checkTable(fmt.Sprintf("%s%s", t.BackingSSTNum, tableSuffix)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e *engine) checkTable(name string) (err error) {
	f, err := e.fs.Open(e.fs.PathJoin(e.dir, name))
	if err != nil {
		return err
	}
	readable, err := sstable.NewSimpleReadable(f)
	if err != nil {
		return errors.Join(err, f.Close())
	}
	r, err := sstable.NewReader(context.Background(), readable, e.options.MakeReaderOptions())
	if err != nil {
		return fmt.Errorf("%s: %w", name, errors.Join(err, readable.Close()))
	}
	if err = errors.Join(r.ValidateBlockChecksums(), r.Close()); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// close ends the database. The caller looks at the breaker's cause if it matters whether all was written.
func (e *engine) close() error {
	err := e.db.Close()
	e.fs.close()
	return err
}

// logger is Pebble's log. What it wants to end the process for trips the breaker instead.
type logger struct {
	log  logrus.FieldLogger
	by   *breaker
	told atomic.Bool
}

// Infof implements pebble.Logger. It would be a line for each table.
func (l *logger) Infof(string, ...any) {}

// Errorf implements pebble.Logger.
func (l *logger) Errorf(format string, args ...any) { l.log.Warnf("pebble: "+format, args...) }

// Fatalf implements pebble.Logger.
func (l *logger) Fatalf(format string, args ...any) { l.by.trip(fmt.Errorf(format, args...)) }

// background hears of work in the background that failed and will be tried again, at once and for ever.
func (l *logger) background(err error) {
	if l.by.cause() == nil && l.told.CompareAndSwap(false, true) {
		l.log.WithError(err).Warn("the directory's database failed at work in the background")
	}
}

// judge tells damage from what the system has done to us: a file that is not there or does not hold what it should is
// damaged, one that the system does not let us read is not.
func judge(err error) error {
	var output *outputError
	if errors.Is(err, ErrDamaged) || errors.Is(err, ErrNewer) || errors.As(err, &output) {
		return err
	}
	var system *fs.PathError
	if errors.As(err, &system) && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrDamaged, err)
}

// trouble is a failure to write, as an error for whoever wanted something written.
func trouble(cause error) error {
	switch {
	case errors.Is(cause, ErrDamaged):
		return cause
	case vfs.IsNoSpaceError(cause):
		return fmt.Errorf("%w: %w", ErrNoSpace, cause)
	}
	return fmt.Errorf("%w: %w", ErrUnwritable, cause)
}
