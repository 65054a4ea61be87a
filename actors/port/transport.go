package port

import (
	"errors"
	"net/netip"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/p2p"
)

// Transport opens and accepts connections.
type Transport interface {
	// Listen accepts connections at the address at and sends an *Accepted for each to owner. It stops accepting while
	// limit accepted connections are open; 0 means no limit. The error is that of binding the address.
	Listen(at netip.AddrPort, limit int, owner *actor.PID) (Listener, error)

	// Dial tries the addresses, the second a little after the first, keeps the one that answers first and sends owner
	// one *Dialed, at the latest after timeout. Its error is an ErrRefused where one of the addresses refused.
	Dial(to []netip.AddrPort, timeout time.Duration, owner *actor.PID)
}

// Listener is an open listening socket.
type Listener interface {
	// Addr is the bound address, with the port that was picked where port 0 was asked for.
	Addr() netip.AddrPort
	// Close stops accepting. Accepted connections stay open.
	Close()
}

// Conn is one TCP connection. It belongs to one actor at a time.
type Conn interface {
	// Remote is the other side's address.
	Remote() netip.AddrPort

	// Attach starts reading. owner gets any number of *Bytes, at most one *Ended, and exactly one *Closed as the last
	// message. Nothing is read before.
	Attach(owner *actor.PID)

	// Consumed takes back a *Bytes that has been dealt with; its data must not be touched afterwards. Only a few
	// chunks are read ahead of this call: that is the connection's back-pressure.
	Consumed(b *Bytes)

	// Send writes one packet, in one write where the socket takes it. The transport queues what the other side is slow
	// to read; past the transport's bound for the queue the connection is aborted, and *Closed says ErrSlowReader.
	// Send takes a copy of nothing: the packet must not be changed afterwards.
	Send(packet []byte)

	// Queued is how many bytes wait for the other side to read them.
	Queued() int

	// SendFile writes a file's bytes, framed as f says, and sends owner a *FileSent. Whatever was sent before leaves
	// before it. One file at a time.
	SendFile(f FileSend)

	// ReceiveFile gives the incoming stream to a file: from now on no *Bytes come, but *FileProgress from time to time
	// and one *FileReceived. It may be called before Attach only.
	ReceiveFile(f FileReceive)

	// Close sends what is queued and closes. It is safe to call it again.
	Close()

	// Abort closes at once and drops what is queued.
	Abort()
}

// Accepted is a new incoming connection.
type Accepted struct {
	Conn Conn
}

// Dialed is the outcome of Transport.Dial: a connection or an error.
type Dialed struct {
	Conn Conn
	Err  error
}

// Bytes is a piece of the stream, cut anywhere.
type Bytes struct {
	Data []byte
}

// Ended says that the other side will send nothing more. It may still be reading.
type Ended struct{}

// Closed is the last message of a connection. Err is nil after an orderly end.
type Closed struct {
	Err error
}

// ErrSlowReader ends a connection whose other side does not read what is sent to it.
var ErrSlowReader = errors.New("the other side does not read")

// ErrRefused is in the error of a dial where somebody said at once that nobody listens there.
var ErrRefused = errors.New("connection refused")

// FileSend describes a file on its way out: head, then chunk after chunk, each with a header before it.
type FileSend struct {
	Path   string
	Offset int64
	Length int64 // bytes of the file to send; fewer in the file is an error
	Head   []byte
	Chunk  int // payload bytes of a chunk; the last one may be shorter
	// Header appends the header of a chunk of n payload bytes.
	Header func(dst []byte, n int) []byte
}

// FileSent ends a SendFile.
type FileSent struct {
	Bytes int64 // payload bytes written
	Err   error
}

// FileReceive describes a file on its way in.
type FileReceive struct {
	Path   string   // written from its beginning
	Frames Deframer // finds the payload in the stream
	Limit  int64    // payload bytes to accept at most; 0 means no limit
}

// Deframer finds the payload in a framed stream. It is pure: it does no I/O and keeps no reference to b.
type Deframer interface {
	// Next looks at the next piece of the stream and returns the payload at its front, which may be empty, and how
	// many bytes of b it has dealt with, which is more than 0. done says that the last byte of the frame is behind.
	Next(b []byte) (payload []byte, used int, done bool, err error)
	// Expected is how many payload bytes will have come in all, as far as the stream has said by now, or -1.
	Expected() int64
	// End is called when the stream ends before done; it says why that is no whole frame.
	End() error
}

// FileProgress says how far a ReceiveFile has come.
type FileProgress struct {
	Bytes    int64
	Expected int64 // -1 as long as it is not known
}

// FileReceived ends a ReceiveFile. Where Err is nil the file is complete at its path, closed and flushed.
type FileReceived struct {
	Bytes int64
	File  p2p.FileID // MD5 of what was written
	Err   error
}
