package gateway

import (
	"net/netip"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
)

// visitedEvery is how often the role is told at most that others connect to this node.
const visitedEvery = time.Minute

// onVisit tells the role that this node can be reached, where the connection of a visitor shows it.
func (g *gateway) onVisit(ctx actor.Context, from netip.Addr) {
	now := g.env.Clock.Now()
	if g.routes.Role == nil || now.Before(g.visited.Add(visitedEvery)) || !proves(from, g.Self) {
		return
	}
	g.visited = now
	ctx.Send(g.routes.Role, &message.Visited{From: from})
}

// proves says whether a connection from an address shows that others can reach the node at self. One from this machine
// does not: from the address that others are told, or from a loopback address, unless the node itself is at one and so
// are all that can be meant.
func proves(from netip.Addr, self p2p.Endpoint) bool {
	return !self.At(from) && (!from.IsLoopback() || self.IPv4().IsLoopback())
}
