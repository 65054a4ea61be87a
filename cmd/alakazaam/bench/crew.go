package bench

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"alakazaam/actors/p2p"
	"alakazaam/gateway/wire"
)

// atOnce is how many peers log in, publish or log out at the same time outside the measurement.
const atOnce = 32

// acceptAgain is how long to wait where a connection could not be accepted.
const acceptAgain = 10 * time.Millisecond

// peer is one simulated peer. It listens at its endpoint, so that nobody else is there and that the supernode finds
// somebody when it looks.
type peer struct {
	number   int
	at       netip.Addr
	listener net.Listener
	logi     []byte
	session  atomic.Pointer[p2p.SessionID] // nil: not logged in
	asked    atomic.Bool                   // a LOGI has been sent, whose answer may not have come
	files    atomic.Int64                  // how many it has published, or tried to
	pipe     *pipe                         // nil: each request has a connection of its own
}

// owned is a file that can be downloaded.
type owned struct {
	file p2p.FileID
	from netip.AddrPort
}

// crew is all peers.
type crew struct {
	o     *Options
	net   *network
	names *Names
	all   []*peer
	peers []*peer // those that take part in the measurement
	files []owned
	text  p2p.SearchText // what all searches look for; empty: something of each search's own
}

// newCrew takes an endpoint for each peer.
func newCrew(o *Options, n *network) (*crew, error) {
	c := &crew{o: o, net: n, names: NewNames(o.Seed)}
	var err error
	if c.text, err = p2p.NewSearchText(o.Text); err != nil {
		return nil, err
	}
	addresses := o.Sources.Take(o.Peers)
	if len(addresses) == 0 {
		return nil, errors.New("the sources have no address")
	}
	for i := range o.Peers {
		p, err := c.newPeer(i, addresses[i%len(addresses)])
		if err != nil {
			c.close()
			return nil, err
		}
		c.all = append(c.all, p)
	}
	c.peers = c.all
	return c, nil
}

func (c *crew) newPeer(i int, at netip.Addr) (*peer, error) {
	l, err := net.Listen("tcp", netip.AddrPortFrom(at, 0).String())
	if err != nil {
		return nil, errSources(at, err)
	}
	port := l.Addr().(*net.TCPAddr).AddrPort().Port()
	v4, v6 := at, netip.Addr{}
	if at.Is6() {
		v4, v6 = c.o.IPv4, at
	}
	e, err := p2p.NewEndpoint(v4, v6, port)
	if err != nil {
		l.Close()
		return nil, err
	}
	go func() {
		for {
			conn, err := l.Accept()
			switch {
			case errors.Is(err, net.ErrClosed):
				return
			case err != nil: // no descriptor is free, perhaps; others will be
				time.Sleep(acceptAgain)
			default:
				conn.Close()
			}
		}
	}()
	p := &peer{number: i, at: at, listener: l, logi: (&wire.Logi{Endpoint: e}).Append(nil)}
	if c.o.Kept {
		p.pipe = newPipe(c.net, way{at, c.o.Target})
	}
	return p, nil
}

// close gives the endpoints and kept connections up.
func (c *crew) close() {
	for _, p := range c.all {
		p.listener.Close()
		if p.pipe != nil {
			p.pipe.close()
		}
	}
}

// do carries out one request of the measurement.
func (c *crew) do(ctx context.Context, q request) result {
	p := c.peers[q.peer]
	switch q.op {
	case Login:
		return c.login(ctx, p)
	case Publish:
		return c.publish(ctx, p)
	case Search:
		return c.search(ctx, p, c.textOf(q))
	default:
		f := c.files[q.a%uint64(len(c.files))]
		return c.net.fetch(ctx, way{p.at, f.from}, (&wire.Retr{File: f.file}).Append(nil), true)
	}
}

// ask sends a packet that has an answer, the way that the peer sends.
func (c *crew) ask(ctx context.Context, p *peer, packet []byte) (wire.Packet, result) {
	if p.pipe != nil {
		return p.pipe.exchange(ctx, packet)
	}
	return c.net.exchange(ctx, way{p.at, c.o.Target}, packet)
}

