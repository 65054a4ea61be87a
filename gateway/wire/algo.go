package wire

// ALGO: #delete 3.
const algoLen = commandLen + countLen

// Algo answers Logo.
type Algo struct {
	// Deleted is how many files went with the session, 0 where the session was unknown. The field holds 999 at most;
	// more are sent as 999.
	Deleted int
}

var _ Packet = (*Algo)(nil)

func decodeAlgo(b []byte) (Packet, error) {
	f := fieldsOf(ALGO, b)
	return f.result(&Algo{Deleted: f.count("#delete")})
}

// Command implements Packet.
func (*Algo) Command() Command { return ALGO }

// Append implements Packet.
func (a *Algo) Append(dst []byte) []byte {
	return appendDecimal(begin(dst, ALGO, algoLen), a.Deleted, countLen)
}
