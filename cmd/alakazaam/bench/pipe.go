package bench

import (
	"context"
	"io"
	"net"
	"sync"
	"time"

	"alakazaam/gateway/wire"
)

// pipe is a peer's kept connection. Requests go out without waiting for the answers, which come in the same order. One that
// breaks is replaced by the next request.
type pipe struct {
	n    *network
	way  way
	turn chan struct{} // holds one thing, which whoever writes takes out
	line *line         // nil: there is none; belongs to whose turn it is
}

func newPipe(n *network, w way) *pipe {
	p := &pipe{n: n, way: w, turn: make(chan struct{}, 1)}
	p.turn <- struct{}{}
	return p
}

// line is one connection of a pipe.
type line struct {
	conn net.Conn
	mu   sync.Mutex
	open []*call // requests that are not answered, oldest first
	err  error   // why nothing more goes over it
}

// call is one request on its way.
type call struct {
	answer wire.Packet
	err    error
	in     int64
	done   chan struct{}
}

// exchange sends packets of which the last one has an answer, and waits for that.
func (p *pipe) exchange(ctx context.Context, packets []byte) (wire.Packet, result) {
	ctx, cancel := context.WithTimeout(ctx, p.n.timeout)
	defer cancel()
	l, k, err := p.send(ctx, packets)
	if err != nil {
		return nil, result{err: err}
	}
	select {
	case <-k.done:
	case <-ctx.Done():
		// Whoever waits behind it waits for the same answer.
		l.fail(ctx.Err())
		<-k.done
	}
	return k.answer, result{err: k.err, in: k.in, out: int64(len(packets))}
}

func (p *pipe) send(ctx context.Context, packets []byte) (*line, *call, error) {
	select {
	case <-p.turn:
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	defer func() { p.turn <- struct{}{} }()
	if p.line == nil || p.line.broken() {
		c, err := p.n.dial(ctx, p.way.from, p.way.to)
		if err != nil {
			if ctx.Err() != nil {
				err = ctx.Err()
			}
			return nil, nil, &dialError{err}
		}
		p.line = &line{conn: c}
		go p.line.read()
	}
	l, k := p.line, &call{done: make(chan struct{})}
	if !l.expect(k) {
		return l, k, nil // it has broken just now, and k knows
	}
	if at, ok := ctx.Deadline(); ok {
		_ = l.conn.SetWriteDeadline(at)
	}
	stop := context.AfterFunc(ctx, func() { _ = l.conn.SetWriteDeadline(time.Unix(1, 0)) })
	defer stop()
	if _, err := l.conn.Write(packets); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		l.fail(err)
	}
	return l, k, nil
}

// close ends the connection. Nobody may use the pipe any more.
func (p *pipe) close() {
	<-p.turn
	if p.line != nil {
		p.line.fail(net.ErrClosed)
	}
}

func (l *line) broken() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err != nil
}

// expect puts a request behind the open ones.
func (l *line) expect(k *call) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		k.err = l.err
		close(k.done)
		return false
	}
	l.open = append(l.open, k)
	return true
}

// fail breaks the line, and all that are open with it. Only the first reason counts.
func (l *line) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return
	}
	l.err = err
	l.conn.Close()
	for _, k := range l.open {
		k.err = err
		close(k.done)
	}
	l.open = nil
}

// answered gives the oldest open request its answer. An answer that nobody has asked for breaks the line.
func (l *line) answered(p wire.Packet, size int64) {
	l.mu.Lock()
	if len(l.open) == 0 {
		l.mu.Unlock()
		l.fail(errWrongAnswer)
		return
	}
	k := l.open[0]
	l.open[0] = nil
	l.open = l.open[1:]
	l.mu.Unlock()
	k.answer, k.in = p, size
	close(k.done)
}

// read takes in what comes until the line is broken.
func (l *line) read() {
	buf := make([]byte, 4096)
	d := wire.NewDecoder(wire.Answers)
	size := int64(0) // of what has come since the last answer
	for {
		got, err := l.conn.Read(buf)
		size += int64(got)
		d.Write(buf[:got])
		for {
			p, wrong := d.Next()
			if wrong != nil {
				l.fail(wrong)
				return
			}
			if p == nil {
				break
			}
			l.answered(p, size)
			size = 0
			if a, ok := p.(*wire.Afin); ok && a.Cut {
				l.fail(errClosed) // where it ends cannot be known
				return
			}
		}
		if err == io.EOF {
			err = errClosed
		}
		if err != nil {
			l.fail(err)
			return
		}
	}
}
