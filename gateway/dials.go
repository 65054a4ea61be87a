package gateway

import (
	"maps"
	"math"
	"net/netip"
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/config"
)

// job is what an outgoing connection is opened for.
type job struct {
	kind    jobKind
	to      p2p.Endpoint
	packet  any           // jobSend, jobAsk
	timeout time.Duration // jobAsk, jobLink: for the answer
	file    p2p.FileID    // jobFetch
	path    string        // jobFetch
	ref     message.Ref
	replyTo *actor.PID
	// released says that the job has given its place in the dial queue back.
	released bool
}

type jobKind uint8

const (
	jobSend jobKind = iota
	jobAsk
	jobFetch
	jobLink
)

func (j job) key() fetchKey {
	if j.kind != jobFetch {
		return fetchKey{}
	}
	return fetchKey{j.replyTo.Id, j.ref}
}

// answer tells whoever waits that the job failed, or, with a nil err, that a packet was sent.
func (j job) answer(ctx actor.Context, err error) {
	if j.replyTo == nil {
		return
	}
	switch j.kind {
	case jobSend:
		ctx.Send(j.replyTo, &message.Sent{Ref: j.ref, Err: err})
	case jobAsk:
		ctx.Send(j.replyTo, &message.Answered{Ref: j.ref, Err: err})
	case jobFetch:
		ctx.Send(j.replyTo, &message.Fetched{Ref: j.ref, Err: err})
	case jobLink:
		ctx.Send(j.replyTo, &message.Linked{Ref: j.ref, Err: err})
	}
}

// dialQueue decides when a dial may begin: so many at once in all and towards one address, first come first served for
// each, and no more than so many waiting. A dial may try each address of its endpoint and counts for all of them. It is
// what keeps a query with a forged address from making a weapon of this node.
type dialQueue struct {
	limits func() *config.Limits
	hosts  map[netip.Addr]*hostQueue
	active int
	line   []job // those whose hosts have room while there are too many dials in all
	queued int   // in the line and at the hosts
}

type hostQueue struct {
	active  int
	waiting []job
}

func newDialQueue(limits func() *config.Limits) dialQueue {
	return dialQueue{limits: limits, hosts: make(map[netip.Addr]*hostQueue)}
}

// hostsOf are the hosts that a job may dial, as limits count them.
func hostsOf(j job) []netip.Addr {
	all := j.to.Dialable()
	out := make([]netip.Addr, len(all))
	for i, at := range all {
		out[i] = p2p.HostOf(at.Addr())
	}
	return out
}

// room says how many more dials may begin towards a host.
func (q *dialQueue) room(h *hostQueue) int {
	limit := q.limits().DialsPerAddress
	if limit == 0 {
		return math.MaxInt
	}
	return limit - h.active
}

// begin says whether j may dial now. Otherwise it waits, unless ok is false: then the queue is full.
func (q *dialQueue) begin(j job) (now, ok bool) {
	h := q.full(j)
	if h == nil && q.vacant() {
		q.take(j)
		return true, true
	}
	if limit := q.limits().DialsQueued; limit > 0 && q.queued >= limit {
		return false, false
	}
	q.queued++
	if h == nil {
		q.line = append(q.line, j)
	} else {
		h.waiting = append(h.waiting, j)
	}
	return false, true
}

// vacant says whether one more dial may begin, wherever it goes.
func (q *dialQueue) vacant() bool {
	limit := q.limits().Dials
	return limit == 0 || q.active < limit
}

// full is the first address of a job that has no room for it; nil where it may dial.
func (q *dialQueue) full(j job) *hostQueue {
	for _, a := range hostsOf(j) {
		if h := q.hosts[a]; h != nil && q.room(h) <= 0 {
			return h
		}
	}
	return nil
}

func (q *dialQueue) take(j job) {
	q.active++
	for _, a := range hostsOf(j) {
		h := q.hosts[a]
		if h == nil {
			h = &hostQueue{}
			q.hosts[a] = h
		}
		h.active++
	}
}

