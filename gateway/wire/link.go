package wire

import "alakazaam/actors/p2p"

// LINK: Version 2, IPP2P 55, PP2P 5.
const linkLen = commandLen + versionLen + endpointLen

// Version is the version of the links that this code speaks. With 1 come the packets of the protocol's table of
// extensions, with 2 routing filters (FILT, DELT). Both sides keep to the lower of theirs.
const Version = 2

// Link asks a supernode to keep this connection as a link. It is the first packet of a new connection.
type Link struct {
	Version  int          // of the links that the asker speaks
	Endpoint p2p.Endpoint // of the asker
}

var _ Packet = (*Link)(nil)

func decodeLink(b []byte) (Packet, error) {
	f := fieldsOf(LINK, b)
	return f.result(&Link{Version: f.number("Version", versionLen), Endpoint: f.endpoint()})
}

// Command implements Packet.
func (*Link) Command() Command { return LINK }

// Append implements Packet.
func (l *Link) Append(dst []byte) []byte {
	dst = appendDecimal(begin(dst, LINK, linkLen), l.Version, versionLen)
	return appendEndpoint(dst, l.Endpoint)
}
