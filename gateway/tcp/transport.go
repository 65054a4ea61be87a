// Package tcp puts real sockets, the wall clock and the system's randomness behind the ports.
//
// A connection costs one goroutine that waits for something to read and holds no buffer while it waits. Sending needs
// none: the caller's goroutine writes what the socket takes at once, and only what is left over gets a goroutine, which
// ends when it is written. Files never pass through a mailbox: they go between disk and socket here, and their owner
// hears how far they are.
//
// Nothing in here decides anything of the protocol, and nothing in here keeps time for its owner: a connection that is
// idle or stalls stays open until the owner closes it.
package tcp

import (
	"context"
	"io"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/sirupsen/logrus"

	"alakazaam/actors/port"
	"alakazaam/config"
)

// Options are what a Transport is told. The zero value works.
type Options struct {
	// Source is the local address that outgoing connections to its family leave from. Not valid or unspecified: the
	// system picks one.
	Source netip.Addr

	// UploadRate and DownloadRate bound the files of all connections together, in bytes a second. 0 means no limit.
	UploadRate, DownloadRate config.Rate

	// WriteQueue is how many bytes may wait to be sent on a connection. 0 means 1 MiB.
	WriteQueue int

	// WriteQueues is how many bytes may wait on all connections together. Past it those connections end on which more
	// than 64 KiB wait. 0 means 256 MiB.
	WriteQueues int64

	// WriteTimeout is how long the other side may take nothing of what waits to be sent, and how long a closed
	// connection may take to send it all. 0 means 30 s.
	WriteTimeout time.Duration

	// Stagger is how long a dial gives one address before it tries the next one beside it. 0 means 250 ms, as
	// RFC 8305 (Happy Eyeballs) recommends.
	Stagger time.Duration

	// Orphans is how often connections are looked for that no actor owns: nobody called Attach since the last look, or
	// the owner is dead. They are aborted. 0 means a minute.
	Orphans time.Duration

	Metrics port.Metrics
	Log     logrus.FieldLogger
}

func (o Options) withDefaults() Options {
	if o.WriteQueue <= 0 {
		o.WriteQueue = 1 << 20
	}
	if o.WriteQueues <= 0 {
		o.WriteQueues = 256 << 20
	}
	if o.WriteTimeout <= 0 {
		o.WriteTimeout = 30 * time.Second
	}
	if o.Stagger <= 0 {
		o.Stagger = 250 * time.Millisecond
	}
	if o.Orphans <= 0 {
		o.Orphans = time.Minute
	}
	if o.Log == nil {
		silent := logrus.New()
		silent.SetOutput(io.Discard)
		o.Log = silent
	}
	return o
}

// Transport is port.Transport over TCP.
type Transport struct {
	Options
	system           *actor.ActorSystem
	root             *actor.RootContext
	meters           *meters
	upload, download *limiter
	queued           atomic.Int64 // bytes that wait to be sent, on all connections

	ctx    context.Context // ends dials and accepting
	cancel context.CancelFunc
	work   sync.WaitGroup // one for each dial, acceptor and open connection

	mu        sync.Mutex
	closed    bool
	conns     *conn // the first of a list, youngest first
	listeners map[*listener]struct{}
	janitor   *time.Timer // runs while there are connections
}

var _ port.Transport = (*Transport)(nil)

// NewTransport is a Transport that sends its messages through system.
func NewTransport(system *actor.ActorSystem, o Options) *Transport {
	t := &Transport{
		Options:   o.withDefaults(),
		system:    system,
		root:      system.Root,
		meters:    newMeters(o.Metrics),
		upload:    newLimiter(o.UploadRate),
		download:  newLimiter(o.DownloadRate),
		listeners: make(map[*listener]struct{}),
	}
	t.ctx, t.cancel = context.WithCancel(context.Background())
	return t
}

// SetRates changes what Options say of the files' rates.
func (t *Transport) SetRates(upload, download config.Rate) {
	t.upload.set(upload)
	t.download.set(download)
}

// Close ends everything: it stops listening and dialing, closes every connection once what is queued on it is sent,
// and aborts what is left when ctx ends. It returns when no goroutine of the transport runs any more; the error is that
// of ctx where connections had to be aborted.
func (t *Transport) Close(ctx context.Context) error {
	t.mu.Lock()
	t.closed = true
	listeners := t.listeners
	t.listeners = nil
	if t.janitor != nil {
		t.janitor.Stop()
	}
	t.mu.Unlock()
	t.cancel()
	for l := range listeners {
		l.Close()
	}
	for _, c := range t.open() {
		c.Close()
	}
	ended := make(chan struct{})
	go func() {
		t.work.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
	}
	for _, c := range t.open() {
		c.Abort()
	}
	<-ended
	return ctx.Err()
}

// enter counts a goroutine that Close has to wait for; false where the transport is closed.
func (t *Transport) enter() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	t.work.Add(1)
	return true
}

// add puts a new connection into the list; false where the transport is closed.
func (t *Transport) add(c *conn) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	t.work.Add(1)
	if c.next = t.conns; c.next != nil {
		c.next.prev = c
	}
	t.conns = c
	if t.janitor == nil {
		t.janitor = time.AfterFunc(t.Orphans, t.sweep)
	}
	t.meters.open.Add(1)
	return true
}

// remove takes an ended connection out of the list. The caller calls work.Done when it is through.
func (t *Transport) remove(c *conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c.prev != nil {
		c.prev.next = c.next
	} else {
		t.conns = c.next
	}
	if c.next != nil {
		c.next.prev = c.prev
	}
	c.prev, c.next = nil, nil
	t.meters.open.Add(-1)
}

// open lists the connections there are.
func (t *Transport) open() []*conn {
	t.mu.Lock()
	defer t.mu.Unlock()
	var all []*conn
	for c := t.conns; c != nil; c = c.next {
		all = append(all, c)
	}
	return all
}

// sweep aborts the connections that no actor owns. An actor that fails takes its mailbox with it, and with that a
// connection that it was about to be given; over months such losses would add up.
func (t *Transport) sweep() {
	for _, c := range t.open() {
		if c.orphaned() {
			t.meters.orphans.Add(1)
			t.Log.WithField("remote", c.remote).Warn("connection without an owner aborted")
			c.Abort()
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.janitor = nil; t.conns != nil && !t.closed {
		t.janitor = time.AfterFunc(t.Orphans, t.sweep)
	}
}

// alive says whether an actor of this process still exists. Others are taken to.
func (t *Transport) alive(owner *actor.PID) bool {
	_, ok := t.system.ProcessRegistry.Get(owner)
	return ok || owner.GetAddress() != t.system.Address()
}
