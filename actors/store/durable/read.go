package durable

import (
	"bytes"
	"errors"

	"github.com/cockroachdb/pebble/v2"

	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
)

// load reads a piece of the directory as port.Store says.
func (d *directory) load(after port.Cursor, limit int, out *port.Loaded) error {
	if d.tend(); d.engine == nil {
		return *d.broken.Load()
	}
	err := read(d.engine.db, after, limit, out)
	if err != nil {
		out.Changes, out.Next, out.Last = nil, after, false
	}
	if pebble.IsCorruptionError(err) || errors.Is(err, errLayout) {
		d.engine.fs.trip(judge(err)) // all of it is looked at once more before that is believed
	}
	return err
}

// reader walks through a range.
type reader struct {
	it    *pebble.Iterator
	dec   decoder
	limit int
	at    port.Cursor // the last thing read
	out   *port.Loaded
}

func read(db *pebble.DB, after port.Cursor, limit int, out *port.Loaded) (err error) {
	bounds := &pebble.IterOptions{LowerBound: firstRecord, UpperBound: behindRecord}
	if after.Scope == port.OneSession {
		bounds.LowerBound, bounds.UpperBound = appendLoginKey(nil, after.Session), keyBehind(after.Session)
	}
	it, err := db.NewIter(bounds)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	r := &reader{it: it, limit: limit, at: after, out: out}
	switch after.Scope {
	case port.Logins:
		err = r.logins()
	case port.OneSession:
		err = r.oneSession()
	default:
		err = r.everything()
	}
	if err == nil {
		err = it.Error()
	}
	out.Next, out.Last = r.at, len(out.Changes) < limit
	return err
}

// take reads the record at the iterator.
func (r *reader) take() error {
	c, err := r.dec.change(r.it.Key(), r.it.Value())
	if err != nil {
		return err
	}
	if c.Op == port.OpLogin {
		r.at = port.Cursor{Scope: r.at.Scope, Session: c.Session, Begun: true}
	} else {
		r.at.File = c.File
	}
	r.out.Changes = append(r.out.Changes, c)
	return nil
}

func (r *reader) full() bool { return len(r.out.Changes) >= r.limit }

func (r *reader) everything() (err error) {
	if r.at.Begun {
		r.behindFile()
	} else {
		r.it.First()
	}
	for ; r.it.Valid() && !r.full() && err == nil; r.it.Next() {
		err = r.take()
	}
	return err
}

// behindFile goes to the file behind the cursor's.
func (r *reader) behindFile() {
	key := fileKey(r.at.Session, r.at.File)
	if r.it.SeekGE(key) && r.at.File != (p2p.FileID{}) && bytes.Equal(r.it.Key(), key) {
		r.it.Next()
	}
}

func (r *reader) logins() (err error) {
	if r.at.Begun {
		r.it.SeekGE(keyBehind(r.at.Session))
	} else {
		r.it.First()
	}
	for r.it.Valid() && !r.full() && err == nil {
		if err = r.take(); err == nil {
			r.it.SeekGE(keyBehind(r.at.Session))
		}
	}
	return err
}

func (r *reader) oneSession() (err error) {
	if !r.at.Begun && r.it.First() {
		file := r.at.File
		if err = r.take(); err != nil {
			return err
		}
		r.at.File = file
	}
	r.behindFile()
	for ; r.it.Valid() && !r.full() && err == nil; r.it.Next() {
		err = r.take()
	}
	return err
}
