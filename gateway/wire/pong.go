package wire

import (
	"time"

	"alakazaam/actors/p2p"
)

// PONG: Pktid 16, Uptime 10, Sessions 7, Files 10.
const (
	pongLen     = commandLen + pktidLen + uptimeLen + sessionsLen + filesLen
	sessionsLen = 7
	filesLen    = 10
)

// Pong answers Ping.
type Pong struct {
	ID       p2p.PacketID  // of the Ping
	Uptime   time.Duration // in whole seconds
	Sessions int           // that it keeps
	Files    int           // in its catalog
}

var _ Packet = (*Pong)(nil)

func decodePong(b []byte) (Packet, error) {
	f := fieldsOf(PONG, b)
	return f.result(&Pong{
		ID: f.pktid(), Uptime: f.uptime(), Sessions: f.number("Sessions", sessionsLen), Files: f.number("Files", filesLen),
	})
}

// Command implements Packet.
func (*Pong) Command() Command { return PONG }

// Append implements Packet.
func (p *Pong) Append(dst []byte) []byte {
	dst = appendUptime(p.ID.Append(begin(dst, PONG, pongLen)), p.Uptime)
	return appendDecimal(appendDecimal(dst, p.Sessions, sessionsLen), p.Files, filesLen)
}
