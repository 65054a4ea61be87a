package pipes

import (
	"fmt"
	"io"

	"alakazaam/actors/port"
)

// file is a file as one piece; false where it cannot be sent.
func (c *conn) file(f *port.FileSend) (piece, bool) {
	c.net.Lock.Lock()
	data, ok := c.net.Read(f.Path)
	c.net.Lock.Unlock()
	if !ok || int64(len(data)) < f.Offset+f.Length {
		c.uploaded(&port.FileSent{Err: fmt.Errorf("%s: not there, or too short", f.Path)})
		return piece{}, false
	}
	data = data[f.Offset : f.Offset+f.Length]
	out := append([]byte(nil), f.Head...)
	for len(data) > 0 {
		n := min(f.Chunk, len(data))
		out = append(f.Header(out, n), data[:n]...)
		data = data[n:]
	}
	c.pending.Add(int64(len(out)))
	return piece{what: out, sent: &port.FileSent{Bytes: f.Length}}, true
}

// uploaded has the owner hear that a file was sent, or why not.
func (c *conn) uploaded(m *port.FileSent) {
	c.mu.Lock()
	c.files--
	c.uploads = append(c.uploads, m)
	c.mu.Unlock()
	c.rouse()
}

// tellUploads tells the owner of the files that were sent.
func (c *conn) tellUploads() {
	c.mu.Lock()
	owner, all := c.owner, c.uploads
	if owner != nil {
		c.uploads = nil
	}
	c.mu.Unlock()
	if owner == nil {
		return
	}
	for _, m := range all {
		c.net.Root.Send(owner, m)
	}
}

// intake is a file on its way in.
type intake struct {
	f   port.FileReceive
	got []byte
}

// fill takes a piece of a file, and gives what the owner is to hear of it. A file that ends ends the intake.
func (c *conn) fill(in *intake, what any) any {
	var done bool
	var err error
	switch what := what.(type) {
	case []byte:
		c.other.pending.Add(-int64(len(what)))
		done, err = in.add(what)
	case port.Ended:
		if err = in.f.Frames.End(); err == nil {
			err = io.ErrUnexpectedEOF
		}
	case port.Closed:
		return nil // over says it
	}
	if !done && err == nil {
		return &port.FileProgress{Bytes: int64(len(in.got)), Expected: in.f.Frames.Expected()}
	}
	c.mu.Lock()
	c.intake = nil
	c.mu.Unlock()
	return in.end(c.net, err)
}

// add takes in a piece of the stream.
func (in *intake) add(b []byte) (done bool, err error) {
	for len(b) > 0 && !done && err == nil {
		var payload []byte
		var used int
		payload, used, done, err = in.f.Frames.Next(b)
		in.got = append(in.got, payload...)
		b = b[used:]
		if err == nil && in.f.Limit > 0 && int64(len(in.got)) > in.f.Limit {
			err = fmt.Errorf("longer than %d bytes", in.f.Limit)
		}
	}
	return done, err
}

// end is what the owner hears of the end of a file.
func (in *intake) end(n *Net, err error) *port.FileReceived {
	if err == nil {
		n.keep(in.f.Path, in.got)
	}
	return &port.FileReceived{Bytes: int64(len(in.got)), File: n.Sum(in.got), Err: err}
}
