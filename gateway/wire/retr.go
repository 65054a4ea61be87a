package wire

import "alakazaam/actors/p2p"

// RETR: Filemd5 32, or 16 where the digest is raw.
const (
	retrHexLen = commandLen + fileLen
	retrRawLen = commandLen + fileRawLen
)

// Retr asks the owner of a file for it. Answered by ARET, or by a line of plain ASCII that says why not.
type Retr struct {
	File p2p.FileID // MD5 of the content
}

var _ Packet = (*Retr)(nil)

// retrLen tells the two forms apart by the first 16 bytes of the MD5: if all are hex digits, 16 more belong to it
// (protocol notes, MD5 in RETR). That a raw digest looks so happens once in 10^17 times.
func retrLen(b []byte) int {
	for _, c := range b[commandLen:retrRawLen] {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
			return retrRawLen
		}
	}
	return retrHexLen
}

func decodeRetr(b []byte) (Packet, error) {
	if len(b) == retrRawLen {
		return &Retr{File: p2p.FileID(b[commandLen:])}, nil
	}
	f := fieldsOf(RETR, b)
	return f.result(&Retr{File: f.file()})
}

// Command implements Packet.
func (*Retr) Command() Command { return RETR }

// Append implements Packet, in hex digits, as all known peers send it.
func (r *Retr) Append(dst []byte) []byte {
	return r.File.Append(begin(dst, RETR, retrHexLen))
}
