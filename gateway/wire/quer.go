package wire

import "alakazaam/actors/p2p"

// QUER: Pktid 16, IPP2P 55, PP2P 5, TTL 2, Ricerca 20.
const querLen = commandLen + pktidLen + endpointLen + ttlLen + textLen

// Quer asks every supernode that it reaches for files. Answered by one Aque for each copy.
type Quer struct {
	ID     p2p.PacketID   // names the flood
	Origin p2p.Endpoint   // the supernode that began it, and where answers go
	TTL    p2p.TTL        // hops left
	Text   p2p.SearchText // what is looked for
}

var _ Packet = (*Quer)(nil)

func decodeQuer(b []byte) (Packet, error) {
	f := fieldsOf(QUER, b)
	return f.result(&Quer{ID: f.pktid(), Origin: f.endpoint(), TTL: f.ttl(), Text: f.text()})
}

// Command implements Packet.
func (*Quer) Command() Command { return QUER }

// Append implements Packet.
func (q *Quer) Append(dst []byte) []byte {
	dst = q.ID.Append(begin(dst, QUER, querLen))
	dst = appendEndpoint(dst, q.Origin)
	dst = appendDecimal(dst, int(q.TTL), ttlLen)
	return q.Text.Append(dst)
}
