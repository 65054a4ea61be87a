package gateway

import (
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"golang.org/x/time/rate"

	"alakazaam/actors/p2p"
	"alakazaam/actors/props"
	"alakazaam/config"
	"alakazaam/gateway/wire"
)

const (
	// restFrom is the shortest rest of a connection that has sent too much: below it a timer costs more than it keeps off.
	restFrom = 10 * time.Millisecond
	// mostDebt is how far a budget may be overdrawn, as a time at its rate.
	mostDebt = 5 * time.Second
	// leastBytes is what a budget of bytes always holds: as much as is read at once.
	leastBytes = 16 << 10
)

// budget is what an address or a session may send: two token buckets that all its connections share. It is safe for
// concurrent use.
type budget struct {
	mu             sync.Mutex
	rates          rates // by which the buckets fill
	packets, bytes *rate.Limiter
}

// rates are how a budget fills. 0 sets no limit.
type rates struct {
	packets int
	bytes   config.Rate
	burst   time.Duration
}

func addressRates(l *config.Limits) rates {
	return rates{l.PacketsPerSecond, l.BytesPerSecond, l.Burst}
}

func sessionRates(l *config.Limits) rates {
	return rates{l.SessionPacketsPerSecond, l.SessionBytesPerSecond, l.Burst}
}

// take pays for what has come and says how long the payer has to rest for it, by packets and by bytes.
func (b *budget) take(now time.Time, packets, bytes int, r rates) (byPackets, byBytes time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.packets == nil || b.rates != r {
		b.rates = r
		b.packets = bucket(float64(r.packets), r.burst, 1)
		b.bytes = bucket(float64(r.bytes), r.burst, leastBytes)
	}
	return draw(b.packets, now, packets), draw(b.bytes, now, bytes)
}

// bucket is a full one that fills with perSecond; 0 sets no limit. It holds at least so much.
func bucket(perSecond float64, burst time.Duration, least int) *rate.Limiter {
	if perSecond == 0 {
		return rate.NewLimiter(rate.Inf, 0)
	}
	return rate.NewLimiter(rate.Limit(perSecond), max(int(min(perSecond*burst.Seconds(), 1<<30)), least))
}

// draw takes n tokens out of a bucket and says when the last of them is there.
func draw(l *rate.Limiter, now time.Time, n int) (wait time.Duration) {
	if l.Limit() == rate.Inf {
		return 0
	}
	if debt := -l.TokensAt(now) / float64(l.Limit()); debt > mostDebt.Seconds() {
		return mostDebt // more is not charged: it would be others of the same address who pay for it
	}
	for n > 0 {
		part := min(n, l.Burst()) // more than the bucket holds is never given at once
		wait = l.ReserveN(now, part).DelayFrom(now)
		n -= part
	}
	return wait
}

// rested ends a connection's rest.
type rested struct{}

// quantum is how many packets are paid for together at a rate of so many a second: what comes in a hundredth of a
// second, and no more than is read at once anyway.
func quantum(perSecond int) int {
	const most = 64
	if perSecond == 0 {
		return most
	}
	return min(max(perSecond/100, 1), most)
}

// owe notes what a packet costs. It is paid for later, with others.
func (c *incoming) owe(ctx actor.Context, p wire.Packet) {
	id := sessionOf(p)
	if id != c.under && c.underPackets > 0 {
		c.pay(ctx)
	}
	c.packetsDue++
	if c.under = id; id != (p2p.SessionID{}) {
		c.underPackets++
		c.underBytes += p.Command().Size()
	}
	if l := c.limits(); c.packetsDue >= quantum(l.PacketsPerSecond) || c.underPackets >= quantum(l.SessionPacketsPerSecond) {
		c.pay(ctx)
	}
}

// sessionOf is the session that a packet names; zero for none.
func sessionOf(p wire.Packet) p2p.SessionID {
	switch p := p.(type) {
	case *wire.Adff:
		return p.Session
	case *wire.Deff:
		return p.Session
	case *wire.Find:
		return p.Session
	case *wire.Logo:
		return p.Session
	}
	return p2p.SessionID{}
}

// pay takes what has come out of the budgets of its address and its session. Where they are overdrawn the connection
// rests: it is not read until they have filled again.
func (c *incoming) pay(ctx actor.Context) {
	now, l := c.env.Clock.Now(), c.limits()
	var rest time.Duration
	if c.packetsDue+c.bytesDue > 0 && !c.Config.Get().Access.Trusts(c.from) {
		packets, bytes := c.budget.take(now, c.packetsDue, c.bytesDue, addressRates(l))
		rest = max(c.hold(c.metrics.packets, packets), c.hold(c.metrics.bytes, bytes))
	}
	if c.underPackets > 0 {
		packets, bytes := c.sessionBudget(c.under).take(now, c.underPackets, c.underBytes, sessionRates(l))
		rest = max(rest, c.hold(c.metrics.sessionPackets, packets), c.hold(c.metrics.sessionBytes, bytes))
	}
	c.packetsDue, c.bytesDue, c.underPackets, c.underBytes = 0, 0, 0, 0
	if rest > 0 && now.Add(rest).After(c.restsUntil) {
		if c.resting != nil {
			c.resting.Stop()
		}
		c.rest, c.restsUntil = rest, now.Add(rest)
		c.resting = c.env.Clock.After(rest, ctx.Self(), &rested{})
	}
}

// hold counts a wait that is long enough for a rest.
func (c *incoming) hold(by *props.Limit, wait time.Duration) time.Duration {
	if wait < restFrom {
		return 0
	}
	by.Hit("from", c.from)
	return wait
}

// sessionBudget is what may be sent under a session, whether it exists or not.
func (c *incoming) sessionBudget(id p2p.SessionID) *budget {
	if b, ok := c.sessions.Get(id); ok {
		return b
	}
	b := &budget{}
	other, ok, forgotten := c.sessions.PeekOrAdd(id, b)
	if forgotten {
		c.metrics.forgotten.Hit()
	}
	if ok {
		return other
	}
	return b
}
