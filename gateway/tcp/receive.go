package tcp

import (
	"crypto/md5"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
)

// progressEvery is the least time between two FileProgress.
const progressEvery = 100 * time.Millisecond

// writebackEvery is how much is written to a file before the disk is set to work on it.
const writebackEvery = 16 << 20

// ReceiveFile makes Attach write the stream to a file.
func (c *conn) ReceiveFile(f port.FileReceive) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.attached {
		c.receive = &f
	}
}

// receiveLoop is the reader of a connection that carries a file.
func (c *conn) receiveLoop() {
	in := intake{c: c, f: c.receive}
	id, err := in.run()
	c.post(&port.FileReceived{Bytes: in.got, File: id, Err: err})
	c.readEnded(in.broken, false)
	c.leave()
}

// intake is a file on its way in.
type intake struct {
	c       *conn
	f       *port.FileReceive
	file    *os.File
	got     int64     // payload bytes
	flushed int64     // of them, those that the system was asked to write to the disk
	said    time.Time // when the owner was last told
	done    bool
	broken  error // the socket's error
}

// run receives the file, and gives its MD5.
func (in *intake) run() (id p2p.FileID, err error) {
	in.file, err = os.OpenFile(in.f.Path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return id, err
	}
	h := newHasher()
	for err == nil && !in.done {
		err = in.step(h)
	}
	id = h.sum()
	if err == nil {
		err = in.file.Sync()
	}
	if closed := in.file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return p2p.FileID{}, err
	}
	return id, nil
}

// step takes what the socket has, and gives the payload in it to the disk and to the hasher, which works beside it.
func (in *intake) step(h *hasher) error {
	b := h.buffer()
	rate := in.c.t.download
	n, err := in.c.tcp.Read(b[:rate.most()])
	if n == 0 {
		h.add(b[:0])
		return in.ended(err)
	}
	in.c.t.meters.in.Add(n)
	payload, err := in.deframe(b[:n])
	h.add(payload)
	if err != nil {
		return err
	}
	if _, err = in.file.Write(payload); err != nil {
		return err
	}
	in.got += int64(len(payload))
	if in.got-in.flushed >= writebackEvery {
		startWriteback(in.file, in.flushed, in.got-in.flushed)
		in.flushed = in.got
	}
	in.progress()
	if in.done {
		return nil
	}
	if err = rate.wait(in.c.fileContext(), n); err != nil {
		return in.ended(os.ErrDeadlineExceeded)
	}
	return nil
}

// deframe moves the payload in b together at its front.
func (in *intake) deframe(b []byte) ([]byte, error) {
	kept := 0
	for rest := b; len(rest) > 0 && !in.done; {
		payload, used, done, err := in.f.Frames.Next(rest)
		if err != nil {
			return b[:0], err
		}
		if used <= 0 || used > len(rest) {
			return b[:0], fmt.Errorf("deframer used %d of %d bytes", used, len(rest))
		}
		kept += copy(b[kept:], payload)
		rest = rest[used:]
		in.done = done
	}
	if limit := in.f.Limit; limit > 0 && max(in.got+int64(kept), in.f.Frames.Expected()) > limit {
		return b[:0], fmt.Errorf("the file is longer than the limit of %d bytes", limit)
	}
	return b[:kept], nil
}

// ended says why the stream came to its end before the file did.
func (in *intake) ended(err error) error {
	switch {
	case errors.Is(err, io.EOF):
		in.broken = io.EOF
		if err = in.f.Frames.End(); err == nil {
			err = io.ErrUnexpectedEOF
		}
		return err
	case errors.Is(err, os.ErrDeadlineExceeded):
		in.c.mu.Lock()
		defer in.c.mu.Unlock()
		return in.c.refused() // closed or aborted
	default:
		in.broken = err
		return err
	}
}

// progress tells the owner, not too often.
func (in *intake) progress() {
	if now := time.Now(); now.Sub(in.said) >= progressEvery {
		in.said = now
		in.c.post(&port.FileProgress{Bytes: in.got, Expected: in.f.Frames.Expected()})
	}
}

// hasher computes the MD5 beside the goroutine that reads and writes: hashing is the slowest of the three.
type hasher struct {
	free, work chan []byte
	result     chan p2p.FileID
}

// hashBuffers is how many buffers go round.
const hashBuffers = 3

func newHasher() *hasher {
	h := &hasher{make(chan []byte, hashBuffers), make(chan []byte, hashBuffers), make(chan p2p.FileID, 1)}
	for range hashBuffers {
		h.free <- pieces.Get().(*[bigPiece]byte)[:]
	}
	go h.run()
	return h
}

func (h *hasher) run() {
	sum := md5.New() // the protocol names files by it
	for b := range h.work {
		sum.Write(b)
		h.free <- b[:bigPiece]
	}
	h.result <- p2p.FileID(sum.Sum(nil))
}

// buffer is one to read into; it comes back through add.
func (h *hasher) buffer() []byte { return <-h.free }

// add hashes b, the front of a buffer, which must not be changed any more.
func (h *hasher) add(b []byte) { h.work <- b }

// sum ends the hasher.
func (h *hasher) sum() p2p.FileID {
	close(h.work)
	id := <-h.result
	for range hashBuffers {
		pieces.Put((*[bigPiece]byte)(<-h.free))
	}
	return id
}
