package wire

import (
	"alakazaam/actors/p2p"
	"alakazaam/actors/text"
)

// AQUE: Pktid 16, IPP2P 55, PP2P 5, Filemd5 32, Filename 100.
const (
	aqueLen = commandLen + pktidLen + endpointLen + fileLen + nameLen

	// aqueBareLen is an AQUE up to its name. Some nodes send it without padding, as it is and at least one byte of a
	// name; such a packet ends with its connection (protocol notes, Padding on either side, or none).
	aqueBareLen = aqueLen - nameLen
)

// Aque answers Quer with one copy of a file, on a connection of its own.
type Aque struct {
	ID    p2p.PacketID // of the flood that is answered
	Owner p2p.Endpoint // the peer that has the file
	File  p2p.FileID   // MD5 of the content
	Name  p2p.FileName // under which the owner published it; folded to ASCII by most nodes on the way
}

var _ Packet = (*Aque)(nil)

// decodeAque takes a name of any width up to that of the field.
func decodeAque(b []byte) (Packet, error) {
	f := fieldsOf(AQUE, b)
	return f.result(&Aque{ID: f.pktid(), Owner: f.endpoint(), File: f.file(), Name: f.name(len(b) - aqueBareLen)})
}

// Command implements Packet.
func (*Aque) Command() Command { return AQUE }

// Append implements Packet, in the form for a node of which nothing is known: some count the characters of an AQUE
// instead of its bytes and others die of a byte above 127, so the name is folded to ASCII (protocol notes, Bytes and
// characters).
func (a *Aque) Append(dst []byte) []byte { return a.append(dst, text.ASCIIName(a.Name)) }

// AppendOnLink is Append for a link, where the name keeps its bytes.
func (a *Aque) AppendOnLink(dst []byte) []byte { return a.append(dst, a.Name) }

func (a *Aque) append(dst []byte, name p2p.FileName) []byte {
	dst = a.ID.Append(begin(dst, AQUE, aqueLen))
	dst = appendEndpoint(dst, a.Owner)
	dst = a.File.Append(dst)
	return appendName(dst, name)
}
