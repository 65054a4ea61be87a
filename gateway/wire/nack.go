package wire

import (
	"bytes"
	"strings"
)

// NACK: Code 3, Reason 100.
const (
	nackLen   = commandLen + codeLen + reasonLen
	codeLen   = 3
	reasonLen = 100
)

// Nack answers an extension request that cannot be served.
type Nack struct {
	Code   int    // why, for programs: three digits in the manner of HTTP's
	Reason string // why, for people: at most 100 bytes, and anything
}

var _ Packet = (*Nack)(nil)

func decodeNack(b []byte) (Packet, error) {
	f := fieldsOf(NACK, b)
	return f.result(&Nack{Code: f.number("Code", codeLen), Reason: string(bytes.Trim(f.take(reasonLen), " "))})
}

// Command implements Packet.
func (*Nack) Command() Command { return NACK }

// Append implements Packet. A reason that is too long is cut.
func (n *Nack) Append(dst []byte) []byte {
	dst = appendDecimal(begin(dst, NACK, nackLen), n.Code, codeLen)
	reason := n.Reason[:min(len(n.Reason), reasonLen)]
	return append(append(dst, reason...), strings.Repeat(" ", reasonLen-len(reason))...)
}
