package tcp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/port"
)

// Dial connects in the background. The next address is tried when the one before has failed or has had its time.
func (t *Transport) Dial(to []netip.AddrPort, timeout time.Duration, owner *actor.PID) {
	if !t.enter() {
		t.root.Send(owner, &port.Dialed{Err: fmt.Errorf("dial: %w", net.ErrClosed)})
		return
	}
	r := &race{t: t, to: slices.Clone(to)}
	go func() {
		defer t.work.Done()
		ctx, cancel := context.WithTimeout(t.ctx, timeout)
		defer cancel()
		tcp, err := r.run(ctx)
		if err != nil {
			t.root.Send(owner, &port.Dialed{Err: err})
			return
		}
		c := t.newConn(tcp, nil)
		if c == nil {
			t.root.Send(owner, &port.Dialed{Err: fmt.Errorf("dial: %w", net.ErrClosed)})
			return
		}
		t.root.Send(owner, &port.Dialed{Conn: c})
	}()
}

// race is one dial of several addresses.
type race struct {
	t   *Transport
	to  []netip.AddrPort
	won atomic.Bool // by an attempt; the others close what they get
}

// attempt is the outcome of one address.
type attempt struct {
	tcp *net.TCPConn
	err error
}

// run gives the first connection that any address yields, or all errors.
func (r *race) run(ctx context.Context) (*net.TCPConn, error) {
	if len(r.to) == 0 {
		return nil, errors.New("dial: no address")
	}
	if len(r.to) == 1 {
		return r.dial(ctx, r.to[0])
	}
	ctx, cancel := context.WithCancel(ctx) // for the losers
	defer cancel()
	outcomes := make(chan attempt, len(r.to)) // roomy enough for losers to leave theirs and go
	stagger := time.NewTimer(0)
	defer stagger.Stop()
	var errs []error
	for next := 0; ; {
		var turn <-chan time.Time
		if next < len(r.to) {
			turn = stagger.C
		}
		select {
		case <-turn:
			r.start(ctx, r.to[next], outcomes)
			next++
			stagger.Reset(r.t.Stagger)
		case a := <-outcomes:
			if a.err == nil {
				return a.tcp, nil
			}
			if errs = append(errs, a.err); len(errs) == len(r.to) {
				return nil, errors.Join(errs...)
			}
			stagger.Reset(0)
		case <-ctx.Done():
			// Attempts that still run end with ctx too; what one of them wins now is closed by it.
			if r.won.CompareAndSwap(false, true) {
				return nil, errors.Join(append(errs, fmt.Errorf("dial: %w", ctx.Err()))...)
			}
			return r.winner(outcomes)
		}
	}
}

// winner takes the connection that was won just as the time was up.
func (r *race) winner(outcomes <-chan attempt) (*net.TCPConn, error) {
	for a := range outcomes {
		if a.err == nil {
			return a.tcp, nil
		}
	}
	return nil, net.ErrClosed // not reached: outcomes is never closed
}

// start makes one attempt in the background.
func (r *race) start(ctx context.Context, to netip.AddrPort, outcomes chan<- attempt) {
	r.t.work.Add(1) // the dial that this is part of holds one already, so Close is still waiting
	go func() {
		defer r.t.work.Done()
		tcp, err := r.dial(ctx, to)
		outcomes <- attempt{tcp, err}
	}()
}

// dial makes one attempt. Where another one has won meanwhile its connection is closed and the error says so.
func (r *race) dial(ctx context.Context, to netip.AddrPort) (*net.TCPConn, error) {
	d := net.Dialer{}
	network, family := "tcp4", 0
	if to = netip.AddrPortFrom(to.Addr().Unmap(), to.Port()); to.Addr().Is6() {
		network, family = "tcp6", 1
	}
	source := r.t.Source.Unmap()
	bound := source.IsValid() && !source.IsUnspecified() && source.Is4() == to.Addr().Is4()
	if bound {
		d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(source, 0))
		d.Control = sourceSockopts
	}
	c, err := d.DialContext(ctx, network, to.String())
	if err == nil && !r.won.CompareAndSwap(false, true) {
		c.Close()
		err = errLost
	}
	r.t.meters.dials[family][outcome(err, bound, r.won.Load())].Add(1)
	switch {
	case err == nil:
		return c.(*net.TCPConn), nil
	case bound && errors.Is(err, syscall.EADDRNOTAVAIL):
		return nil, fmt.Errorf("cannot dial from %s: %w", source, err)
	case errors.Is(err, syscall.ECONNREFUSED):
		return nil, refused{err}
	default:
		return nil, err
	}
}

// refused is port.ErrRefused in the system's words.
type refused struct{ error }

func (refused) Is(target error) bool { return target == port.ErrRefused }
func (r refused) Unwrap() error      { return r.error }

var errLost = errors.New("dial: another address was faster")

// outcome is the label under which an attempt is counted.
func outcome(err error, bound, won bool) int {
	var timed net.Error
	switch {
	case err == nil:
		return dialOK
	case won:
		return dialLost
	case errors.Is(err, syscall.ECONNREFUSED):
		return dialRefused
	case bound && errors.Is(err, syscall.EADDRNOTAVAIL):
		return dialSource
	case errors.As(err, &timed) && timed.Timeout():
		return dialTimeout
	default:
		return dialError
	}
}
