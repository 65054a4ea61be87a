package wire

import "alakazaam/actors/p2p"

// LOGI: IPP2P 55, PP2P 5.
const logiLen = commandLen + endpointLen

// Logi asks for a session. Answered by Algi.
type Logi struct {
	Endpoint p2p.Endpoint // where the peer can be reached
}

var _ Packet = (*Logi)(nil)

func decodeLogi(b []byte) (Packet, error) {
	f := fieldsOf(LOGI, b)
	return f.result(&Logi{Endpoint: f.endpoint()})
}

// Command implements Packet.
func (*Logi) Command() Command { return LOGI }

// Append implements Packet.
func (l *Logi) Append(dst []byte) []byte {
	return appendEndpoint(begin(dst, LOGI, logiLen), l.Endpoint)
}