func (c *crew) login(ctx context.Context, p *peer) result {
	p.asked.Store(true)
	answer, res := c.ask(ctx, p, p.logi)
	if res.err == nil {
		res.err = p.loggedIn(answer)
	}
	return res
}

// loggedIn takes the answer to a LOGI. A refusal leaves an earlier session as it is.
func (p *peer) loggedIn(answer wire.Packet) error {
	a, ok := answer.(*wire.Algi)
	switch {
	case !ok:
		return errWrongAnswer
	case a.Session.Refused():
		return errLoginRefused
	}
	if old := p.session.Load(); old == nil || *old != a.Session {
		p.session.Store(&a.Session)
	}
	return nil
}

// adff is the next file of a peer.
func (c *crew) adff(dst []byte, p *peer) []byte {
	id, name := c.names.File(p.number, int(p.files.Add(1)-1))
	return (&wire.Adff{Session: *p.session.Load(), File: id, Name: name}).Append(dst)
}

// publish publishes one file. That has no answer; on a kept connection a LOGI behind it has, once the file has been
// taken in, because answers come in the order of the requests.
func (c *crew) publish(ctx context.Context, p *peer) result {
	if p.pipe == nil {
		return c.net.tell(ctx, way{p.at, c.o.Target}, c.adff(nil, p))
	}
	answer, res := p.pipe.exchange(ctx, append(c.adff(nil, p), p.logi...))
	if res.err == nil {
		res.err = p.loggedIn(answer)
	}
	return res
}

func (c *crew) search(ctx context.Context, p *peer, text p2p.SearchText) result {
	answer, res := c.ask(ctx, p, (&wire.Find{Session: *p.session.Load(), Text: text}).Append(nil))
	if res.err != nil {
		return res
	}
	a, ok := answer.(*wire.Afin)
	if !ok {
		res.err = errWrongAnswer
		return res
	}
	res.found = len(a.Entries)
	return res
}

// textOf is what a search looks for: what all do, or some words of a file that somebody may have published.
func (c *crew) textOf(q request) p2p.SearchText {
	if c.o.Text != "" {
		return c.text
	}
	owner := c.peers[q.a%uint64(len(c.peers))]
	return c.names.Text(owner.number, int(q.a>>32)%max(c.o.Files, 1), c.o.Words, q.b)
}

// Counts is how something went for many, by the kinds of its failures.
type Counts struct {
	OK       int            `json:"ok"`
	Failures map[string]int `json:"failures,omitempty"`
}

// Failed is how many failures there were.
func (c Counts) Failed() (n int) {
	for _, k := range c.Failures {
		n += k
	}
	return n
}

// String lists the failures, the most frequent kind first.
func (c Counts) String() string { return failuresText(c.Failures) }

func failuresText[N int | int64](failures map[string]N) string {
	kinds := slices.Sorted(maps.Keys(failures))
	slices.SortStableFunc(kinds, func(a, b string) int { return int(failures[b] - failures[a]) })
	for i, k := range kinds {
		kinds[i] = fmt.Sprintf("%d %s", failures[k], strings.ReplaceAll(k, "_", " "))
	}
	return strings.Join(kinds, ", ")
}

// each does something for every peer, for some at once, and counts what became of it. done is told how many are through.
func (c *crew) each(ctx context.Context, what func(context.Context, *peer) []error, done func(n int)) Counts {
	out := Counts{Failures: make(map[string]int)}
	var mu sync.Mutex
	var all sync.WaitGroup
	room := make(chan struct{}, atOnce)
	for i, p := range c.all {
		done(i)
		room <- struct{}{}
		all.Go(func() {
			defer func() { <-room }()
			errs := what(ctx, p)
			mu.Lock()
			defer mu.Unlock()
			for _, err := range errs {
				if err == nil {
					out.OK++
				} else if kind := kindOf(err); kind != failCancelled {
					out.Failures[kind]++
				}
			}
		})
	}
	all.Wait()
	return out
}

