package durable

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"unicode/utf8"

	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
)

// exportVersion is the form of the lines.
const exportVersion = 1

// line is a line of an export. The first one only has Version; then each session comes before its files.
type line struct {
	Version int `json:"alakazaam_directory,omitempty"`

	Session string `json:"session,omitempty"`

	IPv4 string `json:"ipv4,omitempty"` // of a login
	IPv6 string `json:"ipv6,omitempty"`
	Port uint16 `json:"port,omitempty"`

	File *p2p.FileID `json:"file,omitempty"` // of a file; its name is in one of the two
	Name string      `json:"name,omitempty"`
	Raw  []byte      `json:"name_base64,omitempty"` // where it is not UTF-8
}

func lineOf(c port.Change) line {
	l := line{Session: c.Session.String()}
	if c.Op == port.OpPut {
		l.File = &c.File
		if l.Name = string(c.Name); !utf8.ValidString(l.Name) {
			l.Name, l.Raw = "", []byte(c.Name)
		}
		return l
	}
	if e := c.Endpoint; !e.IsZero() {
		l.IPv6, l.Port = e.IPv6().String(), e.Port()
		if e.Complete() {
			l.IPv4 = e.IPv4().String()
		}
	}
	return l
}

func (l line) change() (c port.Change, err error) {
	if c.Session, err = p2p.ParseSessionID([]byte(l.Session)); err != nil {
		return c, fmt.Errorf("session %q: %w", l.Session, err)
	}
	if l.File != nil {
		c.Op, c.File, c.Name = port.OpPut, *l.File, p2p.FileName(l.Name)
		if l.Raw != nil {
			c.Name = p2p.FileName(l.Raw)
		}
		if n, err := p2p.NewFileName(string(c.Name)); err != nil || n != c.Name {
			return c, fmt.Errorf("name %q: %w", c.Name, p2p.ErrName)
		}
		return c, nil
	}
	c.Op = port.OpLogin
	var a4, a6 netip.Addr
	if l.IPv4 != "" {
		if a4, err = netip.ParseAddr(l.IPv4); err != nil {
			return c, err
		}
	}
	if l.IPv6 != "" {
		if a6, err = netip.ParseAddr(l.IPv6); err != nil {
			return c, err
		}
	}
	c.Endpoint, err = p2p.NewEndpoint(a4, a6, l.Port)
	return c, err
}

// Export writes the directory of Options.Dir to w as lines of JSON and says how many sessions and files there were. Of
// a damaged directory it writes what can be read up to the damage, which is the error.
func Export(o Options, w io.Writer) (n int, err error) {
	out := bufio.NewWriterSize(w, 1<<16)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	err = offline(o, func(d *directory) error {
		return d.look(func(e *engine) error {
			v, err := readVersion(e.db)
			if err == nil && v != d.schema.version {
				err = fmt.Errorf("%w: it has version %d of the layout, and this program exports %d", ErrNewer, v, d.schema.version)
			}
			if err != nil {
				return err
			}
			if err := enc.Encode(line{Version: exportVersion}); err != nil {
				return &outputError{err}
			}
			return scan(e.db, func(c port.Change) error {
				if err := enc.Encode(lineOf(c)); err != nil {
					return &outputError{err}
				}
				n++
				return nil
			})
		})
	})
	return n, errors.Join(err, out.Flush())
}

// outputError is a failure of the writer, which says nothing about the directory.
type outputError struct{ error }

func (e *outputError) Unwrap() error { return e.error }

// importBatch is how many lines are written, and synced, at once.
const importBatch = 2000

// Import adds what Export wrote to the directory of Options.Dir, which is made if there is none, and says how many
// lines it has taken in. A session that is there already keeps its endpoint, and a file takes the name from the lines.
// A line that makes no sense ends it; those before it stay.
func Import(o Options, r io.Reader) (n int, err error) {
	o.Sync = 0
	d, _, err := openDirectory(o, current)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	dec := json.NewDecoder(bufio.NewReaderSize(r, 1<<16))
	dec.DisallowUnknownFields()
	var head line
	if err := dec.Decode(&head); err != nil || head.Version != exportVersion {
		return 0, errors.Join(fmt.Errorf("line 1 is not that of an export of version %d", exportVersion), err)
	}
	var batch []port.Change
	for at := 2; ; at++ {
		var l line
		err := dec.Decode(&l)
		if err == nil {
			err = d.check(&batch, l)
		}
		if err != nil || len(batch) >= importBatch {
			if failed := d.apply(batch); failed != nil {
				return n, failed
			}
			n += len(batch)
			batch = batch[:0]
		}
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, fmt.Errorf("line %d: %w", at, err)
		}
	}
}

// check adds a line to the batch. A file needs its session, there or in the batch.
func (d *directory) check(batch *[]port.Change, l line) error {
	c, err := l.change()
	if err != nil {
		return err
	}
	if _, here := d.live[c.Session]; c.Op == port.OpPut && !here {
		for i := len(*batch) - 1; !here && i >= 0; i-- {
			here = (*batch)[i].Op == port.OpLogin && (*batch)[i].Session == c.Session
		}
		if !here {
			return fmt.Errorf("file %s of session %s, which has not come before it", c.File, c.Session)
		}
	}
	*batch = append(*batch, c)
	return nil
}
