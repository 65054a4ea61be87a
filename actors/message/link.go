package message

import (
	"errors"
	"net/netip"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/p2p"
)

// A link is a connection between two supernodes that both keep. It is an actor of the gateway on one side and the actor
// of the neighbor on the other:
//
//   - what comes in goes from the link to its neighbor: *Supe, *Asup, *Quer, *Aque, *Done, *Ping, *Pong, *FilterPart,
//     *FilterDelta, each with a Ref and the link as ReplyTo, which waits for a Handled from whoever deals with it, or for
//     the Pong that answers a *Ping;
//   - what goes out is a Carry from anybody to the neighbor, and from there to the link.

// OpenLink asks the gateway to open a link (LINK). Answered by Linked. Whoever asked gets a LinkLost when it ends.
type OpenLink struct {
	Ref     Ref
	To      p2p.Endpoint
	Timeout time.Duration // for the answer to LINK
	ReplyTo *actor.PID    // the neighbor
}

// Linked answers OpenLink.
type Linked struct {
	Ref     Ref
	Link    *actor.PID    // gets Carry and CloseLink
	Version int           // the lower of both sides'
	Uptime  time.Duration // of the other side, as it says
	Err     error         // ErrBase, a *LinkRefused, or why it could not be reached
}

// ErrBase is the answer to OpenLink where the other side did not understand: it is a base node.
var ErrBase = errors.New("no answer to LINK")

// LinkRefused is the answer to OpenLink where the other side knows links and does not want this one (NACK).
type LinkRefused struct {
	Code   int // one of those below, or one that others made up
	Reason string
}

// Codes of refusals (NACK), in the manner of HTTP's.
const (
	NackForbidden = 403 // the address in the request is not where it comes from, or is refused
	NackConflict  = 409 // a link is being opened from the other side, or one has just ended: it is worth asking again soon
	NackFull      = 503 // no room for another one
)

func (r *LinkRefused) Error() string { return "link refused: " + r.Reason }

// LinkAsked tells the overlay that a connection began with LINK. Answered by LinkAnswered.
type LinkAsked struct {
	Ref      Ref
	Link     *actor.PID   // the connection
	Version  int          // the lower of both sides'
	Endpoint p2p.Endpoint // of who asks, as it says
	From     netip.Addr
	ReplyTo  *actor.PID
}

// LinkAnswered answers LinkAsked.
type LinkAnswered struct {
	Ref      Ref
	Neighbor *actor.PID   // to which what comes goes from now on
	Refused  *LinkRefused // nil: it is a link now
	Uptime   time.Duration
}

// LinkLost tells a neighbor that its link has ended.
type LinkLost struct {
	Link *actor.PID
	Err  error
}

// CloseLink ends a link.
type CloseLink struct{}

// Carry brings a packet over a link: *Supe, *Asup, *Quer, *Aque, *Done, *Ping, and, over a link of version 2,
// *FilterPart and *FilterDelta, of which none may be missed (see package digest). Where the link cannot keep up, what
// can be missed is dropped and counted; a DONE that follows a dropped AQUE says that it is not complete, and a dropped
// QUER is answered with such a DONE.
type Carry struct {
	Packet any
}

// Done says that one side's part of a query's tree is finished (DONE).
type Done struct {
	Ref      Ref
	ID       p2p.PacketID
	Complete bool
	ReplyTo  *actor.PID
}

// Ping asks a supernode whether it is there and what it carries (PING). Answered by Pong, or by Handled where that failed.
type Ping struct {
	Ref     Ref
	ID      p2p.PacketID
	ReplyTo *actor.PID
}

// Pong answers Ping.
type Pong struct {
	Ref      Ref
	ID       p2p.PacketID
	Uptime   time.Duration
	Sessions int
	Files    int
	ReplyTo  *actor.PID // of one that came over a link
}
