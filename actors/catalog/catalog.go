// Package catalog is the search index of a supernode: what the sessions publish and what the node itself shares. The
// actor is told by the sessions, once the store has kept a change, and by the share; queries ask it.
//
// The index lists the grams of the names, three bytes each, in segments that are never changed once they are full. Roaring
// bitmaps over all names, which can be changed, were measured before: they took more memory (110 to 160 bytes for a name
// of 78 characters), adding a name took three times as long, and taking one out 50 us, in its 70 lists. Here that takes
// nothing: names that nobody uses are dropped with their segment.
//
// When it fails it is restarted and builds the index again from the store and the share. Until that is done it finds
// what is loaded so far, and says that there is more.
package catalog

import (
	"errors"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
	"alakazaam/actors/props"
	"alakazaam/config"
)

// Props makes the catalog actor of the node at self.
func Props(env *props.Env, self p2p.Endpoint, config *config.Live, routes *message.Routes) *actor.Props {
	effort := env.Refusing("names_per_search", "a search has looked at enough names, and has found what is there in part: limits.names_per_search")
	return env.Make("catalog", func() actor.Actor {
		return &catalog{
			env: env, self: self, config: config, routes: routes, index: newIndex(), turns: newTurns(), writes: newWrites(),
			endpoints:  make(map[p2p.SessionID]p2p.Endpoint),
			loading:    message.Load{Ref: message.Ref(env.Rand.Uint64())}, // so that answers to an instance that failed are not taken for ours
			generation: uint32(env.Rand.Uint64()),                         // so that a filter of an instance that failed is not taken for ours
			waiting:    env.Metrics.Gauge("searches_unmatched", "Searches that wait for their turn in the catalog."),
			unwritten:  env.Metrics.Gauge("publications_unwritten", "Messages with publications that wait for their turn in the catalog."),
			effort:     effort,
			files:      env.Metrics.Gauge("files", "Distinct files in the catalog."),
			copies:     env.Metrics.Gauge("file_copies", "Files in the catalog, each counted once for every owner."),
		}
	})
}

type catalog struct {
	env    *props.Env
	self   p2p.Endpoint
	config *config.Live
	routes *message.Routes
	index  *index
	// endpoints holds where the sessions are that are being loaded; nil once everything is.
	endpoints     map[p2p.SessionID]p2p.Endpoint
	shared        bool         // the share has said what there is
	loading       message.Load // asked of the store
	asked         bool         // the store has not answered yet
	loadedLast    bool         // it has given everything
	began, said   time.Time    // loading, and when the log was told last how far it is
	turns         turns
	writes        writes
	turning       bool            // a turn is on its way
	atOnce        *message.Update // under way while it is received: whoever waits for it is told of a failure over it
	current       *message.Match  // being looked up
	digests       *actor.PID      // who wants the filter of all names; nil: nobody
	generation    uint32          // of the last filter
	files, copies port.Gauge
	waiting       port.Gauge // searches
	unwritten     port.Gauge
	effort        *props.Limit
}

// turn is when the next search is looked up and some of what waits to be written is.
type turn struct{ of *catalog }

// own is the session under which the node's own files are indexed.
var own p2p.SessionID

