package durable

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
)

// contents is what a look at the directory has found.
type contents struct {
	version int // of the layout; 0: there is nothing yet
	live    map[p2p.SessionID]struct{}
	files   int
	most    int // files of one session
}

func (c *contents) add(s port.Change, of *int) error {
	if s.Op == port.OpLogin {
		c.live[s.Session] = struct{}{}
		*of = 0
		return nil
	}
	c.files++
	*of++
	c.most = max(c.most, *of)
	return nil
}

// read counts everything, reading all of it.
func (c *contents) read(r pebble.Reader) error {
	of := 0
	c.live, c.files, c.most = make(map[p2p.SessionID]struct{}), 0, 0
	return scan(r, func(s port.Change) error { return c.add(s, &of) })
}

// inspect reads the whole directory without changing a byte of it. ErrDamaged says that something in it cannot be
// read, ErrNewer that it was written by a newer program.
func (d *directory) inspect() (c contents, err error) {
	err = d.look(func(e *engine) (err error) {
		if c.version, err = readVersion(e.db); err != nil {
			return err
		}
		if c.version > d.schema.version {
			return fmt.Errorf("%w: it has version %d of the layout, and this program knows %d", ErrNewer, c.version, d.schema.version)
		}
		if err := e.checkTables(); err != nil || c.version != d.schema.version {
			return err
		}
		return c.read(e.db)
	})
	return c, err
}

// look runs f over the database opened for reading, if there is one.
func (d *directory) look(f func(*engine) error) (err error) {
	if err := d.checkFormat(); err != nil {
		return err
	}
	p, err := pebble.Peek(d.o.Dir, d.o.FS)
	if err != nil {
		return judge(err)
	}
	if !p.Exists {
		return d.checkEmpty()
	}
	if err := checkNoted(d.o.FS, d.o.Dir, p.ManifestFilename); err != nil {
		return judge(err)
	}
	e, err := openEngine(&d.o, d.lock, true)
	if err != nil {
		return err
	}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
		if err = errors.Join(err, e.close()); err != nil {
			err = judge(err)
		}
	}()
	if err := f(e); err != nil {
		return err
	}
	return e.fs.cause()
}

// checkFormat refuses files of another version of Pebble, which says so in the name of one of them.
func (d *directory) checkFormat() error {
	names, err := d.o.FS.List(d.o.Dir)
	if err != nil {
		return judge(err)
	}
	for _, n := range names {
		if !strings.HasPrefix(n, markerPrefix+"format-version.") {
			continue
		}
		v, err := strconv.Atoi(n[strings.LastIndexByte(n, '.')+1:])
		if err == nil && (v > int(pebble.FormatNewest) || v < int(pebble.FormatMinSupported)) {
			return fmt.Errorf("%w: its files have version %d of Pebble's format, and this program knows %d to %d",
				ErrNewer, v, pebble.FormatMinSupported, pebble.FormatNewest)
		}
	}
	return nil
}

// checkEmpty makes sure that a folder without a database never held one: Pebble would clear away what is left of it.
func (d *directory) checkEmpty() error {
	names, err := d.o.FS.List(d.o.Dir)
	if err != nil {
		return err
	}
	for _, n := range names {
		info, err := d.o.FS.Stat(d.o.FS.PathJoin(d.o.Dir, n))
		if err != nil {
			return err
		}
		if ext := filepath.Ext(n); (ext == tableSuffix || ext == logSuffix) && info.Size() > 0 {
			return fmt.Errorf("%w: there is %s and no manifest", ErrDamaged, n)
		}
	}
	return nil
}

// setAside moves a damaged directory out of the way and begins an empty one.
func (d *directory) setAside(damage error) (to string, err error) {
	base := d.o.Dir + ".damaged-" + time.Now().Format("20060102-150405")
	for to = base; ; to += "+" {
		if _, err := d.o.FS.Stat(to); err != nil {
			break
		}
	}
	log := d.o.Log.WithError(damage).WithField("kept_as", to)
	if err := d.o.FS.Rename(d.o.Dir, to); err != nil {
		return "", fmt.Errorf("%w, and it cannot be set aside: %w", damage, err)
	}
	log.Error("the directory is damaged: it is set aside and begun anew, empty, for the peers to log in and publish again")
	d.release()
	if err := syncDir(d.o.FS, d.o.FS.PathDir(d.o.Dir)); err != nil {
		return to, err
	}
	return to, d.acquire()
}
