package wire

import "alakazaam/actors/p2p"

// FIND: SessionID 16, Ricerca 20.
const findLen = commandLen + sessionLen + textLen

// Find asks a supernode to search the network. Answered by Afin.
type Find struct {
	Session p2p.SessionID  // of the peer that searches
	Text    p2p.SearchText // what is looked for
}

var _ Packet = (*Find)(nil)

func decodeFind(b []byte) (Packet, error) {
	f := fieldsOf(FIND, b)
	return f.result(&Find{Session: f.session(), Text: f.text()})
}

// Command implements Packet.
func (*Find) Command() Command { return FIND }

// Append implements Packet.
func (f *Find) Append(dst []byte) []byte {
	return f.Text.Append(f.Session.Append(begin(dst, FIND, findLen)))
}
