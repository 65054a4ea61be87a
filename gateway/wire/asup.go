package wire

import "alakazaam/actors/p2p"

// ASUP: Pktid 16, IPP2P 55, PP2P 5.
const asupLen = commandLen + pktidLen + endpointLen

// Asup answers Supe, on a connection of its own.
type Asup struct {
	ID        p2p.PacketID // of the flood that is answered
	Supernode p2p.Endpoint // who answers
}

var _ Packet = (*Asup)(nil)

func decodeAsup(b []byte) (Packet, error) {
	f := fieldsOf(ASUP, b)
	return f.result(&Asup{ID: f.pktid(), Supernode: f.endpoint()})
}

// Command implements Packet.
func (*Asup) Command() Command { return ASUP }

// Append implements Packet.
func (a *Asup) Append(dst []byte) []byte {
	dst = a.ID.Append(begin(dst, ASUP, asupLen))
	return appendEndpoint(dst, a.Supernode)
}
