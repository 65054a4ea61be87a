package wire

import (
	"errors"

	"alakazaam/actors/p2p"
)

// DONE: Pktid 16, State 1.
const doneLen = commandLen + pktidLen + stateLen

const stateLen = 1

// The states of a DONE.
const (
	stateComplete = 'C'
	stateUnknown  = 'U'
)

var errState = errors.New("neither C nor U")

// Done says on a link that this side's part of a query's tree is finished.
type Done struct {
	ID p2p.PacketID // of the QUER
	// Complete says that every answer of that part has been sent. Where a base node was asked, or a link was lost, nobody
	// knows.
	Complete bool
}

var _ Packet = (*Done)(nil)

func decodeDone(b []byte) (Packet, error) {
	f := fieldsOf(DONE, b)
	id := f.pktid()
	s := f.take(stateLen)
	f.check("State", s, unless(s[0] == stateComplete || s[0] == stateUnknown, errState))
	return f.result(&Done{ID: id, Complete: s[0] == stateComplete})
}

// Command implements Packet.
func (*Done) Command() Command { return DONE }

// Append implements Packet.
func (d *Done) Append(dst []byte) []byte {
	state := byte(stateUnknown)
	if d.Complete {
		state = stateComplete
	}
	return append(d.ID.Append(begin(dst, DONE, doneLen)), state)
}
