package wire

import "errors"

// DELT: Generation 8, #set 5, #clear 5, then #set and #clear times: Position 8.
const (
	deltHeadLen  = commandLen + generLen + 2*positionsLen
	positionsLen = 5
	positionLen  = 8
)

// MaxDeltPositions is the most positions in a Delt: so many that it has less than 64 KiB.
const MaxDeltPositions = (1<<16 - 1 - deltHeadLen) / positionLen

var errPositions = errors.New("more than 8189 positions in all")

// Delt changes a routing filter of which every Filt has come.
type Delt struct {
	Generation uint32   // of the filter
	Set        []uint32 // positions of bits that are set from now on
	Clear      []uint32 // positions of bits that are not any more; they count where one stands in both
}

var _ Packet = (*Delt)(nil)

// deltLen is the size of a DELT by its head; that of the head where it says what cannot be.
func deltLen(b []byte) int {
	counts := b[commandLen+generLen : deltHeadLen]
	set, ok := parseDecimal(counts[:positionsLen])
	unset, ok2 := parseDecimal(counts[positionsLen:])
	if !ok || !ok2 || set+unset > MaxDeltPositions {
		return deltHeadLen
	}
	return deltHeadLen + (set+unset)*positionLen
}

func decodeDelt(b []byte) (Packet, error) {
	f := fieldsOf(DELT, b)
	p := &Delt{Generation: uint32(f.number("Generation", generLen))}
	set := f.number("#set", positionsLen)
	counted := f.take(positionsLen)
	unset, ok := parseDecimal(counted)
	f.check("#clear", counted, unless(ok, errDigits))
	f.check("#clear", counted, unless(set+unset <= MaxDeltPositions, errPositions))
	if f.err == nil {
		p.Set, p.Clear = f.positions(set), f.positions(unset)
	}
	return f.result(p)
}

func (f *fields) positions(n int) []uint32 {
	if n == 0 {
		return nil
	}
	out := make([]uint32, n)
	for i := range out {
		out[i] = uint32(f.number("Position", positionLen))
	}
	return out
}

// Command implements Packet.
func (*Delt) Command() Command { return DELT }

// Append implements Packet. Positions that are too many are left out.
func (p *Delt) Append(dst []byte) []byte {
	set := p.Set[:min(len(p.Set), MaxDeltPositions)]
	unset := p.Clear[:min(len(p.Clear), MaxDeltPositions-len(set))]
	dst = begin(dst, DELT, deltHeadLen+(len(set)+len(unset))*positionLen)
	dst = appendDecimal(appendDecimal(appendDecimal(dst, int(p.Generation), generLen), len(set), positionsLen), len(unset), positionsLen)
	for _, positions := range [][]uint32{set, unset} {
		for _, at := range positions {
			dst = appendDecimal(dst, int(at), positionLen)
		}
	}
	return dst
}
