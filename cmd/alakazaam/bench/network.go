package bench

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"alakazaam/gateway/wire"
)

// network carries requests to nodes and brings back how they were answered.
type network struct {
	dial    func(ctx context.Context, from netip.Addr, to netip.AddrPort) (net.Conn, error)
	timeout time.Duration
}

// dialTCP connects from an address of this machine.
func dialTCP(ctx context.Context, from netip.Addr, to netip.AddrPort) (net.Conn, error) {
	d := net.Dialer{Control: sourceSockopts, KeepAlive: -1}
	if from.IsValid() {
		d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(from, 0))
	}
	return d.DialContext(ctx, "tcp", to.String())
}

// way is from where to where a request goes.
type way struct {
	from netip.Addr
	to   netip.AddrPort
}

// open connects, for as long as ctx lasts. done closes the connection; the error of what it was used for becomes that of
// ctx where it is because of ctx.
func (n *network) open(ctx context.Context, w way) (c net.Conn, done func(*error), err error) {
	c, err = n.dial(ctx, w.from, w.to)
	if err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, nil, &dialError{err}
	}
	if at, ok := ctx.Deadline(); ok {
		_ = c.SetDeadline(at)
	}
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	return c, func(err *error) {
		stop()
		c.Close()
		if *err != nil && ctx.Err() != nil {
			*err = ctx.Err()
		}
	}, nil
}

// buffers are for reading answers, which are short.
var buffers = sync.Pool{New: func() any { return new([4096]byte) }}

// exchange sends a packet on a connection of its own and gives the answer.
func (n *network) exchange(ctx context.Context, w way, packet []byte) (p wire.Packet, res result) {
	ctx, cancel := context.WithTimeout(ctx, n.timeout)
	defer cancel()
	c, done, err := n.open(ctx, w)
	if err != nil {
		return nil, result{err: err}
	}
	defer done(&res.err)
	sent, err := c.Write(packet)
	if res.out = int64(sent); err != nil {
		res.err = err
		return nil, res
	}
	buf := buffers.Get().(*[4096]byte)
	defer buffers.Put(buf)
	d := wire.NewDecoder(wire.Answers)
	for {
		got, err := c.Read(buf[:])
		res.in += int64(got)
		d.Write(buf[:got])
		if p, wrong := d.Next(); p != nil || wrong != nil {
			res.err = wrong
			return p, res
		}
		if err == io.EOF {
			err = errClosed
		}
		if err != nil {
			res.err = err
			return nil, res
		}
	}
}

// tell sends a packet that has no answer on a connection of its own. It is over when the other side, which is told that
// nothing follows, closes it, too.
func (n *network) tell(ctx context.Context, w way, packet []byte) (res result) {
	ctx, cancel := context.WithTimeout(ctx, n.timeout)
	defer cancel()
	c, done, err := n.open(ctx, w)
	if err != nil {
		return result{err: err}
	}
	defer done(&res.err)
	sent, err := c.Write(packet)
	if res.out = int64(sent); err != nil {
		res.err = err
		return res
	}
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite() // else reading says what is wrong
	}
	var answer [1]byte
	got, err := c.Read(answer[:])
	if res.in = int64(got); got > 0 {
		res.err = errWrongAnswer
	} else if err != io.EOF {
		res.err = err
	}
	return res
}

// large are the buffers for files.
var large = sync.Pool{New: func() any { return new([256 << 10]byte) }}

// fetch asks for a file and throws it away. Where it is not framed as the protocol has it, it ends with the connection. It
// may take as long as it takes while there is progress.
func (n *network) fetch(ctx context.Context, w way, ask []byte, framed bool) (res result) {
	c, done, err := n.open(ctx, w)
	if err != nil {
		return result{err: err}
	}
	defer done(&res.err)
	renew := func() { _ = c.SetDeadline(time.Now().Add(n.timeout)) }
	renew()
	sent, err := c.Write(ask)
	if res.out = int64(sent); err != nil {
		res.err = err
		return res
	}
	buf := large.Get().(*[256 << 10]byte)
	defer large.Put(buf)
	frame := wire.NewAretReader()
	for {
		got, err := c.Read(buf[:])
		res.in += int64(got)
		if framed {
			var over bool
			if over, res.err = unframe(frame, buf[:got]); over || res.err != nil {
				return res
			}
		}
		switch {
		case err == io.EOF && framed:
			res.err = errors.Join(errClosed, frame.End())
			var refusal *wire.Refusal
			if errors.As(res.err, &refusal) {
				res.err = refusal
			}
			return res
		case err == io.EOF:
			return res
		case err != nil:
			res.err = err
			return res
		case ctx.Err() == nil:
			renew()
		}
	}
}

// unframe looks whether a file is complete.
func unframe(r *wire.AretReader, b []byte) (over bool, err error) {
	for len(b) > 0 && !over && err == nil {
		var used int
		_, used, over, err = r.Next(b)
		b = b[used:]
	}
	return over, err
}
