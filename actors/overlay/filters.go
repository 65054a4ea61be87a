package overlay

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/digest"
	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
)

// The filter of the names in this node's catalog goes from there to the overlay, which keeps a copy for links that come
// later, and on to each neighbor that has a link which knows filters. Nothing of it may be missed: a neighbor gets the
// whole first, then every change, for as long as its link lasts.

// filterVersion is the version of links from which on they know filters.
const filterVersion = 2

// refeed is the pause after which a link that could not keep up gets the filter once more.
const refeed = 5 * time.Second

// hungry asks the overlay for this node's filter, for a link.
type hungry struct {
	by   p2p.Endpoint
	link *actor.PID
}

// feed brings a neighbor something of this node's filter, for that link and no other.
type feed struct {
	link   *actor.PID
	packet any // *message.FilterPart, *message.FilterDelta
}

// feedAgain is when a link that could not keep up gets the filter once more.
type feedAgain struct{ link *actor.PID }

// onHungry begins to feed a neighbor. The first one has the catalog make the filter.
func (o *overlay) onHungry(ctx actor.Context, m *hungry) {
	n := o.find(m.by)
	if n == nil {
		return
	}
	n.fed = m.link
	if !o.digesting {
		o.digesting = true
		ctx.Send(o.routes.Catalog, &message.Digesting{ReplyTo: ctx.Self()})
		return
	}
	for _, p := range o.own.Parts() {
		ctx.Send(n.pid, &feed{m.link, &message.FilterPart{Part: p}})
	}
}

// feedAll passes on what the catalog says of its filter.
func (o *overlay) feedAll(ctx actor.Context, packet any) {
	if !o.digesting {
		return // it was on its way when nobody wanted it any more, and would be out of date for the next who does
	}
	switch m := packet.(type) {
	case *message.FilterPart:
		o.own.Put(m.Part)
	case *message.FilterDelta:
		o.own.Apply(m.Delta)
	}
	for _, n := range o.neighbors {
		if n.fed != nil {
			ctx.Send(n.pid, &feed{n.fed, packet})
		}
	}
}

// onUndigested asks the catalog again, which has failed: it has told everybody to let every search through.
func (o *overlay) onUndigested(ctx actor.Context) {
	if o.digesting {
		ctx.Send(o.routes.Catalog, &message.Digesting{ReplyTo: ctx.Self()})
	}
}

// starve has the catalog make no filter any more where no neighbor gets it.
func (o *overlay) starve(ctx actor.Context) {
	if !o.digesting || o.where(func(n *neighborInfo) bool { return n.fed != nil }) != nil {
		return
	}
	o.digesting = false
	o.own.Forget()
	ctx.Send(o.routes.Catalog, &message.Undigesting{})
}

// ask asks for this node's filter to tell the other side of the link.
func (n *neighbor) ask(ctx actor.Context) {
	if n.linked.version >= filterVersion && n.config.Get().Search.Filters {
		ctx.Send(ctx.Parent(), &hungry{n.endpoint, n.linked.pid})
	}
}

func (n *neighbor) onFeed(ctx actor.Context, m *feed) {
	if m.link.Equal(n.linked.pid) {
		n.carry(ctx, m.packet)
	}
}

// onFilterCut asks for the filter again after a while: the link could not keep up with it.
func (n *neighbor) onFilterCut(ctx actor.Context, m *message.FilterCut) {
	n.env.Clock.After(refeed, ctx.Self(), &feedAgain{m.Link})
}

// onFilter takes in something of the other side's filter. What does not fit together means that every search goes there.
func (n *neighbor) onFilter(packet any) {
	switch m := packet.(type) {
	case *message.FilterPart:
		n.linked.filter.Put(m.Part)
	case *message.FilterDelta:
		n.linked.filter.Apply(m.Delta)
	}
}

// needless says whether a QUER is on its last hop and nothing can match there.
func (n *neighbor) needless(q *message.Quer) bool {
	return q.TTL == 1 && n.config.Get().Search.Filters && !n.linked.filter.MayMatch(q.Text)
}

// newFilter is a filter that is told over a link.
func (n *neighbor) newFilter() *digest.Filter {
	return digest.NewFilter(int(n.config.Get().Search.FilterMax))
}
