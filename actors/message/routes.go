package message

import (
	"sync/atomic"

	"github.com/asynkron/protoactor-go/actor"
)

// Routes are the long-living actors of one node. The PIDs are fixed before the actors start and survive restarts. Those
// of both roles are there from the start; whether their actors run is for Serving and Standing to say, and nobody sends
// them anything who has not asked.
type Routes struct {
	Node      *actor.PID
	Gateway   *actor.PID
	Store     *actor.PID // supernode
	Sessions  *actor.PID // supernode
	Catalog   *actor.PID // supernode
	Overlay   *actor.PID // supernode
	Queries   *actor.PID // supernode
	Peer      *actor.PID // peer: its standing with its supernode
	Share     *actor.PID
	Transfers *actor.PID
	Role      *actor.PID // decides which role the node has; nil: it keeps the one it has

	serving, standing atomic.Bool
}

// Serving says whether the node acts as a supernode now.
func (r *Routes) Serving() bool { return r.serving.Load() }

// Standing says whether the node has a peer's standing with a supernode, or seeks it. For a while after a peer has
// become a supernode it is both, and on the way back it is neither.
func (r *Routes) Standing() bool { return r.standing.Load() }

// Act says what the node is from now on. It is the root actor's to call.
func (r *Routes) Act(serving, standing bool) {
	r.serving.Store(serving)
	r.standing.Store(standing)
}

// Discovery is who deals with SUPE and ASUP; nil: nobody does now.
func (r *Routes) Discovery() *actor.PID { return r.either(r.Overlay, r.Peer) }

// Searches is who searches for the node's own user; nil: nobody does now.
func (r *Routes) Searches() *actor.PID { return r.either(r.Queries, r.Peer) }

// Publisher is who wants to know what the node shares; nil: nobody does now.
func (r *Routes) Publisher() *actor.PID { return r.either(r.Catalog, r.Peer) }

func (r *Routes) either(supernode, peer *actor.PID) *actor.PID {
	switch {
	case r.Serving():
		return supernode
	case r.Standing():
		return peer
	}
	return nil
}
