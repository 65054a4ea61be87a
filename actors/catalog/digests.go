package catalog

import (
	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/digest"
	"alakazaam/actors/message"
)

// onDigesting gives whoever asks the filter of all names. While the directory is being loaded there is none: it would
// grow with each piece, and be told anew each time.
func (c *catalog) onDigesting(ctx actor.Context, m *message.Digesting) {
	c.digests = m.ReplyTo
	if c.endpoints != nil {
		c.unknown(ctx)
		return
	}
	c.digestAll(ctx)
}

// digestAll begins a filter, or begins it anew, for who has asked for it.
func (c *catalog) digestAll(ctx actor.Context) {
	if c.digests == nil {
		return
	}
	c.index.summary = digest.NewSummary(int(c.config.Get().Search.FilterMax), c.generation)
	c.tell(ctx, c.index.summary.Whole(c.index.eachName), nil)
}

// digest tells what a change has made of the filter. It comes before the answer to whoever made the change, so that no
// search that begins after that is turned away over it by a neighbor that has heard of it.
func (c *catalog) digest(ctx actor.Context) {
	if c.index.summary == nil {
		return
	}
	parts, deltas := c.index.summary.Changes(c.index.eachName)
	c.tell(ctx, parts, deltas)
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
