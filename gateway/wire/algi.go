package wire

import "alakazaam/actors/p2p"

// ALGI: SessionID 16.
const algiLen = commandLen + sessionLen

// Algi answers Logi.
type Algi struct {
	Session p2p.SessionID // the zero value, sixteen '0', refuses
}

var _ Packet = (*Algi)(nil)

func decodeAlgi(b []byte) (Packet, error) {
	f := fieldsOf(ALGI, b)
	return f.result(&Algi{Session: f.session()})
}

// Command implements Packet.
func (*Algi) Command() Command { return ALGI }

// Append implements Packet.
func (a *Algi) Append(dst []byte) []byte {
	return a.Session.Append(begin(dst, ALGI, algiLen))
}
