package tcp

import (
	"io"
	"os"
	"sync"

	"github.com/asynkron/protoactor-go/actor"
	"golang.org/x/sys/unix"

	"alakazaam/actors/port"
)

// chunkSize is how much is read at once.
const chunkSize = 16 << 10

var chunks = sync.Pool{New: func() any { return &port.Bytes{Data: make([]byte, chunkSize)} }}

func getChunk() *port.Bytes { return chunks.Get().(*port.Bytes) }

// putChunk takes a chunk back. One whose data its holder replaced is left to the garbage collector.
func putChunk(b *port.Bytes) {
	if cap(b.Data) == chunkSize {
		b.Data = b.Data[:chunkSize]
		chunks.Put(b)
	}
}

// Consumed takes back a chunk.
func (c *conn) Consumed(b *port.Bytes) {
	putChunk(b)
	c.mu.Lock()
	if c.held == window {
		c.roused.Signal()
	}
	c.held = max(c.held-1, 0)
	c.mu.Unlock()
}

// readLoop reads until the other side ends the stream, the connection breaks or is over.
func (c *conn) readLoop() {
	var err error
	for err == nil && c.wanted() {
		if err = c.raw.Read(c.readFn); err == nil {
			err = c.deliver()
		}
	}
	c.readEnded(err, true)
	c.leave()
}

// wanted waits until the owner can take a chunk; false where the connection is over.
func (c *conn) wanted() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.held >= window && c.phase == running {
		c.roused.Wait()
	}
	return c.phase < over
}

// readOnce is called by the runtime, at once and whenever the socket has something to read. It takes a chunk for that
// moment only, so that a connection that is waiting holds no buffer.
func (c *conn) readOnce(fd uintptr) (done bool) {
	b := getChunk()
	n, err := ignoringEINTR(unix.Read, int(fd), b.Data)
	if err == unix.EAGAIN {
		putChunk(b)
		return false
	}
	c.in, c.inLen, c.inErr = b, n, err
	return true
}

// deliver gives what readOnce has read to the owner. What comes after Close is dropped, so that the other side does
// not get stuck writing while it should read what is still on its way to it.
func (c *conn) deliver() error {
	b, n, err := c.in, c.inLen, c.inErr
	c.in = nil
	if n <= 0 {
		putChunk(b)
		if err == nil {
			return io.EOF
		}
		return os.NewSyscallError("read", err)
	}
	c.t.meters.in.Add(n)
	c.mu.Lock()
	owner := c.owner
	if c.phase != running {
		owner = nil
		c.dropped += n
	} else {
		c.held++
	}
	deaf := c.dropped > lingerBytes
	c.mu.Unlock()
	if owner == nil {
		putChunk(b)
		if deaf {
			c.kill(errDeaf) // reading on costs as much as serving it would
		}
		return nil
	}
	b.Data = b.Data[:n]
	c.t.root.Send(owner, b)
	return nil
}

// readEnded notes why the reader leaves: an error of the socket, or nil where there is nothing more to read for. An end
// of the stream, of which the owner can be told, leaves the other direction open, unless that has failed already.
func (c *conn) readEnded(err error, tell bool) {
	c.mu.Lock()
	c.reading = false
	c.ended = err == io.EOF
	var owner *actor.PID
	switch {
	case c.phase != running:
		err = nil
	case c.broken != nil:
		c.end(c.broken)
		err = nil
	case c.ended && tell:
		owner = c.owner
	}
	c.mu.Unlock()
	if owner != nil {
		c.t.root.Send(owner, &port.Ended{})
	}
	if err != nil && err != io.EOF {
		c.kill(err)
	}
}

// ignoringEINTR repeats a system call that a signal interrupted.
func ignoringEINTR(call func(fd int, p []byte) (int, error), fd int, p []byte) (int, error) {
	for {
		n, err := call(fd, p)
		if err != unix.EINTR {
			return n, err
		}
	}
}
