package durable

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/cockroachdb/pebble/v2"
)

// Report says how a directory is that no node has open.
type Report struct {
	Version         int // of the layout
	Sessions, Files int
	Damage          error // nil: all of it can be read and makes sense
}

// Check reads the directory of Options.Dir without changing it. The error says why it could not be looked at; what it
// has found is in the Report.
func Check(o Options) (r Report, err error) {
	err = offline(o, func(d *directory) error {
		var c contents
		if c, err = d.inspect(); err == nil {
			err = d.look(func(e *engine) error { return e.db.CheckLevels(nil) })
		}
		r = Report{Version: c.version, Sessions: len(c.live), Files: c.files}
		if errors.Is(err, ErrDamaged) {
			r.Damage, err = err, nil
		}
		return err
	})
	return r, err
}

// Statistics are the sizes of a directory.
type Statistics struct {
	Version         int
	Sessions, Files int
	Most            int    // files of the session that has most
	Disk            uint64 // bytes that the directory takes
	Free            uint64 // bytes that are free beside it; 0 where the system does not say
	Log             uint64 // bytes of changes that are only in the log and are read again at the next start
	Tables          int    // files with changes in their final form
}

// Stats counts what is in the directory of Options.Dir.
func Stats(o Options) (s Statistics, err error) {
	err = offline(o, func(d *directory) error {
		c, err := d.inspect()
		if err != nil {
			return err
		}
		s = Statistics{Version: c.version, Sessions: len(c.live), Files: c.files, Most: c.most}
		if u, err := d.o.FS.GetDiskUsage(d.o.Dir); err == nil {
			s.Free = u.AvailBytes
		}
		if s.Disk, err = d.size(""); err != nil {
			return err
		}
		if s.Log, err = d.size(logSuffix); err != nil {
			return err
		}
		return d.look(func(e *engine) error {
			for _, level := range e.db.Metrics().Levels {
				s.Tables += int(level.TablesCount)
			}
			return nil
		})
	})
	return s, err
}

// size adds up the files whose names end in suffix.
func (d *directory) size(suffix string) (sum uint64, err error) {
	names, err := d.o.FS.List(d.o.Dir)
	for _, n := range names {
		if len(n) < len(suffix) || n[len(n)-len(suffix):] != suffix {
			continue
		}
		info, err := d.o.FS.Stat(d.o.FS.PathJoin(d.o.Dir, n))
		if err != nil {
			return 0, err
		}
		sum += uint64(info.Size())
	}
	return sum, err
}

// offline runs f on a directory that exists, with its lock held so that no node opens it meanwhile.
func offline(o Options, f func(*directory) error) error {
	d := &directory{o: o.withDefaults(), schema: current}
	if _, err := d.o.FS.Stat(d.o.Dir); err != nil {
		return fmt.Errorf("there is no directory: %w", err)
	}
	p, err := pebble.Peek(d.o.Dir, d.o.FS)
	if err == nil && !p.Exists && d.checkEmpty() == nil {
		return fmt.Errorf("there is no directory in %s: %w", d.o.Dir, fs.ErrNotExist)
	}
	if err := d.acquire(); err != nil {
		return err
	}
	defer d.release()
	return f(d)
}
