package wire

import "alakazaam/actors/p2p"

// PING: Pktid 16.
const pingLen = commandLen + pktidLen

// Ping asks whether a supernode is there. Answered by Pong on the same connection.
type Ping struct {
	ID p2p.PacketID // repeated in the answer
}

var _ Packet = (*Ping)(nil)

func decodePing(b []byte) (Packet, error) {
	f := fieldsOf(PING, b)
	return f.result(&Ping{ID: f.pktid()})
}

// Command implements Packet.
func (*Ping) Command() Command { return PING }

// Append implements Packet.
func (p *Ping) Append(dst []byte) []byte { return p.ID.Append(begin(dst, PING, pingLen)) }
