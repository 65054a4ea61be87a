// Package catalog is the search index of a supernode: what the sessions publish and what the node itself shares. The
// actor is told by the sessions, once the store has kept a change, and by the share; queries ask it.
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

// retry is how long to wait before the store is asked again after it failed to load.
const retry = time.Second

// Props makes the catalog actor of the node at self.
func Props(env *props.Env, self p2p.Endpoint, config *config.Live, routes *message.Routes) *actor.Props {
	return env.Make("catalog", func() actor.Actor {
		return &catalog{
			env: env, self: self, config: config, routes: routes, index: newIndex(), turns: newTurns(), endpoints: make(map[p2p.SessionID]p2p.Endpoint),
			loading:    message.Load{Ref: message.Ref(env.Rand.Uint64())}, // so that answers to an instance that failed are not taken for ours
			generation: uint32(env.Rand.Uint64()),                         // so that a filter of an instance that failed is not taken for ours
			waiting:    env.Metrics.Gauge("searches_unmatched", "Searches that wait for their turn in the catalog."),
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
	turns         turns
	current       *message.Match // being looked up
	digests       *actor.PID     // who wants the filter of all names; nil: nobody
	generation    uint32         // of the last filter
	files, copies port.Gauge
	waiting       port.Gauge // searches
}

// turn is when the next search is looked up.
type turn struct{}

// loadAgain asks for the rest of the directory after the load of that ref has failed.
type loadAgain struct{ ref message.Ref }

// own is the session under which the node's own files are indexed.
var own p2p.SessionID

// Receive implements actor.Actor.
func (c *catalog) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		c.load(ctx, port.Cursor{})
		ctx.Send(c.routes.Share, &message.Subscribe{ReplyTo: ctx.Self()})
	case *port.Loaded:
		c.onLoaded(ctx, m)
	case *loadAgain:
		if m.ref == c.loading.Ref {
			c.load(ctx, c.loading.After)
		}
	case *message.Update:
		c.onUpdate(ctx, m)
	case *message.ShareUpdate:
		if m.Reset {
			c.shared = true
			c.index.removeAll(own)
		}
		c.apply(own, c.self, m.Changes)
		c.digest(ctx)
	case *message.Match:
		if c.turns.add(m) {
			ctx.Send(ctx.Self(), &turn{})
		}
		c.waiting.Set(c.turns.len())
	case *message.Unmatch:
		c.turns.drop(m.ReplyTo.Id)
		c.waiting.Set(c.turns.len())
	case *turn:
		c.onTurn(ctx)
	case *message.Digesting:
		c.onDigesting(ctx, m)
	case *message.Undigesting:
		c.digests, c.index.summary = nil, nil
	case *message.Inspect:
		ctx.Send(m.ReplyTo, &message.CatalogStatus{
			Files: len(c.index.files), Copies: c.index.copies, Owners: len(c.index.sessions),
		})
	case *actor.Restarting, *actor.Stopping:
		if _, again := m.(*actor.Restarting); again {
			c.undigest(ctx)
		}
		c.fail(ctx)
		c.waiting.Set(0)
		c.files.Set(0)
		c.copies.Set(0)
	case *actor.Stopped:
	default:
		c.env.Log.Warnf("catalog: unexpected %T", m)
	}
}

// onTurn looks up one search. Whatever came meanwhile is dealt with before the next.
func (c *catalog) onTurn(ctx actor.Context) {
	m, more := c.turns.next()
	c.waiting.Set(c.turns.len())
	if m == nil {
		return // it was due to an instance that failed
	}
	if more {
		ctx.Send(ctx.Self(), &turn{})
	}
	c.current = m
	now := c.config.Get()
	hits, more := c.index.match(wanted{
		text: m.Text, limit: m.Limit, perOwner: now.Search.MaxPerOwner, all: m.All, known: now.Access.File,
	})
	c.current = nil
	ctx.Send(m.ReplyTo, &message.Matched{Ref: m.Ref, Hits: hits, More: more || c.endpoints != nil || !c.shared})
}

// errStopped is what searches are told whose turn did not come.
var errStopped = errors.New("the catalog's actor stopped")

// fail tells everybody who waits that they wait in vain.
func (c *catalog) fail(ctx actor.Context) {
	if m := c.current; m != nil {
		ctx.Send(m.ReplyTo, &message.Matched{Ref: m.Ref, Err: errStopped})
	}
	for m, _ := c.turns.next(); m != nil; m, _ = c.turns.next() {
		ctx.Send(m.ReplyTo, &message.Matched{Ref: m.Ref, Err: errStopped})
	}
}

func (c *catalog) load(ctx actor.Context, after port.Cursor) {
	c.loading = message.Load{Ref: c.loading.Ref + 1, After: after, ReplyTo: ctx.Self()}
	load := c.loading
	ctx.Send(c.routes.Store, &load)
}

// onLoaded takes in a piece of the directory. The store answers loads and commits in the order in which it carries
// them out, so that a piece never undoes an update that came before it.
func (c *catalog) onLoaded(ctx actor.Context, m *port.Loaded) {
	if m.Token != uint64(c.loading.Ref) {
		return
	}
	if m.Err != nil {
		c.env.Clock.After(retry, ctx.Self(), &loadAgain{c.loading.Ref})
		return
	}
	for _, ch := range m.Changes {
		switch ch.Op {
		case port.OpLogin:
			c.endpoints[ch.Session] = ch.Endpoint
		case port.OpPut:
			c.index.put(ch.Session, c.endpoints[ch.Session], ch.File, ch.Name)
		}
	}
	c.level()
	if !m.Last {
		c.load(ctx, m.Next)
		return
	}
	c.endpoints = nil
	ctx.Send(c.routes.Node, &message.Ready{Who: ctx.Self()})
	c.digestAll(ctx)
}

func (c *catalog) onUpdate(ctx actor.Context, m *message.Update) {
	if m.Gone {
		c.index.removeAll(m.Session)
	}
	c.apply(m.Session, m.Owner, m.Changes)
	c.digest(ctx)
	if m.ReplyTo != nil {
		ctx.Send(m.ReplyTo, &message.Published{Ref: m.Ref})
	}
}

func (c *catalog) apply(session p2p.SessionID, at p2p.Endpoint, changes []message.Publication) {
	for _, ch := range changes {
		if ch.Withdraw {
			c.index.remove(session, ch.File)
			continue
		}
		c.index.put(session, at, ch.File, ch.Name)
	}
	c.level()
}

func (c *catalog) level() {
	c.files.Set(len(c.index.files))
	c.copies.Set(c.index.copies)
}
