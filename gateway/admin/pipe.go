package admin

import (
	"context"
	"net"
	"sync"
)

// Pipe is a listener that only this process can reach, for a node that lives as long as one command.
type Pipe struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

// PipeAddress is the address of every Pipe.
const PipeAddress = "in-process"

// NewPipe makes a pipe. A client reaches its server as NewClient(PipeAddress, p.Dial).
func NewPipe() *Pipe { return &Pipe{conns: make(chan net.Conn), done: make(chan struct{})} }

// Dial opens a connection to whoever accepts from the pipe.
func (p *Pipe) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case p.conns <- there:
		return here, nil
	case <-p.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept implements net.Listener.
func (p *Pipe) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (p *Pipe) Close() error {
	p.once.Do(func() { close(p.done) })
	return nil
}

// Addr implements net.Listener.
func (p *Pipe) Addr() net.Addr { return pipeAddr{} }

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return PipeAddress }
