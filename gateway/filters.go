package gateway

import (
	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/digest"
	"alakazaam/actors/message"
	"alakazaam/gateway/wire"
)

// filterPacket is the packet that says what a message about a filter says; nil for any other message.
func filterPacket(m any) wire.Packet {
	switch m := m.(type) {
	case *message.FilterPart:
		return &wire.Filt{Generation: m.Generation, LogBits: m.LogBits, Offset: m.Offset, Data: m.Data}
	case *message.FilterDelta:
		return &wire.Delt{Generation: m.Generation, Set: m.Set, Clear: m.Clear}
	}
	return nil
}

// filterMessage is the message for the neighbor that says what a packet about a filter says, which came over the link
// replyTo; nil for any other packet.
func filterMessage(p wire.Packet, ref message.Ref, replyTo *actor.PID) any {
	switch p := p.(type) {
	case *wire.Filt:
		part := digest.Part{Generation: p.Generation, LogBits: p.LogBits, Offset: p.Offset, Data: p.Data}
		return &message.FilterPart{Ref: ref, Part: part, ReplyTo: replyTo}
	case *wire.Delt:
		delta := digest.Delta{Generation: p.Generation, Set: p.Set, Clear: p.Clear}
		return &message.FilterDelta{Ref: ref, Delta: delta, ReplyTo: replyTo}
	}
	return nil
}
