package wire

import "errors"

// FILT: Generation 8, LogBits 2, Offset 8, Lendata 5, data.
const (
	filtHeadLen = commandLen + generLen + logBitsLen + offsetLen + lengthLen
	logBitsLen  = 2
	offsetLen   = 8
)

// MaxFiltData is the most bytes that a Filt brings.
const MaxFiltData = 32 << 10

var errData = errors.New("more than 32768")

// Filt is a piece of a routing filter: which searches may find something at the node that sends it. The pieces of a
// generation come in order, and the filter is there when its last byte is.
type Filt struct {
	Generation uint32 // of the filter; another one for each
	LogBits    int    // the filter has 1<<LogBits bits
	Offset     int    // of Data in the filter, in bytes
	Data       []byte // MaxFiltData at most
}

var _ Packet = (*Filt)(nil)

// filtLen is the size of a FILT by its head; that of the head where it says what cannot be.
func filtLen(b []byte) int {
	n, ok := parseDecimal(b[filtHeadLen-lengthLen : filtHeadLen])
	if !ok || n > MaxFiltData {
		return filtHeadLen
	}
	return filtHeadLen + n
}

func decodeFilt(b []byte) (Packet, error) {
	f := fieldsOf(FILT, b)
	p := &Filt{
		Generation: uint32(f.number("Generation", generLen)), LogBits: f.number("LogBits", logBitsLen), Offset: f.number("Offset", offsetLen),
	}
	length := f.take(lengthLen)
	n, ok := parseDecimal(length)
	f.check("Lendata", length, unless(ok, errDigits))
	f.check("Lendata", length, unless(n <= MaxFiltData, errData))
	p.Data = append(p.Data, f.rest...)
	return f.result(p)
}

// Command implements Packet.
func (*Filt) Command() Command { return FILT }

// Append implements Packet.
func (p *Filt) Append(dst []byte) []byte {
	data := p.Data[:min(len(p.Data), MaxFiltData)]
	dst = appendDecimal(begin(dst, FILT, filtHeadLen+len(data)), int(p.Generation), generLen)
	dst = appendDecimal(appendDecimal(dst, p.LogBits, logBitsLen), p.Offset, offsetLen)
	return append(appendDecimal(dst, len(data), lengthLen), data...)
}
