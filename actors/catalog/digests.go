package catalog

import (
	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/digest"
	"alakazaam/actors/message"
)

const (
	// builtFirst is how many names a filter has at once, so that that of a small catalog takes no turns.
	builtFirst = 4096

	// builtAtOnce is how many it has in each turn that it takes.
	builtAtOnce = 256
)

// onDigesting gives whoever asks the filter of all names. While the directory is being loaded there is none: it would
// grow with each piece, and be told anew each time.
func (c *catalog) onDigesting(ctx actor.Context, m *message.Digesting) {
	c.digests = m.ReplyTo
	c.index.summary = nil
	if c.endpoints != nil {
		c.unknown(ctx)
		return
	}
	c.digestAll(ctx)
	if c.index.summary == nil {
		c.unknown(ctx)
	}
}

// digestAll begins a filter, or the one that comes after the last, for who has asked for it.
func (c *catalog) digestAll(ctx actor.Context) {
	if c.digests == nil {
		return
	}
	c.index.next = &building{summary: digest.NewSummary(int(c.config.Get().Search.FilterMax))}
	c.build(ctx, builtFirst)
}

// build goes on with the filter that is being built, and tells of it when it has all names.
func (c *catalog) build(ctx actor.Context, names int) {
	if c.index.next != nil && c.index.build(names) {
		c.tell(ctx, c.index.summary.Whole(c.generation), nil)
	}
	c.schedule(ctx)
}

// digest tells what a change has made of the filter. It comes before the answer to whoever made the change, so that no
// search that begins after that is turned away over it by a neighbor that has heard of it.
func (c *catalog) digest(ctx actor.Context) {
	s := c.index.summary
	if s == nil {
		return
	}
	parts, deltas := s.Changes()
	c.tell(ctx, parts, deltas)
	if s.Stale() && c.index.next == nil {
		c.digestAll(ctx)
	}
}

func (c *catalog) tell(ctx actor.Context, parts []digest.Part, deltas []digest.Delta) {
	for _, p := range parts {
		c.generation = p.Generation
		ctx.Send(c.digests, &message.FilterPart{Part: p})
	}
	for _, d := range deltas {
		ctx.Send(c.digests, &message.FilterDelta{Delta: d})
	}
}

// unknown has every search let through.
func (c *catalog) unknown(ctx actor.Context) {
	c.generation++
	c.tell(ctx, []digest.Part{digest.Unknown(c.generation)}, nil)
}

// undigest tells who has asked for the filter that there is none any more.
func (c *catalog) undigest(ctx actor.Context) {
	if c.digests != nil {
		c.unknown(ctx)
		ctx.Send(c.digests, &message.Undigested{})
	}
}
