package wire

import "alakazaam/actors/p2p"

// SUPE: Pktid 16, IPP2P 55, PP2P 5, TTL 2.
const supeLen = commandLen + pktidLen + endpointLen + ttlLen

// Supe asks every supernode that it reaches to tell where it is. Answered by Asup.
type Supe struct {
	ID     p2p.PacketID // names the flood
	Origin p2p.Endpoint // who began it, and where answers go
	TTL    p2p.TTL      // hops left
}

var _ Packet = (*Supe)(nil)

func decodeSupe(b []byte) (Packet, error) {
	f := fieldsOf(SUPE, b)
	return f.result(&Supe{ID: f.pktid(), Origin: f.endpoint(), TTL: f.ttl()})
}

// Command implements Packet.
func (*Supe) Command() Command { return SUPE }

// Append implements Packet.
func (s *Supe) Append(dst []byte) []byte {
	dst = s.ID.Append(begin(dst, SUPE, supeLen))
	dst = appendEndpoint(dst, s.Origin)
	return appendDecimal(dst, int(s.TTL), ttlLen)
}
