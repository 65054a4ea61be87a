package wire

import "alakazaam/actors/p2p"

// ADFF: SessionID 16, Filemd5 32, Filename 100.
const adffLen = commandLen + sessionLen + fileLen + nameLen

// Adff publishes a file. It has no answer.
type Adff struct {
	Session p2p.SessionID // of the peer that shares the file
	File    p2p.FileID    // MD5 of the content
	Name    p2p.FileName  // under which it can be found
}

var _ Packet = (*Adff)(nil)

func decodeAdff(b []byte) (Packet, error) {
	f := fieldsOf(ADFF, b)
	return f.result(&Adff{Session: f.session(), File: f.file(), Name: f.name(nameLen)})
}

// Command implements Packet.
func (*Adff) Command() Command { return ADFF }

// Append implements Packet.
func (a *Adff) Append(dst []byte) []byte {
	dst = a.Session.Append(begin(dst, ADFF, adffLen))
	dst = a.File.Append(dst)
	return appendName(dst, a.Name)
}
