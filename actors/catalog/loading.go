package catalog

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/message"
	"alakazaam/actors/port"
)

const (
	// retry is how long to wait before the store is asked again after it failed to load.
	retry = time.Second

	// loadAhead is how many pieces of the directory wait at most while the next one is read.
	loadAhead = 2

	// sayEvery is how often the log is told how far loading is.
	sayEvery = time.Second
)

// loadAgain asks for the rest of the directory after the load of that ref has failed.
type loadAgain struct{ ref message.Ref }

func (c *catalog) load(ctx actor.Context, after port.Cursor) {
	c.loading = message.Load{Ref: c.loading.Ref + 1, After: after, ReplyTo: ctx.Self()}
	c.asked = true
	load := c.loading
	ctx.Send(c.routes.Store, &load)
}

// onLoaded puts a piece of the directory behind what waits to be written, and asks for the next one. The store answers
// loads and commits in the order in which it carries them out, so that a piece never undoes an update that came before it.
func (c *catalog) onLoaded(ctx actor.Context, m *port.Loaded) {
	if m.Token != uint64(c.loading.Ref) {
		return
	}
	if m.Err != nil {
		c.env.Clock.After(retry, ctx.Self(), &loadAgain{c.loading.Ref})
		return
	}
	c.asked, c.loadedLast, c.loading.After = false, m.Last, m.Next
	c.change(ctx, &write{loaded: m})
	c.loadMore(ctx)
}

func (c *catalog) loadMore(ctx actor.Context) {
	if !c.asked && !c.loadedLast && c.writes.loads < loadAhead {
		c.load(ctx, c.loading.After)
	}
}

// onTakenIn is when the files of a piece can be found.
func (c *catalog) onTakenIn(ctx actor.Context, m *port.Loaded) {
	if m.Last {
		c.onAllTakenIn(ctx)
		return
	}
	if now := c.env.Clock.Now(); now.Sub(c.said) >= sayEvery {
		c.said = now
		c.env.Log.WithField("files", c.index.files.n).Info("the directory is being loaded; what is loaded can be found")
	}
}

func (c *catalog) onAllTakenIn(ctx actor.Context) {
	c.endpoints = nil
	if c.index.files.n > 0 {
		c.env.Log.WithField("files", c.index.files.n).WithField("took", c.env.Clock.Now().Sub(c.began).Round(time.Millisecond)).
			Info("the directory is loaded")
	}
	ctx.Send(c.routes.Node, &message.Ready{Who: ctx.Self()})
	c.digestAll(ctx)
}
