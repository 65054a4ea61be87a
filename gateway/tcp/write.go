package tcp

import (
	"errors"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"alakazaam/actors/port"
)

// entry is one thing that waits to be sent: a packet, or a file.
type entry struct {
	packet []byte
	file   *port.FileSend
}

// Send writes a packet: here and now where the socket takes it, else it waits for the writer.
func (c *conn) Send(packet []byte) {
	if len(packet) == 0 {
		return
	}
	c.mu.Lock()
	if c.refused() != nil {
		c.mu.Unlock()
		return
	}
	if !c.writing {
		n, err := c.write(packet)
		if err != nil {
			c.breakOff(err)
			c.mu.Unlock()
			c.settle()
			return
		}
		packet = packet[n:]
	}
	if len(packet) == 0 {
		c.mu.Unlock()
		return
	}
	if c.queued > 0 && c.queued+len(packet) > c.bound() {
		c.mu.Unlock()
		c.kill(port.ErrSlowReader)
		return
	}
	c.enqueue(entry{packet: packet})
	c.mu.Unlock()
}

// fairQueue is how much may wait on a connection whatever waits on others.
const fairQueue = 64 << 10

// bound is how many bytes may wait here.
func (c *conn) bound() int {
	if c.t.queued.Load() > c.t.WriteQueues {
		return min(fairQueue, c.t.WriteQueue)
	}
	return c.t.WriteQueue
}

// Queued implements port.Conn.
func (c *conn) Queued() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.queued
}

// wait counts what begins to wait to be sent, or ends to.
func (t *Transport) wait(n int) {
	t.queued.Add(int64(n))
	t.meters.queued.Add(n)
}

// refused says why nothing more can be sent; nil where it can. Called with the lock.
func (c *conn) refused() error {
	switch {
	case c.broken != nil:
		return c.broken
	case c.phase == running:
		return nil
	case c.err != nil:
		return c.err
	default:
		return net.ErrClosed
	}
}

// write writes what the socket takes at once. Called with the lock, which keeps packets in order.
func (c *conn) write(p []byte) (int, error) {
	c.outData = p
	err := c.raw.Write(c.writeFn)
	c.outData = nil
	if err == nil {
		err = c.outErr
	}
	if err != nil && err != unix.EAGAIN {
		return 0, os.NewSyscallError("write", err)
	}
	n := max(c.outLen, 0)
	c.t.meters.out.Add(n)
	return n, nil
}

// writeOnce is one system call. It always says that it is done, so that the runtime does not wait for the socket.
func (c *conn) writeOnce(fd uintptr) (done bool) {
	c.outLen, c.outErr = ignoringEINTR(unix.Write, int(fd), c.outData)
	return true
}

// enqueue leaves something to the writer. Called with the lock.
func (c *conn) enqueue(e entry) {
	c.queue = append(c.queue, e)
	c.queued += len(e.packet)
	c.t.wait(len(e.packet))
	if !c.writing {
		c.writing = true
		c.hands++
		go c.writeLoop()
	}
}

// writeLoop writes what is queued and ends when nothing is.
func (c *conn) writeLoop() {
	defer c.leave()
	for {
		packets, file := c.take()
		switch {
		case packets != nil:
			c.writeFailed(c.writePackets(packets))
		case file != nil:
			c.sendFile(file)
		default:
			return
		}
	}
}

// take takes what is to be written next: all packets up to a file, or a file. Where there is neither, or nothing can
// be written any more, the writer counts as gone.
func (c *conn) take() (packets net.Buffers, file *port.FileSend) {
	c.mu.Lock()
	if c.phase < over && c.broken == nil && len(c.queue) > 0 {
		defer c.mu.Unlock()
		n := 0
		for ; n < len(c.queue) && c.queue[n].file == nil; n++ {
			packets = append(packets, c.queue[n].packet)
		}
		if n == 0 {
			file = c.queue[0].file
			n = 1
		}
		if c.queue = c.queue[n:]; len(c.queue) == 0 {
			c.queue = nil
		}
		return packets, file
	}
	unsent := c.queue
	c.t.wait(-c.queued)
	c.queue, c.queued, c.writing = nil, 0, false
	if c.phase < over {
		_ = c.tcp.SetWriteDeadline(time.Time{}) // else Send would meet it later
	}
	err := c.refused()
	if c.phase == closing {
		c.end(c.broken)
	}
	c.mu.Unlock()
	for _, e := range unsent {
		if e.file != nil {
			c.post(&port.FileSent{Err: err})
		}
	}
	return nil, nil
}

// writePackets writes packets in as few system calls as the socket allows.
func (c *conn) writePackets(packets net.Buffers) error {
	for len(packets) > 0 {
		if err := c.armWrite(true); err != nil {
			return err
		}
		n, err := packets.WriteTo(c.tcp)
		c.mu.Lock()
		c.queued -= int(n)
		c.t.wait(-int(n))
		c.mu.Unlock()
		if err = c.wrote(n, err); err != nil {
			return err
		}
	}
	return nil
}

// armWrite gives the other side WriteTimeout to take something. A flush of packets has an end of its own.
func (c *conn) armWrite(flush bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.phase >= over {
		return c.refused()
	}
	by := time.Now().Add(c.t.WriteTimeout)
	if flush && c.phase == closing && c.closeBy.Before(by) {
		by = c.closeBy
	}
	_ = c.tcp.SetWriteDeadline(by)
	return nil
}

// wrote counts what was written, and says what an error of writing means: none where the time is up and something was
// taken in it, for then there is more time.
func (c *conn) wrote(n int64, err error) error {
	c.t.meters.out.Add(int(n))
	switch {
	case err == nil:
		return nil
	case !errors.Is(err, os.ErrDeadlineExceeded):
		return err
	case n > 0:
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.phase >= over {
		return c.refused() // the deadline was moved to wake the writer
	}
	return port.ErrSlowReader
}

// writeFailed is what the writer does about an error of writing.
func (c *conn) writeFailed(err error) {
	if err == port.ErrSlowReader {
		c.kill(port.ErrSlowReader)
		return
	}
	c.mu.Lock()
	if err != nil && c.phase < over {
		c.breakOff(err)
	}
	c.mu.Unlock()
}

// breakOff notes that nothing can be written any more. What the other side said before it went is still read: the
// reader comes to its end by itself and ends the connection. Called with the lock; settle must follow.
func (c *conn) breakOff(err error) {
	c.broken = err
	if !c.reading && c.attached || c.phase == closing {
		c.end(err)
	}
}
