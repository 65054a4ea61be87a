package wire

import "alakazaam/actors/p2p"

// LOGO: SessionID 16.
const logoLen = commandLen + sessionLen

// Logo ends a session. Answered by Algo.
type Logo struct {
	Session p2p.SessionID // the session that ends
}

var _ Packet = (*Logo)(nil)

func decodeLogo(b []byte) (Packet, error) {
	f := fieldsOf(LOGO, b)
	return f.result(&Logo{Session: f.session()})
}

// Command implements Packet.
func (*Logo) Command() Command { return LOGO }

// Append implements Packet.
func (l *Logo) Append(dst []byte) []byte {
	return l.Session.Append(begin(dst, LOGO, logoLen))
}