// loginAll logs every peer in. Those that cannot be logged in take no part. Where that goes wrong for the first ones, the
// others do not even try.
func (c *crew) loginAll(ctx context.Context, done func(int)) Counts {
	var ok, failed atomic.Int64
	out := c.each(ctx, func(ctx context.Context, p *peer) []error {
		if ctx.Err() != nil || ok.Load() == 0 && failed.Load() >= atOnce {
			return nil
		}
		err := c.login(ctx, p).err
		if err == nil {
			ok.Add(1)
		} else {
			failed.Add(1)
		}
		return []error{err}
	}, done)
	c.peers = slices.DeleteFunc(slices.Clone(c.all), func(p *peer) bool { return p.session.Load() == nil })
	return out
}

// batch is how many files a peer sends at once before it waits.
const batch = 500

// publishAll has every peer publish its files, up to the first that cannot be published.
func (c *crew) publishAll(ctx context.Context, done func(int)) Counts {
	return c.each(ctx, func(ctx context.Context, p *peer) (errs []error) {
		if p.session.Load() == nil {
			return nil
		}
		for left := c.o.Files; left > 0 && ctx.Err() == nil; {
			n := 1
			if p.pipe != nil {
				n = min(left, batch)
			}
			err := c.publishSome(ctx, p, n)
			if err != nil {
				return append(errs, err)
			}
			errs = append(errs, make([]error, n)...)
			left -= n
		}
		return errs
	}, done)
}

// publishSome publishes files in one go.
func (c *crew) publishSome(ctx context.Context, p *peer, n int) error {
	if p.pipe == nil {
		return c.publish(ctx, p).err
	}
	var packets []byte
	for range n - 1 {
		packets = c.adff(packets, p)
	}
	answer, res := p.pipe.exchange(ctx, append(c.adff(packets, p), p.logi...))
	if res.err != nil {
		return res.err
	}
	return p.loggedIn(answer)
}

// findFiles looks for files that can be downloaded.
func (c *crew) findFiles(ctx context.Context) error {
	if c.o.File != (p2p.FileID{}) {
		c.files = []owned{{c.o.File, c.o.Target}}
		return nil
	}
	text := c.text
	if c.o.Text == "" {
		text, _ = p2p.NewSearchText("*")
	}
	p := c.peers[0]
	answer, res := c.ask(ctx, p, (&wire.Find{Session: *p.session.Load(), Text: text}).Append(nil))
	if res.err != nil {
		return fmt.Errorf("the search for files to download failed: %w", res.err)
	}
	a, ok := answer.(*wire.Afin)
	if !ok {
		return fmt.Errorf("the search for files to download failed: %w", errWrongAnswer)
	}
	for _, e := range a.Entries {
		for _, owner := range e.Copies {
			if to := owner.Dialable(); len(to) > 0 {
				c.files = append(c.files, owned{e.File, to[0]})
			}
		}
	}
	if c.o.Bare != nil && len(c.files) > 1 {
		c.files = c.files[:1] // the bare server has but one
	}
	if len(c.files) == 0 {
		return fmt.Errorf("a search for %q finds no file that could be downloaded: share some, or name one with --file", text)
	}
	return nil
}

// logoutTimeout bounds the end.
const logoutTimeout = 30 * time.Second

// logoutAll logs out every peer that is logged in, or may be because no answer to its login has come.
func (c *crew) logoutAll() Counts {
	ctx, cancel := context.WithTimeout(context.Background(), logoutTimeout)
	defer cancel()
	return c.each(ctx, func(ctx context.Context, p *peer) []error {
		if !p.asked.Load() {
			return nil
		}
		return []error{c.logout(ctx, p)}
	}, func(int) {})
}

func (c *crew) logout(ctx context.Context, p *peer) error {
	if p.session.Load() == nil {
		if err := c.login(ctx, p).err; errors.Is(err, errLoginRefused) {
			return nil // so it is not logged in
		} else if err != nil {
			return err
		}
	}
	answer, res := c.ask(ctx, p, (&wire.Logo{Session: *p.session.Load()}).Append(nil))
	if res.err != nil {
		return res.err
	}
	if _, ok := answer.(*wire.Algo); !ok {
		return errWrongAnswer
	}
	return nil
}
