// Package query runs searches. The queries actor knows which Pktids have been seen and has a child for each query that
// is pending: a search of a session or of the node's own user, which floods QUERs and gathers the answers, or the
// answering and passing on of another supernode's QUER.
//
// A pending query that fails is stopped, and whoever waits for it is told, over a link with a DONE. The queries actor is
// restarted when it fails; its pending queries end with it, and it forgets which Pktids it has seen.
package query

import (
	"errors"
	"maps"
	"net/netip"
	"slices"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/actors/props"
	"alakazaam/config"
)

// Options are the rules of searches.
type Options struct {
	Self   p2p.Endpoint
	Config *config.Live
}

// Props makes the queries actor.
func Props(env *props.Env, o Options, routes *message.Routes) *actor.Props {
	return env.Make("queries", func() actor.Actor { return newQueries(env, o, routes) },
		props.Rule{Kind: "query", Action: props.Stop})
}

type queries struct {
	*common
	seen     *props.Seen
	pending  map[p2p.PacketID]*pending
	steps    map[p2p.PacketID]p2p.PacketID // of the further steps of searches, to those of the first
	finds    map[findKey]p2p.PacketID
	searches int           // how many of pending are searches
	current  *message.Quer // being dealt with
	shares   shares
}

// common is what all queries of a node share.
type common struct {
	env     *props.Env
	options Options
	routes  *message.Routes
	metrics *metrics
}

// rules are those of searches as they are now.
func (c *common) rules() config.Search { return c.options.Config.Get().Search }

// welcome says whether a hit may be told.
func (c *common) welcome(h message.Hit) bool {
	access := &c.options.Config.Get().Access
	return access.File(h.File) && access.Endpoint(h.Owner)
}

type pending struct {
	pid   *actor.PID
	find  *message.Find  // nil: another's query
	from  netip.Addr     // where another's query came from
	steps []p2p.PacketID // of a search, but for the first
}

type findKey struct {
	asker string
	ref   message.Ref
}

func newQueries(env *props.Env, o Options, routes *message.Routes) *queries {
	return &queries{
		common:  &common{env: env, options: o, routes: routes, metrics: newMetrics(env)},
		seen:    props.NewSeen(env, o.Config.Get().Limits.Pktids),
		pending: make(map[p2p.PacketID]*pending),
		steps:   make(map[p2p.PacketID]p2p.PacketID),
		finds:   make(map[findKey]p2p.PacketID),
		shares:  newShares(),
	}
}

// Receive implements actor.Actor.
func (q *queries) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *message.Find:
		q.onFind(ctx, m)
	case *message.CancelFind:
		key := findKey{m.ReplyTo.Id, m.Ref}
		if id, ok := q.finds[key]; ok {
			q.end(ctx, id)
		}
		q.shares.drop(key)
	case *another:
		q.onAnother(m)
	case *over:
		q.end(ctx, m.id)
	case *message.Abandoned:
		q.onAbandoned(ctx, m)
	case *message.Quer:
		q.current = m
		q.onQuer(ctx, m)
		q.current = nil
		ctx.Send(m.ReplyTo, &message.Handled{Ref: m.Ref})
	case *message.Aque:
		q.onAque(ctx, m)
	case *actor.Terminated:
		q.onTerminated(ctx, m.Who)
	case *message.Inspect:
		ctx.Send(m.ReplyTo, &message.QueriesStatus{
			Searches: q.searches, Answers: len(q.pending) - q.searches, Waiting: len(q.shares.waiting), Seen: q.seen.Len(),
		})
	case *actor.Stopping, *actor.Restarting:
		q.metrics.searches.Set(0)
		q.shares.fail(ctx)
		if q.current != nil {
			finish(ctx, q.current, false) // over which this instance failed
		}
	case *actor.Started, *actor.Stopped:
	default:
		q.env.Log.Warnf("queries: unexpected %T", m)
	}
}

// onFind begins a search, has it wait for its turn, or refuses it.
func (q *queries) onFind(ctx actor.Context, m *message.Find) {
	if !q.room(len(q.pending)) {
		ctx.Send(m.ReplyTo, &message.Found{Ref: m.Ref, Err: message.ErrBusy})
		return
	}
	limit := q.options.Config.Get().Limits.SearchesPerSession
	now, ok := q.shares.take(m, limit)
	switch {
	case now:
		q.search(ctx, m)
	case ok:
		q.metrics.held.Hit("session", m.Session)
	default:
		q.metrics.greedy.Hit("session", m.Session, "limit", limit)
		ctx.Send(m.ReplyTo, &message.Found{Ref: m.Ref, Err: message.ErrBusy})
	}
}

// search begins a search under a new Pktid.
func (q *queries) search(ctx actor.Context, m *message.Find) {
	id := p2p.NewPacketID(q.env.Rand)
	q.seen.Add(id)
	q.begin(ctx, id, &pending{find: m}, func() actor.Actor { return newSearch(q.common, id, m) })
	q.finds[keyOf(m)] = id
	q.searches++
	q.metrics.searches.Set(q.searches)
}

