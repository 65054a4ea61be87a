package tcp

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"syscall"

	"alakazaam/actors/port"
)

// bigChunk is the chunk length from which the file goes from the page cache into the socket without passing through
// this process. Below it the two system calls a chunk cost more than the copying they save.
const bigChunk = 32 << 10

// SendFile queues a file behind everything sent before. It is the writer that sends it.
func (c *conn) SendFile(f port.FileSend) {
	c.mu.Lock()
	err := c.refused()
	if err == nil {
		c.enqueue(entry{file: &f})
		c.mu.Unlock()
		return
	}
	tell := c.phase != gone // after Closed comes nothing
	if tell {
		c.hands++
	}
	c.mu.Unlock()
	if tell {
		c.post(&port.FileSent{Err: err})
		c.leave()
	}
}

// sendFile is the writer's work on a file, and its report. A file that fails before its first byte leaves the
// connection as it is, so that the owner can still say what is wrong. One that fails later leaves a frame that nobody
// can end, and takes the connection with it.
func (c *conn) sendFile(f *port.FileSend) {
	u := upload{c: c, f: f, left: f.Length, chunk: int64(f.Chunk)}
	if u.chunk <= 0 {
		u.chunk = max(u.left, 1)
	}
	err := u.run()
	c.post(&port.FileSent{Bytes: f.Length - u.left, Err: err})
	switch {
	case err == nil:
	case u.stopped:
		c.writeFailed(err)
	case u.begun:
		c.kill(fmt.Errorf("file cut short: %w", err))
	}
}

// upload is a file on its way out.
type upload struct {
	c       *conn
	f       *port.FileSend
	file    *os.File
	ctx     context.Context
	left    int64 // payload bytes that have not been written yet
	chunk   int64 // payload bytes of a chunk
	inChunk int64 // of them, those of the chunk begun last that are still to come
	begun   bool  // something was written
	stopped bool  // the error is the connection's
}

// run sends it all.
func (u *upload) run() error {
	if u.left < 0 {
		return fmt.Errorf("%s: length %d", u.f.Path, u.left)
	}
	if u.left == 0 {
		return u.write(u.f.Head)
	}
	// A pipe that was put in the file's place must not block here.
	file, err := os.OpenFile(u.f.Path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is not a regular file", u.f.Path)
	case info.Size() < u.f.Offset+u.left:
		return fmt.Errorf("%s has %d bytes, not %d: %w", u.f.Path, info.Size(), u.f.Offset+u.left, io.ErrUnexpectedEOF)
	}
	if _, err = file.Seek(u.f.Offset, io.SeekStart); err != nil {
		return err
	}
	u.file = file
	u.ctx = u.c.fileContext()
	if u.chunk >= bigChunk && u.left > bigPiece {
		return u.pass()
	}
	return u.copy()
}

// pieces are what files are read into and sockets are filled from.
var pieces = sync.Pool{New: func() any { return new([bigPiece]byte) }}

// readers read files some chunks at a time.
var readers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, 64<<10) }}

// copy sends many chunks with each write.
func (u *upload) copy() error {
	room := pieces.Get().(*[bigPiece]byte)
	defer pieces.Put(room)
	r := readers.Get().(*bufio.Reader)
	r.Reset(u.file)
	defer func() {
		r.Reset(nil)
		readers.Put(r)
	}()
	piece := append(room[:0], u.f.Head...) //nolint:gocritic // pieces are built in the room that the pool lends
	for u.left > 0 {
		var payload int64
		for most := int64(u.c.t.upload.most()); payload < most && payload < u.left; {
			if u.inChunk == 0 {
				piece = u.header(piece, u.left-payload)
			}
			n := min(u.inChunk, most-payload, int64(bigPiece-len(piece)))
			if n <= 0 {
				break
			}
			at := len(piece)
			piece = piece[:at+int(n)]
			if _, err := io.ReadFull(r, piece[at:]); err != nil {
				return u.short(err)
			}
			payload += n
			u.inChunk -= n
		}
		if err := u.wait(int(payload)); err != nil {
			return err
		}
		if err := u.write(piece); err != nil {
			return err
		}
		u.left -= payload
		piece = room[:0]
	}
	return nil
}

// header begins the next chunk, of left payload bytes at most.
func (u *upload) header(piece []byte, left int64) []byte {
	u.inChunk = min(u.chunk, left)
	if u.f.Header == nil {
		return piece
	}
	return u.f.Header(piece, int(u.inChunk))
}

// pass lets the system move big chunks from the file to the socket. Small packets are held back meanwhile, so that a
// header leaves together with what it is the header of.
func (u *upload) pass() error {
	_ = u.c.tcp.SetNoDelay(false)
	defer func() { _ = u.c.tcp.SetNoDelay(true) }()
	head := append([]byte(nil), u.f.Head...)
	data := &io.LimitedReader{R: u.file}
	for u.left > 0 {
		if u.inChunk == 0 {
			if err := u.write(u.header(head, u.left)); err != nil {
				return err
			}
			head = head[:0]
		}
		want := min(u.inChunk, int64(u.c.t.upload.most()))
		if err := u.wait(int(want)); err != nil {
			return err
		}
		for data.N = want; data.N > 0; {
			if err := u.c.armWrite(false); err != nil {
				return u.stop(err)
			}
			n, err := u.c.tcp.ReadFrom(data)
			u.left -= n
			u.inChunk -= n
			if n == 0 && err == nil {
				return u.short(io.ErrUnexpectedEOF)
			}
			if err = u.c.wrote(n, err); err != nil {
				return u.stop(err)
			}
		}
	}
	return nil
}

// write writes all of p.
func (u *upload) write(p []byte) error {
	for len(p) > 0 {
		if err := u.c.armWrite(false); err != nil {
			return u.stop(err)
		}
		n, err := u.c.tcp.Write(p)
		u.begun = u.begun || n > 0
		p = p[n:]
		if err = u.c.wrote(int64(n), err); err != nil {
			return u.stop(err)
		}
	}
	return nil
}

// wait keeps to the rate.
func (u *upload) wait(n int) error {
	if err := u.c.t.upload.wait(u.ctx, n); err != nil {
		return u.stop(net.ErrClosed)
	}
	return nil
}

// stop marks an error as the connection's.
func (u *upload) stop(err error) error {
	u.stopped = true
	return err
}

// short is the error of a file that has become shorter than it was.
func (u *upload) short(err error) error {
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("%s: %w", u.f.Path, err)
}
