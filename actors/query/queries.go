// Package query runs searches. The queries actor knows which Pktids have been seen and has a child for each query that
// is pending: a search of a session or of the node's own user, which floods a QUER and gathers the answers, or the
// answering of another supernode's QUER.
//
// A pending query that fails is stopped, and whoever waits for it is told. The queries actor is restarted when it fails;
// its pending queries end with it, and it forgets which Pktids it has seen.
package query

import (
	"errors"
	"net/netip"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
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
	pending  map[p2p.PacketID]pending
	finds    map[findKey]p2p.PacketID
	searches int // how many of pending are searches
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
	pid  *actor.PID
	find *message.Find // nil: another's query
	from netip.Addr    // where another's query came from
}

type findKey struct {
	asker string
	ref   message.Ref
}

type metrics struct {
	duplicates, late, mismatch, cut, denied port.Counter
	searches                                port.Gauge
	results                                 port.Histogram
	here, elsewhere                         port.Histogram // seconds, by where it began
	busy, greedy, crowded                   *props.Limit
	held, unmatched                         *props.Limit
}

// Classes of searches: by seconds, around the defaults of search.quiet and search.window, and by files found, up to what
// an AFIN can carry.
var (
	secondsBuckets = []float64{0.01, 0.05, 0.1, 0.5, 1, 1.5, 2, 3, 5, 10, 15, 20, 30}
	resultsBuckets = []float64{0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 999}
)

func newMetrics(env *props.Env) *metrics {
	m := env.Metrics
	const (
		dropped = "Packets dropped, by command and reason."
		seconds = "How long searches took that ended by themselves: began here, until their results were told; began elsewhere, " +
			"until the last answer had been sent."
	)
	return &metrics{
		duplicates: m.Counter("dropped_total", dropped, "command", "QUER", "reason", "duplicate"),
		late:       m.Counter("dropped_total", dropped, "command", "AQUE", "reason", "nobody_waits"),
		mismatch:   m.Counter("dropped_total", dropped, "command", "AQUE", "reason", "does_not_match"),
		cut:        m.Counter("dropped_total", dropped, "command", "AQUE", "reason", "past_limit"),
		denied:     m.Counter("dropped_total", dropped, "command", "AQUE", "reason", "denied"),
		busy:       env.Refusing("pending_queries", "query refused: limits.pending_queries"),
		unmatched:  env.Refusing("search_window", "search given up: the catalog did not come to it in time (search.window)"),
		greedy:     env.Refusing("searches_per_session", "search refused: too many of its session wait already (limits.searches_per_session)"),
		held:       env.Slowing("searches_per_session", "a search waits for its turn: limits.searches_per_session").Quietly(),
		crowded:    env.Refusing("queries_per_address", "query dropped: limits.queries_per_address"),
		searches:   m.Gauge("searches", "Searches that wait for answers."),
		results:    m.Histogram("search_results", "Files found by a search that began here.", resultsBuckets),
		here:       m.Histogram("search_seconds", seconds, secondsBuckets, "began", "here"),
		elsewhere:  m.Histogram("search_seconds", seconds, secondsBuckets, "began", "elsewhere"),
	}
}

func newQueries(env *props.Env, o Options, routes *message.Routes) *queries {
	return &queries{
		common:  &common{env: env, options: o, routes: routes, metrics: newMetrics(env)},
		seen:    props.NewSeen(env, o.Config.Get().Limits.Pktids),
		pending: make(map[p2p.PacketID]pending),
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
	case *over:
		q.end(ctx, m.id)
	case *message.Quer:
		q.onQuer(ctx, m)
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
	q.begin(ctx, id, pending{find: m}, func() actor.Actor { return newSearch(q.common, id, m) })
	q.finds[keyOf(m)] = id
	q.searches++
	q.metrics.searches.Set(q.searches)
}

// onQuer handles another's query: once, whatever comes again. It is answered from the catalog and passed on.
func (q *queries) onQuer(ctx actor.Context, m *message.Quer) {
	if q.seen.Has(m.ID) || m.Origin.Same(q.options.Self) {
		q.metrics.duplicates.Add(1)
		return
	}
	// One that is refused is not remembered: another neighbor may bring it, too.
	from := p2p.HostOf(m.From)
	if limit := q.options.Config.Get().Limits.QueriesPerAddress; !q.shares.visit(from, limit) {
		q.metrics.crowded.Hit("from", from, "limit", limit)
		return
	}
	q.seen.Add(m.ID)
	if ttl, ok := min(m.TTL, q.rules().TTL).Lowered(); ok {
		on := *m
		on.TTL, on.ReplyTo = ttl, nil
		ctx.Send(q.routes.Overlay, &message.Flood{Packet: &on})
	}
	// Others' queries leave half of the room to the searches of this node's own peers.
	if !q.room(2*(len(q.pending)-q.searches)) || !q.begin(ctx, m.ID, pending{from: from}, func() actor.Actor { return &reply{common: q.common, quer: m} }) {
		q.shares.leave(from)
	}
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

func (q *queries) begin(ctx actor.Context, id p2p.PacketID, p pending, producer func() actor.Actor) bool {
	pid, err := ctx.SpawnNamed(q.env.Make("query", producer), "query/"+id.String())
	if err != nil {
		// The Pktid was forgotten and comes again while it is still pending.
		q.metrics.duplicates.Add(1)
		return false
	}
	p.pid = pid
	q.pending[id] = p
	return true
}

// onAque brings an answer to its search, which says when it has been handled.
func (q *queries) onAque(ctx actor.Context, m *message.Aque) {
	if p, ok := q.pending[m.ID]; ok && p.find != nil {
		ctx.Send(p.pid, m)
		return
	}
	q.metrics.late.Add(1)
	ctx.Send(m.ReplyTo, &message.Handled{Ref: m.Ref})
}

// over is what a search says once it has told its outcome.
type over struct{ id p2p.PacketID }

// end has a search stop behind the AQUEs that are in its mailbox already: the connections that brought them wait to
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