// Receive implements actor.Actor.
func (c *catalog) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		c.began = c.env.Clock.Now()
		c.said = c.began
		c.load(ctx, port.Cursor{})
		ctx.Send(c.routes.Share, &message.Subscribe{ReplyTo: ctx.Self()})
	case *port.Loaded:
		c.onLoaded(ctx, m)
	case *loadAgain:
		if m.ref == c.loading.Ref {
			c.load(ctx, c.loading.After)
		}
	case *message.Update:
		c.change(ctx, &write{update: m, anew: m.Gone})
	case *message.ShareUpdate:
		c.change(ctx, &write{share: m, anew: m.Reset})
	case *message.Match:
		if !c.writes.hold(m) {
			c.turns.add(m)
		}
		c.schedule(ctx)
	case *message.Unmatch:
		c.turns.drop(m.ReplyTo.Id)
		c.writes.drop(m.ReplyTo.Id)
		c.schedule(ctx)
	case *turn:
		if m.of == c { // not of an instance that failed
			c.onTurn(ctx)
		}
	case *message.Digesting:
		c.onDigesting(ctx, m)
	case *message.Undigesting:
		c.digests, c.index.summary, c.index.next = nil, nil, nil
	case *message.Inspect:
		ctx.Send(m.ReplyTo, &message.CatalogStatus{
			Files: int(c.index.files.n), Copies: int(c.index.copies.n), Owners: len(c.index.sessions), Loading: c.endpoints != nil,
		})
	case *actor.Restarting, *actor.Stopping:
		if _, again := m.(*actor.Restarting); again {
			c.undigest(ctx)
		}
		c.fail(ctx)
		c.waiting.Set(0)
		c.unwritten.Set(0)
		c.files.Set(0)
		c.copies.Set(0)
	case *actor.Stopped:
	default:
		c.env.Log.Warnf("catalog: unexpected %T", m)
	}
}

func (c *catalog) onTurn(ctx actor.Context) {
	c.turning = false
	c.lookUp(ctx)
	c.write(ctx)
	c.index.tidy()
	c.build(ctx, builtAtOnce)
}

// schedule has what waits go on after what has come meanwhile.
func (c *catalog) schedule(ctx actor.Context) {
	c.waiting.Set(c.turns.len() + c.writes.held)
	c.unwritten.Set(len(c.writes.queue))
	if !c.turning && (c.turns.len() > 0 || len(c.writes.queue) > 0 || c.index.next != nil || c.index.untidy()) {
		c.turning = true
		ctx.Send(ctx.Self(), &turn{of: c})
	}
}

// change begins a change at once where nothing waits.
func (c *catalog) change(ctx actor.Context, w *write) {
	c.writes.add(w)
	if !c.turning {
		c.atOnce = w.update
		c.write(ctx)
		c.atOnce = nil
	}
	c.schedule(ctx)
}

// lookUp answers the search whose turn it is.
func (c *catalog) lookUp(ctx actor.Context) {
	m := c.turns.next()
	if m == nil {
		return
	}
	c.current = m
	now := c.config.Get()
	found := c.index.match(wanted{
		text: m.Text, limit: m.Limit, perOwner: now.Search.MaxPerOwner, all: m.All, known: now.Access.File,
		effort: now.Limits.NamesPerSearch,
	})
	c.current = nil
	if found.cut {
		c.effort.Hit("for", m.For, "text", m.Text)
	}
	ctx.Send(m.ReplyTo, &message.Matched{Ref: m.Ref, Hits: found.hits, More: found.more || c.endpoints != nil || !c.shared})
}

// errStopped is what searches are told whose turn did not come.
var errStopped = errors.New("the catalog's actor stopped")

// fail tells everybody who waits that they wait in vain.
func (c *catalog) fail(ctx actor.Context) {
	if m := c.current; m != nil {
		ctx.Send(m.ReplyTo, &message.Matched{Ref: m.Ref, Err: errStopped})
	}
	for len(c.writes.queue) > 0 {
		if u := c.writes.queue[0].update; u != nil && u != c.atOnce && u.ReplyTo != nil {
			ctx.Send(u.ReplyTo, &message.Published{Ref: u.Ref, Err: errStopped}) // the next instance reads from the store that it was kept
		}
		for _, m := range c.writes.done() {
			c.turns.add(m)
		}
	}
	for m := c.turns.next(); m != nil; m = c.turns.next() {
		ctx.Send(m.ReplyTo, &message.Matched{Ref: m.Ref, Err: errStopped})
	}
}

func (c *catalog) level() {
	c.files.Set(int(c.index.files.n))
	c.copies.Set(int(c.index.copies.n))
}
