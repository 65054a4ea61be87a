package message

import (
	"net/netip"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/p2p"
)

// The four flooded packets and their answers are messages of their own, in both directions. From and ReplyTo are set
// on what came in: From is the address that the connection comes from, and ReplyTo gets a Handled.

// Supe asks for supernodes (SUPE).
type Supe struct {
	Ref     Ref
	ID      p2p.PacketID
	Origin  p2p.Endpoint // who asks, and where answers go
	TTL     p2p.TTL
	From    netip.Addr
	Link    *actor.PID // the neighbor over whose link it came; nil: it came another way
	ReplyTo *actor.PID
}

// Asup answers Supe (ASUP).
type Asup struct {
	Ref       Ref
	ID        p2p.PacketID
	Supernode p2p.Endpoint
	From      netip.Addr
	ReplyTo   *actor.PID
}

// Quer asks for files (QUER).
type Quer struct {
	Ref     Ref
	ID      p2p.PacketID
	Origin  p2p.Endpoint // the supernode that asks, and where answers go
	TTL     p2p.TTL
	Text    p2p.SearchText
	From    netip.Addr
	Link    *actor.PID // the neighbor over whose link it came, and to whom answers go as Carry; nil: answers go to Origin
	ReplyTo *actor.PID
}

// Aque answers Quer with one copy of a file (AQUE).
type Aque struct {
	Ref     Ref
	ID      p2p.PacketID
	Hit     Hit
	From    netip.Addr
	ReplyTo *actor.PID
}

// Flood asks the overlay to pass a packet on to the neighbors, all but the one it came from and the one that began it.
// The TTL is that with which it leaves. Answered by Flooded. After that ReplyTo gets, from each neighbor in Branches, any
// number of *Aque and one Branch.
type Flood struct {
	Ref     Ref
	Packet  *Quer
	Only    []p2p.Endpoint // where not nil, no other neighbors than these
	ReplyTo *actor.PID
}

// Flooded answers Flood.
type Flooded struct {
	Ref      Ref
	Branches []p2p.Endpoint // neighbors to which the packet goes
}

// Branch ends one neighbor's part of a flood.
type Branch struct {
	Ref     Ref
	By      p2p.Endpoint
	Outcome Outcome
}

// Outcome is what became of one neighbor's part of a flood.
type Outcome uint8

// The outcomes.
const (
	// Unreached: the neighbor could not be reached. Nothing comes of it.
	Unreached Outcome = iota
	// Complete: every answer has come.
	Complete
	// Unknown: answers may still come to the address that the packet names, or some are lost, or the packet did not get to
	// a neighbor that may well be there.
	Unknown
	// Unsaid: answers may still come over the neighbor's link, and it may not say when the last one has come. If it does,
	// there is another outcome.
	Unsaid
)

// Abandoned tells the queries that a neighbor's actor has ended; the zero endpoint: all of them. What they had not said
// of their branches is not known.
type Abandoned struct {
	By p2p.Endpoint
}