// end gives a dial's places back and returns the jobs that may begin now. One that waited for this address and then
// finds its other one taken, or no room in all, goes on waiting there. Where jobs wait for a host, others are on their way
// to it or stand in the line, and wake them.
func (q *dialQueue) end(done job) (next []job) {
	q.active--
	for _, a := range hostsOf(done) {
		q.hosts[a].active--
	}
	for _, a := range hostsOf(done) {
		h := q.hosts[a]
		for n := q.room(h); n > 0 && len(h.waiting) > 0; n-- {
			j := h.waiting[0]
			h.waiting[0] = job{}
			h.waiting = h.waiting[1:]
			next = q.again(next, j)
		}
		if h.active == 0 && len(h.waiting) == 0 {
			delete(q.hosts, a)
		}
	}
	for n := len(q.line); n > 0 && q.vacant(); n-- {
		j := q.line[0]
		q.line[0] = job{}
		q.line = q.line[1:]
		next = q.again(next, j)
	}
	return next
}

// again has a job that waited begin, or wait for what it still lacks.
func (q *dialQueue) again(next []job, j job) []job {
	switch h := q.full(j); {
	case h != nil:
		h.waiting = append(h.waiting, j)
	case !q.vacant():
		q.line = append(q.line, j)
	default:
		q.queued--
		q.take(j)
		return append(next, j)
	}
	return next
}

// each calls f for every waiting job, for the end.
func (q *dialQueue) each(f func(job)) {
	for _, j := range q.line {
		f(j)
	}
	for _, host := range slices.SortedFunc(maps.Keys(q.hosts), netip.Addr.Compare) {
		for _, j := range q.hosts[host].waiting {
			f(j)
		}
	}
}

// enqueue begins a job, has it wait for its turn, or refuses it. Downloads take no part in the limit by address: they
// last, there are few of them, and it is this node's user who wants them.
func (g *gateway) enqueue(ctx actor.Context, j job) {
	if j.to.Same(g.Self) {
		j.answer(ctx, errSelf)
		return
	}
	if !g.Config.Get().Access.Endpoint(j.to) {
		g.metrics.denied.Hit("to", j.to)
		g.metrics.unsent(j)
		j.answer(ctx, errDenied)
		return
	}
	if j.kind == jobFetch {
		g.dial(ctx, j)
		return
	}
	now, ok := g.dials.begin(j)
	switch {
	case now:
		g.dial(ctx, j)
	case !ok:
		g.metrics.dialsDropped.Hit("to", j.to)
		g.metrics.unsent(j)
		j.answer(ctx, errQueue)
	case g.dials.vacant():
		g.metrics.dialsHeld.Hit("to", j.to)
	default:
		g.metrics.dialsAll.Hit("limit", g.limits().Dials)
	}
}

// dial makes a connection's actor. It is born with its job: a message could be lost to a stop that overtakes it, and
// whoever waits for the job would never be told.
func (g *gateway) dial(ctx actor.Context, j job) {
	pid := g.spawn(ctx, g.env.Make("connection", func() actor.Actor {
		if j.kind == jobLink {
			return &incoming{shared: g.shared, opening: &j, budget: g.visitors.find(p2p.HostOf(j.to.Host())).budget}
		}
		return &outgoing{shared: g.shared, job: j}
	}))
	g.dialing[pid.Id] = j
	if j.kind == jobFetch {
		g.fetches[j.key()] = pid
	}
}

// delivered is what an outgoing connection says once its packet is on its way or cannot be: its dial has ended.
type delivered struct{ who *actor.PID }

// release gives the place of an ended dial to the next one that waits for the same host.
func (g *gateway) release(ctx actor.Context, who *actor.PID) {
	j, ok := g.dialing[who.Id]
	if !ok || j.released || j.kind == jobFetch {
		return
	}
	j.released = true
	g.dialing[who.Id] = j
	for _, next := range g.dials.end(j) {
		g.dial(ctx, next)
	}
}
