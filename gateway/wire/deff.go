package wire

import "alakazaam/actors/p2p"

// DEFF: SessionID 16, Filemd5 32.
const deffLen = commandLen + sessionLen + fileLen

// Deff withdraws a file. It has no answer.
type Deff struct {
	Session p2p.SessionID // of the peer that shared the file
	File    p2p.FileID    // MD5 of the content
}

var _ Packet = (*Deff)(nil)

func decodeDeff(b []byte) (Packet, error) {
	f := fieldsOf(DEFF, b)
	return f.result(&Deff{Session: f.session(), File: f.file()})
}

// Command implements Packet.
func (*Deff) Command() Command { return DEFF }

// Append implements Packet.
func (d *Deff) Append(dst []byte) []byte {
	return d.File.Append(d.Session.Append(begin(dst, DEFF, deffLen)))
}
