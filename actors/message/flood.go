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

// Flood asks the overlay to pass a packet, a *Quer, on to the neighbors, all but the one at From and the one at Origin.
// The TTL is that with which it leaves. Answered by Flooded, if ReplyTo is set, when each send has ended.
type Flood struct {
	Ref     Ref
	Packet  *Quer
	ReplyTo *actor.PID
}

// Flooded answers Flood.
type Flooded struct {
	Ref     Ref
	Reached int // neighbors that took the packet
}
