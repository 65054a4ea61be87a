package wire

import (
	"time"

	"alakazaam/actors/p2p"
)

// ALNK: Version 2, IPP2P 55, PP2P 5, Uptime 10.
const alnkLen = commandLen + versionLen + endpointLen + uptimeLen

// Alnk agrees to a Link.
type Alnk struct {
	Version  int           // of the links that the answering side speaks
	Endpoint p2p.Endpoint  // of the answering side
	Uptime   time.Duration // of the answering side, in whole seconds
}

var _ Packet = (*Alnk)(nil)

func decodeAlnk(b []byte) (Packet, error) {
	f := fieldsOf(ALNK, b)
	return f.result(&Alnk{Version: f.number("Version", versionLen), Endpoint: f.endpoint(), Uptime: f.uptime()})
}

// Command implements Packet.
func (*Alnk) Command() Command { return ALNK }

// Append implements Packet.
func (a *Alnk) Append(dst []byte) []byte {
	dst = appendDecimal(begin(dst, ALNK, alnkLen), a.Version, versionLen)
	return appendUptime(appendEndpoint(dst, a.Endpoint), a.Uptime)
}