// onAnother notes the Pktid of a search's next step, before it goes out.
func (q *queries) onAnother(m *another) {
	q.seen.Add(m.id)
	if p, ok := q.pending[m.first]; ok {
		p.steps = append(p.steps, m.id)
		q.steps[m.id] = m.first
	}
}

// of gives the query that a Pktid belongs to, if it is pending.
func (q *queries) of(id p2p.PacketID) *pending {
	if first, ok := q.steps[id]; ok {
		id = first
	}
	return q.pending[id]
}

// onAbandoned tells every query that a neighbor's actor has ended.
func (q *queries) onAbandoned(ctx actor.Context, m *message.Abandoned) {
	for _, id := range slices.SortedFunc(maps.Keys(q.pending), p2p.PacketID.Compare) {
		ctx.Send(q.pending[id].pid, m)
	}
}

// onQuer handles another's query: once, whatever comes again. Of one that came over a link and goes no further the link is
// told so: that of a duplicate everything has come, because whoever brought it first gets it, and that of one that is
// refused nothing is known.
func (q *queries) onQuer(ctx actor.Context, m *message.Quer) {
	if q.seen.Has(m.ID) || q.of(m.ID) != nil || m.Origin.Same(q.options.Self) {
		q.metrics.duplicates.Add(1)
		finish(ctx, m, true)
		return
	}
	if !q.admit(ctx, m) {
		finish(ctx, m, false)
	}
}

// admit has another's query answered and passed on, unless a limit refuses it. One that is refused is not remembered:
// another neighbor may bring it, too.
func (q *queries) admit(ctx actor.Context, m *message.Quer) bool {
	from := p2p.HostOf(m.From)
	if limit := q.options.Config.Get().Limits.QueriesPerAddress; !q.shares.visit(from, limit) {
		q.metrics.crowded.Hit("from", from, "limit", limit)
		return false
	}
	// Others' queries leave half of the room to the searches of this node's own peers.
	producer := func() actor.Actor { return newReply(q.common, m) }
	if !q.room(2*(len(q.pending)-q.searches)) || !q.begin(ctx, m.ID, &pending{from: from}, producer) {
		q.shares.leave(from)
		return false
	}
	q.seen.Add(m.ID)
	return true
}

// room says whether another query may be pending where there are n.
func (q *queries) room(n int) bool {
	limit := q.options.Config.Get().Limits.PendingQueries
	if limit == 0 || max(n, len(q.pending)) < limit {
		return true
	}
	q.metrics.busy.Hit("limit", limit)
	return false
}

func (q *queries) begin(ctx actor.Context, id p2p.PacketID, p *pending, producer func() actor.Actor) bool {
	pid, err := ctx.SpawnNamed(q.env.Make("query", producer), "query/"+id.String())
	if err != nil {
		// The Pktid was forgotten and comes again while the actor of that name is on its way out.
		q.metrics.duplicates.Add(1)
		return false
	}
	p.pid = pid
	q.pending[id] = p
	return true
}

// onAque brings an answer to its search, which says when it has been handled.
func (q *queries) onAque(ctx actor.Context, m *message.Aque) {
	if p := q.of(m.ID); p != nil && p.find != nil {
		ctx.Send(p.pid, m)
		return
	}
	q.metrics.late.Add(1)
	ctx.Send(m.ReplyTo, &message.Handled{Ref: m.Ref})
}

// over is what a query says once it has told its outcome.
type over struct{ id p2p.PacketID }

// end has a query stop behind the AQUEs that are in its mailbox already: the connections that brought them wait to
// hear that they were handled.
func (q *queries) end(ctx actor.Context, id p2p.PacketID) {
	if p, ok := q.pending[id]; ok {
		q.forget(ctx, id)
		ctx.Poison(p.pid)
	}
}

func (q *queries) onTerminated(ctx actor.Context, who *actor.PID) {
	if id, err := p2p.ParsePacketID([]byte(who.Id[len(who.Id)-p2p.IDLen:])); err == nil {
		q.forget(ctx, id)
	}
}

// forget gives the place of a query back.
func (q *queries) forget(ctx actor.Context, id p2p.PacketID) {
	p, ok := q.pending[id]
	if !ok {
		return
	}
	delete(q.pending, id)
	for _, step := range p.steps {
		delete(q.steps, step)
	}
	if p.find == nil {
		q.shares.leave(p.from)
	} else {
		delete(q.finds, keyOf(p.find))
		q.searches--
		q.metrics.searches.Set(q.searches)
		if next := q.shares.give(p.find.Session, q.options.Config.Get().Limits.SearchesPerSession); next != nil {
			q.search(ctx, next)
		}
	}
}

// errFailed is what a search ends with that failed.
var errFailed = errors.New("the search failed")
